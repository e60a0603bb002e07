"""Initializers: the arithmetic to twelve digits, the runs, and whole models, in both rooms."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from harness import relative
from networks import NETWORKS, ROOMS, SCRATCH, TWIN, Room
from torch.nn import init as oracle

from dlcourse.reference import initialization as twin
from dlcourse.scratch import initialization as ours

MODULES = {"scratch": ours, "reference": twin}
SHAPES = [(7, 7), (3, 5), (64, 10), (5, 1), (8, 4, 3), (6, 2, 3, 5), (2, 3, 1, 2, 2)]
NAMES = ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose2d", "sigmoid", "tanh", "relu"]
NAMES += ["conv_transpose1d", "conv_transpose3d", "leaky_relu", "selu"]
DRAWS: dict[str, dict[str, Any]] = {
    "normal": {"std": 0.1},
    "truncated_normal": {"a": -1.0, "b": 0.5},
    "uniform": {},
    "xavier_normal": {},
    "xavier_uniform": {"gain": 2.0},
    "kaiming_normal": {"a": 0.1},
    "kaiming_uniform": {"mode": "fan_out"},
    "orthogonal": {"gain": 0.7},
}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-12)


# The arithmetic.
@pytest.mark.parametrize("shape", SHAPES)
def test_fans_are_those_of_torch(shape: tuple[int, ...]) -> None:
    theirs = oracle._calculate_fan_in_and_fan_out(torch.empty(shape))
    assert ours.fan_in_and_fan_out(shape) == theirs == twin.fan_in_and_fan_out(list(shape))


@pytest.mark.parametrize("name", NAMES)
def test_gains_are_those_of_torch(name: str) -> None:
    for param in (None, 0.0, 0.01, 0.3, -2.0) if name == "leaky_relu" else (None,):
        theirs = oracle.calculate_gain(name, param)
        assert close(ours.calculate_gain(name, param), theirs)
        assert close(twin.calculate_gain(name, param), theirs)


@pytest.mark.parametrize("shape", SHAPES)
def test_scales_are_what_torch_draws_from(shape: tuple[int, ...]) -> None:
    for gain in (1.0, 5 / 3):
        assert close(ours.xavier_std(shape, gain), twin.xavier_std(shape, gain))
    for mode in ("fan_in", "fan_out"):
        for a in (0.0, 0.3, math.sqrt(5)):
            assert close(ours.kaiming_std(shape, a, mode), twin.kaiming_std(shape, a, mode))
        for name in NAMES:
            law = {"mode": mode, "nonlinearity": name}
            assert close(ours.kaiming_std(shape, **law), twin.kaiming_std(shape, **law))


@pytest.mark.parametrize("shape", SHAPES)
def test_bounds_are_what_torch_draws_between(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[float, float]] = []

    def overhear(tensor: Any, a: float, b: float, generator: Any = None) -> Any:
        heard.append((a, b))
        return tensor

    monkeypatch.setattr(torch.Tensor, "uniform_", overhear)
    oracle.kaiming_uniform_(torch.empty(shape), a=0.3)
    oracle.xavier_uniform_(torch.empty(shape), gain=2.0)
    for module in MODULES.values():
        stds = module.kaiming_std(shape, 0.3), module.xavier_std(shape, 2.0)
        for (low, high), std in zip(heard, stds, strict=True):
            assert close(module.uniform_bound(std), high) and low == -high


TALL_AND_WIDE = [(4, 4), (7, 3), (3, 7), (5, 1), (1, 5), (4, 2, 3), (12, 2, 2, 2)]


@pytest.mark.parametrize("shape", TALL_AND_WIDE)
def test_orthogonal_is_torchs_of_the_same_gaussian_matrix(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = shape[0], math.prod(shape[1:])
    w, gaussian = ours.orthogonal(shape, rng(), gain=1.5), ours.normal(flat, rng())
    same = torch.tensor(gaussian)
    assert relative(ours.orthonormal(gaussian), twin.orthonormal(same)) < 1e-11
    monkeypatch.setattr(torch.Tensor, "normal_", lambda theirs, *_, **__: theirs.copy_(same))
    theirs = oracle.orthogonal_(torch.empty(shape, dtype=torch.float64), gain=1.5)
    assert relative(w, theirs) < 1e-12


@pytest.mark.parametrize("room", MODULES)
@pytest.mark.parametrize("shape", [*TALL_AND_WIDE, (6, 2, 3, 3), (40, 2, 3, 3)])
def test_rows_or_columns_are_orthonormal(shape: tuple[int, ...], room: str) -> None:
    w = np.asarray(MODULES[room].orthogonal(shape, rng(), gain=3.0, runs=2))
    w = w.reshape(2, shape[0], -1)
    few = w @ w.mT if w.shape[1] <= w.shape[2] else w.mT @ w
    assert np.abs(few / 9 - np.eye(min(w.shape[1:]))).max() < 1e-12
    if w.shape[1] != w.shape[2]:  # and not the other ones, of which there are too many
        many = w.mT @ w if w.shape[1] < w.shape[2] else w @ w.mT
        assert np.abs(many / 9 - np.eye(max(w.shape[1:]))).max() > 0.1


@pytest.mark.parametrize("shape", SHAPES)
def test_weights_without_chance_are_those_of_torch(shape: tuple[int, ...]) -> None:
    for runs in (None, 3):
        for name, args in (("zeros", ()), ("constant", (-0.3,)), ("identity", ())):
            w, theirs = (getattr(m, name)(shape, *args, runs=runs) for m in (ours, twin))
            assert relative(w, theirs) == 0.0
    w = ours.identity(shape)
    assert w.sum() == min(shape[:2])


# Runs, precision, chance.
@pytest.mark.parametrize("room", MODULES)
@pytest.mark.parametrize("name", DRAWS)
def test_a_run_is_the_single_draw_by_its_generator(name: str, room: str) -> None:
    draw = partial(getattr(MODULES[room], name), (6, 2, 3), **DRAWS[name])
    many = np.asarray(draw(rng=[rng(4), rng(5), rng(4)], runs=3))
    assert many.shape == (3, 6, 2, 3)
    for w, seed in zip(many, (4, 5, 4), strict=True):
        assert (w == np.asarray(draw(rng=rng(seed)))).all()
    assert abs(many[0] - many[1]).min() > 1e-9, "no entry is shared"
    spawned = np.asarray(draw(rng=rng(7), runs=2))
    children = rng(7).spawn(2)
    assert (spawned[1] == np.asarray(draw(rng=children[1]))).all()
    one = rng(1)
    alike = np.asarray(draw(rng=[one, one], runs=2))
    assert (alike[0] == alike[1]).all()


@pytest.mark.parametrize("room", MODULES)
@pytest.mark.parametrize("name", [*DRAWS, "zeros", "identity"])
def test_precision_is_what_was_asked_for(name: str, room: str) -> None:
    draw = partial(getattr(MODULES[room], name), **DRAWS.get(name, {}))
    for kind in (np.float32, np.float64):
        for runs in (None, 2):
            w = draw((4, 4), rng=rng(), runs=runs, dtype=kind)
            assert np.asarray(w).dtype == kind
    wide, narrow = (np.asarray(draw((9, 9), rng=rng(), dtype=k)) for k in (np.float64, np.float32))
    if room == "scratch":
        assert (wide.astype(np.float32) == narrow).all(), "one draw, rounded"


def test_no_global_chance_is_touched() -> None:
    states = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002
    for module in MODULES.values():
        for name, settings in DRAWS.items():
            getattr(module, name)((3, 4), rng(), **settings)
    assert (np.random.get_state()[1] == states[0]).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), states[1])


@pytest.mark.parametrize("room", MODULES)
def test_what_needs_no_chance_takes_none(room: str) -> None:
    module, one = MODULES[room], rng(3)
    module.zeros((2, 2), one)
    module.identity((2, 2), one, runs=2)
    module.constant((2, 2), 1.0, rng=one)
    assert one.random() == rng(3).random()


# Whole models.
def made(room: Room, init: Any, runs: int | None = None, seed: int = 0, **kwargs: Any) -> Any:
    return room.models.MLP([5, 4, 4, 3], rng(seed), "tanh", runs, init=init, **kwargs)


@pytest.mark.parametrize("runs", [None, 3])
@pytest.mark.parametrize("name", [*DRAWS, "zeros", "identity"])
def test_both_rooms_make_the_same_model(name: str, runs: int | None) -> None:
    init = partial(getattr(ours, name), **DRAWS.get(name, {}))
    mine, other = (made(room, init, runs) for room in (SCRATCH, TWIN))
    assert (mine.theta == other.theta.numpy()).all()
    for key, p in mine.params.items():
        assert (p == 0).all() if key.endswith("bias") else p.shape[-2:] == mine.shapes[key]
    plain = made(SCRATCH, None, runs)
    assert abs(plain.params["0.bias"]).min() > 0, "PyTorch's own are not 0"
    assert abs(plain.theta - mine.theta).max() > 0.01


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("runs", [None, 2])
def test_a_model_is_drawn_layer_by_layer_by_the_generator_of_its_run(
    runs: int | None, room: str
) -> None:
    module, init = MODULES[room], MODULES[room].kaiming_normal
    model, one = made(ROOMS[room], init, runs), rng()
    generators = [one] if runs is None else one.spawn(runs)
    for key, shape in model.shapes.items():
        if len(shape) == 2:
            w = np.stack([np.asarray(init(shape, g)) for g in generators])
            assert (np.asarray(model.params[key]) == (w[0] if runs is None else w)).all()
    again = made(ROOMS[room], None, runs, seed=9)
    module.initialize(again, init, rng())
    assert (np.asarray(again.theta) == np.asarray(model.theta)).all()


@pytest.mark.parametrize("room", ROOMS)
def test_a_model_of_one_precision_stays_in_it(room: str) -> None:
    model = made(ROOMS[room], ours.orthogonal, dtype=np.float32)
    assert np.asarray(model.theta).dtype == np.float32
    MODULES[room].initialize(model, ours.normal, rng())
    assert np.asarray(model.theta).dtype == np.float32


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_redrawn(name: str, runs: int | None) -> None:
    mine, other = (NETWORKS[name](room, runs) for room in (SCRATCH, TWIN))
    before = mine.theta
    ours.initialize(mine, ours.xavier_uniform, rng(3))
    twin.initialize(other, ours.xavier_uniform, rng(3))
    assert mine.theta is before, "in place"
    assert (mine.theta == other.theta.numpy()).all()
    for key, shape in mine.shapes.items():
        p, bound = mine.params[key], 0.0
        if len(shape) > 1:
            bound = ours.uniform_bound(ours.xavier_std(shape))
            assert 0.8 * bound < abs(p).max()
        assert abs(p).max() <= bound
