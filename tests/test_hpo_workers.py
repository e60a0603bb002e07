"""Simulated workers of different speed: what any schedule must satisfy, and who waits for whom."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from dlcourse.scratch.hpo import Float
from dlcourse.scratch.hpo.asha import ASHA
from dlcourse.scratch.hpo.halving import rungs
from dlcourse.scratch.hpo.simple import RandomSearch
from dlcourse.scratch.hpo.workers import Timeline, simulate, simulate_halving

SPACE = {"x": Float(0, 1)}


def curve(params, t):
    return params["x"] + 1 / t


def scheduler(n=40, r=1, most=27, eta=3, seed=0):
    return ASHA(RandomSearch(SPACE, np.random.default_rng(seed)), n, r, most, eta)


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


ERRORS = [
    (lambda: simulate(curve, scheduler(), []), ValueError, r"^speeds must be a sequence"),
    (lambda: simulate(curve, scheduler(), 3), ValueError, r"^speeds must be a sequence"),
    (lambda: simulate(curve, scheduler(), [1, 0]), ValueError, r"^speeds\[1\] must be finite and"),
]


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_bad_input_is_refused(call, kind, message: str) -> None:
    with pytest.raises(kind, match=message):
        call()
