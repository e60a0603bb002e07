"""The figures of the lesson on whitening: what they draw is what the theory says."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse import plots
from dlcourse.figures.preprocessing.whitening import (
    METHODS,
    SAMPLES,
    cloud,
    descent,
    digit_rows,
    error_curves,
    points_and_contours,
    prepared,
)
from dlcourse.problems import steps_to, walk
from dlcourse.scratch.optimizers import SGD


@pytest.mark.parametrize("correlation", [0.5, 0.9, 0.98])
def test_the_condition_number_is_that_of_two_correlated_features(correlation) -> None:
    _, valley = prepared(correlation, "standardized", 0.0)
    low, high = valley.curvatures
    np.testing.assert_allclose([low, high], [1 - correlation, 1 + correlation])
    path, count = descent(valley)
    shrunk = ((high - low) / (high + low)) ** np.arange(len(path))
    away = np.linalg.norm(path - valley.optimum, axis=1)
    assert np.all(away <= shrunk * away[0] + 1e-12)
    assert count > 8, "a correlation must cost steps"


@pytest.mark.parametrize("method", ["PCA", "ZCA"])
@pytest.mark.parametrize(("eps", "bound"), [(0.0, 1.0), (0.1, 5.8), (1.0, 34.0)])
def test_whitening_takes_one_step_and_an_eps_takes_some_of_it_back(method, eps, bound) -> None:
    z, valley = prepared(0.98, method, eps)
    low, high = valley.curvatures
    was = np.array([0.02, 1.98])
    np.testing.assert_allclose([low, high], np.sort(was / (was + eps)), rtol=1e-9)
    assert high / low <= bound + 1e-9
    assert (descent(valley)[1] == 1) == (eps == 0)
    assert z.shape == (SAMPLES, 2)


def test_the_path_is_the_one_that_gradient_descent_walks() -> None:
    _, valley = prepared(0.9, "PCA", 0.1)
    lr = 2 / valley.curvatures.sum()
    walked = walk(SGD(np.zeros(2), lr=lr), valley.grad, 40)
    path, count = descent(valley)
    np.testing.assert_allclose(path[:41], walked, atol=1e-12)
    assert count == steps_to(walked - valley.optimum)


def test_zca_turns_pca_back() -> None:
    x = cloud(0.9)
    pca, zca = (prepared(0.9, method, 0.0)[0] for method in ("PCA", "ZCA"))
    np.testing.assert_allclose(pca @ pca.T, zca @ zca.T, atol=1e-12)
    assert np.square(zca - x).mean() < 0.5 * np.square(pca - x).mean()


@pytest.mark.parametrize("method", METHODS)
def test_the_title_counts_the_steps_that_the_path_takes(method) -> None:
    fig = points_and_contours(0.9, method, 0.1)
    _, count = descent(prepared(0.9, method, 0.1)[1])
    title = plots.title_of(fig)
    assert f" {count:.0f} step" in title and f"r = 0.9, {method}" in title
    assert ("ε = 0.1" in title) == (method != "standardized")
    star = fig.axes[1].lines[-1]
    np.testing.assert_allclose(
        np.ravel(star.get_data()), prepared(0.9, method, 0.1)[1].optimum, rtol=1e-12
    )


def test_every_contour_has_one_height() -> None:
    _, valley = prepared(0.9, "ZCA", 0.1)
    rings = points_and_contours(0.9, "ZCA", 0.1).axes[1].lines[:5]
    heights = [valley(*line.get_data()) for line in rings]
    np.testing.assert_allclose(np.ptp(heights, axis=1), 0, atol=1e-12)
    assert np.all(np.diff([h[0] for h in heights]) > 0)


def test_digits_stand_upright_and_every_row_has_its_own_grays() -> None:
    images = np.tile(np.linspace(0, 0.5, 64), (2, 1))
    images[:, :4] = 1  # half of the top row
    fig = digit_rows({"once": images, "twice": 2 * images - 7})
    assert len(fig.axes) == 4
    shown = [np.reshape(ax.collections[0].get_array(), (8, 8)) for ax in fig.axes]
    for gray, ax in zip(shown, fig.axes, strict=True):
        np.testing.assert_array_equal(gray, shown[0])
        assert gray[0, :4].min() == 1 > gray[7].max() and gray.min() == 0
        assert ax.get_ylim() == (8, 0)


def test_error_curves_show_the_mean_of_the_sets() -> None:
    _, ax = plots.new_figure()
    x, values = np.array([1.0, 10.0]), np.array([[0.1, 0.3], [0.2, 0.6]])
    error_curves(ax, {"one": (x, values)})
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [0.2, 0.4])
    assert ax.get_xscale() == "log"
