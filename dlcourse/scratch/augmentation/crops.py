"""A part of the picture: cut out somewhere, or cut out and enlarged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.images import box, extent, image_shape, image_size, images, whole_each, window
from dlcourse.scratch.augmentation.geometry import pad
from dlcourse.scratch.augmentation.sampling import centres, lerp, per_image, sample

TRIES = 10
"""How often a box is drawn that may not fit, before the largest one in the middle is taken."""


def crop(x: Array, top: Any, left: Any, size: Any) -> Array:
    """Cut out a window of ``size``, its corner at row ``top`` and column ``left``.

    Parameters
    ----------
    x : images (..., c, h, w)
    top, left : integers for all, or one an image, shaped as the leading axes
    size : height and width, or one number for both

    Examples
    --------
    >>> crop(np.arange(9.0).reshape(1, 3, 3), 0, 1, 2)
    array([[[1., 2.],
            [4., 5.]]])
    """
    images(x, np.ndarray)
    (h, w), (height, width) = x.shape[-2:], window(x.shape[-2:], size)
    top, left = whole_each("top", top, x, 0, h - height), whole_each("left", left, x, 0, w - width)
    if not top.ndim and not left.ndim:
        return x[..., top : top + height, left : left + width].copy()
    lead, flat, (top, left) = per_image(x, top, left)
    windows = np.lib.stride_tricks.sliding_window_view(flat, (height, width), axis=(-2, -1))
    y = windows[np.arange(len(flat)), :, top, left]
    return y.reshape(*lead, x.shape[-3], height, width)


def draw_crop(shape: Any, size: Any, rng: np.random.Generator) -> tuple[Array, Array]:
    """Top and left of a window of ``size``, one an image, every place as likely as any other.

    Parameters
    ----------
    shape : that of the images, (..., c, h, w)
    size : height and width, or one number for both

    Examples
    --------
    >>> top, left = draw_crop((5, 1, 8, 8), 8, np.random.default_rng(0))
    >>> top, left
    (array([0, 0, 0, 0, 0]), array([0, 0, 0, 0, 0]))
    """
    lead, h, w = image_shape(shape)
    (height, width), rng = window((h, w), size), checks.generator("rng", rng)
    top = np.asarray(rng.integers(0, h - height + 1, lead))
    return top, np.asarray(rng.integers(0, w - width + 1, lead))


def random_crop(x: Array, size: Any, rng: np.random.Generator, padding: Any = 0) -> Array:
    """A window of each image, elsewhere in each, after ``padding`` zeros around it.

    He et al. (2016) pad images of 32 × 32 by 4 and cut out 32 × 32: a shift by up to 4 pixels.

    >>> x = np.ones((2, 1, 4, 4))
    >>> random_crop(x, 3, np.random.default_rng(0)).shape
    (2, 1, 3, 3)
    """
    x = pad(x, padding)
    return crop(x, *draw_crop(x.shape, size, rng), size)


def five_crop(x: Array, size: Any) -> Array:
    """The four corners and the middle, (5, ..., c, height, width).

    Predictions of the five are averaged at test time. The order is top left, top right, bottom
    left, bottom right, middle.

    >>> five_crop(np.arange(9.0).reshape(1, 3, 3), 1).ravel()
    array([0., 2., 6., 8., 4.])
    """
    images(x, np.ndarray)
    (h, w), (height, width) = x.shape[-2:], window(x.shape[-2:], size)
    down, right = h - height, w - width
    middle = round(down / 2), round(right / 2)  # of a half, to even, as torchvision
    corners = [(0, 0), (0, right), (down, 0), (down, right), middle]
    return np.stack([x[..., i : i + height, j : j + width] for i, j in corners])


def ten_crop(x: Array, size: Any) -> Array:
    """``five_crop`` of the images, then of their mirror images, (10, ..., c, height, width).

    >>> ten_crop(np.arange(4.0).reshape(1, 2, 2), 1).ravel()
    array([0., 1., 2., 3., 0., 1., 0., 3., 2., 1.])
    """
    images(x, np.ndarray)
    return np.concatenate([five_crop(x, size), five_crop(np.flip(x, -1), size)])


def resize(x: Array, size: Any) -> Array:
    """Images of another size, each pixel between the nearest four old ones (bilinear).

    Parameters
    ----------
    x : images (..., c, h, w)
    size : height and width, or one number for both

    Notes
    -----
    Pixels are squares, and the images' outer edges stay where they are: ``align_corners=False``.
    Nothing is averaged over when an image shrinks (``antialias=False``).

    Examples
    --------
    >>> resize(np.array([[[0.0, 1.0]]]), (1, 4))
    array([[[0.  , 0.25, 0.75, 1.  ]]])
    """
    images(x, np.ndarray)
    for axis, new in zip((-2, -1), image_size("size", size), strict=True):
        old = x.shape[axis]
        at = centres(new, old, x.dtype)[0]
        first = at.astype(np.intp)
        share = (at - first).astype(x.dtype).reshape(-1, *(1,) * (-1 - axis))
        after = np.minimum(first + 1, old - 1)
        x = lerp(x.take(first, axis), x.take(after, axis), share)
    return x


def draw_resized_crop(
    shape: Any,
    rng: np.random.Generator,
    scale: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> tuple[Array, Array, Array, Array]:
    """Top, left, height and width of a box, one an image, of a random area and form.

    Parameters
    ----------
    shape : that of the images, (..., c, h, w)
    scale : least and largest share of the image's area, uniform
    ratio : least and largest width / height, uniform in its logarithm

    Notes
    -----
    A box that does not fit is drawn again. What fits in none of ten tries is the largest box in
    the middle whose form is allowed.

    Examples
    --------
    The whole area of a square, as a square:

    >>> box = draw_resized_crop((1, 8, 8), np.random.default_rng(0), (1.0, 1.0), (1.0, 1.0))
    >>> [int(one) for one in box]
    [0, 0, 8, 8]

    References
    ----------
    Szegedy et al. (2015), section 6.
    """
    lead, h, w = image_shape(shape)
    scale, ratio = extent("scale", scale, 1.0), extent("ratio", ratio)
    rng, n = checks.generator("rng", rng), math.prod(lead)
    forms = np.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1]), (TRIES, n)))
    areas = rng.uniform(*scale, (TRIES, n)) * (h * w)
    widths, heights = np.rint(np.sqrt(areas * forms)), np.rint(np.sqrt(areas / forms))
    fits = (widths > 0) & (widths <= w) & (heights > 0) & (heights <= h)
    best, some = fits.argmax(0), fits.any(0)
    form = min(max(w / h, ratio[0]), ratio[1])
    largest = max(round(min(h, w / form)), 1), max(round(min(w, h * form)), 1)
    height = np.where(some, heights[best, np.arange(n)], largest[0]).astype(int)
    width = np.where(some, widths[best, np.arange(n)], largest[1]).astype(int)
    corners = rng.integers(0, [h - height + 1, w - width + 1])
    top, left = np.where(some, corners, [(h - height) // 2, (w - width) // 2])
    return tuple(one.reshape(lead) for one in (top, left, height, width))  # type: ignore[return-value]


def resized_crop(x: Array, top: Any, left: Any, height: Any, width: Any, size: Any) -> Array:
    """Cut out a box, of another size in every image if need be, and resize it to ``size``.

    Parameters
    ----------
    x : images (..., c, h, w)
    top, left, height, width : the box, integers for all or one an image
    size : height and width of the outcome, or one number for both

    Examples
    --------
    >>> resized_crop(np.array([[[9.0, 0.0, 1.0]]]), 0, 1, 1, 2, (1, 4))
    array([[[0.  , 0.25, 0.75, 1.  ]]])
    """
    images(x, np.ndarray)
    (rows, cols), corners = image_size("size", size), box(x, top, left, height, width)
    lead, flat, (top, left, height, width) = per_image(x, *corners)
    down = centres(rows, height, x.dtype) + top.reshape(-1, 1).astype(x.dtype)
    right = centres(cols, width, x.dtype) + left.reshape(-1, 1).astype(x.dtype)
    y = sample(flat, down[:, :, None], right[:, None, :], "bilinear", np.zeros((1, 1, 1)))
    return y.reshape(*lead, x.shape[-3], rows, cols)
