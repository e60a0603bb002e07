"""The way along the gradient: against quadratics, whose curvature is known."""

from __future__ import annotations

from functools import partial

import numpy as np

from dlcourse.problems.along_gradient import along, at_loss, smoothness, when_as_far
from dlcourse.problems.held_norms import started
from dlcourse.problems.moving_inputs import unit_digits
from dlcourse.scratch.layers import Linear
from dlcourse.scratch.losses import MSE, SoftmaxCrossEntropy
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import try_all
from dlcourse.training.looked import looked_at

RATES = (0.1, 0.2, 0.4)


def quadratics(curvatures: list[float]) -> tuple[Sequential, tuple[np.ndarray, np.ndarray]]:
    """One parameter a run, loss c/2 (w − 1)² with a curvature c of its own."""
    rngs = [np.random.default_rng(i) for i in range(len(curvatures))]
    net = Sequential(Linear(1, 1, False, rng=rngs, runs=len(curvatures)))
    x = np.sqrt(np.array(curvatures) / 2)[:, None, None]
    return net, (x, x)


def test_the_turn_is_rate_times_curvature_on_a_quadratic() -> None:
    curvatures = [0.5, 2.0, 8.0]
    net, batch = quadratics(curvatures)
    way = along(net, MSE(), batch, RATES)
    np.testing.assert_allclose(way.turn, np.outer(RATES, curvatures))
    off = (1 - np.outer(RATES, curvatures)) ** 2
    np.testing.assert_allclose(way.loss, off * way.start)
    every = np.vstack([np.ones(3), off])
    np.testing.assert_allclose(way.range, np.ptp(every, axis=0) * way.start)


def test_a_relative_step_has_its_length_whatever_the_gradient_is() -> None:
    net, batch = quadratics([0.5, 8.0])
    w = net.theta[:, 0].copy()
    way = along(net, MSE(), batch, [0.02], relative=True)
    np.testing.assert_allclose(way.turn[0], 0.02 * abs(w) / abs(w - 1))


def test_the_network_stays_where_it_is() -> None:
    net, batch = quadratics([1.0])
    here = net.theta.copy()
    along(net, MSE(), batch, [100.0])
    np.testing.assert_array_equal(net.theta, here)


def test_at_loss_takes_the_closest_look_by_ratio() -> None:
    loss = np.array([[4.0, 1.1, 0.3, 0.01], [4.0, 2.0, 0.9, 0.5]])
    curve = np.array([[1.0, 2.0, 4.0, 8.0], [1.0, 2.0, 4.0, 8.0]])
    np.testing.assert_allclose(at_loss(curve, loss, [1.0]), [2.0, 4.0])
    np.testing.assert_allclose(at_loss(curve, loss, [1.0, 0.3]), [np.sqrt(8), np.sqrt(32)])


def test_smoothness_names_what_along_finds() -> None:
    train = unit_digits()[0]
    net = started([np.random.default_rng(0)], 1, "batch", sizes=[64, 8, 10])
    found = smoothness(net, train, SoftmaxCrossEntropy(), RATES, 0.02, 64)
    batch = (train[0][:64], train[1][:64])
    way = along(net, SoftmaxCrossEntropy(), batch, RATES)
    np.testing.assert_array_equal(found["turn"], way.turn[1])
    np.testing.assert_array_equal(found["range"], way.range)
    assert found["relative"] != found["turn"]


def test_a_curve_is_read_where_the_loss_is_as_far() -> None:
    train, loss = unit_digits()[0], SoftmaxCrossEntropy()
    see = partial(smoothness, loss=loss, images=64)
    model = partial(started, norm="batch", sizes=[64, 8, 10])
    run = looked_at((model, SGD), loss, train, looks=(0, 10, 20, 30), see=see)
    trials = try_all(run, seeds=2, lr=[0.3]).only(lr=0.3)
    curve = trials.curve("loss")
    assert (np.diff(curve, axis=-1)[:, 0] < 0).all()
    same = when_as_far(trials, "loss", [float(curve[0, 1])])
    assert same[0] == curve[0, 1]
