"""Layers that normalize a sample, or do without: fifty steps beside PyTorch and in both rooms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness import relative
from networks import ROOMS, SCRATCH, TWIN
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.reference import normalization as twins
from dlcourse.scratch import normalization
from dlcourse.scratch.normalization import LayerNorm, RMSNorm

ROOM = {"scratch": normalization, "reference": twins}


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(6,), (2, 3)])
@pytest.mark.parametrize("kind", ["LayerNorm", "RMSNorm"])
def test_fifty_steps_beside_pytorchs_module(kind: str, shape: tuple, affine: bool) -> None:
    ours = getattr(normalization, kind)(shape, 0.01, affine)
    theirs = getattr(torch.nn, kind)(shape, 0.01, affine).double()
    model = SCRATCH.models.Sequential(ours)
    step = SCRATCH.optimizers.Adam(model.theta, lr=0.03) if affine else None
    their = torch.optim.Adam(theirs.parameters(), lr=0.03) if affine else None
    rng = np.random.default_rng(14)
    for _ in range(50):
        x = 2 * rng.standard_normal((7, *shape)) + 0.5
        tx = torch.tensor(x, requires_grad=True)
        y, ty = model.forward(x, training=True), theirs(tx)
        assert relative(y, ty.detach()) < 1e-10
        loss = (torch.tanh(ty) * torch.sin(3 * tx.detach())).sum()
        loss.backward()
        dx = model.backward((1 - np.tanh(y) ** 2) * np.sin(3 * x))
        assert relative(dx, tx.grad) < 1e-10
        if affine:
            step.step(model.grad)
            their.step()
            their.zero_grad()
    for name, p in theirs.state_dict().items():
        assert relative(ours.params[name], p) < 1e-10
        assert abs(ours.params[name] - (name == "weight")).min() > 1e-3
    theirs.eval()
    assert relative(model.forward(x), theirs(torch.tensor(x)).detach()) < 1e-10


def network(name: str, room, kinds, runs: int | None):
    """Linear or recurrent, the layer, and more to learn after it."""
    made = {"runs": runs, "rng": np.random.default_rng(15)}
    if name == "LayerNormRNN":
        first = [kinds.LayerNormRNN(4, 6, eps=0.01, **made)]
    else:
        settings = {"Gate": (0.3,), "DynamicTanh": (6, 0.7)}.get(name, (6,))
        first = [room.layers.Linear(4, 6, **made), getattr(kinds, name)(*settings, runs=runs)]
    return room.models.Sequential(*first, room.layers.Tanh(), room.layers.Linear(6, 3, **made))


@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm", "LayerNormRNN", "Gate", "DynamicTanh"])
def test_fifty_steps_in_both_rooms(name: str, runs: int | None) -> None:
    models = {k: network(name, room, ROOM[k], runs) for k, room in ROOMS.items()}
    first = models["scratch"].theta.copy()
    steps = {k: ROOMS[k].optimizers.Adam(m.theta, lr=0.02) for k, m in models.items()}
    rng = np.random.default_rng(16)
    for _ in range(50):
        x = rng.standard_normal((5, 7, 4) if runs is None else (runs, 5, 7, 4)) + 0.5
        for k, model in models.items():
            y = model.forward(ROOMS[k].number(x), training=True)
            model.backward(y - 1 / (1 + y * y))
            steps[k].step(model.grad)
    a, b = models["scratch"].theta, models["reference"].theta.numpy()
    assert relative(a, b) < 1e-10
    assert np.median(abs(a - first)) > 0.05 and (a != first).all(), "all of them learn"
    if runs:
        assert abs(np.diff(a, axis=0)).max() > 0.1, "the runs are alike"
    x = rng.standard_normal((1, 2, 7, 4) if runs else (2, 7, 4))
    y, ty = (models[k].forward(ROOMS[k].number(x)) for k in models)
    assert relative(y, ty) < 1e-10


@pytest.mark.parametrize("runs", [None, 2])
def test_the_normalized_network_starts_from_the_numbers_of_the_plain_one(runs) -> None:
    for room in (SCRATCH, TWIN):
        kinds = ROOM["scratch" if room is SCRATCH else "reference"]
        one = room.layers.RNN(4, 6, rng=np.random.default_rng(17), runs=runs)
        two = kinds.LayerNormRNN(4, 6, rng=np.random.default_rng(17), runs=runs)
        *same, gain = two.params
        assert same == list(one.params) and gain == "gain"
        for name in same:
            assert_array_equal(np.asarray(one.params[name]), np.asarray(two.params[name]))
        assert (np.asarray(two.params["gain"]) == 1).all()


def test_each_place_of_a_sequence_is_normalized_by_itself() -> None:
    """A second place a thousand times as large leaves the first as it is, and is no larger."""
    rng = np.random.default_rng(18)
    layer = normalization.LayerNormRNN(3, 50, rng=rng)
    x = rng.standard_normal((4, 2, 3))
    small = layer.forward(x)
    x[:, 1] *= 1000
    large = layer.forward(x)
    assert_array_equal(large[:, 0], small[:, 0])
    driven = np.arctanh(large) - layer.params["bias"]
    assert_allclose(driven.mean(-1), 0, atol=1e-12)
    assert_allclose((driven**2).mean(-1), 1, rtol=1e-3)


@pytest.mark.parametrize("room", ROOMS)
def test_a_shut_gate_learns_to_open_before_the_branch_learns(room: str) -> None:
    one, kinds = ROOMS[room], ROOM[room]
    linear = one.layers.Linear(3, 3, rng=np.random.default_rng(19))
    block = one.models.Residual(linear, kinds.Gate())
    x, dy = np.random.default_rng(20).standard_normal((2, 5, 3))
    assert_array_equal(np.asarray(block.forward(one.number(x), True)), x)
    assert_array_equal(np.asarray(block.backward(one.number(dy))), dy)
    grads = {name: np.asarray(g) for name, g in block.grads.items()}
    assert not grads["0.weight"].any() and not grads["0.bias"].any()
    right = dy * (x @ np.asarray(linear.params["weight"]).T + np.asarray(linear.params["bias"]))
    assert_allclose(grads["1.alpha"], [right.sum()], rtol=1e-12)
    assert abs(right.sum()) > 0.1


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_in_training_and_in_use_they_do_the_same(kind) -> None:
    x = np.random.default_rng(21).standard_normal((4, 3, 6))
    layer = kind(6)
    assert_array_equal(layer.forward(x, training=True), layer.forward(x))
    assert not layer.buffers
