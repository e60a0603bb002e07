"""A step reads before it writes, and what is refused has changed nothing: both rooms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from test_errors import SENTENCE

from dlcourse.reference import optimizers as twins
from dlcourse.reference import schedules as twin_schedules
from dlcourse.scratch import optimizers, schedules

NAMES = ("SGD", "Adam", "AdamW", "Adagrad", "RMSprop", "Adadelta")
ROOMS = {"scratch": optimizers, "reference": twins}


def number(room: str, values: Any) -> Any:
    array = np.array(values, dtype=float)
    return array if room == "scratch" else torch.tensor(array)


def plain(values: list[Any]) -> np.ndarray:
    return np.stack([np.asarray(torch.as_tensor(v).detach()) for v in values])


def game(room: str, name: str) -> np.ndarray:
    """x goes down x·y and y up: each one's gradient is the other's place."""
    x, y = number(room, [1.0, 2.0]), number(room, [3.0, 4.0])
    optimizer = getattr(ROOMS[room], name)([x, y], lr=0.1)
    for _ in range(3):
        optimizer.step([y, x])
    return plain([x, y])


@pytest.mark.parametrize("name", NAMES)
def test_two_players_move_at_the_same_time(name: str) -> None:
    np.testing.assert_allclose(game("scratch", name), game("reference", name), rtol=1e-12)


def test_a_gradient_that_is_a_view_of_the_parameter() -> None:
    start = np.arange(60_000) / 60_000  # several blocks
    x = start.copy()
    optimizers.SGD(x, lr=0.1).step(x[::-1])
    np.testing.assert_array_equal(x, start - 0.1 * start[::-1])


def test_a_gradient_that_is_the_state() -> None:
    found = []
    for copied in (False, True):
        x = np.array([1.0, 2.0])
        optimizer = optimizers.Adam(x, lr=0.1)
        optimizer.step(np.array([1.0, -2.0]))
        m = optimizer.state[0]["m"]
        optimizer.step(m.copy() if copied else m)
        found.append(x)
    np.testing.assert_array_equal(*found)


CHANGED: dict[str, tuple[str, dict[str, Any]]] = {
    "a momentum without its velocity": ("SGD", {"hyper": {"momentum": 0.9}}),
    "amsgrad without its maximum": ("Adam", {"hyper": {"amsgrad": True}}),
    "centered without its mean": ("RMSprop", {"hyper": {"centered": True}}),
    "no state": ("Adam", {"state": None}),
    "the state of nothing": ("Adam", {"state": [None]}),
    "a state of words": ("Adam", {"state": [{"m": ["a", "b"], "v": ["a", "b"]}]}),
    "a state that is nan": ("Adam", {"state": [{"m": [np.nan, 1.0], "v": [1.0, 1.0]}]}),
    "no hyper-parameters": ("Adam", {"hyper": None}),
    "a class for a name": ("Adam", {"optimizer": np.zeros(2)}),
}


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("case", CHANGED)
def test_a_state_that_does_not_fit_is_refused_whole(case: str, room: str) -> None:
    name, change = CHANGED[case]
    x = number(room, [1.0, 2.0])
    optimizer = getattr(ROOMS[room], name)(x, lr=0.1)
    optimizer.step(number(room, [1.0, -3.0]))
    saved, before = optimizer.state_dict(), plain([x])
    given = {**saved, **change}
    if isinstance(given["hyper"], dict):
        given["hyper"] = {**saved["hyper"], **given["hyper"]}
    with pytest.raises((TypeError, ValueError)) as raised:
        optimizer.load_state_dict(given)
    assert SENTENCE.match(raised.value.args[0])
    assert (optimizer.t, optimizer.state_dict()["hyper"]) == (1, saved["hyper"])
    np.testing.assert_array_equal(plain([x]), before)
    for key, a in saved["state"][0].items():
        np.testing.assert_array_equal(plain([optimizer.state[0][key]]), plain([a]))


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_goes_on_from_the_state_of_the_other(room: str) -> None:
    other = {"scratch": "reference", "reference": "scratch"}[room]
    ends = []
    for first in (room, other):
        x, y = number(first, [1.0, 2.0]), number(room, [1.0, 2.0])
        begun, taken = ROOMS[first].Adam(x, lr=0.1), ROOMS[room].Adam(y, lr=0.5)
        begun.step(number(first, [1.0, -3.0]))
        taken.load_state_dict(begun.state_dict())
        taken.step(number(room, [2.0, 0.5]))
        ends.append(plain([y]))
    np.testing.assert_allclose(*ends, rtol=1e-12)


RAGGED = [[1.0], [1.0, 2.0]]
WISHES = torch.tensor(0.1, requires_grad=True)
DOORS: dict[str, Any] = {
    "rates of unlike length": lambda o, s, g: o.SGD(g, lr=RAGGED),
    "a rate that wants a gradient": lambda o, s, g: o.SGD(g, lr=WISHES),
    "a schedule of unlike lengths": lambda o, s, g: o.SGD(g, lr=lambda t: RAGGED).step(g),
    "a schedule's rate of unlike lengths": lambda o, s, g: s.Constant(RAGGED),
    "a limit for each run": lambda o, s, g: o.clip_grad_norm(g, np.array([1.0, 2.0])),
    "limits in a list": lambda o, s, g: o.clip_grad_value(g, [1.0, 2.0]),
    "half a run": lambda o, s, g: o.clip_grad_norm(g, 1.0, runs=2.0),
    "no runs": lambda o, s, g: o.clip_grad_norm(g, 1.0, runs=0),
    "a number for gradients": lambda o, s, g: o.clip_grad_norm(5, 1.0),
    "nothing for gradients": lambda o, s, g: o.clip_grad_value(None, 1.0),
    "one milestone": lambda o, s, g: s.PiecewiseConstant(0.1, 5, (0.1,)),
    "one factor": lambda o, s, g: s.PiecewiseConstant(0.1, (5,), 0.1),
    "a table of steps": lambda o, s, g: s.Constant([[0.1], [0.2]])(np.array([[1, 2], [3, 4]])),
    "a step beyond all": lambda o, s, g: s.Exponential(0.1, 0.5)(np.uint64(2**63)),
}


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("case", DOORS)
def test_both_rooms_refuse_it_in_one_sentence(case: str, room: str) -> None:
    plans = {"scratch": schedules, "reference": twin_schedules}[room]
    with pytest.raises((TypeError, ValueError)) as raised:
        DOORS[case](ROOMS[room], plans, number(room, [[1.0, 2.0], [3.0, 4.0]]))
    assert SENTENCE.match(raised.value.args[0])


@pytest.mark.parametrize("room", ROOMS)
def test_a_norm_beyond_the_largest_float(room: str) -> None:
    clipped, norm = ROOMS[room].clip_grad_norm(number(room, [1.7e308, -1.7e308]), 1.0)
    assert float(norm) == np.inf
    np.testing.assert_array_equal(plain([clipped]), [[0.0, 0.0]])
