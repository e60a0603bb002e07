"""Local response normalization: each channel is divided by what its neighbours have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from dlcourse import checks, inputs
from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache, Layer

BLOCK = 1 << 15
"""Entries normalized at a time: what a pass leaves behind is then still in the cache."""


def memory_order(x: Array) -> tuple[int, ...]:
    """The axes of x from the one with the longest strides to the one with the shortest."""
    return tuple(sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis])))


def planes(x: Array, order: tuple[int, ...]) -> Array:
    """x as (outer, channels, inner), its axes in this order: a view if that is how it lies."""
    place = order.index(x.ndim - (3 if x.ndim > 3 else 1))
    shape = [x.shape[axis] for axis in order]
    outer, inner = int(np.prod(shape[:place])), int(np.prod(shape[place + 1 :]))
    return x.transpose(order).reshape(outer, shape[place], inner)


def unplanes(flat: Array, x: Array, order: tuple[int, ...]) -> Array:
    """``planes`` backward: shaped as x."""
    back = sorted(range(x.ndim), key=order.__getitem__)
    return flat.reshape([x.shape[axis] for axis in order]).transpose(back)


def pieces(shape: tuple[int, ...]) -> Iterator[tuple[Any, ...]]:
    """Indices of about ``BLOCK`` entries each into (outer, channels, inner)."""
    outer, channels, inner = shape
    width = max(BLOCK // channels, 1)
    rows = max(width // inner, 1)
    for i in range(0, outer, rows):
        for j in range(0, inner, width):
            yield slice(i, i + rows), slice(None), slice(j, j + width)


def window_sum(q: Array, before: int, after: int) -> Array:
    """Σ q over the channels c - before .. c + after of each c, with zeros beyond the ends.

    Sums of 1, 2, 4, … neighbours are added up, never subtracted: nothing cancels, and the cost
    grows with the logarithm of the window.
    """
    outer, channels, inner = q.shape
    size = before + 1 + after
    part = np.zeros((outer, channels + size - 1, inner), q.dtype)
    part[:, before : before + channels] = q
    total, start, length = None, 0, 1
    while True:
        if size & length:
            piece = part[:, start : start + channels]
            total = piece.copy() if total is None else np.add(total, piece, out=total)
            start += length
        if 2 * length > size:
            return total
        part, length = part[:, :-length] + part[:, length:], 2 * length


def root(s: Array, beta: float) -> Array:
    """s^β; of 3/4 by two square roots, which cost a tenth of a power."""
    if beta != 0.75:
        return s**beta
    half = np.sqrt(s)
    return half * np.sqrt(half)


def local_response_norm(
    x: Array, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> tuple[Array, Cache]:
    r"""Divide each channel by what it and its neighbours have at the same place.

    .. math:: y_c = \frac{x_c}{s_c^{\,\beta}}, \qquad
        s_c = k + \frac{\alpha}{n} \sum_{j = c - \lfloor n/2 \rfloor}^{c + \lfloor (n-1)/2 \rfloor}
        x_j^2

    Parameters
    ----------
    x : images (n, c, h, w) or (runs, n, c, h, w); features (n, c) or (runs, n, c)
    size : n, the channels in a window; beyond the first and the last one there are zeros
    alpha, beta, k : numbers >= 0

    Returns
    -------
    y, shaped as x, and the cache.

    Notes
    -----
    As in PyTorch α is divided by the window; in AlexNet's paper it is not. Squares leave the range
    of float32 from 1.8e19 on: the output there is 0, in both rooms.

    Examples
    --------
    >>> local_response_norm(np.array([[3.0, 4.0, 0.0]]), size=3, alpha=3.0, beta=0.5, k=0.0)[0]
    array([[0.6, 0.8, 0. ]])

    References
    ----------
    Krizhevsky, Sutskever and Hinton (2012), section 3.3.
    """
    order = memory_order(x)
    flat = planes(x, order)
    y, s = np.empty_like(flat), np.empty_like(flat)
    for at in pieces(flat.shape):
        part = flat[at]
        total = window_sum(part * part, size // 2, (size - 1) // 2)
        total *= alpha / size
        np.add(total, k, out=s[at])
        np.divide(part, root(s[at], beta), out=y[at])
    return unplanes(y, x, order), (x, s, order, (size, alpha, beta))


def local_response_norm_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy/s^β - 2αβ/n · x Σ dy y/s over all channels in whose window x was."""
    x, s, order, (size, alpha, beta) = cache
    if dy.ndim > x.ndim:
        return np.stack([local_response_norm_backward(one, cache) for one in dy])
    flat, dflat = planes(x, order), planes(dy, order)
    dx = np.empty_like(dflat)
    for at in pieces(flat.shape):
        part, scale = flat[at], s[at]
        direct = dflat[at] / root(scale, beta)
        shared = direct * part
        shared /= scale
        spread = window_sum(shared, (size - 1) // 2, size // 2)
        spread *= part
        spread *= 2 * alpha * beta / size
        np.subtract(direct, spread, out=dx[at])
    return unplanes(dx, x, order)


class LocalResponseNorm(Layer):
    """``local_response_norm`` as a layer.

    Parameters
    ----------
    size : int >= 1
    alpha, beta, k : numbers >= 0; k = 0 divides by zero where a whole window is zero
    """

    def __init__(
        self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
    ) -> None:
        super().__init__()
        self.size = checks.integer("size", size, 1)
        self.alpha = checks.scalar("alpha", alpha)
        self.beta = checks.scalar("beta", beta)
        self.k = checks.scalar("k", k)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        inputs.channels(x, np.ndarray)
        return local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    pair_backward = staticmethod(local_response_norm_backward)
