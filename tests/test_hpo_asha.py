"""ASHA: who is promoted, workers of different speed, and an executor's threads."""

from __future__ import annotations

import math
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlcourse.scratch.hpo import Float
from dlcourse.scratch.hpo.asha import ASHA, RungQueue, promote, run_asha
from dlcourse.scratch.hpo.halving import rungs
from dlcourse.scratch.hpo.simple import RandomSearch
from dlcourse.scratch.hpo.workers import Timeline, simulate, simulate_halving

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


def played(speeds, n=40, until=math.inf, **told) -> Timeline:
    return simulate(curve, scheduler(n, **told), speeds, until)


def consistent(line: Timeline, speeds, most=27) -> None:
    """What any schedule must satisfy, whatever the algorithm."""
    for worker in range(len(speeds)):
        mine = [e for e in line.events if e.worker == worker]
        for a, b in pairwise(mine):
            assert b.start >= a.end, "a worker does one thing at a time"
    resources = [3**k for k in range(4) if 3**k <= most]
    for trial in {e.trial for e in line.events}:
        mine = sorted((e for e in line.events if e.trial == trial), key=lambda e: e.resource)
        assert [e.resource for e in mine] == resources[: len(mine)], "rung after rung"
        done = 0
        for k, e in enumerate(mine):
            assert e.end - e.start == pytest.approx((e.resource - done) / speeds[e.worker])
            assert not k or e.start >= mine[k - 1].end, "promoted after its value is known"
            done = e.resource
    for e in line.events:
        if e.resource > 1:  # among the best third of what the rung below had at that moment
            below = [b for b in line.events if b.resource * 3 == e.resource and b.end <= e.start]
            rank = sorted(b.value for b in below).index(
                next(b.value for b in below if b.trial == e.trial)
            )
            assert rank < len(below) // 3
    assert [e.end for e in line.events] == sorted(e.end for e in line.events)


@pytest.mark.parametrize("speeds", [[1.0], [1.0] * 4, [4.0, 1.0, 0.5], [1.0, 0.01]])
def test_a_timeline_holds_together(speeds) -> None:
    line = played(speeds)
    consistent(line, speeds)
    assert {e.trial for e in line.events} == set(range(40))
    assert line.events == played(speeds).events, "the same rng, the same timeline"


def test_planted_timelines_are_caught() -> None:
    line = played([1.0, 2.0])
    late = [e._replace(start=e.start - 0.5) if e.resource > 1 else e for e in line.events]
    swapped = [e._replace(worker=1 - e.worker) for e in line.events]
    worst = sorted((e for e in line.events if e.resource == 1), key=lambda e: e.value)[-1]
    promoted = [e._replace(value=9.0 if e.trial == worst.trial else e.value) for e in line.events]
    first = next(e for e in line.events if e.resource == 3)
    promoted = [e._replace(value=9.0) if (e.trial, e.resource) == (first.trial, 1) else e
                for e in line.events]  # fmt: skip
    for wrong in (late, swapped, promoted):
        with pytest.raises(AssertionError):
            consistent(Timeline(wrong, 2), [1.0, 2.0])


def test_nobody_waits_for_the_slow_one() -> None:
    """The same trials by halving: a rung is as slow as its slowest worker."""
    speeds = [1.0, 1.0, 1.0, 0.05]
    line = played(speeds, n=27)
    search = RandomSearch(SPACE, np.random.default_rng(0))
    halving = simulate_halving(curve, search, rungs(27, 1, 3, 27), speeds)
    first = [next(e.end for e in one.events if e.resource == 27) for one in (line, halving)]
    assert first[0] < 0.7 * first[1]
    assert halving.busy < 0.6 * played([1.0] * 4, n=27).busy + 0.4
    even = simulate_halving(
        curve, RandomSearch(SPACE, np.random.default_rng(0)), rungs(27, 1, 3, 27), [1.0] * 4
    )
    assert even.seconds < halving.seconds
    assert search.best.params["x"] == min(t.params["x"] for t in search.trials)


def test_until_ends_it_and_the_incumbent_only_improves() -> None:
    line, whole = played([1.0, 0.5], until=20.0), played([1.0, 0.5])
    assert line.events == [e for e in whole.events if e.end <= 20.0]
    times, best = whole.incumbent(27)
    assert best == sorted(best, reverse=True) and times == sorted(times) and best
    assert best[-1] == min(e.value for e in whole.events if e.resource == 27)
    assert 0 < whole.busy <= 1 and whole.seconds == whole.events[-1].end
    assert Timeline([], 3).busy == Timeline([], 3).seconds == 0


def test_one_real_worker_does_what_the_simulated_one_does() -> None:
    found = run_asha(curve, SPACE, np.random.default_rng(0), 40, 1, 27, 3)
    line = scheduler()
    simulate(curve, line, [1.0])
    line.close()
    assert [vars(t) for t in found.trials] == [vars(t) for t in line.search.trials]
    ends = [t for t in found.trials if t.state == "complete"]
    assert found.best is min(ends, key=lambda t: t.value)


@pytest.mark.parametrize("make", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_runs_it(make) -> None:
    with make(3) as pool:
        found = run_asha(curve, SPACE, np.random.default_rng(1), 30, 1, 9, 3, pool, n_workers=3)
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
    (lambda: simulate(curve, scheduler(), []), ValueError, r"^speeds must be a sequence"),
    (lambda: simulate(curve, scheduler(), 3), ValueError, r"^speeds must be a sequence"),
    (lambda: simulate(curve, scheduler(), [1, 0]), ValueError, r"^speeds\[1\] must be finite and"),
    (lambda: run(lambda p, t: 1 / 0).best, RuntimeError, r"4 failed, the first with ZeroDiv"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
