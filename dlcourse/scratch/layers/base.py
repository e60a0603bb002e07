"""What all layers share: memory around a pure pair ``f`` / ``f_backward``."""

from __future__ import annotations

from typing import Any

from dlcourse import checks
from dlcourse.arrays import Array

Cache = Any


class Layer:
    """Memory around a pair: parameters, their gradients, and what ``backward`` needs.

    ``forward(x, training)`` keeps a cache; ``backward(dy)`` writes ``grads`` and returns dx. A
    model re-homes ``params`` and ``grads`` as views of its one vector.
    """

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}
        self.runs: int | None = None
        self.cache: Cache = None

    def forward(self, x: Array, training: bool = False) -> Array:
        """y; ``training`` matters only to layers that behave differently in the two modes."""
        y, self.cache = self.pair(x)
        return y

    def backward(self, dy: Array, input_grad: bool = True) -> Any:
        """dx for the latest ``forward``; RuntimeError if there was none.

        Without ``input_grad`` nobody will read dx: where it is dear the layer returns None instead.
        """
        return self.pair_backward(dy, self.kept())

    def pair(self, x: Array) -> tuple[Array, Cache]:
        """The pure function of this layer, with its parameters filled in."""
        raise TypeError(f"pair must be written by the subclass {type(self).__name__}.")

    def pair_backward(self, dy: Array, cache: Cache) -> Array:
        """The pure backward function of this layer."""
        raise TypeError(f"pair_backward must be written by the subclass {type(self).__name__}.")

    def kept(self) -> Cache:
        """What the latest ``forward`` kept."""
        if self.cache is None:
            fix = "Nothing is known about its input yet."
            checks.fail("backward", "called after forward", type(self).__name__, fix, RuntimeError)
        return self.cache
