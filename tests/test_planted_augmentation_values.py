"""Pixels given wrong values: the checks must catch each, planted where it would be written."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from image_oracles import TORCHVISION, catch, wrong_versions
from scipy import ndimage
from test_planted_augmentation_places import WRONG as PLACES

from dlcourse.scratch import augmentation as right
from dlcourse.scratch.augmentation import color


def not_cut_off(x, factor):
    return x * factor[:, None, None, None]


def added(x, factor):
    return np.clip(x + factor[:, None, None, None] - 1, 0, 1)


def blend(x, towards, factor):
    f = factor[:, None, None, None]
    return np.clip(f * x + (1 - f) * towards, 0, 1)


def mean_of_each_channel(x, factor):
    return blend(x, x.mean((-2, -1), keepdims=True), factor)


def mean_of_the_batch(x, factor):
    return blend(x, color.grey(x).mean(), factor)


def mean_without_weights(x, factor):
    return blend(x, x.mean((1, 2, 3), keepdims=True), factor)


def grey_without_weights(x, factor):
    return blend(x, x.mean(1, keepdims=True), factor)


def grey_of_blue_green_red(x, factor):
    return blend(x, color.grey(x[:, ::-1]), factor)


def turned_back(x, factor):
    return right.hue(x, -factor)


def half_as_far(x, factor):
    return right.hue(x, factor / 2)


def in_one_order(x, b, c, s, h, order):
    return right.color_jitter(x, b, c, s, h, [0, 1, 2, 3])


def places_for_what_stands_there(x, b, c, s, h, order):
    return right.color_jitter(x, b, c, s, h, np.argsort(order, -1))


def cut_off_at_the_end_alone(x, b, c, s, h, order):
    return right.color_jitter(np.clip(x * b[:, None, None, None], 0, 1), b * 0 + 1, c, s, h, order)


def at_the_threshold_not_yet(x, threshold):
    return np.where(x > threshold[:, None, None, None], 1 - x, x)


def rounded(x, bits):
    levels = 2.0 ** bits[:, None, None, None]
    return np.clip(np.rint(x * levels), 0, levels - 1) / levels


def up_to_white(x, bits):
    """255 and 1 as the largest value, which drops the low bits in another way."""
    levels = np.maximum(2.0 ** bits[:, None, None, None] - 1, 1)
    return np.floor(x * levels) / levels


def softened(x, factor, kernel, mode=None):
    smooth = ndimage.convolve(x, kernel[None, None] / kernel.sum(), mode=mode or "nearest")
    y = x.copy() if mode is None else smooth
    y[..., 1:-1, 1:-1] = smooth[..., 1:-1, 1:-1]
    return blend(x, y, factor)


BOX, SOFT = np.ones((3, 3)), np.array([[1.0, 1, 1], [1, 5, 1], [1, 1, 1]])


def stretched_together(x):
    low, high = x.min((1, 2, 3), keepdims=True), x.max((1, 2, 3), keepdims=True)
    return (x - low) / np.maximum(high - low, 1 / 256)


def flat_becomes_black(x):
    low, high = x.min((-2, -1), keepdims=True), x.max((-2, -1), keepdims=True)
    return (x - low) / np.where(high > low, high - low, 1)


def spread_over_the_batch(x):
    """One table for all images."""
    joined = x.transpose(1, 0, 2, 3).reshape(1, x.shape[1], -1, x.shape[-1])
    y = right.equalize(joined).reshape(x.shape[1], len(x), *x.shape[2:])
    return y.transpose(1, 0, 2, 3)


def textbook_table(x):
    """The share of pixels not brighter: no picture keeps its black."""
    ranks = [[(c[..., None, None] >= c).mean((-2, -1)) for c in image] for image in x]
    return np.array(ranks)


def by_the_variance(x, noise, sigma):
    return x + np.sqrt(sigma)[:, None, None, None] * noise


def cut_to_colours(x, noise, sigma):
    return np.clip(right.add_noise(x, noise, sigma), 0, 1)


WRONG: dict[str, list[Any]] = {
    "brightness": [not_cut_off, added],
    "contrast": [mean_of_each_channel, mean_of_the_batch, mean_without_weights],
    "saturation": [grey_without_weights, grey_of_blue_green_red],
    "hue": [turned_back, half_as_far],
    "color_jitter": [in_one_order, places_for_what_stands_there, cut_off_at_the_end_alone],
    "solarize": [at_the_threshold_not_yet],
    "posterize": [rounded, up_to_white],
    "sharpness": [partial(softened, kernel=BOX), partial(softened, kernel=SOFT, mode="nearest")],
    "autocontrast": [stretched_together, flat_becomes_black],
    "equalize": [spread_over_the_batch, textbook_table],
    "add_noise": [by_the_variance, cut_to_colours],
    "invert": [np.negative],
}


@pytest.mark.parametrize(("name", "wrong"), wrong_versions(WRONG))
def test_a_wrong_version_is_caught(name: str, wrong: Any) -> None:
    catch(name, wrong)


def test_each_function_has_its_planted_error() -> None:
    assert {**PLACES, **WRONG}.keys() == TORCHVISION.keys()
