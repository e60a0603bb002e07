"""The figure of the lesson on the surface: its words and its marks are those of the loss."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.landscape.surface import copies_picture, pass_between
from dlcourse.plots.labels import title_of
from dlcourse.problems.students import two_units, two_units_slope


def marks(fig):
    return [line.get_xydata() for line in fig.axes[0].lines]


@pytest.mark.parametrize(("a", "b"), [(0.5, 2.0), (-2.0, 3.0), (2.0, -1.0)])
def test_the_copies_and_the_middle_are_where_they_are_said_to_be(a, b):
    fig = copies_picture(a, b)
    _, dots, path, diamond, cross = marks(fig)
    assert two_units(dots, a, b).max() < 1e-30 and np.array_equal(dots, path)
    height = two_units(diamond[0], a, b)
    assert title_of(fig) == f"Two copies; half-way the loss is {height:.3f}"
    assert np.array_equal(diamond[0], dots.mean(axis=0))
    assert cross[0, 0] == cross[0, 1]


def test_equal_units_are_one_copy():
    fig = copies_picture(2.0, 2.0)
    assert title_of(fig) == "Equal units: one copy" and len(marks(fig)) == 2


@pytest.mark.parametrize(("a", "b"), [(0.5, 2.0), (-2.0, 0.5), (3.0, -1.0)])
def test_at_the_pass_the_slope_vanishes_and_nothing_on_the_diagonal_is_lower(a, b):
    shared, low = pass_between(a, b)
    assert abs(two_units_slope(np.array([shared, shared]), a, b)).max() < 1e-6
    line = np.linspace(-3, 3, 601)
    assert low <= two_units(np.stack([line, line], -1), a, b).min() + 1e-12
    half = (a + b) / 2  # planted: the middle is not the pass
    assert abs(two_units_slope(np.array([half, half]), a, b)).max() > 1e-3


@pytest.mark.parametrize("where", [{"a": 3.5, "b": 0.0}, {"a": 0.0, "b": -4.0}])
def test_a_copy_off_the_picture_is_refused(where):
    with pytest.raises(ValueError, match=r"must be in \[-3, 3\]"):
        copies_picture(**where)
