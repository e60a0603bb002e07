"""Deep networks with a way around: their start, and the measures of their slopes and lines."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from dlcourse.problems.skipped import (
    adam,
    blocks_network,
    direction_kept,
    first_over_last,
)
from dlcourse.scratch.landscape import Objective
from dlcourse.scratch.layers import ReLU
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Residual

X = np.random.default_rng(0).normal(size=(20, 64)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 5, 20)


def seeds(first, runs):
    return [np.random.default_rng(first + i) for i in range(runs)]


@pytest.mark.parametrize("skip", [True, False])
def test_the_weights_are_the_same_with_a_way_around_or_without(skip):
    one = blocks_network(np.random.default_rng(0), blocks=3, skip=skip, quiet=False)
    other = blocks_network(np.random.default_rng(0), blocks=3, skip=not skip, quiet=False)
    np.testing.assert_array_equal(one.theta, other.theta)
    assert abs(one.forward(X) - other.forward(X)).max() > 0.01
    assert sum(isinstance(layer, Residual) for layer in one.layers) == (3 if skip else 0)


def test_quiet_divides_the_last_weights_of_each_branch_only():
    quiet, loud = (
        blocks_network(np.random.default_rng(0), blocks=4, quiet=q).params for q in (True, False)
    )
    changed = {name for name in loud if not np.array_equal(quiet[name], loud[name])}
    assert changed == {f"{i}.2.weight" for i in range(2, 6)}
    for name in changed:
        np.testing.assert_allclose(quiet[name], loud[name] / 2)


def test_a_run_alone_is_as_among_others():
    together, alone = blocks_network(seeds(0, 2), 2), blocks_network(seeds(1, 1), 1)
    np.testing.assert_array_equal(together.theta[1], alone.theta[0])


def quadratic(curvatures):
    c = np.array(curvatures)
    return SimpleNamespace(grad=lambda theta: c * theta)


def test_of_a_ball_the_slope_is_kept_and_beyond_the_middle_it_is_turned():
    ball, theta = quadratic([1.0, 1.0]), np.array([[3.0, 4.0]])
    np.testing.assert_allclose(direction_kept(ball, theta, 0.5), 1)
    np.testing.assert_allclose(direction_kept(ball, theta, 1.5), -1)


def test_in_a_ravine_it_is_the_cosine():
    ravine, theta = quadratic([1.0, 10.0]), np.array([[1.0, 1.0]])
    g = np.array([1.0, 10.0])
    after = np.array([1.0, 10.0]) * (theta[0] - 0.7 * np.sqrt(2) * g / np.linalg.norm(g))
    cosine = g @ after / np.linalg.norm(g) / np.linalg.norm(after)
    np.testing.assert_allclose(direction_kept(ravine, theta, 0.7), [cosine])
    assert abs(direction_kept(ravine, theta, 0.35)[0] - cosine) > 0.01  # planted: half the step


def test_the_first_gradient_over_the_last():
    net = blocks_network(seeds(0, 2), 2, blocks=2)
    f = Objective(net, SoftmaxCrossEntropy(), X, Y)
    grads = net.unflatten(f.grad(net.theta))
    names = [name for name in grads if name.endswith("weight")]
    first, last = (np.sqrt((grads[name] ** 2).sum((-2, -1))) for name in (names[1], names[-3]))
    np.testing.assert_allclose(first_over_last(f, net.theta), first / last, rtol=1e-5)
    assert (names[1], names[-3]) == ("2.0.weight", "3.0.weight")


def test_after_puts_the_plain_networks_relu_behind_each_sum():
    plan = {"blocks": 3, "quiet": False}
    kinds = ({"skip": False}, {}, {"after": True})
    plain, bare, behind = (blocks_network(np.random.default_rng(0), **how, **plan) for how in kinds)
    np.testing.assert_array_equal(plain.theta, behind.theta)
    relus = [sum(isinstance(layer, ReLU) for layer in net.layers) for net in (plain, bare, behind)]
    assert relus == [1 + 2 * 3, 1, 1 + 3]
    h = X
    for layer in behind.layers[:-1]:
        h = layer.forward(h, False)
        assert isinstance(layer, Residual) or not isinstance(layer, ReLU) or h.min() >= 0
    assert abs(bare.forward(X) - behind.forward(X)).max() > 0.01


def test_adam_takes_a_rate_for_each_run():
    theta = np.ones((2, 3), np.float32)
    adam(theta, lr=np.array([[0.1], [0.2]])).step(np.ones_like(theta))
    np.testing.assert_allclose(theta[:, 0], [0.9, 0.8], rtol=1e-5)
