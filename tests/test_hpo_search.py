"""What every search must keep, whoever writes it; and that each of these checks can say no."""

from __future__ import annotations

import copy
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from cases.hpo_searches import SEARCHES, SPACES, WITHOUT_CHANCE

from dlcourse.scratch import hpo
from dlcourse.scratch.hpo import Categorical, Float, GridSearch, Int, RandomSearch
from dlcourse.scratch.hpo.journal import replay
from dlcourse.scratch.hpo.records import asked_record, decoded, line_of, told_record
from dlcourse.scratch.hpo.space import check_params, parameters, to_unit

MANY = 24


def loss(space, params):
    """Distance from the middle of the cube, over what is active."""
    return float(np.nansum((to_unit(space, params) - 0.4) ** 2))


def go_on(search, trials=MANY, at_once=3):
    """Ask and tell, several pending at a time, every fifth trial lost in one of four ways."""
    asked = []
    for _ in range(trials):
        try:
            asked.append(search.ask())
        except hpo.Exhausted:
            break
        if len(running := [t for t in asked if t.state == "running"]) == at_once:
            end(search, running[0])
    return asked


def end(search, trial):
    ways = {3: {"error": "no memory"}, 8: {"value": math.nan}, 13: {"value": math.inf}}
    if trial.number % 20 == 18:
        trial.intermediate[1] = 0.5
        search.tell(trial, pruned=True)
    else:
        search.tell(
            trial, **ways.get(trial.number % 20, {"value": loss(search.space, trial.params)})
        )


def values(trials):
    return [list(t.params.items()) for t in trials]


def keeps_the_space(build, space):
    before = copy.deepcopy(space)
    for trial in go_on(build(space, np.random.default_rng(1))):
        check_params(space, trial.params)
        for value in trial.params.values():
            assert not isinstance(value, np.generic), "a value of NumPy's is not what was asked for"
    assert space == before


def survives_only_failures(build, space):
    search = build(space, np.random.default_rng(2))
    asked = [search.ask() for _ in range(2)]
    for trial in asked:
        search.tell(trial, math.nan)
    trial = search.ask()
    check_params(space, trial.params)
    assert [t.state for t in search.trials] == ["failed", "failed", "running"]
    with pytest.raises(RuntimeError, match="best must be asked for after a complete trial"):
        search.best


def is_told_by_its_generator(build, space):
    first, again, other = (values(go_on(build(space, np.random.default_rng(s)))) for s in (3, 3, 4))
    assert first == again
    assert first != other


def leaves_the_world_alone(build, space):
    alone = values(go_on(build(space, np.random.default_rng(5)), 12))
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    one, two = (build(space, np.random.default_rng(s)) for s in (5, 6))
    beside = [(one.ask(), two.ask()) for _ in range(2)]
    del beside
    one, two = (build(space, np.random.default_rng(s)) for s in (5, 6))
    go_on(two, 12)
    assert values(go_on(one, 12)) == alone
    assert np.random.get_state()[1].tolist() == before, "NumPy's global generator was used"  # noqa: NPY002


def comes_back_from_a_journal(build, space):
    search = build(space, np.random.default_rng(7))
    records = []
    for trial in go_on(search, 14):
        records.append(asked_record(trial))
        records += [told_record(trial)] if trial.state != "running" else []
    records[-1 if "ask" in records[-1] else -2]["state"] = search.state_dict()
    lines = [json.loads(line_of({"state": {}} | record)) for record in records]
    resumed = build(space, np.random.default_rng(8))
    replay(lines, resumed, Path("a journal"))
    resumed.load_state_dict(decoded(json.loads(line_of(search.state_dict()))))
    assert values(resumed.trials) == values(search.trials)
    assert values(go_on(resumed, 6)) == values(go_on(search, 6))


def finds_the_best(build, space):
    search = build(space, np.random.default_rng(9))
    done = [t for t in go_on(search) if t.state == "complete"]
    assert search.best is min(done, key=lambda t: t.value)
    assert all(t.value == loss(space, t.params) for t in done)


CHECKS = [
    keeps_the_space,
    survives_only_failures,
    is_told_by_its_generator,
    leaves_the_world_alone,
    comes_back_from_a_journal,
    finds_the_best,
]


ROWS = [
    (check, name, space)
    for check, name, space in itertools.product(CHECKS, SEARCHES, SPACES)
    if not (check is is_told_by_its_generator and name in WITHOUT_CHANCE)
]


@pytest.mark.parametrize(
    ("check", "name", "space"), ROWS, ids=[f"{c.__name__}-{n}-{s}" for c, n, s in ROWS]
)
def test_every_search_keeps_what_all_must_keep(check, name, space):
    check(SEARCHES[name], SPACES[space])


class Outside(RandomSearch):
    def suggest(self):
        return {n: 99.0 if n == "lr" else v for n, v in super().suggest().items()}


class Inactive(RandomSearch):
    def suggest(self):
        return super().suggest() | {"gamma": 0.5}


class Numpy(RandomSearch):
    def suggest(self):
        return super().suggest() | {"layers": np.int64(3)}


class OffGrid(RandomSearch):
    def suggest(self):
        return super().suggest() | {"drop": 0.123}


