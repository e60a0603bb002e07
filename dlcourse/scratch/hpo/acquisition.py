"""Acquisition functions: what a guess and its uncertainty say about where to look next."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array

_ERFC = np.frompyfunc(math.erfc, 1, 1)
_TAIL = -5.0
"""Below it ``z Φ + φ`` cancels, above it a continued fraction would need many terms."""
_TERMS = 26


def normal_pdf(z: Array) -> Array:
    """φ, the density of a standard normal."""
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def normal_cdf(z: Array) -> Array:
    """Φ, the share of a standard normal below z; exact far down, where 1 - Φ(-z) would be 0."""
    return np.asarray(_ERFC(-z / math.sqrt(2)), float) / 2


def _posterior(mean: Any, std: Any, best: Any) -> tuple[Array, Array, Array]:
    """Three arrays that broadcast, the second without negative numbers."""
    found = [np.asarray(checks.number(n, v)) for n, v in (("mean", mean), ("best", best))]
    found.insert(1, np.asarray(checks.number("std", std, 0)))
    try:
        mean, std, best = np.broadcast_arrays(*found)
    except ValueError:
        shapes = ", ".join(str(a.shape) for a in found)
        checks.fail("mean, std and best", "of shapes that broadcast", shapes)
    return mean, std, best


def expected_improvement(
    mean: npt.ArrayLike,
    std: npt.ArrayLike,
    best: npt.ArrayLike,
) -> Any:
    r"""By how much we expect to beat the best value so far: chance and size of a success in one.

    .. math:: \operatorname{EI} = \mathbb E \max(f^\star - f, 0)
              = \sigma \bigl(z \Phi(z) + \phi(z)\bigr), \qquad z = \frac{f^\star - \mu}{\sigma}

    Symbols
    -------
    μ ``mean`` · σ ``std`` · f* ``best``

    Parameters
    ----------
    mean, std : of the function at some points; std >= 0, not the variance
    best : the smallest value so far; values are minimized

    Returns
    -------
    array >= 0, in the units of the values; max(f* − μ, 0) where σ = 0

    Notes
    -----
    For maximization, hand in −mean and −best. Far from everything promising it underflows to 0, and
    all points look alike: ``log_expected_improvement`` does not.

    Examples
    --------
    >>> float(expected_improvement(0.0, 1.0, 0.0) * np.sqrt(2 * np.pi))
    1.0
    >>> expected_improvement([1.0, 3.0], 0.0, 2.0)
    array([1., 0.])

    References
    ----------
    Jones, Schonlau and Welch (1998), eq. 15.
    """
    mean, std, best = _posterior(mean, std, best)
    z = (best - mean) / np.where(std > 0, std, 1.0)
    found = std * np.exp(np.minimum(_log_h(z)[0], 700.0))
    return np.where(std > 0, found, np.maximum(best - mean, 0.0))[()]


def _log_h(z: Array) -> tuple[Array, Array]:
    r"""log h and Φ/h of h(z) = z Φ(z) + φ(z), to full precision for every z.

    Below −5, with a = −z, Mills' ratio is the continued fraction Φ(−a)/φ(a) = 1/(a + c),
    c = 1/(a + 2/(a + 3/(a + …))), so that h = φ (1 − a/(a + c)) = φ c/(a + c): nothing cancels.
    """
    near = np.maximum(z, _TAIL)
    cdf = normal_cdf(near)
    h = near * cdf + normal_pdf(near)
    log_h, ratio = np.log(h), cdf / h
    if (tail := z < _TAIL).any():
        a = -z[tail]
        c = np.zeros_like(a)
        for k in range(_TERMS, 0, -1):
            c = k / (a + c)
        with np.errstate(over="ignore"):
            log_tail = -a * a / 2 - math.log(2 * math.pi) / 2 + np.log(c / (a + c))
        log_h, ratio = np.array(log_h), np.array(ratio)  # arrays, where z is a number
        log_h[tail], ratio[tail] = log_tail, 1 / c
    return log_h, ratio


def log_expected_improvement(mean: npt.ArrayLike, std: npt.ArrayLike, best: npt.ArrayLike) -> Any:
    r"""The logarithm of EI, computed without EI: it still has a slope where EI is 0 in floats.

    .. math:: \log \operatorname{EI} = \log\sigma + \log\bigl(z \Phi(z) + \phi(z)\bigr),
              \qquad z \Phi + \phi = \phi(z) \frac{c}{a + c},\ a = -z,\
              c = \cfrac{1}{a + \cfrac{2}{a + \cdots}}

    Parameters
    ----------
    mean, std, best : as of ``expected_improvement``

    Returns
    -------
    array; −inf where σ = 0 and nothing can be gained

    Notes
    -----
    The logarithm is monotone, so both have the same maximum; only for this one is it in reach of a
    climber. Naively, log(EI) is −inf from 39 deviations on. The continued fraction serves z < −5;
    Ament et al. use a scaled erfc there, as the twin does.

    Examples
    --------
    >>> log_expected_improvement(np.array([0.0, 40.0, 1e4]), 1.0, 0.0).round(2)
    array([-9.20000000e-01, -8.08300000e+02, -5.00000193e+07])

    References
    ----------
    Ament et al. (2023), eq. 9.
    """
    mean, std, best = _posterior(mean, std, best)
    z = (best - mean) / np.where(std > 0, std, 1.0)
    with np.errstate(divide="ignore"):
        sure = np.log(np.maximum(best - mean, 0.0))
        return np.where(std > 0, np.log(std) + _log_h(z)[0], sure)[()]


def log_expected_improvement_slopes(
    mean: Array, std: Array, best: float
) -> tuple[Array, Array, Array]:
    r"""log EI and its derivatives by the mean and by the deviation, for whoever climbs it.

    .. math:: \frac{\partial \log\operatorname{EI}}{\partial\mu} = -\frac{\Phi}{\sigma h}, \qquad
              \frac{\partial \log\operatorname{EI}}{\partial\sigma} = \frac{\phi}{\sigma h}
              = \frac{1 - z \Phi / h}{\sigma}, \qquad h = z\Phi + \phi

    Parameters
    ----------
    mean, std : (n,), std > 0 · best : a number

    Returns
    -------
    value, by mean, by std : (n,) each

    Examples
    --------
    >>> value, by_mean, by_std = log_expected_improvement_slopes(np.zeros(1), np.ones(1), 0.0)
    >>> by_mean / np.sqrt(np.pi / 2), by_std
    (array([-1.]), array([1.]))
    """
    z = (best - mean) / std
    log_h, ratio = _log_h(z)
    return np.log(std) + log_h, -ratio / std, (1 - z * ratio) / std


def upper_confidence_bound(mean: npt.ArrayLike, std: npt.ArrayLike, kappa: float = 2.0) -> Any:
    r"""An optimist's value: how good a point may well be; the larger κ, the more is explored.

    .. math:: \operatorname{UCB} = -(\mu - \kappa \sigma) = \kappa \sigma - \mu

    Parameters
    ----------
    mean, std : as of ``expected_improvement``
    kappa : κ >= 0, how many deviations of optimism

    Returns
    -------
    array; the point where it is *largest* is tried next, as with every acquisition function here

    Notes
    -----
    Values are minimized, so what is a bound from above on −f is one from below on f: sources that
    minimize write LCB = μ − κσ and look for its minimum, which is the same point.

    Examples
    --------
    >>> upper_confidence_bound(np.array([1.0, 2.0]), np.array([0.5, 1.5]))
    array([0., 1.])

    References
    ----------
    Srinivas et al. (2010), algorithm 1.
    """
    checks.scalar("kappa", kappa)
    mean, std, _ = _posterior(mean, std, 0.0)
    return (kappa * std - mean)[()]


def thompson_sample(
    mean: npt.ArrayLike, covariance: npt.ArrayLike, rng: np.random.Generator
) -> Array:
    r"""One function drawn from the posterior, at some points; where it is smallest is tried next.

    .. math:: f = \mu + V \sqrt{\Lambda}\, V^\top z, \qquad \Sigma = V \Lambda V^\top, \quad
              z \sim \mathcal N(0, I)

    Parameters
    ----------
    mean : (n,) · covariance : Σ (n, n), as of ``GaussianProcess.joint``; its own rounding may make
        it slightly indefinite, so eigenvalues below 0 count as 0; the root is the symmetric one,
        which does not depend on the signs of eigenvectors
    rng : the chance

    Returns
    -------
    array (n,)

    Examples
    --------
    Two points that are one and the same have one value:

    >>> draw = thompson_sample([0.0, 0.0], np.ones((2, 2)), np.random.default_rng(0))
    >>> bool(np.isclose(draw[0], draw[1])), bool(draw[0] == 0)
    (True, False)

    References
    ----------
    Thompson (1933).
    """
    mean, cov = np.atleast_1d(checks.number("mean", mean)), checks.number("covariance", covariance)
    if np.shape(cov) != (mean.size, mean.size) or mean.ndim != 1:
        checks.fail("covariance", f"shaped ({mean.size}, {mean.size}), as mean has it", covariance)
    checks.generator("rng", rng)
    values, vectors = np.linalg.eigh(cov)
    scale = np.sqrt(np.maximum(values, 0.0))
    return mean + vectors @ (scale * (vectors.T @ rng.standard_normal(mean.size)))
