"""What a search sees of each dimension, and how near its best point comes to an unknown optimum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.problems.tuned_digits import Task, train_all
from dlcourse.scratch.hpo import Search, importances


def centers(values: int, dimensions: int) -> Array:
    """A grid over the unit cube, in the middles of equal cells: (values^dimensions, dimensions).

    Examples
    --------
    >>> centers(2, 2).tolist()
    [[0.25, 0.25], [0.25, 0.75], [0.75, 0.25], [0.75, 0.75]]
    """
    checks.integer("values", values, 1)
    checks.integer("dimensions", dimensions, 1)
    one = (np.arange(values) + 0.5) / values
    return np.stack(np.meshgrid(*[one] * dimensions, indexing="ij"), -1).reshape(-1, dimensions)


def regret(points: Array, optimum: Array, weights: npt.ArrayLike, worst: bool = False) -> Array:
    r"""What the best of the points is above the minimum of :math:`\sum_j w_j |x_j - c_j|`.

    Parameters
    ----------
    points : (n, k), or (runs, n, k)
    optimum : c, (runs, k)
    weights : w >= 0, (k,): how much each dimension matters
    worst : the largest term in place of the sum

    Returns
    -------
    (runs,)

    Examples
    --------
    >>> regret(centers(2, 2), np.array([[0.3, 0.5]]), [1, 0.1]).round(3)
    array([0.075])
    """
    away = np.asarray(weights) * np.abs(points - optimum[:, None])
    return (away.max(-1) if worst else away.sum(-1)).min(-1)


def mean_distance(n: int) -> float:
    """From a uniform optimum to the nearest of ``n`` uniform points of [0, 1), by integration.

    The nearest is further than t with chance (1 - s)^n, s the length of what lies within t of the
    optimum; Gauss and Legendre's rule is exact for the polynomials on either side of each kink.

    Examples
    --------
    >>> round(mean_distance(1), 6)
    0.333333
    """
    nodes, weights = np.polynomial.legendre.leggauss(n + 2)
    u, w = (nodes + 1) / 2, weights / 2
    c = u[:, None] / 2
    both = w * (1 - 2 * c * u) ** n * c
    one = w * (1 - c - (c + (1 - 2 * c) * u)) ** n * (1 - 2 * c)
    return float((w[:, None] * (both + one)).sum())


class Found(NamedTuple):
    """Errors of the chosen trial of each task, (tasks,); and of all on held images, as asked.

    ``seen`` is what it was chosen from, all trials' (val_loss, val_error, test_error): a part of
    the columns, given to ``chosen`` again, is a search that made only those trials.
    """

    test_error: Array
    val_error: Array
    tried: Array
    seen: tuple[Array, Array, Array]


def tried(
    asked: Sequence[Sequence[Mapping[str, float]]], tasks: Sequence[Task], *, test: Any,
    updates: int, batch_size: int = 20,
) -> Found:  # fmt: skip
    """Train the trials of every task on it, and choose one a task by its held images.

    Parameters
    ----------
    asked : configurations, as many for each task
    test : (x, y), new images
    updates : of each training
    """
    configs = [config for trials in asked for config in trials]
    owners = [task for task, trials in zip(tasks, asked, strict=True) for _ in trials]
    seen = train_all(configs, owners, test=test, looks=[updates], batch_size=batch_size)
    return chosen(*(part.reshape(len(tasks), -1) for part in seen[1:]))


def chosen(val_loss: Array, val_error: Array, test_error: Array) -> Found:
    """The trial of each row with the fewest mistakes on held images; of equals, the lowest loss.

    Examples
    --------
    >>> chosen(np.array([[3.0, 2, 1]]), np.array([[1, 1, 2]]), np.array([[5, 6, 7]])).test_error
    array([6])
    """
    best = np.lexsort((val_loss, val_error), axis=-1)[:, :1]
    test, val = (np.take_along_axis(part, best, -1)[:, 0] for part in (test_error, val_error))
    return Found(test, val, val_error, (val_loss, val_error, test_error))


def shares_of(searches: Sequence[Search], found: Found, seed: int) -> dict[str, Array]:
    """How much of the variance each parameter explains alone, (searches,) each, by fANOVA.

    Parameters
    ----------
    searches : random searches, asked for their trials and told nothing yet; they are told here
    found : of the same trials, in the same order; as many tasks or more
    seed : of the first search's forest; the next one's is larger by 1
    """
    shares = []
    for k, (search, errors) in enumerate(zip(searches, found.tried, strict=False)):
        for trial, error in zip(search.trials, errors, strict=True):
            search.tell(trial, error)
        shares.append(importances(search, np.random.default_rng(seed + k)))
    return {name: np.array([share[name] for share in shares]) for name in shares[0]}


def in_turn(losses: Array, row: int) -> int:
    """The row of a table where one stops who takes the best column, then the best row, and so on.

    Examples
    --------
    >>> table = np.array([[1.0, 5.0], [4.0, 2.0]])
    >>> in_turn(table, 0), in_turn(table, 1)
    (0, 1)
    """
    while (then := int(losses[:, losses[row].argmin()].argmin())) != row:
        row = then
    return row
