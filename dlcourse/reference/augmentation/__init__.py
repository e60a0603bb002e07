"""Twins of ``scratch.augmentation``: ``F.grid_sample``, ``F.interpolate``, ``F.pad``, by image."""

from dlcourse.reference.augmentation.color import (
    brightness,
    color_jitter,
    contrast,
    draw_color_jitter,
    hue,
    saturation,
)
from dlcourse.reference.augmentation.crops import (
    crop,
    draw_crop,
    draw_resized_crop,
    five_crop,
    random_crop,
    resize,
    resized_crop,
    ten_crop,
)
from dlcourse.reference.augmentation.elastic import draw_displacement, elastic_deformation
from dlcourse.reference.augmentation.geometry import affine, flip, pad, rotate, shear, translate
from dlcourse.reference.augmentation.noise import add_noise
from dlcourse.reference.augmentation.tones import (
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
