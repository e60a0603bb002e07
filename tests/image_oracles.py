"""What others make of one image: torchvision, SciPy and the standard library.

``check`` holds a function of ours to them, on batches of images with parameters one an image.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from oracles import torchvision
from scipy import ndimage

from dlcourse.lesson.augmented import CALLS
from dlcourse.scratch import augmentation

SHAPES = (1, 28, 28), (3, 9, 12), (1, 8, 7), (3, 20, 21), (1, 5, 5)
"""Square and not, odd and even, one channel and three."""
Oracle = Callable[..., Any]


def tv() -> Any:
    return torchvision().transforms.functional


def v2() -> Any:
    torchvision()
    from torchvision.transforms.v2 import functional

    return functional


def mode(name: str) -> Any:
    return tv().InterpolationMode(name)


def _flip(x: Any, flipped: Any, axis: int = -1) -> Any:
    return ((tv().hflip if axis == -1 else tv().vflip)(x)) if flipped else x


def _affine(
    x: Any,
    angle: Any = 0.0,
    move: Any = (0, 0),
    scale: Any = 1.0,
    shear: Any = (0, 0),
    how: str = "bilinear",
) -> Any:
    given = [float(one) for one in move], float(scale), [float(one) for one in shear]
    return tv().affine(x, -float(angle), *given, interpolation=mode(how))


def _elastic(x: Any, d: Any) -> Any:
    h, w = x.shape[-2:]
    grid = np.stack([d[1] * 2 / w, d[0] * 2 / h], -1)[None]
    return tv().elastic_transform(x[None], torch.as_tensor(grid))[0]


def _jitter(x: Any, b: Any, c: Any, s: Any, h: Any, order: Any) -> Any:
    changes = tv().adjust_brightness, tv().adjust_contrast, tv().adjust_saturation, colorsys_hue
    for which in order:
        x = torch.as_tensor(changes[which](x, float((b, c, s, h)[which])))
    return x


def colorsys_hue(x: Any, factor: Any) -> Any:
    """Pixel by pixel; torchvision turns hues in float32."""
    y = np.asarray(x).copy()
    if len(y) == 3:
        for i, j in np.ndindex(*y.shape[1:]):
            h, s, v = colorsys.rgb_to_hsv(*y[:, i, j])
            y[:, i, j] = colorsys.hsv_to_rgb((h + float(factor)) % 1, s, v)
    return y


def _resized(x: Any, top: Any, left: Any, height: Any, width: Any, size: Any) -> Any:
    box = [int(one) for one in (top, left, height, width)]
    return tv().resized_crop(x, *box, list(size), mode("bilinear"), antialias=False)


TORCHVISION: dict[str, Oracle] = {
    "flip": _flip,
    "pad": lambda x, width: tv().pad(x, [width[1], width[0]]),
    "crop": lambda x, top, left, size: tv().crop(x, int(top), int(left), *size),
    "five_crop": lambda x, size: torch.stack(tv().five_crop(x, list(size))),
    "ten_crop": lambda x, size: torch.stack(tv().ten_crop(x, list(size))),
    "resize": lambda x, size: tv().resize(x, list(size), mode("bilinear"), antialias=False),
    "resized_crop": _resized,
    "affine": _affine,
    "rotate": lambda x, angle: tv().rotate(x, float(angle), mode("bilinear")),
    "shear": lambda x, degrees: _affine(x, shear=(degrees, 0)),
    "translate": lambda x, dy, dx: _affine(x, move=(dx, dy)),
    "elastic_deformation": _elastic,
    "brightness": lambda x, factor: tv().adjust_brightness(x, factor),
    "contrast": lambda x, factor: tv().adjust_contrast(x, factor),
    "saturation": lambda x, factor: tv().adjust_saturation(x, factor),
    "hue": colorsys_hue,
    "color_jitter": _jitter,
    "invert": lambda x: tv().invert(x),
    "solarize": lambda x, threshold: tv().solarize(x, float(threshold)),
    "posterize": lambda x, bits: v2().posterize(x, int(bits)),
    "sharpness": lambda x, factor: tv().adjust_sharpness(x, float(factor)),
    "autocontrast": lambda x: tv().autocontrast(x),
    "equalize": lambda x: v2().equalize(x),
    "add_noise": lambda x, noise, sigma: x.numpy() + sigma * noise,
}


BOUNDS = {"elastic_deformation": 1e-6}
"""torchvision's grid is of float32; SciPy has no such limit."""


