"""The figures of the lesson on orthogonal weights: what they draw is what the theory says."""

from __future__ import annotations

import numpy as np

from dlcourse.figures.initialization.orthogonal import (
    STRENGTHS,
    WIDTH,
    derivatives,
    directions,
    modes,
    strengths_in_time,
)
from dlcourse.problems.isometry import flow, mode_strength


def test_two_layers_follow_the_closed_form_and_three_a_run() -> None:
    times, s = np.linspace(0, 4, 81), np.array(STRENGTHS)
    two = strengths_in_time(2, 0.01, times)
    np.testing.assert_allclose(two, mode_strength(times[:, None], s, 0.01), atol=1e-5)
    a = 0.1 ** (1 / 3)
    path = flow([a * np.eye(4)] * 3, np.diag(s), 0.05 / 4, 320)[::4]
    run = np.array([np.diag(c @ b @ a) for a, b, c in path])
    np.testing.assert_allclose(strengths_in_time(3, 0.1, times), run, atol=1e-4)
    assert abs(strengths_in_time(3, 0.01, times) - two).max() > 0.5, "depth must matter"


def test_modes_draws_the_product_left_and_its_root_right() -> None:
    left, right = modes(depth=3, start=0.1).axes
    assert len(left.lines) == len(right.lines) == len(STRENGTHS)
    for whole, layer in zip(left.lines, right.lines, strict=True):
        np.testing.assert_allclose(layer.get_ydata() ** 3, whole.get_ydata())
    half = left.get_title("left").removeprefix("Half learned at ").split(", ")
    assert half == sorted(half) and len(half) == len(STRENGTHS)
    assert "later" in modes(depth=5, start=0.001).axes[0].get_title("left")
    assert right.get_title("left") == "the same in all 3 layers"


def test_directions_counts_what_it_draws() -> None:
    for network, depth in (("linear", 50), ("tanh", 10), ("relu", 10)):
        ax = directions(network, depth).axes[0]
        drawn = [line.get_ydata() for line in ax.lines[:2]]
        assert all(len(y) == WIDTH and (np.diff(y) <= 1e-12).all() for y in drawn)
        gaussian, orthogonal = ((y > 0.01).sum() for y in drawn)
        found = f"Alive, above 1/100: {gaussian} Gaussian, {orthogonal} orthogonal"
        assert ax.get_title("left") == found
    linear = directions("linear", 50).axes[0].lines[1].get_ydata()
    np.testing.assert_allclose(linear, 1, rtol=1e-9)


def test_relu_is_shown_with_the_gain_that_keeps_the_mean_square() -> None:
    size = (derivatives("relu")[1, 0] ** 2).sum(axis=(-2, -1)).mean() / WIDTH
    assert 0.8 < size < 1.2, "with gain 1 it would be a half"
