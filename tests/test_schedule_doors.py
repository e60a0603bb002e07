"""What a schedule takes in is checked first, compares and walks once, alike in both rooms."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
import torch

from dlcourse.reference import schedules as twin_schedules
from dlcourse.scratch import schedules

PLANS = pytest.mark.parametrize("plans", [schedules, twin_schedules], ids=["scratch", "reference"])
RATES = np.array([[0.1], [0.5]])


@PLANS
def test_rates_over_runs_are_columns_and_equal_plans_are_equal(plans: Any) -> None:
    for wrong in ([0.1, 0.2], np.ones((1, 2)), np.ones((2, 1, 1))):
        for make in (
            plans.Constant,
            lambda lr: plans.Cosine(lr, 9),
            lambda lr: plans.Cyclic(0, lr, 3),
        ):
            with pytest.raises(ValueError, match=r"lr must be a number or an array \(runs, 1\)"):
                make(wrong)
    with pytest.raises(ValueError, match=r"eta_min must be a number or an array \(2, 1\), as lr"):
        plans.Cosine(RATES, 9, np.zeros((3, 1)))
    rates = RATES.copy()
    plan, other = plans.Warmup(2, plans.Cosine(rates, 9)), plans.Warmup(2, plans.Cosine(RATES, 9))
    rates *= 5
    assert plan == other and hash(plan) == hash(other)
    assert plan != plans.Warmup(2, plans.Cosine(RATES * 2, 9))
    assert plan != plans.Warmup(2, plans.Cosine(0.1, 9)) and plan != plan.then
    assert plans.Constant([[0.1], [0.5]]) == plans.Constant(RATES) != plans.Constant(0.1)
    assert pickle.loads(pickle.dumps(plan)) == plan == copy.deepcopy(plan)
    assert plans.Constant(1) == plans.Constant(1.0)
    pieces = plans.PiecewiseConstant(0.1, [2, 4], [0.5, 0.1])
    assert pieces == plans.PiecewiseConstant(0.1, (2, 4), (0.5, 0.1)) and hash(pieces)
    with pytest.raises(ValueError, match="read-only"):
        plan.then.lr[0] = 3.0


@pytest.mark.parametrize("kind", ["uint8", "int8", "uint64", "int64"])
def test_steps_of_any_integer_kind(kind: str) -> None:
    for t in (np.arange(101, dtype=kind), np.array(100, kind)):
        for plan in (
            lambda room: room.Warmup(100, room.Constant(0.1)),
            lambda room: room.Cyclic(0.0, 1.0, 99),
            lambda room: room.InverseTime(1.0, 0.5),
            lambda room: room.WarmRestarts(0.1, 7, 2),
            lambda room: room.StepDecay(RATES, 30),
        ):
            ours, theirs = plan(schedules)(t), plan(twin_schedules)(t)
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)
            np.testing.assert_array_equal(ours, plan(schedules)(t.astype(int)))
            assert np.shape(ours) == np.shape(theirs)


def test_the_twin_of_a_schedule_walks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, real = [], torch.optim.lr_scheduler.CosineAnnealingLR.step

    def counting(self: Any, *args: Any) -> None:
        steps.append(1)
        real(self, *args)

    monkeypatch.setattr(torch.optim.lr_scheduler.CosineAnnealingLR, "step", counting)
    plan = twin_schedules.Cosine(0.1, 200)
    asked = [plan(step) for step in range(200)]
    assert len(steps) <= 201
    assert asked == plan(np.arange(200)).tolist() and len(steps) <= 201
    assert plan(10**9) == plan(200), "flat after its end, however far"
    with pytest.raises(ValueError, match=r"step must be <= 1000000 in this room; got 1000000000"):
        twin_schedules.Exponential(0.1, 0.9)(10**9)
