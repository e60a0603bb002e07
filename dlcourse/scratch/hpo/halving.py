"""Successive halving: many start, the better part goes on, with more resource for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.scratch.hpo.search import COMPLETE, FAILED, Search, Trial
from dlcourse.scratch.hpo.simple import RandomSearch
from dlcourse.scratch.hpo.space import Space


class Rung(NamedTuple):
    """How many configurations are trained, and up to which resource."""

    n: int
    resource: int


def rungs(
    n_configs: int,
    min_resource: int,
    reduction_factor: int,
    max_resource: int | None = None,
) -> list[Rung]:
    r"""The table of successive halving: how many are left, and how far each of them is trained.

    .. math:: n_i = \lfloor n\, η^{-i} \rfloor \ge 1, \qquad r_i = r\, η^i \le R

    Parameters
    ----------
    n_configs : n, int >= 1
    min_resource : r, int >= 1, in the unit of your choice: epochs, images, folds
    reduction_factor : η, int >= 2
    max_resource : R, int >= r; None: as long as one is left

    Notes
    -----
    The resource is a total, not what is added: with what was trained before a configuration costs
    the difference. Whole numbers alone, so that no logarithm can round a rung away.

    Examples
    --------
    >>> [tuple(rung) for rung in rungs(9, 1, 3)]
    [(9, 1), (3, 3), (1, 9)]
    >>> [tuple(rung) for rung in rungs(20, 2, 3, max_resource=17)]
    [(20, 2), (6, 6)]

    References
    ----------
    Jamieson and Talwalkar (2016), figure 3; Li et al. (2020), algorithm 1.
    """
    n = checks.integer("n_configs", n_configs, 1)
    r = checks.integer("min_resource", min_resource, 1)
    eta = checks.integer("reduction_factor", reduction_factor, 2)
    most = math.inf
    if max_resource is not None:
        most = checks.integer("max_resource", max_resource, r)
    table = []
    while n >= 1 and r <= most:
        table.append(Rung(n, r))
        n, r = n // eta, r * eta
    return table


def survivors(values: npt.ArrayLike, n: int) -> list[int]:
    """Who goes on: the places of the ``n`` smallest values, best first, a tie to the earlier.

    What is not finite has failed and never goes on, so that there may be fewer than ``n``.

    >>> survivors([3.0, 1.0, float("nan"), 1.0, 2.0], 3)
    [1, 3, 4]
    >>> survivors([float("nan"), 5.0], 2)
    [1]
    """
    found = np.asarray(values, float)
    order = np.argsort(found, kind="stable")
    return [int(i) for i in order if np.isfinite(found[i])][:n]


@runtime_checkable
class SideBySide(Protocol):
    """An objective that trains all survivors of a rung at once, and goes on from where they are."""

    def start(self, configs: Sequence[dict[str, Any]]) -> None:
        """Make one run for each configuration."""

    def train(self, survivors: Sequence[int], resource: int) -> npt.ArrayLike:
        """Train these, by their place in ``configs``, up to a total of ``resource``; their values.

        Who is missing in a call never comes back.
        """


Objective = Callable[[dict[str, Any], int], float] | SideBySide


class Played(NamedTuple):
    """One rung as it went: who was trained up to ``resource``, their values, who goes on."""

    resource: int
    numbers: list[int]
    values: list[float]
    kept: list[int]


@dataclass(eq=False)
class Halving:
    """What came of it.

    Attributes
    ----------
    trials : all, by number; state "complete" on the last rung, "pruned" or "failed" on the way
    history : one ``Played`` a rung
    search : which drew the configurations
    """

    trials: list[Trial]
    history: list[Played]
    search: Search

    @property
    def best(self) -> Trial:
        """The smallest value of the last rung; RuntimeError where all have failed."""
        complete = [t for t in self.trials if t.state == COMPLETE]
        if not complete:
            failed = [t.error for t in self.trials if t.state == FAILED]
            fix = f"The first error: {failed[0]}" if failed else ""
            wanted = "asked for where a trial is complete"
            checks.fail("best", wanted, f"{len(failed)} failed", fix, RuntimeError)
        return min(complete, key=lambda t: (t.value, t.number))

    @property
    def cost(self) -> int:
        """The resource spent where every survivor goes on from where it was."""
        done = [0, *(rung.resource for rung in self.history)]
        return sum(
            len(rung.numbers) * (rung.resource - before)
            for rung, before in zip(self.history, done, strict=False)
        )


def successive_halving(
    objective: Objective,
    space: Space,
    rng: np.random.Generator,
    n_configs: int,
    min_resource: int,
    reduction_factor: int = 2,
    max_resource: int | None = None,
) -> Halving:
    """Draw many configurations, train all a little, the better part further, and so on.

    Parameters
    ----------
    objective : function (params, resource) of the value after that much training *in all*; or an
        object with ``start`` and ``train``, see ``SideBySide``, whose survivors train together
    space, rng : as of ``RandomSearch``
    n_configs, min_resource, reduction_factor, max_resource : n, r, η, R as of ``rungs``

    Notes
    -----
    A function that raises, or returns NaN, has failed: the trial says so and is out. What an object
    raises in ``train`` is not caught, for it concerns all. Values of one rung alone are compared:
    who is out has a value at less resource, which is no worse for that.

    Examples
    --------
    Curves that fall to x and never cross, so that early values rank as late ones do:

    >>> from dlcourse.scratch.hpo import Float
    >>> curve = lambda params, t: params["x"] + 1 / t
    >>> found = successive_halving(curve, {"x": Float(0, 1)}, np.random.default_rng(0), 8, 1)
    >>> [(len(rung.numbers), rung.resource) for rung in found.history], found.cost
    ([(8, 1), (4, 2), (2, 4), (1, 8)], 20)
    >>> found.best.params["x"] == min(trial.params["x"] for trial in found.trials)
    True

    References
    ----------
    Jamieson and Talwalkar (2016), figure 3. Lesson: halving.
    """
    table = rungs(n_configs, min_resource, reduction_factor, max_resource)
    checked_objective(objective)
    return halve(objective, RandomSearch(space, rng), table)


def checked_objective(objective: Any) -> None:
    """A function of (params, resource), or an object that trains side by side."""
    if not callable(objective) and not isinstance(objective, SideBySide):
        kinds = "a function (params, resource), or an object with start and train"
        checks.fail("objective", kinds, objective, error=TypeError)


def halve(objective: Objective, search: Search, table: Sequence[Rung]) -> Halving:
    """One bracket: as many trials as its first rung has are asked for, and told what they came to.

    ``search`` may be any: asked for all before the first is told.
    """
    trials = [search.ask() for _ in range(table[0].n)]
    together = objective if isinstance(objective, SideBySide) else OneByOne(objective)
    together.start([dict(trial.params) for trial in trials])
    alive, history = list(range(len(trials))), []
    for rung, following in zip(table, [*table[1:], None], strict=True):
        if not alive:
            break
        values = checked_values(together.train(alive, rung.resource), len(alive))
        kept = survivors(values, len(alive) if following is None else following.n)
        going = sorted(alive[i] for i in kept)
        for place, value in zip(alive, values, strict=True):
            trials[place].intermediate[rung.resource] = value
            if following is None or place not in going:
                error = together.errors.get(place) if isinstance(together, OneByOne) else None
                search.tell(trials[place], value, error=error, pruned=following is not None)
        numbers = [[trials[i].number for i in places] for places in (alive, going)]
        history.append(Played(rung.resource, numbers[0], values, numbers[1]))
        alive = going
    return Halving(trials, history, search)


def checked_values(given: Any, n: int) -> list[float]:
    """One number for each of those that were trained."""
    values = np.asarray(given)
    if values.dtype.kind not in "iuf":
        checks.fail("values", "numbers, one a survivor", given, error=TypeError)
    if values.shape != (n,):
        checks.fail("values", f"shaped ({n},), one a survivor", values)
    return [float(v) for v in values]


class OneByOne:
    """A function of (params, resource) in the place of an object that trains many."""

    def __init__(self, function: Callable[[dict[str, Any], int], float]) -> None:
        self.function = function
        self.configs: list[dict[str, Any]] = []
        self.errors: dict[int, Exception] = {}

    def start(self, configs: Sequence[dict[str, Any]]) -> None:
        """Keep them."""
        self.configs, self.errors = list(configs), {}

    def train(self, survivors: Sequence[int], resource: int) -> list[float]:
        """One after the other; NaN where one raises."""
        values = []
        for place in survivors:
            try:
                values.append(float(self.function(dict(self.configs[place]), resource)))
            except Exception as error:  # whatever it was, the others go on
                self.errors[place] = error
                values.append(math.nan)
        return values
