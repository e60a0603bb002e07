"""Each convention of layers, losses and the loop: our code follows it, the other form differs."""

import numpy as np
import pytest
from harness import differs
from numpy.testing import assert_allclose

from dlcourse.scratch.layers import Linear, linear
from dlcourse.scratch.losses import MSE, mse, mse_backward, softmax_cross_entropy
from dlcourse.scratch.losses import softmax_cross_entropy_backward as cross_entropy_backward
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.optimizers import (
    SGD,
)
from dlcourse.training import steps

EXACT = {"rtol": 1e-12, "atol": 1e-14}


def test_linear_weights_are_out_by_in():
    rng = np.random.default_rng(0)
    assert Linear(3, 2, rng=rng).params["weight"].shape == (2, 3)
    x, square = rng.normal(size=(4, 3)), rng.normal(size=(3, 3))
    y, _ = linear(x, square, np.zeros(3))
    assert_allclose(y, x @ square.T, **EXACT)
    assert differs(y, x @ square, by=0.1)


def test_cross_entropy_is_the_mean_over_the_batch():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(8, 3)), rng.integers(0, 3, size=8)
    each = np.array(
        [softmax_cross_entropy(logits[i : i + 1], labels[i : i + 1])[0] for i in range(8)]
    )
    value, cache = softmax_cross_entropy(logits, labels)
    assert_allclose(value, each.mean(), **EXACT)
    assert differs(value, each.sum(), by=1.0)
    twice, cache_twice = softmax_cross_entropy(np.tile(logits, (2, 1)), np.tile(labels, 2))
    assert_allclose(twice, value, **EXACT)  # a batch twice as large: half the gradient each
    halves = cross_entropy_backward(1.0, cache_twice)[:8]
    assert_allclose(2 * halves, cross_entropy_backward(1.0, cache), **EXACT)


def test_mse_is_the_mean_over_samples_and_outputs():
    rng = np.random.default_rng(0)
    y, target = rng.normal(size=(8, 5)), rng.normal(size=(8, 5))
    value, cache = mse(y, target)
    other = 0.5 * ((y - target) ** 2).sum(1).mean()
    assert_allclose(value, ((y - target) ** 2).mean(), **EXACT)
    assert other / value == pytest.approx(5 / 2)
    other_gradient = (y - target) / 8
    assert_allclose(other_gradient / mse_backward(1.0, cache), 5 / 2, **EXACT)


def test_the_last_batch_is_shorter_and_used():
    x, target = np.arange(5.0)[:, None] + 1, np.zeros((5, 1))
    order = np.random.default_rng(1).permutation(5)
    slope = 2 * x[order, 0] ** 2  # of (w x)^2 at w = 1, one a sample

    def train(batch_size=2):
        model = Sequential(Linear(1, 1, rng=np.random.default_rng(0), bias=False))
        model.theta[:] = 1.0
        rng, opt = np.random.default_rng(1), SGD(model.theta, lr=1e-9)
        plan = {"epochs": 1, "batch_size": batch_size, "rng": rng}
        seen = [step.samples for step in steps(model, opt, MSE(), (x, target), **plan)]
        return seen, (1 - model.theta[0]) / 1e-9

    seen, moved = train()
    assert seen == [2, 2, 1]
    full = slope[:4].reshape(2, 2).mean(1).sum()  # where the short batch is dropped
    assert_allclose(moved, full + slope[4], rtol=1e-6)
    assert abs(moved - full) > 0.2 * full
    assert abs(moved - (full + slope[4] / 2)) > 0.1 * full  # and it is not divided by 2
    x, target = np.arange(9.0)[:, None] + 1, np.zeros((9, 1))
    with pytest.warns(UserWarning, match="has 1 sample, the others 8, and moves"):
        assert train(8)[0] == [8, 1]
    train(5)  # 4 of 5 are not few


def test_accumulated_batches_are_weighted_by_their_samples():
    x, target = np.arange(5.0)[:, None] + 1, np.zeros((5, 1))
    slope = 2 * x[np.random.default_rng(1).permutation(5), 0] ** 2
    model = Sequential(Linear(1, 1, rng=np.random.default_rng(0), bias=False))
    model.theta[:] = 1.0
    rng, opt = np.random.default_rng(1), SGD(model.theta, lr=1e-9)
    plan = {"epochs": 1, "batch_size": 3, "accumulate": 2, "rng": rng}
    updates = [step.samples for step in steps(model, opt, MSE(), (x, target), **plan)]
    moved = (1 - model.theta[0]) / 1e-9
    assert updates == [5]
    assert_allclose(moved, slope.mean(), rtol=1e-6)
    means = slope[:3].mean(), slope[3:].mean()
    assert abs(moved - sum(means)) > 0.5 * moved
    assert abs(moved - sum(means) / 2) > 0.01 * moved
