"""Each convention of the schedules: our code follows it, and the other form differs measurably."""

import numpy as np
import pytest
import torch
from harness import run
from numpy.testing import assert_allclose

from dlcourse.scratch.optimizers import (
    SGD,
)
from dlcourse.scratch.plateau import ReduceOnPlateau
from dlcourse.scratch.schedules import (
    Cosine,
    PiecewiseConstant,
    StepDecay,
    WarmRestarts,
    Warmup,
)

EXACT = {"rtol": 1e-12, "atol": 1e-14}


def test_a_schedule_counts_the_steps_made():
    stairs, t = StepDecay(1.0, step_size=4, gamma=0.1), np.arange(12)
    assert_allclose(stairs(t), np.repeat([1.0, 0.1, 0.01], 4), **EXACT)
    x = np.zeros(1)
    path = run(SGD(x, lr=stairs), -np.ones((12, 1)))[:, 0]
    assert_allclose(np.diff(path, prepend=0.0), stairs(t), **EXACT)  # the optimizer counts alike
    from_one = 0.1 ** ((t + 1) // 4)
    assert np.flatnonzero(abs(stairs(t) - from_one) > 0.01).tolist() == [3, 7]


def test_warm_up_begins_above_zero_and_hands_over_at_the_top():
    t = np.arange(30)
    ours = Warmup(5, Cosine(1.0, 20))(t)
    assert_allclose(ours[:6], [0.2, 0.4, 0.6, 0.8, 1.0, 1.0], **EXACT)
    assert_allclose(ours[5:], Cosine(1.0, 20)(t[:25]), **EXACT)
    from_zero = np.minimum(t / 5, 1.0)
    assert from_zero[0] == 0
    assert_allclose(from_zero[1:5], ours[:4], **EXACT)  # the same ramp, a step late
    from_a_third = 1 / 3 + 2 / 3 * t / 5  # LinearLR as it comes
    assert abs(from_a_third[:5] - ours[:5]).max() > 0.1
    clock_that_ran = Cosine(1.0, 20)(t)
    assert clock_that_ran[5] < 0.9 < ours[5]


def test_the_cosine_stays_down_after_its_end():
    t = np.arange(21)
    ours = Cosine(1.0, 10, eta_min=0.1)(t)
    wave = 0.1 + 0.45 * (1 + np.cos(np.pi * t / 10))
    assert_allclose(ours[:11], wave[:11], **EXACT)
    assert (ours[10:] == 0.1).all()
    assert wave[20] == pytest.approx(1.0)  # what the page says of twice the steps


def test_a_restart_is_already_the_peak():
    t = np.arange(22)
    ours = WarmRestarts(1.0, 10)(t)
    assert ours[10] == ours[20] == 1.0
    assert ours.min() > 0.02
    with_its_end = 0.5 * (1 + np.cos(np.pi * (t % 11) / 10))
    assert with_its_end[10] == pytest.approx(0.0, abs=1e-15)
    assert with_its_end[11] == 1.0
    assert abs(with_its_end - ours).max() > 0.9


def test_factors_at_milestones_multiply_the_rate_in_force():
    ours = PiecewiseConstant(1.0, (3, 6), (0.5, 0.1))(np.arange(8))
    assert_allclose(ours, np.repeat([1.0, 0.5, 0.05], 3)[:8], **EXACT)
    of_the_first = np.repeat([1.0, 0.5, 0.1], 3)[:8]
    assert np.flatnonzero(abs(ours - of_the_first) > 0.04).tolist() == [6, 7]


def test_a_plateau_lowers_a_rate_however_small_it_is():
    ours = ReduceOnPlateau(4e-8, factor=0.5, patience=0)
    idle = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=4e-8)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(idle, factor=0.5, patience=0)
    rates = []
    for _ in range(4):
        theirs.step(1.0)
        rates.append((ours.update(1.0), idle.param_groups[0]["lr"]))
    assert_allclose([rate for rate, _ in rates], [4e-8, 2e-8, 1e-8, 5e-9], **EXACT)
    assert_allclose([rate for _, rate in rates], [4e-8, 2e-8, 2e-8, 2e-8], rtol=1e-9)
