"""Every schedule equals torch's over a thousand steps, and is the pure function it says it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dlcourse import lesson
from dlcourse.reference import schedules as twins
from dlcourse.scratch import schedules
from dlcourse.scratch.optimizers import SGD, Adam

STEPS = np.arange(1001)
CASES: dict[str, Callable[[Any], Any]] = {
    "constant": lambda room: room.Constant(0.1),
    "stairs": lambda room: room.StepDecay(0.3, 7, 0.5),
    "stairs that meet the last step": lambda room: room.StepDecay(0.3, 250),
    "pieces from step 0": lambda room: room.PiecewiseConstant(0.5, (0, 10, 1000), (0.5, 0.1, 2.0)),
    "exponential": lambda room: room.Exponential(0.2, 0.99),
    "natural exponential": lambda room: room.NaturalExponential(0.2, 0.01),
    "inverse time": lambda room: room.InverseTime(0.2, 0.3),
    "cosine to the last step": lambda room: room.Cosine(0.3, 1000, 0.01),
    "cosine, flat after its end": lambda room: room.Cosine(0.3, 400, 0.02),
    "cosine of one step": lambda room: room.Cosine(0.3, 1),
    "triangles": lambda room: room.Cyclic(0.01, 0.5, 37),
    "triangles of two steps": lambda room: room.Cyclic(0.01, 0.5, 1),
    "restarts, equal cycles": lambda room: room.WarmRestarts(0.3, 10, 1, 0.01),
    "restarts, doubling": lambda room: room.WarmRestarts(0.3, 10, 2),
    "restarts at exact powers of three": lambda room: room.WarmRestarts(0.3, 1, 3),
    "warm-up, then cosine": lambda room: room.Warmup(50, room.Cosine(0.3, 400)),
    "warm-up of one step": lambda room: room.Warmup(1, room.Exponential(0.3, 0.9)),
    "no warm-up": lambda room: room.Warmup(0, room.StepDecay(0.3, 100)),
    "warm-up, then restarts": lambda room: room.Warmup(10, room.WarmRestarts(0.3, 10, 2)),
}


def largest_difference(
    make: Callable[[Any], Any], wrong: Callable[[Any], Any] | None = None
) -> float:
    ours = (wrong or make(schedules))(STEPS)
    return float(np.abs(ours - make(twins)(STEPS)).max())


@pytest.mark.parametrize("name", CASES)
def test_equal_to_torch_over_a_thousand_steps(name: str) -> None:
    assert largest_difference(CASES[name]) <= 1e-12


WRONG: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "first drop one step early": ("stairs", lambda t: 0.3 * 0.5 ** ((t + 1) // 7)),
    "milestone itself left out": ("pieces from step 0", lambda t: 0.5 * np.array([1, 0.5, 0.05])[np.searchsorted([0, 10], t)]),
    "period T - 1": ("cosine to the last step", lambda t: 0.01 + 0.145 * (1 + np.cos(np.pi * t / 999))),
    "rising again after the end": ("cosine, flat after its end", lambda t: 0.02 + 0.14 * (1 + np.cos(np.pi * t / 400))),
    "step size as the whole cycle": ("triangles", lambda t: 0.01 + 0.49 * (1 - np.abs(t % 37 / 18.5 - 1))),
    "restart one step late": ("restarts, equal cycles", lambda t: 0.01 + 0.145 * (1 + np.cos(np.pi * (t % 11) / 10))),
    "pi outside the cosine": ("restarts, equal cycles", lambda t: 0.01 + 0.145 * (1 + np.cos(t % 10 / 10) * np.pi)),
    "a first step of zero": ("warm-up of one step", lambda t: np.where(t < 1, 0.0, 0.3 * 0.9 ** (t - 1.0))),
    "cosine clock not restarted": ("warm-up, then cosine", lambda t: np.where(t < 50, 0.3 * (t + 1) / 50, 0.15 * (1 + np.cos(np.pi * np.minimum(t, 400) / 400)))),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_error_is_caught(name: str) -> None:
    case, wrong = WRONG[name]
    assert largest_difference(CASES[case], wrong) > 1e-5  # seven decades above what parity allows


def test_parity_names_the_torch_scheduler(capsys: pytest.CaptureFixture[str]) -> None:
    then = schedules.Warmup(3, schedules.Cosine(0.3, 400, 0.1))
    lesson.parity("Cosine", lr=0.3, total_steps=400, steps=1000)
    lesson.parity("Warmup", hyper={"steps": 50, "then": then}, steps=20)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "Cosine(lr=0.3, total_steps=400):",
        "  1000 rates equal to lr_scheduler.CosineAnnealingLR within 1e-12",
    ]
    assert re.fullmatch(r"  largest relative difference: ≈\d+e-\d+", lines[2])
    assert lines[4] == "  20 rates equal to lr_scheduler.LinearLR within 1e-12"


def test_parity_catches_a_schedule_that_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(schedules.StepDecay):
        def rate(self, t: Any) -> Any:
            return super().rate(np.maximum(t - 1, 0))

    monkeypatch.setattr(schedules, "StepDecay", Late)
    with pytest.raises(AssertionError, match=r"step 7, the rate differs by 0.5,"):
        lesson.parity("StepDecay", lr=0.3, step_size=7, gamma=0.5)
    nested = {"steps": 2, "then": Late(0.3, 7)}
    monkeypatch.setattr(twins, "Late", twins.StepDecay, raising=False)
    with pytest.raises(AssertionError, match=r"step 9, the rate differs by 0.9,"):
        lesson.parity("Warmup", hyper=nested)


@pytest.mark.parametrize("name", CASES)
def test_calls_in_any_order_agree_with_the_array(name: str) -> None:
    schedule = CASES[name](schedules)
    table = schedule(STEPS)
    for t in (1000, 3, 0, 399, 3):
        assert schedule(t) == table[t]
        assert type(schedule(t)) is float


def test_a_grid_of_rates_is_a_schedule_too() -> None:
    peaks = np.array([[0.1], [0.2], [0.4]])
    schedule = schedules.Warmup(4, schedules.Cosine(peaks, 20))
    theta, grads = np.zeros((3, 2)), np.random.default_rng(0).standard_normal((25, 3, 2))
    optimizer = SGD(theta, lr=schedule)
    for g in grads:
        optimizer.step(g)
    for r, (row, peak) in enumerate(zip(theta, peaks.ravel(), strict=True)):
        alone = np.zeros(2)
        single = SGD(alone, lr=schedules.Warmup(4, schedules.Cosine(peak, 20)))
        for g in grads[:, r]:
            single.step(g)
        np.testing.assert_allclose(row, alone, rtol=1e-14)


def test_a_resumed_optimizer_goes_on_along_its_schedule() -> None:
    schedule = schedules.Warmup(3, schedules.InverseTime(0.5, 0.1))
    whole, halves = np.ones(2), np.ones(2)
    optimizer = Adam(whole, lr=schedule)
    first = Adam(halves, lr=schedule)
    for step in range(8):
        optimizer.step(whole.copy())
        if step == 3:
            saved = first.state_dict()
            first = Adam(halves, lr=1.0)
            first.load_state_dict(saved)
        first.step(halves.copy())
    np.testing.assert_array_equal(whole, halves)


def test_schedules_print_and_compare_themselves() -> None:
    assert schedules.StepDecay(0.1, 5) == schedules.StepDecay(0.1, 5)
    assert repr(schedules.Cosine(0.1, 9)) == "Cosine(lr=0.1, total_steps=9, eta_min=0.0)"


ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: schedules.Constant(-1.0), ValueError, r"lr must be finite and >= 0; got -1"),
    (lambda: schedules.StepDecay(0.1, 0), ValueError, r"step_size must be >= 1; got 0"),
    (lambda: schedules.PiecewiseConstant(0.1, (5, 5), (1, 1)), ValueError, r"milestones must be increasing"),
    (lambda: schedules.PiecewiseConstant(0.1, (5,), (1, 1)), ValueError, r"factors must be 1, one a milestone"),
    (lambda: schedules.Cosine(0.1, 0), ValueError, r"total_steps must be >= 1; got 0"),
    (lambda: schedules.Cyclic(0.5, 0.1, 3), ValueError, r"max_lr must be at least base_lr, 0\.5; got 0\.1"),
    (lambda: schedules.WarmRestarts(0.1, 3, 0), ValueError, r"t_mult must be >= 1; got 0"),
    (lambda: schedules.WarmRestarts(0.1, 3, 1.5), TypeError, r"t_mult must be an integer; got 1\.5"),
    (lambda: schedules.Warmup(5, 0.1), TypeError, r"then must be a schedule; got 0\.1\. Constant"),
    (lambda: schedules.Constant(0.1)(-1), ValueError, r"step must be >= 0; got -1"),
    (lambda: schedules.Constant(0.1)(1.5), TypeError, r"step must be an integer"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "error", "message"), ERRORS, ids=lambda x: x if isinstance(x, str) else ""
)
def test_error(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
