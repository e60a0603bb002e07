"""The same thing seen elsewhere: mirrored, shifted, turned, stretched, sheared.

Each function reads every pixel of its outcome at the place of the image it comes from, so it walks
the *inverse* of the map it is named after: nothing stays empty, and nothing is written twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.images import axis_of, fill_of, flags_each, frame, images, number_each
from dlcourse.scratch.augmentation.sampling import READ, column, per_image, sample, turn


def flip(x: Array, flipped: Any, axis: int = -1) -> Array:
    """Mirror the images that ``flipped`` says.

    Parameters
    ----------
    x : images (..., c, h, w)
    flipped : True or False for all, or one an image, shaped as the leading axes
    axis : -1 exchanges left and right, -2 top and bottom

    Examples
    --------
    >>> x = np.array([[[[1.0, 2.0]]], [[[3.0, 4.0]]]])
    >>> flip(x, np.array([True, False])).squeeze()
    array([[2., 1.],
           [3., 4.]])
    """
    images(x, np.ndarray)
    axis_of(axis)
    lead, flat, (mirrored,) = per_image(x, flags_each("flipped", flipped, x))
    y = flat.copy()
    mirrored = np.broadcast_to(mirrored, len(flat))
    y[mirrored] = np.flip(flat[mirrored], axis)
    return y.reshape(lead + x.shape[-3:])


def pad(x: Array, width: Any, fill: Any = 0.0, mode: str = "constant") -> Array:
    """Put a frame around images.

    Parameters
    ----------
    x : images (..., c, h, w)
    width : how many pixels on each side, or (above and below, left and right)
    fill : the frame's value, or one a channel
    mode : "constant" uses the fill, "reflect" mirrors the image at its outermost pixels

    Examples
    --------
    >>> pad(np.array([[[1.0, 2.0, 3.0]]]), (0, 2), mode="reflect")
    array([[[3., 2., 1., 2., 3., 2., 1.]]])
    """
    images(x, np.ndarray)
    checks.choice("mode", mode, ("constant", "reflect"))
    (a, b), (h, w) = frame("width", width, x, mode == "reflect"), x.shape[-2:]
    if mode == "reflect":
        return np.pad(x, [(0, 0)] * (x.ndim - 2) + [(a, a), (b, b)], mode="reflect")
    y = np.empty((*x.shape[:-2], h + 2 * a, w + 2 * b), x.dtype)
    y[:] = fill_of(fill, x)
    y[..., a : a + h, b : b + w] = x
    return y


def affine(
    x: Array,
    angle: Any = 0.0,
    translate: Any = (0, 0),
    scale: Any = 1.0,
    shear: Any = (0, 0),
    interpolation: str = "bilinear",
    fill: Any = 0.0,
) -> Array:
    r"""Shear, scale, turn and shift images, in this order, about their centre.

    .. math:: p \mapsto s\, R(\alpha)\, H_y(\beta_y)\, H_x(\beta_x)\, (p - c) + c + t

    Parameters
    ----------
    x : images (..., c, h, w)
    angle : α in degrees, counter-clockwise
    translate : t in pixels, to the right and down
    scale : s > 0, above 1 enlarges
    shear : β in degrees, along the rows and along the columns, in [-89, 89]
    interpolation : "bilinear" or "nearest"
    fill : what stands outside of the image, a number or one a channel

    Each of angle, scale, and the entries of translate and shear is a number, or an array shaped as
    the leading axes, one an image.

    Notes
    -----
    Angles turn as in torchvision's ``rotate``; its ``affine`` turns the other way. Quarter turns
    of a square image and shifts by whole pixels only move pixels: they are exact.

    Examples
    --------
    A quarter turn brings the right side up:

    >>> affine(np.array([[[1.0, 2.0], [3.0, 4.0]]]), angle=90)
    array([[[2., 4.],
            [1., 3.]]])

    References
    ----------
    Simard, Steinkraus and Platt (2003), section 2.
    """
    images(x, np.ndarray)
    checks.choice("interpolation", interpolation, READ)
    pairs = checks.pair("translate", translate), checks.pair("shear", shear)
    given = [
        number_each("angle", angle, x),
        *(number_each(f"translate[{i}]", one, x, -1e6, 1e6) for i, one in enumerate(pairs[0])),
        number_each("scale", scale, x, 1e-6, 1e6),
        *(number_each(f"shear[{i}]", one, x, -89, 89) for i, one in enumerate(pairs[1])),
    ]
    lead, flat, spread = per_image(x, *given)
    rows, cols = _sources(flat, *(column(one) for one in spread))
    y = sample(flat, rows, cols, interpolation, fill_of(fill, x))
    return y.reshape(lead + x.shape[-3:])


def _sources(
    x: Array, angle: Array, right: Array, down: Array, scale: Array, along: Array, across: Array
) -> tuple[Array, Array]:
    """The rows and columns each pixel comes from: the inverse map, from the last step back."""
    h, w = x.shape[-2:]
    cos, sin = turn(angle)
    tan_x, tan_y = turn(along)[1] / turn(along)[0], turn(across)[1] / turn(across)[0]
    down, right = down + (h - 1) / 2, right + (w - 1) / 2
    rows, cols = np.arange(h).reshape(1, h, 1) - down, np.arange(w).reshape(1, 1, w) - right
    unsheared = (1 + tan_x * tan_y, tan_x), (tan_y, np.ones(()))
    (a, b), (c, d) = (
        ((p * cos + q * sin) / scale, (q * cos - p * sin) / scale) for p, q in unsheared
    )
    kind = x.dtype
    new_cols = (a * cols + (w - 1) / 2).astype(kind) + (b * rows).astype(kind)
    new_rows = (c * cols + (h - 1) / 2).astype(kind) + (d * rows).astype(kind)
    return new_rows, new_cols


def rotate(x: Array, angle: Any, interpolation: str = "bilinear", fill: Any = 0.0) -> Array:
    """Turn images by ``angle`` degrees counter-clockwise about their centre; see ``affine``.

    >>> rotate(np.array([[[1.0, 2.0], [3.0, 4.0]]]), 180)
    array([[[4., 3.],
            [2., 1.]]])
    """
    return affine(x, angle, interpolation=interpolation, fill=fill)


def shear(
    x: Array, degrees: Any, axis: int = -1, interpolation: str = "bilinear", fill: Any = 0.0
) -> Array:
    """Shift every row (``axis`` -1) or column (-2) by its distance from the centre times tan.

    With degrees above 0 the rows below the centre go to the left, as in torchvision's ``affine``.

    >>> shear(np.array([[[0.0, 1, 0], [0, 1, 0], [0, 1, 0]]]), 45.0)
    array([[[0., 0., 1.],
            [0., 1., 0.],
            [1., 0., 0.]]])
    """
    axis_of(axis)
    both = (degrees, 0) if axis == -1 else (0, degrees)
    return affine(x, shear=both, interpolation=interpolation, fill=fill)


def translate(
    x: Array, dy: Any, dx: Any, interpolation: str = "bilinear", fill: Any = 0.0
) -> Array:
    """Shift images by dy pixels down and dx to the right; see ``affine``.

    >>> translate(np.array([[[1.0, 2.0], [3.0, 4.0]]]), 1, 0)
    array([[[0., 0.],
            [1., 2.]]])
    """
    return affine(x, translate=(dx, dy), interpolation=interpolation, fill=fill)
