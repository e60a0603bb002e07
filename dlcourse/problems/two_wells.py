"""Two wells of equal depth, one narrow and one wide, and steps whose gradient is noisy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlcourse.arrays import Array

NARROW, WIDE = 40.0, 2.0
"""The curvatures of the wells, at -1 and at 1."""


def two_wells(x: Array) -> Array:
    r"""The loss :math:`\min(20 (x + 1)^2, (x - 1)^2)`."""
    return np.minimum(NARROW / 2 * (x + 1) ** 2, WIDE / 2 * (x - 1) ** 2)


def ridge() -> float:
    """Where the two parabolas meet: left of it the ground falls to the narrow well.

    >>> round(ridge(), 4), bool(np.isclose(*(c / 2 * (ridge() - m) ** 2
    ...     for c, m in ((NARROW, -1), (WIDE, 1)))))
    (-0.6345, True)
    """
    share = (NARROW / WIDE) ** 0.5
    return (1 - share) / (1 + share)


def wander(
    rng: np.random.Generator, runs: int, lr: npt.ArrayLike, batch_size: npt.ArrayLike, steps: int,
    noise: float = 12.0,
) -> Array:  # fmt: skip
    """Gradient descent from just beside the bottom of the narrow well, at 0.01 from it.

    The gradient of a batch of B has the standard deviation ``noise`` / √B.

    Parameters
    ----------
    lr, batch_size : numbers, or arrays of settings that broadcast to (settings,)

    Returns
    -------
    (settings, runs), the share of the last half of the steps that a run is right of the ridge
    """
    rate, size = np.broadcast_arrays(np.atleast_1d(lr), np.atleast_1d(batch_size))
    rate, spread = rate[:, None], (noise / np.sqrt(size))[:, None]
    x = np.full((len(rate), runs), -0.99)
    away, middle = np.zeros(x.shape), ridge()
    for step in range(steps):
        slope = np.where(x < middle, NARROW * (x + 1), WIDE * (x - 1))
        x = x - rate * (slope + spread * rng.standard_normal(x.shape))
        if step >= steps // 2:
            away += x > middle
    return away / (steps - steps // 2)
