"""Networks that learn from a network, and two units that learn two: zero is where it should be."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.students import students, two_units, two_units_slope


def seeds(first, runs):
    return [np.random.default_rng(first + i) for i in range(runs)]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_an_easy_teacher_is_learned(activation):
    found = students(seeds(0, 3), 3, 12, activation=activation, teacher=2, steps=900)
    assert (found.loss < 0.05).all() and found.x.shape == (3, 60, 3)
    np.testing.assert_allclose(found.y.std(axis=1), 1)
    again = ((found.net.forward(found.x) - found.y) ** 2).mean((1, 2))
    np.testing.assert_allclose(found.loss, again, rtol=1e-10)


def test_a_run_alone_is_as_among_others_and_the_rate_may_differ():
    plan = {"teacher": 2, "steps": 20, "n": 10, "inputs": 2}
    together = students(seeds(0, 2), 2, 3, np.array([[0.01], [0.1]]), **plan)
    alone = students(seeds(1, 1), 1, 3, 0.1, **plan)
    np.testing.assert_allclose(together.loss[1], alone.loss[0], rtol=1e-9)
    assert abs(students(seeds(1, 1), 1, 3, 0.01, **plan).loss - alone.loss) > 1e-6


def test_the_rate_falls_for_the_last_third():
    short, whole = (students(seeds(0, 1), 1, 3, teacher=2, steps=s) for s in (4, 6))
    assert short.loss != whole.loss


def test_a_network_without_units_is_refused():
    with pytest.raises(ValueError, match="width must be"):
        students(seeds(0, 1), 1, 0)


def test_two_units_are_zero_at_both_copies_and_the_same_across_the_diagonal():
    w = np.random.default_rng(0).normal(size=(30, 2))
    np.testing.assert_allclose(two_units(w, 0.5, 2.0), two_units(w[:, ::-1], 0.5, 2.0))
    assert two_units(np.array([[0.5, 2.0], [2.0, 0.5]]), 0.5, 2.0).max() < 1e-30
    assert two_units(np.array([0.5, 0.5]), 0.5, 2.0) > 0.01


def test_the_slope_is_the_derivative():
    w, h = np.array([0.3, -0.7]), 1e-6
    steps = h * np.eye(2)
    rise = two_units(w + steps, 0.5, 2.0) - two_units(w - steps, 0.5, 2.0)
    np.testing.assert_allclose(two_units_slope(w, 0.5, 2.0), rise / (2 * h), rtol=1e-6)
    assert abs(two_units_slope(w, 2.0, 2.0) - rise / (2 * h)).max() > 0.1  # planted: other targets
