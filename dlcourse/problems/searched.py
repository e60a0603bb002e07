"""Objectives to be searched: functions with known minima, and networks that learn digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.problems.tuned_digits import Task, train_all
from dlcourse.scratch.hpo import (
    Float,
    GaussianProcess,
    GPSearch,
    Search,
    Trial,
    log_expected_improvement,
    parzen,
)
from dlcourse.scratch.hpo.search import COMPLETE

BRANIN = 0.39788735772973816
"""Its minimum, at three places."""


def branins(u: Any) -> Array:
    r"""Branin's function of each pair of coordinates, averaged, above its minimum.

    .. math:: \Bigl(b - \frac{5.1}{4\pi^2} a^2 + \frac5\pi a - 6\Bigr)^2
              + 10\Bigl(1 - \frac1{8\pi}\Bigr)\cos a + 10, \qquad a = 15 u_1 - 5,\ b = 15 u_2

    Parameters
    ----------
    u : (..., d) in [0, 1], d even

    Returns
    -------
    (...,), >= 0; what is searched for is 0

    Examples
    --------
    >>> best = [(math.pi + 5) / 15, 2.275 / 15]
    >>> bool(abs(branins(best * 4)) < 1e-12)
    True
    """
    u = np.asarray(u, float)
    if u.ndim == 0 or u.shape[-1] % 2:
        checks.fail("u", "points with an even number of coordinates", u)
    a, b = 15 * u[..., ::2] - 5, 15 * u[..., 1::2]
    square = (b - 5.1 / (4 * math.pi**2) * a**2 + 5 / math.pi * a - 6) ** 2
    return (square + 10 * (1 - 1 / (8 * math.pi)) * np.cos(a) + 10).mean(-1) - BRANIN


def cube(d: int) -> dict[str, Float]:
    """The unit cube of d parameters, as a space to search."""
    return {f"x{i}": Float(0, 1) for i in range(d)}


def typical(d: int) -> float:
    """What the median of 20,000 random points is above the minimum of ``branins``."""
    return float(np.median(branins(np.random.default_rng(1).random((20_000, d)))))


def best_so_far(
    kind: Callable[..., Search], d: int, objective: Callable[[list[float]], Any],
    seeds: Iterable[int], n: int,
) -> Array:  # fmt: skip
    """The best value after each of n trials in the cube of d parameters, a row for each seed.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import RandomSearch
    >>> best_so_far(RandomSearch, 2, branins, [1, 2, 3], 5).shape
    (3, 5)
    """
    rows = []
    for seed in seeds:
        search, values = kind(cube(d), np.random.default_rng(seed)), []
        for _ in range(n):
            trial = search.ask()
            values.append(float(objective(list(trial.params.values()))))
            search.tell(trial, values[-1])
        rows.append(np.minimum.accumulate(values))
    return np.array(rows)


def ask_after(
    kind: Callable[..., Search], values: Iterable[float], seed: int = 8
) -> dict[str, Any]:
    """What a search of two numbers asks for next, told these values at its first trials.

    The first trials are the same ones for any values.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import TPESearch
    >>> ask_after(TPESearch, [3, 1, 2]) == ask_after(TPESearch, [30, 10, 20])
    True
    """
    values = [*values]
    search = kind(cube(2), np.random.default_rng(seed), n_startup=len(values))
    for value in values:
        search.tell(search.ask(), value)
    return search.ask().params


class WatchedSearch(GPSearch):
    """``GPSearch``, but it keeps the model that it asked last."""

    asked: GaussianProcess

    def _model(self, done: list[Trial]) -> tuple[GaussianProcess, float]:
        self.asked, best = super()._model(done)
        return self.asked, best


def worth_of(search: WatchedSearch, x: Any, told: int | None = None) -> Array:
    """The log EI of points in [0, 1], (m,), to the model a one-dimensional search fitted last.

    The model is built anew, from the told trials, or the first ``told`` of them, with the
    hyper-parameters that the search found, and the values as the search had straightened them,
    which must be in the order of those told.
    """
    trials = [t for t in search.trials if t.state == COMPLETE][: len(search.asked.y)]
    y, values = search.asked.y[:told], np.array([t.value for t in trials])
    seen = np.array([list(t.params.values()) for t in trials])[:told]
    if (np.diff(search.asked.y[np.argsort(values)]) < 0).any():
        checks.fail("search", "one whose model has the values in their order", search.asked.y)
    gp = GaussianProcess(search.asked.kernel, search.asked.noise).fit(seen, y)
    mean, std = gp.predict(np.asarray(x, float)[:, None])
    return log_expected_improvement(mean, np.maximum(std, 1e-9), gp.predict(seen)[0].min())


def density(points: Any, u: Array) -> Array:
    """The Parzen density of some points in [0, 1] at others, with the prior's bump: (m,)."""
    mu = np.asarray(points, float)[:, None]
    centers, widths, weights = parzen.with_prior(mu, parzen.bandwidths(mu))
    return np.exp(parzen.log_mixture(parzen.log_bumps(u[:, None], centers, widths), weights))


