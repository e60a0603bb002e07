"""Conventions of geometry and colour: ours, and the other form, which differs."""

from __future__ import annotations

import numpy as np
import torch
from image_oracles import mode, tv
from numpy.testing import assert_allclose, assert_array_equal
from oracles import torchvision
from scipy import ndimage

from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation


def images(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape)


def theirs_affine(x, angle, **given):
    given = {"translate": [0.0, 0.0], "scale": 1.0, "shear": [0.0, 0.0], **given}
    y = tv().affine(torch.as_tensor(x), angle, **given, interpolation=mode("bilinear"))
    return y.numpy()


def test_angles_turn_counter_clockwise_in_rotate_and_in_affine():
    x = images(2, 1, 7, 7)
    y = augmentation.affine(x, 25.0)
    assert_array_equal(y, augmentation.rotate(x, 25.0))
    assert_allclose(y, tv().rotate(torch.as_tensor(x), 25.0, mode("bilinear")), atol=1e-12)
    assert_allclose(y, theirs_affine(x, -25.0), atol=1e-12)
    assert abs(y - theirs_affine(x, 25.0)).max() > 0.3
    assert_array_equal(augmentation.rotate(x, 90.0), np.rot90(x, 1, (-2, -1)))


def test_the_centre_lies_between_the_pixels():
    x = images(1, 8, 8)
    assert_array_equal(augmentation.rotate(x, 180.0), x[..., ::-1, ::-1])
    assert_allclose(augmentation.rotate(x, 180.0)[0], ndimage.rotate(x[0], 180, order=1))
    half = ndimage.affine_transform(x[0], -np.eye(2), np.array([8.0, 8.0]), order=1)
    assert_allclose(half[1:, 1:], x[0, :0:-1, :0:-1])
    assert_array_equal(half[0], np.zeros(8))


def test_the_fill_is_mixed_in_once():
    """White on white: half a pixel outside, torchvision has 1/2 · 1/2 + 1/2 · 1."""
    x = np.ones((1, 5, 5))
    assert_array_equal(augmentation.translate(x, 0, 0.5, fill=1.0), x)
    theirs = theirs_affine(x, 0.0, translate=[0.5, 0.0], fill=[1.0])
    assert_allclose(theirs[0, :, 0], 0.75, atol=1e-12)
    assert_allclose(augmentation.translate(x, 0, 0.5)[0, :, 0], 0.5)
    assert_allclose(theirs_affine(x, 0.0, translate=[0.5, 0.0])[0, :, 0], 0.5, atol=1e-12)
    scipys = [ndimage.shift(x[0], (0, 0.5), order=1, mode=m) for m in ("grid-constant", "constant")]
    assert_allclose([one[:, 0] for one in scipys], [[0.5] * 5, [0.0] * 5], atol=1e-12)


def test_an_affine_map_shifts_last_and_to_the_right_first():
    x = np.zeros((1, 9, 9))
    x[0, 4, 4] = 1.0  # the centre: turned and scaled it stays
    y = augmentation.affine(x, 90.0, translate=(3, 1))
    assert y[0, 5, 7] == 1
    assert_array_equal(y, augmentation.translate(augmentation.rotate(x, 90.0), 1, 3))
    turned_last = augmentation.rotate(augmentation.translate(x, 1, 3), 90.0)
    assert turned_last[0, 1, 5] == 1
    x = images(1, 9, 8)
    theirs = theirs_affine(x, -40.0, translate=[3.0, 1.0], scale=1.4, shear=[20.0, -10.0])
    y = augmentation.affine(x, 40.0, (3, 1), 1.4, (20, -10))
    assert_allclose(y, theirs, atol=1e-12)
    assert abs(augmentation.affine(x, 40.0, (3, 1), 1.4, (-10, 20)) - theirs).max() > 0.2


