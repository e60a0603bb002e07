"""Twin of ``scratch.layers``: PyTorch's functions forward, autograd backward."""

from dlcourse.reference.layers.activations import (
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
from dlcourse.reference.layers.base import Layer, pull_back, record
from dlcourse.reference.layers.dense import (
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
    "pull_back",
    "record",
    "relu",
    "relu_backward",
    "sigmoid",
    "sigmoid_backward",
    "tanh",
    "tanh_backward",
]