def of_one(given: Any, i: int) -> Any:
    """The parameters of image i."""
    if isinstance(given, tuple):
        return tuple(of_one(one, i) for one in given)
    return given[i] if isinstance(given, np.ndarray) and given.ndim else given


def picture(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Values on a grid, for steps to lie on them; a channel that is flat, and grey pixels."""
    x = rng.integers(0, 257, shape) / 256
    x[..., :1, :2, :] = x[..., -1:, :2, :]  # the hue of grey, and of two equal channels
    x[0, 0] = 0.375
    return x


def arguments(name: str, rng: np.random.Generator, lead: tuple[int, ...], shape: Any) -> Any:
    given = CALLS[name](rng, lead, shape)
    return tuple(np.round(one * 16) / 16 for one in given) if name == "solarize" else given


def check(
    name: str,
    function: Callable[..., Any],
    oracle: Oracle | None = None,
    rng: int = 0,
    bound: float = 1e-10,
    **settings: Any,
) -> None:
    """``function`` on batches is what the oracle makes of each image."""
    oracle, chance = oracle or TORCHVISION[name], np.random.default_rng(rng)
    for shape in SHAPES:
        x = picture(chance, 6, *shape)
        given = arguments(name, chance, (6,), shape)
        y = np.asarray(function(x, *given, **settings))
        y = np.moveaxis(y, 1, 0) if name in ("five_crop", "ten_crop") else y
        for i, image in enumerate(x):
            theirs = np.asarray(oracle(torch.as_tensor(image), *of_one(given, i), **settings))
            alike = y[i].shape == theirs.shape
            gap = abs(y[i] - theirs).max() if alike else np.inf
            assert gap <= bound, f"{name}, image {i} shaped {shape}: they differ by {gap:.2g}"


def wrong_versions(table: dict[str, list[Any]]) -> list[Any]:
    """Rows for pytest; no address in their names, for the workers of xdist compare them."""
    return [
        pytest.param(name, wrong, id=f"{name}-{getattr(wrong, '__name__', 'softened')}-{i}")
        for name, versions in table.items()
        for i, wrong in enumerate(versions)
    ]


def catch(name: str, wrong: Callable[..., Any]) -> None:
    """The right function passes the check, and a wrong one does not."""
    bound = BOUNDS.get(name, 1e-10)
    check(name, getattr(augmentation, name), bound=bound)
    with pytest.raises(AssertionError, match=rf"{name}, image \d shaped .*: they differ by"):
        check(name, wrong, bound=bound)


def scipy_read(x: Any, rows: Any, cols: Any, order: int, fill: float) -> np.ndarray:
    """Each channel at these places, the image between pixels of ``fill``."""
    at = np.stack(np.broadcast_arrays(rows, cols))
    read = [
        ndimage.map_coordinates(c, at, order=order, mode="grid-constant", cval=fill)
        for c in np.asarray(x)
    ]
    return np.stack(read)


def scipy_elastic(x: Any, d: Any, interpolation: str = "bilinear", fill: float = 0.0) -> Any:
    h, w = x.shape[-2:]
    rows, cols = np.mgrid[:h, :w]
    return scipy_read(x, rows + d[0], cols + d[1], int(interpolation == "bilinear"), fill)


def scipy_rotate(x: Any, angle: Any, interpolation: str = "bilinear", fill: float = 0.0) -> Any:
    """``ndimage.rotate`` knows the angle and the centre itself."""
    turned = [
        ndimage.rotate(
            c,
            float(angle),
            reshape=False,
            order=int(interpolation == "bilinear"),
            mode="grid-constant",
            cval=fill,
        )
        for c in np.asarray(x)
    ]
    return np.stack(turned)


def scipy_affine(
    x: Any,
    angle: Any,
    move: Any,
    scale: Any,
    shear: Any,
    interpolation: str = "bilinear",
    fill: float = 0.0,
) -> Any:
    """``ndimage.affine_transform`` with the matrix inverted by LAPACK, in rows and columns."""
    t, bx, by = np.deg2rad(float(angle)), *np.tan(np.deg2rad(np.array(shear, float)))
    turn = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])  # of (row, column)
    along, across = np.array([[1, 0], [-bx, 1]]), np.array([[1, -by], [0, 1]])
    back = np.linalg.inv(float(scale) * turn @ across @ along)
    centre = (np.array(x.shape[-2:]) - 1) / 2
    offset = centre - back @ (centre + np.array([move[1], move[0]], float))
    order = int(interpolation == "bilinear")
    made = [
        ndimage.affine_transform(c, back, offset, order=order, mode="grid-constant", cval=fill)
        for c in np.asarray(x)
    ]
    return np.stack(made)
