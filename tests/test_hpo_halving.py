"""Successive halving: its table, who goes on, what it spends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcourse.scratch.hpo import Float, halving
from dlcourse.scratch.hpo.halving import halve, rungs, successive_halving, survivors
from dlcourse.scratch.hpo.simple import RandomSearch

NAN, INF = math.nan, math.inf
SPACE = {"x": Float(0, 1)}
TABLES = {
    "a power": ((27, 1, 3), [(27, 1), (9, 3), (3, 9), (1, 27)]),
    "rounded down": ((10, 1, 3), [(10, 1), (3, 3), (1, 9)]),
    "two at the end are one": ((5, 2, 2), [(5, 2), (2, 4), (1, 8)]),
    "one alone": ((1, 4, 2), [(1, 4)]),
    "243 by threes": ((243, 1, 3), [(3 ** (5 - i), 3**i) for i in range(6)]),
    "1000 by tens": ((1000, 1, 10), [(1000, 1), (100, 10), (10, 100), (1, 1000)]),
    "R between": ((16, 1, 2, 7), [(16, 1), (8, 2), (4, 4)]),
    "R at a rung": ((16, 1, 2, 8), [(16, 1), (8, 2), (4, 4), (2, 8)]),
    "R is r": ((16, 3, 2, 3), [(16, 3)]),
}


@pytest.mark.parametrize("name", TABLES)
def test_the_table(name: str) -> None:
    table_holds(name, rungs)


def table_holds(name: str, table) -> None:
    given_, expected = TABLES[name]
    assert [tuple(rung) for rung in table(*given_)] == expected


def by_logarithm(n, r, eta, most=None):
    """What the formula says when it is typed in: floats lose a rung."""
    last = int(math.log(n) / math.log(eta))
    if most:
        last = min(last, int(math.log(most / r) / math.log(eta)))
    return [(int(n * eta**-i), r * eta**i) for i in range(last + 1)]


def rounded_up(n, r, eta, most=INF):
    table = []
    while r <= most:
        table.append((n, r))
        if n == 1:
            break
        n, r = -(-n // eta), r * eta
    return table


def no_growth(n, r, eta, most=INF):
    return [(rung.n, r) for rung in rungs(n, r, eta, None if most == INF else most)]


@pytest.mark.parametrize(
    ("wrong", "caught_by"),
    [(by_logarithm, "243 by threes"), (by_logarithm, "1000 by tens"), (rounded_up, "rounded down"),
     (no_growth, "a power")],
)  # fmt: skip
def test_a_wrong_table_is_caught(wrong, caught_by: str) -> None:
    with pytest.raises(AssertionError):
        table_holds(caught_by, wrong)
    table_holds("one alone", wrong)  # where it cannot be seen


@given(st.integers(1, 10**6), st.integers(1, 9), st.integers(2, 10), st.integers(0, 12))
@settings(max_examples=200, deadline=None)
def test_every_rung_costs_no_more_than_the_first(n: int, r: int, eta: int, k: int) -> None:
    table = rungs(n, r, eta, r * eta**k)
    assert all(rung.n * rung.resource <= n * r for rung in table)
    assert table[-1].n < eta or table[-1].resource == r * eta**k
    assert [rung.n for rung in table] == sorted({rung.n for rung in table}, reverse=True) or n == 1


@pytest.mark.parametrize(
    ("values", "n", "expected"),
    [
        ([3, 1, 2], 2, [1, 2]),
        ([1, 1, 1, 1], 2, [0, 1]),
        ([NAN, 2, NAN, 1], 3, [3, 1]),
        ([NAN, NAN], 1, []),
        ([INF, 5, -INF, 6], 3, [1, 3]),
        ([0.0, -0.0, 1], 1, [0]),
    ],
)
def test_who_goes_on(values, n: int, expected) -> None:
    assert survivors(values, n) == expected


def keeps_the_worst(values, n):
    return survivors([-v for v in values], n)


def ties_to_the_later(values, n):
    back = survivors(values[::-1], n)
    return [len(values) - 1 - i for i in back]


def nan_first(values, n):
    return [int(i) for i in np.argsort([-INF if v != v else v for v in values], kind="stable")[:n]]


def nan_goes_on(values, n):
    return [int(i) for i in np.argsort(values, kind="stable")[:n]]


@pytest.mark.parametrize(
    ("wrong", "row"),
    [(keeps_the_worst, ([3, 1, 2], 2, [1, 2])), (ties_to_the_later, ([1, 1, 1, 1], 2, [0, 1])),
     (nan_first, ([NAN, 2, NAN, 1], 3, [3, 1])), (nan_goes_on, ([NAN, NAN], 1, []))],
)  # fmt: skip
def test_a_wrong_choice_is_caught(wrong, row) -> None:
    values, n, expected = row
    assert survivors(values, n) == expected != wrong(values, n)


def curve(params, t):
    return params["x"] + 1 / t


def test_the_best_wins_where_curves_do_not_cross_and_the_cost_is_the_tables() -> None:
    found = successive_halving(curve, SPACE, np.random.default_rng(3), 27, 2, 3)
    assert found.best.params["x"] == min(t.params["x"] for t in found.trials)
    assert found.best.intermediate == {t: curve(found.best.params, t) for t in (2, 6, 18, 54)}
    assert found.cost == 27 * 2 + 9 * 4 + 3 * 12 + 1 * 36
    assert [len(r.numbers) for r in found.history] == [27, 9, 3, 1]
    for rung in found.history:
        ranked = sorted(zip(rung.values, rung.numbers, strict=True))
        assert sorted(number for _, number in ranked[: len(rung.kept)]) == rung.kept
    states = [t.state for t in found.trials]
    assert states.count("complete") == 1 and states.count("pruned") == 26


def test_late_bloomers_are_lost() -> None:
    """Values that cross: what wins in the end is out at the first rung."""
    late = lambda p, t: p["x"] if t < 4 else -p["x"]  # noqa: E731
    found = successive_halving(late, SPACE, np.random.default_rng(0), 16, 1)
    ends = [late(t.params, 16) for t in found.trials]
    assert found.best.value > np.median(ends)


def test_the_keeper_of_the_worst_is_caught(monkeypatch) -> None:
    monkeypatch.setattr(halving, "survivors", keeps_the_worst)
    with pytest.raises(AssertionError):
        test_the_best_wins_where_curves_do_not_cross_and_the_cost_is_the_tables()


def test_failures_are_kept_and_survived() -> None:
    def fails(params, t):
        if params["x"] < 0.3:
            raise ValueError("too small")
        return NAN if params["x"] < 0.6 and t > 1 else params["x"]

    found = successive_halving(fails, SPACE, np.random.default_rng(0), 16, 1)
    assert found.best.value == found.best.params["x"] > 0.6
    failed = [t for t in found.trials if t.state == "failed"]
    assert {t.error for t in failed} == {"ValueError: too small", "its value was nan"}
    assert [t.params["x"] < 0.3 for t in failed] == [t.intermediate.keys() == {1} for t in failed]
    none = successive_halving(lambda p, t: 1 / 0, SPACE, np.random.default_rng(0), 4, 1)
    assert len(none.history) == 1
    with pytest.raises(RuntimeError, match=r"4 failed.*ZeroDivisionError: division by zero"):
        none.best


class Counting:
    """Side by side; notes who was trained how far."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[int], int]] = []

    def start(self, configs) -> None:
        self.x = np.array([c["x"] for c in configs])
        self.trained = np.zeros(len(configs), int)

    def train(self, survivors, resource):
        self.calls.append((list(survivors), resource))
        self.trained[survivors] = resource
        return self.x[survivors] + 1 / resource


