"""Twin of ``scratch.normalization.sample``: PyTorch's functions, for each run in turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import checks, inputs
from dlcourse.reference.layers.base import (
    Cache,
    Layer,
    Tensor,
    each_run,
    expanded,
    ones,
    promoted,
    pull_back,
    record,
    zeros,
)


def layer_norm(
    x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float = 1e-5, axes: int = 1
) -> tuple[Tensor, Cache]:
    """``F.layer_norm``."""
    y, (graph, leaves) = recorded(partial(_layer_norm, eps, axes), axes, x, weight, bias)
    return y, (graph, leaves, weight is not None, bias is not None)


def layer_norm_backward(dy: Tensor, cache: Cache) -> tuple[Tensor, Any, Any]:
    """Autograd."""
    *graph, has_weight, has_bias = cache
    dx, *grads = pulled(dy, graph)
    dweight = grads.pop(0) if has_weight else None
    return dx, dweight, grads.pop(0) if has_bias else None


def _layer_norm(
    eps: float, axes: int, x: Tensor, weight: Tensor | None, bias: Tensor | None
) -> Tensor:
    return F.layer_norm(x, x.shape[x.ndim - axes :], weight, bias, eps)


def rms_norm(
    x: Tensor, weight: Tensor | None, eps: float | None = None, axes: int = 1
) -> tuple[Tensor, Cache]:
    """``F.rms_norm``."""
    return recorded(partial(_rms_norm, eps, axes), axes, x, weight)


def rms_norm_backward(dy: Tensor, cache: Cache) -> tuple[Tensor, Any]:
    """Autograd."""
    dx, *dweight = pulled(dy, cache)
    return dx, dweight[0] if dweight else None


def _rms_norm(eps: float | None, axes: int, x: Tensor, weight: Tensor | None) -> Tensor:
    return F.rms_norm(x, x.shape[x.ndim - axes :], weight, eps)


def recorded(
    function: Callable[..., Tensor], axes: int, x: Tensor, *params: Tensor | None
) -> tuple[Tensor, Cache]:
    """The function of x and parameters of that many ``axes``, run by run, known to autograd."""
    cores = facing(axes, x, *params)
    return record(partial(each_run, function, cores), *expanded(cores, x, *params))


def pulled(dy: Tensor, cache: Cache) -> tuple[Tensor, ...]:
    """``torch.stack`` of the gradients for each of the runs that only dy has."""
    if dy.ndim == cache[0].ndim:
        return pull_back(dy, cache)
    return tuple(torch.stack(g) for g in zip(*(pulled(one, cache) for one in dy), strict=True))


def facing(axes: int, x: Tensor, *params: Tensor | None) -> list[int]:
    """How many axes of each are not those of runs: x has these only if a parameter has."""
    runs = x.ndim > axes + 1 and any(p is not None and p.ndim > axes for p in params)
    return [x.ndim - runs, *(axes for _ in params)]


class LayerNorm(Layer):
    """``torch.nn.LayerNorm``."""

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        affine: bool = True,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        shape = self.normalized_shape = checks.last_axes("normalized_shape", normalized_shape)
        self.eps = checks.scalar("eps", eps)
        draws = {"weight": ones(*shape), "bias": zeros(*shape)}
        self.fill(draws if affine else {}, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        axes, (weight, bias) = len(self.normalized_shape), tuple(params.values()) or (None, None)
        x, weight, bias = samples(x, self.normalized_shape, weight, bias)
        function, cores = partial(_layer_norm, self.eps, axes), facing(axes, x, weight, bias)
        return each_run(function, cores, x, weight, bias)


class RMSNorm(Layer):
    """``torch.nn.RMSNorm``."""

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float | None = None,
        affine: bool = True,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        shape = self.normalized_shape = checks.last_axes("normalized_shape", normalized_shape)
        self.eps = eps if eps is None else checks.scalar("eps", eps)
        draws = {"weight": ones(*shape)}
        self.fill(draws if affine else {}, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        axes = len(self.normalized_shape)
        x, weight = samples(x, self.normalized_shape, params.get("weight"))
        return each_run(partial(_rms_norm, self.eps, axes), facing(axes, x, weight), x, weight)


def samples(x: Tensor, shape: tuple[int, ...], *params: Tensor | None) -> Any:
    """Samples shaped so, and shared by the runs of the parameters or with them on a first axis.

    With those parameters, all in the wider of the two precisions.
    """
    inputs.values("x", x, Tensor, "float")
    held = {str(i): p for i, p in enumerate(params) if p is not None}
    lead = tuple(held["0"].shape[: held["0"].ndim - len(shape)]) if held else ()
    places = max(x.ndim - len(shape) - len(lead), 1)
    inputs.batch(x, ("n", *"t" * (places - 1), *shape), lead, Tensor)
    x, held = promoted(x, held) if held else (x, held)
    return x, *(held.get(str(i)) for i in range(len(params)))
