"""An answer in another process, as the judge sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlcourse.grading.sandbox.child import Child, ChildError
from dlcourse.grading.sandbox.wire import opaque
from dlcourse.grading.spec import Case, Exercise, gathered
from dlcourse.grading.subjects import (
    Facts,
    Failure,
    Reply,
    by_name,
    counting,
    positional,
    signature_of,
)
from dlcourse.grading.texts import printable, short

LIMITED = ("MemoryError", "WireError")
"""What a limit looks like from within the process."""


class Remote:
    """A `Subject`: the source of an answer's cell, run by a `Child`.

    Whatever comes back is taken as a claim of the answer's. Its values are compared here; what it
    says about itself decides the words of the feedback, never the points for values.
    """

    def __init__(self, child: Child, source: str, entry: str) -> None:
        self.child, self.source, self.entry = child, source, entry
        self.gone: Failure | None = None

    def facts(self) -> Facts:
        reply = self._ask({"source": self.source, "entry": self.entry})
        if isinstance(reply, Failure):
            return Facts(failure=reply)
        if "failure" in reply:
            return Facts(failure=_failure(reply))
        return Facts(
            stub=reply.get("stub") is True,
            missing=reply.get("missing") is True,
            callable=reply.get("callable") is True,
            found=opaque(str(reply.get("found"))),
            ready_made=_text(reply.get("ready_made")),
            signature=signature_of(reply.get("signature")),
        )

    def call(self, exercise: Exercise, case: Case) -> Reply:
        given = by_name(exercise, case)
        reply = Reply(calls=dict.fromkeys(case.calls, 0))
        functions = {
            name: counting(value, name, reply.calls) if name in case.calls else value
            for name, value in given.items()
            if callable(value)
        }
        request = {
            "names": list(positional(exercise, case)),
            "given": given | functions,
            "over": list(case.over) or None,
        }
        came = self._ask(request, functions)
        if isinstance(came, Failure):
            reply.failure = came
        elif "failure" in came:
            reply.failure = _failure(came)
        else:
            value = came.get("value")
            reply.value = gathered(value) if case.over and isinstance(value, list) else value
            reply.modified = _text(came.get("modified")) or ""
        return reply

    def _ask(
        self, request: dict[str, Any], functions: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | Failure:
        """The reply. Once a limit was met the answer is not asked again: each counts once."""
        if self.gone is None:
            try:
                reply = self.child.ask(request, functions)
                if "failure" not in reply or _failure(reply).type not in LIMITED:
                    return reply
                self.gone = _failure(reply)
            except ChildError as error:
                self.gone = Failure(error.kind, None, str(error))
        return self.gone


def _failure(reply: dict[str, Any]) -> Failure:
    try:
        kind, line, message, name = reply["failure"]
    except (TypeError, ValueError):
        return Failure("ProtocolError", None, "the answer's reply cannot be read")
    known = type(line) is int and 0 < line < 10**6
    text = printable(str(message)[:500])
    return Failure(short(kind, 80), line if known else None, text, _text(name) or "")


def _text(value: Any) -> str | None:
    return short(value, 200) if isinstance(value, str) and value else None
