"""The loop: here, in threads and in processes; whatever an objective does, the search ends."""

from __future__ import annotations

import contextlib
import math
import sys
import threading
import time
from concurrent.futures import (
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from multiprocessing import get_context

import numpy as np
import pytest
from hpo_driver import SPACE, value_of

from dlcourse.scratch import hpo
from dlcourse.scratch.hpo import Categorical, Float, GridSearch, Pruned, RandomSearch, minimize

X = {"x": Float(0, 1)}
POOLS = {
    "none": lambda: None,
    "threads": lambda: ThreadPoolExecutor(3),
    "processes": lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")),
}


def rng(seed=0):
    return np.random.default_rng(seed)


def closing(pool):
    return pool if pool is not None else contextlib.nullcontext()


class Odd(Exception):
    """One that cannot be unpickled: it asks for two words and hands on one."""

    def __init__(self, one, two):
        super().__init__(one)


def whims(params):
    """Every way an objective can go wrong, by name."""
    match params["how"]:
        case "raises":
            raise ZeroDivisionError("by nothing")
        case "odd":
            raise Odd("one", "two")
        case "exits":
            sys.exit(3)
        case "nan":
            return math.nan
        case "infinite":
            return -math.inf
        case "word":
            return "0.5"
        case "none":
            return None
        case "array":
            return np.ones(2)
        case "numpy":
            return np.float32(0.25)
        case "zero-d":
            return np.array(0.75)
        case _:
            params["how"] = "spoiled"  # a copy of its own
            return 1


ARRAY = "ndarray of float64 with shape (2,)."
WHIMS = {
    "raises": ("failed", None, "ZeroDivisionError: by nothing"),
    "odd": ("failed", None, "Odd: one"),
    "exits": ("failed", None, "SystemExit: 3"),
    "nan": ("failed", None, "its value was nan"),
    "infinite": ("failed", None, "its value was -inf"),
    "word": ("failed", None, "TypeError: value must be a number; got '0.5'."),
    "none": ("failed", None, "TypeError: value must be a number; got None."),
    "array": ("failed", None, "TypeError: value must be a number; got " + ARRAY),
    "numpy": ("complete", 0.25, None),
    "zero-d": ("complete", 0.75, None),
    "fine": ("complete", 1.0, None),
}  # fmt: skip


@pytest.mark.parametrize("pool", POOLS)
def test_whatever_an_objective_does_is_recorded_and_survived(pool, tmp_path):
    search = GridSearch({"how": Categorical(list(WHIMS))})
    with closing(POOLS[pool]()) as executor:
        best = minimize(whims, search, 99, executor=executor, journal=tmp_path / "j")
    assert best.params == {"how": "numpy"} and best.value == 0.25
    assert {t.params["how"]: (t.state, t.value, t.error) for t in search.trials} == WHIMS


@pytest.mark.parametrize("pool", POOLS)
def test_when_nothing_is_complete_the_first_reason_is_given(pool):
    search = GridSearch({"how": Categorical(["raises", "nan"])})
    with (
        closing(POOLS[pool]()) as executor,
        pytest.raises(RuntimeError, match=r"got none\. 2 failed, the first with ZeroDivisionError"),
    ):
        minimize(whims, search, 5, executor=executor)


@pytest.mark.parametrize("pool", POOLS)
def test_independent_trials_are_the_same_wherever_they_run(pool):
    search, wanted = RandomSearch(SPACE, rng()), RandomSearch(SPACE, rng())
    minimize(value_of, wanted, 20)
    with closing(POOLS[pool]()) as executor:
        minimize(value_of, search, 20, executor=executor)
    assert [(t.params, t.value) for t in search.trials] == [
        (t.params, t.value) for t in wanted.trials
    ]


def test_ten_thousand_random_trials_take_less_than_five_seconds():
    search = RandomSearch(SPACE, rng())
    start = time.process_time()
    best = minimize(value_of, search, 10_000)
    assert time.process_time() - start < 5
    assert best.value == min(t.value for t in search.trials) and len(search.trials) == 10_000


@pytest.mark.parametrize(("pending", "most"), [(None, 3), (2, 2), (5, 3)])
def test_as_many_trials_are_under_way_as_asked_for(pending, most):
    class Watching(RandomSearch):
        seen = 0

        def suggest(self):
            running = sum(t.state == "running" for t in self.trials)
            self.seen = max(self.seen, running + 1)
            return super().suggest()

    at_once, peak, lock = 0, 0, threading.Lock()

    def objective(params):
        nonlocal at_once, peak
        with lock:
            at_once += 1
            peak = max(peak, at_once)
        time.sleep(0.01)
        with lock:
            at_once -= 1
        return params["x"]

    search = Watching(X, rng())
    with ThreadPoolExecutor(3) as executor:
        minimize(objective, search, 15, executor=executor, pending=pending)
    assert peak == most
    assert search.seen == (pending or 3)


def test_a_grid_that_is_used_up_ends_the_search_without_an_error():
    for executor in (None, ThreadPoolExecutor(4)):
        search = GridSearch(X, 3)
        assert minimize(lambda p: p["x"], search, 50, executor=executor).value == 0
        assert len(search.trials) == 3


# --- reports and pruning


def above(level):
    """A pruner that stops what reports more than this."""
    return lambda trial, trials: list(trial.intermediate.values())[-1] > level


def curve(params, report):
    for epoch in range(1, 6):
        report(epoch, params["x"] + 1 / epoch)
    return params["x"]


@pytest.mark.parametrize("threads", [0, 3])
def test_a_pruned_trial_stops_where_the_pruner_said_and_keeps_its_reports(threads, tmp_path):
    search = RandomSearch(X, rng())
    executor = ThreadPoolExecutor(threads) if threads else None
    with closing(executor):
        minimize(curve, search, 30, executor=executor, pruner=above(1.5), journal=tmp_path / "j")
    for t in search.trials:
        pruned = t.params["x"] + 1 > 1.5
        assert t.state == ("pruned" if pruned else "complete")
        assert list(t.intermediate) == ([1] if pruned else [1, 2, 3, 4, 5])
        assert t.value == (t.params["x"] + 1 if pruned else t.params["x"])
    assert {t.state for t in search.trials} == {"pruned", "complete"}
    again = RandomSearch(X, rng(1))
    hpo.Journal(tmp_path / "j", again).close()
    assert [(t.state, t.value, t.intermediate) for t in again.trials] == [
        (t.state, t.value, t.intermediate) for t in search.trials
    ]


def test_a_pruner_sees_all_trials_and_its_own():
    seen = []

    def pruner(trial, trials):
        seen.append(
            (trial.number, len(trials), trials[trial.number] is trial, dict(trial.intermediate))
        )
        return False

    minimize(curve, RandomSearch(X, rng()), 2, pruner=pruner)
    assert [s[:3] for s in seen] == [(0, 1, True)] * 5 + [(1, 2, True)] * 5
    assert [len(s[3]) for s in seen] == [1, 2, 3, 4, 5] * 2


def test_reports_without_a_pruner_are_kept_and_an_odd_one_fails_its_trial():
    def objective(params, report):
        report(1, "much" if params["x"] == 0 else math.inf)
        return params["x"]

    search = GridSearch(X, 3)
    minimize(objective, search, 3)
    assert [t.state for t in search.trials] == ["failed", "complete", "complete"]
    assert search.trials[0].error == "TypeError: value must be a number; got 'much'."
    assert search.trials[1].intermediate == {1: math.inf}


def test_an_objective_may_stop_itself_but_not_without_a_report():
    def objective(params, report):
        if params["x"] == 0.5:
            report(3, 0.125)
        if params["x"] < 1:
            raise Pruned
        return 2

    search = GridSearch(X, 3)
    minimize(objective, search, 3)
    assert [(t.state, t.value) for t in search.trials] == [
        ("failed", None), ("pruned", 0.125), ("complete", 2),
    ]  # fmt: skip
    assert search.trials[0].error == "pruned without a report"


def test_a_pruned_value_that_is_no_number_makes_a_failed_trial():
    def objective(params, report):
        report(1, math.nan)
        report(2, math.nan)
        return 1

    search = GridSearch(X, 2)
    with pytest.raises(RuntimeError, match="its value was nan"):
        minimize(objective, search, 2, pruner=lambda trial, trials: len(trial.intermediate) > 1)
