"""Objectives and what is told of them: Branin by its three minima, and searches side by side."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from dlcourse.problems import searched
from dlcourse.problems.searched import (
    WatchedSearch,
    ask_after,
    best_so_far,
    branins,
    cube,
    density,
    integrated_ei,
    integrated_log_ei,
    tune_planned,
    tune_together,
    typical,
    worth_of,
)
from dlcourse.problems.tuned_digits import draw_task
from dlcourse.scratch.hpo import GPSearch, RandomSearch, Search, TPESearch

RNG = np.random.default_rng(3)


def test_branin_has_its_three_known_minima_and_none_lower():
    known = np.array([[-math.pi, 12.275], [math.pi, 2.275], [9.42478, 2.475]])
    np.testing.assert_allclose(branins((known + np.array([5, 0])) / 15), 0, atol=1e-5)
    fine = np.stack(np.meshgrid(*[np.linspace(0, 1, 400)] * 2), -1)
    assert 0 <= branins(fine).min() < 0.02
    assert branins([0.5, 0.5]) > 10


def test_more_dimensions_are_pairs_averaged():
    u = RNG.random((5, 4))
    np.testing.assert_allclose(branins(u), (branins(u[:, :2]) + branins(u[:, 2:])) / 2)
    with pytest.raises(ValueError, match="even number"):
        branins(u[:, :3])
    assert 20 < typical(2) < typical(8) < 60


def test_the_best_so_far_never_rises_and_is_that_of_the_trials():
    rows = best_so_far(RandomSearch, 2, branins, [4, 5], 9)
    search = RandomSearch(cube(2), np.random.default_rng(5))
    values = [float(branins(list(search.ask().params.values()))) for _ in range(9)]
    np.testing.assert_allclose(rows[1], np.minimum.accumulate(values))
    assert not np.allclose(rows[0], rows[1])


class Told(Search):
    """Remembers nothing but what it is told."""

    def suggest(self):
        return {"lr": 0.1 * (1 + len(self.trials))}


def test_side_by_side_each_search_is_told_the_loss_of_its_own_task():
    pool = RNG.random((60, 64)).astype(np.float32), RNG.integers(0, 10, 60)
    tasks = [draw_task(k, pool, 30, 20) for k in (1, 2)]
    searches = [Told(cube(1), None) for _ in tasks]
    loss, error = tune_together(searches, tasks, 3, test=pool, updates=5)
    for k in (0, 1):
        assert [t.value for t in searches[k].trials] == loss[k].tolist()
    asked = [[t.params for t in s.trials] for s in searches]
    planned = tune_planned(asked, tasks, test=pool, updates=5)
    np.testing.assert_allclose(planned[0], loss, rtol=1e-4)
    np.testing.assert_allclose(planned[1], error, atol=0.02)
    assert not np.allclose(loss[0], loss[1])
    swapped = tune_planned(asked, tasks[::-1], test=pool, updates=5)
    assert not np.allclose(swapped[0], loss)


def test_the_choice_of_a_search_is_worth_most_to_its_model_until_it_is_told():
    search, same = (kind(cube(1), np.random.default_rng(1), n_startup=4) for kind in (
        WatchedSearch, GPSearch,
    ))  # fmt: skip
    for _ in range(4):
        trial, twin = search.ask(), same.ask()
        search.tell(trial, (trial.params["x0"] - 0.3) ** 2)
        same.tell(twin, (twin.params["x0"] - 0.3) ** 2)
    trial = search.ask()
    assert trial.params == same.ask().params
    places = np.append(np.linspace(0, 1, 501), trial.params["x0"])
    worth = worth_of(search, places)
    assert worth[-1] > worth[:-1].max() - 0.05
    assert worth_of(search, places, 3).shape == worth.shape
    np.testing.assert_array_equal(worth_of(search, places, 4), worth)
    assert not np.allclose(worth_of(search, places, 3), worth)
    search.tell(trial, 5.0)
    np.testing.assert_array_equal(worth_of(search, places), worth)
    search.ask()
    worth = worth_of(search, places)
    assert worth[-1] < worth[:-1].max() - 0.05
    search.asked.y = search.asked.y[::-1]
    with pytest.raises(ValueError, match="values in their order"):
        worth_of(search, places)


def test_a_density_integrates_to_one():
    assert abs(quad(lambda x: density([0.2, 0.3], np.array([x]))[0], 0, 1)[0] - 1) < 1e-6
    assert density([0.2], np.array([0.2]))[0] > density([0.2], np.array([0.9]))[0]


def test_expected_improvement_by_another_integration():
    good, bad, cut = np.array([2.0, 0.1]), np.array([0.5, 3.0]), -0.7
    found = integrated_ei(good, bad, cut)
    for k in (0, 1):
        p_x = good[k] * norm.cdf(cut) + bad[k] * norm.sf(cut)
        whole = quad(lambda y, k=k: (cut - y) * good[k] * norm.pdf(y), -12, cut)[0] / p_x
        assert abs(found[k] - whole) < 1e-8
        assert abs(found[k] - whole * p_x) > 1e-3  # p(x) counts
    assert found[0] > found[1]


def test_the_log_of_expected_improvement_by_another_integration():
    found = integrated_log_ei(np.array([5.0, 8.0]))
    for k, a in enumerate((5.0, 8.0)):
        whole = quad(lambda t, a=a: (t - a) * norm.pdf(t), a, a + 12, epsabs=0)[0]
        assert abs(found[k] - math.log(whole)) < 1e-8
    assert np.isfinite(integrated_log_ei(np.array([100.0])))[0]


def test_the_next_trial_hangs_on_the_order_of_the_values_and_on_nothing_before_it():
    asked = []

    class Records(TPESearch):
        def ask(self):
            asked.append(super().ask())
            return asked[-1]

    values = RNG.random(12)
    following = ask_after(Records, values), ask_after(Records, -values)
    assert following[0] != following[1]
    first, second = ([t.params for t in asked[k : k + 12]] for k in (0, 13))
    assert first == second
    assert ask_after(TPESearch, values, seed=9) != following[0]
    assert [t.value for t in asked[:12]] == values.tolist()


def test_the_floor_is_that_of_the_benchmarks():
    assert abs(searched.BRANIN - 0.39788735772973816) < 1e-12
