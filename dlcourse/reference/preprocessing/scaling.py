"""Twin of ``scratch.preprocessing.scaling``: ``torch.std_mean``, ``torch.aminmax``, ``lerp``."""

from __future__ import annotations

from typing import Any

import torch

from dlcourse import inputs
from dlcourse.reference.preprocessing.base import Preprocessor

Tensor = torch.Tensor


def column_mean(x: Tensor) -> Tensor:
    """Half of ``mean_and_scale``."""
    return mean_and_scale(x)[0]


def mean_and_scale(x: Tensor) -> tuple[Tensor, Tensor]:
    """``torch.std_mean``, counted from the middle of each column, in units of half its range."""
    low, high = torch.aminmax(x, dim=-2)
    middle, half = low / 2 + high / 2, high / 2 - low / 2
    unit = torch.where(half > 0, half, 1.0)
    y = (x - middle.unsqueeze(-2)) / unit.unsqueeze(-2)
    std, mean = torch.std_mean(y, dim=-2, correction=0)
    mean, std = torch.addcmul(middle, mean, unit), std * unit
    constant = low == high
    return torch.where(constant, low, mean), torch.where(constant, 1.0, std)


def standardize(x: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    """``torch.sub`` and ``torch.div``, samples last."""
    return x.mT.sub(mean.unsqueeze(-1)).div(scale.unsqueeze(-1)).mT


def rescale(x: Tensor, old: tuple[Any, Any], new: tuple[Any, Any]) -> Tensor:
    """``torch.lerp``."""
    low, high, a, b = (torch.as_tensor(end, dtype=x.dtype, device=x.device) for end in (*old, *new))
    share = torch.where(high > low, (x - low) / (high - low), 0.0)
    return torch.lerp(a, b, share)


class Standardizer(Preprocessor):
    """``mean_and_scale`` with memory."""

    mean_: Tensor
    scale_: Tensor

    def learn(self, x: Tensor, dtype: Any) -> dict[str, Any]:
        return dict(zip(("mean_", "scale_"), mean_and_scale(x), strict=True))

    def map(self, x: Tensor) -> Tensor:
        return standardize(x, self.mean_, self.scale_)

    def unmap(self, z: Tensor) -> Tensor:
        return torch.addcmul(self.mean_.unsqueeze(-2), z, self.scale_.unsqueeze(-2))


class MinMaxScaler(Preprocessor):
    """``torch.aminmax`` and ``torch.lerp``."""

    min_: Tensor
    max_: Tensor
    range_: Tensor

    def __init__(
        self,
        feature_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self.feature_range = inputs.ends("feature_range", feature_range)

    def learn(self, x: Tensor, dtype: Any) -> dict[str, Any]:
        low, high = torch.aminmax(x, dim=-2)
        return {"min_": low, "max_": high, "range_": high - low}

    def lead(self) -> tuple[int, ...]:
        return tuple(self.min_.shape[:-1])

    def map(self, x: Tensor) -> Tensor:
        return rescale(x, self._seen(), self.feature_range)

    def unmap(self, z: Tensor) -> Tensor:
        return rescale(z, self.feature_range, self._seen())

    def _seen(self) -> tuple[Tensor, Tensor]:
        return self.min_.unsqueeze(-2), self.max_.unsqueeze(-2)
