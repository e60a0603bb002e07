"""How an answer's process is started: bubblewrap around a bare Python, or limits alone."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from dlcourse.grading import answers, cell, compare
from dlcourse.grading.sandbox import seccomp, wire

HOME = "/w"
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
}


@dataclass(frozen=True)
class Limits:
    """What one answer may use.

    ``call`` and ``total`` are seconds of wall time, for one call and for all; ``compute`` and
    ``cpu`` are seconds of computing, likewise: a busy machine costs no answer those. ``memory`` and
    ``disk`` are bytes, ``disk`` for each file (with bubblewrap there is one, what it prints);
    ``output`` is how much of that is kept.
    """

    call: float = 5.0
    total: float = 20.0
    compute: float = 2.0
    cpu: int = 20
    memory: int = 1 << 30
    processes: int = 8
    disk: int = 8 << 20
    output: int = 20_000

    @property
    def arguments(self) -> list[str]:
        """The part that the worker puts on itself."""
        given = (self.memory, self.cpu, self.processes, self.disk, self.compute)
        return [str(n) for n in given]


@dataclass(frozen=True)
class Command:
    """A command line, the folder to start it in, and a filter to be handed over by descriptor.

    ``clear`` is to be called when it has ended, and removes what was laid out for it.
    """

    words: list[str]
    folder: str = "/"
    filter: bytes = b""
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
    """A process that sees an interpreter, NumPy and some small files; and nothing else."""
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
    return Command(words, filter=seccomp.launch(machine))


def start(home: str) -> list[str]:
    """The interpreter, running the worker that lies in ``home`` with NumPy in a folder below."""
    paths = [home, f"{home}/site"]
    text = f"import sys; sys.path[:0] = {paths!r}; import worker; worker.main()"
    return [str(interpreter()), "-I", "-S", "-B", "-u", "-c", text]


def bare(limits: Limits) -> Command:
    """Limits on time, memory and files, and no wall: the answer can read what the user can.

    A folder is laid out for it, which ``clear`` removes.
    """
    stage = tempfile.TemporaryDirectory(prefix="dlcourse-")
    (site := Path(stage.name, "site")).mkdir()
    (empty := Path(stage.name, "empty")).mkdir()
    for path, place in files().items():
        (target := Path(stage.name, place)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    for folder in numpy_folders():
        (site / folder.name).symlink_to(folder)
    known = platform.system() == "Linux" and platform.machine() in seccomp.MACHINES
    words = [*start(stage.name), "filtered" if known else "bare", *limits.arguments]
    return Command(words, folder=str(empty), clear=partial(_remove, stage))


def _remove(stage: tempfile.TemporaryDirectory[str]) -> None:
    try:
        stage.cleanup()
    except (OSError, RecursionError):  # an answer can nest folders deeper than Python can follow
        subprocess.run(["rm", "-rf", stage.name], check=False, stderr=subprocess.DEVNULL)


def _system() -> list[str]:
    """The shared libraries of the machine, without its programs."""
    words: list[str] = []
    for path in ("/usr/lib", "/usr/lib64", "/usr/lib32"):
        if os.path.isdir(path):
            words += ["--ro-bind", path, path]
    for path in ("/lib", "/lib64", "/lib32"):
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            words += ["--ro-bind", path, path]
    for path in ("/etc/ld.so.cache", "/etc/alternatives"):
        if os.path.exists(path):
            words += ["--ro-bind", path, path]
    return words


def _python() -> list[str]:
    """The interpreter and its standard library, with what others have installed there covered."""
    program, library = str(interpreter()), Path(sysconfig.get_path("stdlib"))
    words = ["--ro-bind", program, program]
    shared = Path(sys.base_prefix, "lib")
    if shared != Path("/usr/lib"):
        words += ["--ro-bind", str(shared), str(shared)]
    covers = [library / "site-packages", library / "dist-packages", Path("/usr/lib/python3")]
    for path in covers:
        if path.is_dir():
            words += ["--tmpfs", str(path), "--remount-ro", str(path)]
    return words
