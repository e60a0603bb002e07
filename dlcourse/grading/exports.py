"""What becomes of the results: a table, files for Gradescope, points in a Canvas gradebook."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dlcourse.grading.bank import find
from dlcourse.grading.gradebook import gradebook
from dlcourse.grading.results import Record, replacing

COLUMNS = ("student", "exercise", "status", "points", "max_points", "cause", "hint_id", "flags")
# Names that stay apart and stay names on every system: no capitals, no device, no digest of ours.
PLAIN = re.compile(
    r"(?!(con|prn|aux|nul|com\d|lpt\d)(\.|$))[a-z0-9][a-z0-9._-]{0,80}(?<!\.)(?<!-[0-9a-f]{16})"
)
# Where a cell begins, whatever separates cells: a sign there makes it a formula. Wide signs too.
FORMULA = re.compile(r"""(?:^|[,;|\t\r\n])[\s"]*(?=[=+\-@＝＋－＠])""")


def grades(records: Iterable[Record], path: Path) -> None:
    """``grades.csv``: one line a student and exercise, the same bytes for the same verdicts."""
    with replacing(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for record in records:
            row = {**record, "flags": " | ".join(record["flags"])}
            table.writerow([_harmless(row[name]) for name in COLUMNS])


def gradescope(records: Sequence[Record], folder: Path) -> None:
    """``<student>/results.json`` as Gradescope's autograder reads it."""
    for student, own in by_student(records).items():
        tests = [
            {
                "name": find(record["exercise"]).title,
                "number": _number(record["exercise"]),
                "score": record["points"],
                "max_score": record["max_points"],
                "status": "passed" if record["points"] == record["max_points"] else "failed",
                "output": "\n".join([f"{record['status']}.", *record["lines"]]),
                "output_format": "text",
                "visibility": "visible",
            }
            for record in own
        ]
        seconds = sum(record.get("seconds", 0.0) for record in own)
        result = {
            "score": sum(record["points"] for record in own),
            "execution_time": round(seconds, 1),
            "stdout_visibility": "hidden",
            "tests": tests,
        }
        with replacing(folder / safe_name(student) / "results.json") as file:
            json.dump(result, file, indent=1)


def _number(exercise: str) -> str:
    """Chapter and place in it, ``2.7``; Gradescope sorts by it."""
    spec = find(exercise)
    return f"{spec.chapter.partition('-')[0]}.{spec.position}"


def canvas(records: Sequence[Record], exported: Path, assignment: str, path: Path) -> list[str]:
    """Fill one column of a gradebook exported from Canvas; return the students not found once.

    The points are scaled to the column's "Points Possible" and written with a point, which Canvas
    reads in every language. All other cells, and the rows of students who are not among ours, keep
    what they have.

    Raises
    ------
    ValueError
        If there is no such gradebook, or it cannot be told what a number or a student in it is.
    """
    book = gradebook(exported, assignment)
    shares = {
        student: sum(r["points"] for r in own) / sum(r["max_points"] for r in own)
        for student, own in by_student(records).items()
    }
    places = book.places(shares)
    for student, place in places.items():
        row = book.rows[place]
        row.extend([""] * (book.column + 1 - len(row)))
        row[book.column] = f"{book.points * shares[student]:.2f}"
    with replacing(path) as file:
        file.write(book.mark)
        table = csv.writer(file, delimiter=book.separator, lineterminator=book.end)
        table.writerows(book.rows)
    return sorted(set(shares) - set(places))


def by_student(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Records grouped by student, each group in the order of the book."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record["student"], []).append(record)
    for own in found.values():
        own.sort(key=lambda record: place_in_book(record["exercise"]))
    return found


def place_in_book(exercise: str) -> tuple[str, int]:
    """By which exercises are sorted: positions begin anew in every chapter."""
    spec = find(exercise)
    return spec.chapter, spec.position


def safe_name(student: str) -> str:
    """A file name for a student: the name itself where it is plain, else made so and unique."""
    if PLAIN.fullmatch(student):
        return student
    digest = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', student).strip('-')[:60] or 'student'}-{digest}"


def _harmless(value: Any) -> Any:
    """A cell that a spreadsheet takes for text, not for a formula, also where it divides it."""
    if isinstance(value, str):
        return FORMULA.sub(r"\g<0>'", value)
    return "" if value is None else value
