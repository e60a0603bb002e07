"""Descents with all images at once: what is measured on them, against sums written out."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems import steepness
from dlcourse.problems.steepness import (
    LOST,
    PIXELS,
    Ground,
    Part,
    centred,
    descend,
    flat_share,
    sides,
    standardized,
    steep_part,
    watch_steps,
    without_one,
)
from dlcourse.scratch.landscape import hessian_from_products, loss_gradient

SIZES = (64, 3, 10)


def seeds(n, first=0):
    return [np.random.default_rng(first + i) for i in range(n)]


def small(n=2, **more):
    return Ground(seeds(n), n=20, sizes=SIZES, **more)


def dense(at):
    return hessian_from_products(at.hessian(), at.net.theta.shape[1], len(at.x))


@pytest.mark.parametrize("loss", ["squares", "cross-entropy"])
def test_the_slope_is_that_of_the_loss(loss):
    at = small(loss=loss)
    expected = loss_gradient(at.net, at.loss, at.x, at.y)(at.net.theta)
    np.testing.assert_allclose(at.slope(), expected, atol=1e-14)
    np.testing.assert_array_equal(at.height, at.value())


def test_every_run_is_the_run_alone():
    both, alone = small(2), Ground(seeds(1, 1), n=20, sizes=SIZES)
    together = descend(both, np.array([[0.3], [0.7]]), 5, every=5)
    single = descend(alone, 0.7, 5, every=5)
    np.testing.assert_allclose(together.loss[:, 1:], single.loss, rtol=1e-12)
    np.testing.assert_allclose(together.steep[-1, 1:], single.steep[-1], rtol=1e-2)


def test_some_of_the_runs_have_memory_of_their_own():
    at = small(3)
    part = at.some(slice(1, 2))
    np.testing.assert_array_equal(part.value(), at.value()[1:2])
    before = at.net.theta.copy()
    descend(part, 0.5, 3)
    np.testing.assert_array_equal(at.net.theta, before)
    assert abs(part.net.theta - before[1:2]).max() > 0


def test_the_steepest_is_that_of_the_dense_hessian():
    at = small()
    expected = np.linalg.eigvalsh(dense(at))[:, ::-1][:, :3]
    np.testing.assert_allclose(at.steepest(3, tol=1e-9).values, expected, rtol=1e-8)


def test_a_lost_run_stays_and_the_other_goes_on():
    at = small()
    way = descend(at, np.array([[1e4], [0.3]]), 10)
    assert way.loss[-1, 0] > LOST * way.loss[0, 0] and way.loss[-1, 0] == way.loss[-2, 0]
    assert way.loss[-1, 1] < way.loss[0, 1]


def test_who_has_arrived_rests():
    at = small()
    bar = float(at.value().mean() * 0.8)
    way = descend(at, 0.3, 500, until=bar)
    assert len(way.loss) < 501
    assert (way.loss[-1] <= bar).all() and (way.loss[-1] > 0.7 * bar).all()


def test_a_gradient_falls_apart_into_steep_and_rest():
    at = small()
    directions = at.steepest(4, tol=1e-9).vectors
    slope = at.slope()
    along = steep_part(slope, directions)
    by_hand = sum((d @ slope[0]) * d for d in directions[0])
    np.testing.assert_allclose(along[0], by_hand, atol=1e-12)
    assert abs(directions @ (slope - along)[..., None]).max() < 1e-12


@pytest.mark.parametrize("side", ["steep", "rest"])
def test_only_one_part_is_followed(side):
    at = small()
    directions, before = at.steepest(4, tol=1e-2).vectors, at.net.theta.copy()
    descend(at, 0.1, 1, keep=Part(at, 4, side))
    moved = at.net.theta - before
    along = steep_part(moved, directions)
    np.testing.assert_allclose(along, moved if side == "steep" else 0, atol=1e-12)


def test_the_directions_are_looked_for_again(monkeypatch):
    at, asked = small(), []
    found = Ground.steepest
    monkeypatch.setattr(Ground, "steepest", lambda *a, **k: asked.append(1) or found(*a, **k))
    descend(at, 0.1, 9, keep=Part(at, 2, "rest", every=4))
    assert len(asked) == 3


def test_the_flat_share_is_that_of_the_dense_hessian():
    at = small()
    values = np.linalg.eigvalsh(dense(at))
    expected = (abs(values) < 0.01 * values[:, -1:]).mean(-1)
    got = flat_share(at, probes=40, steps=225)
    np.testing.assert_allclose(got, expected, atol=0.03)
    assert flat_share(at, below=0.3).mean() > got.mean()  # the bar is heeded


def test_one_parameter_at_a_time_is_taken_out():
    at = small()
    before = at.net.theta.copy()
    moved = without_one(at, 5)
    np.testing.assert_array_equal(at.net.theta, before)
    base = at.value()
    last = at.moved_to(np.where(np.arange(before.shape[1]) == before.shape[1] - 1, 0, before))
    np.testing.assert_allclose(moved[-1], abs(last.value() - base), atol=1e-14)
    assert moved.shape == (5, 2)


def test_sides_counts_changes_of_sign():
    np.testing.assert_array_equal(sides(np.array([[1, 1], [1, -1], [-1, 1]])), [0.5, 1.0])


def test_steps_are_watched_on_a_copy():
    at = small()
    before, slope, directions = at.net.theta.copy(), at.slope().copy(), at.steepest(3).vectors
    along, share = watch_steps(at, 0.2, steps=1, k=3)
    np.testing.assert_array_equal(at.net.theta, before)
    by_hand = [(directions[:, i] * slope).sum(-1) for i in range(3)]
    np.testing.assert_allclose(along[0], by_hand, atol=1e-12)
    inside = ((directions @ slope[..., None])[..., 0] ** 2).sum(-1) / (slope**2).sum(-1)
    np.testing.assert_allclose(share, inside, rtol=1e-9)
    assert watch_steps(at, 0.2, steps=4, k=3)[0].shape == (4, 3, 2)


def test_pixels_are_in_the_units_they_are_said_to_be():
    low, high = (small(change=PIXELS[name]).x for name in ("0 to 1", "0 to 16"))
    assert low.min() == 0 and low.max() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(high, 16 * low, atol=1e-9)
    even = small(change=PIXELS["standardized"]).x
    alive = low.std(1) > 0
    np.testing.assert_allclose(even.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(even.std(1)[alive], 1, atol=1e-6)
    assert not even.std(1)[~alive].any() and alive.any() and not alive.all()


def test_centred_pixels_keep_their_spread():
    plain, even = small().x, small(change=centred).x
    np.testing.assert_allclose(even.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(even.std(1), plain.std(1), atol=1e-6)


def test_a_pixel_that_never_changes_stays_finite():
    assert (standardized(np.ones((3, 2))) == 0).all()


def test_planted_the_part_that_is_kept_is_noticed(monkeypatch):
    """The wrong half would turn both tests of ``Part`` red."""
    monkeypatch.setattr(steepness, "steep_part", lambda slope, d: slope - steep_part(slope, d))
    with pytest.raises(AssertionError):
        test_only_one_part_is_followed("steep")


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match="loss must be one of"):
        small(loss="hinge")
    with pytest.raises(ValueError, match="side must be one of"):
        Part(small(), 1, "flat")
