"""Walks off a saddle: theory, turns, noise, and plans of rates."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.problems.saddle_walks import predicted, steps_out, turned, under_plan, walk_off
from dlcourse.scratch.optimizers import SGD, RMSprop

START = np.array([[1.0, 1e-3], [0.5, -1e-5], [1.0, 0.0]])


@pytest.mark.parametrize("lr", [0.02, 0.1])
def test_gradient_descent_is_the_power_of_one_number_at_any_angle(lr) -> None:
    t = np.arange(31)[:, None]
    theory = np.stack([START[:, 0] * (1 - 2 * lr) ** t, START[:, 1] * (1 + 2 * lr) ** t], -1)
    for angle in (0.0, 30.0, 45.0):
        assert_allclose(walk_off(partial(SGD, lr=lr), START, 30, angle=angle), theory, atol=1e-12)
    wrong = walk_off(partial(SGD, lr=1.1 * lr), START, 30)  # planted: another rate
    assert abs(wrong - theory).max() > 1e-3


def test_out_is_when_theory_says_and_never_from_the_ridge() -> None:
    path = walk_off(partial(SGD, lr=0.05), START, 200)
    assert_array_equal(steps_out(path)[:2], predicted(abs(START[:2, 1]), 0.05))
    assert steps_out(path)[2] == len(path)
    assert predicted(1e-8, 0.1) == 102
    assert_array_equal(steps_out(path[:5]), 5)


def test_a_turn_is_seen_by_methods_with_a_rate_for_each_coordinate() -> None:
    plain, askew = (
        steps_out(walk_off(partial(RMSprop, lr=0.01), START[:1], 400, angle=a)) for a in (0, 45)
    )
    assert plain < askew
    assert_allclose(turned(30) @ turned(-30), np.eye(2), atol=1e-15)


def test_noise_is_drawn_and_leaves_the_ridge() -> None:
    ridge, make = np.tile([1.0, 0.0], (5, 1)), partial(SGD, lr=0.1)
    paths = [
        walk_off(make, ridge, 80, noise=0.01, rng=np.random.default_rng(seed)) for seed in (0, 0, 1)
    ]
    assert_array_equal(paths[0], paths[1])
    assert (paths[0] != paths[2]).any() and (steps_out(paths[0]) < 81).all()
    spread = (paths[2][1] - walk_off(make, ridge, 1)[1]).std()
    assert 0.0003 < spread < 0.003, "a step of 0.1 times noise of 0.01"


def test_under_a_plan_each_rate_multiplies() -> None:
    assert_allclose(under_plan(2.0, np.array([0.5, 0.0, 0.1])), [2, 4, 4, 4.8])
    path = walk_off(partial(SGD, lr=0.1), START[:1], 20)[:, 0, 1]
    assert_allclose(under_plan(1e-3, np.full(20, 0.1)), path, rtol=1e-12)
