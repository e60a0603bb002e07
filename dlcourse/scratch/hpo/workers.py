"""Workers of different speed, simulated: who waits for whom, to the second and without chance."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.scratch.hpo.asha import ASHA, Job
from dlcourse.scratch.hpo.halving import Rung, survivors
from dlcourse.scratch.hpo.search import Search


class Event(NamedTuple):
    """One job of one worker."""

    start: float
    end: float
    worker: int
    trial: int
    resource: int
    value: float


@dataclass(eq=False)
class Timeline:
    """Who did what when; ``events`` in the order they ended, ``workers`` their number."""

    events: list[Event]
    workers: int

    @property
    def seconds(self) -> float:
        """Until the last job ended."""
        return max((event.end for event in self.events), default=0.0)

    @property
    def busy(self) -> float:
        """The share of the workers' time that was used."""
        used = sum(event.end - event.start for event in self.events)
        return used / (self.workers * self.seconds) if self.events else 0.0

    def incumbent(self, resource: int) -> tuple[list[float], list[float]]:
        """Times at which the best value at this resource improved, and to what."""
        times: list[float] = []
        values: list[float] = []
        for event in self.events:
            if event.resource == resource and event.value < (values[-1] if values else math.inf):
                times.append(event.end)
                values.append(event.value)
        return times, values


Curve = Callable[[dict[str, Any], int], float]


def simulate(
    objective: Curve, scheduler: ASHA, speeds: Sequence[float], until: float = math.inf
) -> Timeline:
    """ASHA on simulated workers.

    Parameters
    ----------
    objective : function (params, resource) of the value
    scheduler : an ``ASHA`` that was not yet asked
    speeds : resource a second of each worker, > 0
    until : seconds after which nothing new is begun and what would end later is not looked at

    Notes
    -----
    A trial goes on from where it was: a job takes (resource - done) / speed. Of workers that are
    free at the same time the first is served first. The same rng gives the same timeline.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float, RandomSearch
    >>> search = RandomSearch({"x": Float(0, 1)}, np.random.default_rng(0))
    >>> line = simulate(lambda p, t: p["x"], ASHA(search, 4, 1, 2, reduction_factor=2), [1.0, 0.5])
    >>> [(event.end, event.worker, event.trial, event.resource) for event in line.events]
    [(1.0, 0, 0, 1), (2.0, 0, 2, 1), (2.0, 1, 1, 1), (3.0, 0, 2, 2), (4.0, 1, 3, 1), (5.0, 0, 3, 2)]
    """
    rates = checked_speeds(speeds)
    free, events = list(range(len(rates))), []
    out: list[tuple[float, int, float, Job]] = []
    now, job = 0.0, scheduler.next()
    while True:
        while job is not None and now < until:
            worker = heapq.heappop(free)
            end = now + (job.resource - job.done) / rates[worker]
            heapq.heappush(out, (end, worker, now, job))
            job = scheduler.next() if free else None
        if not out or out[0][0] > until:
            break
        now = out[0][0]
        while out and out[0][0] == now:  # all that end now are known before anybody goes on
            events.append(finished(objective, scheduler, *heapq.heappop(out)))
            heapq.heappush(free, events[-1].worker)
        job = scheduler.next() if now < until else None
    return Timeline(events, len(rates))


def finished(
    objective: Curve, scheduler: ASHA, end: float, worker: int, start: float, job: Job
) -> Event:
    """Report a job that ends now."""
    value = float(objective(dict(job.trial.params), job.resource))
    scheduler.report(job, value)
    return Event(start, end, worker, job.trial.number, job.resource, value)


def simulate_halving(
    objective: Curve, search: Search, table: Sequence[Rung], speeds: Sequence[float]
) -> Timeline:
    """Successive halving on the same workers: a rung begins when the one before has ended.

    >>> from dlcourse.scratch.hpo import Float, RandomSearch
    >>> from dlcourse.scratch.hpo.halving import rungs
    >>> search = RandomSearch({"x": Float(0, 1)}, np.random.default_rng(0))
    >>> line = simulate_halving(lambda p, t: p["x"], search, rungs(4, 1, 2), [1.0, 0.5])
    >>> line.seconds, round(line.busy, 2)
    (7.0, 0.71)
    """
    rates = checked_speeds(speeds)
    trials = [search.ask() for _ in range(table[0].n)]
    now, done, events = 0.0, 0, []
    for rung, following in zip(table, [*table[1:], None], strict=True):
        free, ended = [(now, worker) for worker in range(len(rates))], []
        for trial in trials:
            start, worker = heapq.heappop(free)
            end = start + (rung.resource - done) / rates[worker]
            value = float(objective(dict(trial.params), rung.resource))
            trial.intermediate[rung.resource] = value
            ended.append(Event(start, end, worker, trial.number, rung.resource, value))
            heapq.heappush(free, (end, worker))
        kept = survivors([event.value for event in ended], following.n if following else len(ended))
        for k, event in enumerate(ended):
            if following is None or k not in kept:
                search.tell(trials[k], event.value, pruned=following is not None)
        trials = [trials[k] for k in sorted(kept)]
        events += sorted(ended, key=lambda event: (event.end, event.worker))
        now, done = max((event.end for event in ended), default=now), rung.resource
    return Timeline(events, len(rates))


def checked_speeds(speeds: Any) -> list[float]:
    """At least one worker, each with a speed > 0."""
    if isinstance(speeds, str) or not np.iterable(speeds) or not len(list(speeds)):
        checks.fail("speeds", "a sequence of numbers, one a worker", speeds)
    return [checks.scalar(f"speeds[{i}]", s, low_open=True) for i, s in enumerate(speeds)]
