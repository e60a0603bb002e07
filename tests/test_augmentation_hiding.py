"""Cutout and random erasing: the pinned arithmetic, torchvision, and the draws as distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from oracles import torchvision

from dlcourse.lesson.mixtures import CALLS
from dlcourse.lesson.parity import parity
from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation as ours
from dlcourse.scratch.augmentation import cutout, draw_box, draw_center, random_erasing


def loops(x: Any, cy: Any, cx: Any, size: int, fill: float = 0.0) -> Any:
    """Pixel by pixel, as the exercise pins it."""
    y = x.copy()
    for i, j, k in np.ndindex(len(x), *x.shape[-2:]):
        a, b = j - (cy[i] - size // 2), k - (cx[i] - size // 2)
        if 0 <= a < size and 0 <= b < size:
            y[i, :, j, k] = fill
    return y


def check_cutout(function: Callable[..., Any]) -> None:
    """Odd and even sides, all borders, a centre each, inputs left alone."""
    rng = np.random.default_rng(0)
    for size in (0, 1, 2, 3, 4, 5, 20):
        x = rng.uniform(1, 2, (30, 2, 7, 9))
        cy, cx, kept = rng.integers(7, size=30), rng.integers(9, size=30), x.copy()
        assert_array_equal(function(x, cy, cx, size, -0.5), loops(x, cy, cx, size, -0.5))
        assert_array_equal(x, kept)


def test_cutout_is_the_pinned_square() -> None:
    check_cutout(cutout)
    check_cutout(lambda x, *rest: twins.cutout(torch.tensor(x), *rest).numpy())


@pytest.mark.parametrize("name", ["cutout", "random_erasing"])
def test_parity(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=15)
    assert "equal to its PyTorch twin" in capsys.readouterr().out


def test_one_centre_for_all_and_one_a_run() -> None:
    rng = np.random.default_rng(1)
    x = rng.random((5, 2, 8, 8))
    assert_array_equal(cutout(x, 3, 4, 3), loops(x, [3] * 5, [4] * 5, 3))
    cy, cx = rng.integers(8, size=(3, 5)), rng.integers(8, size=(3, 5))
    runs = cutout(x, cy, cx, 4)
    assert runs.shape == (3, 5, 2, 8, 8)
    for run, a, b in zip(runs, cy, cx, strict=True):
        assert_array_equal(run, cutout(x, a, b, 4))
    column = cutout(x, cy[:, :1], cx[:, :1], 4)
    assert_array_equal(column[1], cutout(x, cy[1, 0], cx[1, 0], 4))
    many = np.broadcast_to(x, (3, 5, 2, 8, 8))
    assert_array_equal(cutout(many, cy, cx, 4), runs)
    assert cutout(x[0], 3, 4, 3).shape == x[0].shape


def check_erasing(function: Callable[..., Any]) -> None:
    """torchvision's ``erase``, image by image, with numbers and with noise."""
    erase = torchvision().transforms.functional.erase
    rng = np.random.default_rng(2)
    x, noise = rng.random((12, 3, 9, 7)), rng.normal(size=(12, 3, 9, 7))
    box = draw_box(x.shape, rng)
    for fill in (0.0, 0.7, noise):
        y = function(x, box, fill)
        for i in range(12):
            top, left, height, width = (int(side[i]) for side in box)
            v = torch.tensor(fill[i] if np.ndim(fill) else fill, dtype=torch.float64)
            v = v[:, top : top + height, left : left + width] if np.ndim(fill) else v
            assert_array_equal(y[i], erase(torch.tensor(x[i]), top, left, height, width, v))


def test_random_erasing_is_torchvisions() -> None:
    check_erasing(random_erasing)
    check_erasing(lambda x, box, fill: twins.random_erasing(torch.tensor(x), box, fill).numpy())


def test_noise_of_each_run_over_images_that_all_share() -> None:
    rng = np.random.default_rng(3)
    x, noise = rng.random((4, 1, 6, 6)), rng.random((2, 4, 1, 6, 6))
    box = draw_box(noise.shape, rng)
    y = random_erasing(x, box, noise)
    for run in range(2):
        one = random_erasing(x, tuple(side[run] for side in box), noise[run])
        assert_array_equal(y[run], one)
    assert_array_equal(y, twins.random_erasing(torch.tensor(x), box, torch.tensor(noise)))


