"""What the six steps of tuning by hand compute, and how a noisy curve is smoothed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array


def initial_loss(classes: int) -> float:
    r"""The cross-entropy of a network that holds all classes for equally likely, -ln(1/K).

    Notes
    -----
    An output layer drawn at its usual scale is not yet indifferent: its loss lies above.

    Examples
    --------
    >>> round(initial_loss(10), 6)
    2.302585

    References
    ----------
    CS231n, "Neural networks part 3", sanity checks. Lesson: six-steps.
    """
    return math.log(checks.integer("classes", classes, 2))


def rates_between(low: float, high: float, n: int) -> Array:
    """``n`` learning rates from low to high, both included, at equal ratios.

    Examples
    --------
    >>> rates_between(1e-3, 10, 5).round(6).tolist()
    [0.001, 0.01, 0.1, 1.0, 10.0]
    """
    low = checks.number("low", low, 0, low_open=True)
    high = checks.number("high", high, low)
    return np.geomspace(low, high, checks.integer("n", n, 1))


def fastest_rate(rates: Sequence[float], losses: Any) -> float | None:
    """The rate whose loss is the lowest at the end; None if no run is lower there than it began.

    Parameters
    ----------
    rates : (n,)
    losses : (n, steps), the training loss of each; a run with a value that is not finite is out

    Examples
    --------
    >>> fastest_rate([0.01, 0.1, 1.0], [[2.3, 2.2], [2.3, 1.1], [2.3, float("nan")]])
    0.1
    """
    curves = np.asarray(losses, float)
    if curves.ndim != 2 or len(curves) != len(rates) or not curves.shape[1]:
        checks.fail("losses", f"of shape ({len(rates)}, steps)", curves.shape)
    fell = np.isfinite(curves).all(-1) & (curves[:, -1] < curves[:, 0])
    if not fell.any():
        return None
    return float(rates[int(np.where(fell, curves[:, -1], np.inf).argmin())])


def diagnose(train: float, validation: float, enough: float = 0.8, gap: float = 0.1) -> str:
    """What two accuracies at the end say: "underfitting", "overfitting" or "good".

    Parameters
    ----------
    train, validation : accuracies in [0, 1]
    enough : a lower training accuracy is underfitting, whatever the gap
    gap : the most by which validation may be behind

    Examples
    --------
    >>> diagnose(0.5, 0.3), diagnose(0.95, 0.7), diagnose(0.95, 0.9)
    ('underfitting', 'overfitting', 'good')
    """
    train = checks.number("train", train, 0, 1)
    validation = checks.number("validation", validation, 0, 1)
    if train < checks.number("enough", enough, 0, 1):
        return "underfitting"
    return "overfitting" if train - validation > checks.number("gap", gap, 0) else "good"


def moving_average(values: npt.ArrayLike, window: int) -> Array:
    r"""The mean of the last ``window`` values, of fewer at the beginning; along the last axis.

    .. math:: \bar L_t = \frac1{\min(w, t + 1)} \sum_{k = \max(0, t - w + 1)}^{t} L_k

    Notes
    -----
    Of independent noise it leaves the variance σ²/w; of a slope s it is s (w - 1)/2 late.

    Examples
    --------
    >>> moving_average([4.0, 2.0, 3.0, 7.0], 2).tolist()
    [4.0, 3.0, 2.5, 5.0]
    """
    values = _curve(values)
    window = checks.integer("window", window, 1)
    sums = np.cumsum(values, axis=-1)
    sums[..., window:] -= sums[..., :-window].copy()
    return sums / np.minimum(np.arange(values.shape[-1]) + 1, window)


def exponential_average(values: npt.ArrayLike, beta: float) -> Array:
    r"""A mean in which a value counts β times as much a step later, corrected for its start at 0.

    .. math:: m_t = \beta m_{t-1} + (1 - \beta) L_t, \qquad \hat m_t = m_t / (1 - \beta^{t+1})

    Notes
    -----
    Of independent noise it leaves the variance σ² (1 - β)/(1 + β), as a window of (1 + β)/(1 - β);
    of a slope s it is s β/(1 - β) late.

    Examples
    --------
    >>> exponential_average([4.0, 1.0], 0.5).tolist()
    [4.0, 2.0]
    """
    values = _curve(values)
    beta = checks.number("beta", beta, 0, 1, high_open=True)
    mean, means = np.zeros(values.shape[:-1]), np.empty_like(values)
    for t in range(values.shape[-1]):
        mean = beta * mean + (1 - beta) * values[..., t]
        means[..., t] = mean / (1 - beta ** (t + 1))
    return means


def _curve(values: npt.ArrayLike) -> Array:
    curve = np.array(values, float)
    if curve.ndim < 1 or not curve.size:
        checks.fail("values", "an array with at least one value a curve", values)
    return curve
