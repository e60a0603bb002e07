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


def framed(shape: tuple[int, ...], size: int, dtype: Any) -> Array:
    """Room for a piece of ``shape``, its channels, and the zeros beyond the first and last one."""
    at = next(pieces(shape))
    outer, channels, inner = (min(n, p.stop or n) for n, p in zip(shape, at, strict=True))
    return np.zeros((outer, channels + size - 1, inner), dtype)


def window_sum(frame: Array, size: int, start: float, out: Array | None = None) -> Array:
    """``start`` + Σ of ``size`` channels of the frame, from each one on.

    Sums of 1, 2, 4, … neighbours are added up, never subtracted: nothing cancels, and the cost
    grows with the logarithm of the window.
    """
    channels, length, done = frame.shape[1] - size + 1, 1, 0
    total: Any = start
    while length <= size:
        if size & length:
            part = frame[:, done : done + channels]
            total = out = np.add(part, total, out=out)
            done += length
        if 2 * length <= size:
            frame = frame[:, :-length] + frame[:, length:]
        length *= 2
    return total


def inner(frame: Array, part: Array, before: int) -> tuple[Array, Array]:
    """The piece of the frame that ``part`` needs, the last one being smaller, and its inside."""
    outer, channels, width = part.shape
    frame = frame[:outer, :, :width]
    return frame, frame[:, before : before + channels]


def root(s: Array, beta: float) -> Array:
    """s^β; of 3/4 by two square roots, which cost a tenth of a power."""
    if beta != 0.75:
        return s**beta
    half = np.sqrt(s)
    quarter = np.sqrt(half)
    return np.multiply(half, quarter, out=quarter)


def local_response_norm(
    x: Array,
    size: int,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
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
    frame = framed(flat.shape, size, x.dtype)
    for at in pieces(flat.shape):
        part = flat[at]
        framed_part, inside = inner(frame, part, size // 2)
        np.multiply(part, part, out=inside)
        inside *= alpha / size
        scale = window_sum(framed_part, size, k, out=s[at])
        np.divide(part, root(scale, beta), out=y[at])
    return unplanes(y, x, order), (x, s, order, (size, alpha, beta))


def local_response_norm_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy/s^β - 2αβ/n · x Σ dy y/s over all channels in whose window x was."""
    x, s, order, (size, alpha, beta) = cache
    if dy.ndim > x.ndim:
        return np.stack([local_response_norm_backward(one, cache) for one in dy])
    flat, dflat = planes(x, order), planes(dy, order)
    dx = np.empty_like(dflat)
    frame = framed(flat.shape, size, dx.dtype)
    for at in pieces(flat.shape):
        part, scale = flat[at], s[at]
        framed_part, inside = inner(frame, part, (size - 1) // 2)
        direct = dflat[at] / root(scale, beta)
        np.multiply(direct, part, out=inside)
        inside /= scale
        inside *= 2 * alpha * beta / size
        spread = window_sum(framed_part, size, 0.0)
        spread *= part
        np.subtract(direct, spread, out=dx[at])
    return unplanes(dx, x, order)


class LocalResponseNorm(Layer):
    """``local_response_norm`` as a layer.

    Parameters
    ----------
    size : int >= 1
    alpha, beta, k : numbers >= 0; k = 0 divides by zero where a whole window is zero
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = checks.integer("size", size, 1)
        self.alpha = checks.scalar("alpha", alpha)
        self.beta = checks.scalar("beta", beta)
        self.k = checks.scalar("k", k)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        axes = ("n", "c", "h", "w") if np.ndim(x) > 3 else ("n", "c")
        inputs.batch(x, axes, None, np.ndarray)
        return local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    pair_backward = staticmethod(local_response_norm_backward)
