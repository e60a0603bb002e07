"""The slope of the validation loss along the penalty, by differences, and where descent ends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from dlcourse.problems.ridge_by_gradient import descend, validation_loss

RNG = np.random.default_rng(3)
X, W = RNG.normal(size=(60, 8)), RNG.normal(size=8)
Y = 0.3 * X @ W + 3 * RNG.normal(size=60)
TRAIN, HELD = (X[:20], Y[:20]), (X[20:], Y[20:])


@pytest.mark.parametrize("at", [-3.0, 0.0, 2.0])
def test_the_slope_is_that_of_differences(at):
    step = 1e-5
    up, down = (validation_loss(at + sign * step, TRAIN, HELD)[0] for sign in (1, -1))
    slope = validation_loss(at, TRAIN, HELD)[1]
    assert abs(slope - (up - down) / (2 * step)) < 1e-7
    assert abs(slope / np.exp(at) - slope) > 1e-6 or at == 0.0  # by λ it is another number


def test_descent_ends_where_a_search_does():
    found = minimize_scalar(lambda at: validation_loss(at, TRAIN, HELD)[0], bounds=(-8, 5))
    path = descend(3.0, TRAIN, HELD, lr=2.0)
    assert abs(path[0] - np.exp(3.0)) < 1e-12
    assert abs(np.log(path[-1]) - found.x) < 1e-4
