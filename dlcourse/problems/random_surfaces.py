"""Surfaces drawn by chance: curvatures of random matrices, and of functions where level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dlcourse.arrays import Array
from dlcourse.scratch.landscape import find_critical_point, inertia

SHIFTS = np.linspace(-9.0, 9.0, 181)
"""Where a standard normal number is looked at; beyond, it has less than 1e-18 of its weight."""


def symmetric(rng: np.random.Generator, n: int, d: int) -> Array:
    """The Gaussian orthogonal ensemble: n matrices (d, d), N(0, 2) on the diagonal, N(0, 1) beside.

    Examples
    --------
    >>> symmetric(np.random.default_rng(0), 10_000, 2).var(0).round(1)
    array([[2., 1.],
           [1., 2.]])
    """
    a = rng.standard_normal((n, d, d))
    return np.asarray((a + a.swapaxes(-1, -2)) / np.sqrt(2))


def minima_among_level(rng: np.random.Generator, n: int, d: int) -> float:
    r"""Of the places where a random function is level, the share that are minima.

    .. math:: \frac{\mathbb E\,|\det(G + \xi I)|\,[G + \xi I \succ 0]}{\mathbb E\,|\det(G + \xi I)|}

    The function is Gaussian, smooth, and alike in all places and directions. Its Hessian then is a
    matrix G of ``symmetric`` plus one normal number ξ all along the diagonal, in some unit; and as
    level places come by |det H| times the chance of a gradient of 0, that is their weight.

    Parameters
    ----------
    n : how many G are drawn; over ξ it is summed, and -G counts as G does: maxima, halved with
        the minima

    Examples
    --------
    >>> round(float(minima_among_level(np.random.default_rng(0), 20_000, 2)), 2)
    0.25

    References
    ----------
    Cheng and Schwartzman (2015).
    """
    weight = np.exp(-np.square(SHIFTS) / 2)
    values = np.linalg.eigvalsh(symmetric(rng, n, d))
    every = minima = 0.0
    for xi, w in zip(SHIFTS, weight, strict=True):
        size = abs((values + xi).prod(-1))
        every += w * size.sum()
        minima += w * (size[values[:, 0] > -xi].sum() + size[values[:, -1] < -xi].sum()) / 2
    return minima / every


class PeriodicFields(NamedTuple):
    """Random functions on a torus: f(x) = Σ a cos k·x + b sin k·x, one a row.

    ``waves`` (m, d), ``a`` and ``b`` (fields, m).
    """

    waves: Array
    a: Array
    b: Array

    def grad(self, x: Array) -> Array:
        """At a place (fields, d) each."""
        phase = x @ self.waves.T
        return np.asarray((self.b * np.cos(phase) - self.a * np.sin(phase)) @ self.waves)

    def curvature(self, x: Array) -> Array:
        """The Hessian there: (fields, d, d)."""
        phase = x @ self.waves.T
        height = self.a * np.cos(phase) + self.b * np.sin(phase)
        return -(height[:, None] * self.waves.T) @ self.waves

    def pick(self, rows: Array) -> PeriodicFields:
        """Some rows, or rows several times."""
        return PeriodicFields(self.waves, self.a[rows], self.b[rows])


def periodic_fields(rng: np.random.Generator, fields: int, highest: int = 2) -> PeriodicFields:
    """Functions of two angles from all waves with up to so many periods round either way."""
    side = np.arange(-highest, highest + 1)
    every = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    waves = every[(every[:, 0] > 0) | ((every[:, 0] == 0) & (every[:, 1] > 0))].astype(float)
    size = np.exp(-np.square(waves).sum(1) / 4)
    a, b = size * rng.standard_normal((2, fields, len(waves)))
    return PeriodicFields(waves, a, b)


def level_places(fields: PeriodicFields, side: int = 20) -> Array:
    """Minima, saddles and maxima of each function: counts (fields, 3).

    Newton-MR is started from side × side places; what arrives twice at one place counts once.

    Examples
    --------
    sin x + sin y has one of each but two saddles:

    >>> waves = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> level_places(PeriodicFields(waves, np.zeros((1, 2)), np.ones((1, 2))), 5)
    array([[1, 2, 1]])
    """
    n, around = len(fields.a), 2 * np.pi
    steps = (np.arange(side) + 0.37) * around / side
    grid = np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)
    which = np.repeat(np.arange(n), len(grid))
    many = fields.pick(which)
    found = find_critical_point(
        many.grad, lambda x, v: (many.curvature(x) @ v[..., None])[..., 0],
        np.tile(grid, (n, 1)), 1e-10, 20,
    )  # fmt: skip
    place = np.concatenate([which[:, None], (found.theta % around).round(5) % around], 1)
    once = np.unique(place[found.converged].round(4), axis=0)
    row, x = once[:, 0].astype(int), once[:, 1:]
    down = inertia(np.linalg.eigvalsh(fields.pick(row).curvature(x))).negative
    counts = np.zeros((n, 3), int)
    np.add.at(counts, (row, down), 1)
    return counts


class Bent(NamedTuple):
    """Functions of three variables, level at 0: ½ xᵀHx and a cubic; one a row."""

    hessian: Array
    cubic: Array

    def value(self, x: Array) -> Array:
        """At places (functions, m, 3): (functions, m)."""
        half = np.einsum("nmi,nij,nmj->nm", x, self.hessian, x) / 2
        return np.asarray(half + np.einsum("nijk,nmi,nmj,nmk->nm", self.cubic, x, x, x))


def bent_functions(rng: np.random.Generator, n: int) -> Bent:
    """Functions with curvatures between 0.2 and 2 of any sign, in axes drawn by chance."""
    axes = np.linalg.qr(rng.standard_normal((n, 3, 3)))[0]
    bends = rng.uniform(0.2, 2.0, (n, 3)) * rng.choice([-1.0, 1.0], (n, 3))
    return Bent((axes * bends[:, None]) @ axes.mT, rng.standard_normal((n, 3, 3, 3)))


def kind_by_values(function: Bent, rng: np.random.Generator, reach: float = 1e-3) -> list[str]:
    """What kind of point 0 is, told by values alone, in 400 directions at distance ``reach``.

    Examples
    --------
    >>> bowl = Bent(np.eye(3)[None], np.zeros((1, 3, 3, 3)))
    >>> kind_by_values(bowl, np.random.default_rng(0))
    ['minimum']
    """
    x = rng.standard_normal((len(function.hessian), 400, 3))
    values = function.value(reach * x / np.linalg.norm(x, axis=-1, keepdims=True))
    up, down = (np.any(sign * values > 0, axis=1).tolist() for sign in (1, -1))
    names = {(True, True): "saddle", (True, False): "minimum", (False, True): "maximum"}
    return [names[pair] for pair in zip(up, down, strict=True)]
