"""Inputs that wander, and how far inputs drift: each measure against what must come out."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.moving_inputs import (
    Wander,
    drift,
    even_start,
    evenly_started,
    layer_inputs,
    moving_mlp,
    normed,
    quantile_drift,
    unit_digits,
    wandering_mlp,
)
from dlcourse.scratch.layers import Linear
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.normalization import batch_norm
from dlcourse.scratch.optimizers import SGD
from dlcourse.training.looked import compared

RNGS = [np.random.default_rng(i) for i in range(3)]


def test_units_wander_with_the_spread_and_the_memory_that_were_asked_for() -> None:
    layer = Wander(0.5, np.random.default_rng(0), memory=0.9)
    x = np.zeros((1, 2_000))
    path = np.array([layer.forward(x, True)[0] for _ in range(300)])  # the shift alone
    assert abs(path.std() - 0.5) < 0.02
    assert abs(np.corrcoef(path[:-1].ravel(), path[1:].ravel())[0, 1] - 0.9) < 0.01
    still = Wander(0.5, np.random.default_rng(0), memory=0.0)
    again = np.array([still.forward(x, True)[0] for _ in range(300)])
    assert abs(np.corrcoef(again[:-1].ravel(), again[1:].ravel())[0, 1]) < 0.01


def test_all_samples_wander_alike_and_evaluation_does_not() -> None:
    layer = Wander(0.3, np.random.default_rng(1))
    x = np.random.default_rng(2).normal(size=(3, 8, 4))
    y = layer.forward(x, True)
    slope = (y[:, 1:] - y[:, :1]) / (x[:, 1:] - x[:, :1])
    np.testing.assert_allclose(slope, np.broadcast_to(slope[:, :1], slope.shape))
    assert (slope > 0).all(), "or batch normalization could not take it back"
    assert slope.std() > 0.1
    dy = np.ones_like(y)
    np.testing.assert_allclose(layer.backward(dy), np.broadcast_to(slope[:, :1], y.shape))
    assert layer.forward(x, False) is x
    np.testing.assert_array_equal(layer.backward(dy), dy)


def test_batch_normalization_takes_a_wandering_back() -> None:
    x = np.random.default_rng(3).normal(size=(16, 5))
    moved = Wander(0.5, np.random.default_rng(4)).forward(x, True)
    assert abs(moved - x).max() > 0.3
    before, after = (batch_norm(one, None, None, 0.0)[0] for one in (x, moved))
    np.testing.assert_allclose(after, before, atol=1e-12)


def test_drift_is_zero_for_what_stands_still_and_exact_for_what_moves() -> None:
    x = np.random.default_rng(5).normal(size=(2, 400, 3))
    assert all((far == 0).all() for far in drift([x], [x]).values())
    moved = drift([x], [np.exp(0.2) * x + 0.5 * x.std(axis=-2, keepdims=True)])
    np.testing.assert_allclose(moved["stretch"], 0.2)
    assert (abs(moved["shift"] - 0.5) < 0.05).all()


def test_quantiles_do_not_care_which_sample_is_which() -> None:
    x = np.random.default_rng(6).normal(size=(1, 4_000, 2))
    found = quantile_drift([x], [x[:, ::-1]])
    assert found["moved"] == 0
    assert 0 < found["halves"] < 0.08
    assert abs(quantile_drift([x], [x + 0.3])["moved"] - 0.3) < 0.01


def test_an_even_start_is_even_in_every_layer() -> None:
    x = unit_digits()[0][0]
    net = evenly_started(RNGS, 3, sizes=[64, 7, 5, 10])
    plain = wandering_mlp(RNGS, 3, sizes=[64, 7, 5, 10])
    for one, even in ((net, True), (plain, False)):
        h, spreads = x, []
        for layer in one.layers[:-1]:
            h = layer.forward(h)
            if isinstance(layer, Linear):
                spreads.append(h.std(axis=-2))
        assert (abs(np.concatenate(spreads, -1) - 1) < 1e-3).all() == even
    before = net.theta.copy()
    even_start(net, x)  # a second time changes nothing
    np.testing.assert_allclose(net.theta, before, atol=1e-4)


def test_what_is_seen_of_a_network() -> None:
    x = unit_digits()[0][0][:50]
    net = wandering_mlp(RNGS, 3, norm="batch", sizes=[64, 7, 5, 10])
    inputs = layer_inputs(net, x)
    assert [h.shape for h in inputs] == [(3, 50, 7), (3, 50, 5)]
    assert all((abs(h) <= 1).all() for h in inputs), "they are behind a tanh"
    outputs = normed(net, x)
    assert [z.shape for z in outputs] == [(3, 50, 7), (3, 50, 5)]
    assert all(abs(z.mean(axis=-2)).max() < 1e-5 for z in outputs)


def test_a_watched_training_sees_more_drift_when_units_wander() -> None:
    train, loss = unit_digits()[0], SoftmaxCrossEntropy()
    lr = np.full((3, 1), 0.1)
    found = {}
    for size in (0.0, 0.6):

        def model(rng, runs, size=size):  # type: ignore[no-untyped-def]
            return wandering_mlp(rng, runs, "batch", size, sizes=[64, 8, 8, 10])

        rngs = [np.random.default_rng(i) for i in range(3)]
        found[size] = compared(
            (model, SGD), loss, train, looks=(2, 20), see=layer_inputs, compare=drift
        )(rngs, 3, lr)
    assert (found[0.6]["shift"] > 2 * found[0.0]["shift"]).all()
    assert found[0.0]["loss"].shape == (3,)


def test_inputs_that_wander_and_are_normalized_teach_as_still_ones() -> None:
    x = np.random.default_rng(7).normal(size=(20, 51))
    outs = []
    for size in (0.0, 0.5):
        rngs = [np.random.default_rng(i) for i in range(2)]
        net = moving_mlp(rngs, 2, size, norm=True)
        outs.append(net.forward(x.astype(np.float32), True))
    np.testing.assert_allclose(outs[1], outs[0], atol=2e-3)
    rngs = [np.random.default_rng(i) for i in range(2)]
    bare = moving_mlp(rngs, 2, 0.5).forward(x.astype(np.float32), True)
    assert abs(bare - outs[0]).max() > 0.05


@pytest.mark.parametrize(("size", "memory"), [(-0.1, 0.5), (0.1, 1.0), (0.1, -0.2)])
def test_what_cannot_wander_is_refused(size: float, memory: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        Wander(size, np.random.default_rng(0), memory)
