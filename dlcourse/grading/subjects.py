"""The answer as the judge sees it: what can be said about it before, and what one call gives.

The judge never touches a learner's function. It asks a subject, and there are two kinds: one that
calls the function here (`InProcess`), for a learner on her own machine, and one that sends the
inputs to a sandbox (``dlcourse.grading.sandbox``). The verdict is reached in the same way for both.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import traceback
import warnings
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from dlcourse.grading import answers
from dlcourse.grading.compare import copied, untouched
from dlcourse.grading.spec import Case, Exercise, Function


@dataclass(frozen=True)
class Failure:
    """A call that gave no value: the exception's type, the line it came from, its message."""

    type: str
    line: int | None
    message: str


@dataclass
class Reply:
    """What one call gave, which input it changed, and how often it called the functions given."""

    value: Any = None
    failure: Failure | None = None
    modified: str = ""
    calls: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What can be told without calling. ``found`` is what stands where the answer should be.

    ``signature`` is None where there is none to read; ``ready_made`` and ``borrowed`` are names, as
    in `dlcourse.grading.answers`; ``missing`` says that nothing has the answer's name, ``failure``
    why its cell could not be run.
    """

    stub: bool = False
    missing: bool = False
    failure: Failure | None = None
    callable: bool = True
    found: Any = None
    ready_made: str | None = None
    borrowed: str | None = None
    signature: inspect.Signature | None = None


class Subject(Protocol):
    """An answer that can be asked."""

    def facts(self) -> Facts:
        """What can be told about the answer before it is called."""

    def call(self, exercise: Exercise, case: Case) -> Reply:
        """The answer to one case."""


class InProcess:
    """An answer in this process, trusted: it can do whatever the learner can.

    ``own=False`` does not ask where its code comes from.
    """

    def __init__(self, answer: Any, own: bool = True) -> None:
        self.answer, self.own = answer, own

    def facts(self) -> Facts:
        answer = self.answer
        if answers.is_stub(answer):
            return Facts(stub=True)
        if not callable(answer):
            return Facts(callable=False, found=answer)
        ready_made = borrowed = signature = None
        if self.own:
            with contextlib.suppress(Exception):  # too odd to be read: judged by its results
                ready_made = answers.ready_made(answer)
                borrowed = answers.borrowed(answer)
        with contextlib.suppress(TypeError, ValueError):
            signature = inspect.signature(answer)
        return Facts(ready_made=ready_made, borrowed=borrowed, signature=signature)

    def call(self, exercise: Exercise, case: Case) -> Reply:
        handed = by_name(exercise, case)
        before = {name: copied(value) for name, value in handed.items()}
        reply = Reply(calls=dict.fromkeys(case.calls, 0))
        counted = {name: counting(handed[name], name, reply.calls) for name in case.calls}
        args = tuple((handed | counted)[name] for name in positional(exercise, case))
        kwargs = {name: (handed | counted)[name] for name in case.kwargs}
        try:
            reply.value = quietly(self.answer, replace(case, args=args, kwargs=kwargs))
        except (Exception, SystemExit) as error:  # only a learner's interrupt goes through
            reply.failure = failure_of(error, answers.filename(self.answer))
        changed = (name for name in handed if not untouched(before[name], handed[name]))
        reply.modified = next(changed, "")
        return reply


def positional(exercise: Exercise, case: Case) -> tuple[str, ...]:
    """The names of ``case.args``; where there is an ``over``, the first parameter takes that."""
    return exercise.parameters[bool(case.over) :][: len(case.args)]


def by_name(exercise: Exercise, case: Case) -> dict[str, Any]:
    """Everything that a case hands over, by the name of the parameter."""
    return dict(zip(positional(exercise, case), case.args, strict=True)) | dict(case.kwargs)


def asked(function: Function, case: Case) -> Any:
    """What a function of ours says. Nothing here is shared between threads, unlike in `quietly`."""
    with np.errstate(all="ignore"):
        return case.ask(function)


def quietly(function: Function, case: Case) -> Any:
    """Call without NumPy's warnings and the learner's prints, which a dozen probes would repeat."""
    with (
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        return case.ask(function)


def failure_of(error: BaseException, filename: str) -> Failure:
    """An exception in words. The line is the last one reached in the answer's own cell."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == filename]
    try:
        message = str(error)
    except Exception:  # a message that cannot be read is no reason to fail
        message = "(no readable text)"
    return Failure(type(error).__name__, lines[-1] if lines else None, message)


def counting(function: Any, name: str, calls: dict[str, int]) -> Any:
    """``function``, which also adds one to ``calls[name]`` each time."""

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return function(*args, **kwargs)

    return counted
