"""How an answer's process is started: bubblewrap around a bare Python, or limits alone."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dlcourse.grading import answers, cell, compare
from dlcourse.grading.sandbox import libraries, seccomp, wire

try:
    import fcntl
except ImportError:  # Windows, where no answer has a process of its own
    fcntl = None  # type: ignore[assignment]

HOME = "/w"
STAGE = "dlcourse-answer-"
"""How the name of a folder begins that is laid out for an answer without a sandbox."""
FILES = [
    Path(__file__).with_name("worker.py"),
    *(Path(module.__file__ or "") for module in (wire, seccomp, answers, cell, compare)),
]
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    # Threads would reserve memory by the gigabyte, and there is a limit on that.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}


@dataclass(frozen=True)
class Limits:
    """What one answer may use.

    ``call`` and ``total`` are seconds of wall time, for one call and for all; ``compute`` and
    ``cpu`` are seconds of computing, likewise: a busy machine costs no answer those. ``memory`` and
    ``disk`` are bytes, ``disk`` for each file (with bubblewrap there is none to be written);
    ``processes`` counts threads, too; ``output`` is how much is kept of what is printed.
    """

    call: float = 5.0
    total: float = 20.0
    compute: float = 2.0
    cpu: int = 20
    memory: int = 1 << 30
    processes: int = 34
    disk: int = 8 << 20
    output: int = 20_000

    @property
    def threads(self) -> int:
        """How many an answer may start; the kernel counts its first and bubblewrap's process, too.

        It counts none of root's, so the grader does as well.
        """
        return self.processes - 2

    @property
    def arguments(self) -> list[str]:
        """The part that the worker puts on itself."""
        given = (self.memory, self.cpu, self.processes, self.disk, self.compute)
        return [str(n) for n in given]


@dataclass(frozen=True)
class Command:
    """A command line, the folder to start it in, and a filter to be handed over by descriptor.

    ``clear`` is to be called when it has ended, and removes what was laid out for it; ``around``
    is how many processes there are beside the answer's own.
    """

    words: list[str]
    folder: str = "/"
    filter: bytes = b""
    around: int = 0
    clear: Callable[[], object] = lambda: None


def ipython() -> Path:
    """The folder of IPython, which is not imported here.

    Raises
    ------
    ModuleNotFoundError
        Without it a cell cannot be read as it was run.
    """
    if (found := importlib.util.find_spec("IPython")) is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'IPython'", name="IPython")
    return Path(found.origin).parent


def files() -> dict[Path, str]:
    """The files that a worker needs beside NumPy, and the place of each in its folder."""
    parts = ("core/inputtransformer2.py", "utils/tokenutil.py")
    reading = {ipython() / part: f"site/IPython/{part}" for part in parts}
    return {path: path.name for path in FILES} | reading


def numpy_folders() -> Iterator[Path]:
    """The folders that make up NumPy: the package, and the libraries shipped beside it."""
    package = Path(np.__file__).parent
    yield package
    if (libraries := package.with_name("numpy.libs")).is_dir():
        yield libraries


def interpreter() -> Path:
    """The real interpreter behind a virtual environment's link."""
    return Path(os.path.realpath(sys.executable))


def bubblewrap(limits: Limits) -> Command:
    """A process that sees an interpreter, NumPy, what these need, and some small files."""
    machine = platform.machine()
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    words += ["--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--hostname", "grader"]
    for name, value in ENVIRONMENT.items():
        words += ["--setenv", name, value]
    words += _system() + _python()
    # No /proc: in one, what belongs to root -- the grader, perhaps -- could be written: /proc/sys.
    words += ["--dev", "/dev"]
    for path, place in files().items():
        inside = Path(HOME, place)
        words += ["--ro-bind", str(path), str(inside)]
        compiled = Path(importlib.util.cache_from_source(str(path)))
        if compiled.exists():  # a tenth of the time it takes to start; Python asks if it is stale
            words += ["--ro-bind", str(compiled), f"{inside.parent}/__pycache__/{compiled.name}"]
    for folder in numpy_folders():
        words += ["--ro-bind", str(folder), f"{HOME}/site/{folder.name}"]
    words += ["--dir", "/tmp", "--chdir", "/tmp"]
    # Both are memory as long as they can be written to; a limit on bytes would not limit files.
    words += ["--remount-ro", "/dev", "--remount-ro", "/"]
    words += ["--seccomp", "{filter}", "--"]
    words += [*start(HOME), "filtered", *limits.arguments]
    return Command(words, filter=seccomp.launch(machine), around=2)


def start(home: str) -> list[str]:
    """The interpreter, running the worker that lies in ``home`` with NumPy in a folder below."""
    paths = [home, f"{home}/site"]
    text = f"import sys; sys.path[:0] = {paths!r}; import worker; worker.main()"
    return [str(interpreter()), "-I", "-S", "-B", "-u", "-c", text]


def bare(limits: Limits) -> Command:
    """Limits on time, memory and files, and no wall: the answer can read what the user can.

    A folder is laid out for it, which ``clear`` removes.
    """
    stage, clear = tempfile.mkdtemp(prefix=STAGE), contextlib.ExitStack()
    clear.callback(os.close, held := os.open(stage, os.O_RDONLY))
    clear.callback(_remove, stage)
    fcntl.flock(held, fcntl.LOCK_EX)  # as long as we live: see `sweep`
    (site := Path(stage, "site")).mkdir()
    (empty := Path(stage, "empty")).mkdir()
    for path, place in files().items():
        (target := Path(stage, place)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for folder in numpy_folders():
        (site / folder.name).symlink_to(folder)
    known = platform.system() == "Linux" and platform.machine() in seccomp.MACHINES
    if known:  # it starts no process, and without a namespace all of the user's would count
        limits = replace(limits, processes=-1)
    words = [*start(stage), "filtered" if known else "bare", *limits.arguments]
    return Command(words, folder=str(empty), clear=clear.close)


def sweep() -> None:
    """Remove the folders of graders that were killed: those that nobody holds any more."""
    for folder in Path(tempfile.gettempdir()).glob(f"{STAGE}*"):
        with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
            number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            opened.callback(os.close, number)
            status = os.fstat(number)
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A young one may be on its way to be held.
            if status.st_uid == os.getuid() and time.time() - status.st_mtime > 60:
                _remove(str(folder))


def _remove(folder: str) -> None:
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):  # an answer can nest folders deeper than Python can follow
        subprocess.run(["rm", "-rf", folder], check=False, stderr=subprocess.DEVNULL)


def _system() -> list[str]:
    """The shared libraries that the interpreter and NumPy are linked to, and the loader's list."""
    words: list[str] = []
    for path in ("/lib", "/lib64"):
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
    for place, file in libraries.needed(interpreter(), tuple(numpy_folders())).items():
        words += ["--ro-bind", file, place]
    return [*words, "--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]


def _python() -> list[str]:
    """The interpreter and its standard library, with what others have installed there covered."""
    words = ["--ro-bind", str(interpreter()), str(interpreter())]
    for library in libraries.standard():
        words += ["--ro-bind", str(library), str(library)]
        for cover in (library / "site-packages", library / "dist-packages"):
            if cover.is_dir():
                words += ["--tmpfs", str(cover), "--remount-ro", str(cover)]
    return words
