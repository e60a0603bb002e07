"""Functions of images against torchvision, SciPy and colorsys, in both rooms."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from devices import DEVICES
from image_oracles import (
    BOUNDS,
    TORCHVISION,
    arguments,
    check,
    picture,
    scipy_affine,
    scipy_elastic,
    scipy_rotate,
    tv,
)
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.lesson.augmented import CALLS, _tensors
from dlcourse.reference import augmentation as twins
from dlcourse.scratch import augmentation as ours

ROOMS = {"scratch": ours, "reference": twins}


def room(which: str, name: str) -> Any:
    """The function of a room, from arrays to arrays."""
    function = getattr(ROOMS[which], name)
    if which == "scratch":
        return function
    return lambda x, *given, **more: function(torch.as_tensor(x), *_tensors(given), **more).numpy()


@pytest.mark.parametrize("name", TORCHVISION)
@pytest.mark.parametrize("which", ROOMS)
def test_each_image_is_what_torchvision_makes_of_it(name: str, which: str) -> None:
    check(name, room(which, name), bound=BOUNDS.get(name, 1e-10))


def test_none_is_left_out() -> None:
    assert TORCHVISION.keys() == CALLS.keys()


@pytest.mark.parametrize("which", ROOMS)
def test_the_other_settings_too(which: str) -> None:
    check("flip", partial(room(which, "flip"), axis=-2), partial(TORCHVISION["flip"], axis=-2))
    reflect = lambda x, width: tv().pad(x, [width[1], width[0]], padding_mode="reflect")  # noqa: E731
    check("pad", partial(room(which, "pad"), mode="reflect"), reflect)
    filled = lambda x, width: tv().pad(x, [width[1], width[0]], 0.25)  # noqa: E731
    check("pad", partial(room(which, "pad"), fill=0.25), filled)
    nearest = partial(TORCHVISION["affine"], how="nearest")
    check("affine", partial(room(which, "affine"), interpolation="nearest"), nearest)
    across = lambda x, degrees: TORCHVISION["affine"](x, shear=(0, degrees))  # noqa: E731
    check("shear", partial(room(which, "shear"), axis=-2), across)


@pytest.mark.parametrize("fill", [0.0, 0.7])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("which", ROOMS)
def test_the_border_is_scipys_grid_constant(which: str, interpolation: str, fill: float) -> None:
    given: dict[str, Any] = {"interpolation": interpolation, "fill": fill}
    check("affine", room(which, "affine"), scipy_affine, rng=1, **given)
    check("rotate", room(which, "rotate"), scipy_rotate, rng=2, **given)
    check("elastic_deformation", room(which, "elastic_deformation"), scipy_elastic, rng=3, **given)


def test_hue_is_torchvisions_within_its_float32() -> None:
    check("hue", ours.hue, lambda x, factor: tv().adjust_hue(x, float(factor)), bound=3e-6)


@pytest.mark.parametrize("which", ROOMS)
def test_equalize_is_pils(which: str) -> None:
    image, ops = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageOps")
    grey = (np.random.default_rng(0).beta(2, 5, (40, 31)) * 256).astype(np.uint8)
    theirs = np.asarray(ops.equalize(image.fromarray(grey)))
    y = room(which, "equalize")(grey[None] / 255)
    assert_array_equal(np.rint(y[0] * 255), theirs)
    assert abs(theirs.astype(int) - grey).max() > 20


# Exact, where nothing need be interpolated.


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_quarter_turns_are_exact(dtype: type, interpolation: str) -> None:
    x = np.random.default_rng(0).random((4, 2, 7, 7)).astype(dtype)
    for angle in (-450, -90, 0, 90, 180, 270, 36_000):
        y = ours.rotate(x, angle, interpolation)
        assert_array_equal(y, np.rot90(x, angle // 90, (-2, -1)))
    each = ours.rotate(x, np.array([0.0, 90.0, 180.0, 270.0]), interpolation)
    assert_array_equal(each, np.stack([np.rot90(one, k, (-2, -1)) for k, one in enumerate(x)]))
    assert_array_equal(ours.rotate(x[..., :4], 180), x[..., :4][..., ::-1, ::-1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_whole_pixels_are_only_moved(dtype: type) -> None:
    x = np.random.default_rng(0).random((2, 1, 5, 8)).astype(dtype)
    y = ours.translate(x, np.array([2, -1]), np.array([-3, 0]), fill=9.0)
    moved = np.full_like(x, 9.0)
    moved[0, :, 2:, :5], moved[1, :, :4] = x[0, :, :3, 3:], x[1, :, 1:]
    assert_array_equal(y, moved)
    assert_array_equal(ours.affine(x), x)
    assert_array_equal(ours.elastic_deformation(x, np.zeros((2, 5, 8))), x)
    assert_array_equal(ours.resize(x, (5, 8)), x)
    assert_array_equal(ours.resized_crop(x, 0, 0, 5, 8, (5, 8)), x)
    assert_array_equal(ours.translate(x, 1e6, -1e6, fill=0.5), np.full_like(x, 0.5))


def test_what_is_the_same_everywhere_stays_it() -> None:
    """No weight is lost or won: also not where an image and an equal fill meet."""
    x = np.full((3, 1, 9, 6), 0.3)
    for y in (
        ours.rotate(x, np.array([10.0, 77.0, -130.0]), fill=0.3),
        ours.affine(x, 20, (0.3, 1.7), 0.7, (12, -30), fill=0.3),
        ours.elastic_deformation(x, np.random.default_rng(0).normal(size=(2, 9, 6)), fill=0.3),
        ours.resize(x, (4, 13)),
    ):
        assert_array_equal(y, np.full(y.shape, 0.3))


def test_a_channel_has_its_fill() -> None:
    x = np.random.default_rng(0).random((2, 3, 5, 6))
    fill = np.array([0.1, 0.5, 0.9])
    for name, given in (("rotate", (30.0,)), ("pad", (2,)), ("translate", (1.5, 2.0))):
        y, ty = (room(which, name)(x, *given, fill=fill) for which in ROOMS)
        assert_allclose(y, ty, atol=1e-12)
        alone = [getattr(ours, name)(x[:, i : i + 1], *given, fill=f) for i, f in enumerate(fill)]
        assert_array_equal(y, np.concatenate(alone, 1))
        assert_array_equal(y, ours.affine(x, 30, fill=fill) if name == "rotate" else y)


def test_there_and_back_a_smooth_image_is_the_same() -> None:
    """Within what linear interpolation may lose, f''/8 a direction, twice."""
    rows, cols = np.mgrid[:41, :41] - 20.0
    lost, x = 4 / 30 / 8, np.exp(-((rows - 3) ** 2 + (cols + 4) ** 2) / 60)[None]
    back = ours.rotate(ours.rotate(x, 37.0), -37.0)
    assert abs(back - x).max() < lost < 0.2 < abs(ours.rotate(x, 37.0) - x).max()
    there = ours.translate(x, 0.0, 2.5)
    mean = (cols * there[0]).sum() / there.sum() - (cols * x[0]).sum() / x.sum()
    assert_allclose(mean, 2.5, atol=0.01)


def test_up_is_counter_clockwise_and_right_is_right() -> None:
    """A pixel to the right of the centre goes up by a positive angle, as in geometry."""
    x = np.zeros((1, 5, 5))
    x[0, 2, 4] = 1.0
    assert ours.rotate(x, 90.0)[0, 0, 2] == 1
    assert ours.translate(x, 1, -1)[0, 3, 3] == 1
    assert ours.elastic_deformation(x, np.stack([np.full((5, 5), -1.0), np.ones((5, 5))]))[0, 3, 3]


@pytest.mark.parametrize("device", DEVICES)
def test_a_twin_computes_where_its_images_lie(device: str) -> None:
    """Its parameters may lie there too; a displacement and noise must."""
    rng = np.random.default_rng(0)
    x = picture(rng, 4, 3, 9, 12)
    there = torch.as_tensor(x, device=device)
    for name in CALLS:
        given = arguments(name, rng, (4,), (3, 9, 12))
        y = getattr(twins, name)(there, *_moved(_tensors(given), device))
        assert y.device == there.device
        assert_allclose(y.cpu(), getattr(ours, name)(x, *given), atol=1e-10, err_msg=name)


def _moved(given: Any, device: str) -> Any:
    if isinstance(given, tuple):
        return tuple(_moved(one, device) for one in given)
    return given.to(device) if isinstance(given, torch.Tensor) else given
