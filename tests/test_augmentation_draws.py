"""What augmentation draws: its laws, in both rooms, against torchvision, SciPy and formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from oracles import torchvision
from scipy import ndimage, stats

from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation as ours

ROOMS = {"scratch": ours, "reference": twins}
RARE = 1e-4
"""A right law is refused once in ten thousand seeds, of which each test has one."""


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def uniform(counts: np.ndarray) -> bool:
    return stats.chisquare(counts).pvalue > RARE


def alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Two samples of one law of whole numbers."""
    low, high = int(min(a.min(), b.min())), int(max(a.max(), b.max()))
    table = np.stack([np.bincount(one - low, minlength=high - low + 1) for one in (a, b)])
    return bool(stats.chi2_contingency(table[:, table.sum(0) > 0]).pvalue > RARE)


@pytest.mark.parametrize("which", ROOMS)
def test_every_window_is_as_likely(which: str) -> None:
    top, left = map(np.asarray, ROOMS[which].draw_crop((4, 1500, 1, 8, 9), (6, 5), rng()))
    assert top.shape == left.shape == (4, 1500)
    assert uniform(np.bincount((top * 5 + left).ravel(), minlength=15))
    assert np.bincount((top * 5 + left).ravel()).size == 15, "the last window is one of them"
    assert not uniform(np.bincount((top * 5 + top).ravel(), minlength=15)), "a planted error"


@pytest.mark.parametrize("which", ROOMS)
@pytest.mark.parametrize("shape", [(14, 22), (3, 40), (20, 20), (2, 3)])
def test_boxes_are_those_of_torchvision(which: str, shape: tuple[int, int]) -> None:
    n = 1500
    draw = torchvision().transforms.RandomResizedCrop.get_params
    image, scale, ratio = torch.zeros(1, *shape), (0.2, 0.9), (0.6, 1.5)
    torch.manual_seed(0)
    theirs = np.array([draw(image, scale, ratio) for _ in range(n)]).T
    mine = [
        np.asarray(one)
        for one in ROOMS[which].draw_resized_crop((n, 1, *shape), rng(), scale, ratio)
    ]
    for name, one, other in zip(("top", "left", "height", "width"), mine, theirs, strict=True):
        assert one.shape == (n,)
        assert alike(one, other), name
    top, left, height, width = mine
    assert (top + height).max() <= shape[0] and (left + width).max() <= shape[1]
    assert alike(height * 100 + width, theirs[2] * 100 + theirs[3]), "height and width together"
    other = ours.draw_resized_crop((n, 1, *shape), rng(), (0.35, 0.9), ratio)
    assert shape == (3, 40) or not alike(other[2], theirs[2]), "a planted error"


@pytest.mark.parametrize("which", ROOMS)
def test_a_box_that_never_fits_is_the_largest_in_the_middle(which: str) -> None:
    for shape, box in (((4, 50), (0, 22, 4, 5)), ((50, 4), (22, 0, 5, 4))):
        drawn = ROOMS[which].draw_resized_crop((2, 3, 1, *shape), rng(), (0.9, 1.0))
        for one, value in zip(drawn, box, strict=True):
            assert_array_equal(one, np.full((2, 3), value))


@pytest.mark.parametrize("which", ROOMS)
def test_jitter_is_uniform_and_in_every_order(which: str) -> None:
    n = 6000
    drawn = ROOMS[which].draw_color_jitter((n, 3, 4, 4), rng(), 0.4, 1.5, 0.0, 0.2)
    b, c, s, h, order = map(np.asarray, drawn)
    for one, low, high in ((b, 0.6, 1.4), (c, 0.0, 2.5), (h, -0.2, 0.2)):
        assert stats.kstest(one, "uniform", (low, high - low)).pvalue > RARE
    assert_array_equal(s, np.ones(n))
    assert uniform(np.unique(order @ [64, 16, 4, 1], return_counts=True)[1])
    assert len(np.unique(order, axis=0)) == math.factorial(4)
    together = np.corrcoef([b, c, h, order[:, 0]])
    assert abs(together - np.eye(4)).max() < 5 / math.sqrt(n)


