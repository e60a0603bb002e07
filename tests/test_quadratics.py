"""The test bench of the lessons: what it measures must itself be right."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.figures.optimizers.momentum import valley_and_circle
from dlcourse.plots.labels import title_of
from dlcourse.problems import (
    Quadratic,
    gradient_descent_optimum,
    heavy_ball_optimum,
    momentum_matrix,
    steps_to,
    walk,
)
from dlcourse.scratch.optimizers import SGD


def test_the_gradient_is_the_derivative_of_the_value() -> None:
    valley, x, d = Quadratic([1.0, 30.0, -2.0]), np.array([0.3, -1.2, 2.0]), np.array([1.0, 2, 3])
    difference = (valley.value(x + 1e-6 * d) - valley.value(x - 1e-6 * d)) / 2e-6
    assert difference == pytest.approx(valley.grad(x) @ d, rel=1e-8)
    assert valley(*x) == valley.value(x)


def test_a_walk_keeps_the_start_and_one_place_a_step() -> None:
    path = walk(SGD(np.array([[8.0], [4.0]]), lr=0.5), lambda x: x, 2)
    np.testing.assert_array_equal(path[:, :, 0], [[8, 4], [4, 2], [2, 1]])


def test_a_visit_to_the_minimum_is_not_an_arrival() -> None:
    path = np.array([8.0, 0.1, -2.0, 0.5, 0.1])[:, None]
    first_visit = int(np.argmax(np.abs(path[:, 0]) < 0.8))  # the wrong measure
    assert (first_visit, steps_to(path, 0.1)) == (1, 3)
    assert np.isnan(steps_to(path[:3], 0.1))


@pytest.mark.parametrize("kappa", [4.0, 100.0])
def test_the_best_settings_cannot_be_bettered_nearby(kappa: float) -> None:
    ends = np.array([1.0, kappa])
    lr, rho = gradient_descent_optimum(1.0, kappa)
    assert np.abs(1 - lr * ends).max() == pytest.approx(rho, rel=1e-12)
    lr, beta, rho = heavy_ball_optimum(1.0, kappa)
    for a, b in ((1.0, 1.0), (1.02, 1.0), (0.98, 1.0), (1.0, 1.02), (1.0, 0.98)):
        values = np.linalg.eigvals(momentum_matrix(a * lr, b * beta, ends))
        radius = np.abs(values).max()
        assert radius == pytest.approx(rho, abs=1e-6) if a == b == 1.0 else radius > rho + 1e-3


def test_the_matrix_is_the_step() -> None:
    theta = np.array([2.0])
    opt = SGD(theta, lr=0.1, momentum=0.9)
    state = np.array([2.0, 0.0])
    for _ in range(5):
        opt.step(3.0 * theta)
        state = momentum_matrix(0.1, 0.9, 3.0) @ state
    np.testing.assert_allclose([theta[0], opt.state[0]["v"][0]], state, rtol=1e-13)


@pytest.mark.parametrize(("smallest", "largest"), [(0.0, 1.0), (2.0, 1.0), (1.0, np.inf)])
def test_impossible_curvatures_are_refused(smallest: float, largest: float) -> None:
    with pytest.raises(ValueError, match=r"(smallest|largest) must be"):
        heavy_ball_optimum(smallest, largest)


@pytest.mark.parametrize(
    ("lr", "beta", "words"),
    [(1.9, 0.0, "0.981"), (3.3, 0.0, "diverges"), (1.0, 0.99, "0.995"), (2.0, 0.0, "neither")],
)
def test_the_figure_of_eigenvalues_says_what_the_largest_does(
    lr: float, beta: float, words: str
) -> None:
    assert words in title_of(valley_and_circle(100.0, lr, beta))
