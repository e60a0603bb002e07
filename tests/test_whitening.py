"""What whitening is tried on: least squares, sets, one step, a descent that is not run."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from dlcourse import data
from dlcourse.gradcheck import check_vjp
from dlcourse.problems.whitening import (
    LeastSquares,
    angle,
    condition_number,
    correlations,
    covariance,
    descent_errors,
    disjoint_sets,
    errors,
    explained,
    first_step,
    fit_time,
    one_step_errors,
    small_turn,
)
from dlcourse.scratch.preprocessing import PCAWhitening


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def slope(valley, w):
    def back(dy, w):
        return dy * valley.grad(w)

    check_vjp(lambda w: (valley.value(w), w), back, [w], np.random.default_rng(0))


@pytest.mark.parametrize("shape", [(4,), (4, 3)])
def test_the_gradient_of_least_squares_is_its_slope(rng, shape) -> None:
    x, t = rng.normal(size=(9, 4)), rng.normal(size=(9, *shape[1:]))
    valley = LeastSquares(x, t)
    slope(valley, rng.normal(size=shape))
    np.testing.assert_allclose(valley.grad(valley.optimum), 0, atol=1e-12)
    planted = LeastSquares(x, t)
    planted.grad = lambda w: valley.grad(w) / len(x)
    with pytest.raises(AssertionError):
        slope(planted, rng.normal(size=shape))


def test_the_contours_are_those_of_the_loss(rng) -> None:
    valley = LeastSquares(rng.normal(size=(9, 2)), rng.normal(size=9))
    one, two = rng.normal(size=(2, 5))
    heights = [valley.value(np.array(w)) for w in zip(one, two, strict=True)]
    least = valley.value(valley.optimum)
    np.testing.assert_allclose(valley(one, two), np.array(heights) - least, atol=1e-12)


def test_least_squares_refuse_targets_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"x, t must be .*as many targets as rows"):
        LeastSquares(np.ones((3, 2)), np.ones(2))


def test_covariance_and_correlations_are_numpys(rng) -> None:
    x = rng.normal(size=(2, 30, 3)) * [1, 10, 0.1] + 5
    for run in range(2):
        np.testing.assert_allclose(covariance(x)[run], np.cov(x[run].T, ddof=0), rtol=1e-9)
        np.testing.assert_allclose(correlations(x)[run], np.corrcoef(x[run].T), rtol=1e-9)


def test_what_columns_explain_is_what_a_regression_explains(rng) -> None:
    x = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)) + 3
    for j in range(4):
        others = np.delete(x, j, 1)
        others = np.column_stack([others, np.ones(50)])
        residual = x[:, j] - others @ np.linalg.lstsq(others, x[:, j], rcond=None)[0]
        np.testing.assert_allclose(explained(x)[j], 1 - residual.var() / x[:, j].var())


def test_an_angle_does_not_depend_on_lengths(rng) -> None:
    a, b = rng.normal(size=(2, 5, 3, 2))
    np.testing.assert_allclose(angle(3 * a, b / 7), angle(a, b))
    np.testing.assert_allclose(angle(a, -a), 180)
    assert condition_number(np.diag([4.0, 0.5])) == 8


def test_sets_share_no_sample_and_keep_their_labels() -> None:
    x = np.arange(20.0)[:, None]
    sets, labels = disjoint_sets(x, np.arange(20), 6, np.random.default_rng(0))
    assert sets.shape == (3, 6, 1)
    np.testing.assert_array_equal(sets[..., 0], labels)
    assert len(np.unique(labels)) == 18
    with pytest.raises(ValueError, match="size must be at most the 20 samples; got 21"):
        disjoint_sets(x, np.arange(20), 21, np.random.default_rng(0))


def test_the_first_step_is_minus_the_gradient_at_zero(rng) -> None:
    z, labels = rng.normal(size=(2, 12, 3)), rng.integers(0, 4, (2, 12))
    z -= z.mean(1, keepdims=True)
    weight, bias = first_step(z, labels, classes=4)
    for run in range(2):
        target = np.eye(4)[labels[run]]
        valley = LeastSquares(z[run], target - target.mean(0))
        np.testing.assert_allclose(weight[run], -valley.grad(np.zeros((3, 4))), atol=1e-12)
        np.testing.assert_allclose(bias[run, 0], target.mean(0))
    with pytest.raises(ValueError, match="labels must be one a sample"):
        first_step(z, labels[0])


def test_errors_are_counted() -> None:
    scores = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    assert errors(scores, np.array([1, 0, 0, 0])) == 0.25


def test_the_one_step_classifier_is_ridge_regression(rng) -> None:
    digits = data.load("digits")
    x, labels = disjoint_sets(*digits.train, 100, rng)
    (found,) = one_step_errors(PCAWhitening(eps=0.03), x, labels, digits.test)
    for run in range(len(x)):
        centered, target = x[run] - x[run].mean(0), np.eye(10)[labels[run]]
        matrix = centered.T @ centered / 100
        for eps, same in ((0.03, True), (3.0, False)):
            weight = np.linalg.solve(
                matrix + eps * np.eye(64), centered.T @ (target - target.mean(0)) / 100
            )
            scores = (digits.test.x - x[run].mean(0)) @ weight + target.mean(0)
            assert (found[run] == errors(scores, digits.test.y)) == same


def test_the_descent_that_is_not_run_ends_where_one_that_is_run_does(rng) -> None:
    digits = data.load("digits")
    x, labels = disjoint_sets(*digits.train, 300, rng)
    found = descent_errors(x, labels, digits.test, [1, 7, 40])
    for run in range(len(x)):
        mean, target = x[run].mean(0), np.eye(10)[labels[run]]
        valley = LeastSquares(x[run] - mean, target - target.mean(0))
        w = np.zeros((64, 10))
        for t in range(1, 41):
            w -= valley.grad(w) / valley.curvatures[-1]
            scores = (digits.test.x - mean) @ w + target.mean(0)
            if t in (1, 7, 40):
                assert errors(scores, digits.test.y) == found[[1, 7, 40].index(t), run], t
    assert len(np.unique(found)) > 4, "the steps must make a difference"


def test_more_features_take_longer(rng) -> None:
    few, many = (rng.normal(size=(600, d)) for d in (8, 300))
    assert fit_time(PCAWhitening, few) < fit_time(PCAWhitening, many)
    with pytest.raises(ValueError, match="repeats must be"):
        fit_time(PCAWhitening, few, 0)


class Threads:
    """Fits nothing; notes how many threads linear algebra has meanwhile."""

    seen: ClassVar[set] = set()

    def fit(self, x) -> None:
        info = threadpool_info()
        self.seen |= {each["num_threads"] for each in info if each["user_api"] == "blas"}


def test_a_time_is_that_of_one_thread_wherever_a_lesson_runs(rng) -> None:
    if not any(each["user_api"] == "blas" for each in threadpool_info()):
        pytest.skip("threadpoolctl does not know the BLAS of this NumPy")
    with threadpool_limits(2, user_api="blas"):
        Threads().fit(None)
        assert Threads.seen == {2}, "planted: whoever does not ask for one thread has more"
        Threads.seen.clear()
        fit_time(Threads, rng.normal(size=(2, 2)), 1)
        assert Threads.seen == {1}


@pytest.mark.parametrize("degrees", [1.0, 30.0, 170.0])
@pytest.mark.parametrize("d", [2, 5])
def test_a_small_turn_is_a_rotation_by_that_angle(rng, d, degrees) -> None:
    turn = small_turn(d, degrees, rng)
    np.testing.assert_allclose(turn @ turn.T, np.eye(d), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(turn), 1)
    angles = np.degrees(np.abs(np.angle(np.linalg.eigvals(turn))))
    np.testing.assert_allclose(angles.max(), degrees, rtol=1e-8)
    assert not np.allclose(turn, small_turn(d, degrees / 2, rng)), "the angle must matter"


@pytest.mark.parametrize("degrees", [0, 180, -1, np.nan])
def test_a_turn_has_an_angle(degrees) -> None:
    with pytest.raises(ValueError, match="degrees must be"):
        small_turn(3, degrees, np.random.default_rng(0))
