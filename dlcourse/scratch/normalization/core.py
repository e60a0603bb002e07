"""Standardizing an array over some of its axes: the arithmetic of batch and of group norm.

Axes count from the end, so that any axes before them are runs. What has one entry where the data
have many keeps these axes, with length one. Sums are taken part by part: a part in the precision of
the data, all of them together in float64, so that float32 loses no digits over many samples.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

import numpy as np

from dlcourse.arrays import BLOCK, Array
from dlcourse.scratch.layers.base import Cache

Axes = tuple[int, ...]
LONGEST = 256
"""So many samples are added up in the precision of the data before float64 takes over; of the
pixels of an image, which the processor adds up in many sums at once, sixteen times as many."""


def along_rows(axes: Axes) -> AbstractContextManager[None]:
    """``unbuffered`` where one number stands for a whole row of the data."""
    return unbuffered() if -1 in axes else nullcontext()


@contextmanager
def unbuffered() -> Iterator[None]:
    """NumPy copies the one number of many until it fills a buffer; from rows as long as an image's
    on, that takes twice as long as the arithmetic. A small buffer is not filled.
    """
    size = np.setbufsize(256)
    try:
        yield
    finally:
        np.setbufsize(size)


def values(x: Array, axes: Axes) -> int:
    """How many numbers of x a sum over these axes has."""
    return math.prod(x.shape[axis] for axis in axes)


def outermost(x: Array, axes: Axes) -> int:
    """That of these axes along which neighbours are farthest apart in memory."""
    if len(axes) == 1:
        return axes[0]
    return max(axes, key=lambda axis: (x.shape[axis] > 1, abs(x.strides[axis])))


def parts(x: Array, axis: int, size: int = 0) -> Iterator[tuple[Any, ...]]:
    """Cuts of x along an axis, with about ``size`` entries, or so many that a cache holds each."""
    n, behind = x.shape[axis], (slice(None),) * (-1 - axis)
    count = min(max(round(x.size / (size or 16 * BLOCK)), 1), n)
    for i in range(count):
        yield (..., slice(n * i // count, n * (i + 1) // count), *behind)


def widened(a: Array, axes: Axes) -> Array:
    """The axes that a sum has taken away, put back with length one."""
    return a[_widening(axes)]


@cache
def _widening(axes: Axes) -> tuple[Any, ...]:
    return (..., *(None if axis in axes else slice(None) for axis in range(min(axes), 0)))


def total(axes: Axes, a: Array, b: Any = None) -> Array:
    """Σ a, or Σ a b, over the axes, in float64."""
    outer, inner = [], [*axes]
    while len(inner) > 1 and values(a, tuple(inner)) > 16 * LONGEST:
        outer.append(outermost(a, tuple(inner)))
        inner.remove(outer[-1])
    if outer:
        return np.asarray(sums(tuple(inner), a, b).sum(tuple(outer), np.float64, keepdims=True))
    if len(inner) > 1 or a.shape[inner[0]] <= LONGEST:
        return sums(axes, a, b).astype(np.float64)
    size = a.size // a.shape[inner[0]] * LONGEST
    cuts = [(a[cut], None if b is None else b[cut]) for cut in parts(a, inner[0], size)]
    return np.asarray(np.sum([sums(axes, *cut) for cut in cuts], 0, np.float64))


def sums(axes: Axes, a: Array, b: Any = None) -> Array:
    """Σ a, or Σ a b, over the axes, in the precision of a and b."""
    given = (a,) if b is None else (a, b)
    return widened(np.einsum(_subscripts(axes, *(one.ndim for one in given)), *given), axes)


@cache
def _subscripts(axes: Axes, *ndims: int) -> str:
    """What ``einsum`` is told: ``_subscripts((-2,), 3, 3)`` is ``"abc,abc->ac"``."""
    letters = "abcdefghijklmnopqrstuvwxyz"[: max(ndims)]
    kept = "".join(c for i, c in enumerate(letters) if i - len(letters) not in axes)
    return f"{','.join(letters[len(letters) - n :] for n in ndims)}->{kept}"


def moments(x: Array, axes: Axes, out: Array) -> tuple[Array, Array]:
    """Write x without its mean; the mean, and the root of the biased variance, in float64."""
    n = values(x, axes)
    mean = total(axes, x) / n
    rounded = mean.astype(x.dtype)
    std = shift(x, rounded, axes, out)
    if (abs(mean) > 2 * std).any():  # what was rounded off it counts, and if x is constant is all
        rest = total(axes, out) / n
        mean, std = rounded + rest, shift(out, rest.astype(x.dtype), axes, out)
    return mean, std


def shift(x: Array, by: Array, axes: Axes, out: Array) -> Array:
    """Write x - by; the root of the mean of its squares, infinite only where x is."""
    squares = np.zeros(())
    with along_rows(axes), np.errstate(over="ignore"):
        for part in parts(x, outermost(x, axes)):
            d = np.subtract(x[part], by, out=out[part])
            squares = squares + total(axes, d, d)
    if np.isinf(squares).any():
        largest = abs(out).max(axes, keepdims=True)
        d = out / np.maximum(largest, np.finfo(x.dtype).tiny)
        return largest * np.sqrt(total(axes, d, d) / values(x, axes))
    return np.sqrt(squares / values(x, axes))


def squared(std: Array) -> Array:
    """σ², infinite where it is no number."""
    with np.errstate(over="ignore"):
        return np.square(std)


def inverse(std: Array, eps: float, dtype: Any) -> Array:
    """1 / √(σ² + ε), also where σ² would be no number."""
    return np.asarray(1 / np.hypot(std, math.sqrt(eps))).astype(dtype)


def times(scale: Array, gain: Array | None) -> Array:
    """scale · gain, where there is a gain."""
    return scale if gain is None else scale * gain


def standardize(x: Array, axes: Axes, eps: float) -> tuple[Array, Cache]:
    r"""Shift and stretch x to mean 0 and variance 1 over ``axes``, negative ones.

    .. math:: \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad
              \mu = \operatorname{mean}(x), \quad \sigma^2 = \operatorname{mean}((x - \mu)^2)

    Returns
    -------
    xhat, in the shape and dtype of x, and (xhat, inv_std, axes) for the way back

    Examples
    --------
    >>> standardize(np.array([[1.0, 3.0]]), (-1,), eps=0.0)[0]
    array([[-1.,  1.]])
    """
    xhat = np.empty_like(x)
    _, std = moments(x, axes, out=xhat)
    inv_std = inverse(std, eps, x.dtype)
    xhat *= inv_std
    return xhat, (xhat, inv_std, axes)


def standardize_backward(dxhat: Array, cache: Cache) -> Array:
    r"""What would only shift or stretch x has no effect: that part of ``dxhat`` is taken out.

    .. math:: dx = \frac{1}{\sqrt{\sigma^2 + \epsilon}} \left(d\hat x - \operatorname{mean}(d\hat x)
              - \hat x \operatorname{mean}(d\hat x \, \hat x)\right)
    """
    xhat, inv_std, axes = cache
    n, dx = values(xhat, axes), np.empty_like(dxhat)
    mean, along = total(axes, dxhat) / n, total(axes, dxhat, xhat) / n
    project(dxhat, xhat, mean, along, inv_std, axes, out=dx)
    return dx


def project(
    g: Array, d: Array, mean: Array, along: Array, scale: Array, axes: Axes, out: Array
) -> None:
    """Write (g - mean - along · d) · scale, of which only g and d vary along the axes."""
    mean, along, scale = (a.astype(out.dtype, copy=False) for a in (mean, along, scale))
    with along_rows(axes):
        for part in parts(g, outermost(g, axes)):
            rest = np.multiply(d[part], -along, out=out[part])
            rest += g[part]
            rest -= mean
            rest *= scale


def stretch(d: Array, scale: Array, shift: Array | None, axes: Axes, out: Array) -> None:
    """Write scale · d + shift, which are constant along the axes."""
    with along_rows(axes):
        for part in parts(d, outermost(d, axes)):
            y = np.multiply(d[part], scale, out=out[part])
            if shift is not None:
                y += shift


def room_for_y(d: Array, *given: Array | None) -> Array:
    """An array for what is made of all that is given, with their runs and in their precision."""
    found = [p for p in given if p is not None]
    shape = np.broadcast(d, *found).shape
    return np.empty_like(d, np.result_type(d, *found), shape=shape)


def batch_axes(x: Array) -> Axes:
    """What is no channel and no run: n of features (..., n, c), n, h and w of images."""
    return (-2,) if x.ndim < 4 else (-4, -2, -1)


def per_channel(axes: Axes, *params: Array | None) -> list[Array | None]:
    """One number a channel, (c,) or (runs, c), with the axes along which it is the same."""
    return [None if p is None else widened(p, axes) for p in params]


def narrowed(axes: Axes, sums: Array, p: Array | None) -> Array | None:
    """The gradient of the parameter p, in its precision, without those axes."""
    return None if p is None else sums.squeeze(axes).astype(p.dtype)
