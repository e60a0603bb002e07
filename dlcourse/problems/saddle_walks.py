"""Ways off the saddle x² − y², by any method, at any angle, and under plans of rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse.arrays import Array
from dlcourse.problems.quadratics import Quadratic

SADDLE = Quadratic([2.0, -2.0])
"""f(x, y) = x² − y²."""
OUT = 1.0


def turned(angle: float) -> Array:
    """The matrix that turns the plane by so many degrees.

    Examples
    --------
    >>> turned(90.0).round(6) + 0.0
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[c, -s], [s, c]])


def walk_off(
    make: Callable[[Array], Any], start: Array, steps: int, *, angle: float = 0.0,
    noise: Array | float = 0.0, rng: np.random.Generator | None = None,
) -> Array:  # fmt: skip
    """Where a method is, in the axes of the saddle, at its start and after each step.

    Parameters
    ----------
    make : parameters to an optimizer of them, as ``lambda theta: SGD(theta, lr=0.1)``
    start : (runs, 2), x and y
    angle : by which the saddle is turned against the axes of the parameters, in degrees
    noise : of the gradient, the standard deviation of each component, a number or (runs, 1)

    Returns
    -------
    (steps + 1, runs, 2)
    """
    turn = turned(angle)
    theta = start @ turn.T
    optimizer, path = make(theta), [start.copy()]
    for _ in range(steps):
        g = SADDLE.grad(theta @ turn)
        if rng is not None:
            g = g + noise * rng.standard_normal(g.shape)
        optimizer.step(g @ turn.T)
        path.append(theta @ turn)
    return np.stack(path)


def steps_out(path: Array) -> Array:
    """The first step at which y is beyond ±1, of every run of a path; its length if there is none.

    Examples
    --------
    >>> steps_out(np.array([[[1.0, 0.1], [1.0, 0.0]], [[0.5, 1.1], [0.5, 0.0]]]))
    array([1, 2])
    """
    out = abs(path[..., 1]) > OUT
    return np.where(out.any(0), out.argmax(0), len(path))


def predicted(offset: Array, lr: Array) -> Array:
    r"""When gradient descent is out: :math:`\lceil \ln(1/\delta) / \ln(1 + 2\eta) \rceil`.

    Examples
    --------
    >>> int(predicted(1e-8, 0.1))
    102
    """
    count = np.log(OUT / np.asarray(offset)) / np.log1p(2 * np.asarray(lr))
    return np.asarray(np.floor(count).astype(int) + 1)  # beyond 1, not at it


def under_plan(offset: float, rates: Array, curvature: float = -2.0) -> Array:
    """The distance along the downward direction under a plan of rates, before and after each."""
    return offset * np.concatenate([[1.0], np.cumprod(1 - curvature * rates)])
