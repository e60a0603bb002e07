"""What augmentation takes in: images, and parameters that are one for all or one an image.

Arrays of the one room and tensors of the other are asked the same questions, in the same words.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs

Numbers = npt.NDArray[Any]
MOST = 1e30
"""How large a number may be: differences and products of larger ones leave float32."""
ROUNDING = 1e-5
"""How far a pixel of a colour image may lie outside [0, 1]: interpolation rounds."""


def images(x: Any, kind: type, colours: bool = False, unit: bool = False) -> None:
    """Finite images (..., c, h, w); of 1 or 3 channels, or with values in [0, 1], where asked.

    Examples
    --------
    >>> images(np.ones((28, 28)), np.ndarray)
    Traceback (most recent call last):
        ...
    ValueError: x must be shaped (..., c, h, w); got ndarray of float64 with shape (28, 28).
    """
    inputs.batch(x, ("c", "h", "w"), None, kind)
    inputs.precision("x", x)
    low, high = float(x.min().item()), float(x.max().item())
    if not -math.inf < low <= high < math.inf:
        inputs.finite("x", x)
    _within_bounds("x", max(low, high, key=abs))
    if colours and x.shape[-3] not in (1, 3):
        checks.fail("x", "of 1 channel or 3: grey, or red, green and blue", x)
    if unit and (low < -ROUNDING or high > 1 + ROUNDING):
        fix = "Colours run from black, 0, to white, 1: change them before you standardize."
        checks.fail("x", "in [0, 1]", low if low < -ROUNDING else high, fix)


def number_each(name: str, value: Any, x: Any, *ends: float, **is_open: bool) -> Numbers:
    """A number for all images of x, or an array with one for each; float64.

    Axes in front of those of x are allowed: the images are then shared, by runs say.

    Examples
    --------
    >>> number_each("angle", [10, 20], np.ones((3, 1, 8, 8)))
    Traceback (most recent call last):
        ...
    ValueError: angle must be one for all images or an array shaped (3,); got [10, 20].
    """
    found = np.asarray(checks.number(name, _array(value), *ends, **is_open))
    _within_bounds(name, found)
    _one_each(name, value, found, x)
    return found


def whole_each(name: str, value: Any, x: Any, low: int, high: int) -> Numbers:
    """An integer in low .. high for all images of x, or an array with one for each."""
    found = inputs.integers(name, _array(value))
    _one_each(name, value, found, x)
    if found.size and not low <= found.min() <= found.max() <= high:
        wrong = found[(found < low) | (found > high)].flat[0].item()
        checks.fail(name, f"in {low} .. {high}", wrong)
    return found.astype(np.int64)  # sums of small and unsigned kinds would wrap around


def flags_each(name: str, value: Any, x: Any) -> Numbers:
    """True or False for all images of x, or an array with one for each."""
    found = np.array(_array(value))
    if found.dtype != bool:
        kinds = "True or False, or an array of them, one an image"
        checks.fail(name, kinds, value, error=TypeError)
    _one_each(name, value, found, x)
    return found


def fill_of(fill: Any, x: Any) -> Numbers:
    """What stands outside of the images: a number, or one a channel; shaped (1 or c, 1, 1)."""
    found = np.asarray(checks.number("fill", _array(fill)))
    _within_bounds("fill", found)
    if found.shape not in ((), (1,), (x.shape[-3],)):
        checks.fail("fill", f"a number or an array ({x.shape[-3]},), one a channel", fill)
    return found.reshape(-1, 1, 1)


def image_size(name: str, value: Any) -> tuple[int, int]:
    """Height and width, or one integer for both."""
    pair = (value, value) if not isinstance(value, tuple | list) else checks.pair(name, value)
    height, width = (checks.integer(f"{name}[{i}]", one, 1) for i, one in enumerate(pair))
    return height, width


def image_shape(shape: Any) -> tuple[tuple[int, ...], int, int]:
    """Leading axes, height and width of images shaped (..., c, h, w)."""
    *lead, _, height, width = checks.sizes("shape", shape, 3)
    return tuple(lead), height, width


def common(lead: tuple[int, ...], *each: Numbers) -> tuple[int, ...]:
    """The leading axes of the outcome: those of x, or of a parameter that has more."""
    longest = max((lead, *(one.shape for one in each)), key=len)
    for one in each:
        if one.shape != longest[len(longest) - one.ndim :]:
            checks.fail("parameters", f"shaped {longest}, as the others", one)
    return longest


def axis_of(axis: Any) -> None:
    """One of the two axes of an image, counted from the last."""
    if isinstance(axis, bool) or axis not in (-1, -2):
        checks.fail("axis", "-1, along the rows, or -2, along the columns", axis)


def frame(name: str, width: Any, x: Any, reflect: bool) -> tuple[int, int]:
    """Pixels above and below, left and right; a mirror shows no more than there is."""
    pair = checks.pair(name, width) if isinstance(width, tuple | list) else (width, width)
    down, right = (checks.integer(name, one, 0) for one in pair)
    h, w = x.shape[-2:]
    if reflect and (down >= h or right >= w):
        checks.fail(name, f"below the image's size, {h} x {w}, to reflect it", width)
    return down, right


def window(have: tuple[int, ...], size: Any) -> tuple[int, int]:
    """A size that is no larger than the images."""
    height, width = image_size("size", size)
    if height > have[0] or width > have[1]:
        checks.fail("size", f"at most that of the images, {have[0]} x {have[1]}", size)
    return height, width


def box(x: Any, top: Any, left: Any, height: Any, width: Any) -> tuple[Numbers, ...]:
    """A box inside of the images, or one in each."""
    h, w = x.shape[-2:]
    rows = whole_each("top", top, x, 0, h - 1), whole_each("height", height, x, 1, h)
    cols = whole_each("left", left, x, 0, w - 1), whole_each("width", width, x, 1, w)
    common((), *rows, *cols)
    for name, (start, length), size in (("top", rows, h), ("left", cols, w)):
        end = int((start + length).max())
        if end > size:
            checks.fail(name, f"such that the box ends at {size} or before", end)
    return rows[0], cols[0], rows[1], cols[1]


def extent(name: str, value: Any, most: float = math.inf) -> tuple[float, float]:
    """Two numbers above 0, the smaller one first; they may be equal."""
    low, high = checks.pair(name, value)
    low = checks.scalar(f"{name}[0]", low, low_open=True)
    high = checks.scalar(f"{name}[1]", high, low_open=True)
    if not low <= high <= most:
        checks.fail(name, f"(low, high) with low <= high <= {most:g}", value)
    return low, high


def displaced(x: Any, displacement: Any, kind: type) -> None:
    """A displacement (2, h, w) for all images, or one for each."""
    inputs.values("displacement", displacement, kind, "float")
    _shaped_each("displacement", displacement, x, (2, *x.shape[-2:]))
    inputs.finite("displacement", displacement)
    _within_bounds("displacement", displacement)


def orders(order: Any, x: Any) -> Numbers:
    """0, 1, 2 and 3 in an order for all images, or in one for each."""
    found = inputs.integers("order", _array(order))
    _shaped_each("order", found, x, (4,))
    if (np.sort(found, -1) != np.arange(4)).any():
        checks.fail("order", "0, 1, 2 and 3 in some order", order)
    return found.astype(np.int64)


def noise_for(x: Any, noise: Any, kind: type) -> None:
    """Noise shaped as x, or with axes in front."""
    inputs.values("noise", noise, kind, "float")
    if noise.shape[-x.ndim :] != x.shape:
        checks.fail("noise", f"shaped {tuple(x.shape)}, as x", noise)
    inputs.finite("noise", noise)
    _within_bounds("noise", noise)


def _array(value: Any) -> Any:
    """Tensors as arrays, wherever they lie; anything else as it is."""
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def _within_bounds(name: str, value: Any) -> None:
    most = float(abs(value).max()) if np.ndim(value) else abs(value)
    if most > MOST:
        checks.fail(name, f"of numbers within ±{MOST:.0e}", float(most))


def _one_each(name: str, value: Any, found: Numbers, x: Any) -> None:
    lead = tuple(x.shape[:-3])
    if found.ndim and (found.ndim < len(lead) or found.shape[found.ndim - len(lead) :] != lead):
        checks.fail(name, f"one for all images or an array shaped {lead}", value)


def _shaped_each(name: str, value: Any, x: Any, own: tuple[int, ...]) -> None:
    """An array or a tensor shaped ``own``, or with the leading axes of x, and others, in front."""
    lead, over = tuple(x.shape[:-3]), tuple(value.shape[: -len(own)])
    fits = not over or (len(over) >= len(lead) and over[len(over) - len(lead) :] == lead)
    if tuple(value.shape[-len(own) :]) != own or not fits:
        checks.fail(name, f"shaped {own} or {(*lead, *own)}" if lead else f"shaped {own}", value)
