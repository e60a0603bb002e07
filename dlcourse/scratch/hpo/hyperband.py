"""Hyperband: successive halving at several degrees of haste, for nobody knows the right one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dlcourse import checks
from dlcourse.scratch.hpo.halving import Halving, Objective, Rung, checked_objective, halve
from dlcourse.scratch.hpo.search import Search, Trial
from dlcourse.scratch.hpo.simple import RandomSearch
from dlcourse.scratch.hpo.space import Space


def brackets(max_resource: int, reduction_factor: int = 3) -> list[list[Rung]]:
    r"""The table of Hyperband, one bracket of rungs after the other, the hastiest first.

    .. math::
        s_{\max} = \lfloor \log_η R \rfloor, \qquad
        n = \Bigl\lceil \frac{s_{\max} + 1}{s + 1}\, η^s \Bigr\rceil, \qquad
        n_i = \lfloor n\, η^{-i} \rfloor, \quad r_i = \lfloor R\, η^{i - s} \rfloor

    for s = s_max, …, 0 and i = 0, …, s.

    Notes
    -----
    In whole numbers: a logarithm of floats has :math:`\log_3 243 = 4.9999…`, and a bracket is lost.
    Where R is no power of η the paper's r_i has a fraction; it is rounded down, and the last rung
    of every bracket is at R. The code that its authors published rounds (s_max + 1) / (s + 1) down
    before it multiplies: with R = 81 that is 81, 27, 9, 6, 5 and here, as in the paper's formula,
    81, 34, 15, 8, 5.

    Examples
    --------
    >>> for bracket in brackets(9):
    ...     print([tuple(rung) for rung in bracket])
    [(9, 1), (3, 3), (1, 9)]
    [(5, 3), (1, 9)]
    [(3, 9)]

    References
    ----------
    Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar (2018), algorithm 1.
    """
    most = checks.integer("max_resource", max_resource, 1)
    eta, s_max = checks.integer("reduction_factor", reduction_factor, 2), 0
    while eta ** (s_max + 1) <= most:
        s_max += 1
    table = []
    for s in range(s_max, -1, -1):
        n = -(-(s_max + 1) * eta**s // (s + 1))  # rounded up
        table.append([Rung(n // eta**i, most // eta ** (s - i)) for i in range(s + 1)])
    return table


@dataclass(eq=False)
class Brackets:
    """What came of it: ``halvings``, one a bracket, and ``search``, which knows all trials."""

    halvings: list[Halving]
    search: Search

    @property
    def best(self) -> Trial:
        """The smallest value at the full resource; RuntimeError where all have failed."""
        return self.search.best

    @property
    def trials(self) -> list[Trial]:
        """All, bracket after bracket."""
        return self.search.trials

    @property
    def cost(self) -> int:
        """The resource spent where every survivor goes on from where it was."""
        return sum(one.cost for one in self.halvings)


class Hyperband:
    """Run every bracket of the table: many and hasty, fewer and patient, at about the same cost.

    Parameters
    ----------
    space, rng : as of ``RandomSearch``
    max_resource : R, int >= 1, what a configuration may use in all
    reduction_factor : η, int >= 2

    Notes
    -----
    Every bracket draws configurations of its own. The last is a random search at full resource: so
    that Hyperband is never worse than one by more than the number of brackets, at equal cost.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float
    >>> band = Hyperband({"x": Float(0, 1)}, np.random.default_rng(0), max_resource=81)
    >>> [bracket[0].n for bracket in band.brackets()], len(band.brackets()[0])
    ([81, 34, 15, 8, 5], 5)
    >>> found = band.run(lambda params, t: params["x"] + 1 / t)
    >>> len(found.trials), round(found.best.value, 2)
    (143, 0.02)

    References
    ----------
    Li et al. (2018), algorithm 1. Lesson: halving.
    """

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        max_resource: int,
        reduction_factor: int = 3,
    ) -> None:
        self.search = RandomSearch(space, rng)
        self.table = brackets(max_resource, reduction_factor)

    def brackets(self) -> list[list[Rung]]:
        """The table: ``brackets(max_resource, reduction_factor)``."""
        return [list(bracket) for bracket in self.table]

    def run(self, objective: Objective) -> Brackets:
        """One bracket after the other; ``objective`` as of ``successive_halving``.

        An object that trains side by side is started anew for each bracket.
        """
        checked_objective(objective)
        return Brackets([halve(objective, self.search, table) for table in self.table], self.search)
