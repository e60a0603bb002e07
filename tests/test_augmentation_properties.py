"""What holds of every function of images: shapes, kinds, memory, images apart, runs, and speed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from image_oracles import SHAPES, arguments, of_one, picture
from numpy.testing import assert_allclose, assert_array_equal
from test_augmentation_images import room

from dlcourse.lesson.augmented import CALLS, _tensors
from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation as ours

NAMES = sorted(CALLS)
STEPPED = {"solarize", "posterize", "equalize"}
"""A pixel on an edge may fall to either side of it in another precision."""


def batch(name: str, lead: tuple[int, ...], shape: Any, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return picture(rng, *lead, *shape), arguments(name, rng, lead, shape)


def outcome(name: str, x: Any, given: Any) -> Any:
    """With the axis of five or ten crops behind those of the images."""
    y = getattr(ours, name)(x, *given)
    return np.moveaxis(y, 0, -4) if name in ("five_crop", "ten_crop") else y


def cut(given: Any, lead: tuple[int, ...], at: Any) -> Any:
    """The parameters of some images."""
    if isinstance(given, tuple):
        return tuple(cut(one, lead, at) for one in given)
    each = isinstance(given, np.ndarray) and given.shape[: len(lead)] == lead
    return given[at] if each else given


@pytest.mark.parametrize("name", NAMES)
def test_float32_stays_float32(name: str) -> None:
    for shape in SHAPES:
        x, given = batch(name, (4,), shape)
        small = x.astype(np.float32)
        y = getattr(ours, name)(small, *given)
        ty = getattr(twins, name)(torch.as_tensor(small), *_tensors(given)).numpy()
        assert y.dtype == ty.dtype == np.float32
        exact = getattr(ours, name)(x, *given)
        close = np.quantile(abs(y - exact), 0.9 if name in STEPPED else 1.0)
        assert close < 3e-5, name
        assert np.quantile(abs(ty - exact), 0.9 if name in STEPPED else 1.0) < 3e-5, name


@pytest.mark.parametrize("name", NAMES)
def test_inputs_are_untouched_and_nothing_is_shared(name: str) -> None:
    """Not even where nothing changes: who writes into the outcome must not change the data."""
    x, given = batch(name, (4,), (3, 9, 12))
    still = [one for one in (x, *given) if isinstance(one, np.ndarray)]
    before = [one.copy() for one in still]
    for one in still:
        one.flags.writeable = False
    y = getattr(ours, name)(x, *given)
    for one, kept in zip(still, before, strict=True):
        assert_array_equal(one, kept)
    assert y.flags.writeable and not np.shares_memory(y, x)
    grey = np.random.default_rng(0).random((2, 1, 9, 12))
    same = getattr(ours, name)(grey, *_nothing(name, grey))
    assert not np.shares_memory(same, grey)


def _nothing(name: str, x: Any) -> tuple[Any, ...]:
    """Arguments that change nothing, or little."""
    known = {
        **dict.fromkeys(("rotate", "shear", "hue"), (0,)),
        **dict.fromkeys(("brightness", "contrast", "saturation", "sharpness", "solarize"), (1,)),
        **dict.fromkeys(("resize", "five_crop", "ten_crop"), (x.shape[-2:],)),
        **dict.fromkeys(("crop",), (0, 0, x.shape[-2:])),
        **dict.fromkeys(("resized_crop",), (0, 0, *x.shape[-2:], x.shape[-2:])),
        **dict.fromkeys(("invert", "autocontrast", "equalize", "affine"), ()),
        **{"flip": (False,), "pad": (0,), "translate": (0, 0), "posterize": (8,)},
        "elastic_deformation": (np.zeros((2, *x.shape[-2:])),),
        "color_jitter": (1, 1, 1, 0, [0, 1, 2, 3]),
        "add_noise": (np.zeros_like(x), 1),
    }
    return known[name]


@pytest.mark.parametrize("name", NAMES)
def test_memory_in_any_order(name: str) -> None:
    x, given = batch(name, (4,), (3, 9, 12))
    y = getattr(ours, name)(x, *given)
    turned = np.asfortranarray(x)
    spaced = np.zeros((8, 3, 9, 24))[::2, :, ::-1, ::2]
    spaced[...] = x
    for other in (turned, spaced):
        assert_array_equal(getattr(ours, name)(other, *given), y)
    twin = room("reference", name)
    assert_allclose(twin(torch.as_tensor(x).mT.contiguous().mT, *given), y, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_each_image_is_alone_and_runs_are_batches(name: str) -> None:
    """Exactly: an image does not depend on its neighbours, nor on how many there are."""
    for shape in SHAPES[:3]:
        x, given = batch(name, (2, 3), shape, seed=1)
        y = outcome(name, x, given)
        for r in range(2):
            each_run = outcome(name, x[r], cut(given, (2, 3), r))
            assert_array_equal(y[r], each_run)
            for i in range(3):
                alone = outcome(name, x[r, i], cut(given, (2, 3), (r, i)))
                assert_array_equal(y[r, i], alone)
        assert abs(y[0] - y[1]).max() > 0, "runs that are alike show nothing"


EACH = [name for name in NAMES if name not in ("pad", "resize", "five_crop", "ten_crop")]
EACH = [name for name in EACH if name not in ("invert", "autocontrast", "equalize")]


@pytest.mark.parametrize("which", ["scratch", "reference"])
@pytest.mark.parametrize("name", EACH)
def test_one_for_all_is_the_same_for_each(name: str, which: str) -> None:
    x, given = batch(name, (4,), (3, 9, 12), seed=4)
    one = tuple(of_one(part, 2) for part in given)
    each = tuple(_repeated(part) for part in one)
    function = room(which, name)
    if name == "add_noise":  # its noise is always of each
        one, each = (given[0], one[1]), (given[0], each[1])
    assert_array_equal(function(x, *one), function(x, *each))
    assert abs(function(x, *one) - function(x, *given)).max() > 0


def _repeated(part: Any) -> Any:
    """A parameter of one image for four; sizes, which are pairs of int, for all anyway."""
    if isinstance(part, tuple):
        return tuple(_repeated(p) for p in part)
    return part if isinstance(part, int) else np.repeat(np.asarray(part)[None], 4, 0)


@pytest.mark.parametrize("which", ["scratch", "reference"])
@pytest.mark.parametrize("name", EACH)
def test_images_that_runs_share_get_the_axis_of_the_parameters(name: str, which: str) -> None:
    _, given = batch(name, (2, 4), (3, 9, 12), seed=2)
    x = picture(np.random.default_rng(3), 4, 3, 9, 12)
    function = room(which, name)
    y = function(x, *given)
    assert_array_equal(y, function(np.stack([x, x]), *given))
    assert y.shape[:2] == (2, 4)
    single = function(x[0], *cut(given, (2, 4), (slice(None), 0)))
    assert_array_equal(single, y[:, 0])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.integers(0, 99), st.booleans())
def test_images_of_any_size(c: int, h: int, w: int, seed: int, nearest: bool) -> None:
    rng = np.random.default_rng(seed)
    x = rng.random((3, c, h, w))
    how = "nearest" if nearest else "bilinear"
    y = ours.affine(x, *CALLS["affine"](rng, (3,), (c, h, w)), interpolation=how, fill=0.5)
    assert y.shape == x.shape
    assert y.min() >= min(x.min(), 0.5) and y.max() <= max(x.max(), 0.5)
    size = tuple(rng.integers(1, 12, 2).tolist())
    assert_allclose(ours.resize(x, size), room("reference", "resize")(x, size), atol=1e-12)
    top, left, height, width = ours.draw_resized_crop(x.shape, rng)
    y = ours.resized_crop(x, top, left, height, width, size)
    ends = x[0, :, top[0] : top[0] + height[0], left[0] : left[0] + width[0]]
    assert y.shape == (3, c, *size) and y[0].max() <= ends.max() and y[0].min() >= ends.min()
    part = (rng.integers(1, h + 1), rng.integers(1, w + 1))
    windows = ours.random_crop(x, tuple(map(int, part)), rng)
    assert windows.shape == (3, c, *part) and np.isin(windows, x).all()


@pytest.mark.parametrize("name", ["draw_crop", "draw_resized_crop", "draw_color_jitter"])
def test_a_generator_says_all(name: str) -> None:
    more = {"draw_crop": (5,)}.get(name, ())
    for library in (ours, twins):
        draw = getattr(library, name)
        a, b, other = (
            draw((50, 3, 9, 9), *more, rng=np.random.default_rng(seed)) for seed in (0, 0, 1)
        )
        for one, two in zip(a, b, strict=True):
            assert_array_equal(one, two)
        assert any((one != two).any() for one, two in zip(a, other, strict=True))


def spent(call: Any) -> float:
    """Seconds of this processor, the least of five."""
    times = []
    for _ in range(5):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def test_a_thousand_images_are_no_wait() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((1000, 1, 28, 28), dtype=np.float32)
    angle, moved = rng.uniform(-30, 30, 1000), rng.uniform(-3, 3, (2, 1000))
    assert spent(lambda: ours.rotate(x, angle)) < 0.06
    assert spent(lambda: ours.translate(ours.shear(x, angle), *moved)) < 0.12
    flipped, (top, left) = rng.random(1000) < 0.5, ours.draw_crop((1000, 1, 36, 36), 28, rng)
    assert spent(lambda: ours.crop(ours.pad(ours.flip(x, flipped), 4), top, left, 28)) < 0.06
    field = ours.draw_displacement(x.shape, 8.0, 4.0, rng)
    assert spent(lambda: ours.elastic_deformation(x, field)) < 0.08
    colours = rng.random((1000, 3, 32, 32), dtype=np.float32)
    jitter = ours.draw_color_jitter(colours.shape, rng, 0.4, 0.4, 0.4, 0.1)
    assert spent(lambda: ours.color_jitter(colours, *jitter)) < 1.0
