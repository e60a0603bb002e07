"""What is measured on networks in training: a curve at a level, the largest curvature."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array


def first_below(curve: Array, level: float, other: Array) -> Array:
    """``other`` at the place where ``curve`` first falls to ``level``; nan where it never does.

    Between the two measurements around that place both are drawn as straight lines over the
    logarithm of ``curve``. What the curve does later, it may rise again, does not matter.

    Parameters
    ----------
    curve, other : (…, times), the curve positive and above the level at first

    >>> first_below(np.array([4.0, 1.0, 3.0]), 2.0, np.array([0.0, 10.0, 99.0]))
    array(5.)
    """
    curve, other = np.asarray(curve), np.asarray(other)
    if other.shape != curve.shape:
        checks.fail("other", f"of the shape of curve, {curve.shape}", other.shape)
    below = curve <= level
    if below[..., 0].any():
        checks.fail("curve", "above the level at first", level, "Measure earlier.")
    at = np.maximum(below.argmax(axis=-1), 1)[..., None]
    ends = [np.take_along_axis(a, at - i, axis=-1)[..., 0] for a in (curve, other) for i in (1, 0)]
    before, after, first, second = ends
    share = np.log(before / level) / np.log(before / after)
    return np.where(below.any(axis=-1), first + share * (second - first), np.nan)


def largest_curvature(model: Any, loss: Any, x: Array, y: Array, rounds: int = 30) -> Array:
    """The largest eigenvalue of the Hessian of each run (runs,), by power iteration.

    The Hessian times a direction is the difference of two gradients, a thousandth of the unit
    apart on both sides; the model stands at the end where it stood.
    """
    checks.integer("rounds", rounds, 1)
    theta, bent = model.theta.copy(), np.random.default_rng(0).normal(size=model.theta.shape)
    for _ in range(rounds):
        v = bent / np.linalg.norm(bent, axis=-1, keepdims=True)
        slopes = []
        for sign in (1, -1):
            model.theta[...] = theta + sign * 1e-3 * v
            loss.forward(model.forward(x, True), y)
            model.backward(loss.backward())
            slopes.append(model.grad.copy())
        bent = (slopes[0] - slopes[1]) / 2e-3
    model.theta[...] = theta
    return np.asarray((v * bent).sum(axis=-1))
