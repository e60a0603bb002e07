"""Proximal steps: how a penalty with a kink is minimized, so that weights become exactly zero."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlcourse.arrays import Array
from dlcourse.scratch.regularization.penalties import coefficient


def soft_threshold(theta: Array, threshold: float | npt.ArrayLike) -> Array:
    r"""Everything moves towards zero by the threshold, and what would pass it stays there.

    .. math:: S_t(\theta) = \operatorname{sign}(\theta) \max(|\theta| - t, 0)
              = \arg\min_u \tfrac12 \lVert u - \theta \rVert^2 + t \lVert u \rVert_1

    Parameters
    ----------
    theta : array (d,) or (runs, d); stays untouched
    threshold : t >= 0, a number or an array that broadcasts to theta

    Returns
    -------
    array shaped as theta, with exact zeros

    Examples
    --------
    >>> soft_threshold(np.array([3.0, -0.5, -2.0]), 1.0)
    array([ 2.,  0., -1.])

    References
    ----------
    Donoho and Johnstone (1994). Lesson: penalties.
    """
    return thresholded(theta, coefficient("threshold", threshold, theta))


def thresholded(theta: Array, t: float | Array) -> Array:
    """``soft_threshold`` of what has been checked."""
    return theta - np.clip(theta, -t, t)  # what is clipped to itself leaves 0.0, never -0.0


def elastic_net_prox(
    theta: Array,
    step: float | npt.ArrayLike,
    coef: float | npt.ArrayLike,
    l1_ratio: float | npt.ArrayLike,
) -> Array:
    r"""The proximal step of the elastic net: threshold, then shrink.

    .. math:: \operatorname{prox}(\theta) = \frac{S_{\eta\lambda\rho}(\theta)}
              {1 + \eta\lambda(1 - \rho)}

    Symbols
    -------
    η ``step`` · λ ``coef`` · ρ ``l1_ratio``

    Parameters
    ----------
    theta : array (d,) or (runs, d); stays untouched
    step, coef : >= 0; l1_ratio : in [0, 1]; numbers or arrays that broadcast to theta

    Returns
    -------
    array shaped as theta, the minimizer u of ½‖u − θ‖² + η Ω(u)

    Examples
    --------
    >>> elastic_net_prox(np.array([3.0, -0.5, -2.0]), 1.0, 2.0, 0.5)
    array([ 1. ,  0. , -0.5])

    References
    ----------
    Parikh and Boyd (2014), section 6.5. Lesson: penalties.
    """
    eta, c = coefficient("step", step, theta), coefficient("coef", coef, theta)
    return prox(theta, eta * c, coefficient("l1_ratio", l1_ratio, theta, 1.0))


def prox(theta: Array, pull: float | Array, ratio: float | Array) -> Array:
    """``elastic_net_prox`` of what has been checked, ``pull`` being ηλ."""
    if isinstance(ratio, float) and ratio == 1:
        return thresholded(theta, pull)
    return thresholded(theta, pull * ratio) / (1 + pull * (1 - ratio))
