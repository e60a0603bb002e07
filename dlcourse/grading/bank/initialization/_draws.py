"""What the random exercises on initialization share: shapes, and the moments that theory fixes."""

from __future__ import annotations

import math

import numpy as np

from dlcourse.grading.moments import Moment

Shape = tuple[int, ...]


def child(rng: np.random.Generator) -> np.random.Generator:
    """The generator that an answer draws from."""
    return np.random.default_rng(rng.integers(2**63))


def dense(rng: np.random.Generator, outputs: int = 100, inputs: int = 250) -> Shape:
    """The shape of a dense layer's weights, (fan_out, fan_in), a little different each time."""
    return int(outputs + rng.integers(-9, 10)), int(inputs + rng.integers(-9, 10))


def convolution(rng: np.random.Generator) -> Shape:
    """The shape of a convolution's weights, (channels out, channels in, height, width)."""
    return int(rng.integers(90, 110)), int(rng.integers(27, 33)), 3, 3


def fans(shape: Shape) -> tuple[int, int]:
    """fan_in and fan_out: the kernel's area times the channels in, and times the channels out."""
    area = math.prod(shape[2:])
    return shape[1] * area, shape[0] * area


def _flat(w: np.ndarray) -> np.ndarray:
    return w.reshape(len(w), -1)


def _shared(variance: float) -> tuple[Moment, ...]:
    """Of independent draws with mean 0, whatever their family."""
    return (
        Moment("mean", lambda w: w, 0.0, variance**0.5),
        Moment("product of neighbors", lambda w: _flat(w)[:, 1:] * _flat(w)[:, :-1], 0.0, variance),
        Moment("product of rows", lambda w: _flat(w)[1:] * _flat(w)[:-1], 0.0, variance),
    )


def normal(variance: float) -> tuple[Moment, ...]:
    """Of a normal distribution around 0."""
    return (
        *_shared(variance),
        Moment("variance", lambda w: w**2, variance, 2**0.5 * variance),
        Moment("fourth moment", lambda w: w**4, 3 * variance**2, 96**0.5 * variance**2),
    )


def uniform(variance: float) -> tuple[Moment, ...]:
    """Of a uniform distribution on (-a, a), a² = 3 · variance."""
    bound = (3 * variance) ** 0.5 * (1 + 1e-6)  # an answer may round to float32
    return (
        *_shared(variance),
        Moment("variance", lambda w: w**2, variance, 0.8**0.5 * variance),
        Moment("fourth moment", lambda w: w**4, 1.8 * variance**2, 2.4 * variance**2),
        Moment("share beyond the bound", lambda w: abs(w) > bound, 0.0, 0.0),
    )


def family(kind: str, variance: float) -> tuple[Moment, ...]:
    """The moments of one of the two kinds, by its name."""
    return {"normal": normal, "uniform": uniform}[kind](variance)
