"""Pooling, along the rows and then along the columns of an image; images are (..., h, w)."""

from __future__ import annotations

from functools import reduce

import numpy as np

from dlcourse import inputs
from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache, Layer, zeros_for
from dlcourse.scratch.layers.convolution import framed, unframed


def windows(x: Array, size: int, stride: int, axis: int) -> list[Array]:
    """The first, the second, ... entry of every window along ``axis``: views."""
    last = x.shape[axis] - size + 1
    turned = x.swapaxes(axis, -1)
    return [turned[..., i : i + last : stride].swapaxes(axis, -1) for i in range(size)]


def padded(x: Array, padding: int, fill: float = 0.0) -> Array:
    """Images in a frame; without padding the images themselves."""
    return np.moveaxis(framed(x, padding, fill), -1, -4) if padding else x


def cropped(x: Array, padding: int) -> Array:
    """Images without their frame."""
    return unframed(np.moveaxis(x, -4, -1), padding) if padding else x


def max_pool2d(
    x: Array, kernel_size: int, stride: int | None = None, padding: int = 0
) -> tuple[Array, Cache]:
    """The largest entry of every window; ``stride`` is ``kernel_size`` unless given.

    Rows and columns that fill no window are left out, the padding is -∞, as in PyTorch.

    Examples
    --------
    >>> max_pool2d(np.array([[[[1.0, 3.0, 0.0, 2.0], [4.0, 2.0, 5.0, 5.0]]]]), 2)[0]
    array([[[[4., 5.]]]])
    """
    stride, y, passes = stride or kernel_size, padded(x, padding, -np.inf), []
    for axis in (-1, -2):
        whole, beaten = y, []
        y, *others = windows(whole, kernel_size, stride, axis)
        for i, other in enumerate(others, 1):
            won = other > y
            if i <= padding and (padding - i) % stride == 0:  # the first that is no padding
                first = (padding - i) // stride
                won.swapaxes(axis, -1)[..., first : first + 1] = True  # if there is such a window
            beaten.append(won)
            y = np.maximum(y, other)
        passes.append((whole, beaten, axis))
    if np.isnan(y.max()):  # as in PyTorch, the last nan of a window wins
        for whole, beaten, axis in passes:
            _, *others = windows(whole, kernel_size, stride, axis)
            for won, other in zip(beaten, others, strict=True):
                won |= np.isnan(other)
    return y, (passes, kernel_size, stride, padding)


def max_pool2d_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy at the first of the largest entries, row by row, or at the last nan; 0 elsewhere."""
    passes, size, stride, padding = cache
    for whole, beaten, axis in reversed(passes):
        every = 1 < size == stride and whole.shape[axis] % size == 0
        dx = zeros_for(whole, dy, whole.ndim, written=every)
        first, *others = windows(dx, size, stride, axis)
        rest = dy
        for other, won in zip(reversed(others), reversed(beaten), strict=True):
            if stride >= size:  # an entry is in one window at most: written in place
                np.multiply(rest, won, out=other)
                rest = np.subtract(rest, other, out=first)
            else:
                part = rest * won
                other += part
                rest = rest - part
        if rest is not first:
            first += rest
        dy = dx
    return cropped(dy, padding)


def avg_pool2d(
    x: Array, kernel_size: int, stride: int | None = None, padding: int = 0
) -> tuple[Array, Cache]:
    """The mean of every window, zeros of the padding included; else as ``max_pool2d``.

    Examples
    --------
    >>> avg_pool2d(np.array([[[[1.0, 3.0, 0.0, 2.0], [4.0, 2.0, 5.0, 5.0]]]]), 2)[0]
    array([[[[2.5, 3. ]]]])
    """
    stride, y, passes = stride or kernel_size, padded(x, padding), []
    for axis in (-1, -2):
        passes.append((y, axis))
        y = reduce(np.add, windows(y, kernel_size, stride, axis)) / kernel_size
    return y, (passes, kernel_size, stride, padding)


def avg_pool2d_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy over the size of the window, for every window that an entry is in."""
    passes, size, stride, padding = cache
    for whole, axis in reversed(passes):
        share, dy = dy / size, zeros_for(whole, dy, whole.ndim)
        for entry in windows(dy, size, stride, axis):
            entry += share
    return cropped(dy, padding)


def global_avg_pool2d(x: Array) -> tuple[Array, Cache]:
    """The mean of every channel, (..., n, c): one number whatever the size of the image."""
    return x.mean((-2, -1)), x


def global_avg_pool2d_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy / (h w) at every place."""
    dx = zeros_for(cache, dy, cache.ndim - 2)
    dx[...] = dy[..., None, None] / (cache.shape[-2] * cache.shape[-1])
    return dx


class MaxPool2d(Layer):
    """``max_pool2d`` as a layer; ``padding`` is at most half of ``kernel_size``."""

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        super().__init__()
        stride = kernel_size if stride is None else stride
        self.window = inputs.window(kernel_size, stride, padding, pool=True)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        _check(x, self.window)
        return max_pool2d(x, *self.window)

    pair_backward = staticmethod(max_pool2d_backward)


class AvgPool2d(Layer):
    """``avg_pool2d`` as a layer; ``padding`` is at most half of ``kernel_size``."""

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        super().__init__()
        stride = kernel_size if stride is None else stride
        self.window = inputs.window(kernel_size, stride, padding, pool=True)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        _check(x, self.window)
        return avg_pool2d(x, *self.window)

    pair_backward = staticmethod(avg_pool2d_backward)


class GlobalAvgPool2d(Layer):
    """``global_avg_pool2d`` as a layer."""

    def pair(self, x: Array) -> tuple[Array, Cache]:
        _check(x)
        return global_avg_pool2d(x)

    pair_backward = staticmethod(global_avg_pool2d_backward)


def _check(x: Array, window: tuple[int, int, int] = (1, 1, 0)) -> None:
    inputs.batch(x, ("n", "c", "h", "w"), None, np.ndarray)
    inputs.room_for(window[0], window[2], x)
