"""Predictions with dropout left on: the right mean and deviation, all else as after training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import dlcourse.reference
from dlcourse.problems.dropped import dropout_mlp
from dlcourse.reference import regularization as twins
from dlcourse.scratch import regularization
from dlcourse.scratch.layers import Linear, ReLU
from dlcourse.scratch.models import MLP, Residual, Sequential
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.scratch.regularization import DropConnect, Dropout, mc_dropout_predict, monte_carlo

X = np.random.default_rng(0).standard_normal((7, 6))
LIMIT = stats.norm.isf(5e-7)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", ["units", "weights", "noise"])
def test_of_a_linear_layer_both_are_known(kind: str) -> None:
    """Mean W x + b, variance p / (1 − p) Σ (w x)²."""
    p, samples, plain = 0.3, 4000, Linear(6, 4, rng=rng(1))
    drop = {"units": Dropout, "noise": regularization.GaussianDropout}.get(kind)
    if drop is None:
        net = DropConnect(6, 4, p, rng=rng(1))
    else:
        net = Sequential(drop(p, rng=rng(2)), plain)
    mean, std = mc_dropout_predict(net, X, samples, transform=None)
    right = np.sqrt(p / (1 - p) * X**2 @ plain.params["weight"].T ** 2)
    assert (abs(mean - plain.forward(X)) < LIMIT * right / samples**0.5).all()
    assert_allclose(std, right, rtol=0.15)
    assert abs(std / right - 1).mean() < 0.02


def test_the_deviation_divides_by_the_samples_and_the_mean_is_of_probabilities() -> None:
    one, other, third = (dropout_mlp([6, 8, 3], rng(4)) for _ in range(3))
    mean, std = mc_dropout_predict(one, X, 9)
    other.leaves[2].sampling = True
    outs = np.stack([other.forward(X) for _ in range(9)])
    q = np.exp(outs) / np.exp(outs).sum(-1, keepdims=True)
    assert_allclose(mean, q.mean(0), rtol=1e-12)
    assert_allclose(std, q.std(0), rtol=1e-10)
    assert_allclose(mean.sum(-1), 1, rtol=1e-12)
    logits, _ = mc_dropout_predict(third, X, 9, transform=None)
    assert_allclose(logits, outs.mean(0), rtol=1e-10, atol=1e-12)
    of_the_mean = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    assert abs(of_the_mean - mean).max() > 1e-3, "softmax of the mean is another number"


def test_one_sample_is_a_draw_without_deviation() -> None:
    net = dropout_mlp([6, 8, 3], rng(4))
    mean, std = mc_dropout_predict(net, X, 1)
    assert not std.any()
    assert abs(mean - mc_dropout_predict(net, X, 1)[0]).max() > 1e-3, "the masks go on"


def test_without_p_it_is_the_network() -> None:
    net = dropout_mlp([6, 8, 3], rng(4), p=0.0)
    mean, std = mc_dropout_predict(net, X, 5, transform=np.tanh)
    assert_allclose(mean, np.tanh(net.forward(X)), rtol=1e-14)
    assert_allclose(std, 0, atol=1e-15)


def normed(p: float = 0.5, runs: int | None = None) -> Sequential:
    more = {"rng": rng(1), "runs": runs}
    block = Residual(Linear(8, 8, **more), BatchNorm(8, runs=runs), Dropout(p, **more))
    return Sequential(Linear(6, 8, **more), BatchNorm(8, runs=runs), ReLU(), block)


def as_in_training(model, x, samples):
    """What is often written: the whole network in training mode."""
    outs = np.stack([model.forward(x, training=True) for _ in range(samples)])
    return outs.mean(0), outs.std(0)


def test_batch_normalization_stays_as_in_use() -> None:
    """A prediction does not depend on who else is in the batch, and no running value moves."""
    net = normed()
    for _ in range(20):
        net.forward(3 * rng(9).standard_normal((32, 6)) + 1, training=True)
    kept = {name: a.copy() for name, a in net.buffers.items()}
    mean, std = mc_dropout_predict(net, X, 600, transform=None)
    for name, a in net.buffers.items():
        assert_array_equal(a, kept[name])
    alone, _ = mc_dropout_predict(net, X[:1], 600, transform=None)
    assert (abs(alone - mean[:1]) < 6 * std[:1] * (2 / 600) ** 0.5 + 1e-12).all()
    wrong, _ = as_in_training(net, X, 600)
    assert abs(wrong - mean).max() > 0.2
    assert any((a != kept[name]).any() for name, a in net.buffers.items())


def test_afterwards_the_model_is_as_it_was() -> None:
    """In use again, with what it remembers for its backward pass."""
    net = dropout_mlp([6, 8, 3], rng(4))
    y = net.forward(X)
    dy = rng(1).standard_normal(y.shape)
    net.backward(dy)
    right = net.grad.copy()
    mc_dropout_predict(net, X[:2], 3)
    net.backward(dy)
    assert_array_equal(net.grad, right)
    assert_array_equal(net.forward(X), y)
    assert not any(getattr(leaf, "sampling", False) for leaf in net.leaves)


@pytest.mark.parametrize("shared", [True, False])
def test_every_run_has_its_own_predictions(shared: bool) -> None:
    """And those that it would have alone."""
    seeds, p = (3, 4, 5), np.array([0.2, 0.5, 0.8])
    net = dropout_mlp([6, 8, 3], [rng(s) for s in seeds], p, runs=3)
    x = X if shared else rng(8).standard_normal((3, *X.shape))
    mean, std = mc_dropout_predict(net, x, 8)
    assert mean.shape == std.shape == (3, 7, 3)
    for i, seed in enumerate(seeds):
        alone = dropout_mlp([6, 8, 3], rng(seed), float(p[i]))
        right = mc_dropout_predict(alone, X if shared else x[i], 8)
        assert_allclose(mean[i], right[0], rtol=1e-9)
        assert_allclose(std[i], right[1], rtol=1e-7)
    assert (np.diff(std.mean((1, 2))) > 0).all(), "p = 0.2, 0.5, 0.8"


@pytest.mark.parametrize("transform", ["softmax", None, "tanh"])
def test_the_twin_predicts_the_same(transform) -> None:
    nets = [
        dropout_mlp([6, 8, 3], rng(4), p_input=0.2, room=room)
        for room in (dlcourse.scratch, dlcourse.reference)
    ]
    ours, theirs = (transform,) * 2 if transform != "tanh" else (np.tanh, torch.tanh)
    right = twins.mc_dropout_predict(nets[1], torch.tensor(X), 30, theirs)
    found = mc_dropout_predict(nets[0], X, 30, ours)
    for a, b in zip(found, right, strict=True):
        assert_allclose(a, b.numpy(), rtol=1e-9, atol=1e-12)
    assert not any(getattr(leaf, "sampling", False) for leaf in nets[1].leaves)


def test_float32_stays_float32() -> None:
    net = dropout_mlp([6, 8, 3], rng(4), dtype=np.float32)
    for a in mc_dropout_predict(net, X.astype(np.float32), 5):
        assert a.dtype == np.float32


def test_a_deviation_of_what_hardly_varies_is_exact() -> None:
    """Far from 0, where a difference of squares would have lost it."""
    net = Dropout(0.5, rng=rng(0))
    x = np.full((1, 4), 1.0)
    _, std = mc_dropout_predict(net, x, 50, transform=lambda q: q + 1e9)
    _, right = mc_dropout_predict(Dropout(0.5, rng=rng(0)), x, 50, transform=None)
    assert_allclose(std, right, rtol=1e-6)


def test_a_model_without_chance_is_refused_and_planted_errors_are_caught(monkeypatch) -> None:
    with pytest.raises(ValueError, match="model must be one with layers that drop"):
        mc_dropout_predict(MLP([6, 8, 3], rng(0)), X, 5)

    def divided_by_one_less(model, x, samples, transform="softmax"):
        mean, std = monte_carlo.mc_dropout_predict(model, x, samples, transform)
        return mean, std * (samples / max(samples - 1, 1)) ** 0.5

    def of_training(model, x, samples, transform=None):
        return as_in_training(model, x, samples)

    planted = {
        divided_by_one_less: (
            test_the_deviation_divides_by_the_samples_and_the_mean_is_of_probabilities
        ),
        of_training: test_batch_normalization_stays_as_in_use,
    }
    for wrong, test in planted.items():
        monkeypatch.setitem(globals(), "mc_dropout_predict", wrong)
        with pytest.raises(AssertionError):
            test()
