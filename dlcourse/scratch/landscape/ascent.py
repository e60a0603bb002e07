"""The largest loss in a region around a point: gradient ascent that does not leave the region."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dlcourse.arrays import Array

Function = Callable[[Array], Array]


def project_box(u: Array) -> Array:
    """The nearest place in the box abs(u_i) <= 1."""
    return np.clip(u, -1, 1)


def project_ball(u: Array) -> Array:
    """The nearest place in the ball of radius 1."""
    return u / np.maximum(np.linalg.norm(u, axis=-1, keepdims=True), 1)


def farthest_box(g: Array) -> Array:
    """Where in the box a linear function with this slope is largest: a corner."""
    return np.sign(g)


def farthest_ball(g: Array) -> Array:
    """Where in the ball a linear function with this slope is largest."""
    length = np.linalg.norm(g, axis=-1, keepdims=True)
    return g / np.where(length > 0, length, 1)


REGIONS = {"box": (project_box, farthest_box), "ball": (project_ball, farthest_ball)}


class Maximum(NamedTuple):
    """Where the ascent ended: ``value`` (...,), ``place`` u (..., p), and the ``gap`` (...,).

    The gap, the largest g·(v - u) over the v in the region, is what the linear function of the
    gradient there could still gain: 0 at a stationary point.
    """

    value: Array
    place: Array
    gap: Array


def ascend(
    value: Function, grad: Function, u: Array, region: str, steps: int
) -> Maximum:  # fmt: skip
    r"""Projected gradient ascent from u, in ``steps`` steps that never go down.

    .. math:: u \leftarrow P(u + t\, g), \qquad
              f(P(u + t\, g)) \ge f(u) + c\; g^\top (P(u + t\, g) - u), \quad c = 10^{-4}

    Parameters
    ----------
    value, grad : functions of u (..., p), one number a run and a slope a run
    u : the start, inside the region
    region : "box" or "ball", of half width or radius 1

    Notes
    -----
    The first trial is t = ∞: a corner of the box, the place on the sphere where the gradient
    points. Of a convex loss it always goes up. Only where it does not, t is divided by 4 until the
    inequality holds; a run whose 25 trials all fail stays where it is. Every run has its own t.

    References
    ----------
    Bertsekas (1976): the rule along the projection arc.
    """
    project, farthest = REGIONS[region]
    at, t = value(u), np.full_like(u[..., :1], np.inf)
    for _ in range(steps):
        g = grad(u)
        length = np.linalg.norm(g, axis=-1, keepdims=True)
        across = 2 * u.shape[-1] ** 0.5 / np.where(length > 0, length, 1)
        t, new = np.minimum(16 * t, across), farthest(g)
        for _ in range(25):
            there = value(new)
            ok = there >= at + 1e-4 * np.vecdot(g, new - u)
            if ok.all():
                break
            t = np.where(ok[..., None], t, t / 4)
            new = np.where(ok[..., None], new, project(u + 4 * t * g))
        u, at = np.where(ok[..., None], new, u), np.where(ok, there, at)
    g = grad(u)
    return Maximum(at, u, np.vecdot(g, farthest(g) - u))
