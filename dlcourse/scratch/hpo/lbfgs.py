"""L-BFGS in a box, for several starts at once: what fits a surrogate and climbs an acquisition."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import numpy as np

from dlcourse.arrays import Array

Objective = Callable[[Array], tuple[Array, Array]]


def _dot(a: Array, b: Array) -> Array:
    return np.vecdot(a, b)[:, None]


def two_loop(grad: Array, pairs: Iterable[tuple[Array, Array, Array]], scale: Array) -> Array:
    r"""The quasi-Newton direction −Hg, from the steps and changes of gradient remembered.

    .. math:: H \leftarrow (I - \rho s y^\top) H (I - \rho y s^\top) + \rho s s^\top, \qquad
              \rho = 1 / s^\top y, \qquad H_0 = \gamma I

    Parameters
    ----------
    grad : g, (n, d) · pairs : (s, y, ρ), latest first; with ρ = 0 a pair is without effect
    scale : γ, (n, 1)

    Returns
    -------
    array (n, d)

    Examples
    --------
    Once a step along an axis has shown its curvature, y = 4s, the step to the minimum is known.

    >>> s, y, rho = np.array([[1.0, 0.0]]), np.array([[4.0, 0.0]]), np.array([[0.25]])
    >>> two_loop(np.array([[2.0, 1.0]]), [(s, y, rho)], np.array([[1.0]]))
    array([[-0.5, -1. ]])

    References
    ----------
    Nocedal and Wright (2006), algorithm 7.4.
    """
    q, alphas = grad, []
    for s, y, rho in pairs:
        alphas.append(rho * _dot(s, q))
        q = q - alphas[-1] * y
    q = scale * q
    for (s, y, rho), alpha in zip(reversed([*pairs]), reversed(alphas), strict=True):
        q = q + (alpha - rho * _dot(y, q)) * s
    return -q


def lbfgs(
    f: Objective, x: Array, low: Array, high: Array, steps: int = 50, tol: float = 1e-5
) -> tuple[Array, Array]:
    r"""Minimize a smooth function inside a box from several starts, in one program for all.

    .. math:: x \leftarrow \operatorname{clip}(x - t H g), \qquad
              t \text{ is quartered until } f(x') \le f(x) + 10^{-4}\, g^\top (x' - x)

    Parameters
    ----------
    f : x (n, d) -> values (n,) and gradients (n, d), each row by itself
    x : (n, d), the starts
    low, high : bounds that broadcast to x
    steps : the number of times f is called after the first · tol : of the projected gradient

    Returns
    -------
    x (n, d) and its values (n,): of each start the best point found

    Notes
    -----
    Every round evaluates each row once; a row whose step was too long takes a shorter one in the
    next round, the others go on. A coordinate that a bound holds is out of the game for a round.
    A value that is not finite counts as too large.

    Examples
    --------
    >>> def bowl(x):
    ...     return ((x - 1) ** 2).sum(1), 2 * (x - 1)
    >>> x, value = lbfgs(bowl, np.array([[3.0, -2.0], [0.0, 0.0]]), 0.0, np.array([5.0, 0.5]))
    >>> x.round(4), value
    (array([[1. , 0.5],
           [1. , 0.5]]), array([0.25, 0.25]))

    References
    ----------
    Liu and Nocedal (1989).
    """
    x = np.clip(x, low, high)
    value, grad = f(x)
    pairs: deque[tuple[Array, Array, Array]] = deque(maxlen=6)
    scale = 0.1 / np.maximum(np.sqrt(_dot(grad, grad)), 0.1)
    t = np.ones_like(scale)
    for _ in range(steps):
        free = ~((x <= low) & (grad > 0) | (x >= high) & (grad < 0))
        g = grad * free
        if abs(g).max() < tol:
            break
        move = two_loop(g, pairs, scale) * free
        move = np.where(_dot(move, g) < 0, move, -scale * g)
        new = np.clip(x + t * move, low, high)
        new_value, new_grad = f(new)
        bound = value + 1e-4 * _dot(grad, new - x)[:, 0]
        good = ((new_value <= bound) & np.isfinite(new_value))[:, None]
        s, y = np.where(good, new - x, 0.0), np.where(good, new_grad - grad, 0.0)
        sy, yy = _dot(s, y), _dot(y, y)
        curved = sy > 1e-10 * np.sqrt(_dot(s, s) * yy)
        pairs.appendleft((s, y, np.where(curved, 1 / np.where(curved, sy, 1), 0)))
        scale = np.where(curved, sy / np.where(curved, yy, 1), scale)
        x, grad = np.where(good, new, x), np.where(good, new_grad, grad)
        value, t = np.where(good[:, 0], new_value, value), np.where(good, 1.0, t / 4)
    return x, value
