"""ASHA: who is promoted, workers of different speed, and an executor's threads."""

from __future__ import annotations

import math
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcourse.scratch.hpo import Float
from dlcourse.scratch.hpo.asha import ASHA, RungQueue, promote, run_asha
from dlcourse.scratch.hpo.simple import RandomSearch
from dlcourse.scratch.hpo.workers import simulate

NAN = math.nan
SPACE = {"x": Float(0, 1)}
PROMOTIONS = {
    "too few": ([0.3, 0.1], 3, (), None),
    "the best of three": ([0.3, 0.1, 0.2], 3, (), 1),
    "it has gone": ([0.3, 0.1, 0.2], 3, {1}, None),
    "the second of six": ([6, 5, 1, 2, 4, 3], 3, {2}, 3),
    "overtaken": ([6, 5, 3, 2, 4, 1], 3, {2}, 5),
    "an early one that is no longer among the best": ([1, 2, 0.5, 0.4], 2, {0, 2, 3}, None),
    "a tie": ([1, 1, 1, 1], 2, {0}, 1),
    "NaN counts and never goes": ([NAN, NAN, 1, NAN], 2, (), 2),
    "NaN alone": ([NAN, NAN, NAN], 3, (), None),
}


def promotion_holds(name: str, one) -> None:
    values, eta, promoted, expected = PROMOTIONS[name]
    assert one(values, eta, promoted) == expected


@pytest.mark.parametrize("name", PROMOTIONS)
def test_who_is_promoted(name: str) -> None:
    promotion_holds(name, promote)


