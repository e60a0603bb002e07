"""How much a share of right answers on n images says, of one network and of two."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array


def share_interval(wrong: int, n: int, level: float = 0.95) -> tuple[float, float]:
    r"""The interval of Wilson for a chance of which ``wrong`` out of ``n`` were seen.

    All chances p from which the share seen, :math:`\hat p`, lies at most z deviations away:

    .. math:: |\hat p - p| \le z \sqrt{p (1 - p) / n}

    Examples
    --------
    >>> [round(bound, 3) for bound in share_interval(25, 500)]
    [0.034, 0.073]

    References
    ----------
    Wilson (1927).
    """
    checks.integer("n", n, 1)
    if checks.integer("wrong", wrong, 0) > n:
        checks.fail("wrong", f"at most {n}", wrong)
    checks.number("level", level, 0.0, 1.0, high_open=True)
    z, p = NormalDist().inv_cdf((1 + level) / 2), wrong / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def unpaired(a: Array, b: Array) -> float:
    """The p-value for two shares as if they came from different images.

    Parameters
    ----------
    a, b : bool (n,), which images each misread
    """
    n, pooled = len(a), (a.mean() + b.mean()) / 2
    error = math.sqrt(max(2 * pooled * (1 - pooled) / n, 1e-300))
    return 2 * NormalDist().cdf(-abs(a.mean() - b.mean()) / error)


def mcnemar(a: Array, b: Array) -> float:
    r"""The p-value for two networks on the same images: only those they disagree on count.

    If neither is better, each of the m images that exactly one of them misreads is a coin's toss.
    The chance of a division at least as uneven as that seen, exactly, from the binomial.

    Examples
    --------
    One misreads four images that the other reads, and reads all that the other misreads:
    2 · (1/2)⁴.

    >>> mcnemar(np.array([1, 1, 1, 1, 1, 0]) > 0, np.array([0, 0, 0, 0, 1, 0]) > 0)
    0.125

    References
    ----------
    McNemar (1947).
    """
    checks.shaped("b", b, np.shape(a))
    one, other = int((a & ~b).sum()), int((b & ~a).sum())
    m, few = one + other, min(one, other)
    return min(1.0, 2 * sum(math.comb(m, i) for i in range(few + 1)) / 2**m)
