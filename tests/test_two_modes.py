"""One network in both modes: what is asked leaves no trace, and what each check must catch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dlcourse.problems.normalized import normed_mlp
from dlcourse.problems.two_modes import (
    accuracy,
    convolutional,
    folded,
    in_batches,
    mode_losses,
    recomputed,
    remember,
    rise,
    twin,
    with_state,
)
from dlcourse.scratch.layers import Linear, ReLU
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm, batch_norm, batch_statistics, instance_norm
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import steps

X = np.random.default_rng(0).normal(size=(24, 5)) * [1, 2, 3, 4, 5] + 1.0
Y = np.arange(24) % 3


@pytest.fixture
def net():
    """A network whose running statistics are its own, not those at the start."""
    made = normed_mlp([5, 8, 8, 3], np.random.default_rng(1))
    for batch in np.split(X, 4):
        made.forward(batch, True)
    return made


def test_asking_in_training_mode_leaves_no_trace(net) -> None:
    before = net.state_dict()
    in_batches(net, X, 6)
    after = net.state_dict()
    assert all((after[name] == a).all() for name, a in before.items())
    net.forward(X, True)
    moved = net.state_dict()
    assert any((moved[name] != a).any() for name, a in before.items()), "the control must write"


def test_batches_come_back_in_the_order_of_the_images(net) -> None:
    order = np.random.default_rng(2).permutation(24)
    said = in_batches(net, X, 6, order)
    third = twin(net).forward(X[order[12:18]], True)
    np.testing.assert_allclose(said[order[12:18]], third)
    assert abs(said - in_batches(net, X, 6)).max() > 0.01, "the company must matter"
    assert abs(said - net.forward(X)).max() > 0.01, "and so must the mode"


def test_two_equal_images_give_one_answer_and_pytorch_refuses_one(net) -> None:
    said = in_batches(net, np.repeat(X, 2, axis=0), 2)
    assert abs(said - said[0]).max() < 1e-10
    with pytest.raises(ValueError, match="more than one value a channel in training"):
        net.forward(X[:1], True)
    with pytest.raises(ValueError, match="more than 1 value per channel when training"):
        torch.nn.BatchNorm1d(5).train()(torch.tensor(X[:1], dtype=torch.float32))


def test_a_size_that_does_not_divide_is_refused(net) -> None:
    with pytest.raises(ValueError, match="size must be a divisor of the 24 samples; got 5"):
        in_batches(net, X, 5)


def test_recomputed_statistics_are_those_of_the_data_layer_by_layer(net) -> None:
    mended = recomputed(net, X)
    h = mended.layers[0].forward(X)
    np.testing.assert_allclose(mended.layers[1].running_mean, h.mean(axis=0))
    np.testing.assert_allclose(mended.layers[1].running_var, h.var(axis=0, ddof=1))
    h = mended.layers[3].forward(mended.layers[2].forward(mended.layers[1].forward(h)))
    np.testing.assert_allclose(mended.layers[4].running_mean, h.mean(axis=0))
    assert abs(net.layers[1].running_mean - mended.layers[1].running_mean).max() > 0.01


def test_recomputed_knows_runs() -> None:
    nets = normed_mlp([5, 4, 3], [np.random.default_rng(i) for i in range(2)], runs=2)
    mended = recomputed(nets, X)
    alone = recomputed(nets.rows(1), X)
    np.testing.assert_allclose(mended.layers[1].running_var[1], alone.layers[1].running_var)
    assert (mended.layers[1].running_var[0] != mended.layers[1].running_var[1]).all()


@pytest.mark.parametrize("momentum", [0.1, 0.9])
def test_a_log_remembers_as_the_layer_does(momentum) -> None:
    ends = []
    for m in (momentum, 1.0):
        rng = np.random.default_rng(3)
        made = normed_mlp([5, 4, 3], rng, momentum=m)
        log = [
            made.state_dict()
            for _ in steps(
                made, SGD(made.theta, lr=0.1), SoftmaxCrossEntropy(), (X, Y), epochs=3,
                batch_size=6, rng=rng,
            )
        ]  # fmt: skip
        ends.append((made.state_dict(), log))
    layer, log = ends[0][0], ends[1][1]
    for name, a in remember(log, momentum).items():
        np.testing.assert_allclose(a, layer[name])
        assert abs(remember(log, 1 - momentum)[name] - layer[name]).max() > 1e-4, "not the other α"


def test_no_momentum_is_a_plain_average() -> None:
    log = [{"1.running_var": np.array(float(v)), "0.weight": np.array(1.0)} for v in (1, 2, 6)]
    assert remember(log, None) == {"1.running_var": 3.0}


def test_with_state_answers_by_that_state_and_leaves_the_network(net) -> None:
    start = {k: np.full_like(a, "var" in k) for k, a in net.buffers.items()}
    bare = with_state(net, start)
    assert abs(bare.forward(X) - net.forward(X)).max() > 0.1
    assert net.layers[1].running_mean.any()


def test_folded_says_the_same_with_fewer_layers(net) -> None:
    net.layers[1].params["weight"][:] = np.linspace(-1, 2, 8)
    net.layers[1].params["bias"][:] = np.linspace(2, 0, 8)
    lean = folded(net)
    assert [type(layer) for layer in lean.layers] == [Linear, ReLU, Linear, ReLU, Linear]
    np.testing.assert_allclose(lean.forward(X), net.forward(X), atol=1e-12)
    lean.layers[0].params["weight"] *= 1.01
    assert abs(lean.forward(X) - net.forward(X)).max() > 1e-3
    after = Sequential(Linear(5, 4, rng=np.random.default_rng(0)), ReLU(), BatchNorm(4))
    with pytest.raises(ValueError, match="a BatchNorm right after a Linear"):
        folded(after)


def test_the_rise_does_not_depend_on_the_length_of_normalized_weights() -> None:
    runs = [np.random.default_rng(i) for i in range(3)]
    nets = normed_mlp([5, 8, 3], runs, runs=3)
    loss, data = SoftmaxCrossEntropy(), (X, Y)
    first = rise(nets, loss, data, np.random.default_rng(0))
    nets.params["0.weight"][...] *= 10
    nets.params["0.bias"][...] *= 10
    np.testing.assert_allclose(rise(nets, loss, data, np.random.default_rng(0)), first, rtol=1e-3)
    assert (rise(nets, loss, data, np.random.default_rng(0), share=0.0) == 0).all()
    assert (abs(first) > 1e-4).all()


def test_mode_losses_tell_the_modes_apart(net) -> None:
    loss, data = SoftmaxCrossEntropy(), (X, Y)
    order = np.argsort(Y, kind="stable")
    found = mode_losses(net, loss, data, data, order, 6)
    use = loss.forward(net.forward(X), Y)
    assert found["train_use_loss"] == use
    assert found["val_batches_loss"] == loss.forward(in_batches(net, X, 6, order), Y) != use


def test_one_image_is_a_batch_of_its_pixels_and_two_are_not() -> None:
    images = np.random.default_rng(5).normal(size=(2, 3, 4, 4)) * [[[[1]]], [[[3]]]]
    one, both = (batch_norm(x, None, None)[0] for x in (images[:1], images))
    alone = instance_norm(images, None, None)[0]
    np.testing.assert_allclose(one, alone[:1], atol=1e-12)
    assert abs(both - alone).max() > 0.1
    nets = convolutional([np.random.default_rng(i) for i in range(2)], 2)
    assert nets.forward(np.ones((4, 1, 8, 8), np.float32), True).shape == (2, 4, 10)


def test_a_constant_on_all_pixels_is_cancelled_by_the_batch_only(net) -> None:
    light = in_batches(net, X + 2.5, 6)
    np.testing.assert_allclose(light, in_batches(net, X, 6), atol=1e-10)
    assert abs(net.forward(X + 2.5) - net.forward(X)).max() > 0.1


def test_devices_must_exchange_their_means_too() -> None:
    halves = [batch_statistics(half) for half in (X[:12], X[12:] + 1)]
    means, inner = (np.array(each) for each in zip(*halves, strict=True))
    whole = batch_statistics(np.concatenate([X[:12], X[12:] + 1]))[1]
    np.testing.assert_allclose(inner.mean(axis=0) + means.var(axis=0), whole)
    assert abs(inner.mean(axis=0) - whole).max() > 0.1


def test_accuracy_is_one_number_a_run() -> None:
    outputs = np.array([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]])
    assert accuracy(outputs, np.array([0, 1])).tolist() == [1.0, 0.5]
