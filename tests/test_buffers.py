"""What a layer remembers without learning it is saved, shared and copied with its parameters."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from networks import ROOMS
from numpy.testing import assert_array_equal
from test_normalization_sample import ROOM

from dlcourse.problems.borrowed import tiled
from dlcourse.problems.deep import some_runs
from dlcourse.scratch.layers import Linear, ReLU
from dlcourse.scratch.models import Residual, Sequential
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.training.loop import as_numpy

rooms = pytest.mark.parametrize("room", ROOMS)
STATE = ["running_mean", "running_var", "num_batches_tracked"]


def nested(room: str = "scratch", runs: int | None = None, **settings: Any) -> Any:
    """A batch norm in the row, and one in a block in the row."""
    kinds, models, norm = ROOMS[room].layers, ROOMS[room].models, ROOM[room].BatchNorm
    made = {"rng": np.random.default_rng(0), "runs": runs}
    block = models.Residual(
        kinds.Linear(4, 4, **made), norm(4, affine=False, runs=runs), kinds.Tanh()
    )
    first = [kinds.Linear(3, 4, **made), norm(4, runs=runs, **settings), kinds.Tanh()]
    return models.Sequential(*first, block, kinds.Linear(4, 2, **made))


def used(model: Any, room: str = "scratch", seed: int = 1) -> Any:
    """The same model, after two batches."""
    rng, lead = np.random.default_rng(seed), () if model.runs is None else (model.runs,)
    for x in rng.standard_normal((2, *lead, 5, 3)):
        model.forward(ROOMS[room].number(x), training=True)
    return model


def numbers(state: Any) -> dict[str, np.ndarray]:
    return {name: as_numpy(a).copy() for name, a in state.items()}


@rooms
@pytest.mark.parametrize("runs", [None, 2])
def test_names_and_order_are_pytorchs(room: str, runs: int | None) -> None:
    model = nested(room, runs)
    nn = torch.nn
    block = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, affine=False), nn.Tanh())
    first = [nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh()]
    theirs = nn.Sequential(*first, block, nn.Linear(4, 2)).state_dict()
    state = model.state_dict()
    assert list(state) == list(theirs)
    lead = () if runs is None else (runs,)
    assert [tuple(a.shape) for a in state.values()] == [(*lead, *a.shape) for a in theirs.values()]
    names = [f"{place}.{name}" for place in ("1", "3.1") for name in STATE]
    assert list(model.buffers) == names
    assert state["1.num_batches_tracked"].dtype in (np.int64, torch.int64)
    if runs is None:
        model.load_state_dict(theirs)
        for name, a in model.state_dict().items():
            assert_array_equal(as_numpy(a), theirs[name].double().numpy())


@rooms
def test_a_state_is_a_copy(room: str) -> None:
    model = used(nested(room), room)
    state, kept = model.state_dict(), numbers(model.state_dict())
    used(model, room, seed=2)
    model.theta[...] += 1
    for name, a in state.items():
        assert_array_equal(as_numpy(a), kept[name])
        assert (as_numpy(model.state_dict()[name]) != kept[name]).all(), name
    theta = model.theta
    model.load_state_dict(state)
    assert model.theta is theta, "an optimizer holds it"
    state["1.running_mean"][...] = 7.0
    assert_array_equal(numbers(model.state_dict())["1.running_mean"], kept["1.running_mean"])


@rooms
@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("momentum", [0.2, None])
def test_training_goes_on_from_a_saved_state_bit_for_bit(
    room: str, runs: int | None, momentum: float | None
) -> None:
    one, rng = ROOMS[room], np.random.default_rng(3)
    data = rng.standard_normal((8, *(() if runs is None else (runs,)), 6, 3))

    def walked(model: Any, adam: Any, batches: np.ndarray) -> list[np.ndarray]:
        for x in batches:
            y = model.forward(one.number(x), training=True)
            model.backward(y - 1 / (1 + y * y))
            adam.step(model.grad)
        x = one.number(data[0])
        return [
            as_numpy(a).copy() for a in (model.theta, model.forward(x), *model.buffers.values())
        ]

    whole = nested(room, runs, momentum=momentum)
    adam = one.optimizers.Adam(whole.theta, lr=0.03)
    walked(whole, adam, data[:4])
    saved = whole.state_dict(), adam.state_dict()
    right = walked(whole, adam, data[4:])
    again = nested(room, runs, momentum=momentum)
    adam = one.optimizers.Adam(again.theta, lr=0.03)
    again.load_state_dict(saved[0])
    adam.load_state_dict(saved[1])
    for a, b in zip(walked(again, adam, data[4:]), right, strict=True):
        assert_array_equal(a, b)
    without = nested(room, runs, momentum=momentum)
    only = {name: a for name, a in saved[0].items() if name in without.shapes}
    without.load_state_dict({**without.state_dict(), **only})
    adam = one.optimizers.Adam(without.theta, lr=0.03)
    adam.load_state_dict(saved[1])
    assert abs(walked(without, adam, data[4:])[1] - right[1]).max() > 1e-3, "the buffers count"


@rooms
def test_runs_that_have_seen_unlike_numbers_of_batches_average_each_its_own(room: str) -> None:
    layer, x = ROOM[room].BatchNorm(3, momentum=None, runs=2), np.random.default_rng(8)
    seen = ROOMS[room].number([0, 3])
    layer.load_state_dict({**layer.state_dict(), "num_batches_tracked": seen})
    batch = x.standard_normal((2, 5, 3)) + 2
    layer.forward(ROOMS[room].number(batch), training=True)
    shares = np.array([1, 1 / 4])[:, None]
    np.testing.assert_allclose(as_numpy(layer.running_mean), shares * batch.mean(1), rtol=1e-12)
    var = (1 - shares) + shares * batch.var(1, ddof=1)
    np.testing.assert_allclose(as_numpy(layer.running_var), var, rtol=1e-12)


BROKEN = {
    "missing": lambda state: {k: v for k, v in state.items() if k != "4.bias"},
    "missing state": lambda state: {k: v for k, v in state.items() if k != "3.1.running_var"},
    "unknown": lambda state: {**state, "5.bias": state["4.bias"]},
    "shape": lambda state: {**state, "4.bias": state["4.bias"][:1]},
    "no runs": lambda state: {k: v[None] for k, v in state.items()},
    "words": lambda state: {**state, "4.bias": ["a", "b"]},
    "a count of halves": lambda state: {**state, "3.1.num_batches_tracked": 1.5},
    "nothing": lambda state: {},
    "a list": list,
}


@rooms
@pytest.mark.parametrize("name", BROKEN)
def test_of_a_state_that_does_not_fit_nothing_is_loaded(room: str, name: str) -> None:
    model, other = used(nested(room), room), used(nested(room), room, seed=5)
    kept = numbers(model.state_dict())
    other.theta[...] += 1
    with pytest.raises((ValueError, TypeError), match=r"^state_dict.* must be .*; got "):
        model.load_state_dict(BROKEN[name](other.state_dict()))
    for key, a in model.state_dict().items():
        assert_array_equal(as_numpy(a), kept[key], "half of it was loaded")


@rooms
def test_a_layer_of_its_own_has_a_state_too(room: str) -> None:
    one, kinds = ROOMS[room], ROOMS[room].layers
    plain = kinds.Linear(3, 2, rng=np.random.default_rng(0))
    other = kinds.Linear(3, 2, rng=np.random.default_rng(1))
    assert plain.buffers == {} and list(plain.state_dict()) == ["weight", "bias"]
    plain.load_state_dict(other.state_dict())
    x = one.number(np.eye(3))
    assert (plain.forward(x) == other.forward(x)).all()
    kinds.ReLU().load_state_dict({})
    with pytest.raises(ValueError, match="state_dict must be of nothing; got 'gain is unknown'"):
        kinds.ReLU().load_state_dict({"gain": x})


@pytest.mark.parametrize("which", [slice(1, 3), 1, -1, slice(0, 3, 2)])
def test_a_part_of_the_runs_shares_their_memory(which: Any) -> None:
    """Also that of a single number: how many batches a run has seen."""
    model = used(nested(runs=3))
    kept, x = numbers(model.state_dict()), np.random.default_rng(6).standard_normal((3, 7, 3))
    part = model.rows(which)
    assert part.runs == (None if isinstance(which, int) else len(range(3)[which]))
    used_there = np.zeros(3, bool)
    used_there[which] = True
    y = part.forward(x[which], training=True)
    part.backward(np.cos(y))
    assert (model.grad[used_there] != 0).any() and not model.grad[~used_there].any()
    for name, a in model.buffers.items():
        assert np.shares_memory(a, part.buffers[name])
        assert (a[used_there] != kept[name][used_there]).all(), name
        assert_array_equal(a[~used_there], kept[name][~used_there])
        assert_array_equal(a[which], part.buffers[name])
    alone = nested(runs=3)
    alone.load_state_dict(kept)
    np.testing.assert_allclose(alone.forward(x, training=True)[which], y, rtol=1e-10)
    part.load_state_dict({name: 0 * a for name, a in part.state_dict().items()})
    assert not model.theta[used_there].any() and model.theta[~used_there].any()


def test_copies_of_a_model_have_its_state_and_memory_of_their_own() -> None:
    model = used(nested())
    kept, x = numbers(model.state_dict()), np.random.default_rng(7).standard_normal((2, 5, 3))
    copies = model.repeat(2)
    assert_array_equal(copies.forward(x)[0], model.forward(x[0]))
    y = copies.forward(x, training=True)
    for i in range(2):
        alone = nested()
        alone.load_state_dict(kept)
        np.testing.assert_allclose(alone.forward(x[i], training=True), y[i], rtol=1e-12)
        for name, a in alone.buffers.items():
            np.testing.assert_allclose(copies.buffers[name][i], a, rtol=1e-12)
    for name, a in model.state_dict().items():
        assert_array_equal(a, kept[name], "the original has changed")
    same, deep = copy.copy(model), copy.deepcopy(model)
    same.forward(x[0], training=True)
    for name, a in model.buffers.items():
        assert a is same.buffers[name]
        assert (a != kept[name]).all()
        assert_array_equal(deep.buffers[name], kept[name])
    same.layers[1].forward(x[0] @ np.ones((3, 4)))
    model.backward(np.ones((5, 2)))  # its own caches are as they were


def test_other_runs_need_their_own_state() -> None:
    model = nested(runs=3)
    with pytest.raises(ValueError, match=r"buffers must be given where the runs change.*rows"):
        copy.copy(model).bind(model.theta[0], model.grad[0])
    with pytest.raises(ValueError, match=r"layers must be alike in their number of runs"):
        Sequential(Residual(BatchNorm(3, affine=False, runs=2)), BatchNorm(3, affine=False))
    alone = Sequential(BatchNorm(3, affine=False, runs=2), ReLU())
    assert alone.theta.shape == (2, 0) and alone.runs == 2
    assert alone.rows(1).forward(np.eye(3)).shape == (3, 3)


def test_problems_that_pick_runs_take_their_state_along() -> None:
    model = used(nested(runs=3))
    five, two = tiled(model, 5), some_runs(model, slice(1, 3))
    for name, a in model.state_dict().items():
        assert_array_equal(five.state_dict()[name], a[[0, 1, 2, 0, 1]])
        assert_array_equal(two.state_dict()[name], a[1:])
    one = tiled(used(nested()), 2)
    kept = numbers(model.state_dict())
    for other in (five, two, one):
        used(other, seed=8)
    for name, a in model.state_dict().items():
        assert_array_equal(a, kept[name])


def test_a_model_without_state_has_none() -> None:
    model = Sequential(Linear(3, 2, rng=np.random.default_rng(0)))
    assert model.buffers == {} == Sequential(ReLU()).state_dict()
    assert list(model.state_dict()) == ["0.weight", "0.bias"]
