"""Convolution. In memory the images of a batch lie side by side at every place, ``(c, h, w, n)``.

What lies under one entry of the kernel, at all its places, is then a slice of the batch, and taking
it moves blocks of images. The columns of a whole batch would leave the cache; a band of rows of the
output at a time does not, and the backward pass makes them again instead of keeping them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.layers.base import Cache, Draw, Layer, uniform

BAND = 1 << 17
"""Entries of the columns made at a time."""


def framed(x: Array, padding: int, fill: float = 0.0) -> Array:
    """A copy (..., c, h, w, n) of images (..., n, c, h, w) in a frame ``padding`` wide."""
    *lead, n, c, h, w = x.shape
    frame = np.full((*lead, c, h + 2 * padding, w + 2 * padding, n), fill, x.dtype)
    unframed(frame, padding)[...] = x
    return frame


def unframed(frame: Array, padding: int) -> Array:
    """The images (..., n, c, h, w) inside the frame: a view."""
    *_, h, w, _ = frame.shape
    inside = frame[..., padding : h - padding, padding : w - padding, :]
    return np.moveaxis(inside, -1, -4)


def under_kernel(frame: Array, size: tuple[int, int], stride: int, rows: slice) -> list[Array]:
    """For each entry of the kernel what it meets, (..., c, rows, width, n): views of the frame."""
    (p, q), reach = size, stride * (rows.stop - rows.start - 1) + 1
    top, width = stride * rows.start, frame.shape[-2] - q + 1
    return [
        frame[..., top + i : top + i + reach : stride, j : j + width : stride, :]
        for i in range(p)
        for j in range(q)
    ]


def columns(frame: Array, size: tuple[int, int], stride: int, rows: slice) -> Array:
    """One column for each place of these rows, with all that the kernel meets there."""
    stacked = np.concatenate(under_kernel(frame, size, stride, rows), axis=-4)
    return stacked.reshape(*stacked.shape[:-3], -1)


def add_columns(frame: Array, cols: Array, size: tuple[int, int], stride: int, rows: slice) -> None:
    """Add every column to what it was taken from: ``columns`` backward."""
    met = under_kernel(frame, size, stride, rows)
    parts = np.moveaxis(cols.reshape(*cols.shape[:-2], len(met), *met[0].shape[-4:]), -5, 0)
    for place, part in zip(met, parts, strict=True):
        place += part


def bands(rows: int, width: int) -> Iterator[slice]:
    """Slices of the rows of the output, ``width`` entries of the columns each."""
    step = max(BAND // width, 1)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def conv2d(
    x: Array, weight: Array, bias: Array | None = None, stride: int = 1, padding: int = 0
) -> tuple[Array, Cache]:
    r"""Slide the kernels over the images: at each place a product with every one of them.

    .. math:: y_{kuv} = b_k + \sum_{c,i,j} W_{kcij}\; x_{c,\; s u + i - p,\; s v + j - p}

    s is the ``stride``, p the ``padding`` with zeros. As in PyTorch, kernels are not turned round.

    Parameters
    ----------
    x : (..., n, c, h, w)
    weight, bias : (..., k, c, i, j) and (..., k)

    Returns
    -------
    y (..., n, k, ⌊(h + 2p - i) / s⌋ + 1, ⌊(w + 2p - j) / s⌋ + 1), and the cache.

    Examples
    --------
    The sum of each 2 x 2 patch:

    >>> conv2d(np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)))[0]
    array([[[[ 8., 12.],
             [20., 24.]]]])
    """
    *_, k, _, p, q = weight.shape
    frame = framed(x, padding)
    kernel = np.moveaxis(weight, -3, -1).reshape(*weight.shape[:-3], -1)
    *lead, _, h, w, n = frame.shape
    rows, width = (h - p) // stride + 1, (w - q) // stride + 1
    lead = list(np.broadcast_shapes(tuple(lead), weight.shape[:-4]))
    y = np.empty((*lead, k, rows, width * n), np.result_type(x, weight))
    for band in bands(rows, kernel.shape[-1] * width * n):
        part = y[..., band, :].reshape(*lead, k, -1)
        np.matmul(kernel, columns(frame, (p, q), stride, band), out=part)
        if bias is not None:
            part += bias[..., None]
    y = np.moveaxis(y.reshape(*lead, k, rows, width, n), -1, -4)
    return y, (frame, kernel, weight.shape, stride, padding)


def conv2d_backward(dy: Array, cache: Cache, input_grad: bool = True) -> tuple[Any, Array, Array]:
    """dW = Σ dy colsᵀ; dx adds up Wᵀ dy at the places where the columns were taken; db = Σ dy."""
    frame, kernel, (*_, c, p, q), stride, padding = cache
    *lead, n, k, rows, width = dy.shape
    dy = np.ascontiguousarray(np.moveaxis(dy, -4, -1)).reshape(*lead, k, rows, -1)
    dkernel, dbias = np.zeros((*lead, *kernel.shape[-2:]), dy.dtype), dy.sum((-2, -1))
    dframe = np.zeros((*lead, *frame.shape[-4:]), dy.dtype) if input_grad else None
    for band in bands(rows, kernel.shape[-1] * width * n):
        d = dy[..., band, :].reshape(*lead, k, -1)
        # Unnamed, so that one buffer serves all columns; and d @ colsᵀ would be slower.
        dkernel += (columns(frame, (p, q), stride, band) @ d.swapaxes(-1, -2)).swapaxes(-1, -2)
        if dframe is not None:
            add_columns(dframe, kernel.swapaxes(-1, -2) @ d, (p, q), stride, band)
    dweight = np.moveaxis(dkernel.reshape(*lead, k, p, q, c), -1, -3)
    return None if dframe is None else unframed(dframe, padding), dweight, dbias


class Conv2d(Layer):
    """``conv2d`` as a layer with square kernels.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride : int >= 1
    padding : int in 0 .. kernel_size - 1
    bias, rng, runs, dtype : as in ``Linear``

    Notes
    -----
    Drawn as ``torch.nn.Conv2d`` draws: uniform in ±1/√d, d the number of inputs of one output.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        c = checks.integer("in_channels", in_channels, 1)
        k = checks.integer("out_channels", out_channels, 1)
        self.size, self.stride, self.padding = inputs.window(kernel_size, stride, padding)
        bound = 1 / np.sqrt(c * self.size**2)
        draws: dict[str, Draw] = {"weight": uniform(bound, k, c, self.size, self.size)}
        if bias:
            draws["bias"] = uniform(bound, k)
        self.draw(draws, rng, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        weight, bias = self.params["weight"], self.params.get("bias")
        axes = ("n", weight.shape[-3], "h", "w")
        inputs.batch(x, axes, weight.shape[:-4], np.ndarray)
        inputs.room_for(self.size, self.padding, x)
        return conv2d(x, weight, bias, self.stride, self.padding)

    pair_backward = staticmethod(conv2d_backward)
