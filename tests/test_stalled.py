"""Digit networks at and near the saddle at zero, and three kinds that stand still elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.problems.stalled import (
    STALLS,
    Course,
    at_zero,
    curvatures_at_zero,
    digit_nets,
    extremes,
    near_saddle,
    pull,
    shares,
    some_digits,
    stalled,
    symptoms,
    watch,
)
from dlcourse.scratch.landscape import ExactHessian, hessian_from_products, loss_gradient
from dlcourse.scratch.losses import SoftmaxCrossEntropy

SEEDS = (1, 2)


def test_at_zero_there_is_no_slope_and_the_curvatures_are_those_of_theory() -> None:
    net, x, y = at_zero(SEEDS, units=2)
    gradient = loss_gradient(net, SoftmaxCrossEntropy(), x, y)
    assert abs(gradient(net.theta)).max() < 1e-15
    product = ExactHessian(net, SoftmaxCrossEntropy(), x, y)
    values = np.linalg.eigvalsh(hessian_from_products(product, product.dim, 2))
    assert_allclose(values, curvatures_at_zero(x, y, units=2), atol=1e-12)
    assert_array_equal((values < -1e-9).sum(1), 2 * 9)
    net.params["2.bias"][...] = 0  # planted: biases that do not know the shares of the classes
    assert abs(gradient(net.theta)).max() > 1e-3


def test_what_classes_have_to_do_with_pixels_is_their_covariance() -> None:
    x, y = some_digits(SEEDS)
    hot = (y[..., None] == np.arange(10)).astype(float)
    both = np.cov(hot[0].T, x[0].T, bias=True)[:10, 10:]
    assert_allclose(pull(x, y)[0], both, atol=1e-12)
    assert_allclose(shares(y).sum(1), 1)
    assert_array_equal(some_digits(SEEDS[1:])[0][0], x[1])


def test_a_watched_course_is_gradient_descent() -> None:
    x, y = some_digits(SEEDS)
    net = digit_nets(SEEDS)
    theta, loss = net.theta.copy(), SoftmaxCrossEntropy()
    gradient = loss_gradient(digit_nets(SEEDS), loss, x, y)
    course = watch(net, x, y, 0.2, 4, (0, 3), decay=0.1)
    for t in range(4):
        g = gradient(theta) + 0.1 * theta
        assert_allclose(course.grad_norm[t], np.linalg.norm(g, axis=1))
        assert_allclose(course.moved[t], 0.2 * course.grad_norm[t])
        theta = theta - 0.2 * g
    assert_allclose(course.net.theta, theta)
    assert course.lowest.shape == (2, 2) and (course.lowest < course.highest).all()
    with pytest.raises(ValueError, match="looks must be below updates"):
        watch(net, x, y, 0.2, 4, (4,))


def test_the_extremes_are_those_of_the_written_matrix_and_a_penalty_lifts_them() -> None:
    x, y = some_digits(SEEDS)
    net = digit_nets(SEEDS, units=3)
    product = ExactHessian(net, SoftmaxCrossEntropy(), x, y)
    values = np.linalg.eigvalsh(hessian_from_products(product, product.dim, 2))
    low, high = extremes(net, x, y)
    assert_allclose(low, values[:, 0], rtol=2e-2)
    assert_allclose(high, values[:, -1], rtol=1e-6)
    assert_allclose(np.array(extremes(net, x, y, 0.5)) - (low, high), 0.5)


def test_near_a_saddle_both_signs_are_asked_for() -> None:
    size = np.array([[1.0, 1, 1, 1], [0.2, 0.2, 0.5, 0.2]])
    low, high = np.array([[-1.0, -0.01, -1, -1]]), np.array([[1.0, 1, 1, 20]])
    course = Course(size, size, size, np.array([1]), low, high, digit_nets(SEEDS))
    assert_array_equal(near_saddle(course), [[True, False, False, False]])
    assert_array_equal(near_saddle(course, 0.6, 0.04), [[True, False, True, True]])


@pytest.mark.parametrize("kind", STALLS)
def test_all_four_stand_still_and_one_of_them_at_a_saddle(kind) -> None:
    course, decay = stalled(kind, SEEDS)
    assert all(sign.all() for sign in symptoms(course).values())
    ratio = course.lowest / course.highest
    assert (ratio < -0.5).all() if kind == "small weights" else (ratio > -0.01).all()
    assert (decay > 0) == ("penalty" in kind)


def test_symptoms_are_not_those_of_a_network_that_learns() -> None:
    x, y = some_digits(SEEDS)
    seen = symptoms(watch(digit_nets(SEEDS), x, y, 0.5, 60))
    assert not any(sign.any() for sign in seen.values())
    with pytest.raises(ValueError, match="kind must be one of"):
        stalled("bad luck", SEEDS)
