"""Objectives drawn from a Gaussian process itself, and searches on them with a model held fixed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo.kernels import Kernel

JITTER, KNOWN = 1e-8, 1e-3


class View(NamedTuple):
    """What a rule may look at: the posterior at all points, (runs, m), and the value to beat."""

    mean: Array
    std: Array
    best: Array
    draw: Callable[[], Array]
    """One function of the posterior for each run."""


class Seen(NamedTuple):
    """The places that were tried, in their order, and what was told there: (runs, n) each."""

    places: Array
    told: Array


Rule = Callable[[View], Array]


class Table(NamedTuple):
    """A pool of configurations, X (m, d), and objectives on it, (runs, m)."""

    X: Array
    values: Array

    def regret(self, places: Array) -> Array:
        """What the best of some places is above the pool's best, (runs,)."""
        found = np.take_along_axis(self.values, places, 1).min(1)
        return found - self.values.min(1)


def draw_table(kernel: Kernel, d: int, runs: int, rng: np.random.Generator, m: int = 500) -> Table:
    """m configurations anywhere in the cube, and functions of a prior with mean 0 at them.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Matern52
    >>> table = draw_table(Matern52(0.3), 2, 7, np.random.default_rng(0), m=20)
    >>> table.X.shape, table.values.shape
    ((20, 2), (7, 20))
    """
    X = rng.random((checks.integer("m", m, 1), d))
    return Table(X, rng.standard_normal((runs, m)) @ root_of(kernel(X)).T)


def nearest(X: Array) -> Array:
    """How far each row of X (m, d) is from the nearest other one: (m,).

    Examples
    --------
    >>> nearest(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])).round(3)
    array([1.   , 4.243, 1.   ])
    """
    far = np.square(X[:, None] - X).sum(2)
    np.fill_diagonal(far, np.inf)
    return np.sqrt(far.min(1))


def root_of(K: Array) -> Array:
    """L of K = L Lᵀ, (m, m), with a jitter for points close together."""
    return np.linalg.cholesky(K + JITTER * np.eye(len(K)))


def random_places(table: Table, n: int, rng: np.random.Generator) -> Array:
    """n different places of the pool for each run, (runs, n)."""
    runs, m = table.values.shape
    return rng.permuted(np.tile(np.arange(m), (runs, 1)), axis=1)[:, :n]


def condition(K: Array, places: Array, y: Array, noise: float = 0.0) -> tuple[Array, Array, Array]:
    r"""The posterior at all points of a pool, for many runs at once.

    .. math:: \mu = A\,y, \qquad \sigma^2 = K_{aa} - \sum_s A_{as} K_{sa}, \qquad
              A = K_{\cdot s} (K_{ss} + \sigma_n^2 I)^{-1}

    Parameters
    ----------
    K : (m, m), covariances of all points · places : (runs, n), of those observed
    y : (runs, n), what was told there · noise : its deviation σₙ

    Returns
    -------
    mean and std (runs, m); A (runs, m, n), what each value does to each guess

    Examples
    --------
    >>> K = np.array([[1.0, 0.6], [0.6, 1.0]])
    >>> mean, std, _ = condition(K, np.array([[0]]), np.array([[2.0]]))
    >>> mean.round(6), std.round(3)
    (array([[2. , 1.2]]), array([[0. , 0.8]]))
    """
    k = K[places]
    own = np.take_along_axis(k, places[:, None], 2)
    own = own + (JITTER + noise**2) * np.eye(places.shape[1])
    A = np.linalg.inv(own) @ k  # faster than to solve for each of the m columns
    std = np.sqrt(np.maximum(K.diagonal() - np.einsum("rnm,rnm->rm", A, k), 0.0))
    return (y[:, None] @ A)[:, 0], np.where(std > KNOWN, std, 0.0), A.swapaxes(1, 2)


def search_table(
    table: Table, kernel: Kernel, rule: Rule, start: Array, n: int,
    rng: np.random.Generator, noise: float = 0.0,
) -> Seen:  # fmt: skip
    """Search each row of a table by a model whose kernel never changes.

    Parameters
    ----------
    kernel : what the model believes; the table may come from another
    rule : what is largest at the point to try next
    start : (runs, k), the places tried first
    n : trials in all
    rng : of the noise, and of Thompson's draws
    noise : deviation of what is added to each value before it is told; the model knows it

    Notes
    -----
    No place is tried twice. Of equals the first in the table is taken.
    """
    K, places = kernel(table.X), np.array(start)
    told = _told(table, places, noise, rng)
    while places.shape[1] < n:
        mean, std, A = condition(K, places, told, noise)
        best = np.take_along_axis(mean, places, 1).min(1, keepdims=True)
        draw = functools.partial(bend, K, A, places, told, noise, rng)
        worth = np.array(rule(View(mean, std, best, draw)), float)
        np.put_along_axis(worth, places, -np.inf, 1)
        new = worth.argmax(1)[:, None]
        places = np.concatenate([places, new], 1)
        new_told = _told(table, new, noise, rng)
        told = np.concatenate([told, new_told], 1)
    return Seen(places, told)


