"""What the exercise on random and grid search needs: problems, moments, and searches to compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlcourse.grading.moments import Moment

Space = list[tuple[float, float, str]]
Function = Callable[[np.ndarray], float]


def unit(xs: np.ndarray, space: Space) -> np.ndarray:
    """The points of the unit cube that these points of a space come from."""
    columns = []
    with np.errstate(all="ignore"):
        for x, (lo, hi, scale) in zip(xs.T, space, strict=True):
            log = np.log(x / lo) / np.log(hi / lo)
            columns.append((x - lo) / (hi - lo) if scale == "linear" else log)
    return np.stack(columns, axis=-1)


def problem(rng: np.random.Generator, scales: Sequence[str]) -> tuple[Space, Function]:
    """A space whose dimensions have these scales, and a wavy function on it."""
    space: Space = []
    for scale in scales:
        lo = round(float(rng.uniform(1, 5)), 2)
        if scale == "log":
            low = round(lo * 10.0 ** -int(rng.integers(2, 5)), 8)
            space.append((low, low * round(float(rng.uniform(300, 900))), scale))
        else:
            space.append((-lo, round(float(rng.uniform(2, 6)), 2), scale))
    turns, shift = rng.uniform(2, 4, (2, len(space))).tolist()

    def f(x: Any) -> float:
        total = 2.0
        for value, (lo, hi, scale), turn, start in zip(x, space, turns, shift, strict=True):
            if scale == "linear":
                at = (value - lo) / (hi - lo)
            else:
                at = math.log(value / lo) / math.log(hi / lo) if value > 0 else -9.0
            total += math.sin(turn * at + start) + at**2
        return float(total)

    return space, f


def of_points(space: Space) -> tuple[Moment, ...]:
    """The moments of the random points: uniform, each coordinate and each point by itself."""

    def centered(value: Any) -> np.ndarray:
        return unit(value[0][2], space) - 0.5

    def in_turn(value: Any) -> np.ndarray:
        u = centered(value)
        even = len(u) // 2 * 2
        return u[0:even:2] * u[1:even:2]

    def across(value: Any) -> np.ndarray:
        return centered(value)[:, 0] * centered(value)[:, 1]

    def outside(value: Any) -> np.ndarray:
        return abs(centered(value)) > 0.5 + 1e-5

    two = Moment("dependence of two coordinates", across, 0.0, 1 / 12)
    return (
        Moment("mean of the coordinates, from 0 to 1", lambda v: centered(v) + 0.5, 0.5, 12**-0.5),
        Moment("mean square from the middle", lambda v: centered(v) ** 2, 1 / 12, 180**-0.5),
        Moment("dependence of a point on the one before", in_turn, 0.0, 1 / 12),
        *([two] if len(space) > 1 else []),
        Moment("share of coordinates outside the space", outside, 0.0, 0.0),
    )


def of_results(f: Function, grid: np.ndarray) -> tuple[Moment, ...]:
    """The moments of all that is not random: values, the best, and the grid."""

    def off(part: Any, truth: Any) -> np.ndarray:
        return ~(abs(part - truth) <= 1e-4 * np.abs(truth).max(axis=0))

    def values(value: Any) -> np.ndarray:
        return np.concatenate([off(ys, np.array([f(x) for x in xs])) for *_, xs, ys in value])

    def best(value: Any) -> np.ndarray:
        return np.array([off(each[1], each[3].min()) for each in value])

    def there(value: Any) -> np.ndarray:
        return np.array([off(each[1], f(each[0])) for each in value])

    def places(value: Any) -> np.ndarray:
        xs = value[1][2]
        return off(xs, grid) if xs.shape == grid.shape else np.ones(1)

    return (
        Moment("share of values that are not those of their points", values, 0.0, 0.0),
        Moment("share of searches whose best value is not the smallest", best, 0.0, 0.0),
        Moment("share of searches whose best point has another value", there, 0.0, 0.0),
        Moment("share of grid coordinates that are not in place", places, 0.0, 0.0),
    )


def judged(f: Function, us: np.ndarray, space: Space, least: Callable = np.argmin) -> tuple:
    """Evaluate the points of a space that belong to these of the unit cube; report one as best."""
    columns = [
        lo + (hi - lo) * u if scale == "linear" else lo * (hi / lo) ** u
        for u, (lo, hi, scale) in zip(us.T, space, strict=True)
    ]
    xs = np.stack(columns, axis=-1)
    ys = np.array([f(x) for x in xs])
    return xs[least(ys)], ys[least(ys)], xs, ys


def both(
    f: Function, space: Space, us: np.ndarray, grid: np.ndarray, least: Callable = np.argmin
) -> tuple:
    """Both searches, on these points of the unit cube."""
    return judged(f, us, space, least), judged(f, grid, space, least)


def side(budget: int, d: int) -> int:
    """How many points a dimension fit into a budget."""
    return int(budget ** (1 / d) + 1e-9)


def lattice(d: int, k: int, fastest_last: bool = True) -> np.ndarray:
    """The grid of the unit cube with k points a dimension."""
    at = np.stack(np.unravel_index(np.arange(k**d), (k,) * d), axis=-1) / max(k - 1, 1)
    return at if fastest_last else at[:, ::-1]


def cube(space: Space, budget: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The points of the unit cube that both searches begin with."""
    d = len(space)
    return rng.random((budget, d)), lattice(d, side(budget, d))


def linearly(space: Space) -> Space:
    """The same space, every scale of it linear."""
    return [(lo, hi, "linear") for lo, hi, _ in space]
