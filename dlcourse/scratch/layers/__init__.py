"""Layers: a pure pair ``f`` / ``f_backward`` each, and a class that is memory around the pair.

Shapes: ``x`` is ``(..., n, d)``: any leading axes are runs, which never mix. A gradient therefore
has the runs axis of whatever it was computed with: weights ``(k, d)`` shared by inputs ``(s, n,
d)`` get one gradient a run, ``(s, k, d)``, and summing them is the caller's choice.
"""

from dlcourse.scratch.layers.activations import (
    LeakyReLU,
    ReLU,
    Sigmoid,
    Tanh,
    leaky_relu,
    leaky_relu_backward,
    relu,
    relu_backward,
    sigmoid,
    sigmoid_backward,
    tanh,
    tanh_backward,
)
from dlcourse.scratch.layers.base import Layer
from dlcourse.scratch.layers.dense import (
    Flatten,
    Linear,
    flatten,
    flatten_backward,
    linear,
    linear_backward,
)

__all__ = [
    "Flatten",
    "Layer",
    "LeakyReLU",
    "Linear",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "flatten",
    "flatten_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "linear",
    "linear_backward",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "tanh",
    "tanh_backward",
]
