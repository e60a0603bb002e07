"""Twin of ``scratch.normalization.group``: ``F.group_norm``, ``F.instance_norm``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import checks, inputs
from dlcourse.reference.layers.base import Cache, Layer, Tensor, each_run, ones, zeros
from dlcourse.reference.normalization.core import affine_backward, cores, record_affine


def group_norm(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, num_groups: int, eps: float = 1e-5
) -> tuple[Tensor, Cache]:
    """``F.group_norm``."""

    def function(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
        if weight is None and bias is not None:
            weight = torch.ones_like(bias)  # PyTorch stumbles over a bias alone
        return torch.group_norm(x, num_groups, weight, bias, eps)  # F refuses a sample of one group

    return record_affine(function, x, weight, bias)


def group_norm_backward(dy: Tensor, cache: Cache) -> tuple[Tensor, Any, Any]:
    """Autograd."""
    return affine_backward(dy, cache)


def instance_norm(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float = 1e-5
) -> tuple[Tensor, Cache]:
    """``F.instance_norm``."""

    def function(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
        return F.instance_norm(x, weight=weight, bias=bias, eps=eps)

    return record_affine(function, x, weight, bias)


def instance_norm_backward(dy: Tensor, cache: Cache) -> tuple[Tensor, Any, Any]:
    """Autograd."""
    return affine_backward(dy, cache)


class GroupNorm(Layer):
    """``F.group_norm``."""

    images = False

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        self.num_groups = checks.integer("num_groups", num_groups, 1)
        self.num_channels = c = checks.integer("num_channels", num_channels, 1)
        if c % num_groups:
            checks.fail("num_channels", f"a multiple of num_groups, {num_groups}", c)
        self.eps = checks.scalar("eps", eps)
        self.fill({"weight": ones(c), "bias": zeros(c)} if affine else {}, runs, dtype, device)

    def function(self, x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
        return torch.group_norm(x, self.num_groups, weight, bias, self.eps)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        inputs.channels(x, self.num_channels, self.runs, Tensor, self.images)
        if self.images:
            inputs.values_a_channel(x, image=True)
        kind = x.dtype
        for p in params.values():
            kind = torch.promote_types(kind, p.dtype)
        given = (p if p is None else p.to(kind) for p in map(params.get, ("weight", "bias")))
        return each_run(self.function, cores(x, 2), x.to(kind), *given)


class InstanceNorm(GroupNorm):
    """``F.instance_norm``."""

    images = True

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        affine: bool = False,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        c = checks.integer("num_features", num_features, 1)
        super().__init__(c, c, eps, affine, runs=runs, dtype=dtype, device=device)

    def function(self, x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
        return F.instance_norm(x, weight=weight, bias=bias, eps=self.eps)