@pytest.mark.parametrize("which", ROOMS)
def test_a_displacement_has_the_law_it_says_at_every_pixel(which: str) -> None:
    """Standard deviation α / (σ √(12 π)), correlation exp(-r² / (4 σ²)), near the edges too."""
    alpha, sigma, n = np.repeat([3.0, 6.0], 1000), 2.0, 2000
    field = np.asarray(ROOMS[which].draw_displacement((n, 1, 9, 12), alpha, sigma, rng()))
    assert field.shape == (n, 2, 9, 12)
    size = (field / alpha[:, None, None, None]).std(0) * sigma * math.sqrt(12 * math.pi)
    assert_allclose(size, 1, atol=5 / math.sqrt(2 * n))
    assert abs(field.mean(0)).max() < 5 * field.std(0).max() / math.sqrt(n)
    for r in (1, 3):
        found = (field[..., r:] * field[..., :-r]).mean() / (field**2).mean()
        assert_allclose(found, math.exp(-(r**2) / (4 * sigma**2)), atol=0.03)
    down, right = field[:, 0].ravel(), field[:, 1].ravel()
    assert abs(np.corrcoef(down, right)[0, 1]) < 0.03
    # A field drawn no larger than the image, zeros beyond, is weaker at the edges.
    planted = ndimage.gaussian_filter(
        rng().uniform(-1, 1, (n, 9, 12)), (0, sigma, sigma), mode="constant"
    )
    assert planted.std(0)[0, 0] < 0.7 * planted.std(0)[4, 6]


def test_a_displacement_is_scipys_gaussian_of_the_noise() -> None:
    for sigma, reach in ((1.3, 5), (4.0, 16)):
        field = ours.draw_displacement((3, 1, 8, 11), 2.5, sigma, rng(1))
        noise = rng(1).uniform(-1, 1, (3, 2, 8 + 2 * reach, 11 + 2 * reach))
        blurred = ndimage.gaussian_filter(noise, (0, 0, sigma, sigma), mode="constant")
        assert_allclose(field, 2.5 * blurred[..., reach:-reach, reach:-reach], atol=1e-12)
    raw = ours.draw_displacement((3, 1, 8, 11), 2.5, 0.0, rng(1))
    assert_array_equal(raw, 2.5 * rng(1).uniform(-1, 1, (3, 2, 8, 11)))
    none = ours.draw_displacement((1, 8, 11), 0.0, 1.0, rng(1))
    assert_array_equal(none, np.zeros((2, 8, 11)))


@pytest.mark.parametrize("which", ROOMS)
def test_a_strength_for_each_run(which: str) -> None:
    field = ROOMS[which].draw_displacement((1, 8, 11), np.array([1.0, 2.0]), 1.0, rng())
    assert tuple(field.shape) == (2, 2, 8, 11)
    assert abs(field[1] / 2 - field[0]).max() > 0.01, "each has a field of its own"


@pytest.mark.parametrize("which", ROOMS)
def test_a_random_crop_sees_the_zeros_around(which: str) -> None:
    """A shift by up to 4 pixels of an image of ones: what came in from outside are zeros."""
    x = np.ones((3000, 1, 6, 6))
    y = ROOMS[which].random_crop(x if which == "scratch" else torch.as_tensor(x), 6, rng(), 2)
    outside = 1 - np.asarray(y).mean((1, 2, 3))
    gone = np.array([0, 1, 2])
    shifts = (6 - abs(np.array([-2, -1, 0, 1, 2]))) / 6
    assert_allclose(outside.mean(), 1 - shifts.mean() ** 2, atol=0.02)
    assert set(np.round(36 * outside).astype(int)) == {
        36 - (6 - a) * (6 - b) for a in gone for b in gone
    }
