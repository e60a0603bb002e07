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
    Matern52,
    Search,
    log_expected_improvement,
    parzen,
)
from dlcourse.scratch.hpo.gaussian_process import with_logs
from dlcourse.scratch.hpo.search import COMPLETE
from dlcourse.scratch.hpo.targets import targets

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


def worth_of(search: GPSearch, x: Any, told: int | None = None) -> Array:
    """The log EI of points in [0, 1], (m,), to the model a one-dimensional search fitted last.

    The model is built anew, from the told trials, or the first ``told`` of them, and the
    hyper-parameters that the search keeps.
    """
    done = [t for t in search.trials if t.state == COMPLETE][:told]
    seen = np.array([list(t.params.values()) for t in done])
    kernel, noise = with_logs(Matern52([1.0]), search.theta)
    y = targets(np.array([t.value for t in done]), search.power)
    gp = GaussianProcess(kernel, noise).fit(seen, y)
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

    Both integrals are done by Gauss and Legendre's rule, on either side of the cut.

    Parameters
    ----------
    good, bad : p(x|y) below and above the cut, at some x, (m,)
    """
    t, w = np.polynomial.legendre.leggauss(nodes)
    below, above = (t * (cut + 10) + cut - 10) / 2, (t * (10 - cut) + 10 + cut) / 2
    p_below = np.exp(-(below**2) / 2) * w * (cut + 10)
    p_above = np.exp(-(above**2) / 2) * w * (10 - cut)
    p_x = good * p_below.sum() + bad * p_above.sum()
    return good * (p_below @ (cut - below)) / p_x


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
