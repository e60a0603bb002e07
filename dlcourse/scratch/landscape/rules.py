"""How each layer passes on a change of the parameters: first forward, then backward.

A rule remembers one forward and one backward pass of its layer. ``push`` takes the change Rx of
the input and Rθ of the parameters to the change Ry of the output; ``pull`` takes the change Rdy
of the cotangent to Rdx, and writes that of the gradient. Rx is None where nothing changes yet.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch import layers, losses, models
from dlcourse.scratch.layers.activations import GELU_SCALE
from dlcourse.scratch.layers.base import Cache, Layer
from dlcourse.scratch.layers.pooling import padded, windows

Params = Mapping[str, Array]
Bend = tuple[Any, Any]


def relu_bend(layer: Layer, cache: Cache) -> Bend:
    """The slope, and no curvature: that of the kink at 0 is taken as 0, as its slope is."""
    return cache > 0, 0.0


def leaky_relu_bend(layer: Layer, cache: Cache) -> Bend:
    """The slope of the side, and no curvature."""
    return cache, 0.0


def tanh_bend(layer: Layer, y: Cache) -> Bend:
    """f' = 1 - y² and f'' = -2 y f'."""
    slope = 1 - y**2
    return slope, -2 * y * slope


def sigmoid_bend(layer: Layer, y: Cache) -> Bend:
    """f' = y (1 - y) and f'' = f' (1 - 2y)."""
    slope = y * (1 - y)
    return slope, slope * (1 - 2 * y)


def gelu_bend(layer: Layer, cache: Cache) -> Bend:
    """f' = Φ + x φ and f'' = φ (2 - x²), or those of the form with tanh."""
    x, share, approximate = cache
    if approximate != "tanh":
        density = np.exp(-(x**2) / 2) * (2 * math.pi) ** -0.5
        return share + x * density, density * (2 - x**2)
    inner, more = GELU_SCALE * (1 + 3 * 0.044715 * x**2), GELU_SCALE * 6 * 0.044715 * x
    steep = 1 - share**2
    slope = (1 + share + x * steep * inner) / 2
    return slope, steep * (inner + x * (more / 2 - share * inner**2))


BENDS: dict[type[Layer], Callable[[Layer, Cache], Bend]] = {
    layers.ReLU: relu_bend,
    layers.LeakyReLU: leaky_relu_bend,
    layers.Tanh: tanh_bend,
    layers.Sigmoid: sigmoid_bend,
    layers.GELU: gelu_bend,
}
"""Activations and their first and second derivative, at what ``forward`` kept."""


class Rule:
    """Memory of a layer's two passes; ``Linear`` maps without parameters are pushed as they are."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.x: Any = None
        self.dy: Any = None
        self.rx: Any = None

    def forward(self, x: Array) -> Array:
        """The output, in the mode of prediction."""
        self.x = x
        return self.layer.forward(x, False)

    def backward(self, dy: Array) -> Array:
        """dx; the parameters' gradients are left in the layer."""
        self.dy = dy
        return np.asarray(self.layer.backward(dy, True))

    def push(self, rx: Any, params: Params) -> Any:
        """Ry."""
        return None if rx is None else self.layer.pair(rx)[0]

    def pull(self, rdy: Array, grads: Params) -> Any:
        """Rdx; the changes of the gradients are written into ``grads``."""
        return self.layer.pair_backward(rdy, self.layer.cache)


class Chosen(Rule):
    """Max pooling: linear as long as the same entries win."""

    def push(self, rx: Any, params: Params) -> Any:
        if rx is None:
            return None
        passes, size, stride, padding = self.layer.cache
        y = padded(rx, padding)
        for _, beaten, axis in passes:
            y, *others = windows(y, size, stride, axis)
            for other, won in zip(others, beaten, strict=True):
                y = np.where(won, other, y)
        return y


