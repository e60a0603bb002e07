"""Turned valleys: their slope, and what a trial calls an end."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.gradcheck import check_vjp
from dlcourse.problems import Valleys
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import try_all

RNG = np.random.default_rng(2)
TURN = np.linalg.qr(RNG.normal(size=(3, 5, 5)))[0]
BEND = (TURN * np.geomspace(0.1, 1, 5)) @ TURN.swapaxes(1, 2)
VALLEYS = Valleys(BEND, RNG.normal(size=(3, 5)))


def test_the_slope_is_the_gradient_of_the_height():
    for factor in (1.0, 1.001):
        arguments = (
            lambda w: (VALLEYS.height(w), w),
            lambda dy, w, c=factor: dy[..., None] * c * VALLEYS.slope(w),
            [RNG.normal(size=(2, 3, 5))],
            np.random.default_rng(0),
        )
        if factor == 1:
            check_vjp(*arguments)
        else:
            with pytest.raises(AssertionError, match="off by"):
                check_vjp(*arguments)


def test_gradient_descent_ends_where_its_powers_say():
    rates = [0.3, 1.2]
    trials = try_all(VALLEYS.trial(lambda w, lr: SGD(w, lr=lr), 20), seeds=3, lr=rates)
    for i, lr in enumerate(rates):
        for seed, (bend, start) in enumerate(zip(BEND, VALLEYS.start, strict=True)):
            end = np.linalg.matrix_power(np.eye(5) - lr * bend, 20) @ start
            share = (end @ bend @ end) / (start @ bend @ start)
            assert trials["end_share"][i, seed] == pytest.approx(share, rel=1e-10)


def test_a_run_that_was_far_out_is_lost_even_if_it_comes_back():
    high = Valleys(np.ones((1, 1, 1)), np.ones((1, 1)))

    class Returns(SGD):
        def update(self, theta, g, *state):
            return -39 * theta if self.t < 5 else -theta  # out five times, then to the bottom

    trials = try_all(high.trial(lambda w: Returns(w, lr=0.1), 10), seeds=1)
    assert trials["end_share"] == 1
    near = try_all(high.trial(lambda w: SGD(w, lr=1.0), 10), seeds=1)
    assert near["end_share"] == 0


def test_noise_moves_the_slope_and_not_the_height():
    """One step of gradient descent, by hand: w - lr (Hw + noise), judged without the noise."""
    noise = np.random.default_rng(5).normal(size=(1, *VALLEYS.start.shape))
    rates = [0.1, 0.4]
    trials = try_all(VALLEYS.trial(lambda w, lr: SGD(w, lr=lr), 1, noise), seeds=3, lr=rates)
    for i, lr in enumerate(rates):
        end = VALLEYS.start - lr * (VALLEYS.slope(VALLEYS.start) + noise[0])
        share = np.fmin(VALLEYS.height(end) / VALLEYS.height(VALLEYS.start), 1)
        assert trials["end_share"][i] == pytest.approx(share, rel=1e-12)
    assert (trials["end_share"] < 1).any()
