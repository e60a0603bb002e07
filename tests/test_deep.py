"""The deep plain network: how it is drawn, what is read off it, and that it could be misread."""

from functools import partial

import numpy as np
import pytest

from dlcourse.gradcheck import check_vjp
from dlcourse.problems.deep import (
    Standardize,
    Watch,
    auroc,
    deep_network,
    falling,
    five_digits,
    gain_at,
    hidden,
    moved,
    scales,
    some_runs,
    thin_change,
    unit_products,
    weights_of,
)
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP, Sequential
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import evaluate, fit

LOSS = SoftmaxCrossEntropy()
small = partial(deep_network, layers=4, width=16, dtype=np.float64)


def rng(seed=0, runs=None):
    return np.random.default_rng(seed) if runs is None else [np.random.default_rng(seed)] * runs


@pytest.fixture(scope="module")
def batch():
    (x, y), *_ = five_digits(np.float64)
    return x[:20], y[:20]


def test_the_five_digits_are_those_of_the_data_set():
    parts = five_digits()
    assert [len(x) for x, _ in parts] == [448, 200, 250]
    assert all(x.dtype == np.float64 and set(y) == set(range(5)) for x, y in parts)
    assert abs(parts[1][0].mean()) > 1e-3  # the mean taken off is that of the training images


# the network


def test_runs_of_one_generator_differ_by_the_factor_only():
    net = small(rng(runs=2), runs=2, c=np.array([[2.0], [3.0]]))
    for part in weights_of(net):
        np.testing.assert_allclose(net.theta[1, part], np.sqrt(1.5) * net.theta[0, part])
    biases = np.ones(net.theta.shape[1], bool)
    for part in weights_of(net):
        biases[part] = False
    assert biases.sum() == 4 * 16 + 5 and (net.theta[:, biases] == 0).all()


@pytest.mark.parametrize("layers", [4, 5])
def test_a_tilted_network_is_another_one_that_computes_the_same(batch, layers):
    straight = deep_network(rng(), layers=layers, width=16, dtype=np.float64)
    tilted = deep_network(rng(), layers=layers, width=16, tilt=1.5, dtype=np.float64)
    out = straight.forward(batch[0])
    np.testing.assert_allclose(tilted.forward(batch[0]), out, rtol=1e-12)
    hump = scales(tilted, batch).activations / scales(straight, batch).activations
    assert hump.max() == pytest.approx(1.5 ** ((layers - 1) // 2 / 2)) and hump[-1] < 1.01
    half = straight.theta.copy()
    half[weights_of(straight)[1]] *= np.sqrt(1.5)  # only half a tilt
    straight.theta[...] = half
    assert abs(straight.forward(batch[0]) / out - 1).max() > 0.2


def test_runs_trained_all_at_once_are_the_runs_trained_in_blocks():
    train, *_ = five_digits(np.float32)
    whole = deep_network(rng(1), runs=3, layers=3, dtype=np.float32)
    blocks = Sequential(*MLP([64, 32, 32, 32, 5], rng(2), runs=3, dtype=np.float32).layers)
    blocks.theta[...] = whole.theta
    assert not hasattr(whole, "rows") and hasattr(blocks, "rows")
    for net in (whole, blocks):
        plan = {"epochs": 1, "batch_size": 32, "rng": rng(runs=3), "progress": False}
        fit(net, SGD(net.theta, lr=0.01), LOSS, train, **plan)
    np.testing.assert_allclose(whole.theta, blocks.theta, rtol=1e-4, atol=1e-6)


def test_standardizing_and_its_way_back():
    x = np.random.default_rng(0).normal(size=(3, 7, 4))
    y = Standardize().forward(x)
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=1), 1, rtol=1e-4)
    layer = Standardize()
    pair = (layer.pair, lambda dy, cache: layer.pair_backward(dy, cache))
    check_vjp(*pair, [x], np.random.default_rng(1))
    with pytest.raises(AssertionError, match="off by"):  # without what the spread passes back
        check_vjp(pair[0], lambda dy, cache: (dy - dy.mean(-2, keepdims=True)) / cache[1], [x],
                  np.random.default_rng(1))  # fmt: skip


