"""What becomes of the results: a table, files for Gradescope, points in a Canvas gradebook."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dlcourse.checks import fail
from dlcourse.grading.bank import find
from dlcourse.grading.results import Record, replacing

COLUMNS = ("student", "exercise", "status", "points", "max_points", "cause", "hint_id", "flags")
# Names that stay apart and stay names on every system: no capitals, no device, no digest of ours.
PLAIN = re.compile(
    r"(?!(con|prn|aux|nul|com\d|lpt\d)(\.|$))[a-z0-9][a-z0-9._-]{0,80}(?<!\.)(?<!-[0-9a-f]{16})"
)
# The columns by which Canvas knows a student; the first that is there and matches decides.
CANVAS_KEYS = ("SIS Login ID", "SIS User ID", "ID", "Student")


def grades(records: Iterable[Record], path: Path) -> None:
    """``grades.csv``: one line a student and exercise, the same bytes for the same verdicts."""
    with replacing(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for record in records:
            # Not by a semicolon: where commas are for decimals, the next cell begins there.
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

    The points are scaled to the column's "Points Possible", or to 100 where there are none. Every
    other cell, and the rows of students who are not among ours, keep what they have.

    Raises
    ------
    ValueError
        If there is no such file, or not exactly one column of that name.
    """
    text, rows, column = gradebook(exported, assignment)
    header = rows[0]
    shares = {
        student: sum(r["points"] for r in own) / sum(r["max_points"] for r in own)
        for student, own in by_student(records).items()
    }
    scale, found = _possible(rows, column), [_student_of(row, header, shares) for row in rows]
    sure = {student for student in shares if found.count(student) == 1}  # not two of one name
    for row, student in zip(rows, found, strict=True):
        if student is not None and student in sure:
            row.extend([""] * (column + 1 - len(row)))
            row[column] = f"{scale * shares[student]:.2f}"
    with replacing(path) as file:
        file.write("\ufeff" if text.startswith("\ufeff") else "")
        end = "\r\n" if "\r\n" in text else "\n"
        csv.writer(file, lineterminator=end).writerows(rows)
    return sorted(set(shares) - sure)


def gradebook(exported: Path, assignment: str) -> tuple[str, list[list[str]], int]:
    """A gradebook exported from Canvas: its text, its rows, and the column of the assignment."""
    if not exported.is_file():
        fail("canvas", "a gradebook exported from Canvas (CSV)", str(exported))
    try:
        text = exported.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        fail("canvas", "UTF-8, as Canvas exports it", str(exported), "Export it again.")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    header = rows[0] if rows else []
    columns = [i for i, name in enumerate(header) if _titled(name, assignment)]
    if len(columns) != 1:
        names = [name for name in header if re.search(r"\(\d+\)$", name)]
        fix = f"The file has: {', '.join(names) or 'no assignments'}."
        fail("canvas-assignment", "the name of one column", assignment, fix)
    return text, rows, columns[0]


def _possible(rows: list[list[str]], column: int) -> float:
    """The "Points Possible" of a column; it stands in one of the first rows."""
    for row in rows[1:4]:
        if row and row[0].strip() == "Points Possible" and len(row) > column:
            with contextlib.suppress(ValueError):
                return float(row[column])
    return 100.0


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
    """A cell that a spreadsheet takes for text, not for a formula; wide signs are signs too."""
    if isinstance(value, str) and value.lstrip()[:1] in {*"=+-@＝＋－＠"}:
        return "'" + value
    return "" if value is None else value


def _titled(name: str, assignment: str) -> bool:
    return name == assignment or re.sub(r"\s*\(\d+\)$", "", name) == assignment


def _student_of(row: list[str], header: list[str], known: Iterable[str]) -> str | None:
    """Which of our students a row of Canvas is about: by login, ids or name, then by its own id."""
    cells = {name: row[i] for i, name in enumerate(header) if i < len(row)}
    for key in CANVAS_KEYS:
        if cells.get(key) and cells[key] in known:
            return cells[key]
    own = cells.get("ID")
    return next((s for s in known if own and s.rpartition("_")[2] == own and "_" in s), None)
