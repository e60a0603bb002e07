"""Twin of ``scratch.layers.activations``."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F

from dlcourse import checks, inputs
from dlcourse.reference.layers.base import Cache, Layer, Tensor, pull_back, record


def relu(x: Tensor) -> tuple[Tensor, Cache]:
    """``torch.relu``."""
    return record(torch.relu, x)


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> tuple[Tensor, Cache]:
    """``F.leaky_relu``."""
    return record(lambda leaf: F.leaky_relu(leaf, negative_slope), x)


def tanh(x: Tensor) -> tuple[Tensor, Cache]:
    """``torch.tanh``."""
    return record(torch.tanh, x)


def sigmoid(x: Tensor) -> tuple[Tensor, Cache]:
    """``torch.sigmoid``."""
    return record(torch.sigmoid, x)


def normal_cdf(x: Tensor) -> Tensor:
    """``torch.special.ndtr``."""
    return torch.special.ndtr(x)


def gelu(x: Tensor, approximate: str = "none") -> tuple[Tensor, Cache]:
    """``F.gelu``."""
    return record(lambda leaf: F.gelu(leaf, approximate=approximate), x)


def gelu_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return pull_back(dy, cache)[0]


def relu_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return pull_back(dy, cache)[0]


def leaky_relu_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return pull_back(dy, cache)[0]


def tanh_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return pull_back(dy, cache)[0]


def sigmoid_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return pull_back(dy, cache)[0]


class _Activation(Layer):
    """Of floats."""

    function: Any

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        inputs.values("x", x, Tensor, "float")
        y: Tensor = self.function(x)
        return y


class ReLU(_Activation):
    """``torch.relu``."""

    function = staticmethod(torch.relu)


class LeakyReLU(_Activation):
    """``F.leaky_relu``."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        slope = checks.scalar("negative_slope", negative_slope, -math.inf)
        self.function = partial(F.leaky_relu, negative_slope=slope)


class Tanh(_Activation):
    """``torch.tanh``."""

    function = staticmethod(torch.tanh)


class Sigmoid(_Activation):
    """``torch.sigmoid``."""

    function = staticmethod(torch.sigmoid)


class GELU(_Activation):
    """``F.gelu``."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        checks.choice("approximate", approximate, ("none", "tanh"))
        self.function = partial(F.gelu, approximate=approximate)
