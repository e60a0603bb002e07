"""Nearly level ground: what is measured there, against numbers written out."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems import plateaus
from dlcourse.problems.plateaus import (
    far_off,
    hidden_outputs,
    layer_slopes,
    saturated_share,
    settled,
    sigmoid_ground,
    steps_needed,
)
from dlcourse.problems.steepness import Ground, descend
from dlcourse.scratch.initialization import kaiming_normal, xavier_normal


def seeds(n, first=0):
    return [np.random.default_rng(first + i) for i in range(n)]


def test_only_what_is_named_is_changed():
    plain, other = sigmoid_ground(seeds(2)), sigmoid_ground(seeds(2), times=10.0, shift=6.0)
    for name, part in plain.net.slices.items():
        a, b = plain.net.theta[:, part], other.net.theta[:, part]
        factor = 10.0 if name in ("0.weight", "2.weight") else 1.0
        np.testing.assert_allclose(b, factor * a - 6.0 * (name == "2.bias"), atol=1e-15)


def test_the_first_loss_is_that_after_the_change():
    at = sigmoid_ground(seeds(2), times=10.0)
    np.testing.assert_array_equal(at.first, at.value())


def test_steps_are_counted_to_the_bar():
    got = steps_needed(seeds(3), 3, 3.0, most=60)["steps"]
    losses = descend(sigmoid_ground(seeds(3)), 3.0, 60).loss
    for run in range(3):
        assert losses[int(got[run]), run] <= 1.0 < losses[int(got[run]) - 1, run]


def test_frozen_layers_stay_as_they_were_drawn(monkeypatch):
    seen = []

    def spy(at, *args, **more):
        seen.append((at, at.net.theta.copy()))
        return descend(at, *args, **more)

    monkeypatch.setattr(plateaus, "descend", spy)
    steps_needed(seeds(2), 2, 1.0, most=3, frozen=True)
    (at, before), start = seen[0], seen[0][0].net.slices["4.weight"].start
    assert (at.net.theta[:, :start] == before[:, :start]).all()
    assert (at.net.theta[:, start:] != before[:, start:]).any()


def test_whoever_needs_more_has_the_most():
    assert (steps_needed(seeds(2), 2, 0.01, most=5)["steps"] == 5).all()


def test_saturated_units_are_those_whose_slope_is_small():
    at = sigmoid_ground(seeds(2), shift=6.0)
    assert (saturated_share(at)[1] > 0.95).all()
    assert (saturated_share(at)[0] < 0.05).all()  # it is the second layer that is shifted
    assert (saturated_share(sigmoid_ground(seeds(2))) < 0.05).all()
    mixed = saturated_share(sigmoid_ground(seeds(2), times=10.0))
    assert ((mixed > 0.2) & (mixed < 0.9)).all()


def test_hidden_outputs_are_those_of_the_layers():
    at = sigmoid_ground(seeds(2), times=10.0)
    first, second = hidden_outputs(at)
    part = {name: at.net.theta[:, place] for name, place in at.net.slices.items()}
    for got, said, name, shape in (
        (first, at.x, "0", (2, 16, 64)),
        (second, first, "2", (2, 16, 16)),
    ):
        weight = part[f"{name}.weight"].reshape(shape).swapaxes(1, 2)
        z = said @ weight + part[f"{name}.bias"][:, None]
        np.testing.assert_allclose(got, 1 / (1 + np.exp(-z)), atol=1e-12)


def test_far_off_is_as_far_as_it_says():
    at = sigmoid_ground(seeds(2))
    before = at.net.theta.copy()
    for far in (0, 2, 5):
        moved = far_off(at, far, np.random.default_rng(0)).net.theta - before
        np.testing.assert_allclose(np.linalg.norm(moved, axis=-1), far, atol=1e-12)
    np.testing.assert_array_equal(at.net.theta, before)


def test_what_settles_is_the_outputs_biases_alone():
    at = sigmoid_ground(seeds(2), shift=6.0)
    before, part = at.net.theta.copy(), at.net.slices["4.bias"]
    rest = settled(at)
    np.testing.assert_array_equal(at.net.theta, before)
    changed = rest.net.theta != before
    assert changed[:, part].all() and changed.sum() == 2 * 10
    at.slope(), rest.slope()
    slopes = [np.linalg.norm(g.net.grad[:, part], axis=-1) for g in (at, rest)]
    assert (slopes[1] < 0.01 * slopes[0]).all()


def test_the_slopes_of_layers_are_those_of_the_gradient():
    rngs = seeds(2)
    got = layer_slopes(rngs, "relu", kaiming_normal, depth=3, width=8, n=10)
    sizes, more = [64, 8, 8, 8, 10], {"loss": "cross-entropy", "init": kaiming_normal}
    at = Ground(seeds(2), 10, sizes, "relu", scale=1.0, **more)
    at.slope()
    expected = [np.sqrt((at.net.grads[f"{i}.weight"] ** 2).sum((-2, -1))) for i in (0, 2, 4)]
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_sigmoids_lose_the_gradient_and_he_keeps_it():
    lost = layer_slopes(seeds(3), "sigmoid", xavier_normal, depth=8)
    kept = layer_slopes(seeds(3), "relu", kaiming_normal, depth=8)
    assert (lost[0] < 1e-3 * lost[-1]).all() and (kept[0] > 0.1 * kept[-1]).all()


def test_planted_a_shift_of_the_wrong_sign_is_noticed(monkeypatch):
    right = plateaus.sigmoid_ground

    def wrong(rngs, times=1.0, shift=0.0):
        return right(rngs, times=times, shift=-shift)

    monkeypatch.setitem(globals(), "sigmoid_ground", wrong)
    with pytest.raises(AssertionError):
        test_only_what_is_named_is_changed()
