"""Twin of ``scratch.normalization.weights``: what ``parametrizations.weight_norm`` calls."""

from __future__ import annotations

import copy
from typing import Any

import torch

from dlcourse import checks
from dlcourse.reference.layers import Conv2d, Linear
from dlcourse.reference.layers.base import (
    Cache,
    Layer,
    Tensor,
    each_run,
    expanded,
    pull_back,
    record,
)


def _normed(v: Tensor, g: Tensor) -> Tensor:
    """One network: g is (k,), as PyTorch's ``original0`` without its axes of one entry."""
    return torch._weight_norm(v, g.reshape(-1, *[1] * (v.ndim - 1)), 0)


def _weights(v: Tensor, g: Tensor) -> Tensor:
    return each_run(_normed, (v.ndim - g.ndim + 1, 1), v, g)


def weight_norm(v: Tensor, g: Tensor) -> tuple[Tensor, Cache]:
    """``torch._weight_norm`` over all axes but the first, for each run in turn."""
    return record(_weights, *expanded((v.ndim - g.ndim + 1, 1), v, g))


def weight_norm_backward(dw: Tensor, cache: Cache) -> tuple[Tensor, ...]:
    """Autograd."""
    y, leaves = cache
    if dw.ndim > y.ndim:  # runs that only dw has
        each = [pull_back(one, cache) for one in dw]
        return tuple(torch.stack(grads) for grads in zip(*each, strict=True))
    return pull_back(dw, (y, leaves))


class WeightNorm(Layer):
    """``torch.nn.utils.parametrizations.weight_norm`` of a Linear or a Conv2d."""

    def __init__(self, layer: Linear | Conv2d) -> None:
        super().__init__()
        given: Any = layer
        if not isinstance(given, Linear | Conv2d):
            kinds = "a Linear or a Conv2d"
            checks.fail("layer", kinds, type(given).__name__, "Wrap each by itself.", TypeError)
        v, lead = layer.params["weight"], 1 if layer.runs is None else 2
        g = torch.linalg.vector_norm(v.flatten(lead), dim=-1)
        if not g.all():
            fix = "Zero has no direction; draw the weights."
            checks.fail("layer", "without an output whose weights are all zero", "one", fix)
        self.runs, self.layer = layer.runs, copy.copy(layer)
        self.params = {"weight_g": g, "weight_v": v.clone()}
        if "bias" in layer.params:
            self.params["bias"] = layer.params["bias"].clone()
        self.grads = {name: torch.zeros_like(p) for name, p in self.params.items()}

    def __copy__(self) -> WeightNorm:
        """A layer of the same parameters that remembers its own input."""
        other = object.__new__(type(self))
        other.__dict__ |= self.__dict__ | {"layer": copy.copy(self.layer)}
        return other

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        plain = {"weight": _weights(params["weight_v"], params["weight_g"])}
        if "bias" in params:
            plain["bias"] = params["bias"]
        return self.layer.apply(plain, x)

    def folded(self) -> Linear | Conv2d:
        """The plain layer, as ``remove_parametrizations`` leaves it."""
        plain = copy.copy(self.layer)
        plain.params = {"weight": _weights(self.params["weight_v"], self.params["weight_g"])}
        if "bias" in self.params:
            plain.params["bias"] = self.params["bias"].clone()
        plain.grads = {name: torch.zeros_like(p) for name, p in plain.params.items()}
        plain.runs, plain.cache = self.runs, None
        return plain


def data_dependent_init(layer: WeightNorm, x: Tensor) -> Tensor:
    """``torch.var_mean``; PyTorch has no such start."""
    given: Any = layer
    if not isinstance(given, WeightNorm):
        kinds = "a WeightNorm, as WeightNorm(Linear(3, 2, rng=rng))"
        checks.fail("layer", kinds, type(given).__name__, error=TypeError)
    if "bias" not in layer.params:
        checks.fail("layer", "with a bias", "none", "The mean cannot be taken away without one.")
    g, bias = layer.params["weight_g"], layer.params["bias"]
    unit = {**layer.params, "weight_g": torch.ones_like(g), "bias": torch.zeros_like(bias)}
    t = layer.apply(unit, x).double()
    axes = [-4, -2, -1] if isinstance(layer.layer, Conv2d) else [*range(g.ndim - 1, t.ndim - 1)]
    var, mean = torch.var_mean(t, axes, correction=0)
    if not (var.sqrt() > 8 * torch.finfo(x.dtype).eps * t.abs().max()).all():
        fix = "Start with more samples, or drop what is constant."
        checks.fail("x", "a batch on which every output varies", x, fix)
    g.copy_(var.rsqrt())
    bias.copy_(-mean * var.rsqrt())
    return layer.forward(x)
