"""Quadratic valleys that are turned: steep across, flat along, and no coordinate is an axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse.arrays import Array

LOST = 1e6
"""A run that was so many times higher than its start has learned nothing, wherever it ends."""


@dataclass(frozen=True)
class Valleys:
    r"""Valleys :math:`\frac12 w^\top H w`, one a seed, each with a start.

    Attributes
    ----------
    bend : (seeds, d, d), the Hessians H, symmetric
    start : (seeds, d)

    Examples
    --------
    >>> valley = Valleys(np.array([[[2.0, 1.0], [1.0, 2.0]]]), np.array([[1.0, 1.0]]))
    >>> valley.height(valley.start), valley.slope(valley.start)
    (array([3.]), array([[3., 3.]]))
    """

    bend: Array
    start: Array

    def slope(self, w: Array) -> Array:
        """The gradient Hw, in the shape of w (…, seeds, d)."""
        return np.asarray((self.bend @ w[..., None])[..., 0])

    def height(self, w: Array) -> Array:
        """The loss (…, seeds) at w (…, seeds, d)."""
        return np.asarray((w * self.slope(w)).sum(-1) / 2)

    def trial(
        self, make: Callable[..., Any], steps: int, noise: Array | None = None
    ) -> Callable[..., dict[str, Array]]:
        """What ``try_all`` tries: ``make(w, **settings)`` walks so many steps from the start.

        With ``noise`` (steps, seeds, d) the gradient at step t is off by ``noise[t]``, the same for
        every setting. The metric is ``end_share``, the last height in the first, 1 for whoever ends
        above it or was ``LOST`` times as high.
        """

        def run(rng: Any, runs: int, **settings: Any) -> dict[str, Array]:
            w = np.tile(self.start, (runs // len(self.start), 1))
            optimizer, by_seed = make(w, **settings), w.reshape(-1, *self.start.shape)
            first, highest = self.height(self.start), np.zeros(by_seed.shape[:-1])
            for t in range(steps):
                highest = np.fmax(highest, self.height(by_seed))
                slope = self.slope(by_seed) if noise is None else self.slope(by_seed) + noise[t]
                slope = np.clip(slope, -1e50, 1e50)  # whoever is out stays out
                optimizer.step(slope.reshape(w.shape))
            share = np.fmin(self.height(by_seed) / first, 1)
            return {"end_share": np.where(highest > LOST * first, 1, share).ravel()}

        return run
