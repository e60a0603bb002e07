"""The test bench of the optimizer lessons: quadratic valleys, a walk on them, what theory says.

Every smooth loss is nearly a quadratic around its minimum, and in the axes of its Hessian a
quadratic falls apart into single coordinates ``λ_i θ_i² / 2``. What is claimed of a method must
first hold here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse.arrays import Array
from dlcourse.checks import fail, integer, number


class Quadratic:
    r"""The valley :math:`f(\theta) = \frac12 \sum_i \lambda_i \theta_i^2`, its minimum at 0.

    Parameters
    ----------
    curvatures : the eigenvalues λ_i of its Hessian; a negative one makes it a saddle

    Examples
    --------
    >>> valley = Quadratic([1.0, 100.0])
    >>> valley.value(np.array([10.0, 1.0])), valley.grad(np.array([10.0, 1.0])), valley.kappa
    (np.float64(100.0), array([ 10., 100.]), 100.0)
    """

    def __init__(self, curvatures: npt.ArrayLike) -> None:
        self.curvatures = np.atleast_1d(np.asarray(number("curvatures", curvatures)))

    def value(self, theta: Array) -> Array:
        """f at the points on the last axis of ``theta``, (...)."""
        return (self.curvatures * theta**2).sum(-1) / 2

    def grad(self, theta: Array) -> Array:
        """The gradient, in the shape of ``theta``."""
        return self.curvatures * theta

    def __call__(self, *coordinates: Array) -> Array:
        """f from one array a coordinate, as ``plots.plot_trajectory`` asks for it."""
        return self.value(np.stack(coordinates, axis=-1))

    @property
    def kappa(self) -> float:
        """Condition number: largest over smallest curvature."""
        return float(self.curvatures.max() / self.curvatures.min())


def walk(optimizer: Any, grad: Callable[[Array], Array], steps: int) -> Array:
    """The places an optimizer of one array visits, its start among them: (steps + 1, ...).

    ``grad`` is asked at the current parameters, which may hold any number of runs.

    Examples
    --------
    >>> from dlcourse.scratch.optimizers import SGD
    >>> walk(SGD(np.array([8.0]), lr=0.5), lambda x: x, 3).ravel()
    array([8., 4., 2., 1.])
    """
    (theta,) = optimizer.params
    path = np.empty((integer("steps", steps, 0) + 1, *theta.shape))
    path[0] = theta
    for place in path[1:]:
        optimizer.step(np.asarray(grad(theta)))
        place[...] = theta
    return path


def steps_to(path: Array, fraction: float = 1e-3) -> Array:
    """Steps until the distance to the minimum at 0 is below a share of the first one *and stays*.

    An oscillating path crosses the minimum long before it rests there; a visit does not count.

    Parameters
    ----------
    path : (steps + 1, d) or (steps + 1, runs, d), from ``walk``; nan where it takes longer

    Examples
    --------
    >>> steps_to(np.array([[8.0], [0.1], [-2.0], [0.5], [-0.1]]), 0.1)
    array(3.)
    """
    distance = np.linalg.norm(path, axis=-1)
    above = distance >= number("fraction", fraction, 0, 1, low_open=True) * distance[0]
    count = len(path) - np.argmax(above[::-1], axis=0)
    return np.where(above[-1], np.nan, count).astype(float)


def gradient_descent_optimum(smallest: Any, largest: Any) -> tuple[Any, Any]:
    """(η, ρ): the best rate for curvatures between the two, and the factor a step then leaves.

    Examples
    --------
    >>> gradient_descent_optimum(1.0, 3.0)
    (0.5, 0.5)
    """
    smallest, largest = _curvatures(smallest, largest)
    return 2 / (largest + smallest), (largest - smallest) / (largest + smallest)


def heavy_ball_optimum(smallest: Any, largest: Any) -> tuple[Any, Any, Any]:
    """(η, β, ρ): the best rate and momentum, and the factor a step leaves in the long run, √β.

    Examples
    --------
    >>> heavy_ball_optimum(1.0, 9.0)
    (0.25, 0.25, 0.5)
    """
    smallest, largest = (np.sqrt(x) for x in _curvatures(smallest, largest))
    rho = (largest - smallest) / (largest + smallest)
    return _plain(4 / (largest + smallest) ** 2), _plain(rho**2), _plain(rho)


def momentum_matrix(lr: Any, beta: Any, curvature: Any) -> Array:
    r"""What a step with momentum does to one coordinate: (θ, v) times this, (..., 2, 2).

    :math:`g = \lambda\theta`, :math:`v \leftarrow \beta v + g`,
    :math:`\theta \leftarrow \theta - \eta v`. Arguments broadcast. Nesterov's method is the same
    with :math:`\beta(1 - \eta\lambda)` in the place of β.

    Examples
    --------
    >>> momentum_matrix(0.1, 0.9, 1.0)
    array([[ 0.9 , -0.09],
           [ 1.  ,  0.9 ]])
    """
    lr, beta, curvature = np.broadcast_arrays(lr, beta, curvature)
    top = np.stack([1 - lr * curvature, -lr * beta], axis=-1)
    bottom = np.stack([curvature, beta], axis=-1)
    return np.stack([top, bottom], axis=-2).astype(float)


def _curvatures(smallest: Any, largest: Any) -> tuple[Any, Any]:
    smallest = number("smallest", smallest, 0, low_open=True)
    largest = number("largest", largest, 0, low_open=True)
    if np.any(np.asarray(largest) < smallest):
        fail("largest", "at least the smallest", largest)
    return smallest, largest


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value
