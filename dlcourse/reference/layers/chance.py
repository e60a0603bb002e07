"""Twin of ``scratch.layers.chance``: drawn in NumPy, so that both rooms draw the same."""

from __future__ import annotations

from collections.abc import Mapping

from dlcourse import checks
from dlcourse.arrays import Generators, own_generators
from dlcourse.reference.layers.base import Layer, Tensor


class Drawing(Layer):
    """A layer with chance in it; models of this room are held whole, none is cut into runs."""

    def __init__(self, rng: Generators, runs: int | None) -> None:
        super().__init__()
        self.runs, self.generators = runs, own_generators(rng, runs)

    @property
    def holds_runs(self) -> bool:
        return True

    def bind(
        self, theta: Tensor, grad: Tensor, buffers: Mapping[str, Tensor] | None = None
    ) -> None:
        runs = len(theta) if theta.ndim > 1 else None
        if runs != self.runs:
            checks.fail("runs", f"{self.runs}, one generator each", runs)
        super().bind(theta, grad, buffers)
