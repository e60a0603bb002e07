"""Batch, group and instance norm over fifty steps: beside PyTorch, in both rooms, of runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from devices import DEVICES
from harness import relative
from networks import ROOMS, SCRATCH
from test_normalization_sample import ROOM

from dlcourse.scratch.normalization import BatchNorm, GroupNorm, InstanceNorm

MODULES = {
    "1d": (torch.nn.BatchNorm1d, (7, 6)),
    "2d": (torch.nn.BatchNorm2d, (4, 6, 3, 2)),
    "group": (torch.nn.GroupNorm, (4, 6, 3, 2)),
    "group of features": (torch.nn.GroupNorm, (7, 6)),
    "instance": (torch.nn.InstanceNorm2d, (4, 6, 3, 2)),
}


def network(kind: str, ours: Any, affine: bool) -> tuple[Any, torch.nn.Module]:
    """Something to learn before a norm and after it, in NumPy and of PyTorch's own modules.

    Without a bias before the norm, which takes it away: Adam would walk along its rounding errors.
    """
    rng, layers = np.random.default_rng(1), SCRATCH.layers
    module, shape = MODULES[kind]
    more = [1] if len(shape) == 4 else []
    kinds = [layers.Conv2d, torch.nn.Conv2d] if more else [layers.Linear, torch.nn.Linear]
    before, after = (kinds[0](6, out, *more, bias=out < 6, rng=rng) for out in (6, 3))
    theirs = [kinds[1](6, out, *more, bias=out < 6) for out in (6, 3)]
    given = {"eps": ours.eps, "affine": affine}
    given |= {"momentum": ours.momentum} if isinstance(ours, BatchNorm) else {}
    norm = module(*([2] if module is torch.nn.GroupNorm else []), 6, **given)
    model = SCRATCH.models.Sequential(before, ours, layers.Tanh(), after)
    their = torch.nn.Sequential(theirs[0], norm, torch.nn.Tanh(), theirs[1]).double()
    state = {k: torch.tensor(v) for k, v in model.state_dict().items()}
    their.load_state_dict(state)  # by PyTorch's names, all of them
    return model, their


CHOICES = [
    *(("1d", m, a) for m in (0.1, 0.3, None) for a in (True, False)),
    *(("2d", m, a) for m in (0.3, None) for a in (True, False)),
    *((kind, 0.1, a) for kind in ("group", "group of features", "instance") for a in (True, False)),
]


@pytest.mark.parametrize(("kind", "momentum", "affine"), CHOICES)
def test_fifty_steps_beside_pytorchs_module(kind: str, momentum: Any, affine: bool) -> None:
    if kind.endswith("d"):
        ours: Any = BatchNorm(6, 0.01, momentum, affine)
    elif kind == "instance":
        ours = InstanceNorm(6, 0.01, affine)
    else:
        ours = GroupNorm(2, 6, 0.01, affine)
    model, their = network(kind, ours, affine)
    adam = SCRATCH.optimizers.Adam(model.theta, lr=0.02)
    theirs, start = torch.optim.Adam(their.parameters(), lr=0.02), model.state_dict()
    rng = np.random.default_rng(2)
    for step in range(50):
        n, *rest = MODULES[kind][1]
        x = 2 * rng.standard_normal((n - step % 2, *rest)) + 0.5 + step / 50
        tx = torch.tensor(x, requires_grad=True)
        y, ty = model.forward(x, training=True), their(tx)
        assert relative(y, ty.detach()) < 1e-10
        (torch.log(torch.cosh(ty - 1)) * torch.sin(3 * ty.detach())).sum().backward()
        assert relative(model.backward(np.tanh(y - 1) * np.sin(3 * y)), tx.grad) < 1e-10
        for (name, grad), p in zip(model.grads.items(), their.parameters(), strict=True):
            assert relative(grad, p.grad) < 1e-10, name
        adam.step(model.grad)
        theirs.step()
        theirs.zero_grad()
        for name, value in their.state_dict().items():
            assert relative(model.state_dict()[name], value) < 1e-10, name
    their.eval()
    x = np.random.default_rng(3).standard_normal(x.shape)
    assert relative(model.forward(x), their(torch.tensor(x)).detach()) < 1e-10
    for name, value in model.state_dict().items():
        assert (value != start[name]).all(), f"{name} never moved"


@pytest.mark.parametrize("momentum", [0.3, None])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(5, 4), (3, 4, 2, 2)])
def test_fifty_steps_of_runs_in_both_rooms(shape: tuple, affine: bool, momentum: Any) -> None:
    """And each run, with its own state, is the model that it would be alone."""
    models, steps, rng = {}, {}, np.random.default_rng(4)
    settings = {"momentum": momentum, "affine": affine}

    def made(room: str, runs: int | None, rngs: Any) -> Any:
        one, norm = ROOMS[room], ROOM[room].BatchNorm(4, runs=runs, **settings)
        kind = one.layers.Linear if len(shape) == 2 else one.layers.Conv2d
        more = [] if len(shape) == 2 else [1]
        given = {"rng": rngs, "runs": runs}
        first, last = (kind(4, 4, *more, bias=b, **given) for b in (False, True))
        return one.models.Sequential(first, norm, one.layers.Tanh(), last)

    for room in ROOMS:
        models[room] = made(room, 3, [np.random.default_rng(s) for s in range(3)])
    models["alone"] = made("scratch", None, np.random.default_rng(1))
    rooms = {**ROOMS, "alone": SCRATCH}
    for name, model in models.items():
        steps[name] = rooms[name].optimizers.Adam(model.theta, lr=0.02)
    for _ in range(50):
        x = rng.standard_normal((3, *shape)) + np.arange(3).reshape(3, *[1] * len(shape))
        for name, model in models.items():
            y = model.forward(rooms[name].number(x[1] if name == "alone" else x), training=True)
            model.backward(y - 1 / (1 + y * y))
            steps[name].step(model.grad)
    states = {name: model.state_dict() for name, model in models.items()}
    for name, ours in states["scratch"].items():
        assert relative(ours, states["reference"][name]) < 1e-10, name
        assert relative(ours[1], states["alone"][name]) < 1e-10, name
        if "tracked" not in name:
            assert abs(np.diff(ours, axis=0)).max() > 0.01, "the runs are alike"
    for x in (rng.standard_normal(shape), rng.standard_normal((3, *shape))):
        y, ty = (models[k].forward(ROOMS[k].number(x)) for k in ROOMS)
        assert y.shape == (3, *shape)
        assert relative(y, ty) < 1e-10


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(5, 4), (1, 5, 4), (3, 4, 2, 2), (1, 3, 4, 2, 2)])
def test_inputs_that_all_runs_share(shape: tuple, affine: bool, training: bool) -> None:
    x = np.random.default_rng(5).standard_normal(shape)
    found = []
    for room in ROOMS:
        layer = ROOM[room].BatchNorm(4, affine=affine, runs=3)
        mean, var = np.random.default_rng(6).uniform(1, 2, (2, 3, 4))
        layer.load_state_dict({**layer.state_dict(), "running_mean": mean, "running_var": var})
        y = layer.forward(ROOMS[room].number(x), training)
        assert y.shape == (3, *shape[-2 if len(shape) < 4 else -4 :])
        dy = np.random.default_rng(7).standard_normal(y.shape)
        dx = np.asarray(layer.backward(ROOMS[room].number(dy)))
        dx = dx.sum(0).reshape(shape) if dx.shape != shape else dx
        found.append([y, dx, *layer.grads.values(), *layer.buffers.values()])
    for a, b in zip(*found, strict=True):
        assert relative(a, b) < 1e-13


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", ["BatchNorm", "GroupNorm", "InstanceNorm"])
@pytest.mark.parametrize("runs", [None, 2])
def test_the_twins_on_every_device(kind: str, runs: int | None, device: str) -> None:
    given = {"BatchNorm": (4, 0.01, 0.3), "GroupNorm": (2, 4), "InstanceNorm": (4, 0.01, True)}[
        kind
    ]
    ours = getattr(ROOM["scratch"], kind)(*given, runs=runs)
    twin = getattr(ROOM["reference"], kind)(*given, runs=runs, device=device)
    rng, shape = np.random.default_rng(8), (5, 4, 3, 2) if runs is None else (runs, 5, 4, 3, 2)
    for training in (True, True, False):
        x, dy = rng.standard_normal((2, *shape))
        y, ty = ours.forward(x, training), twin.forward(torch.tensor(x, device=device), training)
        dx, tdx = ours.backward(dy), twin.backward(torch.tensor(dy, device=device))
        pairs = [(y, ty), (dx, tdx), *zip(ours.grads.values(), twin.grads.values(), strict=True)]
        for a, b in (*pairs, *zip(ours.buffers.values(), twin.buffers.values(), strict=True)):
            assert b.device.type == device
            assert relative(a, b.cpu()) < 1e-10


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize(("mine", "given"), [("float32", "float64"), ("float64", "float32")])
def test_running_values_of_two_precisions(mine: str, given: str, runs: int | None) -> None:
    """In the layer's precision, whatever the batch has."""
    x = np.random.default_rng(9).standard_normal((5, 4) if runs is None else (runs, 5, 4)) + 2
    found = []
    for room in ROOMS:
        layer = ROOM[room].BatchNorm(4, momentum=0.3, dtype=mine, runs=runs)
        for _ in range(2):
            y = layer.forward(ROOMS[room].number(x.astype(given)), training=True)
        assert str(y.dtype).endswith("float64")
        assert str(layer.running_mean.dtype).endswith(mine)
        found.append([y, layer.forward(ROOMS[room].number(x)), *layer.buffers.values()])
    for a, b in zip(*found, strict=True):
        assert relative(a, b) < 1e-6
    assert abs(found[0][2]).min() > 0.5
