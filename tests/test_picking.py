"""The best of many: where it was picked, and elsewhere."""

from __future__ import annotations

import numpy as np

from dlcourse.problems.picking import candidates, picked


def test_the_best_of_the_first_ones_is_picked_by_what_was_seen() -> None:
    seen = np.zeros((1, 3, 10), bool)
    seen[0, 0, :4], seen[0, 1, :2], seen[0, 2, :1] = True, True, True
    fresh = np.zeros((1, 3, 20), bool)
    fresh[0, 0, :1], fresh[0, 1, :2], fresh[0, 2, :10] = True, True, True
    told = {k: [float(a[0]) for a in picked(seen, fresh, k)] for k in (1, 2, 3)}
    assert told == {1: [0.4, 0.05], 2: [0.2, 0.1], 3: [0.1, 0.5]}


def test_pure_luck_does_not_come_along() -> None:
    coins = np.random.default_rng(0).random((200, 30, 150)) < 0.5
    said, true = picked(coins[..., :50], coins[..., 50:], 30)
    assert said.mean() < 0.40 < 0.48 < true.mean() < 0.52


def test_candidates_differ_and_runs_stand_alone() -> None:
    rngs = lambda *seeds: [np.random.default_rng(s) for s in seeds]  # noqa: E731
    field = candidates(rngs(1, 2), 4)
    assert field.val.shape == (2, 4, 400) and field.test.shape == (2, 4, 500)
    assert len({one.tobytes() for one in field.test[0]}) == 4
    assert (field.test.mean(-1) < 0.4).all()
    alone = candidates(rngs(2), 4)
    assert (alone.test[0] == field.test[1]).mean() > 0.999