def check_box(draw: Callable[..., Any]) -> None:
    """Areas, forms and places of 20,000 boxes beside torchvision's draws, by their quantiles."""
    h, w, n = 40, 30, 20_000
    top, left, height, width = map(np.asarray, draw((n, 1, h, w), np.random.default_rng(4)))
    torch.manual_seed(0)
    params = torchvision().transforms.RandomErasing.get_params
    image = torch.zeros(1, h, w)
    theirs = np.array([params(image, (0.02, 0.33), (0.3, 3.3), [0.0])[:4] for _ in range(4000)])
    assert (top >= 0).all() and (top + height <= h).all() and (height < h).all()
    assert (left >= 0).all() and (left + width <= w).all() and (width < w).all()
    shares = np.linspace(0.05, 0.95, 19)
    for mine, his in ((top, 0), (left, 1), (height, 2), (width, 3)):
        gap = np.quantile(mine, shares) - np.quantile(theirs[:, his], shares)
        assert abs(gap).max() <= 1.01
        assert abs(mine.mean() - theirs[:, his].mean()) < 5 * theirs[:, his].std() / 4000**0.5
    area, form = height * width / (h * w), np.log(height / width)
    assert abs(area.mean() - (theirs[:, 2] * theirs[:, 3]).mean() / (h * w)) < 0.01
    his = np.log(theirs[:, 2] / theirs[:, 3])
    assert abs(form.mean() - his.mean()) < 5 * his.std() / 4000**0.5


def test_boxes_are_drawn_as_torchvision_draws_them() -> None:
    check_box(draw_box)


def test_a_box_that_cannot_fit_is_none() -> None:
    for room in (ours, twins):
        box = room.draw_box((6, 1, 4, 4), np.random.default_rng(0), (0.9, 1.0), (5.0, 6.0))
        assert all((np.asarray(side) == 0).all() for side in box[2:])
        x = np.random.default_rng(1).random((6, 1, 4, 4))
        assert_array_equal(random_erasing(x, tuple(map(np.asarray, box))), x)


def test_the_twin_draws_the_same() -> None:
    for shape in ((7, 1, 8, 9), (2, 3, 3, 12, 10), (1, 5, 5)):
        for name in ("draw_box", "draw_center"):
            one = getattr(ours, name)(shape, np.random.default_rng(5))
            two = getattr(twins, name)(shape, np.random.default_rng(5))
            for a, b in zip(one, two, strict=True):
                assert_array_equal(a, b)
                assert a.shape == shape[:-3]


def test_all_centres_are_equally_likely() -> None:
    cy, cx = draw_center((50_000, 1, 4, 5), np.random.default_rng(0))
    counts = np.bincount(5 * cy + cx, minlength=20)
    assert ((counts - 2500) ** 2 / 2500).sum() < 43.8  # chi-squared, 19 degrees, one in a thousand


def test_what_is_hidden_on_average_is_smaller_for_the_border() -> None:
    """E[share hidden] of cutout, with all centres alike, is exact."""
    x = np.ones((49, 1, 7, 7))
    cy, cx = np.divmod(np.arange(49), 7)
    rows = np.array([min(c + 2, 7) - max(c - 2, 0) for c in range(7)])
    hidden = 1 - cutout(x, cy, cx, 4).mean((1, 2, 3))
    assert_allclose(hidden.mean(), (rows.mean() / 7) ** 2, rtol=1e-12)
    assert_allclose(hidden.reshape(7, 7), np.outer(rows, rows) / 49, rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([np.float32, np.float64]), st.booleans())
def test_kinds_and_strides(seed: int, dtype: Any, sliced: bool) -> None:
    rng = np.random.default_rng(seed)
    x = rng.random((3, 2, 8, 10)).astype(dtype)
    x = x[:, :, ::2, ::-1] if sliced else x
    x.flags.writeable = False
    for name in ("cutout", "random_erasing"):
        _, *given_ = CALLS[name](np.random.default_rng(seed))
        if name == "cutout":
            given_ = [rng.integers(4, size=3), rng.integers(4, size=3), int(rng.integers(6))]
        else:
            given_ = [draw_box(x.shape, rng), float(rng.random())]
        y = getattr(ours, name)(x, *given_)
        assert y.dtype == dtype
        assert y.shape == x.shape
        assert not np.shares_memory(x, y)
        assert_array_equal(y, getattr(ours, name)(np.ascontiguousarray(x), *given_))
        kept = y == x
        assert (y[~kept] == dtype(given_[1] if name == "random_erasing" else 0.0)).all()
