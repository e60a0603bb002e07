"""Whether an array was drawn from a law, entry by entry and independently: one check for all draws.

It refuses a right draw with a probability of at most FALSE_ALARM for each of its four parts, over
the seeds; the seeds of our tests are fixed, so that they pass always or never.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

FALSE_ALARM = 1e-6


def assert_drawn_from(law: Any, w: Any) -> None:
    """Shape of the distribution (Kolmogorov-Smirnov), mean, variance, and no two entries related.

    Mean and variance are tried each against its own normal limit, the relation by the correlation
    of an entry with the next one and with the one below it.
    """
    w = np.asarray(w, float)
    values, n = w.ravel(), w.size
    assert np.isfinite(values).all()
    p = stats.kstest(values, law.cdf).pvalue
    assert p > FALSE_ALARM, f"shape: p = {p:.1e}"
    mean, variance, kurtosis = (float(m) for m in law.stats("mvk"))
    assert_within("mean", values.mean() - mean, np.sqrt(variance / n))
    spread = variance * np.sqrt((kurtosis + 2) / n)  # of a mean of squares
    assert_within("variance", ((values - mean) ** 2).mean() - variance, spread)
    z = (w - mean) / np.sqrt(variance)
    for axis in range(w.ndim):
        near = np.delete(z, -1, axis) * np.delete(z, 0, axis)
        assert_within(f"neighbours on axis {axis}", near.mean(), near.size**-0.5)


def assert_within(what: str, difference: float, spread: float) -> None:
    """A difference that chance explains: a normal one of this spread, at FALSE_ALARM."""
    z, limit = difference / spread, stats.norm.isf(FALSE_ALARM / 2)
    assert abs(z) < limit, f"{what}: {z:.1f} standard errors off"


def assert_fair(what: str, heads: Any) -> None:
    """As many heads as tails, up to chance."""
    p = stats.binomtest(int(np.sum(heads)), np.size(heads)).pvalue
    assert p > FALSE_ALARM, f"{what}: {np.mean(heads):.2f} instead of one half"


def assert_uniform_over_rotations(w: Any) -> None:
    """Many orthogonal matrices (runs, rows, columns) by Haar's law: one entry and the signs.

    The square of an entry of a random unit vector in n dimensions is Beta(1/2, (n - 1)/2); no sign
    is preferred, on the diagonal nor beside it; the trace of a square one has variance 1.
    """
    w = np.asarray(w)
    n = max(w.shape[1:])
    p = stats.kstest(w[:, 0, 0] ** 2, stats.beta(0.5, (n - 1) / 2).cdf).pvalue
    assert p > FALSE_ALARM, f"an entry's square: p = {p:.1e}"
    for i, j in np.ndindex(*w.shape[1:]):
        assert_fair(f"sign of [{i}, {j}]", w[:, i, j] > 0)
    if w.shape[1] == w.shape[2]:
        trace = np.trace(w, axis1=1, axis2=2)
        assert_within("trace", trace.mean(), len(w) ** -0.5)