def test_side_by_side_is_called_once_a_rung_and_agrees_with_one_by_one() -> None:
    together = Counting()
    found = successive_halving(together, SPACE, np.random.default_rng(5), 12, 1, 2)
    alone = successive_halving(curve, SPACE, np.random.default_rng(5), 12, 1, 2)
    assert [(len(s), r) for s, r in together.calls] == [(12, 1), (6, 2), (3, 4), (1, 8)]
    assert [t.intermediate for t in found.trials] == [t.intermediate for t in alone.trials]
    assert found.history == alone.history
    for (before, _), (after, _) in zip(together.calls, together.calls[1:], strict=False):
        assert set(after) < set(before)
    assert sorted(together.trained.tolist()) == [1] * 6 + [2] * 3 + [4] * 2 + [8]


def test_any_search_may_draw() -> None:
    search = RandomSearch(SPACE, np.random.default_rng(0))
    first = halve(curve, search, rungs(4, 1, 2))
    second = halve(curve, search, rungs(4, 1, 2))
    assert [t.number for t in first.trials + second.trials] == [*range(8)] and search.best


def halved(objective=curve, space=SPACE, rng=None, n=4, r=1, eta=2, most=None):
    return successive_halving(objective, space, rng or np.random.default_rng(0), n, r, eta, most)


class Odd(Counting):
    def __init__(self, values):
        self.values = values

    def train(self, survivors, resource):
        return self.values


ERRORS = [
    (lambda: halved(n=0), ValueError, r"^n_configs must be >= 1; got 0\.$"),
    (lambda: halved(n=4.0), TypeError, r"^n_configs must be an integer; got 4\.0\.$"),
    (lambda: halved(r=0), ValueError, r"^min_resource must be >= 1; got 0\.$"),
    (lambda: halved(eta=1), ValueError, r"^reduction_factor must be >= 2; got 1\.$"),
    (lambda: halved(eta=2.5), TypeError, r"^reduction_factor must be an integer; got 2\.5\.$"),
    (lambda: halved(r=4, most=3), ValueError, r"^max_resource must be >= 4; got 3\.$"),
    (lambda: halved(3), TypeError, r"^objective must be a function \(params, resource\), or an"),
    (lambda: halved(rng=7), TypeError, r"^rng must be a numpy\.random\.Generator; got 7\."),
    (lambda: halved(space={}), ValueError, r"^space must be"),
    (lambda: halved(Odd([1.0])), ValueError, r"^values must be shaped \(4,\), one a survivor; got"),
    (lambda: halved(Odd("abcd")), TypeError, r"^values must be numbers, one a survivor; got 'abc"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
