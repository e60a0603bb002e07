"""The figures of the lesson on weight normalization: they draw what descent and LRN give."""

from __future__ import annotations

import numpy as np

from dlcourse.figures.normalization.weights import (
    FLAT,
    LOUD,
    PLACE,
    inhibition,
    response,
    turned,
    turning,
)
from dlcourse.problems.directions import plain_descent


def test_the_direction_survives_a_rate_at_which_plain_descent_explodes() -> None:
    assert not np.isfinite(plain_descent(FLAT, 10 * 0.2, 2000)[-1]).all()
    angle, length = turned(10.0, 1.0)
    assert length[1] > 5 and (np.diff(length) >= 0).all()
    assert angle[-1] < 30 and (np.diff(angle)[1:] < 0).all()
    np.testing.assert_allclose(angle[0], 120)


def test_turning_says_when_it_is_there() -> None:
    left, right = turning(0.3, 1.0).axes
    angle = left.lines[0].get_ydata()
    there = int(left.get_title("left").split()[2])
    assert (angle[there:] <= 5).all() and angle[there - 1] > 5
    assert "Not there" in turning(0.1, 3.0).axes[0].get_title("left")
    long = right.lines[0].get_ydata()
    assert right.get_title("left") == f"‖v‖ from {long[0]:.2g} to {long[-1]:.2g}"


def test_inhibition_is_of_the_window_and_by_the_papers_alpha() -> None:
    quiet, loud = response(5, 0.1, 2.0)
    inside = slice(PLACE - 2, PLACE + 3)
    lower = np.setdiff1d(np.arange(16), np.arange(16)[inside])
    np.testing.assert_allclose(loud[lower], quiet[lower], rtol=1e-12)
    for c in (PLACE - 2, PLACE - 1, PLACE + 1, PLACE + 2):
        assert loud[c] < quiet[c]
    weak = response(5, 1e-4, 2.0)
    assert 0.997 < weak[1][PLACE + 1] / weak[0][PLACE + 1] < 0.9985
    heights = [bar.get_height() for bar in inhibition(5, 0.1, 2.0).axes[0].patches]
    np.testing.assert_allclose(heights, [*quiet, *loud])
    share = 1 - loud[PLACE + 1] / quiet[PLACE + 1]
    assert inhibition(5, 0.1, 2.0).axes[0].get_title("left") == f"Its neighbour loses {share:.1%}"
    assert LOUD == 8
