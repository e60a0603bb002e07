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
from dlcourse.scratch.landscape import per_sample_gradients
from dlcourse.scratch.layers import Linear, ReLU
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import Residual, Sequential
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.training import evaluate, fit, loop, steps
from dlcourse.training.loop import as_numpy
from dlcourse.training.watched import FileOrder

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


def regression(n: int = 24) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(9).standard_normal((n, 3)) + 1
    return x, np.sin(x[:, :2])


def fitted(room: str = "scratch", runs: int | None = 5, **plan: Any) -> Any:
    one, model = ROOMS[room], nested(room, runs)
    data = tuple(map(one.number, regression()))
    plan = {"epochs": 3, "batch_size": 6, "rng": np.random.default_rng(0), **plan}
    sgd = one.optimizers.SGD(model.theta, lr=0.05)
    return model, fit(model, sgd, one.losses.MSE(), data, data, progress=False, **plan)


def test_blocks_of_runs_write_the_whole_models_state(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, history = fitted()
    monkeypatch.setattr(loop, "CACHE_BYTES", 1)
    assert len(loop._parts(nested(runs=5), regression()[0], 6)) == 5
    parts, again = fitted()
    for name, a in parts.state_dict().items():
        np.testing.assert_allclose(a, whole.state_dict()[name], rtol=1e-12)
        assert abs(np.diff(a, axis=0)).max() > 0.01 or "tracked" in name
    assert (parts.buffers["1.num_batches_tracked"] == 12).all()
    np.testing.assert_allclose(again["val_loss"], history["val_loss"], rtol=1e-12)
    twin, twins = fitted("reference")
    for name, a in numbers(twin.state_dict()).items():
        np.testing.assert_allclose(a, whole.state_dict()[name], rtol=1e-10)
    np.testing.assert_allclose(twins["val_loss"], history["val_loss"], rtol=1e-10)
    alone = nested(runs=5).rows(3)
    assert alone.runs is None


def test_validation_uses_the_running_values_and_leaves_them() -> None:
    model, _ = fitted()
    kept, (x, y) = numbers(model.state_dict()), regression()
    found = evaluate(model, MSE(), (x, y))["loss"]
    for name, a in model.state_dict().items():
        assert_array_equal(a, kept[name])
    halves = [evaluate(model, MSE(), (x[i::2], y[i::2]))["loss"] for i in range(2)]
    np.testing.assert_allclose(np.mean(halves, axis=0), found, rtol=1e-12)
    other = [MSE().forward(model.forward(x[i::2], True), y[i::2]) for i in range(2)]
    assert abs(np.mean(other, axis=0) - found).min() > 1e-4, "by its own statistics it would differ"


@rooms
def test_what_is_accumulated_is_seen_batch_by_batch(room: str) -> None:
    """As in PyTorch: one update of the weights, an update of the running values for each batch."""
    model, _ = fitted(room, None, accumulate=2, epochs=1, rng=FileOrder())
    x, theirs = regression()[0], used(nested(room), room, seed=99)
    theirs.load_state_dict(nested(room).state_dict())
    for start in (0, 6):  # the weights stand still for the first two
        theirs.forward(ROOMS[room].number(x[start : start + 6]), training=True)
    one = nested(room)
    sgd = ROOMS[room].optimizers.SGD(one.theta, lr=0.05)
    data = tuple(map(ROOMS[room].number, regression()))
    plan: Any = {"epochs": 1, "batch_size": 6, "accumulate": 2, "rng": FileOrder()}
    for step in steps(one, sgd, ROOMS[room].losses.MSE(), data, **plan):
        if step.t == 1:
            for name, a in numbers(one.buffers).items():
                np.testing.assert_allclose(a, as_numpy(theirs.buffers[name]), rtol=1e-12)
    assert int(model.buffers["1.num_batches_tracked"]) == 4


@rooms
def test_of_a_step_that_is_refused_nothing_remains(room: str) -> None:
    """Nor of the running values, which the forward pass has moved before the loss was known."""
    one, model = ROOMS[room], nested(room)
    sgd = one.optimizers.SGD(model.theta, lr=0.05)
    x, y = regression()
    y[6:] = np.nan
    plan: Any = {"epochs": 1, "batch_size": 6, "rng": FileOrder()}
    walk = steps(model, sgd, one.losses.MSE(), (one.number(x), one.number(y)), **plan)
    next(walk)
    kept = numbers(model.state_dict())
    with pytest.raises(FloatingPointError, match="loss must be finite"):
        next(walk)
    for name, a in numbers(model.state_dict()).items():
        assert_array_equal(a, kept[name], name)
    assert kept["1.num_batches_tracked"] == 1


@rooms
def test_a_run_that_is_lost_stands_still_and_spoils_no_other(room: str) -> None:
    rates = np.array([0.05, 1e200, 0.02])[:, None]
    one, found = ROOMS[room], []
    for which in (slice(None), slice(0, 1), slice(2, 3)):
        lr, first = rates[which], nested("scratch", 3).state_dict()
        model = nested(room, len(lr))
        model.load_state_dict({name: a[which] for name, a in first.items()})
        data = tuple(map(one.number, regression()))
        sgd = one.optimizers.SGD(model.theta, lr=lr)
        rng = [np.random.default_rng(4)] * len(lr)
        plan: Any = {"epochs": 2, "batch_size": 6, "rng": rng, "nonfinite": "freeze"}
        before, lost = {}, 0
        for step in steps(model, sgd, one.losses.MSE(), data, **plan):
            state = numbers(model.state_dict())
            if len(lr) == 3 and np.isnan(step.loss[1]):
                for name, a in state.items():
                    assert_array_equal(a[1], before[name][1], name)
                    assert np.isfinite(a[1]).all()
                lost += 1
            before = state
        assert lost > 3 or len(lr) == 1
        found.append(state)
    for i, alone in ((0, found[1]), (2, found[2])):
        for name, a in found[0].items():
            np.testing.assert_allclose(a[i], alone[name][0], rtol=1e-12)


def test_a_model_that_mixes_its_samples_has_no_gradient_of_one() -> None:
    x, y = regression(4)
    with pytest.raises(ValueError, match="more than one value a channel in training"):
        per_sample_gradients(nested(), MSE(), x, y)


def test_a_model_without_state_has_none() -> None:
    model = Sequential(Linear(3, 2, rng=np.random.default_rng(0)))
    assert model.buffers == {} == Sequential(ReLU()).state_dict()
    assert list(model.state_dict()) == ["0.weight", "0.bias"]
