"""Starts of zeros: the wave, the unbalanced digits, the identity, the residual blocks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse import data
from dlcourse.problems import zeros as problem
from dlcourse.scratch.initialization import kaiming_normal, zeros
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP


def rng(seed=0):
    return np.random.default_rng(seed)


def rngs(count):
    return [rng(seed) for seed in range(count)]


def test_with_zero_biases_the_default_weights_are_drawn_and_nothing_else() -> None:
    net = MLP([50, 40, 30], rng(), init=problem.zero_biases)
    for name, part in net.params.items():
        if name.endswith("bias"):
            assert_array_equal(part, 0)
        else:
            bound = 1 / np.sqrt(part.shape[1])
            assert 0.98 * bound < abs(part).max() <= bound
            assert_allclose(part.var() * 3, bound**2, rtol=0.1)


def test_zero_biases_and_positive_inputs_make_units_that_are_multiples() -> None:
    x, _ = problem.wave(41)
    ranks = {}
    for name, init, shift in [("zero", problem.zero_biases, 0), ("drawn", None, 0),
                              ("centered", problem.zero_biases, 1)]:  # fmt: skip
        first = MLP([1, 32, 1], rng(), init=init).layers[0]
        ranks[name] = np.linalg.matrix_rank(np.maximum(first.forward(x - shift), 0))
    assert ranks["zero"] == 1 and ranks["centered"] == 2 and ranks["drawn"] > 5


def test_the_wave_is_learned_by_each_run_as_alone_and_seen_where_it_is_shifted() -> None:
    lr = np.array([[0.1], [0.05]])
    both = problem.learn_wave(rngs(2), 2, lr, updates=20)
    alone = problem.learn_wave([rng(1)], 1, lr[1:], updates=20)
    for name in ("train_loss", "test_loss"):
        assert both[name].shape == (2,)
        assert_allclose(both[name][1], alone[name][0], rtol=1e-9)
    moved = problem.learn_wave([rng(1)], 1, lr[1:], shift=1.0, updates=20)
    assert abs(moved["test_loss"] - alone["test_loss"]) > 1e-4
    assert both["train_loss"][0] != both["test_loss"][0]


def test_the_points_between_are_no_points_of_the_training() -> None:
    trained, between = problem.wave(41)[0], problem.wave(81)[0][1::2]
    assert len(between) == 40 and not np.isin(between.round(9), trained.round(9)).any()


def test_unbalanced_digits_are_digits_in_the_stated_numbers() -> None:
    digits = data.load("digits").train
    x, y = problem.unbalanced_digits([3, 4])
    assert x.shape == (2, sum(problem.COUNTS), 64)
    for images, labels in zip(x, y, strict=True):
        assert sorted(np.bincount(labels), reverse=True) == list(problem.COUNTS)
        assert len(np.unique(images, axis=0)) > 0.99 * len(images)
    where = (digits.x == x[1, 0]).all(axis=1)
    assert y[1, 0] in digits.y[where]
    assert (np.bincount(y[0]) != np.bincount(y[1])).any(), "each seed has its own"


def test_log_shares_are_the_best_constant_guess() -> None:
    y = np.array([[0, 0, 0, 1], [0, 1, 1, 1]])
    bias = problem.log_shares(y, classes=2)
    loss = SoftmaxCrossEntropy().forward(np.repeat(bias[:, None], 4, axis=1), y)
    assert_allclose(loss, -0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    worse = SoftmaxCrossEntropy().forward(np.repeat(bias[::-1, None], 4, axis=1), y)
    assert (worse > loss + 0.1).all()
    with pytest.raises(ValueError, match="each of 3 classes occurs"):
        problem.log_shares(y, classes=3)


def test_ones_and_zeros_hand_on_their_inputs_and_still_learn() -> None:
    net, loss = problem.ones_and_zeros(rng()), SoftmaxCrossEntropy()
    x, y = data.load("digits").train
    hidden = net.layers[0].forward(x)
    assert_array_equal(hidden, x)
    for step in range(2):
        loss.forward(net.forward(x), y)
        net.backward(loss.backward())
        assert abs(net.grads["2.weight"]).max() > 0
        assert (abs(net.grads["0.weight"]).max() > 0) == (step > 0), "from the second update on"
        net.theta -= 0.1 * net.grad


def test_blocks_begin_as_the_identity_only_where_their_last_layer_is_zero() -> None:
    x = np.abs(rng(1).normal(size=(5, 64)))
    for last, same in ((zeros, True), (kaiming_normal, False), (None, False)):
        net = problem.residual_network(rng(), depth=3, width=7, last=last)
        assert len(net.layers) == 6
        h = net.layers[1].forward(net.layers[0].forward(x))
        ended = h
        for block in net.layers[2:5]:
            ended = block.forward(ended)
        assert (abs(ended - h).max() == 0) == same
