"""The six steps and smoothing: by hand, against their twins, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_twins import parameters, public

from dlcourse.reference.hpo import practice as twin
from dlcourse.scratch.hpo import practice

RNG = np.random.default_rng(7)
CURVES = RNG.normal(size=(3, 4, 50)).cumsum(-1) + 60


def test_the_rooms_have_the_same_names_signatures_and_defaults():
    ours, theirs = (public(f"dlcourse.{room}.hpo.practice") for room in ("scratch", "reference"))
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert parameters(value) == parameters(theirs[name]), name


@pytest.mark.parametrize("window", [1, 2, 7, 50, 80])
def test_a_moving_average_is_the_mean_of_the_last(window):
    seen = practice.moving_average(CURVES, window)
    for t in (0, 1, 6, 30, 49):
        np.testing.assert_allclose(
            seen[..., t], CURVES[..., max(0, t + 1 - window) : t + 1].mean(-1)
        )
    np.testing.assert_allclose(seen, twin.moving_average(CURVES, window).numpy(), rtol=1e-12)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.97])
def test_an_exponential_average_weighs_by_age(beta):
    seen = practice.exponential_average(CURVES, beta)
    for t in (0, 1, 9, 49):
        weights = beta ** np.arange(t, -1, -1.0)
        expected = CURVES[..., : t + 1] @ weights / weights.sum()
        np.testing.assert_allclose(seen[..., t], expected)
    np.testing.assert_allclose(seen, twin.exponential_average(CURVES, beta).numpy(), rtol=1e-12)


def test_averages_leave_the_noise_and_the_lag_that_they_say():
    noise = RNG.normal(size=(20_000, 60))
    line = 3.0 * np.arange(60)
    for window, beta in ((5, 2 / 3), (9, 0.8)):
        for mean in (
            practice.moving_average(noise, window),
            practice.exponential_average(noise, beta),
        ):
            assert abs(mean[:, -1].var() * window - 1) < 0.05
        lag = (window - 1) / 2
        np.testing.assert_allclose(line[-1] - practice.moving_average(line, window)[-1], 3 * lag)
        late = line[-1] - practice.exponential_average(line, beta)[-1]
        np.testing.assert_allclose(late, 3 * beta / (1 - beta), rtol=1e-3)


def test_averages_do_not_touch_what_they_are_given():
    before = CURVES.copy()
    practice.moving_average(CURVES, 3)
    practice.exponential_average(CURVES, 0.5)
    np.testing.assert_array_equal(CURVES, before)


RUNS = [
    [[2.3, 2.2, 2.1], [2.3, 1.0, 1.9], [2.3, 1.8, 1.7], [2.3, 9.0, np.nan], [2.3, 40.0, 90.0]],
    [[2.3, np.inf, 0.1], [2.3, 2.2, 2.25]],
    [[2.3, 2.4], [2.3, 2.3]],
]


@pytest.mark.parametrize(("losses", "rate"), list(zip(RUNS, [1e-2, 1e-3, None], strict=True)))
def test_the_rate_that_falls_furthest_and_lives(losses, rate):
    rates = [1e-4, 1e-3, 1e-2, 1e-1, 1.0][: len(losses)]
    assert practice.fastest_rate(rates, losses) == rate
    assert twin.fastest_rate(rates, losses) == rate


@pytest.mark.parametrize(
    ("train", "validation", "said"),
    [
        (0.79, 0.2, "underfitting"),
        (0.8, 0.8, "good"),
        (0.95, 0.84, "overfitting"),
        (0.9, 0.95, "good"),
    ],
)
def test_diagnosis(train, validation, said):
    assert practice.diagnose(train, validation) == twin.diagnose(train, validation) == said


def test_steps_by_hand_and_by_torch():
    np.testing.assert_allclose(practice.initial_loss(7), -np.log(1 / 7), rtol=1e-15)
    np.testing.assert_allclose(practice.initial_loss(7), twin.initial_loss(7), rtol=1e-14)
    ladder = practice.rates_between(2e-4, 3.0, 9)
    np.testing.assert_allclose(ladder[1:] / ladder[:-1], (3.0 / 2e-4) ** (1 / 8))
    np.testing.assert_allclose(ladder, twin.rates_between(2e-4, 3.0, 9).numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: practice.initial_loss(1), "classes must be >= 2; got 1."),
        (lambda: practice.rates_between(0, 1, 3), "low must be"),
        (lambda: practice.rates_between(2, 1, 3), "high must be"),
        (lambda: practice.rates_between(1, 2, 0), "n must be >= 1; got 0."),
        (
            lambda: practice.fastest_rate([0.1], [[1.0], [2.0]]),
            r"losses must be of shape \(1, steps\)",
        ),
        (lambda: practice.diagnose(1.1, 0.5), r"train must be in \[0, 1\]"),
        (lambda: practice.moving_average([1.0], 0), "window must be >= 1; got 0."),
        (lambda: practice.moving_average(3.0, 2), "values must be an array"),
        (lambda: practice.exponential_average([], 0.5), "values must be an array"),
        (lambda: practice.exponential_average([1.0], 1), r"beta must be in \[0, 1\)"),
    ],
)
def test_bad_input_gets_one_clear_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_twins_are_tensors_of_double_precision():
    assert twin.moving_average(CURVES, 3).dtype == torch.float64
    assert twin.exponential_average(CURVES, 0.3).dtype == torch.float64
