"""Halving with a whistle and halving without one, on the same workers of unlike speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.problems.learning_curves import END, PROBLEMS, SPACE, regret
from dlcourse.scratch.hpo import ASHA, RandomSearch, Timeline, Trial, rungs
from dlcourse.scratch.hpo.asha import RungQueue
from dlcourse.scratch.hpo.workers import simulate, simulate_halving


class Race(NamedTuple):
    """Both on the same workers: successive halving first, ASHA second.

    Attributes
    ----------
    lines : one lap of halving; ASHA to the end of the last lap
    regrets : of both at the end of the last lap
    """

    lines: tuple[Timeline, Timeline]
    regrets: tuple[float, float]

    @property
    def busy(self) -> tuple[float, float]:
        """The share of the workers' time that was used."""
        return self.lines[0].busy, self.lines[1].busy

    @property
    def first(self) -> tuple[float, float]:
        """Seconds until something had been trained to the end."""
        return self.lines[0].incumbent(END)[0][0], self.lines[1].incumbent(END)[0][0]


def speeds_of(seed: int, workers: int, spread: float) -> Array:
    """Units of resource a second: log-normal, with a mean of 1.

    Parameters
    ----------
    spread : the standard deviation of the logarithm; 0 for equal workers

    Examples
    --------
    >>> speeds_of(0, 3, 0.0)
    array([1., 1., 1.])
    """
    drawn = np.exp(spread * np.random.default_rng([seed, 3]).normal(size=workers))
    return np.asarray(drawn / drawn.mean())


def race(
    problem: str, seed: int, speeds: Sequence[float], best: float, laps: int = 3, n: int = 81
) -> Race:
    """Halving of n configurations, by thirds, lap after lap; and ASHA for as many seconds.

    Parameters
    ----------
    problem : a key of ``learning_curves.PROBLEMS``
    speeds : of each worker
    best : ``lowest(problem)``

    Notes
    -----
    Both draw from the same generator: the first configurations are the same. What ASHA has not
    ended when the last lap ends does not count.
    """
    curve = PROBLEMS[problem]
    searches = [RandomSearch(SPACE, np.random.default_rng([seed, 4])) for _ in range(2)]
    lap = [simulate_halving(curve, searches[0], rungs(n, 1, 3, END), speeds) for _ in range(laps)]
    scheduler = ASHA(searches[1], 100 * n * laps, 1, END, 3)
    going = simulate(curve, scheduler, speeds, until=sum(line.seconds for line in lap))
    regrets = [regret(problem, search.trials, best) for search in searches]
    return Race((lap[0], going), (regrets[0], regrets[1]))


def wrongly_promoted(n: int, seed: int, eta: int = 3) -> float:
    """Of those whom ASHA sent on from a rung of n, the share that is not among its best n / η.

    Values are drawn evenly and come one by one, as from one worker; the second rung is the last.

    Examples
    --------
    >>> 0 <= wrongly_promoted(27, 0) < 1
    True
    """
    count = checks.integer("n", n, eta)
    values = np.random.default_rng([seed, 5]).random(count)
    rung, sent = RungQueue(), np.zeros(count, bool)
    for number, value in enumerate(values):
        rung.add(float(value), number)
        while (promoted := rung.pop(eta)) is not None:
            sent[promoted] = True
    good = values <= np.sort(values)[count // eta - 1]
    return float((sent & ~good).sum() / sent.sum())


def passed_over(trials: Sequence[Trial]) -> tuple[int, int]:
    """Pairs in which the one trained further was the worse at the last look that both had.

    Returns
    -------
    Their number, and the number of all pairs of which one was trained further and that have a look
    in common

    Examples
    --------
    >>> trials = [Trial(0, {}), Trial(1, {}), Trial(2, {})]
    >>> for trial, seen in zip(trials, ({1: 0.5, 3: 0.2}, {1: 0.4}, {1: 0.6}), strict=True):
    ...     trial.intermediate.update(seen)
    >>> passed_over(trials)
    (1, 2)
    """
    seen = [trial.intermediate for trial in trials if trial.intermediate]
    pairs = [(a[last], b[last]) for b in seen for a in seen
             if max(a) > (last := max(b)) and last in a]  # fmt: skip
    return sum(further > stopped for further, stopped in pairs), len(pairs)
