"""Models that take weights from others or that are refused some; signals through drawn networks."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
from devices import DEVICES
from harness import relative
from networks import NETWORKS, ROOMS, SCRATCH, TWIN, Room
from test_initialization import DRAWS, MODULES, rng

from dlcourse.reference import initialization as twin
from dlcourse.scratch import initialization as ours
from dlcourse.scratch.layers import relu


def mlp(room: Room, *sizes: int, seed: int = 0, **kwargs: Any) -> Any:
    return room.models.MLP(sizes, rng(seed), **kwargs)


def copied(model: Any) -> np.ndarray:
    return np.asarray(model.theta).copy()


@pytest.mark.parametrize("room", ROOMS)
def test_all_parameters_are_copied_by_name(room: str) -> None:
    model, donor = mlp(ROOMS[room], 4, 3, 2), mlp(ROOMS[room], 4, 3, 2, seed=1)
    assert MODULES[room].transfer(model, donor) == ("0.weight", "0.bias", "2.weight", "2.bias")
    assert (copied(model) == copied(donor)).all()
    kept = copied(donor)
    model.theta[:] = 7.0
    assert (copied(donor) == kept).all(), "a copy, no view"


@pytest.mark.parametrize("room", ROOMS)
def test_only_the_named_ones_are_copied(room: str) -> None:
    model, donor = mlp(ROOMS[room], 4, 3, 2), mlp(ROOMS[room], 4, 3, 5, seed=1)
    before = copied(model)
    assert MODULES[room].transfer(model, donor, ["0.bias", "0.weight"]) == ("0.bias", "0.weight")
    after, part = copied(model), slice(0, model.slices["0.bias"].stop)
    assert (after[part] == copied(donor)[part]).all()
    assert (after[part.stop :] == before[part.stop :]).all()
    assert abs(after[part] - before[part]).min() > 1e-9
    assert MODULES[room].transfer(model, donor, []) == ()


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(("mine", "theirs"), [(3, 3), (3, None), (3, 1), (None, 1)])
def test_a_donor_has_as_many_runs_or_one_for_all(mine: Any, theirs: Any, room: str) -> None:
    model, donor = (mlp(ROOMS[room], 4, 3, seed=s, runs=r) for s, r in ((0, mine), (1, theirs)))
    MODULES[room].transfer(model, donor)
    assert (copied(model) == np.broadcast_to(copied(donor).squeeze(), model.theta.shape)).all()
    if theirs == 3:
        assert abs(copied(model)[0] - copied(model)[1]).min() > 1e-9


@pytest.mark.parametrize("room", ROOMS)
def test_weights_cross_from_one_precision_to_the_other(room: str) -> None:
    model, donor = mlp(ROOMS[room], 4, 3, dtype=np.float32), mlp(ROOMS[room], 4, 3, seed=1)
    MODULES[room].transfer(model, donor)
    assert (copied(model) == copied(donor).astype(np.float32)).all()


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_every_family_can_give(name: str) -> None:
    for room, module in ((SCRATCH, MODULES["scratch"]), (TWIN, MODULES["reference"])):
        model, donor = NETWORKS[name](room, 2), NETWORKS[name](room, seed=1)
        assert module.transfer(model, donor) == tuple(model.shapes)
        assert (copied(model) == copied(donor)).all()


def third_is_wrong(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return np.full(shape, 5.0 if shape != (2, 3) else np.nan)


@pytest.mark.parametrize("room", ROOMS)
def test_a_refused_change_changes_nothing(room: str) -> None:
    model, donor = mlp(ROOMS[room], 4, 3, 2), mlp(ROOMS[room], 4, 3, 5, seed=1)
    before = copied(model)
    with pytest.raises(ValueError, match="finite numbers; got nan"):
        MODULES[room].initialize(model, third_is_wrong, rng())
    assert (copied(model) == before).all()
    with pytest.raises(ValueError, match=r"2\.weight is shaped"):
        MODULES[room].transfer(model, donor)
    assert (copied(model) == before).all()


@pytest.mark.parametrize("room", ROOMS)
def test_runs_that_share_a_generator_share_their_weights(room: str) -> None:
    one, other = rng(1), rng(2)
    model = ROOMS[room].models.MLP([4, 3, 2], [one, one, other], runs=3, init=ours.normal)
    theta = copied(model)
    assert (theta[0] == theta[1]).all() and (theta[0] != theta[2]).any()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", [*DRAWS, "zeros", "identity"])
def test_the_twin_draws_on_any_device(name: str, device: str) -> None:
    settings = DRAWS.get(name, {})
    draw = partial(getattr(twin, name), device=device, **settings)
    w = draw((64, 32), rng=rng(), runs=2)
    assert w.device.type == device and w.shape == (2, 64, 32)
    assert (w == draw((64, 32), rng=rng(), runs=2)).all(), "the same seed, the same weights"
    theirs = getattr(ours, name)((64, 32), rng=rng(), runs=2, **settings)
    assert float(w.std()) == pytest.approx(theirs.std(), rel=0.1)
    model = mlp(TWIN, 32, 64, device=device, init=draw)
    assert model.theta.device.type == device
    for init in (ours.kaiming_normal, partial(twin.kaiming_normal, device=device)):
        before = model.theta.clone()
        twin.initialize(model, init, rng(5))
        assert (model.params["0.weight"] != before[: 64 * 32].reshape(64, 32)).all()


# What the scales are for, over ten layers of 64 units and 200 networks.
def growth(init: Any, activation: Any, depth: int = 10, runs: int = 200) -> float:
    """The factor a layer by which the mean square of the signal grows."""
    one = rng(5)
    h = one.normal(size=(runs, 1, 64))
    start = (h**2).mean()
    for _ in range(depth):
        h = activation(h @ init((64, 64), one, runs=runs).mT)
    return float(((h**2).mean() / start) ** (1 / depth))


def rectified(x: np.ndarray) -> np.ndarray:
    return relu(x)[0]


def test_each_scale_keeps_the_signal_it_is_made_for() -> None:
    linear = partial(ours.kaiming_normal, nonlinearity="linear")
    assert growth(ours.kaiming_normal, rectified) == pytest.approx(1.0, abs=0.03)
    assert growth(ours.kaiming_uniform, rectified) == pytest.approx(1.0, abs=0.03)
    assert growth(ours.xavier_normal, rectified) == pytest.approx(0.5, abs=0.03)
    assert growth(linear, np.array) == pytest.approx(1.0, abs=0.03)
    default = partial(ours.kaiming_uniform, a=math.sqrt(5))  # PyTorch's own, for linear layers
    assert growth(default, np.array) == pytest.approx(1 / 3, abs=0.02)
    assert growth(default, rectified) == pytest.approx(1 / 6, abs=0.01)


def test_orthogonal_layers_keep_every_length_and_angle() -> None:
    x = rng(1).normal(size=(5, 16))
    y = x
    for seed in range(40):
        y = y @ ours.orthogonal((16, 16), rng(seed)).T
    assert relative(y @ y.T, x @ x.T) < 1e-12
    z = x @ ours.xavier_normal((16, 16), rng(0)).T
    assert relative(z @ z.T, x @ x.T) > 0.1
