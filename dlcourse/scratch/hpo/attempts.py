"""One try of a trial, wherever it runs: whatever happens there comes back as plain words."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn

from dlcourse import checks
from dlcourse.scratch.hpo.search import (
    COMPLETE,
    FAILED,
    PRUNED,
    RUNNING,
    Pruner,
    Search,
    Trial,
    told,
)


class Pruned(Exception):
    """Raised by ``report`` in an objective whose trial has to stop; let it pass through."""


class Outcome(NamedTuple):
    """How a try ended, in what every kind of process can send: a state, a value, an error."""

    state: str
    value: float | None = None
    error: str | None = None


class Report:
    """What an objective calls after every epoch, say: ``report(epoch, value)``.

    It notes the value in ``trial.intermediate`` and asks the pruner, which may raise ``Pruned``.
    It also raises it in a trial that nobody waits for any more, so that its thread comes free.
    """

    def __init__(
        self,
        trial: Trial,
        search: Search,
        pruner: Pruner | None,
        lock: Any,
        closed: threading.Event,
    ) -> None:
        self._trial, self._search, self._pruner = trial, search, pruner
        self._lock, self._closed = lock, closed

    def __call__(self, resource: float, value: float) -> None:
        resource, value = checks.scalar("resource", resource), told(value)
        with self._lock:
            if self._closed.is_set() or self._trial.state != RUNNING:
                raise Pruned("nobody waits for this trial any more")
            self._trial.intermediate[resource] = value
            stop = self._pruner is not None and self._pruner(self._trial, list(self._search.trials))
        if stop:
            raise Pruned(f"stopped at resource {resource:g}")

    def __reduce__(self) -> NoReturn:
        refuse_processes("another process")


def attempt(
    objective: Callable[..., float], params: Mapping[str, Any], report: Report | None, ticket: str
) -> Outcome:
    """Call the objective; the ticket makes two calls with the same parameters two calls.

    Exceptions come back as text: not every one survives the way from another process.
    """
    try:
        value = (
            objective(dict(params)) if report is None else objective(dict(params), report=report)
        )
        return Outcome(COMPLETE, told(value))
    except Pruned as stopped:
        return Outcome(PRUNED, error=str(stopped))
    except (Exception, SystemExit) as error:
        return Outcome(FAILED, error=f"{type(error).__name__}: {error}")


def reports(objective: Callable[..., float]) -> bool:
    """Whether an objective takes ``report``."""
    try:
        return "report" in inspect.signature(objective).parameters
    except (TypeError, ValueError):  # written in C
        return False


def refuse_processes(value: Any) -> NoReturn:
    """An objective that reports has to share memory with the pruner."""
    fix = "Leave out report, or give each rung its own trials, as successive_halving does."
    kinds = "None or of threads, as ThreadPoolExecutor, where the objective reports"
    checks.fail("executor", kinds, value, fix, TypeError)
