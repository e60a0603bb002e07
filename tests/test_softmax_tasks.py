"""Softmax regression on small tasks: its slope, its Hessian, its optimum, and who gets there."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.gradcheck import check_vjp
from dlcourse.problems.softmax_tasks import (
    probabilities,
    softmax_condition,
    softmax_grad,
    softmax_hessian,
    softmax_optimum,
    softmax_steps,
    softmax_tasks,
    way_as_long,
    with_bias,
)
from dlcourse.problems.whitening import condition_number, covariance
from dlcourse.scratch.preprocessing import PCAWhitening, Standardizer
from dlcourse.training import try_all


@pytest.fixture
def tasks():
    return softmax_tasks([np.random.default_rng(s) for s in (5, 6)], 2)


def test_tasks_are_drawn_by_their_own_generators_and_stretched_as_said(tasks) -> None:
    x, labels = tasks
    again, _ = softmax_tasks([np.random.default_rng(6)], 1)
    np.testing.assert_array_equal(x[1], again[0])
    assert x.shape == (2, 200, 5) and set(np.unique(labels)) == {0, 1, 2}
    many, _ = softmax_tasks(np.random.default_rng(0), 40)
    average = np.exp(np.log(condition_number(covariance(many))).mean())
    assert 60 < average < 170, average


def test_the_gradient_is_the_slope(tasks) -> None:
    x, labels = tasks
    w = np.random.default_rng(0).normal(size=(2, 5, 3))

    def back(dy, w):
        return dy[:, None, None] * softmax_grad(x, labels, w)[1]

    check_vjp(lambda w: (softmax_grad(x, labels, w)[0], w), back, [w], np.random.default_rng(1))


def by_differences(x, labels, w):
    rows = []
    for k in range(w.shape[1]):
        for i in range(w.shape[0]):
            e = np.zeros_like(w)
            e[i, k] = 1e-5
            ends = [softmax_grad(x, labels, w + sign * e)[1] for sign in (1, -1)]
            rows.append((ends[0] - ends[1]).T.ravel() / 2e-5)
    return np.array(rows)


def test_the_hessian_is_the_slope_of_the_gradient(tasks) -> None:
    x, labels = tasks
    w = np.random.default_rng(0).normal(size=(2, 5, 3))
    found = softmax_hessian(x, w)
    for run in range(2):
        wanted = by_differences(x[run], labels[run], w[run])
        np.testing.assert_allclose(found[run], wanted, atol=1e-8)
    at_zero = softmax_hessian(x, 0 * w)
    assert np.abs(found - at_zero).max() > 0.1, "it must depend on w"
    p = np.eye(3) / 3 - 1 / 9
    np.testing.assert_allclose(at_zero[0], np.kron(p, x[0].T @ x[0] / 200), atol=1e-12)


def test_the_condition_number_leaves_out_what_no_probability_notices(tasks) -> None:
    x, _ = tasks
    w = np.zeros((2, 5, 3))
    wanted = condition_number(x.swapaxes(-1, -2) @ x)
    np.testing.assert_allclose(softmax_condition(x, w), wanted, rtol=1e-9)


def test_the_optimum_has_no_slope_and_no_common_part(tasks) -> None:
    x, labels = tasks
    x = with_bias(x)
    w = softmax_optimum(x, labels)
    value, g = softmax_grad(x, labels, w)
    assert np.abs(g).max() < 1e-11
    np.testing.assert_allclose(w.sum(-1), 0, atol=1e-9)
    for shake in np.random.default_rng(0).normal(size=(20, *w.shape)):
        assert np.all(softmax_grad(x, labels, w + 0.1 * shake)[0] > value)


def test_a_random_way_is_as_long_as_the_one_from_zero(tasks) -> None:
    x, labels = tasks
    best = softmax_optimum(with_bias(x), labels)
    way = way_as_long(best, np.random.default_rng(2))
    lengths = [np.linalg.norm(w, axis=(1, 2)) for w in (best, way)]
    np.testing.assert_allclose(*lengths)
    assert abs(np.diff(lengths[0])) > 0.01, "each run has a length of its own"
    np.testing.assert_allclose(way.sum(-1), 0, atol=1e-12)
    assert not np.allclose(way, best)


def test_classes_that_can_be_separated_have_no_optimum() -> None:
    x = np.linspace(-1, 1, 9)[None, :, None]
    with pytest.raises(ValueError, match="of a task that has an optimum"):
        softmax_optimum(x, (x[..., 0] > 0).astype(int), classes=2)


def test_probabilities_survive_large_logits() -> None:
    p = probabilities(np.array([[1000.0, 1000.0, -1000.0]]))
    np.testing.assert_allclose(p, [[0.5, 0.5, 0.0]])


def test_steps_are_counted_until_a_hundredth_is_left_for_good() -> None:
    run = {"standardized": softmax_steps(Standardizer, 300)}
    run["whitened"] = softmax_steps(lambda: PCAWhitening(eps=0.0), 300)
    steps = try_all(run, seeds=3, rate=[1.0, 2.0])["steps"]
    assert np.all(steps[1] < steps[0]), "by method"
    assert np.all(steps[0, 1] < steps[0, 0]), "by rate"
    rng = [np.random.default_rng(1)]
    x, labels = softmax_tasks(rng, 1)
    x = with_bias(Standardizer().fit_transform(x))
    best = softmax_grad(x, labels, softmax_optimum(x, labels))[0]
    lr = 2.0 * 3 / np.linalg.eigvalsh(x[0].T @ x[0] / 200)[-1]
    w, excess = np.zeros((1, 6, 3)), []
    for _ in range(300):
        value, g = softmax_grad(x, labels, w)
        excess.append(float((value - best)[0]))
        w = w - lr * g
    count = int(steps[0, 1, 1])
    assert excess[count] < 0.01 * excess[0] <= excess[count - 1]
