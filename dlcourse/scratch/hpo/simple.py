"""Searches that learn nothing from their trials: a grid, and independent draws."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.scratch.hpo.search import Exhausted, Search
from dlcourse.scratch.hpo.space import Categorical, Float, Int, Space, from_unit


class RandomSearch(Search):
    """Draw every trial anew, each parameter from its own distribution.

    Notes
    -----
    Of n trials one lies among the best share q of all with chance 1 - (1 - q)ⁿ: 60 trials find the
    best 5 % with chance 0.95, in any number of dimensions.

    Examples
    --------
    >>> search = RandomSearch({"x": Float(0, 1)}, np.random.default_rng(0))
    >>> round(search.ask().params["x"], 3), search.ask().number
    (0.637, 1)

    References
    ----------
    Bergstra and Bengio (2012).
    """

    def __init__(self, space: Space, rng: np.random.Generator) -> None:
        super().__init__(space, checks.generator("rng", rng))

    def suggest(self) -> dict[str, Any]:
        """One draw; as many numbers are used up whatever is active."""
        assert self.rng is not None  # for mypy: __init__ saw to it
        return from_unit(self.parameters, self.rng.random(len(self.parameters)))


class GridSearch(Search):
    r"""Try every combination of a few values of each parameter, the last one changing fastest.

    Parameters
    ----------
    points : int >= 1, the number of values of each parameter that has more, from low to high at
        equal distances on its scale; or {name: int} for some, the others at their own

    Notes
    -----
    :math:`\prod_i k_i` trials: 3 values of 12 parameters are 531,441. What stands under a choice is
    combined only there. A parameter with a step, or a whole one, never has more values than it has;
    one with a distribution has the middles of equal shares of it.

    Examples
    --------
    >>> search = GridSearch({"lr": Float(0.01, 1, log=True), "opt": Categorical(["a", "b"])}, 3)
    >>> search.size, [tuple(search.ask().params.values()) for _ in range(3)]
    (6, [(0.01, 'a'), (0.01, 'b'), (0.1, 'a')])
    """

    def __init__(self, space: Space, points: int | Mapping[str, int] = 5) -> None:
        super().__init__(space, None)
        named = points if isinstance(points, Mapping) else {}
        for name, k in named.items():
            checks.choice("points", name, [p.name for p in self.parameters])
            checks.integer(f"points[{name!r}]", k, 1)
        usual = 5 if isinstance(points, Mapping) else checks.integer("points", points, 1)
        self._values = {p.name: grid(p.domain, named.get(p.name, usual)) for p in self.parameters}
        self.size = self._count(self.space)
        self._points = self._combine(self.space)
        self._drawn = 0

    def suggest(self) -> dict[str, Any]:
        """The combination at the place of the next trial's number."""
        if len(self.trials) >= self.size:
            constraint = f"called at most {self.size} times, once a combination of the grid"
            checks.fail("ask", constraint, len(self.trials) + 1, error=Exhausted)
        if self._drawn > len(self.trials):
            self._points, self._drawn = self._combine(self.space), 0
        skipped = len(self.trials) - self._drawn
        self._drawn = len(self.trials) + 1
        return next(itertools.islice(self._points, skipped, None))

    def signature(self) -> str:
        """The values are part of it: trial 7 is another one on another grid."""
        return f"GridSearch({list(self._values.values())})"

    def _count(self, space: Space) -> int:
        sizes = (
            sum(map(self._count, d.spaces)) if isinstance(d, Categorical) else len(self._values[n])
            for n, d in space.items()
        )
        return math.prod(sizes)

    def _combine(self, space: Space) -> Iterator[dict[str, Any]]:
        if not space:
            yield {}
            return
        (name, domain), *rest = space.items()
        for value in self._values[name]:
            below = (
                domain.spaces[domain.choices.index(value)]
                if isinstance(domain, Categorical)
                else {}
            )
            for inner in self._combine(below):
                for others in self._combine(dict(rest)):
                    yield {name: value, **inner, **others}


def grid(domain: Float | Int | Categorical, points: int) -> list[Any]:
    """Up to ``points`` values of a parameter, both ends among them; all choices of a category.

    Examples
    --------
    >>> grid(Float(0, 1), 3), grid(Int(1, 100, log=True), 3), grid(Int(1, 2), 5)
    ([0.0, 0.5, 1.0], [1, 10, 100], [1, 2])
    """
    if isinstance(domain, Categorical):
        return list(domain.choices)
    if isinstance(domain, Int) or domain.step is not None:
        return _whole_grid(domain, points)
    if domain.distribution is not None or points == 1:
        return [domain.quantile((k + 0.5) / points) for k in range(points)]
    space = np.geomspace if domain.log else np.linspace
    return list(dict.fromkeys(space(domain.low, domain.high, points).tolist()))


def _whole_grid(domain: Float | Int, points: int) -> list[Any]:
    """Of a parameter that has a grid of its own: all of it, or a part."""
    n = int(domain.size)
    if points == 1 and n > 1:
        return [domain.quantile(0.5)]
    if domain.log and points < n:
        return sorted(
            set(np.geomspace(domain.low, domain.high, points).round().astype(int).tolist())
        )
    places = np.linspace(0, n - 1, min(points, n)).round().astype(int)
    step = domain.step or 1
    if isinstance(domain, Int):
        return [domain.low + step * int(k) for k in places]
    return [domain.quantile((k + 0.5) / n) for k in places]
