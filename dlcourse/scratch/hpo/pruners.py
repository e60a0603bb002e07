"""Which running trials to stop, by what they report on the way: median, halving, Hyperband."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence

from dlcourse import checks
from dlcourse.scratch.hpo.hyperband import brackets
from dlcourse.scratch.hpo.search import COMPLETE, RUNNING, Trial


class ReportPruner:
    """Asked after every report: should this trial stop? It remembers what it was shown.

    ``stop(trial, resource)`` looks at ``trial.intermediate[resource]``, which has just been
    written. ``minimize(..., pruner=)`` calls the object itself, with all trials of the search: what
    a journal brought back was shown to another process, and is made up for.
    """

    def __init__(self) -> None:
        self.shown: set[int] = set()
        self.caught_up = 0

    def stop(self, trial: Trial, resource: float) -> bool:
        """Whether to stop; to be asked once for every report."""
        raise TypeError(f"stop must be written by the subclass {type(self).__name__}.")

    def __call__(self, trial: Trial, trials: Sequence[Trial] = ()) -> bool:
        if len(trials) > self.caught_up:
            for other in trials[self.caught_up :]:
                if other.state != RUNNING and other.number not in self.shown:
                    self.replay(other)
            self.caught_up = len(trials)
        return self.stop(trial, next(reversed(trial.intermediate)))

    def replay(self, trial: Trial) -> None:
        """Make up for a trial that is over and was never shown."""
        for resource in trial.intermediate:
            if self.stop(trial, resource):
                break


class MedianPruner(ReportPruner):
    """Stop a trial whose best value so far is worse than the median of the others at that point.

    Parameters
    ----------
    n_startup : int >= 0, complete trials before the first is stopped
    n_warmup : >= 0, the resource before which none is stopped

    Notes
    -----
    As ``optuna.pruners.MedianPruner``: only complete trials are compared with, and only those that
    reported at this very resource; NaN is left out of the median, a trial of NaN alone stops.
    Those that were stopped are missing in the median, so that it gets stricter. An infinite value
    is one like others; Optuna's percentile is NaN beside it, and stops nobody.

    Examples
    --------
    >>> pruner = MedianPruner(n_startup=2)
    >>> for number, value in enumerate([1.0, 3.0]):
    ...     trial = Trial(number, {}, intermediate={5: value})
    ...     stopped, trial.state = pruner.stop(trial, 5), "complete"
    >>> [pruner.stop(Trial(n, {}, intermediate={5: v}), 5) for n, v in ((2, 2.0), (3, 2.5))]
    [False, True]

    References
    ----------
    Golovin et al. (2017), section 3.2.1, with running averages in the place of values.
    """

    def __init__(self, n_startup: int = 5, n_warmup: float = 0) -> None:
        super().__init__()
        self.n_startup = checks.integer("n_startup", n_startup, 0)
        self.n_warmup = checks.scalar("n_warmup", n_warmup)
        self.complete = 0
        self.values: dict[float, list[float]] = {}
        self.running: dict[int, Trial] = {}
        self.best: dict[int, float] = {}

    def stop(self, trial: Trial, resource: float) -> bool:
        number, value = trial.number, trial.intermediate[resource]
        self.shown.add(number)
        best = self.best.get(number, math.nan)
        if not best <= value:  # also where one of them is NaN
            self.best[number] = best = value if value == value else best
        self.running[number] = trial
        if len(self.running) > 1:
            self.collect()
        if self.complete < max(self.n_startup, 1) or resource < self.n_warmup:
            return False
        if best != best:
            return True
        values = self.values.get(resource)
        if not values:
            return False
        k = len(values)
        return best > (values[(k - 1) // 2] + values[k // 2]) / 2

    def collect(self) -> None:
        """Take in what the trials that have ended since reported."""
        for number in [n for n, t in self.running.items() if t.state != RUNNING]:
            trial = self.running.pop(number)
            self.best.pop(number)
            if trial.state != COMPLETE:
                continue
            self.complete += 1
            for resource, value in trial.intermediate.items():
                if value == value:
                    insort(self.values.setdefault(resource, []), value)

    def replay(self, trial: Trial) -> None:
        if trial.state == COMPLETE and trial.intermediate:
            self.running[trial.number], self.best[trial.number] = trial, math.nan
        self.shown.add(trial.number)


class SuccessiveHalvingPruner(ReportPruner):
    r"""Stop a trial that is not among the best 1/η of those that came as far: asynchronous halving.

    .. math:: \text{go on at } r_k = r\, η^{s+k} \iff
        v \le v_{(\max(\lfloor m / η \rfloor, 1))}, \quad m \text{ values at rung } k, \text{ v too}

    Parameters
    ----------
    min_resource : r, int >= 1
    reduction_factor : η, int >= 2
    min_early_stopping_rate : s, int >= 0: the first rung is at r ηˢ
    bootstrap_count : int >= 0, values that must lie in a rung before any trial passes it

    Notes
    -----
    As ``optuna.pruners.SuccessiveHalvingPruner``. Nothing waits and nothing is resumed: the first
    η - 1 at a rung go on where they are the best so far, as nobody is there to compare with. A
    report counts for every rung that its resource has reached. NaN stops.

    Examples
    --------
    >>> pruner = SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    >>> values = [0.5, 0.7, 0.4, 0.6]
    >>> [pruner.stop(Trial(n, {}, intermediate={1: v}), 1) for n, v in enumerate(values)]
    [False, True, False, True]

    References
    ----------
    Li et al. (2020), algorithm 2, with the decision taken when a value comes in.
    """

    def __init__(
        self,
        min_resource: int = 1,
        reduction_factor: int = 4,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
    ) -> None:
        super().__init__()
        self.eta = checks.integer("reduction_factor", reduction_factor, 2)
        rate = checks.integer("min_early_stopping_rate", min_early_stopping_rate, 0)
        self.first = checks.integer("min_resource", min_resource, 1) * self.eta**rate
        self.bootstrap = checks.integer("bootstrap_count", bootstrap_count, 0)
        self.rungs: list[list[float]] = []
        self.place: dict[int, tuple[int, int]] = {}

    def stop(self, trial: Trial, resource: float) -> bool:
        number = trial.number
        rung, due = self.place.get(number) or (0, self.first)
        if resource < due:
            return False
        self.shown.add(number)
        value = trial.intermediate[resource]
        while resource >= due:
            if value != value:
                return True
            if rung == len(self.rungs):
                self.rungs.append([])
            values = self.rungs[rung]
            insort(values, value)
            rung, due = rung + 1, due * self.eta
            self.place[number] = rung, due
            m = len(values)
            if m <= self.bootstrap or value > values[max(m // self.eta, 1) - 1]:
                return True
        return False


class HyperbandPruner(ReportPruner):
    """Several ``SuccessiveHalvingPruner``, one a bracket, each with its share of the trials.

    Parameters
    ----------
    min_resource, max_resource : r and R, int >= 1
    reduction_factor : η, int >= 2
    bootstrap_count : as of ``SuccessiveHalvingPruner``

    Notes
    -----
    Brackets and shares are those of ``optuna.pruners.HyperbandPruner``: bracket 0 is the hastiest.
    Optuna deals trials out by a hash of their number, here they go round: of the first trials, and
    of any as many later ones, every bracket has exactly its share.

    Examples
    --------
    >>> pruner = HyperbandPruner(max_resource=9)
    >>> pruner.shares, [pruner.bracket(number) for number in range(17)]
    ([9, 5, 3], [0, 1, 0, 2, 0, 1, 0, 0, 1, 2, 0, 1, 0, 0, 2, 1, 0])

    References
    ----------
    Li et al. (2018), algorithm 1.
    """

    def __init__(
        self,
        min_resource: int = 1,
        max_resource: int = 81,
        reduction_factor: int = 3,
        bootstrap_count: int = 0,
    ) -> None:
        super().__init__()
        least = checks.integer("min_resource", min_resource, 1)
        most = checks.integer("max_resource", max_resource, least)
        table = brackets(most // least, reduction_factor)
        self.shares = [bracket[0].n for bracket in table]
        self.order = dealt(self.shares)
        eta = reduction_factor
        self.pruners = [
            SuccessiveHalvingPruner(least, eta, rate, bootstrap_count) for rate in range(len(table))
        ]

    def bracket(self, number: int) -> int:
        """Which bracket the trial of this number belongs to."""
        return self.order[number % len(self.order)]

    def stop(self, trial: Trial, resource: float) -> bool:
        self.shown.add(trial.number)
        return self.pruners[self.bracket(trial.number)].stop(trial, resource)


def dealt(shares: Sequence[int]) -> list[int]:
    """Deal out sum(shares) numbers so that everybody gets his share, as evenly as can be.

    >>> dealt([4, 2])
    [0, 1, 0, 0, 1, 0]
    """
    middles = [((k + 0.5) / share, i) for i, share in enumerate(shares) for k in range(share)]
    return [i for _, i in sorted(middles)]
