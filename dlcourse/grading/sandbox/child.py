"""The grader's end of the pipe: one process, one answer, deadlines on everything."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dlcourse.grading.sandbox import wire
from dlcourse.grading.sandbox.launch import ENVIRONMENT, Command, Limits

LOOK = 0.05
"""Seconds between two looks at an answer that gives no reply."""


class ChildError(Exception):
    """The process gave no usable reply; `kind` and the text say why."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class StartError(RuntimeError):
    """The process did not come up: a fault of the machine, not of the answer."""


class Child:
    """A process that runs one answer; it is started at once and comes up by itself.

    `ready` has to be called before it is asked. Use it in a ``with``, or call `close`: it ends
    there, whatever it does.
    """

    def __init__(self, command: Command, limits: Limits) -> None:
        self.command, self.limits = command, limits
        try:
            with contextlib.ExitStack() as undo:
                undo.callback(command.clear)
                self._start(command)
                undo.pop_all()  # from here on it is for close() to do
        except OSError as error:
            raise StartError(str(error)) from None
        # Pipes, of which each end is a thing of its own: whatever the answer sets on its end, such
        # as O_DIRECT, is not set on ours, and there is no file of ours behind it.
        self.pipes = self.process.stdin, self.process.stdout, self.process.stderr
        self.target, self.source, self.printing = (end.fileno() for end in self.pipes if end)
        for number in self.target, self.source, self.printing:
            os.set_blocking(number, False)
        self.printed = bytearray()

    def _start(self, command: Command) -> None:
        words = list(command.words)
        with contextlib.ExitStack() as handed:
            if command.filter:
                source, target = os.pipe()
                handed.callback(os.close, source)
                os.write(target, command.filter)
                os.close(target)
                words[words.index("{filter}")] = str(source)
            self.process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=command.folder,
                env={**ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath)},
                pass_fds=(source,) if command.filter else (),
                start_new_session=True,
            )

    def ready(self) -> Child:
        """Wait until it is there; the time for an answer begins now, however long ago it came up.

        It is asked for a sign now: one that it had given earlier would not tell what has become of
        it since.

        Raises
        ------
        StartError
            If it has not come up, or has ended since. It is still to be closed.
        """
        self.deadline = time.monotonic() + max(10.0, self.limits.total)
        try:
            self._send(wire.frame({}))
            ready = self._receive()
        except (ChildError, wire.WireError) as error:
            said = self.output().strip().splitlines()
            raise StartError(said[-1] if said else str(error)) from None
        if ready != {"ready": True} or self.process.poll() is not None:
            raise StartError("it ended, or did not report ready")
        self.end = time.monotonic() + self.limits.total
        return self

    def ask(
        self, request: dict[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
    ) -> dict[str, Any]:
        """Send a request and return the reply, serving the answer's calls of ``functions``."""
        functions = functions or {}
        names = {id(function): name for name, function in functions.items()}
        self.deadline = min(self.end, time.monotonic() + self.limits.call)
        try:
            self._send(wire.frame(request, lambda function: names[id(function)]))
            while isinstance(reply := self._receive(), dict) and "ask" in reply:
                self._send(wire.frame(_serve(reply, functions)))
        except wire.WireError as error:
            raise ChildError(
                "ProtocolError", f"the answer's reply cannot be read: {error}"
            ) from None
        if not isinstance(reply, dict):
            raise ChildError("ProtocolError", "the answer's reply is no message")
        return reply

    def output(self) -> str:
        """The beginning of what the process printed."""
        self._listen()
        return self.printed.decode("utf-8", "replace")

    def close(self) -> None:
        """End the process and everything it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for end in self.pipes:
            with contextlib.suppress(OSError):
                end.close()  # type: ignore[union-attr]
        self.command.clear()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _wait(self, readable: bool) -> None:
        """Until the pipe can be read, or written to; what is printed meanwhile is taken in."""
        poll = select.poll()  # unlike select.select it knows descriptors beyond 1024
        number, wanted = (self.source, select.POLLIN) if readable else (self.target, select.POLLOUT)
        poll.register(number, wanted)
        poll.register(self.printing, select.POLLIN)
        look = time.monotonic() + LOOK
        while (left := self.deadline - (now := time.monotonic())) > 0:
            if now > look and hasattr(self, "end"):  # until then there is no answer in it
                look = now + LOOK
                self._count()
            ready = dict(poll.poll(1000 * min(left, LOOK)))
            if self.printing in ready and not self._listen():
                poll.unregister(self.printing)
            if number in ready:
                return
        seconds = self.limits.call if self.deadline < getattr(self, "end", 0) else None
        what = f"{seconds:g} s for one call" if seconds else f"{self.limits.total:g} s in all"
        raise ChildError("TimeoutError", f"no reply within the limit of {what}")

    def _count(self) -> None:
        """End an answer that has more threads than it may.

        The kernel counts them, too, but not those of root, and with limits alone nobody else does.
        """
        if tasks(self.process.pid) > self.command.around + 1 + self.limits.threads:
            self.process.kill()
            text = f"the answer has more threads than {self.limits.threads} at a time"
            raise ChildError("ProcessEnded", text)

    def _listen(self) -> bool:
        """Take in what is printed, of which the beginning is kept; False where that has ended."""
        try:
            part = os.read(self.printing, 1 << 16)
        except BlockingIOError:
            return True
        self.printed += part[: self.limits.output - len(self.printed)]
        return bool(part)

    def _read(self, count: int) -> bytes:
        parts = []
        while count:
            self._wait(readable=True)
            try:
                part = os.read(self.source, min(count, 1 << 20))
            except BlockingIOError:
                continue
            if not part:
                raise self._ended()
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _receive(self) -> Any:
        head, body = wire.lengths(self._read(wire.LENGTHS.size), wire.REPLY_LIMITS)
        return wire.message(self._read(head), self._read(body))

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._wait(readable=False)
            try:
                view = view[os.write(self.target, view) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise self._ended() from None

    def _ended(self) -> ChildError:
        try:
            status = self.process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return ChildError("ProcessEnded", "the answer closed its pipe")
        # bubblewrap reports a signal as 128 + its number.
        number = -status if status < 0 else status - 128
        if number == signal.SIGXCPU or number == signal.SIGKILL:
            text = "the answer's process was killed: it used more than its time or memory"
            return ChildError("ProcessEnded", text)
        if number == signal.SIGPROF:
            text = f"no result within the limit of {self.limits.compute:g} s of computing a call"
            return ChildError("TimeoutError", text)
        return ChildError("ProcessEnded", f"the answer's process ended (status {status})")


def tasks(process: int) -> int:
    """How many threads a process and all that it started have, where the system tells."""
    try:
        folder = f"/proc/{process}"
        with open(f"{folder}/task/{process}/children") as children, open(f"{folder}/stat") as own:
            count = int(own.read().rpartition(")")[2].split()[17])
            return count + sum(tasks(int(child)) for child in children.read().split())
    except (OSError, ValueError, IndexError):  # it has ended, or this is no Linux
        return 0


def _serve(reply: dict[str, Any], functions: Mapping[str, Callable[..., Any]]) -> dict[str, Any]:
    """The value of a function that the answer called, or what went wrong in it."""
    try:
        function = functions[reply["ask"]]
        with np.errstate(all="ignore"):
            return {"value": function(*reply["args"], **reply["kwargs"])}
    except Exception as error:  # whatever the answer handed over is its own fault
        return {"failure": f"{type(error).__name__}: {error}"[:500]}
