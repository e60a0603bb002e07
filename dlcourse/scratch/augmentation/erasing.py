"""Cutout and random erasing: a rectangle of each image is hidden."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dlcourse import augmented, checks
from dlcourse.arrays import Array
from dlcourse.images import image_shape, images

Box = tuple[Array, Array, Array, Array]
"""top, left, height and width in pixels, one of each an image."""
ATTEMPTS = 10
"""Boxes that are drawn for each image until one fits into it, as in torchvision."""


def inside(size: Any, top: Array, left: Array, bottom: Array, right: Array) -> Array:
    """(…, 1, h, w), True in rows top … bottom - 1 and columns left … right - 1."""
    rows, columns = np.arange(size[0])[:, None], np.arange(size[1])
    top, left, bottom, right = (a[..., None, None, None] for a in (top, left, bottom, right))
    return (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)


def draw_center(shape: Any, rng: np.random.Generator) -> tuple[Array, Array]:
    """A pixel of each image of this shape (…, c, h, w), all equally likely: (cy, cx).

    >>> cy, cx = draw_center((5, 1, 8, 8), np.random.default_rng(0))
    >>> cy.shape, bool((cy < 8).all())
    ((5,), True)
    """
    lead, h, w = image_shape(shape)
    checks.generator("rng", rng)
    return rng.integers(h, size=lead), rng.integers(w, size=lead)


def cutout(x: Array, cy: Any, cx: Any, size: int, fill: float = 0.0) -> Array:
    r"""Hide a square of each image, in all channels: the network must not rely on one detail.

    Parameters
    ----------
    x : images (…, c, h, w)
    cy, cx : centre of the square, integers (…), one an image, or one for all
    size : full side of the square, int >= 0
    fill : what the square is filled with

    Returns
    -------
    a new array like x

    Notes
    -----
    Rows ``cy - size // 2`` to ``cy - size // 2 + size``, its end excluded, and columns likewise; at
    the border the square is clipped, so that less is hidden.

    Examples
    --------
    >>> cutout(np.ones((1, 3, 3)), 0, 1, 2)
    array([[[0., 0., 1.],
            [1., 1., 1.],
            [1., 1., 1.]]])

    References
    ----------
    DeVries and Taylor (2017). Lesson: augmentation.
    """
    images(x, np.ndarray)
    cy, cx = (augmented.whole(n, a, x.shape[:-3]) for n, a in (("cy", cy), ("cx", cx)))
    size = checks.integer("size", size, 0)
    fill = checks.scalar("fill", fill, -math.inf)
    top, left = cy - size // 2, cx - size // 2
    hidden = inside(x.shape[-2:], top, left, top + size, left + size)
    return np.where(hidden, x.dtype.type(fill), x)


def draw_box(
    shape: Any,
    rng: np.random.Generator,
    area: tuple[float, float] = (0.02, 0.33),
    ratio: tuple[float, float] = (0.3, 3.3),
) -> Box:
    r"""A rectangle in each image of this shape (…, c, h, w): (top, left, height, width).

    Parameters
    ----------
    area : least and most share of the image, in (0, 1], uniform between
    ratio : least and most height over width, > 0, uniform in its logarithm

    Notes
    -----
    A box that is as high or as wide as the image is drawn again, ten times; then the image has
    none, and height and width are 0. So in torchvision.

    Examples
    --------
    >>> top, left, height, width = draw_box((2, 3, 8, 8), np.random.default_rng(0))
    >>> height.shape, bool((top + height <= 8).all())
    ((2,), True)

    References
    ----------
    Zhong, Zheng, Kang, Li and Yang (2020), algorithm 1.
    """
    lead, h, w = image_shape(shape)
    checks.generator("rng", rng)
    area, ratio = augmented.span("area", area, 0, 1), augmented.span("ratio", ratio, 0)
    draws = (ATTEMPTS, *lead)
    pixels = rng.uniform(area[0], area[1], draws) * h * w
    tilt = np.exp(rng.uniform(math.log(ratio[0]), math.log(ratio[1]), draws))
    sides = [np.round(np.sqrt(pixels * tilt)), np.round(np.sqrt(pixels / tilt))]
    fits = (sides[0] < h) & (sides[1] < w)
    first = fits.argmax(0)[None]
    height, width = (np.take_along_axis(s * fits, first, 0)[0].astype(int) for s in sides)
    return rng.integers(h - height + 1), rng.integers(w - width + 1), height, width


def random_erasing(x: Array, box: Box, fill: Any = 0.0) -> Array:
    """Hide a rectangle of each image, in all channels.

    Parameters
    ----------
    x : images (…, c, h, w)
    box : top, left, height, width, integers (…), as ``draw_box`` gives them
    fill : a number, or an array that broadcasts to x, as noise, that is seen inside of the box

    Examples
    --------
    >>> random_erasing(np.zeros((1, 2, 3)), (0, 1, 1, 2), fill=5.0)
    array([[[0., 5., 5.],
            [0., 0., 0.]]])

    References
    ----------
    Zhong, Zheng, Kang, Li and Yang (2020). Lesson: augmentation.
    """
    images(x, np.ndarray)
    top, left, height, width = augmented.box(box, x.shape)
    fill = np.asarray(checks.number("fill", fill))
    augmented.fits("fill", fill, x.shape, "as x")
    hidden = inside(x.shape[-2:], top, left, top + height, left + width)
    return np.where(hidden, fill.astype(x.dtype), x)
