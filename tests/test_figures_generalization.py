"""The polynomial figure: it draws the fit, and its title says how far that is from the truth."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.regularization.generalization import (
    CURVES,
    LIMIT,
    POINTS,
    polynomial_picture,
    says,
)
from dlcourse.problems.polynomials import GRID, TRUTHS, draw_points, fitted


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("points", POINTS)
def test_it_draws_the_points_the_truth_and_the_fit(curve: str, points: int) -> None:
    ax = polynomial_picture(curve, points).axes[0]
    truth, fit, dots = (np.asarray(line.get_ydata(), float) for line in ax.lines)
    x, y = draw_points(np.random.default_rng(3), points)
    np.testing.assert_allclose(truth, TRUTHS["parabola"](GRID))
    np.testing.assert_allclose(dots, y)
    degree, price = CURVES[curve]
    wanted = np.clip(fitted(x, y, degree, price), -2 * LIMIT, 2 * LIMIT)
    np.testing.assert_allclose(fit, wanted, atol=1e-6)
    off = np.sqrt(np.mean((fitted(x, y, degree, price) - truth) ** 2))
    assert ax.texts[0].get_text() == f"off the truth by {off:.{2 if off < 10 else 0}f}"


def test_the_title_says_what_is_seen() -> None:
    assert says(0.5, 9, 10) == "Far from the truth"
    assert says(0.2, 300, 10) == "Through the points, near the truth"
    assert says(0.1, 2, 10) == "Near the truth"
