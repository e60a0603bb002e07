"""Whose a file is, by its name: a folder's, its own, or the name that Canvas has given it."""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from dlcourse.grading.notebooks import NotebookError, answers_of, attempt, divided
from dlcourse.grading.texts import printable

# name, an optional "LATE", the student's number, the file's, the name the student gave the file
CANVAS = re.compile(
    r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<number>[1-9][0-9]*)_(?P<file>[1-9][0-9]*)"
    r"_(?P<own>.+?)(-[0-9]+)?"
)

Flat = dict[Path, re.Match[str]]


def student_of(path: Path) -> str:
    """Whose file this is: the first folder's name; for a flat file its name, or Canvas' name."""
    if len(path.parts) > 1:
        return readable(path.parts[0])
    if packed := packed_by_canvas(path):
        return readable(f"{packed['name']}_{packed['number']}")
    return readable(divided(path.name)[0] or path.name)


def readable(name: str) -> str:
    """A file's name as text that can be printed, however it was encoded; no two become one.

    But one name spelled in two ways is one: a Mac takes é apart into e and an accent, a browser
    does not. Nor does the text hold a semicolon, at which some spreadsheets begin a cell.
    """
    raw = os.fsencode(name).replace(b"\\", rb"\x5c")
    text = composed(raw.decode("utf-8", "backslashreplace"))
    return printable(text.replace(";", r"\x3b"))


def composed(name: str) -> str:
    """A name with each letter in one piece, by which it is compared wherever it comes from."""
    return unicodedata.normalize("NFC", name)


def packed_by_canvas(path: Path) -> re.Match[str] | None:
    """The parts of a flat file's name, where Canvas may have given it."""
    return CANVAS.fullmatch(divided(path.name)[0])


def by_student(files: Iterable[Path], root: Path) -> dict[str, list[Path]]:
    """The files of each student, the oldest first."""
    found: dict[str, list[Path]] = {}
    flat: dict[str, Flat] = {}
    for path in sorted(files, key=_age):
        student = student_of(path.relative_to(root))
        found.setdefault(student, []).append(path)
        if path.parent == root and (packed := packed_by_canvas(path)):
            flat.setdefault(student, {})[path] = packed
    parts = [packed for own in flat.values() for packed in own.values()]
    named = {(packed["name"], packed["number"]) for packed in parts}
    apart = len({number for _, number in named}) == len(named)  # a number of Canvas is one's own
    evident = any(packed["late"] for packed in parts) or (apart and len(named) > 1)
    for student, own in flat.items():
        if len(own) > 1 and not _by_one(own, evident):
            found[student] = [path for path in found[student] if path not in own]
            for path in own:
                found.setdefault(readable(divided(path.name)[0]), []).append(path)
    return {student: own for student, own in found.items() if own}


def _by_one(own: Flat, evident: bool) -> bool:
    """Whether files are one student's that are so if Canvas has named them.

    Canvas gives a number to one file only. And where nothing else makes it evident that Canvas
    named them, different names with the same exercise are a class's, as ``hw_2024_10_bert``.
    """
    if len({packed["file"] for packed in own.values()}) < len(own):
        return False
    names: dict[str, str] = {}
    for path, packed in () if evident else own.items():
        with contextlib.suppress(NotebookError):
            for exercise, source in answers_of(path)[0].items():
                name = packed["own"]
                if attempt(exercise, source) and names.setdefault(exercise, name) != name:
                    return False
    return True


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.lstat().st_mtime_ns, os.fspath(path)
    except OSError:  # taken away meanwhile, which is said when it is to be read
        return 0, os.fspath(path)
