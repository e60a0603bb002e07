"""What a surrogate is told instead of the values: without outliers, evenly spread, standardized."""

from __future__ import annotations

import numpy as np

from dlcourse.arrays import Array

_POWERS = np.linspace(-2.0, 2.0, 41)


def winsorize(y: Array, reach: float = 100.0) -> Array:
    r"""Values far above the middle brought down: a diverged trial is bad, how bad does not matter.

    .. math:: y_i \leftarrow \min\bigl(y_i,\ m + c\,(m - q)\bigr), \qquad m = \text{median}, \quad
              q = \min y

    Parameters
    ----------
    y : (n,), finite · reach : c > 0

    Notes
    -----
    The scale is the distance from the best value to the median, the part of the values that
    matters. Where half of all values are equal to the best one, there is none, and nothing changes.

    Examples
    --------
    >>> winsorize(np.array([1.0, 2.0, 3.0, 1e9]), reach=2.0)
    array([1. , 2. , 3. , 5.5])
    """
    middle, best = np.median(y), y.min()
    return np.minimum(y, middle + reach * (middle - best)) if middle > best else y


def yeo_johnson(y: Array, power: Array | float) -> Array:
    r"""A power transformation that is also defined for negative numbers; 1 is the identity.

    .. math:: y \ge 0:\ \frac{(y + 1)^\lambda - 1}{\lambda}, \qquad
              y < 0:\ -\frac{(1 - y)^{2 - \lambda} - 1}{2 - \lambda}, \qquad
              \text{logarithms where the divisor is 0}

    Parameters
    ----------
    y : array · power : λ, a number or an array that broadcasts

    Notes
    -----
    Increasing for every λ, so the best trial stays the best.

    Examples
    --------
    >>> yeo_johnson(np.array([-1.0, 0.0, 3.0]), 1.0), yeo_johnson(np.array([np.e - 1]), 0.0)
    (array([-1.,  0.,  3.]), array([1.]))

    References
    ----------
    Yeo and Johnson (2000), eq. 2.1.
    """
    log = np.log1p(abs(y))
    exponent = np.where(y >= 0, power, 2.0 - np.asarray(power))
    small = abs(exponent) < 1e-9
    found = np.where(small, log, np.expm1(exponent * log) / np.where(small, 1.0, exponent))
    return np.copysign(found, y)


def fit_power(y: Array, whiten: Array | None = None) -> float:
    r"""The λ that makes the values most like a normal sample, on a grid from −2 to 2.

    .. math:: \max_\lambda\ -\tfrac n2 \log \bigl|L^{-1}(\psi_\lambda(y)
              - \overline{\psi_\lambda(y)})\bigr|^2
              + (\lambda - 1) \sum_i \operatorname{sign}(y_i) \log(|y_i| + 1)

    Parameters
    ----------
    y : (n,), standardized
    whiten : L⁻¹ (n, n), where values of covariance LLᵀ are expected, up to a factor: then it is the
        surrogate that says how well they are spread; None for independent ones

    Examples
    --------
    The logarithm of 1 + y is what should be evenly spread here:

    >>> fit_power(np.expm1(np.linspace(0.0, 3.0, 50)))
    0.0

    References
    ----------
    Yeo and Johnson (2000), section 4.
    """
    psi = yeo_johnson(y, _POWERS[:, None])
    away = psi - psi.mean(1, keepdims=True)
    away = away if whiten is None else away @ whiten.T
    spread = np.maximum((away * away).mean(1), 1e-300)
    jacobian = (_POWERS - 1) * (np.sign(y) * np.log1p(abs(y))).sum()
    return float(round(_POWERS[np.argmax(-len(y) / 2 * np.log(spread) + jacobian)], 6))


def standardize(y: Array) -> Array:
    """Mean 0 and standard deviation 1; equal values become zeros.

    Examples
    --------
    >>> standardize(np.array([1.0, 3.0])), standardize(np.array([2.0, 2.0]))
    (array([-1.,  1.]), array([0., 0.]))
    """
    away = y - y.mean()
    spread = away.std()
    return away / spread if spread > 1e-12 * max(abs(y).max(), 1e-300) else np.zeros_like(y)


def targets(y: Array, power: float | None = None) -> Array:
    """All of it in turn: far values brought in, standardized, bent, standardized.

    ``power`` is λ; without it ``fit_power`` finds one.

    Examples
    --------
    >>> targets(np.array([1.0, 2.0, 3.0])).round(2)
    array([-1.22,  0.  ,  1.22])
    """
    scaled = standardize(winsorize(y))
    return standardize(yeo_johnson(scaled, fit_power(scaled) if power is None else power))
