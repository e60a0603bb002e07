"""The barest normalization: its derivative, and what it does to the scale of weights."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dlcourse.gradcheck import check_vjp
from dlcourse.problems.normalized import (
    normalize,
    normalize_backward,
    normalized_network,
    when_scaled,
)
from dlcourse.scratch.initialization import normal
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD


def test_the_derivative():
    z = np.random.default_rng(0).normal(size=(2, 5, 7))
    check_vjp(normalize, normalize_backward, [z], np.random.default_rng(1))


@pytest.mark.parametrize("left_out", ["mean", "along"])
def test_a_derivative_with_a_term_left_out_is_noticed(left_out):
    def wrong(dy, cache):
        y, std = cache
        dz = normalize_backward(dy, cache)
        along = y * (dy * y).mean(axis=-1, keepdims=True)
        return dz + (along if left_out == "along" else dy.mean(axis=-1, keepdims=True)) / std

    with pytest.raises(AssertionError):
        check_vjp(normalize, wrong, [np.random.default_rng(0).normal(size=(4, 6))],
                  np.random.default_rng(1))  # fmt: skip


def test_each_sample_has_mean_0_and_standard_deviation_1():
    y, _ = normalize(np.random.default_rng(2).normal(3.0, 9.0, size=(3, 4, 50)))
    np.testing.assert_allclose(y.mean(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=-1), 1, rtol=1e-12)


def trained(make, scale, rate):
    """Outputs after five steps, hidden layers from weights ``scale`` times as wide."""
    rng = np.random.default_rng(3)
    x, labels = rng.normal(size=(20, 8)), rng.integers(3, size=20)
    net, loss = make([8, 6, 6, 3], np.random.default_rng(4), init=normal), SoftmaxCrossEntropy()
    *hidden, weight, bias = net.params.values()
    for w in hidden:
        w *= scale
    grads = net.grads
    inner, outer = SGD(hidden, lr=rate), SGD([weight, bias], lr=0.1)
    for _ in range(5):
        loss.forward(net.forward(x), labels)
        net.backward(loss.backward())
        *first, last_weight, last_bias = grads.values()
        inner.step(first)
        outer.step([last_weight, last_bias])
    return net.forward(x)


@pytest.mark.parametrize("scale", [0.04, 25.0])
def test_a_scale_is_a_rate(scale):
    """Weights a W at the rate a² η train exactly as W at η; without normalization they do not."""
    base = trained(normalized_network, 1.0, 0.1)
    np.testing.assert_allclose(
        trained(normalized_network, scale, 0.1 * scale**2), base, rtol=1e-9, atol=1e-12
    )
    assert abs(trained(normalized_network, scale, 0.1) - base).max() > 1e-3
    plain = trained(MLP, 1.0, 1e-3)
    assert abs(trained(MLP, scale, 1e-3 * scale**2) - plain).max() > 1e-1


def test_runs_are_networks_of_their_own():
    rngs = [np.random.default_rng(i) for i in range(2)]
    init, sizes = partial(normal, std=0.5), [5, 4, 4, 2]
    both = normalized_network(sizes, rngs, init, runs=2)
    x = np.random.default_rng(9).normal(size=(3, 5))
    alone = normalized_network(sizes, np.random.default_rng(1), init)
    np.testing.assert_allclose(both.forward(x)[1], alone.forward(x), rtol=1e-12)


@pytest.mark.parametrize(("make", "bias", "kept"), [
    (normalized_network, 0.0, True), (normalized_network, 0.5, False), (MLP, 0.0, False),
])  # fmt: skip
def test_what_scaled_weights_change(make, bias, kept):
    """Nothing, with normalization and without biases; either left out is noticed."""
    init, x, seen = partial(normal, std=0.4), np.random.default_rng(1).normal(size=(6, 8)), []
    for a in (1.0, 25.0):
        net = make([8, 10, 10, 3], np.random.default_rng(0), init=init)
        for name in net.params:
            if "bias" in name:
                net.params[name][...] = bias * np.arange(len(net.params[name]))
        seen.append(when_scaled(net, a, x))
    assert len(seen[0]) == 3
    same = [np.allclose(new, old, rtol=1e-9) for new, old in zip(*seen, strict=True)]
    assert all(same) if kept else not any(same)
