"""GPSearch: what it encodes, where it looks, what it suggests, and wrong searches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cases.hpo_models import GP_SEARCH_ERRORS
from cases.kinds import ErrorCase
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.scratch.hpo import (
    Categorical,
    Float,
    Int,
    RandomSearch,
    check_params,
    from_unit,
    parameters,
    to_unit,
)
from dlcourse.scratch.hpo import gp_search as room
from dlcourse.scratch.hpo.encoding import Encoding

BOX = {"x": Float(0, 1), "y": Float(0, 1)}
SGD = {"momentum": Float(0, 1), "nesterov": Categorical([True, False])}
MIXED = {
    "lr": Float(1e-4, 1.0, log=True),
    "width": Int(1, 40, log=True),
    "depth": Int(1, 6),
    "drop": Float(0, 0.5, step=0.1),
    "opt": Categorical({"sgd": SGD, "adam": {"beta": Int(2, 9)}, "lion": None}),
}


def bowl(params: dict) -> float:
    return (params["x"] - 0.3) ** 2 + (params["y"] - 0.6) ** 2


def run(search, n: int, f=bowl) -> float:
    for _ in range(n):
        trial = search.ask()
        search.tell(trial, f(trial.params))
    return search.best.value


def cube(n: int = 300) -> tuple[Encoding, np.ndarray]:
    code = Encoding(parameters(MIXED))
    return code, np.random.default_rng(0).random((n, len(code.parameters)))


def test_snapping_is_the_way_to_the_parameters_and_back() -> None:
    code, u = cube()
    snapped = code.snap(u)
    for row, raw in zip(snapped, u, strict=True):
        params = from_unit(code.parameters, raw)
        assert from_unit(code.parameters, row) == pytest.approx(params)
        back = to_unit(code.parameters, params)
        on = ~np.isnan(back)
        assert_allclose(row[on], back[on], atol=1e-12)
    known = [to_unit(code.parameters, from_unit(code.parameters, row)) for row in u]
    assert_array_equal(code.active(snapped), ~np.isnan(known))


def test_features_do_not_depend_on_what_is_inactive() -> None:
    code, u = cube()
    snapped = code.snap(u)
    known = np.array([to_unit(code.parameters, from_unit(code.parameters, row)) for row in u])
    assert_allclose(code.features(snapped), code.features(known), atol=1e-12)
    assert np.isnan(known).any()
    X = code.features(snapped)
    assert X.shape == (300, 4 + 3 + 1 + 2 + 1)
    assert not np.isnan(X).any()
    sgd, adam = (X[np.argmax(X[:, 4 + i] > 0)] for i in (0, 1))
    assert_allclose(((sgd - adam)[4:7] ** 2).sum(), 1)


def test_a_climber_moves_what_can_be_moved() -> None:
    code, u = cube()
    snapped = code.snap(u)
    movable = code.movable(snapped)
    names = ["lr", "width", "depth", "drop", "sgd", "adam", "lion", "momentum", "yes", "no", "beta"]
    ever = {n for n, any_ in zip(names, movable.any(0), strict=True) if any_}
    assert ever == {"lr", "width", "momentum"}
    assert_array_equal(movable[:, 7], code.active(snapped)[:, 5])
    X = code.features(snapped)
    assert_allclose(code.features(code.moved(snapped, X)), X)
    up = code.features(code.moved(snapped, np.where(movable, 1.0, X)))
    assert_allclose(up[:, 0], 1)
    assert_allclose(up[:, 2:7], X[:, 2:7])


def reached(places) -> set[int]:
    """Of a narrow summit, on which the neighbours are, and a broad one those where climbs begin."""
    x = np.concatenate([room.spread(512, 1, np.random.default_rng(0))[:, 0], np.full(128, 0.2)])
    score = np.maximum(3 - 4000 * abs(x - 0.2), 2 - 4 * abs(x - 0.7))
    return set((x[places(score)] > 0.45).astype(int).tolist())


def test_a_climb_does_not_begin_at_the_best_candidates_alone() -> None:
    assert reached(room.starts) == {0, 1}
    assert reached(lambda score: np.argsort(-score)[: room.CLIMBERS]) == {0}


def test_neighbours_change_their_mind_about_choices() -> None:
    center, numeric = np.array([[0.5, 0.125]]), np.array([True, False])
    near = room.neighbours(center, 4000, numeric, np.random.default_rng(0))
    moved = near != center
    assert_allclose(moved.mean(0), 0.75, atol=0.03)
    assert_allclose((near[moved[:, 1], 1] > 0.25).mean(), 0.75, atol=0.03)
    assert (abs(near[:, 0] - 0.5) < 0.2).mean() > 0.9
    stubborn = room.neighbours(center, 4000, ~numeric | True, np.random.default_rng(0))
    assert (stubborn[:, 1] > 0.25).mean() < 0.2


def mean_best(make, n: int = 22, seeds: int = 5) -> float:
    return float(np.mean([run(make(np.random.default_rng(s)), n) for s in range(seeds)]))


CHANCE = mean_best(lambda rng: RandomSearch(BOX, rng))


@pytest.mark.parametrize("acquisition", room.ACQUISITIONS)
def test_every_acquisition_beats_chance(acquisition: str) -> None:
    found = mean_best(lambda rng: room.GPSearch(BOX, rng, acquisition, n_startup=6))
    assert found < CHANCE / 20


class Maximizing(room.GPSearch):
    def _model(self, done):
        gp, _ = super()._model(done)
        gp.fit(gp.X, -gp.y)
        return gp, -float(gp.y.max())


class WrongSign(room.GPSearch):
    def _score(self, gp, cube, best):
        return gp.predict(self.code.features(cube))[0]

    def _climb(self, gp, cube, best):
        return cube


class Sure(room.GPSearch):
    """The deviation is forgotten: it goes where the mean is best, and never looks elsewhere."""

    def _score(self, gp, cube, best):
        return -gp.predict(self.code.features(cube))[0]

    def _climb(self, gp, cube, best):
        return cube


def test_wrong_searches_do_not() -> None:
    for wrong in (Maximizing, WrongSign):
        assert mean_best(lambda rng, w=wrong: w(BOX, rng, n_startup=6), seeds=3) > CHANCE / 20


def two_valleys(params: dict) -> float:
    x = params["x"]
    return 0.5 * min((x - 0.2) ** 2 * 10, 1) + min((x - 0.85) ** 2 * 400 - 0.6, 0)


def test_curiosity_finds_the_narrow_valley() -> None:
    def found(kind, seed):
        search = kind({"x": Float(0, 1)}, np.random.default_rng(seed), n_startup=3)
        return run(search, 25, two_valleys)

    curious, sure = ([found(kind, s) < -0.05 for s in range(6)] for kind in (room.GPSearch, Sure))
    assert sum(curious) >= 5
    assert sum(sure) < sum(curious)


def test_workers_do_not_all_try_the_same() -> None:
    search = room.GPSearch(BOX, np.random.default_rng(0), n_startup=6)
    run(search, 12)
    pending = np.array([[*search.ask().params.values()] for _ in range(6)])
    apart = np.sqrt(((pending[:, None] - pending) ** 2).sum(-1)) + np.eye(6)
    believed = apart.min(1).mean()

    class Forgetful(room.GPSearch):
        def suggest(self):
            known, self.trials = self.trials, [t for t in self.trials if t.state != "running"]
            try:
                return super().suggest()
            finally:
                self.trials = known

    search = Forgetful(BOX, np.random.default_rng(0), n_startup=6)
    run(search, 12)
    pending = np.array([[*search.ask().params.values()] for _ in range(6)])
    apart = np.sqrt(((pending[:, None] - pending) ** 2).sum(-1)) + np.eye(6)
    assert apart.min(1).mean() < believed / 3


def test_a_region_of_failures_is_left() -> None:
    search = room.GPSearch(BOX, np.random.default_rng(0), n_startup=6)
    failed = []
    for _ in range(40):
        trial = search.ask()
        failed.append(trial.params["x"] < 0.35)  # the minimum of the bowl lies inside
        if failed[-1]:
            search.tell(trial, error=ValueError("diverged"))
        else:
            search.tell(trial, bowl(trial.params))
    assert search.best.params["x"] < 0.4
    assert sum(failed[6:]) < 17


def test_all_that_fails_leaves_the_start() -> None:
    search = room.GPSearch(MIXED, np.random.default_rng(0), n_startup=2)
    for i in range(8):
        search.tell(search.ask(), math.nan if i % 2 else math.inf)
    assert {t.state for t in search.trials} == {"failed"}


@pytest.mark.parametrize("values", [lambda i: 3.0, lambda i: 10.0 ** (i * 17 % 300), lambda i: -i])
def test_odd_values_are_survived(values) -> None:
    search = room.GPSearch(MIXED, np.random.default_rng(0), n_startup=3)
    for i in range(12):
        trial = search.ask()
        check_params(MIXED, trial.params)
        search.tell(trial, values(i))
    assert np.isfinite(search.theta).all()


def test_a_small_space_is_tried_whole_before_anything_is_tried_again() -> None:
    space = {"n": Int(1, 4), "kind": Categorical(["a", "b", "c"])}
    search = room.GPSearch(space, np.random.default_rng(0), n_startup=3)
    run(search, 15, lambda p: p["n"] + (p["kind"] == "b"))
    after = [tuple(t.params.values()) for t in search.trials[3:]]
    start = {tuple(t.params.values()) for t in search.trials[:3]}
    new = [one for one in dict.fromkeys(after) if one not in start]
    assert len(start) + len(new) == 12
    assert set(after[: len(new)]) == set(new)


def test_twelve_parameters_with_choices_in_choices() -> None:
    deep = Categorical({"on": {f"w{i}": Float(1e-3, 1, log=True) for i in range(4)}, "off": None})
    space = MIXED | {"deep": deep}
    search = room.GPSearch(space, np.random.default_rng(0), n_startup=5)
    run(search, 20, lambda p: p["lr"] + p.get("w2", 0.5) + (p["opt"] == "adam"))
    assert len(parameters(space)) == 13
    for trial in search.trials:
        check_params(space, trial.params)


def test_a_thousand_trials_are_modelled_by_a_part_of_them() -> None:
    search = room.GPSearch(BOX, np.random.default_rng(0), n_startup=1000, limit=60)
    run(search, 1001)
    done = search.trials
    some = search._some(done)
    numbers = {t.number for t in some}
    assert len(numbers) == len(some) == 60
    best = sorted(done, key=lambda t: t.value)[:20]
    assert {t.number for t in best} <= numbers
    assert set(range(970, 1001)) <= numbers | {t.number for t in best}
    assert search.trials[-1].value < 0.01


def test_the_same_seed_gives_the_same_trials_and_a_state_goes_on() -> None:
    def go(search, n):
        run(search, n, lambda p: p["lr"])
        return [t.params for t in search.trials]

    one, two = (room.GPSearch(MIXED, np.random.default_rng(5), n_startup=4) for _ in range(2))
    whole = go(one, 12)
    go(two, 8)
    resumed = room.GPSearch(MIXED, np.random.default_rng(99), n_startup=4)
    resumed.trials = list(two.trials)
    resumed.load_state_dict(two.state_dict())
    assert go(resumed, 4) == whole


def test_the_start_is_a_shifted_sobol_sequence() -> None:
    space = {f"x{i}": Float(0, 1) for i in range(3)}
    search = room.GPSearch(space, np.random.default_rng(0), n_startup=16)
    start = np.array([[*search.ask().params.values()] for _ in range(16)])
    for column in (start * 16).astype(int).T:
        assert_array_equal(np.sort(column), np.arange(16))
    points = room.spread(64, 3, np.random.default_rng(1))
    for column in (points * 64).astype(int).T:
        assert_array_equal(np.sort(column), np.arange(64))
    assert room.spread(5, 70, np.random.default_rng(0)).shape == (5, 70)


@pytest.mark.parametrize("case", GP_SEARCH_ERRORS, ids=lambda case: case.id)
def test_errors(case: ErrorCase) -> None:
    with pytest.raises(case.error, match=case.message):
        case.call()