def rounded_up(values, eta, promoted=()):
    best = sorted(range(len(values)), key=lambda i: values[i])[: -(-len(values) // eta)]
    return next((i for i in best if i not in promoted), None)


def the_worst(values, eta, promoted=()):
    return promote([-v for v in values], eta, promoted)


def beyond_the_share(values, eta, promoted=()):
    left = [i for i in range(len(values)) if i not in promoted]
    return min(left, key=lambda i: values[i]) if len(values) >= eta and left else None


def nan_is_not_counted(values, eta, promoted=()):
    good = [i for i, v in enumerate(values) if v == v]
    found = promote([values[i] for i in good], eta, [good.index(i) for i in promoted])
    return None if found is None else good[found]


@pytest.mark.parametrize(
    ("wrong", "name"),
    [(rounded_up, "too few"), (the_worst, "the best of three"),
     (beyond_the_share, "it has gone"), (nan_is_not_counted, "NaN counts and never goes")],
)  # fmt: skip
def test_a_wrong_promotion_is_caught(wrong, name: str) -> None:
    with pytest.raises(AssertionError):
        promotion_holds(name, wrong)


values = st.lists(st.one_of(st.integers(0, 8).map(float), st.just(NAN)), min_size=1, max_size=30)


@given(values, st.integers(2, 5), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_fast_rung_promotes_whom_the_definition_promotes(seen, eta, chance) -> None:
    rung, so_far, gone = RungQueue(), [], set()
    for i, value in enumerate(seen):
        rung.add(value, i)
        so_far.append(value)
        while chance.random() < 0.6:
            expected = promote(so_far, eta, gone)
            assert rung.pop(eta) == expected
            if expected is None:
                break
            gone.add(expected)


def curve(params, t):
    return params["x"] + 1 / t


def scheduler(n=40, r=1, most=27, eta=3, seed=0):
    return ASHA(RandomSearch(SPACE, np.random.default_rng(seed)), n, r, most, eta)


def test_a_promotion_comes_before_a_new_configuration_and_the_top_before_the_bottom() -> None:
    line = scheduler(9)
    jobs = []
    while (job := line.next()) is not None:
        jobs.append((job.trial.number, job.resource, job.done))
        line.report(job, -job.trial.number)  # the latest is the best
    fresh = [number for number, resource, _ in jobs if resource == 1]
    assert fresh == [*range(9)]
    assert jobs[:5] == [(0, 1, 0), (1, 1, 0), (2, 1, 0), (2, 3, 1), (3, 1, 0)]
    assert jobs[-4:] == [(8, 1, 0), (8, 3, 1), (8, 9, 3), (8, 27, 9)]
    promoted = [number for number, resource, _ in jobs if resource == 3]
    assert promoted == [2, 3, 4, 5, 6, 7, 8], "too many: nobody knew that better ones would come"


def test_at_the_end_every_trial_has_a_state() -> None:
    line = scheduler(27)
    while (job := line.next()) is not None:
        line.report(
            job, NAN if job.trial.number % 5 == 0 else curve(job.trial.params, job.resource)
        )
    line.close()
    by_state = {s: [t for t in line.search.trials if t.state == s] for s in ("complete", "pruned")}
    failed = [t.number for t in line.search.trials if t.state == "failed"]
    assert failed == [0, 5, 10, 15, 20, 25]
    assert all(27 in t.intermediate for t in by_state["complete"])
    assert not any(27 in t.intermediate for t in by_state["pruned"])
    assert len(by_state["complete"]) + len(by_state["pruned"]) == 21
    line.close()  # once more changes nothing


def test_what_was_under_way_is_closed_too() -> None:
    line = scheduler()
    simulate(curve, line, [1.0, 0.01], until=20.0)
    waiting = [t for t in line.search.trials if not t.intermediate]
    assert len(waiting) == 1
    line.close()
    assert waiting[0].error == "ended before its first value"
    assert not [t for t in line.search.trials if t.state == "running"]


def test_one_real_worker_does_what_the_simulated_one_does() -> None:
    found = run_asha(curve, SPACE, np.random.default_rng(0), 40, 1, 27, 3)
    line = scheduler()
    simulate(curve, line, [1.0])
    line.close()
    assert [vars(t) for t in found.trials] == [vars(t) for t in line.search.trials]
    ends = [t for t in found.trials if t.state == "complete"]
    assert found.best is min(ends, key=lambda t: t.value)


def processes(n: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(n, mp_context=get_context("spawn"))


@pytest.mark.parametrize("make", [ThreadPoolExecutor, processes])
def test_an_executor_runs_it(make) -> None:
    with make(2) as pool:
        found = run_asha(curve, SPACE, np.random.default_rng(1), 30, 1, 9, 3, pool, n_workers=2)
    assert len(found.trials) == 30
    assert {t.state for t in found.trials} == {"complete", "pruned"}
    assert found.best.params["x"] == min(t.params["x"] for t in found.trials)


def test_workers_of_different_speed_work_at_once() -> None:
    slow, busy, most = threading.local(), [0], [0]
    lock, first = threading.Lock(), iter([True])

    def timed(params, t):
        if not hasattr(slow, "down"):
            slow.down = next(first, False)
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.05 if slow.down else 0.002)
        with lock:
            busy[0] -= 1
        return curve(params, t)

    with ThreadPoolExecutor(3) as pool:
        found = run_asha(timed, SPACE, np.random.default_rng(1), 30, 1, 9, 3, pool, n_workers=3)
    assert most[0] == 3 and found.best.value < 0.5


def fails_now_and_then(params, t):
    if params["x"] < 0.2:
        raise ValueError("too small")
    return NAN if params["x"] < 0.4 else params["x"] + 1 / t


@pytest.mark.parametrize("make", [None, ThreadPoolExecutor])
def test_failures_are_recorded_and_survived(make) -> None:
    told = (fails_now_and_then, SPACE, np.random.default_rng(0), 40, 1, 9, 3)
    if make is None:
        found = run_asha(*told)
    else:
        with make(2) as pool:
            found = run_asha(*told, pool, n_workers=2)
    failed = [t for t in found.trials if t.state == "failed"]
    assert len(failed) == sum(t.params["x"] < 0.4 for t in found.trials) > 5
    assert {t.error for t in failed} == {"ValueError: too small", "its value was nan"}
    assert found.best.params["x"] == min(t.params["x"] for t in found.trials if t not in failed)


def search(seed: object = 0):
    return RandomSearch(SPACE, np.random.default_rng(0))


def run(objective=curve, n=4, r=1, most=4, eta=2, workers=1):
    return run_asha(objective, SPACE, np.random.default_rng(0), n, r, most, eta, None, workers)


ERRORS = [
    (lambda: promote([1.0], 1), ValueError, r"^reduction_factor must be >= 2; got 1\.$"),
    (lambda: ASHA(SPACE, 4, 1, 4), TypeError, r"^search must be a Search, as RandomSearch"),
    (lambda: ASHA(search(), 0, 1, 4), ValueError, r"^n_configs must be >= 1; got 0\.$"),
    (lambda: ASHA(search(), 4, 0, 4), ValueError, r"^min_resource must be >= 1; got 0\.$"),
    (lambda: ASHA(search(), 4, 3, 2), ValueError, r"^max_resource must be >= 3; got 2\.$"),
    (lambda: ASHA(search(), 4, 1, 4, 1.5), TypeError, r"^reduction_factor must be an integer"),
    (lambda: run(3), TypeError, r"^objective must be a function \(params, resource\); got 3\.$"),
    (lambda: run(workers=0), ValueError, r"^n_workers must be >= 1; got 0\.$"),
    (lambda: run(lambda p, t: 1 / 0).best, RuntimeError, r"4 failed, the first with ZeroDiv"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
