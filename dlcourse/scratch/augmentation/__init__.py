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
from dlcourse.scratch.augmentation.erasing import cutout, draw_box, draw_center, random_erasing
from dlcourse.scratch.augmentation.geometry import affine, flip, pad, rotate, shear, translate
from dlcourse.scratch.augmentation.mixing import cutmix, draw_mix, mixup
from dlcourse.scratch.augmentation.noise import add_noise
from dlcourse.scratch.augmentation.policies import (
    OPERATIONS,
    Operation,
    apply_operations,
    apply_sub_policies,
    auto_augment,
    draw_operations,
    draw_sub_policies,
    rand_augment,
)
from dlcourse.scratch.augmentation.search import digits_policy, search_policy
from dlcourse.scratch.augmentation.tones import (
    autocontrast,
    equalize,
    invert,
    posterize,
    sharpness,
    solarize,
)
from dlcourse.scratch.augmentation.training import Augment, Mix, MixedCrossEntropy
from dlcourse.scratch.augmentation.words import (
    load_synonyms,
    random_deletion,
    random_insertion,
    random_swap,
    synonym_replacement,
)

__all__ = [
    "OPERATIONS",
    "Augment",
    "Mix",
    "MixedCrossEntropy",
    "Operation",
    "add_noise",
    "affine",
    "apply_operations",
    "apply_sub_policies",
    "auto_augment",
    "autocontrast",
    "brightness",
    "color_jitter",
    "contrast",
    "crop",
    "cutmix",
    "cutout",
    "digits_policy",
    "draw_box",
    "draw_center",
    "draw_color_jitter",
    "draw_crop",
    "draw_displacement",
    "draw_mix",
    "draw_operations",
    "draw_resized_crop",
    "draw_sub_policies",
    "elastic_deformation",
    "equalize",
    "five_crop",
    "flip",
    "hue",
    "invert",
    "load_synonyms",
    "mixup",
    "pad",
    "posterize",
    "rand_augment",
    "random_crop",
    "random_deletion",
    "random_erasing",
    "random_insertion",
    "random_swap",
    "resize",
    "resized_crop",
    "rotate",
    "saturation",
    "search_policy",
    "sharpness",
    "shear",
    "solarize",
    "synonym_replacement",
    "ten_crop",
    "translate",
]
