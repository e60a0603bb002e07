"""Learning curves that are formulas: their lowest end, and what a bracket of them costs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from dlcourse.problems.learning_curves import (
    END,
    PROBLEMS,
    SPACE,
    by_bracket,
    laps,
    lowest,
    price,
    regret,
    repeated,
)
from dlcourse.scratch.hpo import Hyperband, RandomSearch, Rung, Trial, brackets, successive_halving


def draws(seed: int, n: int) -> list[dict[str, float]]:
    search = RandomSearch(SPACE, np.random.default_rng(seed))
    return [search.ask().params for _ in range(n)]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_no_draw_ends_below_the_lowest(problem):
    curve = PROBLEMS["ordered" if problem == "noisy" else problem]
    ends = [curve(p, END) for p in draws(0, 2000)]
    assert lowest(problem) <= min(ends) < lowest(problem) + 0.1


def test_which_curves_cross():
    found = {}
    for name, curve in PROBLEMS.items():
        early, end = ([curve(p, t) for p in draws(1, 200)] for t in (1, END))
        found[name] = np.corrcoef(np.argsort(np.argsort(early)), np.argsort(np.argsort(end)))[0, 1]
    assert found["ordered"] > 0.999
    assert max(found[name] for name in ("crossing", "late", "noisy")) < 0.9


def test_noise_is_the_same_whenever_it_is_asked():
    p = draws(2, 1)[0]
    assert PROBLEMS["noisy"](p, 3) == PROBLEMS["noisy"](p, 3) != PROBLEMS["ordered"](p, 3)


def test_noise_is_normal_and_that_of_one_look_says_nothing_of_the_next():
    rates = np.exp(np.log(1e-4) * np.random.default_rng(3).random(20_000))
    p = {"lr": rates, "width": 0.7, "decay": 0.2}
    early, later = ((PROBLEMS["noisy"](p, t) - PROBLEMS["ordered"](p, t)) * 2 * t**0.5
                    for t in (1, 3))  # fmt: skip
    for noise in (early, later):
        assert stats.kstest(noise, "norm").pvalue > 0.01
    assert abs(np.corrcoef(early, later)[0, 1]) < 0.02


def test_price_is_what_a_run_spends():
    for table in brackets(END):
        first = table[0]
        found = successive_halving(
            PROBLEMS["ordered"], SPACE, np.random.default_rng(0), first.n, first.resource, 3, END
        )
        assert price(table) == found.cost
    assert price([Rung(4, 2), Rung(2, 4)]) == 12


def test_a_bracket_is_repeated_as_often_as_the_budget_pays_for():
    table = brackets(9)[0]
    calls = []
    repeated(lambda p, t: calls.append(t) or 0.0, table, 3 * price(table) - 1,
             np.random.default_rng(0))  # fmt: skip
    assert calls.count(1) == 2 * table[0].n
    assert len(repeated(PROBLEMS["ordered"], table, 0, np.random.default_rng(0))) == table[0].n


def test_random_search_is_bought_by_the_draw():
    budget, last = sum(map(price, brackets(END))), brackets(END)[-1]
    assert last == [Rung(5, END)] and budget == 1581
    assert laps(last, budget) == [[Rung(19, END)]]
    assert laps(last, 0) == [last]
    assert len(repeated(PROBLEMS["ordered"], last, budget, np.random.default_rng(0))) == 19


@pytest.mark.parametrize("problem", PROBLEMS)
def test_side_by_side_comes_to_what_the_packages_halving_does(problem):
    tables, best, curve = brackets(END), lowest(problem), PROBLEMS[problem]
    budget = sum(map(price, tables))
    for seed, row in zip((3, 4), by_bracket(problem, [3, 4]), strict=True):
        band = Hyperband(SPACE, np.random.default_rng([seed, 0]), END).run(curve)
        trials = [band.trials] + [
            repeated(curve, table, budget, np.random.default_rng([seed, i + 1]))
            for i, table in enumerate(tables)
        ]
        assert row == pytest.approx([regret(problem, one, best) for one in trials], abs=1e-12)


def test_regret_is_of_the_one_that_was_chosen_not_of_the_best():
    middle = {"lr": 0.01, "width": 0.7, "decay": 0.2}
    good = Trial(0, middle, intermediate={1: 0.0, END: 5.0})
    bad = Trial(1, {**middle, "width": 0.2}, intermediate={END: 1.0})
    cut = Trial(2, middle, intermediate={1: -9.0})
    assert regret("ordered", [good, bad, cut], 1 / END) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="trials must be some of which came to 81"):
        regret("ordered", [cut], 0.0)


def test_brackets_are_compared_on_their_own_draws():
    rows = by_bracket("ordered", [5, 6])
    assert rows.shape == (2, 6)
    assert (rows > 0).all() and (rows[0] != rows[1]).any()
    assert rows[:, 1].mean() < rows[:, 5].mean()  # haste wins where curves never cross
    with pytest.raises(ValueError, match="problem must be"):
        lowest("Ordered")
