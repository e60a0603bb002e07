"""``results.jsonl``: every verdict on disk before the next one is asked for.

One line a verdict, appended and synced; only the last line can be torn by a crash, and it is cut
off when the file is opened again. A later line about the same answer takes the place of an earlier.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dlcourse.checks import fail

RESULTS, SECRET = "results.jsonl", "seed.key"
BEGIN = b'{"cause": '
"""How every line of ours begins, its keys being sorted: a torn one is a part of this, or more."""
NEEDED = {"student", "exercise", "status", "points", "max_points", "groups", "cause", "hint_id",
          "lines", "passed", "flags"}  # fmt: skip
SECRET_BYTES = 32

Record = dict[str, Any]

try:
    import fcntl
except ImportError:  # Windows, where nothing is graded; a learner's check goes by this file
    fcntl = None  # type: ignore[assignment]


class Results:
    """The results in a folder. Use it in a ``with``: one grader at a time may write.

    Parameters
    ----------
    folder
        Where results go; made if it is not there.
    resume
        Whether to go on with the results that are there. Without it a folder that has some is
        refused, so that nothing is overwritten.

    Raises
    ------
    ValueError
        If there are results and ``resume`` is False, or the folder cannot be written, or another
        grader is at work in it.
    """

    def __init__(self, folder: Path | str, resume: bool = False) -> None:
        self.folder, self.path = Path(folder), Path(folder, RESULTS)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = open(self.path, "a+b")  # noqa: SIM115 - closed by close()
        except OSError as error:
            fail("out", "a folder that can be written", str(folder), f"{error.strerror}.")
        try:
            self.records = self._open(resume)
        except BaseException:
            self._file.close()
            raise

    def _open(self, resume: bool) -> list[Record]:
        if fcntl is None:
            fail("out", "on Linux or macOS", str(self.folder), "On Windows, use its Linux.")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            fail("out", "a folder that no other grader is writing to", str(self.folder))
        records = self._read()
        if records and not resume:
            fix = "Go on with them by --resume, or choose another folder."
            fail("out", "a folder without results", str(self.folder), fix)
        return records

    def append(self, records: Iterable[Record]) -> None:
        """Add records and wait until the disk has them."""
        new = list(records)
        lines = [json.dumps(record, ensure_ascii=True, sort_keys=True) + "\n" for record in new]
        self._file.write("".join(lines).encode("ascii"))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.records += new

    def latest(self) -> list[Record]:
        """The last record of every student and exercise, in order of their names."""
        last = {(record["student"], record["exercise"]): record for record in self.records}
        return [last[key] for key in sorted(last)]

    def done(self) -> dict[tuple[str, str], str]:
        """Which version of which answer has been graded."""
        return {(r["student"], r["exercise"]): r.get("digest", "") for r in self.latest()}

    def secret(self, path: Path | str | None = None) -> bytes:
        """The cohort's secret: from a file, or one made here; kept beside the results either way.

        So the results of one folder belong to one secret, whatever a later call is given.
        """
        given = secret_in(path) if path is not None else None
        kept = self.folder / SECRET
        if not kept.exists():
            text = given or secrets.token_hex(SECRET_BYTES).encode()
            with replacing(kept) as file:
                os.fchmod(file.fileno(), 0o600)
                file.buffer.write(text)
        text = kept.read_bytes().strip()
        if given is not None and given != text:
            fail("seed-file", f"the one that {kept} was made from", str(path), "Leave it out.")
        return text

    def close(self) -> None:
        """Let the next grader in."""
        with contextlib.suppress(OSError):  # of what the disk did not take `append` has told
            self._file.close()

    def __enter__(self) -> Results:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _read(self) -> list[Record]:
        """All whole lines; what a crash left of the last one is cut off."""
        self._file.seek(0)
        records, whole = [], 0
        for line in self._file:
            if torn := not line.endswith(b"\n"):
                start = line.rstrip(b"\0")[: len(BEGIN)]  # a disk that lost power leaves zeros
            if torn and BEGIN.startswith(start):
                break
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if torn or not (isinstance(record, dict) and record.keys() >= NEEDED):
                fix = "Is it a file of this grader?"
                fail(str(self.path), "lines that this grader wrote", readable(line), fix)
            records.append(record)
            whole += len(line)
        self._file.truncate(whole)
        return records


def secret_in(path: Path | str) -> bytes:
    """The secret that a file holds.

    Raises
    ------
    ValueError
        If there is no such file, or what it holds could be guessed.
    """
    if not Path(path).is_file():
        fail("seed-file", "a file with the cohort's secret", str(path))
    secret = Path(path).read_bytes().strip()
    if len(secret) < 16:
        fail("seed-file", "at least 16 characters long", f"{len(secret)} characters")
    return secret


def students_in(folder: Path) -> set[str]:
    """Who has a verdict in a folder of results; nobody where it is none."""
    found = set()
    with contextlib.suppress(OSError), open(folder / RESULTS, "rb") as file:
        for line in file:
            with contextlib.suppress(ValueError, TypeError, KeyError):
                found.add(str(json.loads(line)["student"]))
    return found


def readable(line: bytes) -> str:
    """The beginning of a line, for a message."""
    return line[:60].decode("utf-8", "backslashreplace")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Any]:
    """A text file to write that takes the place of ``path`` when it is complete, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        with open(new, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
