"""What a learner has done so far: one JSON file in the user's data directory.

A file is replaced in one step, so a crash leaves the old one; two notebooks take turns; a file that
cannot be read is set aside under a new name and said so once. Nothing leaves the machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

VERSION = 1
STATES = ("open", "attempted", "public checks passed", "done")
"""In their order; done is what an isolated check has passed. No state is lost again."""


class ProgressWarning(UserWarning):
    """Progress could not be read or kept. The verdict that was asked for stands all the same."""


@dataclass
class Entry:
    """One exercise: how far, which different attempts (by fingerprint), hints and solution seen."""

    state: str = "open"
    attempts: list[str] = field(default_factory=list)
    hints: int = 0
    solution_seen: bool = False


def home() -> Path:
    """Where progress is kept: ``DLCOURSE_HOME`` if set, else the platform keeps user data."""
    if os.environ.get("DLCOURSE_HOME"):
        return Path(os.environ["DLCOURSE_HOME"]).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "dlcourse"


class Store:
    """The progress file. Where it cannot be written, progress lasts as long as this object does."""

    def __init__(self) -> None:
        self._kept: dict[Path, dict[str, Entry]] = {}
        self._unread: set[Path] = set()  # files with something in them that we must not overwrite
        self._said: set[str] = set()

    @property
    def path(self) -> Path:
        return home() / "progress.json"

    def read(self) -> dict[str, Entry]:
        """Every entry by exercise id."""
        path = self.path
        if path in self._kept:
            return self._kept[path]
        try:
            return _parse(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            self._say(f"Progress cannot be read: {_reason(error)}. {_FIX}")
            self._unread.add(path)
            return self._kept.setdefault(path, {})
        except (ValueError, TypeError, KeyError, AttributeError):
            return self._set_aside(path)

    @contextlib.contextmanager
    def change(self, exercise: str) -> Iterator[Entry]:
        """The entry of one exercise, to be changed inside the ``with``; saved at its end."""
        path = self.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = _take_turns(path.with_suffix(".lock"))
        except OSError as error:
            self._say(f"Progress cannot be kept: {_reason(error)}. {_FIX}")
            yield self._kept.setdefault(path, self.read()).setdefault(exercise, Entry())
            return
        with lock:
            entries = self.read()
            yield entries.setdefault(exercise, Entry())
            if path in self._unread:
                return
            try:
                _replace(path, entries)
                self._kept.pop(path, None)
            except OSError as error:
                self._kept[path] = entries
                self._say(f"Progress cannot be kept: {_reason(error)}. {_FIX}")

    def _set_aside(self, path: Path) -> dict[str, Entry]:
        number = 1
        while (backup := path.with_name(f"progress.unreadable-{number}.json")).exists():
            number += 1
        try:
            path.rename(backup)
        except OSError as error:
            self._say(f"Progress cannot be read, nor set aside: {_reason(error)}. {_FIX}")
            self._unread.add(path)
            return self._kept.setdefault(path, {})
        self._say(f"Progress could not be read; the old file is kept as {backup}. Starting afresh.")
        return {}

    def _say(self, message: str) -> None:
        if message not in self._said:
            self._said.add(message)
            warnings.warn(message, ProgressWarning, stacklevel=2)


_FIX = "Set DLCOURSE_HOME to a folder that you can write to."


def _reason(error: OSError) -> str:
    return f"{error.strerror or type(error).__name__} ({error.filename})"


def _parse(text: str) -> dict[str, Entry]:
    """Entries from the file's text; ValueError or a relative for anything that is not ours."""
    data = json.loads(text)
    if data["version"] != VERSION:
        raise ValueError("written by another version")
    entries = {name: Entry(**entry) for name, entry in data["exercises"].items()}
    for entry in entries.values():
        if entry.state not in STATES or not isinstance(entry.attempts, list):
            raise ValueError("not a progress entry")
        if not isinstance(entry.hints, int) or not isinstance(entry.solution_seen, bool):
            raise ValueError("not a progress entry")
    return entries


def _replace(path: Path, entries: dict[str, Entry]) -> None:
    data = {"version": VERSION, "exercises": {name: asdict(e) for name, e in entries.items()}}
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".progress-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def _held(lock: Path) -> Iterator[None]:
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            lock.unlink()


def _take_turns(lock: Path, patience: float = 0.5) -> contextlib.AbstractContextManager[None]:
    """Wait for the other notebook. A lock older than our patience was left by a crash: take it."""
    deadline = time.monotonic() + patience
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            return _held(lock)
        except FileExistsError:
            if time.monotonic() > deadline:
                with contextlib.suppress(OSError):
                    lock.unlink()
                deadline = time.monotonic() + patience
            time.sleep(0.01)
