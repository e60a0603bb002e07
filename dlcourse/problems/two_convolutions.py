"""A small convolutional network on the digits, with or without a normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators
from dlcourse.checks import choice
from dlcourse.scratch.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm, LocalResponseNorm

NORMS = ("none", "lrn", "batch")
ALEXNET: dict[str, Any] = {"size": 5, "alpha": 5e-4, "beta": 0.75, "k": 2.0}
"""The paper's constants, n = 5, α = 1e-4, β = 3/4 and k = 2, with α as PyTorch wants it: n times
as large."""


def two_convolutions(
    rng: Generators, runs: int | None = None, *, norm: str = "none", channels: int = 8
) -> Sequential:
    """Twice convolution 3 x 3 and ReLU, then pooling and a linear layer; images (1, 8, 8), float32.

    Parameters
    ----------
    norm : "none"; "lrn", with the constants of AlexNet after each ReLU; "batch", before each

    >>> net = two_convolutions(np.random.default_rng(0), norm="lrn")
    >>> [type(layer).__name__ for layer in net.layers][:4]
    ['Conv2d', 'ReLU', 'LocalResponseNorm', 'Conv2d']
    """
    choice("norm", norm, NORMS)
    made: Any = {"rng": rng, "runs": runs, "dtype": np.float32}
    layers: list[Any] = []
    for inputs in (1, channels):
        layers.append(Conv2d(inputs, channels, 3, **made))
        if norm == "batch":
            layers.append(BatchNorm(channels, runs=runs, dtype=np.float32))
        layers.append(ReLU())
        if norm == "lrn":
            layers.append(LocalResponseNorm(**ALEXNET))
    return Sequential(*layers, MaxPool2d(2), Flatten(-3), Linear(4 * channels, 10, **made))


def steps_to(curve: Array, level: float, steps: int) -> Array:
    """Steps until a curve (..., epochs) of accuracies first reaches ``level``, ``steps`` an epoch.

    A run that never does counts with one epoch more than it was given; an epoch after which
    nothing was measured is nan.

    >>> steps_to(np.array([[np.nan, 0.96, 0.94], [0.1, 0.2, 0.3]]), 0.95, steps=14)
    array([28, 56])
    """
    there = curve >= level
    first = np.where(there.any(axis=-1), there.argmax(axis=-1), curve.shape[-1])
    return steps * (first + 1)
