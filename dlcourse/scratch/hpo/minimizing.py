"""The loop of a search: ask, try, tell; here, in threads, in processes or on many machines."""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from typing import Any

from dlcourse import checks
from dlcourse.scratch.hpo.attempts import Outcome, Report, attempt, refuse_processes, reports
from dlcourse.scratch.hpo.journal import Journal
from dlcourse.scratch.hpo.search import FAILED, PRUNED, RUNNING, Exhausted, Pruner, Search, Trial


def minimize(
    objective: Callable[..., float],
    search: Search,
    n_trials: int,
    executor: Executor | None = None,
    journal: Any = None,
    pruner: Pruner | None = None,
    pending: int | None = None,
    timeout: float | None = None,
) -> Trial:
    """Try ``n_trials`` configurations and return the best trial: the smallest value wins.

    Parameters
    ----------
    objective : params -> number; or (params, report) -> number, which calls
        ``report(resource, value)`` on its way and lets ``Pruned`` pass through
    search : says what to try; ``search.trials`` has everything afterwards
    n_trials : int >= 1; those that the journal brings back count
    executor : any of ``concurrent.futures``, or ``client.get_executor()`` of Dask; None tries one
        after the other in this thread
    journal : path of a file from which the same call goes on after any crash
    pruner : (trial, trials) -> bool, asked after each report: should this trial stop?
    pending : trials under way at once; by default the workers that the executor has
    timeout : seconds after which a trial counts as failed; needs an executor

    Notes
    -----
    A trial that raises, or whose value is no finite number, is a failed one and the search goes on;
    when none is complete at the end, RuntimeError says why the first one failed. What ends the
    search itself (Ctrl-C, a full disk, an executor that broke) is raised. A timeout cannot stop a
    thread or a process: it keeps its worker until it returns, or reports, and no other trial is put
    there; when all workers are held like this for one more timeout, RuntimeError. Leaving the
    executor's ``with`` waits for them too: ``shutdown(wait=False)`` does not. Reports need shared
    memory: no executor, or threads. Dask tries a trial whose worker died again elsewhere, up to
    ``distributed.scheduler.allowed-failures`` times; then it is a failed one. A process pool breaks
    when one of its workers dies: all trials under way are failed ones, BrokenExecutor.

    Examples
    --------
    >>> import numpy as np
    >>> from dlcourse.scratch.hpo import Float, GridSearch
    >>> best = minimize(lambda p: (p["x"] - 1) ** 2, GridSearch({"x": Float(0, 4)}, 5), 5)
    >>> best.number, best.params, best.value
    (1, {'x': 1.0}, 0.0)
    """
    _doors(objective, search, executor, pruner, timeout)
    n_trials = checks.integer("n_trials", n_trials, 1)
    if pending is None:
        pending = workers(executor)
    pending = checks.integer("pending", pending, 1)
    with contextlib.nullcontext() if journal is None else Journal(journal, search) as log:
        run = _Run(objective, search, log, pruner)
        run.left = n_trials - (len(search.trials) - len(run.again) if log else 0)
        try:
            run.here() if executor is None else run.on(executor, pending, timeout or math.inf)
        finally:
            run.end()
    return search.best


