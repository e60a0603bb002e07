"""Penalties: a second thing to minimize beside the loss, which makes weights small or zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import regularized
from dlcourse.arrays import Array


def coefficient(name: str, value: Any, theta: Array, high: float = np.inf) -> Any:
    """A number or an array that broadcasts to theta, in its precision."""
    regularized.parameters("theta", theta, np.ndarray)
    found = regularized.spread(name, value, theta.shape, high)
    return found.astype(theta.dtype) if isinstance(found, np.ndarray) else found


def l1_penalty(theta: Array, coef: float | npt.ArrayLike) -> tuple[Array, Array]:
    r"""The sum of the sizes: its pull does not weaken as a weight gets small.

    .. math:: \Omega(\theta) = \sum_i \lambda_i |\theta_i|, \qquad
              \partial_i \Omega = \lambda_i \operatorname{sign}(\theta_i)

    Parameters
    ----------
    theta : array (d,) or (runs, d)
    coef : λ >= 0, a number or an array that broadcasts to theta; 0 where a parameter is free

    Returns
    -------
    value, summed over the last axis: one number a run; and grad, shaped as theta

    Notes
    -----
    At 0, where the size has a kink, the gradient is taken to be 0. Steps along it jump over 0 and
    seldom end there; ``soft_threshold`` gives exact zeros.

    Examples
    --------
    >>> l1_penalty(np.array([3.0, 0.0, -2.0]), 0.1)
    (np.float64(0.5), array([ 0.1,  0. , -0.1]))

    References
    ----------
    Tibshirani (1996). Lesson: penalties.
    """
    c = coefficient("coef", coef, theta)
    return (c * abs(theta)).sum(-1), c * np.sign(theta)


def l2_penalty(theta: Array, coef: float | npt.ArrayLike) -> tuple[Array, Array]:
    r"""Half the sum of squares: its pull is the weight itself, times λ.

    .. math:: \Omega(\theta) = \tfrac12 \sum_i \lambda_i \theta_i^2, \qquad
              \partial_i \Omega = \lambda_i \theta_i

    Parameters
    ----------
    theta : array (d,) or (runs, d)
    coef : λ >= 0, a number or an array that broadcasts to theta; 0 where a parameter is free

    Returns
    -------
    value, summed over the last axis: one number a run; and grad, shaped as theta

    Notes
    -----
    With the half the gradient is λθ, which is what ``weight_decay`` of SGD adds. Without it, as in
    many texts, the same λ pulls twice as hard.

    Examples
    --------
    >>> l2_penalty(np.array([3.0, 0.0, -2.0]), 0.1)
    (np.float64(0.65), array([ 0.3,  0. , -0.2]))

    References
    ----------
    Hoerl and Kennard (1970); Krogh and Hertz (1991). Lesson: penalties.
    """
    c = coefficient("coef", coef, theta)
    return (c * np.square(theta)).sum(-1) / 2, c * theta


def elastic_net(
    theta: Array, coef: float | npt.ArrayLike, l1_ratio: float | npt.ArrayLike
) -> tuple[Array, Array]:
    r"""A mixture of both: zeros as L1 makes them, and among columns alike no arbitrary choice.

    .. math:: \Omega(\theta) = \lambda \left(\rho \lVert\theta\rVert_1
              + \tfrac{1 - \rho}{2} \lVert\theta\rVert_2^2\right)

    Symbols
    -------
    λ ``coef`` · ρ ``l1_ratio``

    Parameters
    ----------
    theta : array (d,) or (runs, d)
    coef : λ >= 0; l1_ratio : ρ in [0, 1]; numbers or arrays that broadcast to theta

    Returns
    -------
    value, summed over the last axis: one number a run; and grad, shaped as theta

    Notes
    -----
    ρ = 1 is ``l1_penalty``, ρ = 0 ``l2_penalty``. The half before the squares and one λ for both
    are scikit-learn's convention; Zou and Hastie give each part a λ of its own and no half.

    Examples
    --------
    >>> elastic_net(np.array([3.0, 0.0, -2.0]), 0.2, 0.5)
    (np.float64(1.15), array([ 0.4,  0. , -0.3]))

    References
    ----------
    Zou and Hastie (2005). Lesson: penalties.
    """
    c, ratio = coefficient("coef", coef, theta), coefficient("l1_ratio", l1_ratio, theta, 1.0)
    value = c * (ratio * abs(theta) + (1 - ratio) / 2 * np.square(theta))
    return value.sum(-1), c * (ratio * np.sign(theta) + (1 - ratio) * theta)


def coefficients(model: Any, coef: float | npt.ArrayLike, **layers: float | npt.ArrayLike) -> Array:
    """One coefficient a parameter of a model: weights are penalized, biases and gains are free.

    Parameters
    ----------
    model : with ``shapes`` and ``theta``, as ``MLP``
    coef : number >= 0, or a column (runs, 1); of every weight, that is of every parameter with two
        axes or more whose name has "weight" in it, gains of norms excepted
    layers : the place of a layer and its own coefficient, as ``**{"0": 1e-2, "4": 1e-4}``; of the
        places "3" and "3.0" the longer one counts

    Returns
    -------
    array shaped as one run of ``model.theta``, (d,), or (runs, d) where a coefficient is a column

    Examples
    --------
    >>> from dlcourse.scratch.models import MLP
    >>> coefficients(MLP([1, 2, 1], np.random.default_rng(0)), 0.5, **{"2": 3.0})
    array([0.5, 0.5, 0. , 0. , 3. , 3. , 0. ])
    """
    found = regularized.by_layer(model, coef, layers)
    columns = any(isinstance(value, np.ndarray) for value in found.values())
    runs = (model.runs,) if columns and model.runs is not None else ()
    array = np.zeros((*runs, model.theta.shape[-1]), model.theta.dtype)
    for name, part in model.slices.items():
        array[..., part] = found[name]
    return array
