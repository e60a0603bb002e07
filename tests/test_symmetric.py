"""Networks whose units begin alike: what is measured on them, and what tells units apart."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.problems import symmetric
from dlcourse.problems.symmetric import apart, descend, distinct, nearly_equal, swap_units, widened
from dlcourse.scratch.initialization import constant
from dlcourse.scratch.losses import MSE, SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD


def rng(seed=0):
    return np.random.default_rng(seed)


def test_descend_is_gradient_descent_to_each_run_its_own_data() -> None:
    x, y = rng(1).normal(size=(3, 20, 2)), rng(2).normal(size=(3, 20, 1))
    nets = MLP([2, 4, 1], [rng(s) for s in range(3)], "tanh", runs=3)
    together = descend(nets, SGD(nets.theta, lr=0.1), MSE(), x, y, 5)
    assert together.shape == (6, 3)
    for run in range(3):
        net, loss = MLP([2, 4, 1], rng(run), "tanh"), MSE()
        for step in range(6):
            assert_allclose(loss.forward(net.forward(x[run]), y[run]), together[step, run])
            net.backward(loss.backward())
            net.theta -= 0.1 * net.grad
    other = (run + 1) % 3  # planted: the next run's data
    net = MLP([2, 4, 1], rng(run), "tanh")
    alone = descend(net, SGD(net.theta, lr=0.1), MSE(), x[other], y[other], 5)
    assert abs(alone - together[:, run]).max() > 1e-3


def test_apart_sees_one_weight_of_one_unit() -> None:
    weight = np.ones((2, 5, 3))
    assert_array_equal(apart(weight), 0)
    weight[1, 4, 2] += 1e-9
    assert_allclose(apart(weight), [0, 1e-9], rtol=1e-6)


def test_distinct_counts_units_that_have_nothing_in_common() -> None:
    signs = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]).astype(float)
    assert_allclose(distinct(signs + 7), 2)  # whatever their mean is
    assert_allclose(distinct(np.repeat(signs, 3, axis=1)), 2)  # copies add nothing
    assert_allclose(distinct(signs[:, :1] * [1.0, -2.0, 0.1]), 1)
    assert_allclose(distinct(np.stack([signs, signs[:, [0, 0]]])), [2, 1])


def test_reordered_units_are_the_same_network_and_half_of_them_another() -> None:
    net, order = MLP([4, 6, 3], rng()), rng(1).permutation(6)
    index = swap_units(net, order)
    assert_array_equal(np.sort(index), np.arange(net.theta.size))
    x, other = rng(2).normal(size=(9, 4)), MLP([4, 6, 3], rng(3))
    other.theta[...] = net.theta[index]
    assert_allclose(other.forward(x), net.forward(x), atol=1e-12)
    other.params["2.weight"][...] = net.params["2.weight"]  # planted: rows without columns
    assert abs(other.forward(x) - net.forward(x)).max() > 1e-2


@pytest.mark.parametrize("call", [lambda net: swap_units(net, np.arange(3)), widened])
def test_only_one_hidden_layer(call) -> None:
    with pytest.raises(ValueError, match="model must be an MLP with one hidden layer"):
        call(MLP([2, 3, 3, 1], rng()))


def test_dropout_keeps_the_mean_and_sends_back_what_it_let_through() -> None:
    layer = symmetric.Dropout(0.25, [rng(0), rng(1)])
    x = np.ones((2, 200, 50))
    y = layer.forward(x, training=True)
    assert {*np.unique(y)} == {0.0, 4 / 3}
    assert_allclose(y.mean((1, 2)), 1, atol=4 * np.sqrt(1 / 3 / 10_000))
    assert (y[0] != y[1]).any(), "each run draws its own masks"
    assert_array_equal(layer.backward(2 * x), 2 * y)
    assert_array_equal(layer.forward(x), x)  # nothing is left out when it is asked
    alone = symmetric.Dropout(0.25, [rng(1)])
    assert_array_equal(alone.forward(x[1:], training=True), y[1:])


def test_dropout_refuses_runs_that_are_not_its_own() -> None:
    layer = symmetric.Dropout(0.5, [rng(0), rng(1)])
    with pytest.raises(ValueError, match=r"x must be of all 2 runs; got .*block=20"):
        layer.forward(np.ones((1, 2, 3)), training=True)
    with pytest.raises(ValueError, match=r"p must be in \[0, 1\)"):
        symmetric.Dropout(1.0, [rng()])


def test_nearly_equal_networks_differ_in_what_is_named_and_in_nothing_else() -> None:
    told = {}
    for kind in symmetric.TOLD:
        net = nearly_equal([rng(0), rng(1)], runs=2, told=kind)
        names = ["0.weight", "0.bias", *list(net.params)[-2:]]
        told[kind] = [bool(np.ptp(net.params[name]) > 0) for name in names]
        assert not (net.params["0.weight"] == 0).any()
    assert told == {
        "nothing": [False, False, False, False],
        "hidden biases": [False, True, False, False],
        "output weights": [False, False, True, False],
        "dropout": [False, False, False, False],
        "all weights": [True, False, True, False],
    }
    with pytest.raises(ValueError, match="told must be one of"):
        nearly_equal(rng(), told="luck")


def test_equal_units_stay_equal_and_dropout_frees_them() -> None:
    x, y = rng(1).normal(size=(1, 40, 64)), rng(2).integers(0, 10, 40)
    spread = {}
    for kind in ("nothing", "dropout"):
        net = nearly_equal([rng()], runs=1, told=kind)
        descend(net, SGD(net.theta, lr=0.1), SoftmaxCrossEntropy(), x, y, 5)
        spread[kind] = float(apart(net.params["0.weight"])[0])
    assert spread["nothing"] <= 1e-12 < 1e-4 < spread["dropout"]


def test_children_leave_their_parents_alone() -> None:
    parent = rng(5)
    (child,) = symmetric.children(parent, None)
    assert child.random() != rng(5).random()
    assert parent.random() == rng(5).random()


def test_a_widened_network_computes_the_same_and_holds_each_unit_twice() -> None:
    net, x = MLP([3, 4, 2], [rng(0), rng(1)], runs=2), rng(2).normal(size=(7, 3))
    wide = widened(net)
    assert wide.shapes["0.weight"] == (8, 3) and wide.runs == 2
    assert_allclose(wide.forward(x), net.forward(x), atol=1e-12)
    assert_array_equal(*np.split(wide.params["0.weight"], 2, axis=-2))
    wide.params["2.weight"][...] *= 2  # planted: the copies say as much as the units did
    assert abs(wide.forward(x) - net.forward(x)).max() > 1e-2


def test_one_unit_stands_for_equal_ones_only_with_the_root() -> None:
    x, y = rng(1).normal(size=(30, 5)), rng(2).integers(0, 3, 30)
    lost = []
    for width, value in [(9, 0.2), (1, 0.6), (1, 0.2)]:
        net = MLP([5, width, 3], rng(), init=partial(constant, val=value))
        lost.append(descend(net, SGD(net.theta, lr=0.1), SoftmaxCrossEntropy(), x, y, 20))
    assert_allclose(lost[0], lost[1], atol=1e-12)
    assert abs(lost[0] - lost[2]).max() > 1e-4
