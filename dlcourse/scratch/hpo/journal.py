"""A search on disk: one line for each thing that happened, there before anybody relies on it."""

from __future__ import annotations

import functools
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from dlcourse import checks
from dlcourse.scratch.hpo.records import (
    FORMAT,
    VERSION,
    asked_record,
    decoded,
    header,
    line_of,
    told_record,
)
from dlcourse.scratch.hpo.search import COMPLETE, FAILED, PRUNED, RUNNING, Search, Trial
from dlcourse.scratch.hpo.space import check_params

_OPEN: set[int] = set()  # files of this process


class Journal:
    """The file that brings a search back after a crash, a power cut or ``kill -9``.

    Parameters
    ----------
    path : a new file, or one that the same search of the same space has written
    search : takes in the file's trials, and the state of its generator

    Attributes
    ----------
    unfinished : trials that were under way when the last process ended, to be run again as they are

    Notes
    -----
    A header, then a line ``ask`` before a trial starts and a line ``tell`` when it has ended, each
    forced to the disk (fsync) before the search goes on. A crash can only leave a last line without
    its end: it is cut off, for nobody has relied on it. So what was told is never lost nor run
    again; what was under way is run again, and what it did outside may then happen twice. One
    process at a time: the file is locked (``flock``; not on Windows).

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from dlcourse.scratch.hpo import Float, RandomSearch
    >>> path = Path(tempfile.mkdtemp()) / "search.jsonl"
    >>> search = RandomSearch({"x": Float(0, 1)}, np.random.default_rng(0))
    >>> with Journal(path, search) as journal:
    ...     trial = search.ask(); journal.asked(trial)
    ...     search.tell(trial, 0.5); journal.told(trial)
    >>> again = RandomSearch({"x": Float(0, 1)}, np.random.default_rng(1))
    >>> with Journal(path, again) as journal:
    ...     again.best.params == trial.params, again.ask().params == search.ask().params
    (True, True)

    References
    ----------
    Mohan et al. (1992), section 1.1: write-ahead logging.
    """

    def __init__(self, path: Any, search: Search) -> None:
        if not isinstance(path, str | os.PathLike):
            checks.fail("journal", "a path", path, error=TypeError)
        self.path, self.search = Path(path), search
        self._file = _open(self.path)
        try:
            _lock(self._file, self.path)
            self._resume()
        except BaseException:
            self.close()
            raise
        self.unfinished = [t for t in search.trials if t.state == RUNNING]

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let others have the file."""
        if self._file >= 0:
            _OPEN.discard(self._file)
            os.close(self._file)
        self._file = -1

    def asked(self, trial: Trial) -> None:
        """A trial is about to start."""
        self._write(asked_record(trial) | {"state": self.search.state_dict()})

    def told(self, trial: Trial) -> None:
        """It has ended."""
        self._write(told_record(trial))

    def _resume(self) -> None:
        lines = self._lines()
        head = header(self.search)
        if not lines:
            self._write(head)
            _sync_folder(self.path)
            for trial in self.search.trials:
                self.asked(trial)
                if trial.state != RUNNING:
                    self.told(trial)
            return
        _same(_parse(self.path, 1, lines[0]), head, self.path)
        records = [_parse(self.path, i, line) for i, line in enumerate(lines[1:], 2)]
        replay(records, self.search, self.path)

    def _lines(self) -> list[bytes]:
        """The whole lines of the file; what follows the last one is cut off."""
        with open(self.path, "rb") as file:
            content = file.read()
        whole = content.rfind(b"\n") + 1
        start = line_of(header(self.search))[:20]
        if whole == 0 and content[:20] != start[: len(content)]:
            _foreign(self.path, content)
        if whole < len(content):
            self._cut(whole)
        return content[:whole].splitlines()

    def _cut(self, size: int) -> None:
        os.ftruncate(self._file, size)
        os.fsync(self._file)

    def _write(self, record: Mapping[str, Any]) -> None:
        """One line, on the disk when this returns; or none, when the disk is full."""
        line, size = line_of(record), os.fstat(self._file).st_size
        try:
            self._put(line)
            os.fsync(self._file)
        except OSError:
            self._cut(size)
            raise

    def _put(self, line: bytes) -> None:
        while line:
            line = line[os.write(self._file, line) :]


def replay(records: list[dict[str, Any]], search: Search, path: Path) -> None:
    """Give a new search the trials of a journal, or see that they are those it has."""
    trials: list[Trial] = []
    state: Any = None
    for place, record in enumerate(records, 2):
        try:
            fits = _take(record, trials, search)
        except (AttributeError, LookupError, TypeError, ValueError):
            fits = False
        if not fits:
            _broken(path, place, record)
        state = record.get("state", state)
    if not search.trials:
        search.trials.extend(trials)
        if state is not None:
            search.load_state_dict(decoded(state))
    elif list(map(_lines_of, search.trials)) != list(map(_lines_of, trials)):
        fix = "Go on with a new one, or with the one that wrote the journal last."
        checks.fail("search", f"without trials other than those in {path}", len(search.trials), fix)


def _take(record: dict[str, Any], trials: list[Trial], search: Search) -> bool:
    """One line more; whether it can follow those before."""
    if "ask" in record:
        params = {name: decoded(value) for name, value in record["params"].items()}
        check_params(search.space, params)
        trials.append(Trial(record["ask"], params))
        return record["ask"] == len(trials) - 1
    trial = trials[record["tell"]]
    fits = trial.state == RUNNING and record["tell"] >= 0
    trial.state, trial.value, trial.error = record["as"], record["value"], record["error"]
    trial.intermediate = {decoded(r): decoded(v) for r, v in record["intermediate"]}
    return fits and trial.state in (COMPLETE, PRUNED, FAILED)


def _lines_of(trial: Trial) -> bytes:
    return line_of(asked_record(trial)) + line_of(told_record(trial))


def _parse(path: Path, place: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if isinstance(record, dict):
        return record
    if place == 1:
        _foreign(path, line)
    _broken(path, place, line)


def _same(found: dict[str, Any], wanted: dict[str, Any], path: Path) -> None:
    if found.get("format") != FORMAT:
        _foreign(path, found)
    for name, mine in (("version", VERSION), ("search", wanted["search"])):
        if found.get(name) != mine:
            fix = "Take another file for another search."
            checks.fail("journal", f"of {name} {mine}", found.get(name), fix)
    if found.get("space") != wanted["space"]:
        given = found.get("space")
        other = [s for s in given if s not in wanted["space"]] if isinstance(given, list) else given
        fix = "Take another file for another space."
        checks.fail("journal", "of the same space", other or given, fix)


def _foreign(path: Path, content: Any) -> NoReturn:
    fix = "Nothing was changed; take another file."
    checks.fail(
        "journal", f"a new file or a journal of a search, which {path} is not", content, fix
    )


def _broken(path: Path, place: int, line: Any) -> NoReturn:
    fix = "Somebody has changed it: take the lines before, or another file."
    checks.fail("journal", f"whole, which line {place} of {path} is not", line, fix)


def _open(path: Path) -> int:
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        reason = f"a file that can be written, which {path} is not"
        checks.fail("journal", reason, error.strerror, error=type(error))
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        checks.fail("journal", "a file on a disk", str(path))
    return file


def _lock(file: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows, Pyodide
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        fix = "Wait for it, or take another file."
        checks.fail("journal", "used by one process at a time", str(path), fix, RuntimeError)
    _OPEN.add(file)
    _watch_forks()


@functools.cache
def _watch_forks() -> None:
    """A forked child would hold the lock after its parent has been killed: it closes the file."""
    os.register_at_fork(after_in_child=_let_go)


def _let_go() -> None:
    while _OPEN:
        os.close(_OPEN.pop())


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
