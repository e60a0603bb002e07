"""An answer in this process, of a learner who is trusted; what it gives is read as in a class.

Whatever goes to and fro crosses on the wire of the sandbox, so that a value which does not cross
there, or becomes another one, does not, or does, here as well.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from typing import Any

from dlcourse.grading import answers, cell
from dlcourse.grading.alone import alone
from dlcourse.grading.compare import copied, untouched
from dlcourse.grading.sandbox import wire
from dlcourse.grading.sandbox.remote import LIMITED
from dlcourse.grading.spec import Case, Exercise, gathered
from dlcourse.grading.subjects import (
    Facts,
    Failure,
    Reply,
    by_name,
    counting,
    failure_of,
    positional,
    signature_of,
)


class InProcess:
    """A `Subject`: a function, or what ``source`` calls ``entry``.

    ``own=False`` does not ask whether it is ready-made.
    """

    def __init__(
        self, answer: Any, own: bool = True, source: str | None = None, entry: str = ""
    ) -> None:
        self.answer, self.own, self.source, self.entry = answer, own, source, entry
        self.gone: Failure | None = None

    def facts(self) -> Facts:
        if self.source is not None:
            if cell.blank(self.source):
                return Facts(stub=True)
            try:
                with alone():
                    names = cell.load(self.source)
            except BaseException as error:
                return Facts(failure=failure_of(error))
            if self.entry not in names:
                return Facts(missing=True)
            self.answer = names[self.entry]
        answer = self.answer
        if answers.is_stub(answer):
            return Facts(stub=True)
        if not callable(answer):
            return Facts(callable=False, found=answer)
        ready_made = None
        with contextlib.suppress(Exception):  # too odd to be read: judged by its results
            ready_made = answers.ready_made(answer) if self.own else None
        return Facts(ready_made=ready_made, signature=signature_of(answers.parameters(answer)))

    def call(self, exercise: Exercise, case: Case) -> Reply:
        handed = by_name(exercise, case)
        before = {name: copied(value) for name, value in handed.items()}
        reply = Reply(calls=dict.fromkeys(case.calls, 0), failure=self.gone)
        if self.gone:  # a limit was met, and counts once
            return reply
        served = {
            name: _served(name, counting(value, name, reply.calls) if name in case.calls else value)
            for name, value in handed.items()
            if callable(value)
        }
        args = [(handed | served)[name] for name in positional(exercise, case)]
        kwargs = {name: (handed | served)[name] for name in case.kwargs}
        value: Any = None
        try:
            with alone():
                if case.over:
                    value = [self.answer(t, *args, **kwargs) for t in case.over]
                else:
                    value = self.answer(*args, **kwargs)
                changed = (n for n in handed if not untouched(before[n], handed[n]))
                sent = {"value": value, "modified": next(changed, "")}
                came = wire.carried(sent, limits=wire.REPLY_LIMITS)
        except BaseException as error:
            reply.failure = failure_of(error, answers.filename(self.answer))
            if reply.failure.type in LIMITED:
                self.gone = reply.failure
        else:
            given, reply.modified = came["value"], came["modified"]
            reply.value = gathered(given) if case.over and isinstance(given, list) else given
        if inspect.iscoroutine(value):
            value.close()  # else Python complains, somewhat later, that nobody awaits it
        return reply


def _served(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of ours as an answer in the sandbox finds it."""

    def asked(*args: Any, **kwargs: Any) -> Any:
        question = {"ask": name, "args": list(args), "kwargs": kwargs}
        given = wire.carried(question, limits=wire.REPLY_LIMITS)
        try:
            value = function(*given["args"], **given["kwargs"])
        except Exception as error:
            raise RuntimeError(f"{type(error).__name__}: {error}"[:500]) from None
        return wire.carried({"value": value})["value"]

    return asked
