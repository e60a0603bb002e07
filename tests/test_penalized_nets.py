"""Flawed digits and penalties: the flaw is what it says, and so is the penalty."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dlcourse.problems import penalized_nets
from dlcourse.problems.penalized_nets import deep_network, learn_flawed
from dlcourse.training import try_all

RNG = np.random.default_rng(3)
Y = np.arange(300) % 10
X = (np.eye(64)[Y] * 3 + 0.3 * RNG.normal(size=(300, 64))).astype(np.float32)
SETS = [(X[:200], Y[:200]), (X[200:250], Y[200:250]), (X[250:], Y[250:])]
LEARN = partial(learn_flawed, sets=SETS, few=64, epochs=20)


def learn(coef: object, **more: object) -> dict[str, np.ndarray]:
    rngs = [np.random.default_rng(k) for k in range(3)]
    return LEARN(rngs, 3, coef, **more)


def test_labels_are_wrong_as_often_as_asked_and_inputs_useless() -> None:
    rngs = [np.random.default_rng(k) for k in range(4)]
    x, y = penalized_nets._flawed(rngs, SETS[0], 150, 0.3, 7)
    assert x.shape == (4, 150, 71)
    share = (y != x[..., :10].argmax(-1)).mean()  # the digit is the lit pixel
    assert 0.24 < share < 0.36
    assert abs(x[..., 64:].std() - 0.5) < 0.03
    assert abs(np.corrcoef(x[0, :, 64], y[0])[0, 1]) < 0.3
    right = penalized_nets._flawed(rngs, SETS[0], 150, 0.0, 0)
    assert (right[1] == right[0][..., :10].argmax(-1)).all()


def test_an_easy_task_is_learned_and_errors_are_shares() -> None:
    found = learn(0.0)
    assert (found["test_error"] < 0.1).all() and (found["val_error"] < 0.1).all()
    lost = learn(3.0)
    assert (lost["test_error"] > 0.7).all() and (lost["train_loss"] > 2.0).all()


def test_only_the_threshold_makes_zeros() -> None:
    for penalty in ("l1", "l2"):
        assert (learn(0.01, penalty=penalty)["zeros"] == 0).all()
    assert (learn(0.05, penalty="proximal")["zeros"] > 0.3).all()


def test_where_the_penalty_acts_is_where_it_was_sent() -> None:
    zeros = {w: learn(0.3, penalty="proximal", where=w)["zeros"] for w in ("first", "last")}
    assert (zeros["first"] > 0.9).all() and (zeros["last"] > 0.3).all()
    both = {w: learn(0.02, where=w)["train_loss"] for w in ("all", "first", "last")}
    assert (both["all"] > both["first"]).all() and (both["all"] > both["last"]).all()
    assert (both["first"] != both["last"]).all()


def test_late_is_three_times_the_coefficient_at_the_output_and_the_same_product() -> None:
    late = penalized_nets.WHERE["late"]
    assert np.isclose(late["2"] / late["0"], 3) and np.isclose(late["2"] * late["0"], 1)
    one = {where: learn(0.02, where=where)["train_loss"] for where in ("all", "late")}
    assert (one["all"] != one["late"]).all()
    assert (learn(0.0, where="late")["train_loss"] == learn(0.0)["train_loss"]).all()


def test_a_reader_finds_in_the_hidden_units_what_was_left_there() -> None:
    assert (learn(0.0, probe=True)["test_probe"] < 0.1).all()
    assert "test_probe" not in learn(0.0)
    net = penalized_nets.MLP([64, 32, 10], [np.random.default_rng(2)], runs=1)
    net.params["0.weight"][...] = 0  # now all images look the same
    assert np.ptp(penalized_nets._read_off(net, *SETS[0], SETS[2][0])) == 0


def test_the_reader_is_least_squares_on_the_relus() -> None:
    net = penalized_nets.MLP([64, 32, 10], [np.random.default_rng(2)], runs=1)
    ours = penalized_nets._read_off(net, *SETS[0], SETS[2][0])
    weight, bias = net.params["0.weight"][0], net.params["0.bias"][0]
    hidden = [np.maximum(x @ weight.T + bias, 0) for x, _ in SETS]
    one = [np.hstack([h, np.ones((len(h), 1))]) for h in hidden]
    inner = one[0].T @ one[0]
    weights = np.linalg.solve(inner, one[0].T @ np.eye(10)[SETS[0][1]])
    assert (ours[0] == (one[2] @ weights).argmax(-1)).all()


def test_a_seed_sees_the_same_whatever_the_strength() -> None:
    trials = try_all(LEARN, seeds=[4, 5], coef=[0.0, 0.05], progress=False)
    alone = try_all(LEARN, seeds=[5], coef=[0.05], progress=False)
    np.testing.assert_allclose(trials["train_loss"][1, 1], alone["train_loss"][0, 0], rtol=1e-3)
    assert trials["train_loss"][1, 1] != trials["train_loss"][1, 0]


def test_small_is_the_same_network_times_a_factor() -> None:
    small, usual = (deep_network(np.random.default_rng(1), scale=s) for s in (0.3, 1.0))
    np.testing.assert_allclose(small.forward(X[:5]), 0.3**6 * usual.forward(X[:5]), rtol=1e-4)
    assert len(small.shapes) == 12


def test_more_images_than_there_are_are_refused() -> None:
    with pytest.raises(ValueError, match="few must be at most 200; got 201"):
        learn(0.0, few=201)
