"""The figure of the lesson on scale: its path and its count beside gradient descent on a table."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.preprocessing import scale as drawing
from dlcourse.plots import title_of
from dlcourse.problems import walk
from dlcourse.problems.tables import LeastSquares, with_ones
from dlcourse.scratch.optimizers import SGD


def table(spread, mean):
    """A column of exactly this deviation and mean, and y = 0, so that the minimum is at 0."""
    x = mean + spread * np.array([-1.0, 1.0, -1.0, 1.0])
    return LeastSquares(with_ones(x[:, None]), np.zeros(4))


@pytest.mark.parametrize(("spread", "centred", "mean"), [(3.0, "yes", 0.0), (0.5, "no", 1.0)])
def test_the_path_is_that_of_gradient_descent_on_such_a_column(spread, centred, mean):
    loss = table(spread, mean)
    hessian = drawing.hessian_of(spread, centred)
    np.testing.assert_allclose(loss.hessian, hessian, rtol=1e-12)
    run = walk(SGD(drawing.START.copy(), lr=0.9 * loss.limit), loss.grad, 40)
    np.testing.assert_allclose(drawing.descent(hessian, 0.9, np.arange(41)), run, atol=1e-12)
    planted = drawing.descent(drawing.hessian_of(spread, "yes"), 0.5, np.arange(41))
    assert np.abs(planted - run).max() > 0.01

    far = np.linalg.norm(
        walk(SGD(drawing.START.copy(), lr=0.9 * loss.limit), loss.grad, 400), axis=1
    )
    assert drawing.steps_needed(hessian, 0.9) == int(np.argmax(far < 0.01 * far[0])) > 1


def test_the_drawing_shows_the_path_and_tells_its_count():
    fig = drawing.unit_of_a_feature(spread=1.0, centred="yes", rate=0.5)
    assert title_of(fig) == "κ = 1: 1 step leaves 1% of the way"
    path = fig.axes[0].lines[5].get_xydata()
    np.testing.assert_allclose(path[:2], [drawing.START, [0, 0]], atol=1e-12)
    fig = drawing.unit_of_a_feature(spread=400.0, centred="no", rate=0.5)
    assert "after 20,000 steps more than 1%" in title_of(fig)


def test_the_rings_are_level_lines():
    fig = drawing.unit_of_a_feature(spread=3.0, centred="no", rate=0.5)
    hessian = drawing.hessian_of(3.0, "no")
    for ring in fig.axes[0].lines[:5]:
        points = ring.get_xydata()
        height = ((points @ hessian) * points).sum(1)
        np.testing.assert_allclose(height, height[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"centred": "maybe"}, "centred must be"), ({"rate": 1.0}, r"in \(0, 1\)"),
     ({"spread": 0.0}, "spread must be")],
)  # fmt: skip
def test_bad_choices(change, message):
    with pytest.raises(ValueError, match=message):
        drawing.unit_of_a_feature(**{"spread": 1.0, "centred": "no", "rate": 0.5, **change})
