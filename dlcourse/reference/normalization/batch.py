"""Twin of ``scratch.normalization.batch``: ``F.batch_norm``, for each run in turn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import checks, inputs
from dlcourse.reference.layers.base import Cache, Layer, Tensor, each_run, ones, zeros
from dlcourse.reference.normalization.core import affine_backward, cores, record_affine

SMALLEST = 5e-324
"""In the place of an ε of 0, which PyTorch refuses in training."""


def batch_norm(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float = 1e-5
) -> tuple[Tensor, Cache]:
    """``F.batch_norm`` in training."""

    def function(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
        return F.batch_norm(x, None, None, weight, bias, True, eps=eps or SMALLEST)

    return record_affine(function, x, weight, bias)


def batch_norm_backward(dy: Tensor, cache: Cache) -> tuple[Tensor, Any, Any]:
    """Autograd."""
    return affine_backward(dy, cache)


def batch_norm_inference(
    x: Tensor,
    mean: Tensor,
    var: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float = 1e-5,
) -> tuple[Tensor, Cache]:
    """``F.batch_norm`` in evaluation."""

    def function(x: Tensor, weight: Any, bias: Any, mean: Tensor, var: Tensor) -> Tensor:
        return F.batch_norm(x, mean, var, weight, bias, False, eps=eps)

    return record_affine(function, x, weight, bias, mean, var)


def batch_norm_inference_backward(dy: Tensor, cache: Cache) -> tuple[Tensor, Any, Any]:
    """Autograd."""
    return affine_backward(dy, cache)


def batch_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """``torch.var_mean`` without a correction."""
    var, mean = torch.var_mean(x, (-2,) if x.ndim < 4 else (-4, -2, -1), correction=0)
    return mean, var


def update_running(running: Tensor, value: Tensor, momentum: Any) -> Tensor:
    """``torch.lerp``."""
    return torch.lerp(running, value.expand_as(running), torch.as_tensor(momentum).to(running))


def unbiased(var: Tensor, count: int) -> Tensor:
    """Bessel's correction."""
    return var * count / (count - 1)


class BatchNorm(Layer):
    """``F.batch_norm``, which also updates the running statistics."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        c = checks.integer("num_features", num_features, 1)
        self.eps = checks.scalar("eps", eps)
        self.momentum = checks.momentum(momentum)
        self.fill({"weight": ones(c), "bias": zeros(c)} if affine else {}, runs, dtype, device)
        kind = torch.as_tensor(np.empty(0, checks.float_kind("dtype", dtype)), device=device)
        lead = () if runs is None else (runs,)
        self.buffers["running_mean"] = kind.new_zeros(*lead, c)
        self.buffers["running_var"] = kind.new_ones(*lead, c)
        self.buffers["num_batches_tracked"] = kind.new_zeros(lead, dtype=torch.int64)

    @property
    def running_mean(self) -> Tensor:
        return self.buffers["running_mean"]

    @property
    def running_var(self) -> Tensor:
        return self.buffers["running_var"]

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        inputs.channels(x, self.running_mean.shape[-1], self.runs, Tensor)
        if training:
            inputs.values_a_channel(x)
        kind = torch.promote_types(x.dtype, self.running_mean.dtype)
        weight, bias = (p if p is None else p.to(kind) for p in map(params.get, ("weight", "bias")))
        held = [self.running_mean, self.running_var]
        moved = [buffer.to(kind) for buffer in held]
        share = torch.tensor(0.0, dtype=torch.float64)
        if training:
            seen = self.buffers["num_batches_tracked"]
            seen += 1
            share = 1 / seen.to(torch.float64) if self.momentum is None else share + self.momentum

        def function(x: Tensor, *rest: Any) -> Tensor:
            mean, var, weight, bias, share = rest
            eps = self.eps or SMALLEST
            return F.batch_norm(x, mean, var, weight, bias, training, float(share), eps)

        axes = (*cores(x, 4), 0)
        y = each_run(function, axes, x.to(kind), *moved, weight, bias, share)
        for buffer, new in zip(held, moved, strict=True):
            if new is not buffer:
                buffer.copy_(new)
        return y
