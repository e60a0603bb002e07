"""Runs one answer inside the sandbox. It is trusted with nothing: it knows inputs, not results.

Started by ``launch.start`` in an empty folder, with its limits as arguments. Messages come on
standard input and go out on a copy of standard output; what the answer prints goes to standard
error. Beside this file lie ``wire.py``, ``seccomp.py``, ``answers.py``, ``cell.py``,
``compare.py``, NumPy, and what IPython reads a cell by; there is no ``dlcourse`` here.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import warnings
from typing import Any

if not __package__:
    import answers  # type: ignore[import-not-found]
    import cell  # type: ignore[import-not-found]
    import compare  # type: ignore[import-not-found]
    import seccomp  # type: ignore[import-not-found]
    import wire  # type: ignore[import-not-found]
else:
    from dlcourse.grading import answers, cell, compare
    from dlcourse.grading.sandbox import seccomp, wire

import numpy as np

PRINTED = 1 << 16
"""How many letters of what an answer prints get out; the rest is dropped."""


def limit(memory: int, seconds: int, processes: int, size: int, *, every: bool) -> None:
    """Hard limits, which only a process with more rights than this one could raise again.

    Not ``every`` system knows all of them; where there is a sandbox, all have to hold, and no
    answer is given less than another one elsewhere. One below zero is none.
    """
    values = {"AS": memory, "CPU": seconds, "NPROC": processes, "FSIZE": size}
    for name, value in {**values, "NOFILE": 64, "CORE": 0}.items():
        if value < 0:
            continue
        kind = getattr(resource, f"RLIMIT_{name}")
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            if every:
                hard = resource.getrlimit(kind)[1]
                sys.exit(f"the hard limit RLIMIT_{name} is {hard}, and an answer is given {value}")


class Pipe:
    """Frames to and from the grader, on descriptors of our own."""

    def __init__(self, source: int, target: int) -> None:
        self.source, self.target = source, target

    def read(self, count: int) -> bytes:
        parts = []
        while count:
            part = os.read(self.source, min(count, 1 << 20))
            if not part:
                os._exit(0)
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def receive(self, function: Any = None) -> Any:
        head, body = wire.lengths(self.read(wire.LENGTHS.size))
        return wire.message(self.read(head), self.read(body), function)

    def send(self, message: Any) -> None:
        view = memoryview(wire.frame(message, limits=wire.REPLY_LIMITS))
        while view:
            view = view[os.write(self.target, view) :]


class Answer:
    """The answer's namespace, and what the grader may ask of it."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.function: Any = None

    def load(self, source: str, entry: str) -> dict[str, Any]:
        """Run the answer's cell; say what there is to say about the function in it."""
        if cell.blank(source):
            return {"stub": True}
        names = cell.load(source)
        if entry not in names:
            return {"missing": True}
        self.function = names[entry]
        return self.facts()

    def facts(self) -> dict[str, Any]:
        answer = self.function
        facts: dict[str, Any] = {"stub": answers.is_stub(answer), "callable": callable(answer)}
        facts["found"] = type(answer).__name__
        facts["signature"] = answers.parameters(answer)
        facts["ready_made"] = None
        with contextlib.suppress(Exception):  # too odd to be read: judged by its results
            facts["ready_made"] = answers.ready_made(answer)
        return facts

    def call(self, names: list[str], given: dict[str, Any], over: list[int] | None) -> dict:
        """One call, or one for each t of ``over``; ``names`` are those handed over by position."""
        before = {name: compare.copied(value) for name, value in given.items()}
        args = [given[name] for name in names]
        kwargs = {name: value for name, value in given.items() if name not in names}
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if over is None:
                value = self.function(*args, **kwargs)
            else:
                value = [self.function(t, *args, **kwargs) for t in over]
        changed = (name for name in given if not compare.untouched(before[name], given[name]))
        return {"value": value, "modified": next(changed, "")}

    def callback(self, name: str) -> Any:
        """A function that lives with the grader, which serves and counts each call."""

        def ask(*args: Any, **kwargs: Any) -> Any:
            self.pipe.send({"ask": name, "args": list(args), "kwargs": kwargs})
            reply = self.pipe.receive()
            if "failure" in reply:
                raise RuntimeError(reply["failure"])
            return reply["value"]

        return ask


def serve(pipe: Pipe, compute: float) -> None:
    """Answer the grader until it closes the pipe; at most ``compute`` seconds for each call."""
    answer = Answer(pipe)
    while True:
        request = pipe.receive(answer.callback)
        # A loop without end is stopped by its own computing, however busy the machine is; an
        # answer that undoes this meets the grader's limits on time and computing in all.
        signal.setitimer(signal.ITIMER_PROF, compute)
        try:
            if "source" in request:
                reply = answer.load(request["source"], request["entry"])
            else:
                reply = answer.call(request["names"], request["given"], request["over"])
            pipe.send(reply)
        except BaseException as error:  # exits and interrupts are answers, too
            pipe.send({"failure": cell.failure(error)})


def main() -> None:
    """Take the pipe away from the answer, give up what it has no use for, and serve."""
    ours = Pipe(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdout = sys.stderr = cell.Sink(sys.stderr, PRINTED)
    filtered = sys.argv[1] == "filtered"
    memory, seconds, processes, size = map(int, sys.argv[2:6])
    limit(memory, seconds, processes, size, every=filtered)
    if filtered:
        seccomp.end_with_parent()
        seccomp.install(seccomp.run(os.uname().machine))
    cell.python("")  # what it reads a cell by is loaded before its turn, too
    ours.receive()  # a sign is wanted when it is this answer's turn, not when all is set up
    ours.send({"ready": True})
    serve(ours, float(sys.argv[6]))
