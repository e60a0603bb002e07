"""Layers that draw while they train: a generator for each run."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar

from dlcourse import checks
from dlcourse.arrays import Array, Generators, own_generators
from dlcourse.scratch.layers.base import Layer


class Drawing(Layer):
    """A layer with chance in it.

    Parameters
    ----------
    rng : Generator, or one for each run; the layer draws with children of them, so that weights and
        batches, which are drawn with the parents, are the same without it
    runs : None, or the number of runs

    Attributes
    ----------
    generators : one a run; parts of a model (``rows``) go on with the same ones, so that a run
        draws the same alone, among many, and in blocks
    """

    per_run: ClassVar[tuple[str, ...]] = ()
    """Attributes that may be arrays (runs, ...), one entry a run."""

    def __init__(self, rng: Generators, runs: int | None) -> None:
        super().__init__()
        self.runs, self.generators = runs, own_generators(rng, runs)

    @property
    def holds_runs(self) -> bool:
        return True

    def take(self, runs: slice | int) -> None:
        some = self.generators[runs]
        self.generators = some if isinstance(some, list) else [some]
        self.runs = len(some) if isinstance(some, list) else None
        for name in self.per_run:
            value: Any = getattr(self, name)
            if getattr(value, "ndim", 0):
                setattr(self, name, value[runs] if isinstance(runs, slice) else float(value[runs]))

    def spread(self, runs: int) -> None:
        self.generators = [copy.deepcopy(self.generators[0]) for _ in range(runs)]
        self.runs = runs

    def bind(self, theta: Array, grad: Array, buffers: Mapping[str, Array] | None = None) -> None:
        runs = len(theta) if theta.ndim > 1 else None
        if runs != self.runs:
            fix = "Use rows(runs) or repeat(runs), which take the generators along."
            checks.fail("runs", f"{self.runs}, one generator each", runs, fix)
        super().bind(theta, grad, buffers)
