"""Digits under wrong labels: what is drawn, what is watched, and that runs do not mix."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from dlcourse.problems.stopped_digits import (
    at_epoch,
    bare_stop,
    draw_digits,
    learn_long,
    mislabel,
    spread_out,
)
from dlcourse.scratch.regularization import early_stop

RNG = np.random.default_rng(1)
POOL = (RNG.random((60, 64)).astype(np.float32), RNG.integers(0, 10, 60))
TEST = (RNG.random((20, 64)).astype(np.float32), RNG.integers(0, 10, 20))
learn = partial(learn_long, pool=POOL, test=TEST, few=30, held=20, epochs=4, batch_size=10, width=8)


def seeds(first, runs):
    return [np.random.default_rng(first + i) for i in range(runs)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 1.0])
def test_a_share_of_any_first_so_many_is_wrong(share):
    places = spread_out(200, share)
    for n in (50, 100, 200):
        assert places[:n].sum() == int(share * n + 1e-9)
    y = RNG.integers(0, 10, 200)
    np.testing.assert_array_equal(mislabel(np.random.default_rng(0), y, share) != y, places)


def test_the_cut_changes_neither_images_nor_labels():
    one, other = (
        draw_digits(np.random.default_rng(5), 1, POOL, few, 50 - few, 0.3) for few in (30, 50)
    )
    np.testing.assert_array_equal(np.concatenate([one.x, one.held_x], 1), other.x)
    np.testing.assert_array_equal(np.concatenate([one.y, one.held_y], 1), other.y)
    np.testing.assert_array_equal((one.y != one.right)[0], one.wrong)
    assert len(np.unique(other.x[0], axis=0)) == 50


def test_more_than_there_is_is_refused():
    with pytest.raises(ValueError, match="few \\+ held must be at most 60"):
        draw_digits(np.random.default_rng(0), 1, POOL, 50, 11, 0.3)


def test_a_run_alone_is_as_among_others():
    together, alone = learn(seeds(0, 3), 3, 0.01), learn(seeds(1, 1), 1, 0.01)
    for name, curve in together.items():
        assert curve.shape == (3, 4)
        np.testing.assert_allclose(curve[1], alone[name][0], rtol=1e-4)
    assert len({*together["train_loss"][:, -1]}) == 3


def test_rate_strength_and_schedule_change_what_they_should():
    plain = learn(seeds(0, 2), 2, 0.01)
    fast = learn(seeds(0, 2), 2, 0.01, rates={2: 10.0})
    np.testing.assert_array_equal(plain["moved"][:, :2], fast["moved"][:, :2])
    assert (fast["moved"][:, 2] > 2 * plain["moved"][:, 2]).all()
    held = learn(seeds(0, 2), 2, np.array([[0.01], [0.01]]), np.array([[0.0], [0.5]]))
    np.testing.assert_allclose(held["train_loss"][0], plain["train_loss"][0], rtol=1e-5)
    assert held["train_loss"][1, -1] > plain["train_loss"][1, -1]


def test_without_wrong_labels_or_a_held_out_part_their_columns_are_missing():
    found = learn(seeds(0, 2), 2, 0.01, held=0, wrong=0.0)
    assert {"val_loss", "val_error", "wrong_fitted"}.isdisjoint(found)
    np.testing.assert_array_equal(found["test_error"], found["new_error"])


def test_looking_less_often_changes_nothing_but_what_is_seen():
    all_of_it, some, none = (learn(seeds(0, 2), 2, 0.01, looks=k) for k in (None, [1], []))
    assert {*none} == {"val_loss", "val_error", "moved"} and len(all_of_it) == len(some) == 10
    for name, curve in some.items():
        epochs = [1] if name not in none else [0, 1, 2, 3]
        np.testing.assert_array_equal(curve[:, epochs], all_of_it[name][:, epochs])
        assert np.isnan(curve).sum() == (0 if name in none else 6)


def test_at_epoch_takes_one_a_run():
    curve = RNG.random((3, 5))
    np.testing.assert_array_equal(at_epoch(curve, [4, 0, 2]), curve[[0, 1, 2], [4, 0, 2]])
    np.testing.assert_array_equal(at_epoch(curve, 1), curve[:, 1])


@pytest.mark.parametrize("patience", [1, 3, 50])
@pytest.mark.parametrize("min_delta", [0.0, 0.1])
def test_the_bare_rule_is_that_of_the_room(patience, min_delta):
    curves = RNG.random((30, 6)) + np.linspace(1, 0, 30)[:, None]
    stop, best = early_stop(curves, patience, min_delta)
    found = [bare_stop(curve, patience, min_delta) for curve in curves.T]
    assert found == [*zip(stop.tolist(), best.tolist(), strict=True)]
    assert len({*stop}) > 1 or patience == 50


def test_seeds_made_anew_give_the_same_runs_and_used_generators_others():
    """Two arms are paired only when each call gets generators nobody has drawn from."""
    first, second = (learn(seeds(0, 2), 2, 0.01) for _ in range(2))
    for name, curve in first.items():
        np.testing.assert_array_equal(curve, second[name])
    bound = partial(learn, seeds(0, 2), 2, 0.01)
    before, after = bound(), bound()
    np.testing.assert_array_equal(before["val_loss"], first["val_loss"])
    assert (before["val_loss"] != after["val_loss"]).any(axis=1).all()
