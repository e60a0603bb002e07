"""Regression with many columns and few rows: where least squares fails, and penalties are tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.regularization import ridge

Part = tuple[Array, Array]


class Tables(NamedTuple):
    """A table a run: rows to learn from, to choose by and to report on, and what made them.

    ``train``, ``validation``, ``test`` : x (runs, rows, d) and y (runs, rows);
    ``weights`` : the true ones, (runs, d)
    """

    train: Part
    validation: Part
    test: Part
    weights: Array


def draw_tables(
    seeds: Sequence[Any],
    n: int,
    d: int,
    *,
    relevant: int | None = 5,
    size: float = 1.0,
    alike: float = 0.0,
    copies: int = 1,
    noise: float = 1.0,
    held: int = 200,
    unseen: int = 1000,
) -> Tables:
    """Draw y = x w + noise, a table for each seed.

    Parameters
    ----------
    n, d : rows to learn from, and columns; each column has mean 0 and variance 1
    relevant : how many columns (groups of them, with ``copies``) have a weight, ``size`` or
        ``-size`` at random, the others 0; None: all have one, normal with deviation ``size``
    alike : the correlation of neighbouring columns, or within a group of ``copies`` columns
    noise : its standard deviation
    held, unseen : rows to choose by and to report on

    Examples
    --------
    >>> tables = draw_tables([0, 1, 2], n=60, d=50)
    >>> tables.train[0].shape, (tables.weights != 0).sum(1)
    ((3, 60, 50), array([5, 5, 5]))
    """
    for name, value in {"n": n, "d": d, "copies": copies, "held": held, "unseen": unseen}.items():
        checks.integer(name, value, 1)
    checks.number("alike", alike, 0.0, 1.0)
    if d % copies:
        checks.fail("copies", f"a divisor of d = {d}", copies)
    if relevant is not None and not 0 <= relevant <= d // copies:
        checks.fail("relevant", f"None or in [0, {d // copies}]", relevant)
    drawn = [_table(np.random.default_rng(s), n + held + unseen, d, relevant, size, alike, copies,
                    noise) for s in seeds]  # fmt: skip
    x, y, weights = (np.stack(a) for a in zip(*drawn, strict=True))
    ends = slice(0, n), slice(n, n + held), slice(n + held, None)
    train, validation, test = ((x[:, rows], y[:, rows]) for rows in ends)
    return Tables(train, validation, test, weights)


def _table(
    rng: np.random.Generator, rows: int, d: int, relevant: int | None, size: float, alike: float,
    copies: int, noise: float,
) -> tuple[Array, Array, Array]:  # fmt: skip
    x = rng.normal(size=(rows, d))
    if copies > 1:
        shared = np.repeat(rng.normal(size=(rows, d // copies)), copies, axis=1)
        x = np.sqrt(alike) * shared + np.sqrt(1 - alike) * x
    elif alike:
        for j in range(1, d):
            x[:, j] = alike * x[:, j - 1] + np.sqrt(1 - alike**2) * x[:, j]
    if relevant is None:
        w = size * rng.normal(size=d)
    else:
        group = np.zeros(d // copies)
        group[rng.choice(len(group), relevant, replace=False)] = rng.choice([-size, size], relevant)
        w = np.repeat(group, copies)
    return x, x @ w + noise * rng.normal(size=rows), w


def squared_error(part: Part, weights: Array) -> Array:
    """The mean squared error of weights (runs, d) or (runs, m, d): (runs,) or (runs, m)."""
    x, y = part
    given = weights if weights.ndim == 3 else weights[:, None]
    error = np.square(given @ x.swapaxes(-1, -2) - y[:, None]).mean(axis=-1)
    return error if weights.ndim == 3 else error[:, 0]


class Chosen(NamedTuple):
    """The coefficient, the weights it gives, (runs, d), and their error on the test rows."""

    coef: float
    weights: Array
    error: Array


def choose(tables: Tables, coefs: Any, path: Array) -> Chosen:
    """Of the weights for each coefficient, (runs, m, d), those that validate best.

    One coefficient for all tables, by the mean error of their validation rows. Raises ValueError
    where it is the smallest or largest tried.
    """
    best = int(squared_error(tables.validation, path).mean(axis=0).argmin())
    if coefs[best] in (min(coefs), max(coefs)):
        fix = "A better one may lie beyond it: try more."
        checks.fail("coefs", "wide enough", float(coefs[best]), fix)
    weights = path[:, best]
    return Chosen(float(coefs[best]), weights, squared_error(tables.test, weights))


def directions(x: Array) -> tuple[Array, Array]:
    """How much the rows vary along each direction, ascending (runs, d); and the directions.

    The eigenvalues of xᵀx/n and its eigenvectors, (runs, d, d), one a column.
    """
    return np.linalg.eigh(x.swapaxes(-1, -2) @ x / x.shape[-2])


def along(x: Array, weights: Array) -> Array:
    """The weights (runs, d) in the directions of x, ascending in how much the rows vary."""
    return np.einsum("rji,rj->ri", directions(x)[1], weights)


def shrunk_along(part: Part, coef: float, which: slice) -> Array:
    """Least squares, shrunk as ridge regression does, but along some directions only.

    Examples
    --------
    >>> tables = draw_tables([0], n=9, d=3, relevant=2)
    >>> everywhere = shrunk_along(tables.train, 0.5, slice(None))
    >>> bool(np.allclose(everywhere, ridge(*tables.train, 0.5)))
    True
    """
    vary, vectors = directions(part[0])
    found = along(part[0], ridge(*part, 0.0))
    factor = np.ones_like(vary)
    factor[:, which] = (vary / (vary + coef))[:, which]
    return np.einsum("rij,rj->ri", vectors, factor * found)


def reliance(part: Part, weights: Array) -> Array:
    """By how much the error rises without the one weight that is missed most, one number a run."""
    x, y = part
    left = y - np.einsum("rnd,rd->rn", x, weights)
    moved = x * weights[:, None]  # what an answer loses with each weight
    rise = np.square(left[..., None] + moved) - np.square(left[..., None])
    return rise.mean(axis=1).max(axis=-1)


def slope(part: Part, weights: Array) -> Array:
    """The gradient of half the mean squared error by the weights, (runs, d)."""
    x, y = part
    wrong = np.einsum("rnd,rd->rn", x, weights) - y
    return np.einsum("rnd,rn->rd", x, wrong) / x.shape[1]
