"""An answer in this process, as quiet as a check should be and as confined as it will be graded.

No wall: the learner is trusted. But whoever opens a file, starts a program or connects to a server
reads of it here, in the words of the sandbox, and not from a grade.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import importlib.util
import os
import sys
import sysconfig
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dlcourse.grading.cell import AT_HAND, Sink, require_at_hand

READABLE = (
    *(sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), "/usr/lib", "/lib"),
    *(str(Path(np.__file__).parent), "/dev/"),
)
"""What an answer can read: the interpreter's library and NumPy, which an import may need late."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

START, IMPORT_MODULE = threading.Thread.start, importlib.import_module
FIND_SPEC = importlib.util.find_spec

THREADS = 32
"""How many of an answer's threads may run at a time: as many as in the sandbox."""

_begun: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
_here = threading.local()
_watched: list[bool] = []


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Inside, this thread shows nothing, warns of nothing, and can do what the sandbox lets it."""
    if not _watched:
        _watched.append(True)
        sys.addaudithook(_refuse)  # it cannot be taken away, so it does nothing outside
    with (
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(Sink()),
        contextlib.redirect_stderr(Sink()),
        _replaced(threading.Thread, "start", _start),
        _replaced(importlib, "import_module", _import_module),
        _replaced(importlib.util, "find_spec", _find_spec),
        contextlib.ExitStack() as shared,
    ):
        for module, name, instead in SHARED:
            shared.enter_context(_replaced(module, name, instead))
        warnings.simplefilter("ignore")
        _here.inside = True
        try:
            yield
        finally:
            _here.inside = False


def _shared() -> Iterator[tuple[Any, str, Any]]:
    """By what processes share memory, where there is such, and what stands in its place."""
    with contextlib.suppress(ImportError):
        module = importlib.import_module("_multiprocessing")
        semaphore = module.SemLock

        class SemLock(semaphore):  # type: ignore[misc, valid-type]
            def __new__(cls, *args: Any, **kwargs: Any) -> Any:
                _refuse_shared()
                return semaphore.__new__(semaphore, *args, **kwargs)

        yield module, "SemLock", SemLock
    with contextlib.suppress(ImportError):
        module = importlib.import_module("_posixshmem")
        shm_open = module.shm_open

        def refused(*args: Any, **kwargs: Any) -> Any:
            _refuse_shared()
            return shm_open(*args, **kwargs)

        yield module, "shm_open", refused


def _refuse_shared() -> None:
    if getattr(_here, "inside", False):
        raise OSError(errno.EROFS, "Read-only file system")


SHARED = tuple(_shared())


@contextlib.contextmanager
def _replaced(owner: Any, name: str, instead: Any) -> Iterator[None]:
    original = getattr(owner, name)
    setattr(owner, name, instead)
    try:
        yield
    finally:
        setattr(owner, name, original)


def _start(thread: threading.Thread) -> None:
    """An answer's threads are as confined, and at most as many at a time, as in the sandbox."""
    if getattr(_here, "inside", False):
        if sum(other.is_alive() for other in _begun) >= THREADS:
            raise RuntimeError("can't start new thread")
        _begun.add(thread)
        thread.run = _confined(thread.run)  # type: ignore[method-assign]
    START(thread)


def _confined(run: Callable[[], None]) -> Callable[[], None]:
    def confined() -> None:
        _here.inside = True
        run()

    return confined


def _import_module(name: str, package: str | None = None) -> Any:
    if getattr(_here, "inside", False):
        require_at_hand(name)
    return IMPORT_MODULE(name, package)


def _find_spec(name: str, package: str | None = None) -> Any:
    """Whoever asks first whether a module is there is told what the sandbox would say."""
    if getattr(_here, "inside", False) and name.partition(".")[0] not in {"", *AT_HAND}:
        return None
    return FIND_SPEC(name, package)


def _refuse(event: str, given: tuple[Any, ...]) -> None:
    """Raise what the sandbox would."""
    if not getattr(_here, "inside", False):
        return
    if event == "open":
        _refuse_file(*given)
    elif event in ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.exec", "socket.__new__"):
        raise PermissionError(errno.EPERM, "Operation not permitted")
    elif event in ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink"):
        raise OSError(errno.EROFS, "Read-only file system", given[0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr") or (
        event == "sqlite3.connect" and given[0] not in (":memory:", "")
    ):
        raise PermissionError(errno.EPERM, "Operation not permitted")
    elif event in ("os.listdir", "os.scandir") and given[0] not in (None, "", "."):
        _refuse_file(given[0], None, os.O_RDONLY)


def _refuse_file(path: Any, mode: str | None, flags: int) -> None:
    if isinstance(path, int):
        return
    _here.inside = False  # what follows is ours
    try:
        name = os.path.abspath(os.fsdecode(path))
    finally:
        _here.inside = True
    if name.startswith("/dev/"):
        return
    if flags & WRITING:
        raise OSError(errno.EROFS, "Read-only file system", path)
    if not name.startswith(READABLE):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
