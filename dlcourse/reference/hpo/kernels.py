"""Twin of ``scratch.hpo.kernels``: differences of all pairs, and autograd instead of slopes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from dlcourse import checks

Tensor = torch.Tensor


def tensor(name: str, value: Any) -> Tensor:
    """Finite numbers as float64; a tensor stays on its device and in its graph."""
    if isinstance(value, Tensor):
        return value.double()
    return torch.as_tensor(checks.number(name, value), dtype=torch.float64)


def squared_distance(X: Tensor, Z: Tensor, length_scale: Any) -> Tensor:
    """Differences of all pairs, squared and summed."""
    away = (X[:, None] - Z[None]) / tensor("length_scale", length_scale)
    return away.square().sum(-1)


def matern52(r2: Tensor) -> tuple[Tensor, Tensor]:
    """A polynomial times an exponential of r; the slope at 0 is the limit, -5/6."""
    leaf = r2.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(_matern52(leaf).sum(), leaf)
    return _matern52(r2), torch.where(r2 > 0, slope, torch.full_like(r2, -5 / 6))


def rbf(r2: Tensor) -> tuple[Tensor, Tensor]:
    """``torch.exp`` and autograd."""
    leaf = r2.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(torch.exp(-leaf / 2).sum(), leaf)
    return torch.exp(-r2 / 2), slope


def _matern52(r2: Tensor) -> Tensor:
    apart = r2 > 0
    s = math.sqrt(5) * torch.where(apart, r2, torch.ones_like(r2)).sqrt()
    k = (1 + s + s.square() / 3) * torch.exp(-s)
    return torch.where(apart, k, 1 - 5 / 6 * r2)


@dataclass(frozen=True)
class Kernel:
    """A covariance of the scaled distance."""

    length_scale: Any = 1.0
    variance: Any = 1.0

    def profile(self, r2: Tensor) -> tuple[Tensor, Tensor]:
        """A subclass says which."""
        raise TypeError(f"profile must be written by the subclass {type(self).__name__}.")

    def __call__(self, X: Tensor, Z: Tensor | None = None) -> Tensor:
        """``profile`` of ``squared_distance``."""
        r2 = squared_distance(X, X if Z is None else Z, self.length_scale)
        return self.variance * self.profile(r2)[0]


class Matern52(Kernel):
    """``matern52``."""

    def profile(self, r2: Tensor) -> tuple[Tensor, Tensor]:
        """``matern52``."""
        return _matern52(r2), r2


class RBF(Kernel):
    """``torch.exp``."""

    def profile(self, r2: Tensor) -> tuple[Tensor, Tensor]:
        """``torch.exp``."""
        return torch.exp(-r2 / 2), r2
