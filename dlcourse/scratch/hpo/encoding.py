"""A space as a surrogate sees it: numbers in [0, 1], indicators for choices, nothing inactive."""

from __future__ import annotations

import math

import numpy as np

from dlcourse.arrays import Array
from dlcourse.scratch.hpo.domains import Float, Int
from dlcourse.scratch.hpo.space import Categorical, Parameter

INACTIVE = 0.5


class Encoding:
    r"""From points of the unit cube to the features a kernel measures distances between.

    Every Float and Int is one column, in the scale it is drawn in: a log scale is warped already.
    A Categorical of k choices is k columns, 1/√2 at the choice and 0 elsewhere, so that any two
    choices are at distance 1. What a choice leaves inactive stands at 1/2, or at 0 for a choice:
    two configurations that do not have a parameter are not told apart by it.

    Examples
    --------
    >>> from dlcourse.scratch.hpo.space import parameters
    >>> opt = Categorical({"sgd": {"momentum": Float(0, 1)}, "adam": None})
    >>> code = Encoding(parameters({"opt": opt, "n": Int(1, 2)}))
    >>> code.features(code.snap(np.array([[0.1, 0.7, 0.4], [0.8, 0.7, 0.9]]))).round(2)
    array([[0.71, 0.  , 0.7 , 0.25],
           [0.  , 0.71, 0.5 , 0.75]])
    """

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        self.parameters = parameters
        domains = [p.domain for p in parameters]
        names = [p.name for p in parameters]
        self.numeric = np.array([not isinstance(d, Categorical) for d in domains])
        self.sizes = np.array([_cells(d) for d in domains])
        self.logs = [(j, d) for j, d in enumerate(domains) if isinstance(d, Int) and d.log]
        self.smooth = self.numeric & (np.isinf(self.sizes) | (self.sizes > 8))
        """Columns a climber may move along; the others it takes as they are."""
        self.continuous = bool(np.isinf(self.sizes).all()) and not self.logs
        self.parents = [
            (j, names.index(p.parent), domains[names.index(p.parent)].rank(p.choice))
            for j, p in enumerate(parameters)
            if p.parent is not None
        ]
        widths = [1 if n else int(d.size) for n, d in zip(self.numeric, domains, strict=True)]
        self.starts = np.concatenate([[0], np.cumsum(widths)[:-1]]).astype(int)
        self.width = sum(widths)

    def snap(self, U: Array) -> Array:
        """To the middle of the share of the value that each point of the cube stands for."""
        if self.continuous:
            return U
        with np.errstate(invalid="ignore"):  # inf / inf, where nothing is snapped
            cells = (np.floor(U * self.sizes) + 0.5) / self.sizes
        found = np.where(np.isinf(self.sizes), U, np.minimum(cells, 1 - 0.5 / self.sizes))
        for j, d in self.logs:
            below, until = math.log(d.low - 0.5), math.log(d.high + 0.5)
            k = np.floor(np.exp(below + U[:, j] * (until - below)) + 0.5)
            found[:, j] = (np.log(np.clip(k, d.low, d.high)) - below) / (until - below)
        return found

    def active(self, U: Array) -> Array:
        """Which parameters count at each snapped point: bools (n, parameters)."""
        found = np.ones(U.shape, bool)
        for j, parent, rank in self.parents:  # depth-first: a parent stands before its children
            found[:, j] = found[:, parent] & (abs(U[:, parent] - rank) < 1e-9)
        return found

    def features(self, U: Array) -> Array:
        """The columns of snapped points, (n, width); NaN in an inactive column is not looked at."""
        on = self.active(U)
        found = np.zeros((len(U), self.width))
        found[:, self.starts[self.numeric]] = np.where(on, U, INACTIVE)[:, self.numeric]
        rows = np.arange(len(U))
        for j in np.flatnonzero(~self.numeric):
            index = (np.where(on[:, j], U[:, j], 0.0) * self.sizes[j]).astype(int)
            found[rows, self.starts[j] + index] = np.where(on[:, j], math.sqrt(0.5), 0.0)
        return found

    def movable(self, U: Array) -> Array:
        """Which features a climber may move at each snapped point: bools (n, width)."""
        found = np.zeros((len(U), self.width), bool)
        found[:, self.starts[self.smooth]] = self.active(U)[:, self.smooth]
        return found

    def moved(self, U: Array, X: Array) -> Array:
        """The snapped points whose movable features have become those of X."""
        found = U.copy()
        new = np.minimum(X[:, self.starts[self.smooth]], math.nextafter(1.0, 0.0))
        found[:, self.smooth] = np.where(self.active(U)[:, self.smooth], new, U[:, self.smooth])
        return self.snap(found)


def _cells(domain: Float | Int | Categorical) -> float:
    """How many values have equal shares; infinite on a continuous scale, and for a log Int."""
    return math.inf if isinstance(domain, Int) and domain.log else float(domain.size)
