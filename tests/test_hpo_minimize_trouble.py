"""What may go wrong under way: reports sent elsewhere, hanging workers, Ctrl-C, broken pools."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from multiprocessing import get_context

import pytest
from hpo_driver import SPACE, Drivers, value_of
from test_hpo_minimize import rng

from dlcourse.scratch.hpo import Float, GridSearch, RandomSearch, minimize

X = {"x": Float(0, 1)}
POOLS = {
    "none": lambda: None,
    "threads": lambda: ThreadPoolExecutor(3),
    "processes": lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")),
}


def reporting(params, report):
    report(1, 0.5)
    return 0.5


def test_an_executor_that_sends_a_report_elsewhere_says_why_not():
    """One that minimize does not know beforehand: its trials say it."""
    with (
        get_pool() as inner,
        pytest.raises(RuntimeError, match="executor must be None or of threads"),
    ):
        minimize(reporting, GridSearch(X, 2), 2, executor=Wrapped(inner))


def get_pool():
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


class Wrapped(Executor):
    def __init__(self, inner):
        self.inner = inner

    def submit(self, fn, /, *args, **kwargs):
        return self.inner.submit(fn, *args, **kwargs)


# --- what ends a search


def test_a_trial_that_takes_too_long_is_a_failed_one_and_its_worker_is_left_alone():
    release, started = threading.Event(), []

    def objective(params):
        started.append(params["x"])
        if params["x"] == 0.5:
            release.wait(20)
        return params["x"]

    search = GridSearch(X, 5)
    with ThreadPoolExecutor(2) as executor:
        minimize(objective, search, 5, executor=executor, timeout=0.15)
        release.set()
    assert [t.state for t in search.trials] == ["complete"] * 2 + ["failed"] + ["complete"] * 2
    assert search.trials[2].error == "TimeoutError: more than 0.15 s"
    assert sorted(started) == [0, 0.25, 0.5, 0.75, 1], "each was started, once"


def test_a_trial_too_late_hears_of_it_at_its_next_report():
    ends = []

    def objective(params, report):
        try:
            while params["x"] == 0:
                time.sleep(0.01)
                report(1, 1.0)
        finally:
            ends.append(params["x"])
        return params["x"]

    search = GridSearch(X, 4)
    with ThreadPoolExecutor(1) as executor:
        minimize(objective, search, 4, executor=executor, timeout=0.1)
    assert [t.state for t in search.trials] == ["failed"] + ["complete"] * 3
    assert len(ends) == 4, "the thread came free"


def test_when_all_workers_hang_the_search_does_not():
    release = threading.Event()
    search = RandomSearch(X, rng())
    with ThreadPoolExecutor(2) as executor:
        match = r"executor must be one with a worker that comes free within 0\.1 s; got '2 held'"
        with pytest.raises(RuntimeError, match=match):
            minimize(lambda p: release.wait(20), search, 50, executor=executor, timeout=0.1)
        release.set()
    assert [t.state for t in search.trials] == ["failed"] * 2


def test_a_trial_that_never_started_in_time_is_taken_back():
    def objective(params):
        time.sleep(0.25)
        return params["x"]

    search = GridSearch(X, 2)
    with ThreadPoolExecutor(1) as executor:
        minimize(objective, search, 2, executor=executor, pending=2, timeout=0.4)
    assert [t.state for t in search.trials] == ["complete", "failed"]


@pytest.mark.parametrize("journal", [False, True])
def test_ctrl_c_is_raised_and_nothing_stays_under_way(journal, tmp_path):
    search = RandomSearch(X, rng())

    def objective(params, report):
        if len(search.trials) > 5:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.005)
        report(1, 1)
        return params["x"]

    with ThreadPoolExecutor(2) as executor, pytest.raises(KeyboardInterrupt):
        minimize(
            objective, search, 500, executor=executor, journal=tmp_path / "j" if journal else None
        )
    states = [t.state for t in search.trials]
    assert len(states) < 500
    if journal:
        again = RandomSearch(X, rng(4))
        minimize(lambda p: p["x"], again, len(states), journal=tmp_path / "j")
        assert [t.params for t in again.trials] == [t.params for t in search.trials]
        assert [t.state for t in again.trials] == ["complete"] * len(states)
    else:
        assert "running" not in states
        assert {t.error for t in search.trials} <= {None, "the search was ended from outside"}


def dies(params):
    if params["x"] == 0.5:
        os.kill(os.getpid(), signal.SIGKILL)
    return params["x"]


def test_a_process_pool_that_broke_ends_the_search_and_a_journal_goes_on(tmp_path):
    search = GridSearch(X, 5)
    with get_pool() as executor, pytest.raises(BrokenExecutor):
        minimize(dies, search, 5, executor=executor, journal=tmp_path / "j")
    assert [t.state for t in search.trials] == ["complete", "complete", "failed", "running"]
    assert "terminated abruptly" in search.trials[2].error
    again = GridSearch(X, 5)
    with get_pool() as executor:
        minimize(dies, again, 5, executor=executor, journal=tmp_path / "j")
    assert [t.state for t in again.trials] == ["complete"] * 2 + ["failed"] + ["complete"] * 2


def test_a_search_with_an_error_of_its_own_ends_at_once():
    class Wrong(RandomSearch):
        def suggest(self):
            if len(self.trials) == 4:
                raise KeyError("lr")
            return super().suggest()

    for executor in (None, ThreadPoolExecutor(2)):
        search = Wrong(X, rng())
        with pytest.raises(KeyError, match="lr"):
            minimize(lambda p: p["x"], search, 9, executor=executor)
        assert "running" not in {t.state for t in search.trials}


class Broken(Executor):
    """Takes two tasks and refuses the third."""

    def __init__(self):
        self.count = itertools.count()

    def submit(self, fn, /, *args, **kwargs):
        if next(self.count) == 2:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = Future()
        future.set_result(fn(*args))
        return future


def test_an_executor_that_takes_no_more_ends_the_search():
    search = RandomSearch(X, rng())
    with pytest.raises(RuntimeError, match="after shutdown"):
        minimize(lambda p: p["x"], search, 9, executor=Broken(), pending=1)
    assert [t.state for t in search.trials] == ["complete", "complete", "failed"]


def test_ctrl_c_in_a_real_process_leaves_a_journal_to_go_on_from(tmp_path):
    with Drivers() as drivers:
        pid = drivers.start(tmp_path / "j", tmp_path / "side", 200, 0, "torn")
        time.sleep(0.1)
        os.kill(pid, signal.SIGINT)
        assert drivers.end() == (1, None)
    search, whole = RandomSearch(SPACE, rng(1)), RandomSearch(SPACE, rng(0))
    minimize(value_of, search, 200, journal=tmp_path / "j")
    minimize(value_of, whole, 200)
    assert [(t.params, t.value) for t in search.trials] == [
        (t.params, t.value) for t in whole.trials
    ]
