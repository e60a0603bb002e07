"""Augmentation: a network is shown images, labels and sentences that the data might have had."""

from dlcourse.scratch.augmentation.erasing import cutout, draw_box, draw_center, random_erasing
from dlcourse.scratch.augmentation.mixing import cutmix, draw_mix, mixup
from dlcourse.scratch.augmentation.training import Augment, Mix, MixedCrossEntropy
from dlcourse.scratch.augmentation.words import (
    load_synonyms,
    random_deletion,
    random_insertion,
    random_swap,
    synonym_replacement,
)

__all__ = [
    "Augment",
    "Mix",
    "MixedCrossEntropy",
    "cutmix",
    "cutout",
    "draw_box",
    "draw_center",
    "draw_mix",
    "load_synonyms",
    "mixup",
    "random_deletion",
    "random_erasing",
    "random_insertion",
    "random_swap",
    "synonym_replacement",
]