def test_with_standardized_layers_a_factor_drops_out(batch):
    out = [small(rng(), c=c, norm=True).forward(batch[0]) for c in (1.0, 2.0)]
    plain = [small(rng(), c=c).forward(batch[0]) for c in (1.0, 2.0)]
    np.testing.assert_allclose(out[1], np.sqrt(2) * out[0], atol=1e-4)  # that of the output layer
    assert abs(plain[1]).max() > 5 * abs(plain[0]).max()


@pytest.mark.parametrize(
    "wrong", [{"c": 0.0}, {"tilt": -1.0}, {"layers": 0}, {"c": np.array([[-1.0]])}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        deep_network(rng(), **wrong)


def test_a_rate_that_falls_to_zero():
    theta = np.ones((2, 1), np.float32)
    opt = falling(SGD, steps=2)(theta, lr=np.array([[0.1], [0.2]]))
    for _ in range(2):
        opt.step(np.ones_like(theta))
    np.testing.assert_allclose(theta[:, 0], [1 - 0.15, 1 - 0.3], rtol=1e-6)
    assert opt.lr(1).dtype == np.float32
    with pytest.raises(ValueError, match="steps must be"):
        falling(SGD, steps=0)


# what is read off it


def test_the_scales_are_norms_of_what_they_say(batch):
    net = small(rng(3))
    found = scales(net, batch)
    h = batch[0]
    for layer in net.layers[:4]:
        h = layer.forward(h)
    said = np.sqrt((h**2).sum(axis=1).mean())
    assert found.activations[1] == pytest.approx(said)
    assert found.activations[0] != pytest.approx(said)
    grads = [g for name, g in net.grads.items() if name.endswith("weight")]
    np.testing.assert_allclose(found.gradients, [np.linalg.norm(g) for g in grads[:-1]])
    theta, step = net.theta.copy(), 1e-6
    net.theta[weights_of(net)[2]] += step * grads[2].ravel()
    up = LOSS.forward(net.forward(batch[0]), batch[1])
    net.theta[...] = theta
    slope = (up - LOSS.forward(net.forward(batch[0]), batch[1])) / step
    assert found.gradients[2] ** 2 == pytest.approx(slope, rel=1e-4)
    weights = net.params["2.weight"]
    assert found.weights[1] == pytest.approx(16 * (weights**2).mean())
    assert found.weights[0] == pytest.approx(64 * (net.params["0.weight"] ** 2).mean())


def test_a_watch_sees_the_start_and_every_epoch(batch):
    net = small(rng(runs=2), runs=2)
    watch, start = Watch(net, batch), net.theta.copy()
    plan = {"epochs": 3, "batch_size": 20, "rng": rng(runs=2), "progress": False}
    fit(net, SGD(net.theta, lr=0.1), LOSS, batch, callbacks=[watch], **plan)
    track = watch.track
    assert {k: x.shape for k, x in track.items()} == dict.fromkeys(track, (4, 4, 2))
    assert (watch.start == start).all() and (net.theta != start).any()
    np.testing.assert_array_equal(track["weights"][-1], scales(net, batch).weights)
    assert (track["weights"][0] != track["weights"][-1]).any()


def test_in_and_out_of_a_unit_balance_with_relu_and_not_with_tanh(batch):
    into, out = unit_products(small(rng(5), c=3.0), batch)
    assert into.shape == out.shape == (4, 16)
    np.testing.assert_allclose(into, out, atol=1e-12)
    assert abs(into).max() > 1e-3
    into, out = unit_products(MLP([64, 16, 16, 5], rng(), activation="tanh"), batch)
    assert abs(into - out).max() > 1e-2 * abs(into).max()


def test_balance_counts_the_bias(batch):
    net = small(rng(5))
    for name, part in net.slices.items():
        if name.endswith("bias"):
            net.theta[part] = 0.3
    into, out = unit_products(net, batch)
    np.testing.assert_allclose(into, out, atol=1e-12)
    bias = np.array([net.params[f"{2 * i}.bias"] * net.grads[f"{2 * i}.bias"] for i in range(4)])
    assert abs(into - bias - out).max() > 1e-4


def changed(rank):
    """A network, its start, and a change of this rank in every hidden matrix."""
    net, r = small(rng(1, runs=2), runs=2), np.random.default_rng(4)
    start = net.theta.copy()
    for part, (out, n) in hidden(net):
        one = sum(r.normal(size=(2, out, 1)) * r.normal(size=(2, 1, n)) for _ in range(rank))
        net.theta[:, part] += 0.1 * one.reshape(2, -1)
    net.theta[:, -5:] += 1.0  # the last bias, which is not put back
    return net, start


def test_a_thin_change_is_brought_back_by_as_many_directions_as_it_has():
    net, start = changed(2)
    two, one = thin_change(net, start, 2), thin_change(net, start, 1)
    for part, _ in hidden(net):
        np.testing.assert_allclose(two[:, part], net.theta[:, part], atol=1e-12)
        assert abs(one[:, part] - net.theta[:, part]).max() > 1e-2
    assert (two[:, -5:] == start[:, -5:]).all()
    assert (thin_change(net, start, 0) == start).all()


def test_a_random_change_is_as_large_and_elsewhere():
    net, start = changed(2)
    noise = thin_change(net, start, 16, np.random.default_rng(0))
    for part, _ in hidden(net):
        d, e = noise[:, part] - start[:, part], net.theta[:, part] - start[:, part]
        np.testing.assert_allclose(np.linalg.norm(d, axis=1), np.linalg.norm(e, axis=1))
        assert abs((d * e).sum(axis=1)).max() < 0.5 * (e * e).sum(axis=1).max()
    thin = thin_change(net, start, 1, np.random.default_rng(0))
    for part, shape in hidden(net):
        drawn, true = ((x[0, part] - start[0, part]).reshape(shape) for x in (thin, net.theta))
        size = np.linalg.svd(drawn, compute_uv=False)
        assert size[0] == pytest.approx(np.linalg.svd(true, compute_uv=False)[0])
        assert size[1] < 1e-12 < size[0]


def test_the_gain_is_read_elsewhere_and_the_network_stays(batch):
    net = small(rng(2, runs=2), runs=2)
    own, larger = net.theta.copy(), net.theta.copy()
    larger[:, weights_of(net)[2]] *= 10
    np.testing.assert_allclose(gain_at(net, larger, batch) - gain_at(net, own, batch), 1.0)
    assert (net.theta == own).all()


def test_the_way_is_a_share_of_the_norm():
    net = small(rng(), runs=2)
    start = net.theta.copy()
    net.theta[0, weights_of(net)[1]] *= 1.25
    way = moved(net, start)
    assert way.shape == (5, 2)
    np.testing.assert_allclose(way[1], [0.25, 0.0])
    assert way.sum() == pytest.approx(0.25)


def test_some_runs_are_a_copy(batch):
    net = small(rng(), runs=3)
    two = some_runs(net, slice(1, 3))
    data = batch
    np.testing.assert_allclose(
        evaluate(two, LOSS, data)["loss"], evaluate(net, LOSS, data)["loss"][1:]
    )
    two.theta[...] = 0
    assert (net.theta[1:, weights_of(net)[0]] != 0).any()


def test_auroc_counts_pairs():
    assert auroc([3, 2, 1], [True, False, False]) == 1.0
    assert auroc([0, 2, 1], [True, False, False]) == 0.0
    assert auroc([1, 1], [True, False]) == 0.5
    assert auroc([np.inf, 1, 2], [True, False, True]) == 1.0
    with pytest.raises(ValueError, match="bad must be true for some"):
        auroc([1, 2], [True, True])
