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
    low, high = float(x.min()), float(x.max())
    if not -math.inf < low <= high < math.inf:
        inputs.finite("x", x)
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
    ValueError: angle must be a number or an array shaped (3,), one an image; got [10, 20].
    """
    found = np.asarray(checks.number(name, _array(value), *ends, **is_open))
    _one_each(name, value, found, x)
    return found


def whole_each(name: str, value: Any, x: Any, low: int, high: int) -> Numbers:
    """An integer in low .. high for all images of x, or an array with one for each."""
    found = inputs.integers(name, _array(value))
    _one_each(name, value, found, x)
    if found.size and not low <= found.min() <= found.max() <= high:
        wrong = found[(found < low) | (found > high)].flat[0].item()
        checks.fail(name, f"in {low} .. {high}", wrong)
    return found


def flags_each(name: str, value: Any, x: Any) -> Numbers:
    """True or False for all images of x, or an array with one for each."""
    found = np.asarray(_array(value))
    if found.dtype != bool:
        kinds = "True or False, or an array of them, one an image"
        checks.fail(name, kinds, value, error=TypeError)
    _one_each(name, value, found, x)
    return found


def fill_of(fill: Any, x: Any) -> Numbers:
    """What stands outside of the images: a number, or one a channel; shaped (1 or c, 1, 1)."""
    found = np.asarray(checks.number("fill", _array(fill)))
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


def _array(value: Any) -> Any:
    """Tensors as arrays, wherever they lie; anything else as it is."""
    return value.detach().cpu().numpy() if hasattr(value, "detach") else value


def _one_each(name: str, value: Any, found: Numbers, x: Any) -> None:
    lead = tuple(x.shape[:-3])
    if found.ndim and (found.ndim < len(lead) or found.shape[found.ndim - len(lead) :] != lead):
        kinds = f"a number or an array shaped {lead}, one an image"
        checks.fail(name, kinds if lead else "a number: x is one image", value)
