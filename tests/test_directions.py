"""One unit on a quadratic: its descent is that of the formulas, and errors in them are seen."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems import directions
from dlcourse.problems.directions import (
    condition,
    needed,
    normed_descent,
    plain_descent,
    steps_needed,
    units,
)

SPREAD = np.geomspace(1, 100, 6)


def test_units_have_the_curvatures_and_lengths_that_were_asked_for() -> None:
    unit = units(range(4), SPREAD)
    np.testing.assert_allclose(np.linalg.eigvalsh(unit.H), np.tile(SPREAD, (4, 1)))
    for one in (unit.goal, unit.start):
        np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1)
    assert abs(np.diff(unit.H, axis=0)).min() > 0
    aligned = units(range(4), SPREAD, align=5)
    along = np.einsum("rij,rj->ri", aligned.H, aligned.goal)
    np.testing.assert_allclose(along, 100 * aligned.goal)


def test_a_small_step_is_the_one_of_the_formula() -> None:
    """Δw = -η (uuᵀ + (g/‖v‖)² (I - uuᵀ)) ∇w, for a first ‖v‖ of 1 and of 1/3."""
    unit, rate = units(range(5), SPREAD), 1e-9
    for length in (1.0, 1 / 3):
        w = normed_descent(unit, rate, 1, length).w
        grad = np.einsum("rij,rj->ri", unit.H, unit.start - unit.goal)
        along = np.vecdot(unit.start, grad)[:, None] * unit.start
        expected = along + (grad - along) / length**2
        np.testing.assert_allclose((w[0] - w[1]) / rate, expected, rtol=1e-4, atol=1e-3)
        assert abs(expected - grad).max() > 1 or length == 1


def test_v_grows_by_the_square_of_the_step() -> None:
    path = normed_descent(units(range(5), SPREAD), 0.01, 50)
    grown = path.length[:-1] ** 2 + (0.01 * path.slope) ** 2
    np.testing.assert_allclose(path.length[1:] ** 2, grown, rtol=1e-13)
    assert (np.diff(path.length, axis=0) > 0).all()


def test_g_that_is_held_stays() -> None:
    path = normed_descent(units(range(5), SPREAD), 0.01, 50, rate_g=0.0)
    np.testing.assert_allclose(np.linalg.norm(path.w, axis=-1), 1)
    free = normed_descent(units(range(5), SPREAD), 0.01, 50)
    assert abs(np.linalg.norm(free.w[-1], axis=-1) - 1).max() > 0.01


def test_condition_is_that_of_the_hessian_in_v_and_g() -> None:
    unit = units([3], SPREAD)
    np.testing.assert_allclose(condition(unit, 1.0), 100)
    for length in (0.2, 3.0):

        def gradient(at, length=length):
            v, g = at[:-1], at[-1]
            w, cache = directions.weight_norm(v[None, None], g[None, None])
            dw = np.einsum("rij,rj->ri", unit.H, w[:, 0] - unit.goal)
            dv, dg = directions.weight_norm_backward(dw[:, None], cache)
            return np.r_[dv[0, 0], dg[0]]

        at, h = np.r_[length * unit.goal[0], 1.0], 1e-6
        hessian = [(gradient(at + h * e) - gradient(at - h * e)) / (2 * h) for e in np.eye(7)]
        values = np.sort(abs(np.linalg.eigvalsh(np.array(hessian))))[1:]
        np.testing.assert_allclose(condition(unit, 1 / length), values[-1] / values[0], rtol=1e-4)


def test_steps_are_counted_for_good() -> None:
    unit = units([0], [1.0, 1.0])
    loss = np.array([1.0, 1e-4, 1.0, 1e-4, 1e-4])
    w = unit.goal + np.sqrt(2 * loss)[:, None, None] * np.array([[[1.0, 0.0]]])
    assert steps_needed(unit, w).tolist() == [3]
    assert steps_needed(unit, w[:3]).tolist() == [2], "never: all steps that were made"
    assert steps_needed(unit, w * np.nan).tolist() == [4]


def test_many_settings_side_by_side_are_each_alone() -> None:
    unit = units(range(3), SPREAD)
    rates, lengths = np.array([0.004, 0.01, 0.05]), np.array([0.5, 1.0, 2.0])
    plain, split = needed(unit, rates, steps=200), needed(unit, rates, lengths, steps=200)
    for i, (rate, length) in enumerate(zip(rates, lengths, strict=True)):
        assert (plain[i] == steps_needed(unit, plain_descent(unit, rate, 200))).all()
        path = normed_descent(unit, rate, 200, length)
        assert (split[i] == steps_needed(unit, path.w)).all()
    assert plain[2].tolist() == [200] * 3, "beyond 2/100 it diverges"


def test_a_planted_error_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the projection a step on v is no longer at right angles to it."""

    def no_projection(dw, cache):
        u, scale, _ = cache
        return scale[..., None] * dw, np.vecdot(u, dw.reshape(u.shape))

    monkeypatch.setattr(directions, "weight_norm_backward", no_projection)
    path = normed_descent(units(range(5), SPREAD), 0.01, 50)
    grown = path.length[:-1] ** 2 + (0.01 * path.slope) ** 2
    assert abs(path.length[1:] ** 2 / grown - 1).max() > 1e-3
