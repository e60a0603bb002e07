"""The figure of four methods on a saddle: what it draws is what they do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dlcourse.figures.landscape import saddles as drawing
from dlcourse.problems.saddle_walks import predicted, turned


@pytest.mark.parametrize("offset", [1e-2, 1e-6])
def test_gradient_descent_is_out_when_theory_says(offset) -> None:
    for angle in (0, 45):
        path = drawing.path_of("gradient descent", angle, offset)
        assert len(path) - 1 == predicted(offset, 0.01)
        assert abs(path[-1, 1]) > 1 >= abs(path[-2, 1])


def test_every_frame_ends_outside_and_its_title_counts_the_steps() -> None:
    for method in drawing.METHODS:
        left, right = drawing.off_the_saddle(method, 45, 1e-6).axes
        path = drawing.path_of(method, 45, 1e-6)
        assert len(path) - 1 < drawing.STEPS
        assert left.get_title("left") == f"{method}: out after {len(path) - 1} steps"
        seen = left.lines[-2].get_xydata()
        assert_allclose(seen[-1], path[-1] @ turned(45).T)
        assert abs(seen[-1] - path[-1]).max() > 0.1  # planted: not turned
        assert right.lines[0].get_ydata()[-1] == abs(path[-1, 1])
        assert np.all(np.diff(right.lines[0].get_xdata()) > 0)


def test_unknown_methods_are_refused() -> None:
    with pytest.raises(ValueError, match="method must be one of"):
        drawing.off_the_saddle("luck", 0, 1e-2)
