"""``results.jsonl``: every verdict on disk before the next one is asked for.

One line a verdict, appended and synced; only the last line can be torn by a crash, and it is cut
off when the file is opened again. A later line about the same answer takes the place of an earlier.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dlcourse.checks import fail

RESULTS, SECRET = "results.jsonl", "seed.key"
SECRET_BYTES = 32

Record = dict[str, Any]


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
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            fail("out", "a folder that no other grader is writing to", str(folder))
        self.records = self._read()
        if self.records and not resume:
            self._file.close()
            fix = "Go on with them by --resume, or choose another folder."
            fail("out", "a folder without results", str(folder), fix)

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
        """The cohort's secret: from a file, or one made for this folder."""
        given = Path(path) if path is not None else None
        if given is not None and not given.is_file():
            fail("seed-file", "a file with the cohort's secret", str(path))
        file = given or self.folder / SECRET
        if given is None and not file.exists():
            with open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as new:
                new.write(secrets.token_hex(SECRET_BYTES) + "\n")
        text = file.read_bytes().strip()
        if len(text) < 16:
            fail("seed-file", "at least 16 characters long", f"{len(text)} characters")
        return text

    def close(self) -> None:
        """Let the next grader in."""
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
            if not line.endswith(b"\n"):
                break
            try:
                records.append(json.loads(line))
            except ValueError:
                fail(RESULTS, "lines of JSON", readable(line), "Is it a file of this grader?")
            whole += len(line)
        self._file.truncate(whole)
        return records


def readable(line: bytes) -> str:
    """The beginning of a line, for a message."""
    return line[:60].decode("utf-8", "backslashreplace")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Any]:
    """A text file to write that takes the place of ``path`` when it is complete, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    try:
        with open(new, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
