"""What the exercises on hyper-parameters catch by counting: a known mistake whose values are right.

A training costs; who asks for the same one twice has the right history and pays double.
"""

import numpy as np
import pytest

from dlcourse.grading.bank import exercises
from dlcourse.grading.judge import judge

SHA, SEARCHES = exercises()["successive_halving"], exercises()["random_vs_grid"]
SEEDS = [0, 1, (2**40, 7)]


def sorts_by_asking_again(loss, configs, r_min, eta, r_max):
    history, k = [], 0
    while True:
        budget = min(r_min * eta**k, r_max)
        history.append((budget, configs, np.array([loss(c, budget) for c in configs])))
        ranked = np.array(sorted(configs, key=lambda config: loss(config, budget)))
        if len(configs) == 1 or budget == r_max:
            return ranked[0], history
        configs = ranked[: max(1, len(configs) // eta)]
        k += 1


def asks_for_the_best_again(f, space, budget, rng):
    return [
        (best, f(best), xs, ys) for best, _, xs, ys in SEARCHES.reference(f, space, budget, rng)
    ]


@pytest.mark.parametrize("seed", SEEDS, ids=str)
@pytest.mark.parametrize(
    ("exercise", "answer", "asked"),
    [
        (SHA, sorts_by_asking_again, "loss was called 26 times; expected 13"),
        (SEARCHES, asks_for_the_best_again, "f was called 6 times; expected 4"),
    ],
    ids=["halving", "searches"],
)
def test_a_training_asked_for_twice_is_seen_though_all_values_are_right(
    exercise, answer, asked, seed
):
    report = judge(exercise, answer, seed, own=False)
    assert report.cause == "calls"
    assert len(report.passed) == len(exercise.probes)
    assert asked in report.lines[0]


def test_planted_who_asks_once_is_not_accused():
    for exercise in (SHA, SEARCHES):
        assert judge(exercise, exercise.reference, own=False).cause == "correct"
