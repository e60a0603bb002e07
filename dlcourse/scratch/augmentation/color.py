"""The same thing in other light: brightness, contrast, saturation and hue, of values in [0, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.images import image_shape, images, number_each, orders
from dlcourse.scratch.augmentation.sampling import column, per_image

LUMA = 0.2989, 0.587, 0.114
"""How bright red, green and blue look: the shares of each in grey (ITU-R BT.601)."""


def brightness(x: Array, factor: Any) -> Array:
    """Times ``factor``, cut off at 1: 0 is black, 1 changes nothing.

    Parameters
    ----------
    x : images (..., c, h, w) in [0, 1]
    factor : >= 0, a number or one an image

    Examples
    --------
    >>> brightness(np.array([[[0.25, 0.75]]]), 2.0)
    array([[[0.5, 1. ]]])
    """
    images(x, np.ndarray, unit=True)
    return _blended(x, number_each("factor", factor, x, 0), _black)


def contrast(x: Array, factor: Any) -> Array:
    """Towards the image's mean grey, at factor 0, or away from it, above 1.

    Parameters
    ----------
    x : images (..., 1 or 3, h, w) in [0, 1]
    factor : >= 0, a number or one an image

    Examples
    --------
    >>> contrast(np.array([[[0.25, 0.75]]]), 0.5)
    array([[[0.375, 0.625]]])
    """
    images(x, np.ndarray, colours=True, unit=True)
    return _blended(x, number_each("factor", factor, x, 0), _mean_grey)


def saturation(x: Array, factor: Any) -> Array:
    """Towards the grey of each pixel, at factor 0, or away from it, above 1.

    Parameters
    ----------
    x : images (..., 1 or 3, h, w) in [0, 1]; of one channel nothing changes
    factor : >= 0, a number or one an image

    Examples
    --------
    Red without its colour is a dark grey:

    >>> saturation(np.array([1.0, 0.0, 0.0]).reshape(3, 1, 1), 0.0).ravel()
    array([0.2989, 0.2989, 0.2989])
    """
    images(x, np.ndarray, colours=True, unit=True)
    return _blended(x, number_each("factor", factor, x, 0), grey)


def hue(x: Array, factor: Any) -> Array:
    """Turn the wheel of colours by ``factor`` of a full turn: a third makes red green.

    Parameters
    ----------
    x : images (..., 1 or 3, h, w) in [0, 1]; of one channel nothing changes
    factor : in [-0.5, 0.5], a number or one an image

    Notes
    -----
    A pixel's largest and smallest value, and so its brightness and saturation, stay as they are.

    Examples
    --------
    >>> hue(np.array([1.0, 0.0, 0.0]).reshape(3, 1, 1), 1 / 3).ravel().round(12)
    array([0., 1., 0.])
    """
    images(x, np.ndarray, colours=True, unit=True)
    turned = number_each("factor", factor, x, -0.5, 0.5)
    lead, flat, (turned,) = per_image(x, turned)
    if x.shape[-3] == 3:
        angle, low, high = _wheel(flat)
        flat = _colours(angle + 6 * column(turned).astype(x.dtype), low, high)
    return np.clip(flat, 0, 1).reshape(lead + x.shape[-3:])


def color_jitter(
    x: Array, brightness: Any, contrast: Any, saturation: Any, hue: Any, order: Any
) -> Array:
    """The four changes of colour one after another, in an order that may differ.

    Parameters
    ----------
    x : images (..., 1 or 3, h, w) in [0, 1]
    brightness, contrast, saturation, hue : the factors, numbers or one an image
    order : 0, 1, 2, 3, the places of the four in this list of arguments, in the order in which they
        are applied; (4,) for all, or (..., 4)

    Notes
    -----
    The order matters, for each change is cut off at 0 and 1.

    Examples
    --------
    >>> color_jitter(np.array([[[0.25, 0.75]]]), 2.0, 0.5, 1.0, 0.0, [0, 1, 2, 3])
    array([[[0.625, 0.875]]])
    >>> color_jitter(np.array([[[0.25, 0.75]]]), 2.0, 0.5, 1.0, 0.0, [1, 0, 2, 3])
    array([[[0.75, 1.  ]]])
    """
    images(x, np.ndarray, colours=True, unit=True)
    named = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    each = [number_each(name, value, x, 0) for name, value in named.items()]
    each.append(number_each("hue", hue, x, -0.5, 0.5))
    places = orders(order, x)
    shaped = np.empty(places.shape[:-1] if places.ndim > 1 else ())
    lead, flat, (*factors, _) = per_image(x, *each, shaped)
    y, n = flat.copy(), len(flat)
    places = np.broadcast_to(places, (*lead, 4)).reshape(n, 4)
    for now in places.T:
        for which, change in enumerate(CHANGES):
            chosen = now == which
            if chosen.any():
                y[chosen] = change(y[chosen], np.broadcast_to(factors[which], n)[chosen])
    return y.reshape(lead + x.shape[-3:])


CHANGES = brightness, contrast, saturation, hue


def draw_color_jitter(
    shape: Any,
    rng: np.random.Generator,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
) -> tuple[Array, Array, Array, Array, Array]:
    """What ``color_jitter`` takes, one an image: the four factors, and an order.

    Parameters
    ----------
    shape : that of the images, (..., c, h, w)
    brightness, contrast, saturation : b >= 0; factors are uniform in [max(0, 1 - b), 1 + b]
    hue : b in [0, 0.5]; factors are uniform in [-b, b]

    Examples
    --------
    >>> draw = draw_color_jitter((2, 3, 8, 8), np.random.default_rng(0), hue=0.1)
    >>> draw[0], bool((abs(draw[3]) <= 0.1).all()), draw[4].shape
    (array([1., 1.]), True, (2, 4))
    """
    lead, _, _ = image_shape(shape)
    checks.generator("rng", rng)
    named = {"brightness": brightness, "contrast": contrast, "saturation": saturation}
    widths = [checks.scalar(name, value) for name, value in named.items()]
    turned = checks.scalar("hue", hue)
    if turned > 0.5:
        checks.fail("hue", "in [0, 0.5]", hue)
    factors = [np.asarray(rng.uniform(max(0.0, 1 - b), 1 + b, lead)) for b in widths]
    angle = np.asarray(rng.uniform(-turned, turned, lead))
    order = rng.permuted(np.broadcast_to(np.arange(4), (*lead, 4)), axis=-1)
    return factors[0], factors[1], factors[2], angle, order


def grey(x: Array) -> Array:
    """How bright each pixel looks, (n, 1, h, w)."""
    if x.shape[-3] == 1:
        return x
    return np.einsum("nchw,c->nhw", x, np.array(LUMA, x.dtype))[:, None]


def _black(x: Array) -> Array:
    return np.zeros((1, 1, 1, 1), x.dtype)


def _mean_grey(x: Array) -> Array:
    return grey(x).mean((-3, -2, -1), keepdims=True)


def _blended(x: Array, factor: Array, towards: Any) -> Array:
    """factor · x + (1 - factor) · what ``towards`` makes of x, cut off at 0 and 1."""
    lead, flat, (factor,) = per_image(x, factor)
    factor = factor.reshape(-1, 1, 1, 1)
    y = flat * factor.astype(x.dtype)
    y += towards(flat) * (1 - factor).astype(x.dtype)
    return np.clip(y, 0, 1, out=y).reshape(lead + x.shape[-3:])


def _wheel(x: Array) -> tuple[Array, Array, Array]:
    """Where each pixel's colour lies on the wheel, 0 to 6, its smallest and its largest value."""
    r, g, b = x[:, 0], x[:, 1], x[:, 2]
    low, high = x.min(1), x.max(1)
    spread = high - low
    spread = np.where(spread > 0, spread, 1)
    angle = np.where(high == r, (g - b) / spread, 2 + (b - r) / spread)
    return np.where((high == b) & (high != r) & (high != g), 4 + (r - g) / spread, angle), low, high


def _colours(angle: Array, low: Array, high: Array) -> Array:
    """The way back: each channel is a trapezium over the wheel, 2 apart from the others."""
    y = np.empty((len(angle), 3, *angle.shape[1:]), angle.dtype)
    for channel, start in enumerate((5, 3, 1)):
        k = (angle + start) % 6
        y[:, channel] = high - (high - low) * np.clip(np.minimum(k, 4 - k), 0, 1)
    return y
