"""Averages that make a noisy curve readable, and how late they are."""

from __future__ import annotations

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array


def trailing_mean(losses: Array, window: int) -> Array:
    """Mean of the last ``window`` values, of fewer at the start, along the last axis.

    Examples
    --------
    >>> trailing_mean(np.array([4.0, 2.0, 6.0, 2.0]), 2)
    array([4., 3., 4., 4.])
    """
    checks.integer("window", window, 1)
    values = np.asarray(losses, float)
    total = np.cumsum(values, axis=-1)
    late = total[..., window:] - total[..., :-window]
    count = np.minimum(np.arange(1, values.shape[-1] + 1), window)
    return np.concatenate([total[..., :window], late], axis=-1) / count


def exponential_mean(losses: Array, beta: float) -> Array:
    """Average with weights that fall by ``beta`` a step into the past, along the last axis.

    Divided by the sum of its weights so far, so that it begins at the first value.

    Examples
    --------
    >>> exponential_mean(np.array([4.0, 1.0]), 0.5)
    array([4., 2.])
    """
    if not 0 <= beta < 1:
        checks.fail("beta", "in [0, 1)", beta)
    values = np.asarray(losses, float)
    out, v, weight = np.empty_like(values), np.zeros(values.shape[:-1]), 0.0
    for t in range(values.shape[-1]):
        v = beta * v + (1 - beta) * values[..., t]
        weight = beta * weight + (1 - beta)
        out[..., t] = v / weight
    return out


def noise_left(smooth: Array) -> float:
    """Variance of what a smoother makes of independent noise of variance 1: its squared weights.

    Parameters
    ----------
    smooth : what it made of a single 1 among zeros, its weights one after the other

    Examples
    --------
    >>> noise_left(np.array([0.5, 0.5, 0.0]))
    0.5
    """
    return float((np.asarray(smooth) ** 2).sum())


def steps_late(smooth: Array) -> float:
    """By how many steps a smoother lags behind a straight line: its weights' mean age.

    Examples
    --------
    >>> steps_late(np.array([0.5, 0.5, 0.0]))
    0.5
    """
    weights = np.asarray(smooth)
    return float((weights * np.arange(len(weights))).sum() / weights.sum())
