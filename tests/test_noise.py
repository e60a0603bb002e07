"""Descent in shared noise: every setting meets the same draws, each draw in its own place."""

import numpy as np
import pytest

from dlcourse.problems import noisy_walk, walk
from dlcourse.scratch.optimizers import SGD
from dlcourse.scratch.schedules import InverseTime

NOISE = np.random.default_rng(5).normal(size=(7, 3, 2))


def test_every_setting_walks_as_it_would_alone():
    rates = (0.1, 0.6, 0.3)
    many = SGD(np.full((9, 2), 4.0), lr=np.repeat(rates, 3)[:, None])
    together = noisy_walk(many, lambda x: 2 * x, NOISE)
    assert together.shape == (8, 9, 2)
    for setting, lr in enumerate(rates):
        for draw in range(3):
            shakes = iter(NOISE[:, draw])
            alone = walk(SGD(np.full(2, 4.0), lr=lr), lambda x, s=shakes: 2 * x + next(s), 7)
            np.testing.assert_allclose(together[:, 3 * setting + draw], alone, rtol=1e-14)


def test_it_may_begin_with_an_optimizer_that_has_walked():
    one, two = (SGD(np.full((3, 2), 4.0), lr=InverseTime(1.0, 1.0)) for _ in range(2))
    whole = noisy_walk(one, lambda x: x, NOISE)
    first = noisy_walk(two, lambda x: x, NOISE[:3])
    np.testing.assert_array_equal(whole[:4], first)
    np.testing.assert_array_equal(whole[3:], noisy_walk(two, lambda x: x, NOISE[3:]))


def test_runs_that_are_no_multiple_of_the_draws_are_refused():
    message = "noise must be of a number of draws that divides the 8 runs; got 3. The runs are"
    with pytest.raises(ValueError, match=message):
        noisy_walk(SGD(np.zeros((8, 2)), lr=0.1), lambda x: x, NOISE)
