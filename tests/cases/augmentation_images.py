"""Errors of the functions of images: each is refused in both rooms, in the same words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cases.kinds import ErrorCase
from dlcourse.scratch import augmentation

X = np.linspace(0, 1, 90).reshape(5, 1, 3, 6)
RGB = np.linspace(0, 1, 270).reshape(5, 3, 3, 6)
RUNS = np.linspace(0, 1, 180).reshape(2, 5, 1, 3, 6)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def changed(value: float) -> np.ndarray:
    x = X.copy()
    x[2, 0, 1, 1] = value
    return x


@dataclass(frozen=True)
class Refused:
    """A call that both rooms refuse."""

    id: str
    name: str
    given: tuple[Any, ...]
    error: type[Exception]
    message: str
    more: dict[str, Any] = field(default_factory=dict)


REFUSED = [
    Refused("no image", "flip", ([[1.0]], True), TypeError, r"x must be (an array|a tensor) of floats; got \[\[1\.0\]\]"),
    Refused("integers for pixels", "rotate", (np.ones((1, 3, 3), int), 1.0), TypeError, r"x must be (an array|a tensor) of floats"),
    Refused("half precision", "rotate", (X.astype(np.float16), 1.0), TypeError, r"x must be of float64 or float32; got 'float16'"),
    Refused("an image without channels", "rotate", (np.ones((3, 3)), 1.0), ValueError, r"x must be shaped \(\.\.\., c, h, w\); got .*\(3, 3\)"),
    Refused("no images", "invert", (np.ones((0, 1, 3, 3)),), ValueError, r"x must be without an axis of length 0"),
    Refused("a pixel that is none", "crop", (changed(np.nan), 0, 0, 2), ValueError, r"x must be finite; got nan"),
    Refused("an infinite pixel", "resize", (changed(-np.inf), 2), ValueError, r"x must be finite; got -inf"),
    Refused("flipped by a number", "flip", (X, 1), TypeError, r"flipped must be True or False, or an array of them, one an image; got 1"),
    Refused("flipped of other images", "flip", (X, np.array([True, False])), ValueError, r"flipped must be one for all images or an array shaped \(5,\); got .*\(2,\)"),
    Refused("flipped along the channels", "flip", (X, True, -3), ValueError, r"axis must be -1, along the rows, or -2, along the columns; got -3"),
    Refused("sheared along an axis that is none", "shear", (X, 1.0, 1), ValueError, r"axis must be -1"),
    Refused("a frame of less than nothing", "pad", (X, -1), ValueError, r"width must be >= 0; got -1"),
    Refused("half a pixel of a frame", "pad", (X, 0.5), TypeError, r"width must be an integer; got 0\.5"),
    Refused("a mirror larger than the image", "pad", (X, 3), ValueError, r"width must be below the image's size, 3 x 6, to reflect it; got 3", {"mode": "reflect"}),
    Refused("a frame of another kind", "pad", (X, 1), ValueError, r"mode must be one of 'constant', 'reflect'; got 'reflekt'\. Did you mean 'reflect'\?", {"mode": "reflekt"}),
    Refused("a fill that is none", "pad", (X, 1, "grey"), TypeError, r"fill must be a number"),
    Refused("fills of other channels", "rotate", (RGB, 1.0, "bilinear", [0.1, 0.2]), ValueError, r"fill must be a number or an array \(3,\), one a channel; got \[0\.1, 0\.2\]"),
    Refused("a fill that is not finite", "translate", (X, 1, 1, "bilinear", np.inf), ValueError, r"fill must be finite; got inf"),
    Refused("an angle of words", "rotate", (X, "left"), TypeError, r"angle must be a number or an array of numbers"),
    Refused("an angle that is none", "rotate", (X, np.nan), ValueError, r"angle must be finite; got nan"),
    Refused("one of the angles is none", "rotate", (X, np.array([0.0, 1.0, np.nan, 2.0, 3.0])), ValueError, r"angle must be finite; got nan"),
    Refused("angles of other images", "rotate", (X, np.ones(4)), ValueError, r"angle must be one for all images or an array shaped \(5,\); got .*\(4,\)"),
    Refused("an angle for each image of all runs", "rotate", (RUNS, np.ones(5)), ValueError, r"angle must be one for all images or an array shaped \(2, 5\); got .*\(5,\)"),
    Refused("an angle for each run", "rotate", (RUNS, np.ones((2, 1))), ValueError, r"angle must be one for all images or an array shaped \(2, 5\)"),
    Refused("angles and shifts that do not fit", "affine", (X[0], np.ones(4), (np.ones(3), 0)), ValueError, r"parameters must be shaped .*, as the others"),
    Refused("another interpolation", "rotate", (X, 1.0, "linear"), ValueError, r"interpolation must be one of 'bilinear', 'nearest'; got 'linear'"),
    Refused("a shift that is no pair", "affine", (X, 0.0, 3.0), TypeError, r"translate must be a pair"),
    Refused("a scale of zero", "affine", (X,), ValueError, r"scale must be in \[1e-06, 1e\+06\]; got 0\.0", {"scale": 0.0}),
    Refused("a mirror as a scale", "affine", (X,), ValueError, r"scale must be in \[1e-06, 1e\+06\]; got -1", {"scale": -1}),
    Refused("sheared flat", "affine", (X,), ValueError, r"shear\[1\] must be in \[-89, 89\]; got 90", {"shear": (0, 90)}),
    Refused("shifted out of sight", "translate", (X, 0, 1e7), ValueError, r"translate\[0\] must be in \[-1e\+06, 1e\+06\]"),
    Refused("a window larger than the images", "crop", (X, 0, 0, 4), ValueError, r"size must be at most that of the images, 3 x 6; got 4"),
    Refused("a window beyond the edge", "crop", (X, 2, 0, 2), ValueError, r"top must be in 0 \.\. 1; got 2"),
    Refused("a window before the edge", "crop", (X, 0, np.array([0, 1, -1, 2, 3]), 2), ValueError, r"left must be in 0 \.\. 4; got -1"),
    Refused("a window between the pixels", "crop", (X, 0.5, 0, 2), TypeError, r"top must be integers; got 0\.5"),
    Refused("five windows larger than the images", "five_crop", (X, (2, 7)), ValueError, r"size must be at most that of the images, 3 x 6; got \(2, 7\)"),
    Refused("ten windows of no size", "ten_crop", (X, 0), ValueError, r"size\[0\] must be >= 1; got 0"),
    Refused("a padded crop that does not fit", "random_crop", (X, 8, rng(), 1), ValueError, r"size must be at most that of the images, 5 x 8; got 8"),
    Refused("a crop by no generator", "random_crop", (X, 2, 0), TypeError, r"rng must be a numpy\.random\.Generator; got 0\. Pass numpy\.random\.default_rng"),
    Refused("resized to three numbers", "resize", (X, (1, 2, 3)), TypeError, r"size must be a pair"),
    Refused("a box beyond the edge", "resized_crop", (X, 1, 0, 3, 2, 4), ValueError, r"top must be such that the box ends at 3 or before; got 4"),
    Refused("a box without width", "resized_crop", (X, 0, 0, 3, 0, 4), ValueError, r"width must be in 1 \.\. 6; got 0"),
    Refused("a displacement of another size", "elastic_deformation", (X, np.zeros((2, 3, 5))), ValueError, r"displacement must be shaped \(2, 3, 6\) or \(5, 2, 3, 6\); got"),
    Refused("displacements of other images", "elastic_deformation", (X, np.zeros((4, 2, 3, 6))), ValueError, r"displacement must be shaped \(2, 3, 6\) or \(5, 2, 3, 6\)"),
    Refused("a displacement that is none", "elastic_deformation", (X, np.full((2, 3, 6), np.nan)), ValueError, r"displacement must be finite; got nan"),
    Refused("a list for a displacement", "elastic_deformation", (X, [0.0]), TypeError, r"displacement must be (an array|a tensor) of floats"),
    Refused("bright standardized images", "brightness", (changed(-1.5), 1.0), ValueError, r"x must be in \[0, 1\]; got -1\.5\. Colours run from black, 0, to white, 1"),
    Refused("bytes", "contrast", (X * 255, 1.0), ValueError, r"x must be in \[0, 1\]; got 255\.0"),
    Refused("inverted standardized images", "invert", (changed(1.5),), ValueError, r"x must be in \[0, 1\]; got 1\.5"),
    Refused("colours of two channels", "saturation", (X.reshape(-1, 2, 3, 3), 1.0), ValueError, r"x must be of 1 channel or 3: grey, or red, green and blue"),
    Refused("a negative brightness", "brightness", (X, -0.1), ValueError, r"factor must be finite and >= 0; got -0\.1"),
    Refused("a hue in degrees", "hue", (RGB, 30.0), ValueError, r"factor must be in \[-0\.5, 0\.5\]; got 30"),
    Refused("an order with a gap", "color_jitter", (X, 1.0, 1.0, 1.0, 0.0, [0, 1, 1, 3]), ValueError, r"order must be 0, 1, 2 and 3 in some order; got \[0, 1, 1, 3\]"),
    Refused("an order of three", "color_jitter", (X, 1.0, 1.0, 1.0, 0.0, [0, 1, 2]), ValueError, r"order must be shaped \(4,\) or \(5, 4\)"),
    Refused("a jitter's hue too far", "color_jitter", (X, 1.0, 1.0, 1.0, 0.6, [0, 1, 2, 3]), ValueError, r"hue must be in \[-0\.5, 0\.5\]; got 0\.6"),
    Refused("a threshold in bytes", "solarize", (X, 128), ValueError, r"threshold must be in \[0, 1\]; got 128"),
    Refused("nine bits", "posterize", (X, 9), ValueError, r"bits must be in 0 \.\. 8; got 9"),
    Refused("half a bit", "posterize", (X, 1.5), TypeError, r"bits must be integers; got 1\.5"),
    Refused("a negative sharpness", "sharpness", (X, -1), ValueError, r"factor must be finite and >= 0; got -1"),
    Refused("noise of another shape", "add_noise", (X, np.ones((5, 1, 3, 1)), 1.0), ValueError, r"noise must be shaped \(5, 1, 3, 6\), as x"),
    Refused("noise that is none", "add_noise", (X, changed(np.nan), 1.0), ValueError, r"noise must be finite; got nan"),
    Refused("a negative deviation", "add_noise", (X, X, -1.0), ValueError, r"sigma must be finite and >= 0; got -1"),
    Refused("a crop of a shape that is none", "draw_crop", ((3, 3), 2, rng()), ValueError, r"shape must be of at least 3 axes; got"),
    Refused("a crop too large to draw", "draw_crop", ((1, 3, 3), 4, rng()), ValueError, r"size must be at most that of the images, 3 x 3; got 4"),
    Refused("a crop drawn by a seed", "draw_crop", ((1, 3, 3), 2, 7), TypeError, r"rng must be a numpy\.random\.Generator; got 7"),
    Refused("more than the image", "draw_resized_crop", ((1, 3, 3), rng(), (0.5, 1.5)), ValueError, r"scale must be \(low, high\) with low <= high <= 1; got \(0\.5, 1\.5\)"),
    Refused("no area", "draw_resized_crop", ((1, 3, 3), rng(), (0.0, 1.0)), ValueError, r"scale\[0\] must be finite and > 0; got 0"),
    Refused("ratios the wrong way round", "draw_resized_crop", ((1, 3, 3), rng(), (0.1, 1.0), (2.0, 0.5)), ValueError, r"ratio must be \(low, high\) with low <= high"),
    Refused("pixels whose differences overflow", "rotate", (X * 1e200, 1.0), ValueError, r"x must be of numbers within ±1e\+30; got 1e\+200"),
    Refused("a factor too large for float32", "brightness", (X.astype(np.float32), 1e39), ValueError, r"factor must be of numbers within ±1e\+30; got 1e\+39"),
    Refused("a fill too large for float32", "pad", (X.astype(np.float32), 1, -1e39), ValueError, r"fill must be of numbers within ±1e\+30; got 1e\+39"),
    Refused("noise too large for float32", "add_noise", (X, X * 1e39, 1.0), ValueError, r"noise must be of numbers within ±1e\+30"),
    Refused("a displacement beyond all bounds", "elastic_deformation", (X, np.full((2, 3, 6), -1e39)), ValueError, r"displacement must be of numbers within ±1e\+30"),
    Refused("a negative alpha", "draw_displacement", ((1, 3, 3), -1.0, 1.0, rng()), ValueError, r"alpha must be finite and >= 0; got -1"),
    Refused("alphas of other images", "draw_displacement", ((4, 1, 3, 3), np.ones(3), 1.0, rng()), ValueError, r"alpha must be one for all images or an array shaped \(4,\)"),
    Refused("a negative sigma", "draw_displacement", ((1, 3, 3), 1.0, -1.0, rng()), ValueError, r"sigma must be finite and >= 0; got -1"),
    Refused("a hue to draw too far", "draw_color_jitter", ((3, 3, 3), rng()), ValueError, r"hue must be in \[0, 0\.5\]; got 0\.7", {"hue": 0.7}),
    Refused("a contrast to draw below 0", "draw_color_jitter", ((3, 3, 3), rng(), 0.0, -0.1), ValueError, r"contrast must be finite and >= 0; got -0\.1"),
]  # fmt: skip

ERRORS = [
    ErrorCase(
        f"images: {row.id}",
        lambda row=row: getattr(augmentation, row.name)(*row.given, **row.more),
        row.error,
        row.message,
    )
    for row in REFUSED
]
