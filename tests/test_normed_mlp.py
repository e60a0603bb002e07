"""``normed_mlp``: where its norms stand, what it starts from, and that it trains like any model."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from harness import relative
from networks import ROOMS
from test_errors import SENTENCE

import dlcourse.reference
import dlcourse.scratch
from dlcourse import data
from dlcourse.problems.normalized import HalfOff, normed_mlp
from dlcourse.scratch.initialization import kaiming_normal
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.normalization import BatchNorm, GroupNorm
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import sweep

NAMES = {"batch": "BatchNorm", "layer": "LayerNorm", "rms": "RMSNorm", "group": "GroupNorm"}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def kinds(net: Any) -> list[str]:
    return [type(layer).__name__ for layer in net.layers]


@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize("norm", NAMES)
@pytest.mark.parametrize("where", ["before", "after"])
def test_a_norm_stands_at_each_hidden_layer_and_none_at_the_output(
    where: str, norm: str, runs: int | None
) -> None:
    for name, room in (("scratch", dlcourse.scratch), ("reference", dlcourse.reference)):
        net = normed_mlp([5, 8, 4, 3], rng(), norm, where, "tanh", runs=runs, room=room)
        pair = [NAMES[norm], "Tanh"] if where == "before" else ["Tanh", NAMES[norm]]
        assert kinds(net) == ["Linear", *pair, "Linear", *pair, "Linear"]
        assert net.runs == runs
        assert type(net) is ROOMS[name].models.Sequential
        widths = [tuple(p.shape[-1:]) for n, p in net.params.items() if "weight" in n]
        assert widths == [(5,), (8,), (8,), (4,), (4,)]


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("init", [None, kaiming_normal])
def test_its_weights_are_those_of_the_network_without_norms(init: Any, runs: int | None) -> None:
    plain = MLP([5, 8, 3], rng(), runs=runs, init=init)
    for norm in ("none", *NAMES):
        net = normed_mlp([5, 8, 3], rng(), norm, init=init, runs=runs)
        weights = [p for p in net.params.values() if p.ndim == (2 if runs is None else 3)]
        for a, b in zip(weights, [plain.params["0.weight"], plain.params["2.weight"]], strict=True):
            np.testing.assert_array_equal(a, b)
        for layer in net.layers:
            assert not any(np.shares_memory(p, plain.theta) for p in layer.params.values())
    x = rng(1).standard_normal((4, 5))
    bare = normed_mlp([5, 8, 3], rng(), "none", init=init, runs=runs)
    np.testing.assert_array_equal(bare.forward(x), plain.forward(x))


@pytest.mark.parametrize("norm", NAMES)
@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("runs", [None, 2])
def test_both_rooms_train_alike(norm: str, where: str, runs: int | None) -> None:
    found = []
    for name, room in (("scratch", dlcourse.scratch), ("reference", dlcourse.reference)):
        one = ROOMS[name]
        net = normed_mlp([5, 8, 3], rng(), norm, where, "tanh", runs=runs, room=room, eps=0.01)
        sgd = one.optimizers.SGD(net.theta, lr=0.05)
        for x in rng(2).standard_normal((20, 7, 5)) + 1:
            y = net.forward(one.number(x), training=True)
            net.backward(y / (1 + y * y) - 0.2, input_grad=False)
            sgd.step(net.grad)
        found.append([net.theta, net.forward(one.number(x)), *net.buffers.values()])
    for a, b in zip(*found, strict=True):
        assert relative(a, b) < 1e-10
    assert len(found[0]) == (5 if norm == "batch" else 2)


def test_settings_go_to_the_norm() -> None:
    net = normed_mlp([5, 8, 3], rng(), momentum=None, eps=0.5, affine=False)
    layer = net.layers[1]
    assert (layer.momentum, layer.eps, layer.params) == (None, 0.5, {})
    assert normed_mlp([5, 8, 3], rng(), "group").layers[1].num_groups == 4
    assert normed_mlp([5, 8, 3], rng(), "group", num_groups=2).layers[1].num_groups == 2
    single = normed_mlp([5, 8, 3], rng(), dtype=np.float32)
    assert {a.dtype for a in single.state_dict().values()} == {np.dtype("f4"), np.dtype("i8")}


def test_any_function_of_a_width_makes_a_norm() -> None:
    made = partial(GroupNorm, 2)
    net = normed_mlp([5, 8, 6, 3], rng(), made, runs=2, dtype=np.float32, eps=0.1)
    assert [layer.num_channels for layer in net.layers[1::3]] == [8, 6]
    layer = net.layers[1]
    assert (layer.num_groups, layer.eps, layer.runs) == (2, 0.1, 2)
    assert net.theta.dtype == np.float32
    widths = []
    normed_mlp([5, 8, 3], rng(), lambda width, **given: widths.append(width) or BatchNorm(width))
    assert widths == [8]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"norm": "bach"}, r"norm must be one of .*; got 'bach'\. Did you mean 'batch'\?"),
        ({"norm": None}, r"norm must be one of .*; got None"),
        ({"where": "between"}, r"where must be one of 'before', 'after'; got 'between'"),
        ({"norm": "none", "eps": 0.1}, r"settings must be absent where norm is 'none'; got"),
        ({"norm": "group", "num_groups": 3}, r"num_channels must be a multiple of num_groups, 3"),
        ({"activation": "relo"}, r"activation must be one of .*Did you mean 'relu'"),
        ({"sizes": [5]}, r"sizes must be at least two widths"),
        ({"eps": -1}, r"eps must be finite and >= 0; got -1"),
    ],
)
def test_doors(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        normed_mlp(**{"sizes": [5, 8, 3], "rng": rng(), **given})
    assert SENTENCE.match(raised.value.args[0])


def test_without_a_hidden_layer_there_is_nothing_to_normalize() -> None:
    assert kinds(normed_mlp([5, 3], rng())) == ["Linear"]


def test_sweep_trains_it_over_settings_and_seeds() -> None:
    """Each run with its own running values: as it would be alone."""
    digits = data.load("digits")
    train, val = ((x[:240], y[:240]) for x, y in (digits.train, digits.validation))
    make = {name: partial(normed_mlp, [64, 12, 10], norm=name) for name in ("none", "batch")}

    def build(name: str) -> Any:
        return lambda rng, runs, lr: (net := make[name](rng, runs=runs), SGD(net.theta, lr=lr))

    plan: Any = {"epochs": 2, "batch_size": 40, "progress": False}
    loss, rates = SoftmaxCrossEntropy(), [0.1, 0.3]
    builds = {name: build(name) for name in make}
    whole = sweep(builds, loss, train, val, val, seeds=3, lr=rates, **plan)
    single = sweep(builds, loss, train, val, val, seeds=3, lr=rates, block=3, **plan)
    for name in whole:
        np.testing.assert_allclose(whole[name], single[name], rtol=1e-9)
    losses = whole["val_loss"]
    assert np.isfinite(losses).all() and np.ptp(losses, axis=-1).min() > 1e-3


def test_half_is_taken_off_before_the_division_and_not_on_the_way_back() -> None:
    layer, x = HalfOff(4, eps=0.0), rng(1).random((3, 4))
    dy, moved = rng(2).normal(size=(3, 4)), x - 0.5
    np.testing.assert_allclose(
        layer.forward(x), moved / np.sqrt((moved**2).mean(1, keepdims=True)), rtol=1e-12
    )
    dx, step = layer.backward(dy), 1e-6 * rng(3).normal(size=x.shape)
    change = ((layer.forward(x + step) - layer.forward(x - step)) * dy).sum() / 2
    np.testing.assert_allclose((dx * step).sum(), change, rtol=1e-5)
