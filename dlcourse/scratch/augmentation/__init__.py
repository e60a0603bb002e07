"""Augmentation: images that might as well have been in the training set.

What is drawn and what is computed are separate: a ``draw_…`` takes a generator and gives
parameters, one an image; the function that takes them has no chance in it.
"""

from dlcourse.scratch.augmentation.color import (
    brightness,
    color_jitter,
    contrast,
    draw_color_jitter,
    hue,
    saturation,
)
from dlcourse.scratch.augmentation.crops import (
    crop,
    draw_crop,
    draw_resized_crop,
    five_crop,
    random_crop,
    resize,
    resized_crop,
    ten_crop,
)
from dlcourse.scratch.augmentation.elastic import draw_displacement, elastic_deformation
from dlcourse.scratch.augmentation.geometry import affine, flip, pad, rotate, shear, translate
from dlcourse.scratch.augmentation.noise import add_noise
from dlcourse.scratch.augmentation.tones import (
    autocontrast,
    equalize,
    invert,
    posterize,
    sharpness,
    solarize,
)

__all__ = [
    "add_noise",
    "affine",
    "autocontrast",
    "brightness",
    "color_jitter",
    "contrast",
    "crop",
    "draw_color_jitter",
    "draw_crop",
    "draw_displacement",
    "draw_resized_crop",
    "elastic_deformation",
    "equalize",
    "five_crop",
    "flip",
    "hue",
    "invert",
    "pad",
    "posterize",
    "random_crop",
    "resize",
    "resized_crop",
    "rotate",
    "saturation",
    "sharpness",
    "shear",
    "solarize",
    "ten_crop",
    "translate",
]
