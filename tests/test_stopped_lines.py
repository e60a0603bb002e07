"""Least squares from zero: closed forms against the steps themselves, and what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.stopped_lines import descended, kept, learned, linear_digits, two_speeds
from dlcourse.scratch.regularization import ridge

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(20, 4)) * [1.0, 2.0, 0.5, 0.1], RNG.normal(size=20)


def test_the_share_learned_is_that_of_the_steps():
    values, turn = np.linalg.eigh(X.T @ X / 20)
    best = turn.T @ np.linalg.lstsq(X, Y, rcond=None)[0]
    for steps in (1, 7, 200):
        formula = turn @ (learned(values, 0.1, steps) * best)
        np.testing.assert_allclose(formula, descended(X, Y, 0.1, steps), atol=1e-12)
    assert abs(formula - descended(X, Y, 0.1, 200, start=1.0)).max() > 1e-3


def test_the_share_kept_is_that_of_ridge():
    values, turn = np.linalg.eigh(X.T @ X / 20)
    best = turn.T @ np.linalg.lstsq(X, Y, rcond=None)[0]
    np.testing.assert_allclose(turn @ (kept(values, 0.3) * best), ridge(X, Y, 0.3), atol=1e-12)


def band(lam, steps, lr):
    """Real steps beside real ridge, along each direction: differences and ratios."""
    turn = np.linalg.eigh(X.T @ X / 20)[1]
    best = turn.T @ np.linalg.lstsq(X, Y, rcond=None)[0]
    gaps, ratios = [], []
    for t in steps:
        stopped = turn.T @ descended(X, Y, lr, t) / best
        shrunk = turn.T @ ridge(X, Y, lam(lr, t)) / best
        gaps.append(stopped - shrunk)
        ratios.append(stopped / shrunk)
    return np.array(gaps), np.array(ratios)


def test_stopping_is_within_the_derived_band_of_l2_with_one_over_the_time():
    """0 to 0.204 apart, 1 to 1.30 times as large, both nearly reached; other pairings leave it."""
    steps, lr = [10, 100, 300, 1000, 3000, 10_000, 30_000], 1e-3
    gaps, ratios = band(lambda lr, t: 1 / (lr * t), steps, lr)
    assert gaps.min() > -1e-9 and 0.19 < gaps.max() < 0.2037
    assert ratios.min() > 1 - 1e-9 and 1.28 < ratios.max() < 1.2985
    for wrong in (lambda lr, t: 1 / t, lambda lr, t: 2 / (lr * t), lambda lr, t: 0.5 / (lr * t)):
        gaps, ratios = band(wrong, steps, lr)
        assert gaps.min() < -0.01 or gaps.max() > 0.21 or ratios.max() > 1.31


def test_linear_digits_on_labels_that_are_all_right_or_not():
    pool = (RNG.random((80, 6)), RNG.integers(0, 10, 80))
    found = linear_digits(
        np.random.default_rng(0), 3, pool=pool, test=pool, times=np.geomspace(0.1, 100, 9),
        few=40, held=20,
    )  # fmt: skip
    assert all(a.shape == (3,) for a in found.values())
    assert (found["ratio"] < 1.69).all() and len({*found["stopped"]}) == 3
    for name in ("right_first", "wrong_first"):
        assert ((found[name] > 0) & (found[name] <= 1)).all()


def test_two_speeds_begins_with_all_the_signal_and_learns_it():
    found = two_speeds(np.random.default_rng(0), 8, [0, 10, 40_000], few=4000)
    signal = 20 * 0.5**2 + 20 * 0.05**2 * 10.0**2
    np.testing.assert_allclose(found["excess"][:, 0], signal)
    assert (found["excess"][:, 1] < 0.7 * signal).all()
    assert (found["excess"][:, 2] < 0.1).all()
    assert found["val_loss"][:, 2].mean() == pytest.approx(1.0, abs=0.15)
