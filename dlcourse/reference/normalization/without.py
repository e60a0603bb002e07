"""Twin of ``scratch.normalization.without``: PyTorch's operations, autograd backward."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from dlcourse import checks, inputs
from dlcourse.reference.layers.base import (
    Cache,
    Layer,
    Tensor,
    each_run,
    ones,
    zeros,
)
from dlcourse.reference.normalization.sample import (
    facing,
    pulled,
    recorded,
    samples,
)


def gate(x: Tensor, alpha: Tensor) -> tuple[Tensor, Cache]:
    """``torch.mul``."""
    return recorded(torch.mul, 1, x, alpha)


def gate_backward(dy: Tensor, cache: Cache) -> tuple[Tensor, Tensor]:
    """Autograd."""
    dx, dalpha = pulled(dy, cache)
    return dx, dalpha


def dynamic_tanh(x: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Cache]:
    """``torch.tanh`` and ``torch.addcmul``."""
    return recorded(_dynamic_tanh, 1, x, alpha, weight, bias)


def dynamic_tanh_backward(dy: Tensor, cache: Cache) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Autograd."""
    dx, dalpha, dweight, dbias = pulled(dy, cache)
    return dx, dalpha, dweight, dbias


def _dynamic_tanh(x: Tensor, alpha: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.addcmul(bias, weight, torch.tanh(alpha * x))


class Gate(Layer):
    """``torch.mul`` by a parameter."""

    def __init__(
        self,
        start: float = 0.0,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        start = checks.scalar("start", start, -np.inf)
        self.fill({"alpha": lambda rng: np.full(1, start)}, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        inputs.values("x", x, Tensor, "float")
        x, alpha = samples(x, tuple(x.shape[-1:]), params["alpha"])
        return each_run(torch.mul, facing(1, x, alpha), x, alpha)


class DynamicTanh(Layer):
    """``torch.tanh`` between parameters."""

    def __init__(
        self,
        normalized_shape: int,
        start: float = 0.5,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        self.num_features = checks.integer("normalized_shape", normalized_shape, 1)
        start = checks.scalar("start", start, -np.inf)
        draws = {
            "alpha": lambda rng: np.full(1, start),
            "weight": ones(normalized_shape),
            "bias": zeros(normalized_shape),
        }
        self.fill(draws, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        given = samples(x, (self.num_features,), *params.values())
        return each_run(_dynamic_tanh, facing(1, *given), *given)
