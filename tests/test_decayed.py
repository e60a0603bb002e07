"""What decay moves: the formula for SGD, and nothing without decay."""

from __future__ import annotations

import numpy as np

from dlcourse.problems.decayed import moved_by_decay
from dlcourse.scratch.optimizers import SGD, Adam
from dlcourse.scratch.regularization import Decayed


def sgd(theta: np.ndarray, coef: float) -> SGD:
    return SGD(theta, lr=0.01, weight_decay=coef)


def test_without_decay_nothing_is_moved_by_it() -> None:
    assert (moved_by_decay(sgd, np.random.default_rng(0), 2, coef=0.0, steps=9) == 0).all()


def test_sgd_moves_all_sizes_by_the_formula_in_the_mean() -> None:
    found = moved_by_decay(sgd, np.random.default_rng(0), 40, coef=0.5, steps=60, each=50)
    assert found.shape == (40, 3)
    np.testing.assert_allclose(found.mean(axis=0), 1 - 0.995**60, rtol=0.02)


def test_adam_moves_small_gradients_most_and_the_factor_all_alike() -> None:
    inside = lambda theta, coef: Adam(theta, lr=0.002, weight_decay=coef)  # noqa: E731
    beside = lambda theta, coef: Decayed(Adam(theta, lr=0.002), coef)  # noqa: E731
    first = moved_by_decay(inside, np.random.default_rng(0), 4, coef=0.1)
    assert (first[:, 0] > 3 * first[:, 1]).all() and (first[:, 1] > 3 * first[:, 2]).all()
    second = moved_by_decay(beside, np.random.default_rng(0), 4, coef=0.1)
    np.testing.assert_allclose(second, 1 - (1 - 0.002 * 0.1) ** 400, rtol=0.15)
