"""One notebook: what is taken for one, and which cell of it answers what. Nothing is executed.

A notebook is JSON to us, whatever else it claims to be. `is_notebook` goes by the name alone, and
whoever grades a folder or checks a file goes by `is_notebook`.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlcourse.grading.attempts import called, parsed, weight
from dlcourse.grading.bank import exercises
from dlcourse.grading.texts import short

TAG = "exercise:"
FILE_LIMIT = 20 << 20
VALUE_LIMIT = 500_000
"""Values in a notebook's JSON, of which each takes some hundred bytes once it is read."""
SOURCE_LIMIT = 1 << 20
LOOKED_THROUGH = 100_000
"""Characters of a notebook in which calls of `check` are looked for."""
COMPARED = 30_000
"""Characters of cells for one exercise that are looked at, to find which of them counts."""

# Browsers and mail programs append .json or .txt to the name of a file they do not know.
NAME = re.compile(r"(.*?)(\.ipynb|\.py)(?:\.json|\.txt)*", re.IGNORECASE | re.DOTALL)
KINDS = {"markdown": "Markdown", "raw": "raw text"}
NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class NotebookError(ValueError):
    """A file that is no notebook we can read; the message says why."""


def divided(name: str) -> tuple[str, str]:
    """A file's name without its suffix, and the suffix.

    >>> divided("a.ipynb"), divided("A.IPYNB"), divided("a.ipynb.txt"), divided("a.txt")
    (('a', '.ipynb'), ('A', '.ipynb'), ('a', '.ipynb'), ('a', '.txt'))
    """
    if parts := NAME.fullmatch(name):
        return parts[1], parts[2].lower()
    return Path(name).stem, Path(name).suffix


def is_hidden(name: str) -> bool:
    """Whether a file or folder is hidden, or a Mac's shadow of one."""
    return name.startswith((".", "__MACOSX"))


def is_notebook(name: str) -> bool:
    """Whether a file of this name is read as a notebook."""
    return not is_hidden(name) and divided(name)[1] == ".ipynb"


def answers_of(path: Path) -> tuple[dict[str, str], list[str]]:
    """The source of a notebook's answers by exercise, and remarks.

    A cell that cannot be read costs the others nothing. Of several cells for one exercise the last
    counts, but one that answers it counts before one that is empty.
    """
    found: dict[str, list[str]] = {}
    remarks, tagged, sources = [], set[str](), []
    for cell in _cells(path):
        if not isinstance(cell, dict):
            continue
        tagged.update(answered := _exercises(cell))
        try:
            source = _source(cell)
        except NotebookError as error:
            remarks += [f"the cell of {shown(exercise)} is {error}" for exercise in answered]
            continue
        sources.append(source)
        for exercise in answered:
            found.setdefault(exercise, []).append(source)
    if lost := [exercise for exercise in _checked(sources) if exercise not in tagged]:
        ids = ", ".join(lost)
        remarks.append(f"no cell is tagged for {ids}, which it checks; was the tag deleted?")
    answers = {exercise: _last(exercise, own) for exercise, own in found.items()}
    for exercise, own in found.items():
        if len(own) > 1 and exercise in exercises():
            which = "the last" if answers[exercise] == own[-1] else "the last attempt"
            remarks.append(f"{len(own)} cells for {exercise}; {which} counts")
    return answers, remarks


def content(path: Path) -> bytes:
    """The bytes of a plain file. It is looked at once it is open: until then it may be replaced."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | NO_LINK)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise NotebookError("no plain file, not read")
        if status.st_size > FILE_LIMIT:
            raise NotebookError(f"larger than {FILE_LIMIT >> 20} MB, not read")
        return file.read(status.st_size)


def attempt(exercise: str, source: str) -> int:
    """How much of an answer a cell is: 0 nothing, 1 something, 2 what the exercise asks for."""
    spec = exercises().get(exercise)
    return weight(source, spec.entry) if spec else 1


def shown(exercise: str) -> str:
    """The id of an exercise, or what a student has put in its place."""
    return repr(exercise[:40].replace(";", ","))


def _cells(path: Path) -> list[Any]:
    try:
        data = content(path)
        if _values(data) > VALUE_LIMIT:
            text = f"of more than {VALUE_LIMIT:,} values, not read; are its outputs needed?"
            raise NotebookError(text)
        notebook = json.loads(data.decode("utf-8-sig"))
        if isinstance(notebook, dict) and "worksheets" in notebook:
            raise NotebookError("a notebook of an old format, not read; save it with Jupyter")
        cells = notebook["cells"]
        if not isinstance(cells, list):
            raise TypeError
        return cells
    except OSError as error:
        raise NotebookError(f"cannot be read: {error.strerror}") from None
    except NotebookError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotebookError("not a Jupyter notebook, not read") from None


def _values(data: bytes) -> int:
    """How many values the text of a JSON file holds at most, before any of them is made.

    Each is begun by a bracket, a comma or a colon, which count where they stand outside of texts.
    """
    data = data.replace(rb"\\", b"").replace(rb"\"", b"")
    if (texts := data.count(b'"') // 2) > VALUE_LIMIT:
        return texts
    outside = b"".join(data.split(b'"')[::2])
    return sum(map(outside.count, (b"[", b"{", b",", b":")))


def _last(exercise: str, sources: list[str]) -> str:
    """The last of several cells that is most of an answer."""
    best, most, left = sources[-1], -1, COMPARED
    for source in reversed(sources) if len(sources) > 1 else ():
        if (found := attempt(exercise, source)) > most:
            best, most = source, found
        left -= len(source)
        if most == 2 or left < 0:
            break
    return best


def _checked(sources: list[str]) -> Iterator[str]:
    """The exercises that a notebook's cells call `check` for."""
    names, found, left = {"check"}, dict[str, None](), LOOKED_THROUGH
    for source in sources:
        if any(name in source for name in names) and (left := left - len(source)) > 0:
            found.update(dict.fromkeys(called(parsed(source), names)))
    return (exercise for exercise in found if exercise in exercises())


def _exercises(cell: dict[str, Any]) -> list[str]:
    """The exercises a cell answers, by its tags."""
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if not isinstance(tags, list):
        return []
    own = (tag for tag in tags if isinstance(tag, str) and tag.startswith(TAG))
    return list(dict.fromkeys(tag.removeprefix(TAG) for tag in own))


def _source(cell: dict[str, Any]) -> str:
    """A cell's text."""
    if (kind := cell.get("cell_type")) != "code":
        what = KINDS.get(kind, "") if isinstance(kind, str) else ""
        raise NotebookError(f"{what or f'of the kind {short(repr(kind), 40)}'}, not code; not read")
    source = cell.get("source")
    parts: list[Any] = source if isinstance(source, list) else [source]
    if not all(isinstance(part, str) for part in parts):
        raise NotebookError("not text, not read")
    text = "".join(parts)
    if len(text) > SOURCE_LIMIT:
        raise NotebookError(f"larger than {SOURCE_LIMIT >> 20} MB, not read")
    return text
