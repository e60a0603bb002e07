"""Runs one answer inside the sandbox. It is trusted with nothing: it knows inputs, not results.

Started by ``launch.start`` in an empty folder, with its limits as arguments. Messages come on
standard input and go out on a copy of standard output; what the answer prints goes to standard
error. Beside this file lie ``wire.py``, ``seccomp.py``, ``answers.py``, ``compare.py`` and NumPy;
there is no ``dlcourse`` here.
"""

from __future__ import annotations

import contextlib
import inspect
import linecache
import os
import re
import resource
import signal
import sys
import traceback
import warnings
from typing import Any

if not __package__:
    import answers  # type: ignore[import-not-found]
    import compare  # type: ignore[import-not-found]
    import seccomp  # type: ignore[import-not-found]
    import wire  # type: ignore[import-not-found]
else:
    from dlcourse.grading import answers, compare
    from dlcourse.grading.sandbox import seccomp, wire

import numpy as np

FILE = "<answer>"
MAGIC = re.compile(r"^([ \t]*)(?:[%!?].*|[\w.]+\?\??[ \t]*)$", re.MULTILINE)
"""IPython's commands, or a line that goes on with a remainder, so Python is asked first."""


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
        source, code = compiled(source)
        linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
        module = type(sys)("answer")
        module.__dict__["np"] = np
        sys.modules["answer"] = module
        exec(code, module.__dict__)
        if entry not in module.__dict__:
            return {"missing": True}
        self.function = module.__dict__[entry]
        return self.facts()

    def facts(self) -> dict[str, Any]:
        answer = self.function
        facts: dict[str, Any] = {"stub": answers.is_stub(answer), "callable": callable(answer)}
        facts["found"] = type(answer).__name__
        try:
            facts["ready_made"] = answers.ready_made(answer)
            facts["borrowed"] = answers.borrowed(answer)
        except Exception:  # too odd to be read: judged by its results
            facts.update(ready_made=None, borrowed=None)
        try:
            parameters = inspect.signature(answer).parameters.values()
            facts["signature"] = [
                [p.name, int(p.kind), None if p.default is p.empty else repr(p.default)[:120]]
                for p in parameters
            ]
        except Exception:  # no signature to read, or a default without a readable text
            facts["signature"] = None
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


def compiled(source: str) -> tuple[str, Any]:
    """The text of a cell and its code; where it is no Python, without IPython's commands.

    `compile` takes over this file's ``annotations``: a hint of a type from elsewhere is harmless.
    """
    try:
        return source, compile(source, FILE, "exec")
    except SyntaxError:
        plain = MAGIC.sub(r"\1pass", source)  # the lines stay, and with them their numbers
        with contextlib.suppress(SyntaxError):
            return plain, compile(plain, FILE, "exec")
        raise


def failure(error: BaseException) -> dict[str, Any]:
    """An exception in words, with the last line it reached in the answer."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == FILE]
    said: Any = error
    if isinstance(error, SyntaxError) and error.filename == FILE:
        lines, said = [error.lineno], error.msg
    try:
        text = str(said)[:500]
    except BaseException:  # a message that cannot be read is no reason to stop
        text = "(no readable text)"
    name = getattr(error, "name", None) if isinstance(error, ImportError) else None
    module = name if isinstance(name, str) else None
    kind = str(type(error).__name__)[:80]
    return {"failure": [kind, lines[-1] if lines else None, text], "module": module}


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
            pipe.send(failure(error))


def main() -> None:
    """Take the pipe away from the answer, give up what it has no use for, and serve."""
    ours = Pipe(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    filtered = sys.argv[1] == "filtered"
    memory, seconds, processes, size = map(int, sys.argv[2:6])
    limit(memory, seconds, processes, size, every=filtered)
    if filtered:
        seccomp.end_with_parent()
        seccomp.install(seccomp.run(os.uname().machine))
    ours.receive()  # a sign is wanted when it is this answer's turn, not when all is set up
    ours.send({"ready": True})
    serve(ours, float(sys.argv[6]))
