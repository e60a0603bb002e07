"""What the probes of several exercises share: inputs one can follow by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


def numbers(
    rng: np.random.Generator, shape: int | tuple[int, ...], scale: float = 1.0
) -> np.ndarray:
    """Two-digit numbers of either sign between 0.5 and 2, so that nothing vanishes by accident."""
    size = np.round(rng.uniform(0.5, 2.0, shape), 2)
    return scale * size * rng.choice([-1.0, 1.0], shape)


def layer(rng: np.random.Generator, scale: float = 1.0) -> Arrays:
    """The parameters, or the gradients, of a small layer: a matrix and a vector."""
    return {"W": numbers(rng, (2, 3), scale), "b": numbers(rng, 2, scale)}


ALIKE = ("w", "W", "w2")
"""Names that only the whole name tells apart: neither its first letter nor its lower case does."""


def alike(rng: np.random.Generator, scale: float = 1.0) -> Arrays:
    """Parameters of one shape and of names alike, or their gradients."""
    return {name: numbers(rng, 3, scale) for name in ALIKE}


def step_and_name(path: tuple[Any, ...]) -> str:
    """Where in a list of dicts, or in an array with one row a step: ``step 3, W[0]``."""
    where = [f"step {path[0] + 1}"] if path else []
    if path[1:]:
        where.append(str(path[1]) + "".join(f"[{index}]" for index in path[2:]))
    return ", ".join(where)


def rate(rng: np.random.Generator) -> float:
    """A learning rate of two digits between 0.1 and 0.99, from which a schedule starts."""
    return float(rng.integers(10, 100)) / 100


def samples(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights ``(3,)``, inputs ``(n, 3)`` and targets ``(n,)`` of a small linear regression."""
    return numbers(rng, 3), numbers(rng, (n, 3)), numbers(rng, n, scale=2.0)
