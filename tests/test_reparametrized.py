"""Networks of lengths and directions: the same function wrapped, started and folded."""

from __future__ import annotations

from functools import partial

import numpy as np

from dlcourse import data
from dlcourse.problems.reparametrized import (
    deep_network,
    folded,
    lengths_of,
    start_on,
    tuned,
    weight_normed,
)
from dlcourse.problems.two_convolutions import two_convolutions
from dlcourse.scratch.layers import Linear
from dlcourse.scratch.normalization import WeightNorm
from dlcourse.training import sweep

X = np.random.default_rng(0).standard_normal((40, 64)) + 1.0


def network(**settings):
    return deep_network(np.random.default_rng(3), dtype=float, **settings)


def test_wrapping_and_folding_keep_the_function() -> None:
    plain, wrapped = network(), network(normed=True)
    np.testing.assert_allclose(wrapped.forward(X), plain.forward(X), rtol=1e-12)
    assert [type(one) for one in wrapped.layers[::2]] == [WeightNorm] * 6
    back = folded(wrapped)
    assert [type(one) for one in back.layers[::2]] == [Linear] * 6
    np.testing.assert_allclose(back.theta, plain.theta, rtol=1e-12)
    images = np.random.default_rng(1).standard_normal((3, 1, 8, 8)).astype(np.float32)
    net = two_convolutions(np.random.default_rng(0))
    both = weight_normed(net)
    assert sum(isinstance(one, WeightNorm) for one in both.layers) == 3
    np.testing.assert_allclose(both.forward(images), net.forward(images), rtol=1e-5, atol=1e-6)


def test_each_layer_is_started_on_what_the_started_ones_pass_on() -> None:
    net = start_on(network(normed=True), X)
    h = X
    for layer in net.layers:
        h = layer.forward(h)
        if isinstance(layer, WeightNorm):
            np.testing.assert_allclose(h.mean(axis=0), 0, atol=1e-12)
            np.testing.assert_allclose(h.var(axis=0), 1)
    assert abs(net.forward(2 * X).var(axis=0) - 1).max() > 0.1, "the control: another batch"
    same = network(normed=True, start=X)
    np.testing.assert_array_equal(same.theta, net.theta)
    plain = network(normed=True, start=X, fold=True)
    np.testing.assert_allclose(plain.forward(X), net.forward(X), rtol=1e-10)


def test_lengths_are_those_of_v() -> None:
    net = deep_network([np.random.default_rng(i) for i in range(2)], 2, normed=True, depth=1)
    found = lengths_of(net.params)
    assert found.shape == (2, 42)
    np.testing.assert_allclose(found[:, :32], net.params["0.weight_g"], rtol=1e-6)
    assert abs(np.diff(found, axis=0)).min() > 0


def test_the_rate_is_chosen_and_other_seeds_report() -> None:
    digits = data.load("digits", dtype=np.float32)
    sets, way = (digits.train, digits.validation, digits.test), partial(deep_network, depth=1)
    rates = {"few": [0.01, 0.3, 30.0]}
    one = tuned(sweep, {"few": way}, rates, sets, fresh=range(50, 53), epochs=2, seeds=2)["few"]
    assert one.rate == 0.3 and not one.edge
    assert one.loss.shape == one.accuracy.shape == (3,)
    assert len(set(one.loss)) == 3 and one.accuracy.min() > 0.5
    edge = tuned(
        sweep, {"few": way}, {"few": [0.3, 30.0]}, sets, fresh=range(50, 52), epochs=2, seeds=2
    )
    assert edge["few"].edge
    np.testing.assert_array_equal(edge["few"].loss, one.loss[:2])