class Bent(Rule):
    """An activation: Ry = f' Rx, and Rdx = f' Rdy + f'' Rx dy."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        self.slope, self.bend = BENDS[type(self.layer)](self.layer, self.layer.cache)
        return y

    def push(self, rx: Any, params: Params) -> Any:
        self.rx = rx
        return None if rx is None else self.slope * rx

    def pull(self, rdy: Array, grads: Params) -> Any:
        return self.slope * rdy + (0.0 if self.rx is None else self.bend * self.rx * self.dy)


class Weighted(Rule):
    """A layer linear in its input and in its weights: the rule of the product, twice."""

    def changed(self, params: Params) -> Layer:
        """The layer with other parameters, and with room for gradients of its own."""
        other = copy.copy(self.layer)
        other.params = dict(params)
        other.grads = {name: np.empty_like(p) for name, p in params.items()}
        return other

    def push(self, rx: Any, params: Params) -> Any:
        """Ry = x RWᵀ + Rb + Rx Wᵀ."""
        self.rx, self.turned = rx, self.changed(params)
        y, self.turned_cache = self.turned.pair(self.x)
        if rx is not None:
            self.plain = self.changed({"weight": self.layer.params["weight"]})
            more, self.plain_cache = self.plain.pair(rx)
            y = y + more
        return y

    def pull(self, rdy: Array, grads: Params) -> Any:
        """Rdx = Rdy W + dy RW; RdW = Rdyᵀ x + dyᵀ Rx; Rdb = Σₙ Rdy."""
        same = self.changed(self.layer.params)  # its gradients may stand in a buffer of the layer
        first = self.rx is None
        dx, *found = same.pair_backward(rdy, self.layer.cache, not first)
        for kept, one in zip(grads.values(), found, strict=False):  # a bias may be absent
            kept[...] = one
        if first:
            return None
        grads["weight"][...] += self.plain.pair_backward(self.dy, self.plain_cache, False)[1]
        return dx + self.turned.pair_backward(self.dy, self.turned_cache, True)[0]


class Row(Rule):
    """Layers in a row, and around them the way of a residual block."""

    def __init__(self, layer: Any) -> None:
        super().__init__(layer)
        self.rules = [rule_of(one) for one in layer.layers]
        self.around = type(layer).forward is models.Residual.forward

    def forward(self, x: Array) -> Array:
        y = x
        for rule in self.rules:
            y = rule.forward(y)
        return x + y if self.around else y

    def backward(self, dy: Array) -> Array:
        dx = dy
        for rule in reversed(self.rules):
            dx = rule.backward(dx)
        return dx + dy if self.around else dx

    def push(self, rx: Any, params: Params) -> Any:
        ry, self.rx = rx, rx
        for i, rule in enumerate(self.rules):
            ry = rule.push(ry, self.part(params, i))
        return ry if rx is None or not self.around else ry + rx

    def pull(self, rdy: Array, grads: Params) -> Any:
        rdx: Any = rdy
        for i, rule in reversed([*enumerate(self.rules)]):
            rdx = rule.pull(rdx, self.part(grads, i))
            if rdx is None:  # before the first parameters nothing changes
                return None
        return rdx + rdy if self.around else rdx

    @staticmethod
    def part(params: Params, i: int) -> dict[str, Array]:
        """Those of the layer at place ``i``, under their names there."""
        start = f"{i}."
        return {n.removeprefix(start): p for n, p in params.items() if n.startswith(start)}


RULES: dict[type[Layer], type[Rule]] = {
    **dict.fromkeys(BENDS, Bent),
    **dict.fromkeys((layers.Linear, layers.Conv2d), Weighted),
    **dict.fromkeys((layers.Flatten, layers.AvgPool2d, layers.GlobalAvgPool2d), Rule),
    layers.MaxPool2d: Chosen,
}
ROWS = (models.Sequential.forward, models.Residual.forward)
DIFFERENCE = "Use hessian_vector_product, which needs gradients alone."


def rule_of(layer: Any) -> Rule:
    """The rule of a layer; ValueError for one that has none."""
    if type(layer).forward in ROWS:
        return Row(layer)
    if type(layer) not in RULES:  # what inherits may compute something else
        known = ", ".join(one.__name__ for one in RULES)
        checks.fail(
            "model", f"of layers with an exact rule ({known})", type(layer).__name__, DIFFERENCE
        )
    return RULES[type(layer)](layer)


def mse_tangent(y: Array, target: Array, ry: Array) -> Array:
    """R dy = 2 / (nk) Ry."""
    n, k = y.shape[-2:]
    return 2 / (n * k) * ry


def softmax_cross_entropy_tangent(y: Array, target: Array, ry: Array) -> Array:
    """R dz = (Σ t) p (Rz - Σ p Rz) / n."""
    p = np.exp(y - y.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    weight = 1.0 if target.dtype.kind in "iu" else target.sum(-1, keepdims=True)
    return weight * p * (ry - (p * ry).sum(-1, keepdims=True)) / y.shape[-2]


def sequence_tangent(y: Array, target: Array, ry: Array) -> Array:
    """The same, of the places of all sequences, (..., n, t, k)."""
    return softmax_cross_entropy_tangent(y, target, ry) / y.shape[-3]


TANGENTS: dict[type[losses.Loss], Callable[[Array, Array, Array], Array]] = {
    losses.MSE: mse_tangent,
    losses.SoftmaxCrossEntropy: softmax_cross_entropy_tangent,
    losses.SequenceCrossEntropy: sequence_tangent,
}
