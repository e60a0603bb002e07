"""Other values for the same pixels: inverted, coarser, sharper, spread over the whole range."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.arrays import Array
from dlcourse.images import images, number_each, whole_each
from dlcourse.scratch.augmentation.sampling import per_image


def invert(x: Array) -> Array:
    """1 - x: black becomes white.

    >>> invert(np.array([[[0.0, 0.25]]]))
    array([[[1.  , 0.75]]])
    """
    images(x, np.ndarray, unit=True)
    return 1 - x


def solarize(x: Array, threshold: Any) -> Array:
    """Invert what is as bright as ``threshold`` or brighter, as a film does that saw too much.

    Parameters
    ----------
    x : images (..., c, h, w) in [0, 1]
    threshold : in [0, 1], a number or one an image

    Examples
    --------
    >>> solarize(np.array([[[0.25, 0.5, 1.0]]]), 0.5)
    array([[[0.25, 0.5 , 0.  ]]])
    """
    images(x, np.ndarray, unit=True)
    lead, flat, (least,) = per_image(x, number_each("threshold", threshold, x, 0, 1))
    least = least.reshape(-1, 1, 1, 1).astype(x.dtype)
    return np.where(flat >= least, 1 - flat, flat).reshape(lead + x.shape[-3:])


def posterize(x: Array, bits: Any) -> Array:
    """Keep 2 ** bits values, each the low end of its step.

    Parameters
    ----------
    x : images (..., c, h, w) in [0, 1]
    bits : integers in 0 .. 8, one for all or one an image

    Examples
    --------
    >>> posterize(np.array([[[0.1, 0.3, 0.6, 1.0]]]), 1)
    array([[[0. , 0. , 0.5, 0.5]]])
    """
    images(x, np.ndarray, unit=True)
    lead, flat, (kept,) = per_image(x, whole_each("bits", bits, x, 0, 8))
    levels = (2.0 ** kept.reshape(-1, 1, 1, 1)).astype(x.dtype)
    return (np.clip(np.floor(flat * levels), 0, levels - 1) / levels).reshape(lead + x.shape[-3:])


def sharpness(x: Array, factor: Any) -> Array:
    """Towards a blurred image, at factor 0, or away from it, above 1.

    Parameters
    ----------
    x : images (..., c, h, w) in [0, 1]
    factor : >= 0, a number or one an image

    Notes
    -----
    Blurred is the mean with the eight neighbours, the pixel itself counted five times. Pixels at
    the edge stay as they are.

    Examples
    --------
    >>> x = np.zeros((1, 3, 3))
    >>> x[0, 1, 1] = 1.0
    >>> sharpness(x, 0.0)[0, 1] * 13
    array([0., 5., 0.])
    """
    images(x, np.ndarray, unit=True)
    lead, flat, (factor,) = per_image(x, number_each("factor", factor, x, 0))
    y, share = flat.copy(), (1 - factor.reshape(-1, 1, 1, 1)).astype(x.dtype)
    inner = flat[..., 1:-1, 1:-1]
    h, w = inner.shape[-2:]
    if h > 0 and w > 0:
        blurred = 4 * inner
        for i in range(3):
            for j in range(3):
                blurred += flat[..., i : i + h, j : j + w]
        y[..., 1:-1, 1:-1] += share * (blurred / 13 - inner)
    return np.clip(y, 0, 1, out=y).reshape(lead + x.shape[-3:])


def autocontrast(x: Array) -> Array:
    """Stretch the values of each channel so that its least is 0 and its largest 1.

    A channel of one value stays as it is.

    >>> autocontrast(np.array([[[0.25, 0.5, 0.75]]]))
    array([[[0. , 0.5, 1. ]]])
    """
    images(x, np.ndarray, unit=True)
    low, high = x.min((-2, -1), keepdims=True), x.max((-2, -1), keepdims=True)
    flat = high == low
    y = (x - np.where(flat, 0, low)) / np.where(flat, 1, high - low)
    return np.clip(y, 0, 1, out=y)


def equalize(x: Array) -> Array:
    """Give each channel values of which every range is about as frequent as any other.

    Parameters
    ----------
    x : images (..., c, h, w) in [0, 1]; the outcome has steps of 1/255

    Notes
    -----
    With 256 grey values: value v becomes the number of pixels below it, in steps of a 255th of all
    pixels that are not of the brightest value present. An image of fewer such pixels than 255 stays
    as it is, but for the rounding. This is PIL's rule.

    Examples
    --------
    >>> x = np.repeat(np.array([0.0, 0.25, 0.5]), 255).reshape(1, 3, 255)
    >>> equalize(x)[0, :, 0] * 255
    array([  0., 128., 255.])
    """
    images(x, np.ndarray, unit=True)
    size = x.shape[-2] * x.shape[-1]
    values = np.clip(x * 255.999, 0, 255).astype(np.intp).reshape(-1, size)
    start = np.arange(len(values))[:, None] * 256
    counts = np.bincount((values + start).ravel(), minlength=256 * len(values)).reshape(-1, 256)
    brightest = np.take_along_axis(counts, values.max(1, keepdims=True), 1)
    step = (size - brightest) // 255
    below = np.cumsum(counts, 1) - counts
    table = np.clip((below + step // 2) // np.maximum(step, 1), 0, 255)
    table = np.where(step > 0, table, np.arange(256))
    y = np.take_along_axis(table, values, 1)
    return (y / 255).astype(x.dtype).reshape(x.shape)
