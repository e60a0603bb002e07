"""Twin of ``scratch.layers.dense``: ``F.linear``, with runs ``torch.einsum``."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import checks, inputs
from dlcourse.arrays import Generators
from dlcourse.reference.layers.base import (
    Cache,
    Init,
    Layer,
    Tensor,
    initial,
    promoted,
    pull_back,
    record,
    uniform,
    zeros,
)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> tuple[Tensor, Cache]:
    """``F.linear``, or ``torch.einsum`` over the runs that x and weight have."""
    lead = torch.broadcast_shapes(x.shape[:-2], weight.shape[:-2])
    x, weight = x.expand(*lead, *x.shape[-2:]), weight.expand(*lead, *weight.shape[-2:])
    if bias is not None:
        bias = bias.expand(*lead, bias.shape[-1])
    return record(_linear, x, weight, bias)


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if weight.ndim == 2 and x.ndim == 2:
        return F.linear(x, weight, bias)
    y = torch.einsum("...nd,...kd->...nk", x, weight)
    return y if bias is None else y + bias.unsqueeze(-2)


def linear_backward(
    dy: Tensor, cache: Cache, input_grad: bool = True, out: Tensor | None = None
) -> tuple[Any, Tensor, Tensor]:
    """Autograd; without a bias its gradient is still Σₙ dy."""
    y, (x, *params) = cache
    dx = pull_back(dy, (y, (x,)))[0] if input_grad else None
    dweight, *dbias = pull_back(dy, (y, params))
    dweight = dweight if out is None else out.copy_(dweight)
    return dx, dweight, dbias[0] if dbias else dy.sum(-2)


def flatten(x: Tensor, start_dim: int = 1) -> tuple[Tensor, Cache]:
    """``torch.flatten``."""
    return record(lambda leaf: torch.flatten(leaf, start_dim), x)


def flatten_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return pull_back(dy, cache)[0]


class Linear(Layer):
    """Twin of ``scratch.layers.Linear``; drawn in NumPy: both rooms start from the same numbers."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
        init: Init | None = None,
    ) -> None:
        super().__init__()
        d = checks.integer("in_features", in_features, 1)
        k = checks.integer("out_features", out_features, 1)
        draws = {"weight": uniform(d**-0.5, k, d), "bias": uniform(d**-0.5, k)}
        if init is not None:
            draws = {"weight": initial(init, (k, d)), "bias": zeros(k)}
        if not bias:
            del draws["bias"]
        self.draw(draws, rng, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        *runs, _, d = params["weight"].shape
        inputs.values("x", x, Tensor, "float")
        if x.ndim < 2 or x.shape[-1] != d:
            checks.fail("x", f"shaped (..., n, {d})", x, "Samples are rows, features columns.")
        if runs and x.ndim > 2 and x.shape[0] not in (1, *runs):
            checks.fail("x", f"shaped (n, {d}) or ({runs[0]}, n, {d}), one entry a run", x)
        x, params = promoted(x, params)
        if not runs:
            return F.linear(x, params["weight"], params.get("bias"))
        samples = x.shape[1:-1] if x.ndim > 2 else x.shape[:-1]
        rows = x.flatten(1, -2) if x.ndim > 2 else x
        return _linear(rows, params["weight"], params.get("bias")).unflatten(-2, samples)


class Flatten(Layer):
    """``torch.flatten``."""

    def __init__(self, start_dim: int = 1) -> None:
        super().__init__()
        self.start_dim = checks.integer("start_dim", start_dim)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        inputs.values("x", x, Tensor)
        inputs.axis("start_dim", self.start_dim, x)
        return torch.flatten(x, self.start_dim)
