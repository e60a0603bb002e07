"""The batches of an epoch: who is in them, and whether the last one is large enough."""

from __future__ import annotations

import warnings

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators

LAST = ("warn", "refuse", "use")


class Shuffles:
    """The order in which each run sees the samples; one permutation a distinct generator."""

    def __init__(
        self, rng: Generators, runs: int | None, n: int, size: int, accumulate: int
    ) -> None:
        generators = run_generators(rng, runs)
        self.distinct = list({id(g): g for g in generators}.values())
        place = {id(g): i for i, g in enumerate(self.distinct)}
        self.which = np.array([place[id(g)] for g in generators])
        self.n, self.size, self.update = n, size, size * accumulate
        self.starts = range(0, n, self.update)
        self.order = np.zeros((0, n), dtype=np.intp)

    def draw(self) -> None:
        """A new permutation for every distinct generator."""
        self.order = np.stack([g.permutation(self.n) for g in self.distinct])

    def batches(self, start: int, rows: slice) -> list[Array]:
        """The batches of one update: indices (b,) if all runs share them, else (rows, b)."""
        end = min(start + self.update, self.n)
        orders = [self.order[:, i : min(i + self.size, end)] for i in range(start, end, self.size)]
        return [o[0] if len(self.distinct) == 1 else o[self.which[rows]] for o in orders]


def samples_left(n: int, update: int) -> int:
    """The samples of the last update of an epoch where they are too few, else 0.

    Too few is less than a quarter of the others. A whole epoch in one update has no others.

    >>> [samples_left(n, 64) for n in (897, 896, 911, 912, 3)]
    [1, 0, 15, 0, 0]
    """
    left = n % update if n > update else 0
    return left if 4 * left < update else 0


def look_at_last(
    last: str, n: int, batch_size: int, accumulate: int = 1, stacklevel: int = 3
) -> None:
    """Warn of a last update that is too small, or refuse it; ``last`` says which, or neither."""
    checks.choice("last", last, LAST)
    update = batch_size * accumulate
    left = samples_left(n, update)
    if not left or last == "use":
        return
    which = "last batch of an epoch" if accumulate == 1 else "last update of an epoch"
    fix = f"Leave {left} of the {n} samples out, choose another batch_size, or pass last='use'."
    if last == "refuse":
        fix = f"It would move the weights at the full rate. {fix}"
        checks.fail(f"the {which}", f"a quarter of the others' {update} samples or more", left, fix)
    has = "1 sample" if left == 1 else f"{left} samples"
    text = f"The {which} has {has}, the others {update}, and moves the weights at the full rate."
    warnings.warn(f"{text} {fix}", UserWarning, stacklevel=stacklevel)
