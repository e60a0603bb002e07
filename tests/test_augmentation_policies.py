"""RandAugment, AutoAugment and the search: torchvision's operations and ranges, the draws."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import torchvision

from dlcourse.lesson.mixtures import POLICY
from dlcourse.lesson.parity import parity
from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation as ours
from dlcourse.scratch.augmentation import (
    OPERATIONS,
    Augment,
    Operation,
    apply_operations,
    apply_sub_policies,
    auto_augment,
    cutout,
    draw_box,
    draw_center,
    draw_operations,
    draw_sub_policies,
    rand_augment,
    random_erasing,
)

THEIRS = {
    "identity": "Identity",
    "shear_x": "ShearX",
    "shear_y": "ShearY",
    "translate_x": "TranslateX",
    "translate_y": "TranslateY",
    "rotate": "Rotate",
    "brightness": "Brightness",
    "color": "Color",
    "contrast": "Contrast",
    "sharpness": "Sharpness",
    "posterize": "Posterize",
    "solarize": "Solarize",
    "autocontrast": "AutoContrast",
    "equalize": "Equalize",
    "invert": "Invert",
}


def their_range(name: str, bins: int, size: int) -> tuple[Any, bool]:
    """torchvision's values of a magnitude, as ours are scaled."""
    kinds = torchvision().transforms.autoaugment
    one = kinds.RandAugment() if bins == 31 else kinds.AutoAugment()
    values, signed = one._augmentation_space(bins, (size, size))[THEIRS[name]]
    scale = {"solarize": 255, "translate_x": size, "translate_y": size}.get(name, 1)
    return values.double().numpy() / scale, signed


BINS = [(name, bins) for name in THEIRS for bins in (31, 10)]
BINS = [one for one in BINS if one not in (("invert", 31), ("identity", 10))]  # not in theirs


@pytest.mark.parametrize(("name", "bins"), BINS)
def test_magnitudes_mean_what_they_mean_in_torchvision(name: str, bins: int) -> None:
    values, signed = their_range(name, bins, 28)
    for room in (ours, twins):
        one = room.OPERATIONS[name]
        mine = one.value(np.arange(bins) / (bins - 1))
        mine = np.round(mine) if name == "posterize" else mine
        assert_allclose(mine, np.broadcast_to(values, bins), atol=1e-6)
        assert one.signed == signed


def test_the_names_are_torchvisions() -> None:
    kinds = torchvision().transforms.autoaugment
    rand = set(kinds.RandAugment()._augmentation_space(31, (8, 8)))
    auto = set(kinds.AutoAugment()._augmentation_space(10, (8, 8))) | rand
    assert {THEIRS[name] for name in OPERATIONS} == auto
    assert [*OPERATIONS] == [*twins.OPERATIONS]
    drawn = ours.policies.drawn_from(3, None)
    assert {THEIRS[name] for name in drawn} == rand
    assert drawn.keys() - ours.policies.drawn_from(1, None).keys() == {"color"}


def their_change(image: Any, name: str, value: float) -> Any:
    """What torchvision makes of one image, and of a shear about the centre instead."""
    kinds = torchvision().transforms
    nearest = kinds.InterpolationMode.NEAREST
    if name.startswith("shear"):
        angle = float(np.degrees(np.arctan(value)))
        both = [angle, 0.0] if name == "shear_x" else [0.0, angle]
        return kinds.functional.affine(image, 0.0, [0, 0], 1.0, both, nearest)
    value *= image.shape[-1] if name.startswith("translate") else 1
    return kinds.autoaugment._apply_op(image, THEIRS[name], value, nearest, None)


EXACT = [name for name in THEIRS if name not in ("posterize", "equalize")]


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("room", [ours, twins], ids=["scratch", "reference"])
def test_each_operation_is_torchvisions(name: str, room: Any) -> None:
    rng, one = np.random.default_rng(0), room.OPERATIONS[name]
    x = rng.random((12, 3, 13, 13))
    signs = np.resize([-1.0, 1.0], 12) if one.signed else np.ones(12)
    value = np.broadcast_to(one.value(rng.uniform(0.1, 1, 12)), 12) * signs
    given_ = x if room is ours else torch.tensor(x)
    y = np.asarray(one.apply(given_, value))
    for i in range(12):
        theirs = their_change(torch.tensor(x[i]), name, float(value[i])).numpy()
        assert_allclose(y[i], theirs, atol=2e-6, err_msg=f"{name} {value[i]}")


