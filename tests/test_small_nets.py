"""Small networks whose curvature is written down, and the search for where they are level."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.problems import small_nets
from dlcourse.problems.small_nets import (
    Points,
    SmallNets,
    critical_points,
    eight_numbers,
    highest_saddles,
    leave_zero,
    updates_until,
)
from dlcourse.scratch.optimizers import SGD, RMSprop


def rngs(n=3, first=0):
    return [np.random.default_rng(first + i) for i in range(n)]


@pytest.fixture(scope="module")
def nets():
    return SmallNets(*eight_numbers(rngs(), 3))


def test_images_of_a_run_hang_on_its_own_generator() -> None:
    x, y = eight_numbers(rngs(), 3)
    alone, label = eight_numbers(rngs(1, 2), 1)
    assert_array_equal(alone[0], x[2])
    assert_array_equal(label[0], y[2])
    assert (x[0] != x[1]).any() and set(y.ravel()) == {0, 1, 2, 3}
    assert_allclose(x.mean(1), 0, atol=1e-12)
    assert_allclose(np.einsum("rni,rnj->rij", x, x) / 50, np.tile(np.eye(8), (3, 1, 1)), atol=1e-9)


def test_the_gradient_is_that_of_the_loss_with_its_penalty(nets) -> None:
    theta = nets.start(rngs(), 1.0)
    v = np.random.default_rng(5).standard_normal(theta.shape)
    slope = (nets.loss(theta + 1e-5 * v) - nets.loss(theta - 1e-5 * v)) / 2e-5
    assert_allclose(slope, np.vecdot(nets.grad(theta), v), rtol=1e-7)
    plain = SmallNets(nets.x, nets.y, 0.0)  # planted: no penalty in the gradient
    assert abs(np.vecdot(plain.grad(theta), v) - slope).max() > 1e-4
    bend = (nets.grad(theta + 1e-5 * v) - nets.grad(theta - 1e-5 * v)) / 2e-5
    assert_allclose(nets.product(theta, v), bend, atol=1e-7)
    u = v / np.linalg.norm(v, axis=-1, keepdims=True)
    assert_allclose(nets.bend(theta, u), np.vecdot(u, nets.product(theta, u)), atol=1e-6)


def test_a_batch_of_all_images_is_the_gradient_and_small_ones_average_to_it(nets) -> None:
    theta, rng = nets.start(rngs(), 1.0), np.random.default_rng(0)
    whole = nets.grad(theta)
    assert_allclose(nets.batch_grad(theta, rng, 50), whole, atol=1e-12)
    many = np.mean([nets.batch_grad(theta, rng, 10) for _ in range(400)], axis=0)
    one = nets.batch_grad(theta, rng, 10)
    assert abs(many - whole).max() < abs(one - whole).max() / 5


def test_rows_that_are_picked_are_those_nets(nets) -> None:
    theta = nets.start(rngs(), 1.0)
    some = nets.pick(np.array([2, 0, 0]))
    assert_allclose(some.loss(theta[[2, 0, 0]]), nets.loss(theta)[[2, 0, 0]])
    each = SmallNets(nets.x, nets.y, np.array([[0.0], [0.1], [0.2]]))
    assert_allclose(each.pick(np.array([1])).decay, [[0.1]])
    size = np.vecdot(theta, theta)
    assert_allclose(each.loss(theta) - each.loss(theta, decay=False), [0, 0.05, 0.1] * size)


def test_what_is_found_is_level_and_its_curvatures_are_its_own(nets) -> None:
    starts = nets.walk(nets.start(rngs(), 0.3), 0.5, [0, 12, 40])
    points = critical_points(nets, starts)
    assert 3 <= len(points.net) <= points.tried == 9
    some = nets.pick(points.net)
    assert np.linalg.norm(some.grad(points.theta), axis=1).max() <= small_nets.TOL
    assert_allclose(points.loss, some.loss(points.theta))
    trace = points.eigenvalues.sum(1)
    unit = np.eye(nets.dim)
    other = sum(
        some.product(points.theta, np.tile(e, (len(trace), 1)))[:, i] for i, e in enumerate(unit)
    )
    assert_allclose(trace, other, rtol=1e-9)
    assert_array_equal(points.down[points.start == 0], 12)  # zero: four units times three
    with pytest.raises(ValueError, match="starts must be near critical points"):
        critical_points(nets, 10 * np.random.default_rng(0).standard_normal((3, 1, 56)))
    with pytest.raises(ValueError, match="starts must be shaped"):
        critical_points(nets, starts[:2])


def test_points_that_are_the_same_count_once() -> None:
    values = np.array([[-1.0, 1], [-1, 1], [1, 1], [-2, 1]])
    points = Points(
        np.array([0, 0, 0, 1]),
        np.arange(4),
        np.zeros((4, 2)),
        np.array([0.5, 0.5 + 1e-9, 0.5, 0.5]),
        values,
        4,
    )
    assert_array_equal(points.down, [1, 1, 0, 1])
    assert_array_equal(points.distinct(), [0, 2, 3])
    assert_array_equal(highest_saddles(points, 1.0)[1:], [3])
    assert_array_equal(highest_saddles(points, 0.4), [])
    assert_array_equal(highest_saddles(points._replace(loss=np.array([2.0, 0.5, 0, 3])), 1), [1])


def test_updates_are_counted_until_the_goal_and_no_turn_changes_gradient_descent(nets) -> None:
    theta = nets.start(rngs(), 0.3)
    path = nets.walk(theta, 0.5, range(41))
    goal = np.array([nets.loss(path[:, t], decay=False)[i] for i, t in enumerate((7, 20, 40))])
    make = partial(SGD, lr=0.5)
    assert_array_equal(updates_until(nets, theta, goal + 1e-9, make, 60), [7, 20, 40])
    assert_array_equal(updates_until(nets, theta, goal + 1e-9, make, 30), [7, 20, 30])
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((56, 56)))[0]
    turned = updates_until(nets, theta, goal + 1e-9, make, 60, turn=turn)
    assert_array_equal(turned, [7, 20, 40])
    other = partial(RMSprop, lr=0.01)  # planted: a method that sees its axes
    plain, askew = (updates_until(nets, theta, goal, other, 200, turn=t) for t in (None, turn))
    assert (plain != askew).any()


def test_noise_moves_what_batches_cannot(nets) -> None:
    zero = np.zeros((3, 56))
    goal = nets.loss(zero) - 0.3
    make, rng = partial(SGD, lr=0.3), np.random.default_rng(1)
    assert_array_equal(updates_until(nets, zero, goal, make, 100, batch=10, rng=rng), 100)
    assert (updates_until(nets, zero, goal, make, 100, noise=1e-2, rng=rng) < 100).all()


def test_leaving_zero_takes_the_longer_the_closer_one_is() -> None:
    lr = np.full((3, 1), 4.0)
    near, far = (leave_zero(rngs(), 3, lr, method=SGD, scale=s)["updates"] for s in (1e-6, 1e-3))
    assert (near > far).all()
