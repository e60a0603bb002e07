"""Polynomials through noisy points: of few coefficients, of as many as points, of far more."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import legendre

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.random_features import smallest

NOISE = 0.2
GRID = np.linspace(-1, 1, 201)
TRUTHS = {"parabola": lambda x: 2 * x**2 - 1 + x / 2, "sine": lambda x: np.sin(np.pi * x)}


def powers(x: Array, degree: int, price: float = 2.0) -> Array:
    r"""The features of a polynomial, (n, degree + 1), orthogonal ones: the higher, the smaller.

    .. math:: \varphi_k(x) = \sqrt{2 k + 1}\; P_k(x) \,/\, (k + 1)^{price}

    P are the polynomials of Legendre, each of mean square 1 with the root. Any polynomial of the
    degree can be written so; what the features decide is which of those that fit has the smallest
    weights. With ``price`` 0 all degrees are equally cheap; the larger, the dearer a high one.

    Examples
    --------
    >>> powers(np.array([1.0]), 2, price=1.0).round(3)
    array([[1.   , 0.866, 0.745]])
    """
    checks.integer("degree", degree, 0)
    order = np.arange(degree + 1)
    return legendre.legvander(x, degree) * np.sqrt(2 * order + 1) / (order + 1.0) ** price


def draw_points(rng: np.random.Generator, n: int, truth: str = "parabola") -> tuple[Array, Array]:
    """``n`` evenly spaced x in -1 … 1 and y: the truth plus normal noise of deviation 0.2."""
    checks.choice("truth", truth, TRUTHS)
    x = np.linspace(-1, 1, n)
    return x, TRUTHS[truth](x) + NOISE * rng.normal(size=n)


def fitted(x: Array, y: Array, degree: int, price: float = 2.0) -> Array:
    """The curve on ``GRID`` of the least squares polynomial with the smallest weights."""
    weights = smallest(powers(x, degree, price), y[:, None])
    return np.asarray(powers(GRID, degree, price) @ weights)[:, 0]


def learn_polynomial(
    rng: Generators, runs: int, *, degree: int, n: int = 10, truth: str = "parabola",
    price: float = 2.0,
) -> dict[str, Array]:  # fmt: skip
    """Every run fits points of its own.

    Returns
    -------
    ``train_miss``, the root mean square of what is left over at the points; ``test_miss``, that of
    the distance to the truth, on the grid
    """
    found: dict[str, list[Any]] = {"train_miss": [], "test_miss": []}
    for one in run_generators(rng, runs):
        x, y = draw_points(one, n, truth)
        features = powers(x, degree, price)
        weights = smallest(features, y[:, None])
        curve = (powers(GRID, degree, price) @ weights)[:, 0]
        found["train_miss"].append(np.sqrt(np.mean(((features @ weights)[:, 0] - y) ** 2)))
        found["test_miss"].append(np.sqrt(np.mean((curve - TRUTHS[truth](GRID)) ** 2)))
    return {name: np.array(values) for name, values in found.items()}
