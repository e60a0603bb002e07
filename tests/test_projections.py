"""What trials see of each dimension: regret by hand, and who is chosen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from dlcourse.problems import projections
from dlcourse.problems.projections import centers, chosen, in_turn, regret, shares_of, tried
from dlcourse.problems.tuned_digits import draw_task, train_all
from dlcourse.scratch.hpo import Float, RandomSearch

RNG = np.random.default_rng(5)


@pytest.mark.parametrize("worst", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_regret_is_the_smallest_of_all_by_hand(worst, shared):
    points = RNG.random((7, 3)) if shared else RNG.random((4, 7, 3))
    optimum, weights = RNG.random((4, 3)), np.array([1.0, 0.5, 0.2])
    for run in range(4):
        own = points if shared else points[run]
        terms = [
            [w * abs(x - c) for w, x, c in zip(weights, p, optimum[run], strict=True)] for p in own
        ]
        expected = min(max(t) if worst else sum(t) for t in terms)
        np.testing.assert_allclose(regret(points, optimum, weights, worst)[run], expected)


def test_centers_are_the_middles_of_all_cells():
    rows = {tuple(row) for row in centers(3, 2).round(9)}
    assert rows == set(itertools.product(np.round([1 / 6, 0.5, 5 / 6], 9), repeat=2))


def test_the_mean_distance_is_that_of_draws():
    for n in (1, 4, 16):
        draws = RNG.random((20_000, n, 1))
        seen = regret(draws, RNG.random((20_000, 1)), [1.0])
        error = seen.std() / len(seen) ** 0.5
        assert abs(seen.mean() - projections.mean_distance(n)) < 4 * error
        assert abs(seen.mean() - 1 / (2 * (n + 1))) > 4 * error


def test_one_trial_a_task_is_chosen_by_held_images_alone():
    val = np.array([[0.3, 0.1, 0.1], [0.2, 0.2, 0.5]])
    loss = np.array([[0.1, 2.0, 1.0], [3.0, 4.0, 0.1]])
    found = chosen(loss, val, np.array([[1, 2, 3], [4, 5, 6]]))
    assert found.test_error.tolist() == [3, 4]
    np.testing.assert_array_equal(found.val_error, [0.1, 0.2])
    np.testing.assert_array_equal(found.tried, val)


def test_every_task_has_its_own_trials():
    pool = RNG.random((60, 64)).astype(np.float32), RNG.integers(0, 10, 60)
    tasks = [draw_task(k, pool, 30, 20) for k in (1, 2)]
    asked = [[{"lr": 1e-6}, {"lr": 0.3}], [{"lr": 0.2}, {"lr": 1e-6}]]
    plan = {"test": pool, "batch_size": 10}
    found = tried(asked, tasks, updates=12, **plan)
    for k in (0, 1):
        seen = train_all(asked[k], [tasks[k]] * 2, looks=[12], **plan)
        alone = chosen(*(part[:, 0][None] for part in seen[1:]))
        assert alone.val_error[0] == found.val_error[k]
        assert alone.test_error[0] == found.test_error[k]


def test_a_part_of_the_trials_is_a_search_of_its_own():
    pool = RNG.random((60, 64)).astype(np.float32), RNG.integers(0, 10, 60)
    tasks = [draw_task(k, pool, 30, 20) for k in (1, 2)]
    asked = [[{"lr": lr} for lr in (0.3, 0.01, 0.1, 1e-6)]] * 2
    plan = {"test": pool, "batch_size": 10, "updates": 12}
    part = chosen(*(seen[:, 1::2] for seen in tried(asked, tasks, **plan).seen))
    alone = tried([trials[1::2] for trials in asked], tasks, **plan)
    for ours, theirs in zip(part[:3], alone[:3], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_share_goes_to_what_the_errors_follow():
    space = {"a": Float(0, 1), "b": Float(0, 1)}
    searches = [RandomSearch(space, np.random.default_rng(seed)) for seed in (1, 2)]
    b = np.array([[search.ask().params["b"] for _ in range(20)] for search in searches])
    nothing = np.zeros(2)
    found = projections.Found(nothing, nothing, b, (b, b, b))
    shares = shares_of(searches, found, 3)
    assert shares["b"].shape == (2,)
    assert (shares["b"] > 0.6).all() and (shares["a"] < 0.2).all()
    assert [trial.value for trial in searches[1].trials] == b[1].tolist()


def test_in_turn_stops_where_row_and_column_are_best_for_each_other():
    for seed in range(20):
        table = np.random.default_rng(seed).random((4, 6))
        for row in range(4):
            end = in_turn(table, row)
            column = table[end].argmin()
            assert table[end, column] == table[:, column].min() <= table[row].min()
    assert in_turn(np.array([[3.0, 9.0], [2.0, 1.0]]), 0) == 1
