"""Activations: the same function of every entry, whatever the shape."""

from __future__ import annotations

import math

import numpy as np

from dlcourse import checks, inputs
from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache, Layer


def relu(x: Array) -> tuple[Array, Cache]:
    """y = max(x, 0)."""
    y = np.maximum(x, 0)
    return y, y


def relu_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy where y > 0, else 0; the slope at 0 is taken as 0."""
    return dy * (cache > 0)


def leaky_relu(x: Array, negative_slope: float = 0.01) -> tuple[Array, Cache]:
    """y = x where x > 0, else ``negative_slope`` x."""
    slope = np.where(x > 0, x.dtype.type(1), x.dtype.type(negative_slope))
    return slope * x, slope


def leaky_relu_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy times the slope of the side that x was on."""
    return dy * cache


def tanh(x: Array) -> tuple[Array, Cache]:
    """y = tanh x."""
    y = np.tanh(x)
    return y, y


def tanh_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy (1 - y²)."""
    return dy * (1 - cache**2)


def sigmoid(x: Array) -> tuple[Array, Cache]:
    """y = 1 / (1 + exp(-x)), through exp(-|x|), which cannot overflow."""
    z = np.exp(-np.abs(x))
    y = np.maximum(z, x >= 0) / (1 + z)  # 1 on the right, z on the left; no branches, so faster
    return y, y


def sigmoid_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy y (1 - y)."""
    return dy * cache * (1 - cache)


GELU_SCALE = (2 / math.pi) ** 0.5
FAR = 40.0
"""From here on Φ is 0 or 1 in float64 too, and what is larger could only overflow, or be 0 · ∞."""
ERFC = (
    -0.6717940840566923, 0.672643223977656, 0.04734330684190443, -0.046895610231083025,
    -0.009872689366389959, 0.008824938553738764, 0.001758933557799016, -0.002345812444802156,
    -0.00014624686337800336, 0.0006736782697069831, -9.37350311709817e-05, -0.00017429984933155644,
    7.14010141275703e-05, 3.173310599377061e-05, -3.0187884551394243e-05, 1.699233231227702e-07,
    8.562623420121286e-06, -3.007645434410669e-06, -1.27231190486887e-06, 1.3267813608518889e-06,
    -1.6849800720653297e-07, -3.168341367694147e-07, 1.5334345920908177e-07, 3.972203547273795e-08,
    -3.9171820510271855e-08, -1.5867042924138042e-09, 4.06088214696972e-09,
)  # fmt: skip
"""The first 27 Chebyshev terms, as powers of u, of z² + ln(erfc(z) / t), where t = 2 / (2 + z) and
u = 2t - 1: on all of z >= 0 the function is smooth in u, so that one polynomial serves."""


def normal_cdf(x: Array) -> Array:
    """Share Φ(x) of the standard normal distribution below ``x``, to the last digit.

    Examples
    --------
    >>> normal_cdf(np.array([0.0, 1.959964, -1.959964])).round(6)
    array([0.5  , 0.975, 0.025])
    """
    z = np.minimum(np.abs(x) * 0.5**0.5, FAR)
    t = 2 / (2 + z)
    u, power = 2 * t - 1, np.zeros_like(t)
    for coefficient in reversed(ERFC):
        power *= u
        power += coefficient
    tail = t * np.exp(power - z * z) / 2
    return np.where(x < 0, tail, 1 - tail)


def gelu(x: Array, approximate: str = "none") -> tuple[Array, Cache]:
    """y = x Φ(x); with ``approximate="tanh"`` Φ is ½ (1 + tanh(√(2/π) (x + 0.044715 x³))).

    References
    ----------
    Hendrycks and Gimpel (2016), section 2.
    """
    near, bounded = np.clip(x, -FAR, FAR), np.maximum(x, -FAR)
    if approximate == "tanh":
        squeezed = np.tanh(GELU_SCALE * (near + 0.044715 * near * near * near))
        return bounded * ((1 + squeezed) / 2), (near, squeezed, approximate)
    share = normal_cdf(near)
    return bounded * share, (near, share, approximate)


def gelu_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy (Φ + x Φ')."""
    x, share, approximate = cache
    if approximate == "tanh":
        inner = GELU_SCALE * (1 + 3 * 0.044715 * x**2)
        return dy * (1 + share + x * (1 - share**2) * inner) / 2
    return dy * (share + x * np.exp(-(x**2) / 2) * (2 * math.pi) ** -0.5)


class _Activation(Layer):
    """Of floats: integers would round the slopes."""

    def forward(self, x: Array, training: bool = False) -> Array:
        if x.__class__ is not np.ndarray or x.dtype.kind != "f":
            inputs.values("x", x, np.ndarray, "float")
        return super().forward(x, training)


class ReLU(_Activation):
    """``relu`` as a layer."""

    pair = staticmethod(relu)
    pair_backward = staticmethod(relu_backward)


class LeakyReLU(_Activation):
    """``leaky_relu`` as a layer."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = checks.scalar("negative_slope", negative_slope, -math.inf)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        return leaky_relu(x, self.negative_slope)

    pair_backward = staticmethod(leaky_relu_backward)


class Tanh(_Activation):
    """``tanh`` as a layer."""

    pair = staticmethod(tanh)
    pair_backward = staticmethod(tanh_backward)


class Sigmoid(_Activation):
    """``sigmoid`` as a layer."""

    pair = staticmethod(sigmoid)
    pair_backward = staticmethod(sigmoid_backward)


class GELU(_Activation):
    """``gelu`` as a layer; ``approximate`` is "none" or "tanh"."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = checks.choice("approximate", approximate, ("none", "tanh"))

    def pair(self, x: Array) -> tuple[Array, Cache]:
        return gelu(x, self.approximate)

    pair_backward = staticmethod(gelu_backward)
