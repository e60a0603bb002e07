"""Smoothing: by hand and by loops, its noise and its lag by drawing and by a straight line."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.smoothed_curves import (
    exponential_mean,
    noise_left,
    steps_late,
    trailing_mean,
)

RNG = np.random.default_rng(2)
SMOOTHERS = {
    "trailing": lambda losses: trailing_mean(losses, 9),
    "exponential": lambda losses: exponential_mean(losses, 0.8),
}


@pytest.mark.parametrize("window", [1, 3, 50])
def test_trailing_is_a_loop_of_means(window):
    losses = RNG.random((2, 20))
    expected = [[row[max(0, t - window + 1) : t + 1].mean() for t in range(20)] for row in losses]
    np.testing.assert_allclose(trailing_mean(losses, window), expected)


def test_exponential_is_a_weighted_mean():
    losses, beta = RNG.random((2, 20)), 0.7
    for t in range(20):
        weights = beta ** np.arange(t, -1, -1)
        expected = losses[:, : t + 1] @ weights / weights.sum()
        np.testing.assert_allclose(exponential_mean(losses, beta)[:, t], expected)


@pytest.mark.parametrize("name", SMOOTHERS)
def test_noise_and_lag_are_those_of_curves(name):
    smooth = SMOOTHERS[name]
    weights = smooth(np.concatenate([np.zeros(500), np.eye(1, 500)[0]]))[500:]
    out = smooth(RNG.normal(size=(4000, 300)))[:, -1]
    assert abs(out.var() / noise_left(weights) - 1) < 0.1
    line = np.arange(2000.0)
    assert abs(line[-1] - smooth(line)[-1] - steps_late(weights)) < 1e-9
    assert abs(noise_left(weights) - 1 / 9) < 1e-12
    assert abs(steps_late(weights) - 4) < 1e-9


def test_no_correction_is_noticed():
    """What the exponential mean is without its division starts at a fraction of the curve."""
    flat = np.full(5, 3.0)
    np.testing.assert_allclose(exponential_mean(flat, 0.9), flat)


def test_errors():
    with pytest.raises(ValueError, match="window must be"):
        trailing_mean(np.ones(3), 0)
    with pytest.raises(ValueError, match=r"beta must be in \[0, 1\); got 1"):
        exponential_mean(np.ones(3), 1)
