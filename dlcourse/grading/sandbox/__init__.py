"""Answers that nobody has read: run in a process that can do no harm and knows no result.

    sandbox = Sandbox()  # raises SandboxError where this machine cannot hold one
    with sandbox.answer(source, "run") as subject:
        report = judge_subject(exercise, subject, seed)

The inputs go in, arrays come out, and everything that decides about marks stays here: expected
values, comparison, the functions an answer is given to call, and the count of those calls.
"""

from __future__ import annotations

import contextlib
import platform
import shutil
from collections.abc import Iterator

from dlcourse.checks import choice
from dlcourse.grading.sandbox import launch, seccomp
from dlcourse.grading.sandbox.child import Child, ChildError, StartError
from dlcourse.grading.sandbox.launch import Command, Limits
from dlcourse.grading.sandbox.line import Line
from dlcourse.grading.sandbox.remote import Remote

__all__ = ["Limits", "Line", "Remote", "Sandbox", "SandboxError", "StartError"]

KINDS = ("bubblewrap", "rlimits")

# Tries what must not work, and returns what did. Run in every sandbox before it is used.
ATTEMPTS = """
%matplotlib inline
def escapes(marker):
    import ctypes, importlib, os, socket
    def shared(number):
        assert number >= 0
    attempts = {
        "read a file of the machine": lambda: open("/etc/passwd").read(),
        "read the grader's files": lambda: open(marker).read(),
        "open a connection": lambda: socket.socket().close(),
        "start a process": lambda: os._exit(0) if os.fork() == 0 else None,
        "run a program": lambda: os.execv("/bin/true", ["true"]),
        "import the package": lambda: importlib.import_module("dlcourse"),
        "import torch": lambda: importlib.import_module("torch"),
        "write to its folder": lambda: open("x", "w").close(),
        "write outside of its folder": lambda: open("/w/x", "w").close(),
        "read the machine's settings": lambda: open("/proc/sys/kernel/ostype").read(),
        "keep memory without a process": lambda: shared(ctypes.CDLL(None).shmget(0, 1, 0o1600)),
        "write to shared memory": lambda: open("/dev/shm/x", "w").close(),
    }
    done = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            done[name] = 1
        except Exception:
            pass
    return done
"""


class SandboxError(RuntimeError):
    """Answers cannot be run safely on this machine."""


class Sandbox:
    """Starts a fresh process for each answer.

    Parameters
    ----------
    kind
        ``"bubblewrap"``: no network, no files, no other processes, no course. ``"rlimits"``: limits
        on time, memory and file size only. The second is unsafe: the answer can read whatever its
        user can. It is for machines that cannot have the first, and has to be asked for.
    limits
        What one answer may use.

    Raises
    ------
    SandboxError
        Where the sandbox does not come up, or an answer inside could do what it must not.
    """

    def __init__(self, kind: str = "bubblewrap", limits: Limits | None = None) -> None:
        self.kind = choice("sandbox", kind, KINDS)
        self.limits = limits or Limits()
        _require_ipython()
        self._command: Command | None = None
        if kind == "bubblewrap":
            _require()
            self._command = launch.bubblewrap(self.limits)
            self._check()
        else:
            launch.sweep()

    @contextlib.contextmanager
    def answer(self, source: str, entry: str) -> Iterator[Remote]:
        """The answer whose cell is ``source`` and whose function is called ``entry``."""
        with self.line(1) as line, line.answer(source, entry) as subject:
            yield subject

    def line(self, count: int) -> Line:
        """The same for ``count`` answers, one after the other: each process starts early."""
        return Line(lambda: Child(self._command or launch.bare(self.limits), self.limits), count)

    def _check(self) -> None:
        """Run `ATTEMPTS`: each of them has to fail."""
        request = {"names": ["marker"], "given": {"marker": __file__}, "over": None}
        try:
            with self.answer(ATTEMPTS, "escapes") as subject:
                subject.facts()
                reply = subject.child.ask(request)
        except (StartError, ChildError) as error:
            raise SandboxError(
                f"The sandbox does not start: {error}. {_advice(str(error))}"
            ) from None
        escaped = reply.get("value")
        if escaped != {}:
            found = ", ".join(escaped) if isinstance(escaped, dict) else str(reply.get("failure"))
            raise SandboxError(f"The sandbox does not hold: an answer could {found}.")


_ELSEWHERE = (
    "Grade in a Linux container or virtual machine that allows user namespaces; or, if you have "
    "read every submission, with --sandbox=rlimits, which is unsafe."
)


def _require_ipython() -> None:
    try:
        launch.ipython()
    except ModuleNotFoundError:
        text = "Cells are read as IPython reads them, and there is none: pip install ipython."
        raise SandboxError(text) from None


def _require() -> None:
    system, machine = platform.system(), platform.machine()
    if system != "Linux" or machine not in seccomp.MACHINES:
        raise SandboxError(f"There is no sandbox for {system} on {machine}. {_ELSEWHERE}")
    if shutil.which("bwrap") is None:
        raise SandboxError(
            "The sandbox needs the program bwrap: on Debian and Ubuntu, apt install bubblewrap. "
            + _ELSEWHERE
        )


def _advice(error: str) -> str:
    if "the hard limit" in error:
        return "Raise it (ulimit) where the grader is started."
    if "uid map" in error or "namespace" in error or "Operation not permitted" in error:
        return (
            "This machine forbids user namespaces; on Ubuntu 24.04 and later bwrap needs an "
            "AppArmor profile that allows them. " + _ELSEWHERE
        )
    return _ELSEWHERE
