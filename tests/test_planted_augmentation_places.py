"""Images read at wrong places: the checks must catch each, planted where it would be written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from image_oracles import catch, check, scipy_elastic, scipy_rotate, wrong_versions

from dlcourse.scratch import augmentation as right
from dlcourse.scratch.augmentation import geometry, sampling


def clockwise(x, angle):
    return right.rotate(x, -angle)


def in_radians(x, angle):
    return right.rotate(x, np.rad2deg(angle))


def one_angle_for_all(x, angle):
    return right.rotate(x, angle[0])


def about_the_corner_of_the_middle_pixel(x, angle):
    """With h / 2 and w / 2 for the centre, in coordinates of pixels."""
    h, w = x.shape[-2:]
    t = np.deg2rad(angle)[:, None, None]
    rows, cols = np.arange(h).reshape(1, h, 1) - h / 2, np.arange(w) - w / 2
    new = np.cos(t) * rows + np.sin(t) * cols + h / 2, np.cos(t) * cols - np.sin(t) * rows + w / 2
    return sampling.sample(x, *new, "bilinear", np.zeros((1, 1, 1)))


def held_at_the_edge(x, angle):
    """The nearest pixel instead of the fill."""
    wide = np.pad(x, [(0, 0), (0, 0), (30, 30), (30, 30)], mode="edge")
    return right.rotate(wide, angle)[..., 30:-30, 30:-30]


def all_or_nothing_at_the_edge(x, angle):
    """No mixture of image and fill: what lies half a pixel outside is fill."""
    inside = right.rotate(np.ones_like(x), angle) > 1 - 1e-9
    return np.where(inside, right.rotate(x, angle), 0.0)


def of_the_nearest(x, angle):
    return right.rotate(x, angle, "nearest")


def weights_exchanged(x, angle):
    """u for the columns, v for the rows."""
    y = np.swapaxes(x, -1, -2)
    return np.swapaxes(right.rotate(y, -angle), -1, -2)[..., ::-1, :]


def the_map_itself(x, angle, move, scale, shear):
    """Where pixels go to, for where they come from: the inverse was forgotten."""
    return right.affine(x, -angle, (-move[0], -move[1]), 1 / scale, (-shear[0], -shear[1]))


def shears_in_the_other_order(x, angle, move, scale, shear):
    sheared = right.affine(x, shear=(0, shear[1]))
    return right.affine(right.affine(sheared, shear=(shear[0], 0)), angle, move, scale)


def one_step_after_another(x, angle, move, scale, shear):
    """Right as a map, and read twice between the pixels."""
    return right.affine(right.affine(x, shear=shear), angle, move, scale)


def moved_before_it_is_turned(x, angle, move, scale, shear):
    t = np.deg2rad(angle)
    turned = (
        scale * (np.cos(t) * move[0] + np.sin(t) * move[1]),
        scale * (np.cos(t) * move[1] - np.sin(t) * move[0]),
    )
    return right.affine(x, angle, turned, scale, shear)


def axes_exchanged(x, dy, dx):
    return right.translate(x, dx, dy)


def the_other_way(x, dy, dx):
    return right.translate(x, -dy, -dx)


def sheared_by_the_angle_itself(x, degrees):
    return right.shear(x, np.rad2deg(np.arctan(np.deg2rad(degrees))))


def sheared_along_the_columns(x, degrees):
    return right.shear(x, degrees, axis=-2)


def right_before_down(x, d):
    return right.elastic_deformation(x, d[..., ::-1, :, :])


def pushed_instead_of_pulled(x, d):
    return right.elastic_deformation(x, -d)


def in_units_of_half_an_image(x, d):
    return right.elastic_deformation(x, d * np.array(x.shape[-2:]).reshape(2, 1, 1) / 2)


def corners_aligned(x, size):
    rows, cols = (np.linspace(0, old - 1, new) for old, new in zip(x.shape[-2:], size, strict=True))
    at = rows[None, :, None], cols[None, None]
    return sampling.sample(x, *at, "bilinear", np.zeros((1, 1, 1)))


def from_the_corner_of_pixels(x, size):
    h, w = x.shape[-2:]
    at = np.arange(size[0]).reshape(1, -1, 1) * h / size[0], np.arange(size[1]) * w / size[1]
    at = np.minimum(at[0], h - 1), np.minimum(at[1].reshape(1, 1, -1), w - 1)
    return sampling.sample(x, *at, "bilinear", np.zeros((1, 1, 1)))


def fill_beyond_the_edge(x, size):
    """Half a pixel outside counts as black."""
    at = [(np.arange(n) + 0.5) * o / n - 0.5 for o, n in zip(x.shape[-2:], size, strict=True)]
    return sampling.sample(
        x, at[0].reshape(1, -1, 1), at[1].reshape(1, 1, -1), "bilinear", np.zeros((1, 1, 1))
    )


def seen_beyond_the_box(x, top, left, height, width, size):
    """Neighbours outside of the box take part."""
    at = []
    for start, length, n, o in (
        (top, height, size[0], x.shape[-2]),
        (left, width, size[1], x.shape[-1]),
    ):
        where = start[:, None] + (np.arange(n) + 0.5) * length[:, None] / n - 0.5
        at.append(np.clip(where, 0, o - 1))
    return sampling.sample(x, at[0][:, :, None], at[1][:, None], "bilinear", np.zeros((1, 1, 1)))


def height_for_width(x, top, left, height, width, size):
    return right.resized_crop(x, top * 0, left * 0, height, width, size)


def rows_for_columns(x, top, left, size):
    return right.crop(x, left, top, size)


def one_window_for_all(x, top, left, size):
    return right.crop(x, int(top[1]), int(left[1]), size)


def corners_in_another_order(x, size):
    return right.five_crop(x, size)[[0, 2, 1, 3, 4]]


def middle_rounded_down(x, size):
    y = right.five_crop(x, size)
    i, j = ((old - new) // 2 for old, new in zip(x.shape[-2:], size, strict=True))
    y[4] = x[..., i : i + size[0], j : j + size[1]]
    return y


def windows_mirrored_in_place(x, size):
    """The mirror image of each window, for the windows of the mirror image."""
    five = right.five_crop(x, size)
    return np.concatenate([five, five[..., ::-1]])


def all_mirrored(x, flipped):
    return x[..., ::-1]


def channels_mirrored(x, flipped):
    return np.where(flipped[:, None, None, None], x[:, ::-1], x)


def edge_repeated(x, width):
    return np.pad(x, [(0, 0), (0, 0), (width[0],) * 2, (width[1],) * 2], mode="symmetric")


def sides_exchanged(x, width):
    return right.pad(x, width[::-1])


WRONG: dict[str, list[Any]] = {
    "rotate": [
        *(clockwise, in_radians, one_angle_for_all, about_the_corner_of_the_middle_pixel),
        *(held_at_the_edge, all_or_nothing_at_the_edge, of_the_nearest, weights_exchanged),
    ],
    "affine": [
        *(the_map_itself, shears_in_the_other_order, one_step_after_another),
        moved_before_it_is_turned,
    ],
    "translate": [axes_exchanged, the_other_way],
    "shear": [sheared_by_the_angle_itself, sheared_along_the_columns],
    "elastic_deformation": [right_before_down, pushed_instead_of_pulled, in_units_of_half_an_image],
    "resize": [corners_aligned, from_the_corner_of_pixels, fill_beyond_the_edge],
    "resized_crop": [seen_beyond_the_box, height_for_width],
    "crop": [rows_for_columns, one_window_for_all],
    "five_crop": [corners_in_another_order, middle_rounded_down],
    "ten_crop": [windows_mirrored_in_place],
    "flip": [all_mirrored, channels_mirrored],
    "pad": [edge_repeated, sides_exchanged],
}


@pytest.mark.parametrize(("name", "wrong"), wrong_versions(WRONG))
def test_a_wrong_version_is_caught(name: str, wrong: Any) -> None:
    catch(name, wrong)


def multiplied_twice(x, rows, cols, interpolation, fill):
    """torchvision's fill: what was weighted by the share of the image is weighted once more."""
    zero = np.zeros((1, 1, 1))
    share = sampling.sample(np.ones_like(x[:, :1]), rows, cols, interpolation, zero)
    return sampling.sample(x, rows, cols, interpolation, zero) * share + (1 - share) * fill


def one_line_too_few(x, rows, cols, interpolation, fill):
    """Places are held inside of the image before they are read."""
    h, w = x.shape[-2:]
    return sampling.sample(x, rows.clip(0, h - 1), cols.clip(0, w - 1), interpolation, fill)


@pytest.mark.parametrize("wrong", [multiplied_twice, one_line_too_few], ids=lambda w: w.__name__)
def test_another_border_is_caught_by_scipy(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    check("rotate", right.rotate, scipy_rotate, fill=0.7)
    monkeypatch.setattr(geometry, "sample", wrong)
    with pytest.raises(AssertionError, match="they differ by"):
        check("rotate", right.rotate, scipy_rotate, fill=0.7)


@pytest.mark.parametrize("wrong", WRONG["elastic_deformation"], ids=lambda w: w.__name__)
def test_a_wrong_displacement_is_caught_by_scipy(wrong: Any) -> None:
    check("elastic_deformation", right.elastic_deformation, scipy_elastic)
    with pytest.raises(AssertionError, match="they differ by"):
        check("elastic_deformation", wrong, scipy_elastic)
