"""Networks that keep the whitening they were given before training."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dlcourse.gradcheck import check_vjp
from dlcourse.problems.held_layers import HELD, EqualLength, HeldNetwork, held_training
from dlcourse.problems.whitening import covariance
from dlcourse.scratch.losses import softmax_cross_entropy
from dlcourse.scratch.preprocessing import PCAWhitening, Standardizer
from dlcourse.training import try_all


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(90, 6)), rng.integers(0, 10, 90)


def network(runs=3):
    return HeldNetwork(6, [np.random.default_rng(s) for s in range(runs)], runs)


@pytest.mark.parametrize("tool", [PCAWhitening(eps=0.0), Standardizer(), EqualLength()])
def test_what_is_held_is_what_the_preprocessor_does(data, tool) -> None:
    net = network()
    np.testing.assert_array_equal(net.seen(data[0]), net.hidden(data[0]))
    net.prepare(tool, data[0])
    wanted = tool.transform(net.hidden(data[0]))
    np.testing.assert_allclose(net.seen(data[0]), wanted, atol=1e-10)
    if isinstance(tool, PCAWhitening):
        np.testing.assert_allclose(covariance(net.seen(data[0]))[1], np.eye(16), atol=1e-9)


def test_one_number_gives_every_net_the_length_of_white_activations(data) -> None:
    length = {}
    for tool in (EqualLength(), PCAWhitening(eps=0.0)):
        net = network()
        net.prepare(tool, data[0])
        length[type(tool)] = np.square(net.seen(data[0])).sum(-1).mean(-1)
    np.testing.assert_allclose(length[EqualLength], length[PCAWhitening])
    net = network()
    before = np.square(net.hidden(data[0])).sum(-1).mean(-1)
    assert np.ptp(before) > 0.01 and np.all(abs(before - 16) > 1), "there must be work to do"
    net.prepare(EqualLength(), data[0])
    held = net.layers[HELD].params
    np.testing.assert_array_equal(held["bias"], 0)
    np.testing.assert_allclose(held["weight"], held["weight"][:, :1, :1] * np.eye(16), atol=1e-12)


def test_a_step_is_gradient_descent_but_for_what_is_held(data) -> None:
    net = network()
    net.prepare(Standardizer(), data[0])
    x, labels = np.stack([data[0]] * 3), np.stack([data[1]] * 3)
    before, lr = net.theta.copy(), np.array([[0.1], [0.2], [0.0]])
    net.step(x, labels, lr)
    moved = (before - net.theta) / np.where(lr > 0, lr, 1)

    def loss(theta):
        net.theta[...] = theta
        return softmax_cross_entropy(net.forward(x), labels)[0], theta

    slope = net.grad.copy()
    for part in net.fixed:
        assert not moved[:, part].any()
    np.testing.assert_allclose(moved[:2], slope[:2], atol=1e-12)
    assert not moved[2].any()
    free = np.ones(net.theta.shape[1], bool)
    for part in net.fixed:
        free[part] = False

    def only(theta):
        full = before.copy()
        full[:, free] = theta
        return loss(full)

    check_vjp(
        only,
        lambda dy, theta: dy[:, None] * slope[:, free],
        [before[:, free]],
        np.random.default_rng(1),
    )


def test_held_layers_are_compared_on_the_same_weights_and_batches(data) -> None:
    runs = {
        "nothing": held_training(data, None, [0, 3]),
        "identity": held_training(data, Same, [0, 3]),
        "whitened": held_training(data, partial(PCAWhitening, eps=0.0), [0, 3]),
    }
    trials = try_all(runs, seeds=2, lr=[0.1, 1e4])
    loss, kappa = trials.curve("loss"), trials.curve("kappa")
    np.testing.assert_allclose(loss[0], loss[1], rtol=1e-9)
    np.testing.assert_allclose(kappa[2, ..., 0], 1, atol=1e-6)
    assert np.all(kappa[2, 0, :, 1] > 1.001), "it has moved"
    assert not np.isnan(loss).any() and not np.isnan(kappa).any()
    assert loss[0, 1, :, 1].min() > 100, "at that rate it diverges, and counts"


class Same:
    """Holds the identity."""

    def fit(self, x):
        return self

    def transform(self, x):
        return x


def test_the_place_of_what_is_held() -> None:
    net = network()
    assert [name for name in net.slices if net.slices[name] in net.fixed] == [
        f"{HELD}.weight",
        f"{HELD}.bias",
    ]