class _Run:
    """One call of ``minimize``: what is left to do, and what is under way."""

    def __init__(
        self,
        objective: Callable[..., float],
        search: Search,
        log: Journal | None,
        pruner: Pruner | None,
    ) -> None:
        self.objective, self.search, self.log, self.pruner = objective, search, log, pruner
        self.again = list(log.unfinished) if log else []
        self.left = 0
        self.reports = reports(objective)
        self.lock, self.closed = threading.RLock(), threading.Event()
        self.ticket = secrets.token_hex(8)
        self.running: dict[Future[Outcome], tuple[Trial, float]] = {}
        self.lost: set[Future[Outcome]] = set()  # timed out, and still on a worker
        self.current: Trial | None = None

    def next(self) -> Trial | None:
        """One that was under way before the crash, or a new one."""
        if self.left < 1:
            return None
        self.left -= 1
        if self.again:
            trial = self.again.pop(0)
            trial.intermediate.clear()
            return trial
        try:
            with self.lock:
                trial = self.search.ask()
        except Exhausted:
            self.left = 0
            return None
        if self.log:
            self.log.asked(trial)
        return trial

    def call(self, trial: Trial) -> tuple[Any, ...]:
        """What ``attempt`` is called with."""
        report = None
        if self.reports:
            report = Report(trial, self.search, self.pruner, self.lock, self.closed)
        return self.objective, trial.params, report, f"{self.ticket}-{trial.number}"

    def finish(self, trial: Trial, outcome: Outcome) -> None:
        """Tell the search, then the journal."""
        with self.lock:
            if outcome.state == FAILED or (outcome.state == PRUNED and not trial.intermediate):
                self.search.tell(trial, error=outcome.error or "pruned without a report")
            else:
                self.search.tell(trial, outcome.value, pruned=outcome.state == PRUNED)
        if self.log:
            self.log.told(trial)

    def here(self) -> None:
        """One after the other."""
        while trial := self.next():
            self.current = trial
            self.finish(trial, attempt(*self.call(trial)))
            self.current = None

    def on(self, executor: Executor, pending: int, timeout: float) -> None:
        """As many as ``pending`` at once."""
        while True:
            while len(self.running) + len(self.lost) < pending and (trial := self.next()):
                self.current = trial
                future = executor.submit(attempt, *self.call(trial))
                self.running[future] = trial, time.monotonic() + timeout
                self.current = None
            if not self.running and (not self.lost or self.left < 1):
                return
            self._collect(timeout)

    def _collect(self, timeout: float) -> None:
        """Wait for one to end, or to be too late."""
        deadlines = [deadline for _, deadline in self.running.values()]
        seconds = max(min(deadlines) - time.monotonic(), 0) if deadlines else timeout
        futures = {*self.running, *self.lost}
        patience = None if math.isinf(seconds) else seconds
        done, _ = wait(futures, timeout=patience, return_when=FIRST_COMPLETED)
        if not done and not self.running:
            constraint = f"one with a worker that comes free within {timeout:g} s"
            checks.fail("executor", constraint, f"{len(self.lost)} held", error=RuntimeError)
        self.lost -= done
        for future in done & self.running.keys():
            self.finish(self.running.pop(future)[0], outcome_of(future))
        now = time.monotonic()
        for future in [f for f, (_, deadline) in self.running.items() if deadline <= now]:
            trial, _ = self.running.pop(future)
            if not future.cancel():
                self.lost.add(future)
            self.finish(trial, Outcome(FAILED, error=f"TimeoutError: more than {timeout:g} s"))

    def end(self) -> None:
        """Whatever ended the search: nothing is waited for; a journal brings back what ran."""
        self.closed.set()
        left = [trial for trial, _ in self.running.values()] + [self.current]
        for future in self.running:
            future.cancel()
        for trial in (t for t in left if t is not None and t.state == RUNNING):
            if self.log:
                with self.lock:
                    trial.intermediate.clear()  # it begins again
            else:
                self.search.tell(trial, error="the search was ended from outside")


def outcome_of(future: Future[Outcome]) -> Outcome:
    """What a future holds; an exception here is one of the executor, or of the way to it."""
    try:
        return future.result()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Outcome(FAILED, error=f"{type(error).__name__}: {error}")


def workers(executor: Any) -> int:
    """How many trials an executor can run at once, as far as it says."""
    if executor is None:
        return 1
    if hasattr(executor, "_max_workers"):
        return int(executor._max_workers)
    if hasattr(getattr(executor, "_client", None), "nthreads"):  # Dask
        return max(sum(executor._client.nthreads().values()), 1)
    return os.cpu_count() or 1


def _doors(objective: Any, search: Any, executor: Any, pruner: Any, timeout: Any) -> None:
    if not callable(objective):
        checks.fail("objective", "a function of params", objective, error=TypeError)
    if not isinstance(search, Search):
        fix = "Write RandomSearch(space, rng)."
        checks.fail("search", "a Search", search, fix, TypeError)
    if executor is not None and not isinstance(executor, Executor):
        kinds = "None or an Executor of concurrent.futures"
        checks.fail("executor", kinds, executor, "With Dask, client.get_executor().", TypeError)
    if pruner is not None:
        if not callable(pruner):
            checks.fail("pruner", "a function of trial and trials", pruner, error=TypeError)
        if not reports(objective):
            fix = "Without reports there is nothing to prune by."
            checks.fail("objective", "a function of params and report", objective, fix, TypeError)
    if timeout is not None:
        checks.scalar("timeout", timeout, low_open=True)
        if executor is None:
            fix = "Pass ThreadPoolExecutor(1)."
            checks.fail("timeout", "None without an executor", timeout, fix)
    elsewhere = isinstance(executor, ProcessPoolExecutor)
    if reports(objective) and (elsewhere or hasattr(executor, "_client")):  # Dask
        refuse_processes(executor)
    if elsewhere:
        _sendable(objective)


def _sendable(objective: Any) -> None:
    try:
        pickle.dumps(objective)
    except Exception as error:
        fix = f"Define it at the top of a module: {error}"
        checks.fail("objective", "one that another process can import", objective, fix, TypeError)
