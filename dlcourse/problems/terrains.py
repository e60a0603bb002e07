"""Three small landscapes on which methods differ: a valley, a saddle, a plateau around a well.

The formulas use nothing but + − × ÷, so that even a wild path is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dlcourse.arrays import Array
from dlcourse.problems.quadratics import Quadratic

VALLEY, SADDLE = Quadratic([0.1, 2.5]), Quadratic([1.0, -1.0])


def well(x: Array) -> Array:
    r"""The plateau: :math:`f = -1 / (1 + \|x\|^2)^2` at points on the last axis, flat far out."""
    return np.asarray(-1 / (1 + (x**2).sum(-1)) ** 2)


def well_grad(x: Array) -> Array:
    """Its gradient, in the shape of ``x``."""
    size = 1 + (x**2).sum(-1, keepdims=True)
    return 4 * x / (size * size * size)  # a power would differ in its last digit between processors


class Terrain(NamedTuple):
    """A landscape: its gradient, where the walk begins, which points of a path are done."""

    grad: Callable[[Array], Array]
    start: tuple[float, float]
    done: Callable[[Array], Array]


def _near(path: Array) -> Array:
    return np.linalg.norm(path, axis=-1) < 0.25


TERRAINS = {
    "Valley": Terrain(VALLEY.grad, (4.0, 1.0), _near),
    "Saddle": Terrain(SADDLE.grad, (1.5, 0.01), lambda path: path[..., 1] > 1),
    "Plateau": Terrain(well_grad, (3.0, 1.5), _near),
}


def arrival(done: Array) -> int | None:
    """The step from which ``done`` holds to the end; None if it does not hold there.

    Examples
    --------
    >>> arrival(np.array([False, True, False, True, True]))
    3
    """
    away = np.flatnonzero(~done)
    if len(away) and away[-1] == len(done) - 1:
        return None
    return int(away[-1]) + 1 if len(away) else 0
