"""What an optimizer or clipping takes in is checked first, alike in both rooms."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

from dlcourse import training
from dlcourse.reference import optimizers as twins
from dlcourse.scratch import optimizers
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import MLP

ROOMS = pytest.mark.parametrize("room", [optimizers, twins], ids=["scratch", "reference"])
RATES = np.array([[0.1], [0.5]])


def to(room: Any, values: Any, dtype: str = "float64") -> Any:
    array = np.array(values, dtype)
    return torch.tensor(array) if room is twins else array


def start(room: Any) -> Any:
    return to(room, [[1.0, -2.0, 3.0], [0.5, 4.0, -6.0]])


def gradient(room: Any, step: int) -> Any:
    return to(room, np.random.default_rng(step).standard_normal((2, 3)))


def moved(p: Any) -> list[Any]:
    return training.as_numpy(p).tolist()


@ROOMS
@pytest.mark.parametrize("dtype", ["float16", "int64", "complex128", "bool"])
def test_other_precisions_are_refused(room: Any, dtype: str) -> None:
    with pytest.raises(TypeError, match=r"params\[1\] must be a .* of float64 or float32; got "):
        room.Adam([to(room, [1.0]), to(room, [1, 0], dtype)])
    with pytest.raises(TypeError, match=r"grads\[0\] must be a.* of float64 or float32; got "):
        room.clip_grad_norm(to(room, [1, 0], dtype), 1.0)
    with pytest.raises(TypeError, match=r"grads\[0\] must be a.* of float64 or float32; got "):
        room.clip_grad_value(to(room, [1, 0], dtype), 1.0)


@pytest.mark.parametrize(
    "array",
    [np.ones((2, 2)).view(np.matrix), np.ma.array([1.0]), np.ones(1, ">f8"), np.ones(1, "g")],
)
def test_arrays_with_rules_of_their_own_are_refused(array: Any) -> None:
    with pytest.raises(TypeError, match=r"params\[0\] must be a NumPy array of float64 or float32"):
        optimizers.SGD(array)


@ROOMS
def test_memory_is_updated_once(room: Any) -> None:
    whole = start(room)
    for pair in ([whole, whole], [whole, whole[:1]], [whole[1:], whole]):
        with pytest.raises(ValueError, match=r"params\[1\] must be in memory of its own"):
            room.SGD(pair, lr=0.1)
    room.SGD([whole[:1], whole[1:]], lr=1.0).step([whole[:1] * 0 + 1, whole[1:] * 0 + 2])
    assert moved(whole) == [[0.0, -3.0, 2.0], [-1.5, 2.0, -8.0]]


@ROOMS
@pytest.mark.parametrize(("huge", "shown"), [(1e39, r"1e\+39"), (-1e300, r"-1e\+300")])
def test_a_gradient_is_checked_in_the_precision_of_its_parameter(room, huge, shown) -> None:
    theta, other = to(room, [1.0, 2.0], "float32"), to(room, [3.0])
    optimizer = room.Adam([other, theta], lr=0.1)
    optimizer.step([to(room, [1.0]), to(room, [1.0, -1.0])])
    kept, saved = [moved(other), moved(theta)], optimizer.state_dict()
    with pytest.raises(
        ValueError, match=rf"grads\[1\] must be finite at step 2 in float32; got {shown}"
    ):
        optimizer.step([to(room, [1.0]), to(room, [1.0, huge])])
    assert [moved(other), moved(theta)] == kept
    after = optimizer.state_dict()
    assert (after["t"], after["hyper"]) == (1, saved["hyper"])
    for a, b in zip(after["state"], saved["state"], strict=True):
        assert {k: moved(v) for k, v in a.items()} == {k: moved(v) for k, v in b.items()}


@pytest.mark.parametrize("kinds", [("float32", "float64"), ("float64", "float32")])
def test_mixed_precisions_walk_alike(kinds: tuple[str, str]) -> None:
    found = []
    for room in (optimizers, twins):
        params = [to(room, [[1.0], [2.0]], kind) for kind in kinds]
        optimizer = room.AdamW(params, lr=RATES, weight_decay=RATES)
        for step in range(5):
            draws = np.random.default_rng(step).standard_normal((2, 2, 1))
            optimizer.step([to(room, g, k) for g, k in zip(draws, reversed(kinds), strict=True)])
        found.append([training.as_numpy(p) for p in params])
        assert [str(p.dtype) for p in found[-1]] == list(kinds)
    for kind, a, b in zip(kinds, *found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13 if kind == "float64" else 1e-6)


@ROOMS
def test_a_rate_beyond_the_precision_is_refused(room: Any) -> None:
    for lr in (1e39, np.array([[0.1], [1e39]])):
        with pytest.raises(ValueError, match="lr must be finite in float32; got"):
            room.SGD(to(room, [[1.0], [2.0]], "float32"), lr=lr)
    room.SGD(to(room, [1.0]), lr=1e39)


@ROOMS
def test_a_saved_state_keeps_its_own_hyper_parameters(room: Any) -> None:
    held = {"lr": RATES.copy(), "betas": (RATES.copy(), 0.9), "eps": RATES.copy()}
    theta = start(room)
    optimizer = room.Adam(theta, **held)
    optimizer.step(gradient(room, 0))
    saved, kept = optimizer.state_dict(), moved(theta)
    for array in (held["lr"], held["betas"][0], optimizer.lr, optimizer.betas[0]):
        array *= 0.0  # neither what was given nor what is read is what is held
    optimizer.lr *= 0.5
    optimizer.eps *= 0.5
    np.testing.assert_array_equal(optimizer.lr, RATES / 2)
    optimizer.load_state_dict(saved)
    saved["hyper"]["lr"] *= 7.0
    optimizer.step(gradient(room, 1))
    again = to(room, kept)
    fresh = room.Adam(again, RATES, (RATES, 0.9), RATES)
    fresh.load_state_dict({**saved, "hyper": fresh.state_dict()["hyper"]})
    fresh.step(gradient(room, 1))
    assert moved(theta) == moved(again)


@ROOMS
@pytest.mark.parametrize("second", ["raise", -1.0, np.nan, np.ones(2), np.ones((3, 1)), "0.1"])
def test_a_schedule_that_fails_moves_nothing(room: Any, second: Any) -> None:
    failing = [True]

    def rate(step: int) -> Any:
        if step == 1 and failing[0]:
            if isinstance(second, str) and second == "raise":
                raise OSError("torn")
            return second
        return 0.1

    theta, whole = start(room), start(room)
    optimizer, other = room.Adam(theta, lr=rate), room.Adam(whole, lr=0.1)
    for step in range(3):
        if step == 1:
            kept, saved = moved(theta), optimizer.state_dict()
            with pytest.raises((OSError, ValueError, TypeError), match=r"torn|lr must be"):
                optimizer.step(gradient(room, 1))
            assert (moved(theta), optimizer.t) == (kept, 1)
            assert moved(optimizer.state[0]["v"]) == moved(saved["state"][0]["v"])
            failing[0] = False
        optimizer.step(gradient(room, step))
        other.step(gradient(room, step))
    assert moved(theta) == moved(whole)


@ROOMS
def test_a_state_from_before_the_first_step_is_a_fresh_start(room: Any) -> None:
    theta, whole = to(room, [1.0]), to(room, [1.0])
    settings = {"lr": 1.0, "momentum": 0.9, "dampening": 0.5}
    optimizer, other = room.SGD(theta, **settings), room.SGD(whole, **settings)
    optimizer.load_state_dict(optimizer.state_dict())
    for g in (1.0, 2.0):
        optimizer.step(to(room, [g]))
        other.step(to(room, [g]))
        assert moved(theta) == moved(whole)
    np.testing.assert_allclose(moved(theta), -0.9 * 1.0 - 0.5 * 2.0, rtol=1e-15)
    forged = {**optimizer.state_dict(), "t": 0}
    with pytest.raises(ValueError, match="must be zero before the first step"):
        optimizer.load_state_dict(forged)
    assert optimizer.t == 2


CHANGES = {
    "SGD": ({"momentum": 0.5, "dampening": 0.2}, {"momentum": RATES, "dampening": 0.7}),
    "RMSprop ": ({"centered": True}, {"alpha": 0.5, "eps": RATES}),
    "SGD ": ({"momentum": 0.5, "nesterov": True}, {"momentum": 0.7, "weight_decay": RATES}),
    "Adagrad": ({}, {"eps": RATES}),
    "RMSprop": ({"momentum": 0.5}, {"alpha": RATES, "eps": 0.1, "momentum": RATES}),
    "Adadelta": ({}, {"rho": RATES, "eps": RATES}),
    "Adam": ({}, {"betas": (RATES, 0.5), "eps": 0.1, "weight_decay": RATES}),
    "AdamW": ({}, {"betas": [0.5, RATES], "eps": 0.1, "weight_decay": RATES}),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_hyper_parameters_set_between_steps_act_in_both_rooms(kind: str) -> None:
    built, changes = CHANGES[kind]
    for change in [{}, *({name: value} for name, value in changes.items())]:
        found = []
        for room in (optimizers, twins):
            theta = start(room)
            optimizer = getattr(room, kind.strip())(theta, lr=0.1, **built)
            for step in range(6):
                if step == 3:
                    for name, value in change.items():
                        setattr(optimizer, name, value)
                optimizer.step(gradient(room, step))
            found.append(training.as_numpy(theta))
        if not change:
            unchanged = found[0]
        np.testing.assert_allclose(*found, rtol=1e-12)
        assert change == {} or not np.allclose(found[0], unchanged)


SWITCH = "must be 0 where it was 0, and only there; got .* build a new optimizer"
REFUSED = [
    ("SGD", {"momentum": 0.5}, "momentum", 1.5, r"momentum must be in \[0, 1\]; got 1\.5"),
    ("SGD", {"momentum": 0.5}, "momentum", 0.0, SWITCH),
    ("SGD", {}, "momentum", 0.9, SWITCH),
    ("SGD", {"momentum": 0.5, "nesterov": True}, "dampening", 0.5, SWITCH),
    ("SGD", {"momentum": RATES}, "momentum", np.array([[0.0], [0.5]]), SWITCH),
    ("SGD", {}, "weight_decay", -3, r"weight_decay must be finite and >= 0; got -3"),
    ("SGD", {"momentum": 0.5}, "nesterov", True, "nesterov must be set once; got True"),
    ("SGD", {}, "lr", "0.1", "lr must be a number"),
    ("SGD", {}, "lr", np.ones(2), r"lr must be a number or an array \(2, 1\)"),
    ("Adam", {}, "betas", (0.9, 1.0), r"betas\[1\] must be in \[0, 1\); got 1\.0"),
    ("Adam", {}, "betas", 0.9, "betas must be a pair"),
    ("Adam", {}, "eps", np.nan, "eps must be finite and >= 0; got nan"),
    ("Adam", {}, "amsgrad", True, "amsgrad must be set once"),
    ("AdamW", {}, "weight_decay", -3, "weight_decay must be finite and >= 0; got -3"),
    ("Adagrad", {}, "eps", -1.0, "eps must be finite and >= 0"),
    ("RMSprop", {}, "alpha", 1.0, r"alpha must be in \[0, 1\); got 1\.0"),
    ("RMSprop", {}, "momentum", 0.5, SWITCH),
    ("RMSprop", {}, "centered", True, "centered must be set once"),
    ("Adadelta", {}, "rho", np.ones((2, 1)), r"rho must be in \[0, 1\); got 1\.0"),
]  # fmt: skip


@ROOMS
@pytest.mark.parametrize(("kind", "built", "name", "value", "message"), REFUSED)
def test_a_refused_hyper_parameter_stays(room, kind, built, name, value, message) -> None:
    optimizer = getattr(room, kind)(start(room), **built)
    before = copy.deepcopy(getattr(optimizer, name))
    with pytest.raises((ValueError, TypeError), match=message):
        setattr(optimizer, name, value)
    np.testing.assert_array_equal(getattr(optimizer, name), before)


@ROOMS
def test_a_rate_scaled_below_zero_is_refused_and_stays(room: Any) -> None:
    optimizer = room.SGD(start(room), lr=RATES)
    with pytest.raises(ValueError, match="lr must be finite and >= 0"):
        optimizer.lr *= -1
    np.testing.assert_array_equal(optimizer.lr, RATES)


@ROOMS
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1.0, 1e20, 3e38])
def test_the_norm_of_a_finite_gradient_does_not_overflow(room, dtype, size) -> None:
    scale = size / 4
    grads = [to(room, [3 * scale], dtype), to(room, [0.0, 4 * scale], dtype)]
    clipped, norm = room.clip_grad_norm(grads, 0.01 * size)
    np.testing.assert_allclose(float(norm), 5 * scale, rtol=1e-6)
    expected = np.array([3, 0, 4]) * 0.01 * size / (5 + 1e-6 / scale)
    values = np.concatenate([training.as_numpy(g) for g in clipped])
    assert values.dtype == dtype
    np.testing.assert_allclose(values, expected, rtol=2e-6)
    rows = [to(room, [[3 * scale, 4 * scale], [0.03, 0.04]], dtype)]
    (apart,), norms = room.clip_grad_norm(rows, 0.01 * size, runs=2)
    np.testing.assert_allclose(training.as_numpy(norms), [5 * scale, 0.05], rtol=1e-6)
    np.testing.assert_allclose(training.as_numpy(apart)[0], expected[[0, 2]], rtol=2e-6)


def test_rooms_clip_alike_in_float64_beyond_the_root_of_the_largest() -> None:
    g = np.array([1e200, -1e200, 1e190])
    ours, norm = optimizers.clip_grad_norm(g, 1.0)
    theirs, twin_norm = twins.clip_grad_norm(torch.tensor(g), 1.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)
    np.testing.assert_allclose(norm, twin_norm, rtol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(ours), 1.0, rtol=1e-14)


@pytest.mark.parametrize("wish", [1, 3.5, "stop", np.ones(2), [True], 4096, None, False, np.False_])
def test_only_true_ends_the_training(wish: Any) -> None:
    assert epochs_made(wish) == 3


@pytest.mark.parametrize("wish", [True, np.True_])
def test_true_ends_the_training(wish: Any) -> None:
    assert epochs_made(wish) == 1


def epochs_made(wish: Any) -> int:
    model, data = MLP([2, 1], np.random.default_rng(0)), (np.ones((4, 2)), np.ones((4, 1)))
    plan: Any = {"epochs": 3, "batch_size": 2, "rng": np.random.default_rng(1), "progress": False}
    history = training.fit(
        model, optimizers.SGD(model.theta), MSE(), data, callbacks=[lambda state: wish], **plan
    )
    return len(history["train_loss"])
