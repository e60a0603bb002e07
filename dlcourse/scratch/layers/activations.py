"""Activations: the same function of every entry, whatever the shape."""

from __future__ import annotations

import numpy as np

from dlcourse import checks
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
    y = np.where(x >= 0, 1, z) / (1 + z)
    return y, y


def sigmoid_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy y (1 - y)."""
    return dy * cache * (1 - cache)


class ReLU(Layer):
    """``relu`` as a layer."""

    pair = staticmethod(relu)
    pair_backward = staticmethod(relu_backward)


class LeakyReLU(Layer):
    """``leaky_relu`` as a layer."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = checks.number("negative_slope", negative_slope)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        return leaky_relu(x, self.negative_slope)

    pair_backward = staticmethod(leaky_relu_backward)


class Tanh(Layer):
    """``tanh`` as a layer."""

    pair = staticmethod(tanh)
    pair_backward = staticmethod(tanh_backward)


class Sigmoid(Layer):
    """``sigmoid`` as a layer."""

    pair = staticmethod(sigmoid)
    pair_backward = staticmethod(sigmoid_backward)