@pytest.mark.parametrize("name", ["posterize", "equalize"])
def test_those_of_whole_grey_values_are_torchvisions(name: str) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (4, 1, 28, 28), dtype=np.uint8)
    value = np.array([4.0, 5.0, 6.0, 7.0])
    y = OPERATIONS[name].apply(grey / 255, value)
    kinds = torchvision().transforms.functional
    for i in range(4):
        image = torch.tensor(grey[i])
        if name == "equalize":
            assert_array_equal(np.round(y[i] * 255), kinds.equalize(image))
        else:  # theirs are the low ends of 256 values, ours of [0, 1]
            step = 2 ** (8 - int(value[i]))
            theirs = kinds.posterize(image, int(value[i])).numpy() // step
            rounded = np.round(y[i] * 2 ** value[i])
            assert (rounded == theirs).mean() > 0.95
            assert abs(rounded - theirs).max() <= 1


@pytest.mark.parametrize(
    "name", ["rand_augment", "auto_augment", "apply_operations", "apply_sub_policies"]
)
def test_parity(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=15)
    assert "equal to its PyTorch twin" in capsys.readouterr().out


def marker(value: float, signed: bool = False) -> Operation:
    """An operation that adds its number, so that an image tells what was done to it."""
    return Operation(value, value, signed, lambda x, v: x + v[:, None, None, None])


def check_draws(function: Callable[..., Any]) -> None:
    """Each image its own operations, with replacement, all alike; the sign drawn if there is one.

    Four operations add 1, 10, 100 and ± 1000.
    """
    kinds = {str(v): marker(v) for v in (1.0, 10.0, 100.0)} | {"s": marker(1000.0, True)}
    n = 16_000
    y = function(np.zeros((n, 1, 1, 1)), 2, 7, np.random.default_rng(2), kinds).ravel()
    counts, chance = Counter(y.tolist()), {}
    single = [(1.0, 0.25), (10.0, 0.25), (100.0, 0.25), (1000.0, 0.125), (-1000.0, 0.125)]
    for a, p in single:
        for b, q in single:
            chance[a + b] = chance.get(a + b, 0.0) + p * q
    assert counts.keys() == chance.keys()
    found = sum((counts[v] - n * p) ** 2 / (n * p) for v, p in chance.items())
    assert found < 36.1, "chi-squared, 14 degrees of freedom, one in a thousand"


def test_operations_are_drawn_for_each_image_and_slot() -> None:
    check_draws(rand_augment)


def test_the_strength_is_the_magnitude_of_each_image() -> None:
    rise = {"rise": Operation(0.0, 3.0, False, lambda x, v: x + v[:, None, None, None])}
    x = np.zeros((2, 3, 1, 2, 2))
    magnitude = np.arange(6.0).reshape(2, 3) * 6
    y = rand_augment(x, 1, magnitude, np.random.default_rng(0), rise)
    assert_allclose(y[..., 0, 0, 0], magnitude / 10)
    assert_array_equal(rand_augment(x, 0, 9, np.random.default_rng(0)), x)


def check_auto(function: Callable[..., Any]) -> None:
    """Sub-policies alike, each step with its own probability, in its order."""
    n = 12_000
    x = np.full((n, 1, 1, 1), 0.75)
    policy = [[("invert", 0.3, 0), ("solarize", 0.5, 9)], [("solarize", 1.0, 3)]]
    y = function(x, policy, np.random.default_rng(3)).ravel()
    # Solarize at 9 inverts everything, at 3 what is as bright as 2/3 or brighter.
    up = 0.5 * (0.3 * 0.5 + 0.7 * 0.5)
    assert set(np.round(y, 12)) == {0.25, 0.75}
    assert abs((y == 0.75).mean() - up) < 4 * (up * (1 - up) / n) ** 0.5
    ordered = [[("solarize", 1.0, 3), ("brightness", 1.0, 0), ("invert", 1.0, 0)]]
    assert_allclose(function(x[:2], ordered, np.random.default_rng(0)), 0.75)
    turned = [[("invert", 1.0, 0), ("solarize", 1.0, 3)]]
    assert_allclose(function(x[:2], turned, np.random.default_rng(0)), 0.25)


