"""Hyperband: the paper's table in whole numbers, its brackets, and what they cost."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from dlcourse.scratch.hpo import Categorical, Float
from dlcourse.scratch.hpo.hyperband import Hyperband, brackets
from dlcourse.scratch.hpo.simple import RandomSearch

SPACE = {"x": Float(0, 1)}
PAPER = {  # Li et al. (2018), algorithm 1 with R = 81, η = 3
    4: [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)],
    3: [(34, 3), (11, 9), (3, 27), (1, 81)],
    2: [(15, 9), (5, 27), (1, 81)],
    1: [(8, 27), (2, 81)],
    0: [(5, 81)],
}
TABLES = {
    (81, 3): [*PAPER.values()],
    (16, 4): [[(16, 1), (4, 4), (1, 16)], [(6, 4), (1, 16)], [(3, 16)]],
    (100, 3): [  # r = 100/81, 100/27, 100/9, 100/3, rounded down
        [(81, 1), (27, 3), (9, 11), (3, 33), (1, 100)],
        [(34, 3), (11, 11), (3, 33), (1, 100)],
        [(15, 11), (5, 33), (1, 100)],
        [(8, 33), (2, 100)],
        [(5, 100)],
    ],
    (1, 3): [[(1, 1)]],
    (2, 3): [[(1, 2)]],
    (7, 2): [[(4, 1), (2, 3), (1, 7)], [(3, 3), (1, 7)], [(3, 7)]],
}


def table_holds(key: tuple[int, int], table) -> None:
    assert [[tuple(rung) for rung in bracket] for bracket in table(*key)] == TABLES[key]


@pytest.mark.parametrize("key", TABLES)
def test_the_table(key: tuple[int, int]) -> None:
    table_holds(key, brackets)


def test_a_power_has_all_its_brackets() -> None:
    lost = 0
    for eta in range(2, 11):
        for k in range(1, 16):
            table = brackets(eta**k, eta)
            assert len(table) == k + 1 and table[0][0] == (eta**k, 1)
            lost += int(math.log(eta**k) / math.log(eta)) != k
    assert lost > 5, "a logarithm would have done"


def test_resources_are_the_papers_rounded_down_and_end_at_the_last() -> None:
    for most in range(1, 400, 7):
        for eta in (2, 3, 5):
            for bracket in brackets(most, eta):
                s = len(bracket) - 1
                exact = [most * Fraction(eta) ** (i - s) for i in range(s + 1)]
                assert [r.resource for r in bracket] == [math.floor(r) for r in exact]
                assert bracket[0].resource >= 1 and bracket[-1].resource == most


def logarithm(most, eta):
    s_max = int(math.log(most) / math.log(eta))
    return [
        [(math.ceil((s_max + 1) * eta**s / (s + 1)) // eta**i, most // eta ** (s - i))
         for i in range(s + 1)] for s in range(s_max, -1, -1)
    ]  # fmt: skip


def floored(most, eta):
    s_max = len(brackets(most, eta)) - 1
    return [
        [((s_max + 1) * eta**s // (s + 1) // eta**i, most // eta ** (s - i)) for i in range(s + 1)]
        for s in range(s_max, -1, -1)
    ]


def authors_code(most, eta):
    """⌊B/R/(s+1)⌋ η^s, as the code has it that the authors published: 81, 27, 9, 6, 5."""
    s_max = len(brackets(most, eta)) - 1
    return [
        [((s_max + 1) // (s + 1) * eta ** (s - i), most // eta ** (s - i)) for i in range(s + 1)]
        for s in range(s_max, -1, -1)
    ]


def budget_not_grown(most, eta):
    return [[(rung.n, bracket[0].resource) for rung in bracket] for bracket in brackets(most, eta)]


@pytest.mark.parametrize("wrong", [floored, authors_code, budget_not_grown])
def test_a_wrong_table_is_caught(wrong) -> None:
    with pytest.raises(AssertionError):
        table_holds((81, 3), wrong)
    table_holds((1, 3), wrong)


def test_a_logarithm_of_floats_loses_a_bracket() -> None:
    assert len(logarithm(243, 3)) == 5 < len(brackets(243, 3)) == 6
    assert logarithm(81, 3) == TABLES[81, 3]


def curve(params, t):
    return params["x"] + 1 / t


def test_every_bracket_is_run_with_configurations_of_its_own() -> None:
    found = Hyperband(SPACE, np.random.default_rng(2), 27).run(curve)
    sizes = [bracket[0].n for bracket in brackets(27)]
    assert [len(one.trials) for one in found.halvings] == sizes == [27, 12, 6, 4]
    assert [t.number for t in found.trials] == [*range(sum(sizes))]
    same = RandomSearch(SPACE, np.random.default_rng(2))
    assert [t.params for t in found.trials] == [same.ask().params for _ in found.trials]
    for one, bracket in zip(found.halvings, brackets(27), strict=True):
        assert [(len(r.numbers), r.resource) for r in one.history] == [tuple(r) for r in bracket]
    ends = [t for t in found.trials if 27 in t.intermediate]
    assert found.best is min(ends, key=lambda t: t.intermediate[27])
    assert {t.state for t in ends} == {"complete"}
    assert found.cost == sum(one.cost for one in found.halvings)
    cost = [n * r for bracket in brackets(27) for n, r in bracket]
    assert found.cost < sum(cost) <= 4 * 4 * 27 * 1.2  # (s_max + 1) brackets of about B = 4 R each


def test_a_bracket_that_fails_whole_leaves_the_others() -> None:
    calls = []

    def first_nine_fail(params, t):
        calls.append(t)
        return math.nan if len(calls) <= 9 else curve(params, t)

    found = Hyperband(SPACE, np.random.default_rng(0), 9).run(first_nine_fail)
    assert len(found.halvings[0].history) == 1
    assert found.best.state == "complete" and found.best.number >= 9
    with pytest.raises(RuntimeError, match=r"^best must be asked for where a trial is complete; g"):
        found.halvings[0].best


def test_nested_choices_are_drawn() -> None:
    space = {"opt": Categorical({"sgd": {"momentum": Float(0, 0.99)}, "adam": {}})}
    found = Hyperband(space, np.random.default_rng(0), 9).run(lambda p, t: p.get("momentum", 0.5))
    assert {tuple(t.params) for t in found.trials} == {("opt",), ("opt", "momentum")}


ERRORS = [
    (lambda: brackets(0), ValueError, r"^max_resource must be >= 1; got 0\.$"),
    (lambda: brackets(81.0), TypeError, r"^max_resource must be an integer; got 81\.0\.$"),
    (lambda: brackets(81, 1), ValueError, r"^reduction_factor must be >= 2; got 1\.$"),
    (lambda: Hyperband({}, np.random.default_rng(0), 9), ValueError, r"^space must be"),
    (lambda: Hyperband(SPACE, 0, 9), TypeError, r"^rng must be a numpy\.random\.Generator; got 0"),
    (lambda: Hyperband(SPACE, np.random.default_rng(0), 9).run(1), TypeError, "^objective must be"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