def integrated_ei(good: Array, bad: Array, cut: float, nodes: int = 80) -> Array:
    r"""Expected improvement over ``cut`` where y is standard normal and p(x|y) has two densities.

    .. math:: \int_{-\infty}^{y^\star} (y^\star - y)\, \frac{p(x|y)\, p(y)}{p(x)}\, dy, \qquad
              p(x) = \int p(x|y)\, p(y)\, dy

    Both are sums over y, p(x|y) looked up anew at each: Gauss and Legendre's rule on either side of
    the cut.

    Parameters
    ----------
    good, bad : p(x|y) below and above the cut, at some x, (m,)
    """
    t, w = np.polynomial.legendre.leggauss(nodes)
    y = np.concatenate([t * (cut + 10) + cut - 10, t * (10 - cut) + 10 + cut]) / 2
    p_y = np.exp(-(y**2) / 2) * np.concatenate([w * (cut + 10), w * (10 - cut)])
    p_y = p_y / math.sqrt(8 * math.pi)
    joint = np.where(y < cut, good[:, None], bad[:, None]) * p_y
    p_x = joint.sum(1)
    return (np.maximum(cut - y, 0.0) * joint / p_x[:, None]).sum(1)


def integrated_log_ei(a: Array) -> Array:
    r"""Log of the expected improvement of a standard normal guess, a deviations above the best.

    .. math:: \log \phi(a) + \log \frac{1}{a^2} \int_0^\infty s\, e^{-s - s^2 / (2 a^2)}\, ds

    By Gauss and Legendre's rule; nothing in it underflows.

    Parameters
    ----------
    a : (m,), above about 5
    """
    s, w = np.polynomial.legendre.leggauss(400)
    s, w = 30 * (s + 1), 30 * w
    tail = (w * s * np.exp(-s - (s / a[:, None]) ** 2 / 2)).sum(1)
    return np.log(tail / a**2) - a**2 / 2 - math.log(2 * math.pi) / 2


def tune_together(
    searches: Sequence[Search], tasks: Sequence[Task], n: int, *, test: Any, updates: int
) -> tuple[Array, Array]:
    """Each search tunes the network of its own task, n trials, all searches side by side.

    Told is the loss on the task's held images; a network that diverged is a failed trial.

    Returns
    -------
    held losses and errors on new images, (searches, n) each
    """
    losses, errors = [], []
    for _ in range(n):
        trials = [search.ask() for search in searches]
        seen = train_all([t.params for t in trials], tasks, test=test, looks=[updates])
        for search, trial, loss in zip(searches, trials, seen.val_loss[:, 0], strict=True):
            search.tell(trial, float(loss))
        losses.append(seen.val_loss[:, 0])
        errors.append(seen.test_error[:, 0])
    return np.array(losses).T, np.array(errors).T


def tune_planned(
    asked: Sequence[Sequence[Any]], tasks: Sequence[Task], *, test: Any, updates: int
) -> tuple[Array, Array]:
    """What ``tune_together`` gives for trials that no value changes: all are trained at once.

    Parameters
    ----------
    asked : configurations, as many for each task
    """
    configs = [config for trials in asked for config in trials]
    owners = [task for task, trials in zip(tasks, asked, strict=True) for _ in trials]
    seen = train_all(configs, owners, test=test, looks=[updates])
    shape = len(tasks), -1
    return seen.val_loss.reshape(shape), seen.test_error.reshape(shape)
