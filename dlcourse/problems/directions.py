r"""One unit on a quadratic, its weights plain or as a length and a direction; many side by side.

:math:`L = \tfrac12 (w - w^*)^\top H (w - w^*)`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlcourse.arrays import Array
from dlcourse.scratch.normalization import weight_norm, weight_norm_backward


class Unit(NamedTuple):
    """What a unit learns from: curvatures H (runs, d, d), the goal w* and a first w (runs, d)."""

    H: Array
    goal: Array
    start: Array

    def loss(self, w: Array) -> Array:
        """L (..., runs) of weights (..., runs, d)."""
        off = w - self.goal
        return 0.5 * np.einsum("...ri,rij,...rj->...r", off, self.H, off)


def units(seeds: Any, curvatures: Any, align: int | None = None) -> Unit:
    """Random axes with these curvatures, a goal and a start of length 1.

    Parameters
    ----------
    seeds : one a unit
    align : None for a goal that points anywhere, or the place of the axis it lies along

    >>> unit = units([1, 2], [1, 10, 100])
    >>> bool(np.allclose(np.linalg.eigvalsh(unit.H), [1, 10, 100]))
    True
    """
    d, rngs = len(curvatures), [np.random.default_rng(seed) for seed in seeds]
    draws = np.stack([rng.standard_normal((d + 2, d)) for rng in rngs])
    axes = np.linalg.qr(draws[:, :d])[0]
    H = axes * np.asarray(curvatures) @ axes.mT
    goal = draws[:, d] if align is None else axes[:, :, align]
    ends = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (goal, draws[:, d + 1]))
    return Unit(H, *ends)


class Path(NamedTuple):
    """What happened: w (steps + 1, runs, d), ‖v‖ (steps + 1, runs), ‖∇v‖ (steps, runs)."""

    w: Array
    length: Array
    slope: Array


def plain_descent(unit: Unit, rate: Any, steps: int) -> Array:
    """w ← w − η H (w − w*): the path (steps + 1, runs, d). ``rate`` is a number or (runs, 1)."""
    w = [unit.start]
    with np.errstate(invalid="ignore", over="ignore"):  # beyond 2/λ it explodes
        for _ in range(steps):
            w.append(w[-1] - rate * np.einsum("rij,rj->ri", unit.H, w[-1] - unit.goal))
    return np.array(w)


def normed_descent(
    unit: Unit, rate: Any, steps: int, length: Any = 1.0, rate_g: Any = None
) -> Path:
    """Gradient descent on v and g from the same first w.

    Parameters
    ----------
    rate : for v, a number or (runs, 1)
    length : ‖v‖ at the start, a number or (runs, 1)
    rate_g : for g, None for the same
    """
    g = np.linalg.norm(unit.start, axis=1, keepdims=True)
    v = length * unit.start / g
    w, lengths, slopes = [], [np.linalg.norm(v, axis=1)], []
    with np.errstate(invalid="ignore", over="ignore"):
        for _ in range(steps):
            now, cache = weight_norm(v[:, None], g)
            w.append(now[:, 0])
            dw = np.einsum("rij,rj->ri", unit.H, w[-1] - unit.goal)
            dv, dg = weight_norm_backward(dw[:, None], cache)
            v, g = v - rate * dv[:, 0], g - (rate if rate_g is None else rate_g) * dg
            lengths.append(np.linalg.norm(v, axis=1))
            slopes.append(np.linalg.norm(dv[:, 0], axis=1))
        w.append(weight_norm(v[:, None], g)[0][:, 0])
    return Path(np.array(w), np.array(lengths), np.array(slopes))


def steps_needed(unit: Unit, w: Array, share: float = 1e-3) -> Array:
    """Steps until ``share`` of the first loss is left, for good; all steps made if it never is.

    >>> unit = units([1], [1.0, 1.0])
    >>> steps_needed(unit, plain_descent(unit, 0.5, 20))  # the loss is quartered at each step
    array([5])
    """
    with np.errstate(invalid="ignore", over="ignore"):
        there = unit.loss(w) <= share * unit.loss(w[:1])
    late = (~there[::-1]).argmax(axis=0)  # steps at the end that are all there
    late = np.where(there.all(axis=0), len(w), late)
    return np.minimum(len(w) - late, len(w) - 1)


def needed(unit: Unit, rates: Any, lengths: Any = None, steps: int = 400) -> Array:
    """Steps of every unit at every setting, (settings, units): all of them side by side.

    Parameters
    ----------
    rates : one a setting
    lengths : None for plain descent, or a first ‖v‖ for each setting
    """
    settings, runs = len(rates), len(unit.goal)
    many = Unit(*(np.concatenate([one] * settings) for one in unit))
    rate = np.repeat(rates, runs)[:, None]
    if lengths is None:
        w = plain_descent(many, rate, steps)
    else:
        w = normed_descent(many, rate, steps, np.repeat(lengths, runs)[:, None]).w
    return steps_needed(many, w).reshape(settings, runs)


def condition(unit: Unit, ratio: Any) -> Array:
    r"""λmax/λmin at the goal, of those that are not 0, as descent on v and g sees it.

    With r = g/‖v‖ and u the goal's direction the curvatures are those of
    :math:`H\,(u u^\top + r^2 (I - u u^\top))`; r = 1 changes nothing.

    >>> unit = units([1], [1, 10, 100])
    >>> condition(unit, 1.0).round(6)
    array([100.])
    """
    u = unit.goal / np.linalg.norm(unit.goal, axis=1, keepdims=True)
    along = u[:, :, None] * u[:, None, :]
    root = along + ratio * (np.eye(u.shape[1]) - along)
    values = np.linalg.eigvalsh(root @ unit.H @ root)
    return values[:, -1] / values[:, 0]