class Global(RandomSearch):
    def suggest(self):
        return hpo.from_unit(self.space, np.random.random(12))  # noqa: NPY002


class Peeks(RandomSearch):
    """Uses the global generator without need."""

    def suggest(self):
        np.random.random()  # noqa: NPY002
        return super().suggest()


class Stubborn(RandomSearch):
    """Draws from a seed of its own, whatever it is given."""

    def suggest(self):
        return hpo.from_unit(self.space, np.random.default_rng(len(self.trials)).random(12))


class Shared(RandomSearch):
    count = itertools.count()

    def suggest(self):
        u = np.full(12, next(self.count) / 1000)
        return hpo.from_unit(self.space, u)


class Hidden(RandomSearch):
    """Remembers what no journal is told."""

    place = 0

    def suggest(self):
        self.place += 1
        return hpo.from_unit(self.space, np.full(12, self.place / 1000))


class Fragile(RandomSearch):
    def suggest(self):
        if any(t.state == "failed" for t in self.trials):
            self.best
        return super().suggest()


class Proud(RandomSearch):
    @property
    def best(self):
        return self.trials[0]


WRONG = [
    (keeps_the_space, Outside),
    (keeps_the_space, Inactive),
    (keeps_the_space, Numpy),
    (keeps_the_space, OffGrid),
    (survives_only_failures, Fragile),
    (is_told_by_its_generator, Global),
    (is_told_by_its_generator, Stubborn),
    (leaves_the_world_alone, Peeks),
    (leaves_the_world_alone, Shared),
    (comes_back_from_a_journal, Hidden),
    (finds_the_best, Proud),
]


@pytest.mark.parametrize(("check", "wrong"), WRONG)
def test_each_check_says_no_to_a_search_that_breaks_it(check, wrong):
    with pytest.raises((AssertionError, RuntimeError, ValueError)):
        check(wrong, SPACES["twelve"])


def test_twelve_parameters_of_which_some_open_others():
    space = SPACES["twelve"]
    assert len(parameters(space)) == 13
    found = [t.params for t in go_on(RandomSearch(space, np.random.default_rng(0)), 300)]
    assert {len(p) for p in found} == {7, 9, 11}
    assert all(("gamma" in p) == (p.get("schedule") == "step") for p in found)
    assert all(("beta2" in p) == (p["opt"] == "adam") for p in found)


def test_a_grid_has_every_combination_once():
    space = {
        "lr": Float(0.01, 1, log=True),
        "opt": Categorical({"sgd": {"momentum": Float(0, 0.8)}, "adam": None}),
        "n": Int(1, 2),
    }
    search = GridSearch(space, {"lr": 3, "momentum": 2})
    found = [tuple(t.params.values()) for t in go_on(search, 99)]
    sgd = itertools.product([0.01, 0.1, 1.0], ["sgd"], [0.0, 0.8], [1, 2])
    adam = itertools.product([0.01, 0.1, 1.0], ["adam"], [1, 2])
    assert search.size == len(found) == 18
    assert sorted(found, key=str) == sorted([*sgd, *adam], key=str)


@pytest.mark.parametrize(
    ("domain", "points", "wanted"),
    [
        (Float(0, 1), 5, [0, 0.25, 0.5, 0.75, 1]),
        (Float(0, 1), 1, [0.5]),
        (Float(1e-4, 1e-2, log=True), 3, [1e-4, 1e-3, 1e-2]),
        (Float(0, 0.5, step=0.1), 3, [0, 0.2, 0.5]),
        (Float(3, 3), 4, [3]),
        (Int(1, 4), 9, [1, 2, 3, 4]),
        (Int(0, 100, step=10), 3, [0, 50, 100]),
        (Int(1, 100, log=True), 3, [1, 10, 100]),
        (Int(1, 3, log=True), 9, [1, 2, 3]),
        (Int(1, 9), 1, [5]),
        (Categorical(["a", "b", "c"]), 2, ["a", "b", "c"]),
    ],
    ids=repr,
)
def test_the_values_of_a_grid(domain, points, wanted):
    found = hpo.simple.grid(domain, points)
    assert found == (
        wanted if isinstance(domain, Categorical) else pytest.approx(wanted, abs=1e-12)
    )
    assert all(map(domain.contains, found))


def test_the_first_of_equals_is_best():
    search = RandomSearch({"x": Float(0, 1)}, np.random.default_rng(0))
    for trial in [search.ask() for _ in range(4)]:
        search.tell(trial, [2.0, 1.0, 1.0, np.float32(3)][trial.number])
    assert search.best.number == 1
    assert type(search.trials[3].value) is float


def test_sixty_random_trials_find_the_best_twentieth_with_the_chance_that_is_claimed():
    hits = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        search = RandomSearch({"x": Float(0, 1), "y": Float(0, 1)}, rng)
        points = [search.ask().params for _ in range(60)]
        hits += any(p["x"] < 0.25 and p["y"] < 0.2 for p in points)
    claimed = 1 - 0.95**60
    assert abs(hits / 400 - claimed) < 4 * math.sqrt(claimed * (1 - claimed) / 400)
