"""What the random exercises on dropout share: inputs without zeros, and the moments of a mask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dlcourse.grading.moments import Moment

Terms = Callable[..., np.ndarray]


def child(rng: np.random.Generator) -> np.random.Generator:
    """The generator that an answer draws from."""
    return np.random.default_rng(rng.integers(2**63))


def about(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of either sign of which none is near 0, so that a zero was made by the answer."""
    return np.round(rng.uniform(1, 2, shape) * rng.choice([-1, 1], shape), 3)


def kept(share: np.ndarray) -> np.ndarray:
    """1 where y/x is not 0."""
    return (abs(share) > 1e-9).astype(float)


def pairs(share: np.ndarray, axis: int, p: float) -> np.ndarray:
    """Products of what neighbors along an axis are kept more than they should be.

    No entry stands in two products, so that the terms are independent if the entries are.
    """
    extra = np.moveaxis(kept(share), axis, 0) - (1 - p)
    even = len(extra) // 2 * 2
    return extra[0:even:2] * extra[1:even:2]


def of_mask(x: np.ndarray, p: float, mask: Terms, axes: tuple[int, ...]) -> tuple[Moment, ...]:
    """The moments of an output ``x · m/(1 − p)``; ``mask`` reduces y/x to one entry a draw.

    ``axes`` of the reduced array are those along which draws must not depend on each other.
    """

    def strange(value: list[np.ndarray]) -> np.ndarray:
        share = value[0] / x
        return kept(share) * (abs(share - 1 / (1 - p)) > 1e-5)

    def dependent(axis: int) -> Terms:
        return lambda v: pairs(mask(v[0] / x), axis, p)

    spread, product = (p * (1 - p)) ** 0.5, p * (1 - p)
    return (
        Moment("share of entries that are kept", lambda v: kept(mask(v[0] / x)), 1 - p, spread),
        *(Moment(f"dependence along axis {a}", dependent(a), 0.0, product) for a in axes),
        Moment("mean of y/x", lambda v: mask(v[0] / x), 1.0, (p / (1 - p)) ** 0.5),
        Moment("share of entries that are neither 0 nor x/(1 − p)", strange, 0.0, 0.0),
    )


def same_mask(x: np.ndarray, dy: np.ndarray) -> Moment:
    """That dx is of dy what y is of x."""

    def apart(value: list[np.ndarray]) -> np.ndarray:
        return abs(value[1] / dy - value[0] / x) > 1e-5

    return Moment("share of entries where dx/dy is not y/x", apart, 0.0, 0.0)


def untouched(*given: np.ndarray) -> tuple[Moment, ...]:
    """That each part of the answer is what was given: nothing is dropped."""

    def apart(place: int) -> Terms:
        return lambda value: abs(value[place] - given[place]) > 1e-6

    return tuple(
        Moment(f"share of entries that are not as given, in part {i + 1}", apart(i), 0.0, 0.0)
        for i in range(len(given))
    )
