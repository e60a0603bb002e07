"""Networks that stop and go on: who stays learns as if nobody had left."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dlcourse.problems.halved_digits import (
    SPACE,
    USUAL,
    Classroom,
    curves,
    place,
    rank_correlation,
    ranks,
    with_wrong_labels,
)
from dlcourse.problems.tuned_digits import Task
from dlcourse.scratch.hpo import successive_halving


def some_task(seed: int = 0) -> Task:
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(10, 64))
    y = np.arange(120) % 10
    x = (means[y] + 0.5 * rng.normal(size=(120, 64))).astype(np.float32)
    return Task(x[:60], y[:60], x[60:], y[60:], seed)


MANY = [{"lr": 0.03}, {"lr": 0.3}, {"lr": 0.3, "momentum": 0.9, "cosine": 1.0}, {"smoothing": 0.4}]


def test_survivors_go_on_as_if_nobody_had_left():
    task = some_task()
    whole, _ = curves(MANY, task, [5, 12, 30])
    room = Classroom(task, end=30)
    room.together.start(MANY)
    room.together.train(range(4), 5)
    half = room.together.train([1, 2], 12)
    last = room.together.train([2], 30)
    np.testing.assert_array_equal(half, whole[[1, 2], 1])
    np.testing.assert_array_equal(last, whole[[2], 2])
    assert room.net_updates == 4 * 5 + 2 * 7 + 18


def test_a_cosine_falls_and_nothing_else_changes():
    task = some_task()
    plain, falls = ({"lr": 0.3, "cosine": c} for c in (0.0, 1.0))
    rooms = [Classroom(task, end=40) for _ in range(2)]
    for room, config in zip(rooms, (plain, falls), strict=True):
        room.together.start([config])
        room.together.train([0], 40)
    rates = [float(room.together.optimizer.lr.ravel()[0]) for room in rooms]
    assert rates[0] == pytest.approx(0.3)
    assert 0 < rates[1] < 0.01


def test_a_network_that_diverges_guesses_and_others_go_on():
    seen, test = curves([{"lr": 0.3}, {"lr": 1e6, "momentum": 0.99}], some_task(), [20, 60],
                        (some_task().held_x, some_task().held_y))  # fmt: skip
    assert seen[1, 1] == 0.9 and seen[0, 1] < 0.5
    alone, _ = curves([{"lr": 0.3}], some_task(), [20, 60])
    np.testing.assert_array_equal(seen[0], alone[0])
    assert test.shape == (2,)


def test_halving_runs_on_it_and_pays_for_what_it_trains():
    room = Classroom(some_task(), end=27, unit=1)
    found = successive_halving(room.together, SPACE, np.random.default_rng(1), 27, 1, 3, 27)
    assert room.net_updates == found.cost == 27 + 9 * 2 + 3 * 6 + 18
    assert found.best.value == found.history[-1].values[0]


def test_wrong_labels_are_as_many_as_said():
    task = some_task()
    spoilt = with_wrong_labels(task, 0.5)
    share = (spoilt.y != task.y).mean()
    assert 0.3 < share < 0.6  # a tenth of the drawn ones is right by chance
    assert (spoilt.held_y == task.held_y).all()
    assert (with_wrong_labels(task, 0.0).y == task.y).all()


def test_ranks_are_those_of_scipy():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 6, 30), rng.normal(size=30)
    np.testing.assert_array_equal(ranks(a), stats.rankdata(a))
    assert rank_correlation(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)
    many = rng.normal(size=(7, 3))
    np.testing.assert_array_equal(ranks(many), stats.rankdata(many, axis=0))


def test_unknown_names_are_refused():
    room = Classroom(some_task(), end=9)
    with pytest.raises(ValueError, match=r"the names of configs\[0\] must be"):
        room.together.start([{"rate": 1.0}])
    assert set(SPACE) == set(USUAL)


def test_only_those_who_took_no_part_judge():
    end = np.array([[0.0, 0.3, 0.1, 0.2], [0.9, 0.1, 0.4, 0.4]])
    assert place([0.2, 0.4], end, [0]).tolist() == [1 / 3, 1 / 3]  # a tie is not better
    assert place([0.2, 0.4], end, [0, 2]).tolist() == [0, 0.5]
