"""The figure of the lesson on grid and random search: what it says is what the points do."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.hpo.grid_and_random import COLORS, points_of, trials_picture
from dlcourse.plots.labels import title_of
from dlcourse.scratch.hpo import sobol


@pytest.mark.parametrize("way", COLORS)
def test_points_lie_in_the_square_and_runs_differ(way):
    one = points_of(way, 9, np.random.default_rng(0))
    many = points_of(way, 9, np.random.default_rng(0), runs=5)
    assert one.shape == (9, 2) and many.shape[1:] == (9, 2)
    assert ((many >= 0) & (many < 1)).all()
    assert (len(many) == 1) == (way == "grid")
    if way != "grid":
        assert (many[0] != many[1]).any()


@pytest.mark.parametrize(("way", "seen"), [("grid", 4), ("random", 16), ("Sobol'", 16)])
def test_the_title_counts_what_an_axis_shows(way, seen):
    fig = trials_picture(way, 0.0, 16)
    assert f"{seen} values" in title_of(fig)
    assert len(set(fig.axes[0].lines[1].get_xdata().round(9))) == seen


def test_a_grid_is_ahead_only_where_both_matter():
    far = {(way, w): float(title_of(trials_picture(way, w, 16)).split()[-4])
           for way in COLORS for w in (0.0, 1.0)}  # fmt: skip
    assert far["random", 0.0] < 0.6 * far["grid", 0.0]
    assert far["grid", 1.0] < 0.9 * far["random", 1.0]
    np.testing.assert_allclose(far["grid", 0.0], 1 / 16, atol=2e-3)


def boxes_hold_one(points):
    """Whether 16 points lie one in each of 16 boxes, of every shape that halving makes."""
    for k in range(5):
        cells = np.floor(points * [2**k, 2 ** (4 - k)]).astype(int) @ [2 ** (4 - k), 1]
        if sorted(cells) != list(range(16)):
            return False
    return True


def test_shifted_sobol_points_stay_a_net():
    """One point in each elementary box; a shift added modulo 1 mostly tears that apart."""
    many = points_of("Sobol'", 16, np.random.default_rng(0), runs=20)
    assert all(boxes_hold_one(points) for points in many)
    plain = np.stack([sobol(i, 2) for i in range(16)])
    shifts = np.random.default_rng(0).random((20, 1, 2))
    assert sum(boxes_hold_one(points) for points in (plain + shifts) % 1) < 10


def test_it_is_the_shift_of_the_package():
    shifts = np.random.default_rng(0).integers(2**30, size=(3, 2))
    many = points_of("Sobol'", 16, np.random.default_rng(0), runs=3)
    for points, shift in zip(many, shifts, strict=True):
        np.testing.assert_array_equal(points, [sobol(i, 2, shift) for i in range(16)])
