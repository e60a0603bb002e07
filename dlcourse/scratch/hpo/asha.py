"""ASHA: halving that waits for nobody. Who is free promotes the best there is, or starts anew."""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.scratch.hpo.search import RUNNING, Search, Trial
from dlcourse.scratch.hpo.simple import RandomSearch
from dlcourse.scratch.hpo.space import Space


def promote(
    values: Sequence[float],
    reduction_factor: int,
    promoted: Collection[int] = (),
) -> int | None:
    r"""Whom a rung sends on: the best of its :math:`\lfloor m / η \rfloor` best not yet promoted.

    Parameters
    ----------
    values : the m values at this rung, in the order they came; of ties the earlier is better
    reduction_factor : η, int >= 2
    promoted : places of those who have gone on

    Examples
    --------
    >>> promote([0.3, 0.1], 3), promote([0.3, 0.1, 0.2], 3), promote([0.3, 0.1, 0.2], 3, {1})
    (None, 1, None)

    References
    ----------
    Li et al. (2020), algorithm 2, get_job.
    """
    eta = checks.integer("reduction_factor", reduction_factor, 2)
    finite = [i for i, v in enumerate(values) if math.isfinite(v)]
    best = sorted(finite, key=lambda i: (values[i], i))[: len(values) // eta]
    return next((i for i in best if i not in promoted), None)


class Job(NamedTuple):
    """A trial to be trained up to ``resource``; ``done`` is what it has had."""

    trial: Trial
    rung: int
    resource: int
    done: int


class RungQueue:
    """One rung; ``promote`` in logarithmic time, however many lie in it."""

    def __init__(self) -> None:
        self.keys: list[tuple[float, int, int]] = []
        self.waiting: list[tuple[float, int, int]] = []

    def add(self, value: float, trial: int) -> None:
        """A value that has come in; what is not finite counts, and never goes on."""
        finite = math.isfinite(value)
        key = (value if finite else math.inf, len(self.keys), trial)
        insort(self.keys, key)
        if finite:
            heapq.heappush(self.waiting, key)

    def pop(self, eta: int) -> int | None:
        """The trial to promote, if any."""
        if not self.waiting:
            return None
        key = self.waiting[0]
        if bisect_left(self.keys, key) >= len(self.keys) // eta:
            return None
        return heapq.heappop(self.waiting)[-1]


class ASHA:
    """Says what to train next, whenever somebody is free, and takes in what it came to.

    Parameters
    ----------
    search : any ``Search``; asked for a new trial where none can be promoted
    n_configs : int >= 1, trials in all
    min_resource, max_resource : r and R, int >= 1; rungs are at r, r η, … up to R
    reduction_factor : η, int >= 2

    Notes
    -----
    A trial on the last rung is complete. At the end those that nobody promoted are told as pruned,
    see ``close``.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float, RandomSearch
    >>> search = RandomSearch({"x": Float(0, 1)}, np.random.default_rng(0))
    >>> asha = ASHA(search, n_configs=4, min_resource=1, max_resource=2, reduction_factor=2)
    >>> jobs = []
    >>> for value in (0.7, 0.5, 0.4, 0.9, 0.8, 0.6):
    ...     jobs.append(asha.next())
    ...     asha.report(jobs[-1], value)
    >>> [(job.trial.number, job.resource) for job in jobs]
    [(0, 1), (1, 1), (1, 2), (2, 1), (3, 1), (0, 2)]

    References
    ----------
    Li et al. (2020), algorithm 2. Lesson: halving.
    """

    def __init__(
        self,
        search: Search,
        n_configs: int,
        min_resource: int,
        max_resource: int,
        reduction_factor: int = 4,
    ) -> None:
        if not isinstance(search, Search):
            checks.fail("search", "a Search, as RandomSearch(space, rng)", search, error=TypeError)
        self.search, self.left = search, checks.integer("n_configs", n_configs, 1)
        self.eta = checks.integer("reduction_factor", reduction_factor, 2)
        r = checks.integer("min_resource", min_resource, 1)
        most = checks.integer("max_resource", max_resource, r)
        self.resources = [r]
        while self.resources[-1] * self.eta <= most:
            self.resources.append(self.resources[-1] * self.eta)
        self.rungs = [RungQueue() for _ in self.resources]
        self.asked: list[Trial] = []

    def next(self) -> Job | None:
        """The next job; None where there is nothing to do until more is reported, or at all."""
        for k in range(len(self.rungs) - 2, -1, -1):
            number = self.rungs[k].pop(self.eta)
            if number is not None:
                trial = self.search.trials[number]
                return Job(trial, k + 1, self.resources[k + 1], self.resources[k])
        if not self.left:
            return None
        self.left -= 1
        self.asked.append(self.search.ask())
        return Job(self.asked[-1], 0, self.resources[0], 0)

    def report(self, job: Job, value: float, error: Exception | str | None = None) -> None:
        """What a job came to; not finite, or with an error, it has failed."""
        value = math.nan if error is not None else float(value)
        self.rungs[job.rung].add(value, job.trial.number)
        job.trial.intermediate[job.resource] = value
        if job.rung == len(self.rungs) - 1 or not math.isfinite(value):
            self.search.tell(job.trial, value, error=error)

    def close(self) -> None:
        """Nobody will go on: who has not come to the last rung was pruned where it is."""
        for trial in (t for t in self.asked if t.state == RUNNING):
            if trial.intermediate:
                self.search.tell(trial, pruned=True)
            else:
                self.search.tell(trial, error="ended before its first value")


def run_asha(
    objective: Callable[[dict[str, Any], int], float],
    space: Space,
    rng: np.random.Generator,
    n_configs: int,
    min_resource: int,
    max_resource: int,
    reduction_factor: int = 4,
    executor: Executor | None = None,
    n_workers: int = 1,
) -> Search:
    """Run ASHA, on the workers of an executor or here.

    Parameters
    ----------
    objective : function (params, resource) of the value after that much training in all; it is
        what goes to the worker, together with the parameters
    executor : any of ``concurrent.futures``; None: one job after the other, here
    n_workers : int >= 1, how many jobs to have out at a time

    Returns
    -------
    The search: ``best`` is the best at the largest resource, ``trials`` has all

    Notes
    -----
    With one worker the same rng gives the same trials; with more the order in which they end
    decides who is promoted. An objective that raises has failed, the search goes on.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float
    >>> curve = lambda params, t: params["x"] + 1 / t
    >>> found = run_asha(curve, {"x": Float(0, 1)}, np.random.default_rng(0), 16, 1, 16)
    >>> len(found.trials), found.best.params["x"] == min(t.params["x"] for t in found.trials)
    (16, True)
    """
    if not callable(objective):
        checks.fail("objective", "a function (params, resource)", objective, error=TypeError)
    workers = checks.integer("n_workers", n_workers, 1)
    search = RandomSearch(space, rng)
    scheduler = ASHA(search, n_configs, min_resource, max_resource, reduction_factor)
    pool = Here() if executor is None else executor
    out: dict[Future[float], Job] = {}
    job = scheduler.next()
    while job is not None or out:
        while job is not None:
            out[pool.submit(objective, dict(job.trial.params), job.resource)] = job
            job = scheduler.next() if len(out) < workers else None
        done, _ = wait(out, return_when=FIRST_COMPLETED)
        for future in [f for f in out if f in done]:  # in the order they were handed out
            take_in(scheduler, out.pop(future), future)
        job = scheduler.next()
    scheduler.close()
    return search


def take_in(scheduler: ASHA, job: Job, future: Future[float]) -> None:
    """Report a job that is over, however it ended."""
    error = future.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    scheduler.report(job, math.nan if error else float(future.result()), error)


class Here(Executor):
    """An executor of one worker: the caller."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Done when it returns."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # it is handed on in the future
            future.set_exception(error)
        return future