def test_of_two_pixels_equally_near_the_lower_one_is_taken():
    x = np.arange(1.0, 9.0).reshape(1, 1, 8)
    y = augmentation.translate(x, 0, -0.5, "nearest")
    assert_array_equal(y.ravel(), [2, 3, 4, 5, 6, 7, 8, 0])
    grid = torch.zeros(1, 1, 8, 2, dtype=torch.float64)
    grid[..., 0] = (2 * (torch.arange(8) + 0.5) + 1) / 8 - 1
    even = torch.nn.functional.grid_sample(
        torch.as_tensor(x)[None], grid, "nearest", "zeros", align_corners=False
    )
    assert_array_equal(even.ravel(), [1, 3, 3, 5, 5, 7, 7, 0])
    assert_array_equal(
        twins.translate(torch.as_tensor(x), 0, -0.5, "nearest").ravel(), even.ravel()
    )


def test_alpha_is_half_of_torchvisions():
    n, sigma = 300, 2.0
    torch.manual_seed(0)
    draw = torchvision().transforms.ElasticTransform.get_params
    theirs = torch.cat([draw([8.0] * 2, [sigma] * 2, [24] * 2) for _ in range(n)]).double().numpy()
    # in halves of an image
    right, down = theirs[..., 0] * 24 / 2, theirs[..., 1] * 24 / 2
    rng = np.random.default_rng(0)
    ours = augmentation.draw_displacement((n, 1, 24, 24), 4.0, sigma, rng)
    inner = slice(8, -8)
    for one in (right, down):
        assert_allclose(one[:, inner, inner].std(), ours.std(), rtol=0.05)
    assert_allclose(ours.std(), 4 / (sigma * np.sqrt(12 * np.pi)), rtol=0.02)
    assert_allclose(ours[..., 0, 0].std(), ours.std(), rtol=0.1)
    mirrored = right[:, 0, 0].std()
    zeros = ndimage.gaussian_filter(
        rng.uniform(-4, 4, (n, 24, 24)), (0, sigma, sigma), mode="constant"
    )
    assert mirrored > 1.3 * ours.std() > 1.6 * zeros[:, 0, 0].std()
    x = images(1, 24, 24)
    d = np.stack([down[0], right[0]])
    moved = tv().elastic_transform(torch.as_tensor(x)[None], torch.as_tensor(theirs[:1]))
    assert_allclose(augmentation.elastic_deformation(x, d), moved[0], atol=1e-5)
    assert abs(augmentation.elastic_deformation(x, d[::-1]) - moved[0].numpy()).max() > 0.05


def test_resizing_keeps_the_edges_and_does_not_average():
    x = images(2, 1, 9, 12)
    resize = torch.nn.functional.interpolate
    y = augmentation.resize(x, (4, 7))
    given = {"size": (4, 7), "mode": "bilinear"}
    assert_allclose(y, resize(torch.as_tensor(x), **given, align_corners=False), atol=1e-12)
    corners = resize(torch.as_tensor(x), **given, align_corners=True).numpy()
    assert abs(y - corners).max() > 0.2
    line = np.zeros((1, 1, 9, 9))
    line[..., 3] = 1.0
    assert augmentation.resize(line, 3).max() == 0, "a line between the pixels that are seen"
    averaged = tv().resize(torch.as_tensor(line), [3, 3], mode("bilinear"), antialias=True)
    assert averaged.max() > 0.2


def test_contrast_goes_to_one_grey():
    x = images(1, 3, 4, 5) * np.array([1.0, 0.5, 0.2]).reshape(3, 1, 1)
    red, green, blue = x[0].mean((-2, -1))
    grey = 0.2989 * red + 0.587 * green + 0.114 * blue
    assert_allclose(augmentation.contrast(x, 0.0), np.full_like(x, grey))
    assert abs(grey - x.mean()) > 0.02
    assert abs(grey - x.mean((-2, -1))).min() > 0.01
    assert augmentation.contrast(x, 9.0).max() == 1 and augmentation.contrast(x, 9.0).min() == 0