def test_auto_augment_draws_a_sub_policy_and_each_step() -> None:
    check_auto(auto_augment)


def test_images_of_any_leading_axes_and_nothing_is_changed_in_place() -> None:
    x = np.random.default_rng(4).random((2, 3, 1, 8, 8))
    x.flags.writeable = False
    for function, told in ((rand_augment, (2, 15)), (auto_augment, (POLICY,))):
        y = function(x, *told, np.random.default_rng(5))
        flat = function(x.reshape(6, 1, 8, 8), *told, np.random.default_rng(5))
        assert_array_equal(y, flat.reshape(x.shape))
        assert (y != x).any()
        one = function(x[0, 0], *told, np.random.default_rng(5))
        assert one.shape == (1, 8, 8)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from([1, 3]),
    st.floats(0, 30),
)
def test_kinds_stay_and_values_stay_in_range(seed: int, dtype: Any, c: int, m: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.random((3, c, 9, 7)).astype(dtype)[..., ::-1]
    for function, told in ((rand_augment, (3, m)), (auto_augment, (POLICY,))):
        y = function(x, *told, np.random.default_rng(seed))
        assert y.dtype == dtype
        assert y.shape == x.shape
        assert y.min() >= 0
        assert y.max() <= 1
        again = function(x.copy(), *told, np.random.default_rng(seed))
        assert_array_equal(y, again)


def test_a_thousand_images_of_28_pixels_take_less_than_a_second() -> None:
    x = np.random.default_rng(0).random((1000, 1, 28, 28))
    start = time.process_time()
    rand_augment(x, 2, 9, np.random.default_rng(0))
    assert time.process_time() - start < 1.0


PAIRS: dict[str, Any] = {
    "rand_augment": (
        lambda x, rng: rand_augment(x, 2, 12, rng),
        (
            lambda shape, rng: draw_operations(shape, 2, rng),
            lambda x, picks, signs: apply_operations(x, picks, signs, 12),
        ),
    ),
    "auto_augment": (
        lambda x, rng: auto_augment(x, POLICY, rng),
        (
            lambda shape, rng: draw_sub_policies(shape, POLICY, rng),
            lambda x, *drawn: apply_sub_policies(x, POLICY, *drawn),
        ),
    ),
    "cutout": (
        lambda x, rng: cutout(x, *draw_center(x.shape, rng), 3),
        (draw_center, lambda x, cy, cx: cutout(x, cy, cx, 3)),
    ),
    "erasing": (
        lambda x, rng: random_erasing(x, draw_box(x.shape, rng), 0.5),
        (draw_box, lambda x, *box: random_erasing(x, box, 0.5)),
    ),
}


@pytest.mark.parametrize("lead", [(), (1,), (3,)])
@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize("name", PAIRS)
def test_drawn_apart_all_runs_are_shown_the_same(name: str, runs: Any, lead: Any) -> None:
    if runs is None and lead:
        return  # refused, see the errors
    x = np.random.default_rng(0).random((*lead, 6, 64))
    one, two = (
        Augment(change, rng=np.random.default_rng(1), runs=runs, shape=(1, 8, 8))
        for change in PAIRS[name]
    )
    for _ in range(3):
        assert_array_equal(one.forward(x, True), two.forward(x, True))


def test_the_twin_draws_the_same() -> None:
    for shape in ((5, 1, 8, 8), (2, 4, 3, 8, 8), (1, 8, 8)):
        for name, told in (("draw_operations", 3), ("draw_sub_policies", POLICY)):
            one, two = (
                getattr(room, name)(shape, told, np.random.default_rng(3)) for room in (ours, twins)
            )
            for a, b in zip(one, two, strict=True):
                assert_array_equal(a, b)
