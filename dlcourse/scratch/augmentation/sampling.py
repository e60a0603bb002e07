"""The picture between the pixels: every geometric change reads an image at places of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse.arrays import Array
from dlcourse.images import Numbers, common

PIXELS = 65_536
"""How many places are read at a time, so that what is in between stays in the cache."""


def per_image(x: Array, *each: Numbers) -> tuple[tuple[int, ...], Array, list[Array]]:
    """The leading axes of the outcome; images (n, c, h, w); parameters (n,), or () as they are."""
    lead = common(x.shape[:-3], *each)
    flat = np.broadcast_to(x, lead + x.shape[-3:]).reshape(-1, *x.shape[-3:])
    flat = np.ascontiguousarray(flat)  # a sum is rounded as its numbers lie in memory
    spread = [np.broadcast_to(one, lead).ravel() if one.ndim else one for one in each]
    return lead, flat, spread


def column(value: Any) -> Array:
    """One number for all, or one an image, as (1, 1, 1) or (n, 1, 1) for rows and columns."""
    return np.asarray(value).reshape(-1, 1, 1)


def sample(x: Array, rows: Array, cols: Array, interpolation: str, fill: Array) -> Array:
    r"""Read images (n, c, h, w) at rows and columns that need not be whole numbers.

    .. math:: y = (1 - u)\big[(1 - v)\, x_{i,j} + v\, x_{i,j+1}\big]
              + u \big[(1 - v)\, x_{i+1,j} + v\, x_{i+1,j+1}\big]

    Parameters
    ----------
    x : images (n, c, h, w)
    rows, cols : where to read, that broadcast to (n or 1, height, width); i + u and j + v
    interpolation : "bilinear", of the four neighbours, or "nearest"
    fill : (c or 1, 1, 1), the value of all pixels outside of the image

    Notes
    -----
    The fill is put around the image beforehand: one line before and two behind it are enough, for
    further outside it is all the same. Then no neighbour is an exception.

    Examples
    --------
    Between 0 and 10, and half a pixel outside:

    >>> x, at = np.array([[[[0.0, 10.0]]]]), np.array([[[0.3, 1.5]]])
    >>> sample(x, np.zeros((1, 1, 1)), at, "bilinear", np.zeros((1, 1, 1)))
    array([[[[3., 5.]]]])
    """
    n, c, h, w = x.shape
    rows, cols = (np.clip(at, -1, m) + 1 for at, m in ((rows, h), (cols, w)))
    _, height, width = np.broadcast_shapes(rows.shape, cols.shape)
    y = np.empty((n, c, height, width), x.dtype)
    step, read = max(PIXELS // (c * height * width), 1), READ[interpolation]
    for start in range(0, n, step):
        part = slice(start, start + step)
        wide = np.empty((len(x[part]), c, h + 3, w + 3), x.dtype)
        wide[:] = fill
        wide[..., 1:-2, 1:-2] = x[part]
        at = [one if len(one) == 1 else one[part] for one in (rows, cols)]
        read(wide, at[0], at[1], y[part])
    return y


def _bilinear(wide: Array, rows: Array, cols: Array, out: Array) -> None:
    """The mean of the four neighbours, weighted by how near they are."""
    top, left = np.floor(rows), np.floor(cols)
    u, v = (rows - top)[:, None], (cols - left)[:, None]
    places, line = _places(wide, top, left), wide.shape[-1]
    flat = wide.reshape(-1)  # every place is in it: "clip" only spares NumPy the question
    above, right, below, corner = (
        flat[shift:].take(places, mode="clip") for shift in (0, 1, line, line + 1)
    )
    right -= above
    right *= v
    above += right
    corner -= below
    corner *= v
    below += corner
    below -= above
    below *= u
    np.add(above, below, out=out)


def _nearest(wide: Array, rows: Array, cols: Array, out: Array) -> None:
    """The pixel in whose square the place lies; on an edge, the one below or to the right."""
    places = _places(wide, np.floor(rows + 0.5), np.floor(cols + 0.5))
    wide.reshape(-1).take(places, mode="clip", out=out)


READ: dict[str, Callable[[Array, Array, Array, Array], None]] = {
    "bilinear": _bilinear,
    "nearest": _nearest,
}


def _places(wide: Array, top: Array, left: Array) -> Array:
    """Where the pixels at these rows and columns stand in memory, (n, c, height, width)."""
    n, c, h, w = wide.shape
    inside = top.astype(np.intp) * w + left.astype(np.intp)
    return inside[:, None] + np.arange(n * c).reshape(n, c, 1, 1) * (h * w)


def lerp(a: Array, b: Array, share: Array) -> Array:
    """From a towards b."""
    return a + (b - a) * share


def centres(size: int, extent: Any, dtype: Any) -> Array:
    """Where the centres of ``size`` new pixels lie among ``extent`` old ones, not beyond the last.

    >>> centres(4, 2, float)
    array([[0.  , 0.25, 0.75, 1.  ]])
    """
    extent = np.asarray(extent, float).reshape(-1, 1)
    return np.clip((np.arange(size) + 0.5) * (extent / size) - 0.5, 0, extent - 1).astype(dtype)


def turn(angle: Array) -> tuple[Array, Array]:
    """Cosine and sine of degrees, exact at quarter turns.

    >>> turn(np.array(90.0))
    (np.float64(0.0), np.float64(1.0))
    """
    angle = np.fmod(angle, 360)
    quarters = np.rint(angle / 90)
    rest = np.asarray((angle - 90 * quarters) * (math.pi / 180))
    c, s, which = np.cos(rest), np.sin(rest) + 0.0, quarters.astype(int) % 4
    return np.choose(which, [c, -s, -c, s]) + 0.0, np.choose(which, [s, c, -s, -c]) + 0.0