def search_cube(
    kernel: Kernel, rules: Mapping[str, Rule], d: int, runs: int, n: int,
    rng: np.random.Generator, start: int = 4,
) -> dict[str, Array]:  # fmt: skip
    """Search functions of the prior in the whole cube, by several rules, with the true kernel.

    Parameters
    ----------
    rules : what is largest at the point to try next; mean, std and best are all they may look at
    n : trials of each rule; the first ``start`` of them are the first random ones

    Returns
    -------
    what was told, in its order: (runs, 2 n) under "random", (runs, n) under the name of each rule

    Notes
    -----
    A function is drawn as it is asked for: each value given all its values so far, whichever
    search asked, so that all searches of a run meet one and the same function. A rule chooses among
    100 points anywhere and 200 around the best two of its own trials, some tenths of a length scale
    away in each coordinate.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Matern52
    >>> rules = {"the guess alone": lambda v: -v.mean}
    >>> told = search_cube(Matern52(0.3), rules, 8, 5, 6, np.random.default_rng(0))
    >>> [values.shape for values in told.values()]
    [(5, 12), (5, 6)]
    """
    X = rng.random((runs, 2 * checks.integer("n", n, start), d))
    K = _covariances(kernel, X, X)
    root = np.linalg.cholesky(K + JITTER * np.eye(2 * n))
    y = (root @ rng.standard_normal((runs, 2 * n, 1)))[..., 0]
    told = {"random": y}
    for name, rule in rules.items():
        own = [*range(start)]
        while len(own) < n:
            asked = _asked(X[:, own], y[:, own], kernel, rng)
            k = _covariances(kernel, X[:, own], asked)
            mean, std = _given(K[:, own][:, :, own], y[:, own], k, kernel.variance)
            worth = rule(View(mean, std, y[:, own].min(1, keepdims=True), _no_draw))
            new = np.take_along_axis(asked, worth.argmax(1)[:, None, None], 1)
            k = _covariances(kernel, X, new)
            mean, std = _given(K, y, k, kernel.variance)
            own.append(y.shape[1])
            X = np.concatenate([X, new], 1)
            K = np.block([[K, k], [k.swapaxes(1, 2), np.full((runs, 1, 1), kernel.variance)]])
            y = np.concatenate([y, mean + std * rng.standard_normal(std.shape)], 1)
        told[name] = y[:, own]
    return told


def _given(K: Array, y: Array, k: Array, variance: float) -> tuple[Array, Array]:
    """Mean and deviation at some points, given values y (runs, n) whose covariances are K.

    ``k`` (runs, n, m) : the covariances of those values with the points
    """
    own, n = K + JITTER * np.eye(K.shape[1]), K.shape[1]
    A = np.linalg.inv(own) @ k if k.shape[2] > n else np.linalg.solve(own, k)
    explained = np.einsum("rnm,rnm->rm", A, k)
    return (y[:, None] @ A)[:, 0], np.sqrt(np.maximum(variance - explained, 0.0))


def _covariances(kernel: Kernel, X: Array, Z: Array) -> Array:
    """Of points (runs, n, d) with others, (runs, m, d), of the same run: (runs, n, m)."""
    X, Z = (a / kernel.lengths(a.shape[-1]) for a in (X, Z))
    squares = (X * X).sum(-1)[..., None] + (Z * Z).sum(-1)[:, None] - 2 * (X @ Z.swapaxes(1, 2))
    return kernel.variance * kernel.profile(np.maximum(squares, 0.0))[0]


def _asked(X: Array, y: Array, kernel: Kernel, rng: np.random.Generator) -> Array:
    """Points to choose from, (runs, 300, d): anywhere in the cube, and around the best two."""
    runs, _, d = X.shape
    best = np.take_along_axis(X, np.argsort(y, 1)[:, :2, None], 1)
    step = kernel.lengths(d) * rng.choice([0.1, 0.25, 0.5], (runs, 200, 1))
    near = np.tile(best, (1, 100, 1)) + step * rng.standard_normal((runs, 200, d))
    return np.concatenate([rng.random((runs, 100, d)), np.clip(near, 0.0, 1.0)], 1)


def _no_draw() -> Array:
    raise RuntimeError("In the whole cube no function is drawn at once. Use a pool of points.")


def bend(
    K: Array, A: Array, places: Array, told: Array, noise: float, rng: np.random.Generator
) -> Array:
    r"""A draw from each run's posterior, (runs, m): one of the prior, corrected by what it missed.

    .. math:: f + A\,(y - f_s - \varepsilon), \qquad f \sim \mathcal N(0, K), \quad
              \varepsilon \sim \mathcal N(0, \sigma_n^2 I)
    """
    f = rng.standard_normal((len(told), len(K))) @ root_of(K).T
    missed = told - np.take_along_axis(f, places, 1)
    missed = missed - noise * rng.standard_normal(missed.shape)
    return f + (A @ missed[..., None])[..., 0]


def chosen(table: Table, kernel: Kernel, seen: Seen, noise: float) -> Array:
    """The place of those tried that the model, not the told value, calls best: (runs, 1)."""
    mean = condition(kernel(table.X), *seen, noise)[0]
    guess = np.take_along_axis(mean, seen.places, 1)
    return np.take_along_axis(seen.places, guess.argmin(1)[:, None], 1)


def luckiest(seen: Seen) -> Array:
    """The place of those tried with the lowest told value: (runs, 1)."""
    return np.take_along_axis(seen.places, seen.told.argmin(1)[:, None], 1)


def _told(table: Table, places: Array, noise: float, rng: np.random.Generator) -> Array:
    exact = np.take_along_axis(table.values, places, 1)
    return exact + noise * rng.standard_normal(exact.shape) if noise else exact
