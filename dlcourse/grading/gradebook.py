"""A gradebook as Canvas exports it: its columns, its numbers, and who its students are to us.

Canvas writes it in the language of the course: with commas or semicolons between cells, 7.5 or 7,5,
and with or without a byte-order mark. What cannot be told for sure is refused.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from dlcourse.checks import fail
from dlcourse.grading.owners import composed

MARK = "\ufeff"
POSSIBLE = "Points Possible"
# The columns by which Canvas knows a student; the first that is there and matches decides.
KEYS = ("SIS Login ID", "SIS User ID", "ID", "Student")
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
DECIMAL = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?")
GROUPED = re.compile(
    r"(?P<whole>[1-9][0-9]{0,2}(?P<group>[.,'’ \u00a0\u2009\u202f])[0-9]{3}"
    r"(?:(?P=group)[0-9]{3})*)(?:(?P<mark>[.,])(?P<part>[0-9]+))?"
)


@dataclass(frozen=True)
class Gradebook:
    """The rows of a gradebook, one column of which is to be filled, and how it is written."""

    rows: list[list[str]]
    column: int
    points: float
    separator: str
    end: str
    mark: str

    def places(self, students: Collection[str]) -> dict[str, int]:
        """The row of each student who is in the gradebook just once.

        Raises
        ------
        ValueError
            If a student's name ends in a number of Canvas that is somebody else's there.
        """
        cells = [self._cells(row) for row in self.rows]
        found = [next((c[k] for k in KEYS if c.get(k) in students), None) for c in cells]
        for student in [student for student in students if student not in found]:
            name, _, number = student.rpartition("_")
            for place, own in enumerate(cells):
                if name and own.get("ID") == number and found[place] is None:
                    _require_same(student, number, own.get("Student", ""))
                    found[place] = student
        return {name: found.index(name) for name in found if name and found.count(name) == 1}

    def _cells(self, row: list[str]) -> dict[str, str]:
        """What a row says about a student, under the names of the columns."""
        if row is self.rows[0] or (row and _bare(row[0]) == POSSIBLE):
            return {}
        named = [*zip(self.rows[0], row, strict=False)][::-1]  # of two of one name the first
        cells = {_bare(name): composed(_bare(cell)) for name, cell in named}
        if {"LastName", "FirstName"} <= cells.keys():
            cells["Student"] = f"{cells['LastName']}, {cells['FirstName']}"
        return cells


def gradebook(exported: Path, assignment: str) -> Gradebook:
    """Read a gradebook, of which the column of an assignment is to be filled.

    Raises
    ------
    ValueError
        If it is not one, has not exactly one such column, or not a number of points for it.
    """
    if not exported.is_file():
        fail("canvas", "a gradebook exported from Canvas (CSV)", str(exported))
    try:
        text = exported.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        fail("canvas", "UTF-8, as Canvas exports it", str(exported), "Export it again.")
    mark = MARK if text.startswith(MARK) else ""
    text = text.removeprefix(MARK)
    if "\0" in text:  # letters of two bytes, all of them of Latin
        fail("canvas", "UTF-8, as Canvas exports it", str(exported), "Export it again.")
    head = text.partition("\n")[0]
    first = re.search(r"[,;\t]", head)  # behind "Student", which needs no quotes
    separator = first[0] if first else ","
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        fail("canvas", "a gradebook exported from Canvas (CSV)", str(exported), f"{error}.")
    header = rows[0] if rows else []
    if text and (len(header) < 2 or header[0] == "sep="):
        fix = "Export it again; other signs that look like these separate nothing."
        fail("canvas", "a table with commas, semicolons or tabs between cells", head[:80], fix)
    for line, row in enumerate(rows, 1):
        if any(cell.strip() for cell in row[len(header) :]):
            fix = 'A number with a comma needs quotes there, as in "7,50".'
            fail("canvas", f"as wide in line {line} as in its first", f"{len(row)} cells", fix)
    columns = [i for i, name in enumerate(header) if _titled(name, assignment)]
    if len(columns) != 1:
        names = [name for name in header if re.search(r"\(\d+\)$", name)]
        fix = f"The file has: {', '.join(names) or 'no assignments'}."
        fail("canvas-assignment", "the name of one column", assignment, fix)
    end = "\r\n" if "\r\n" in text else "\n"
    return Gradebook(rows, columns[0], _possible(rows, columns[0]), separator, end, mark)


def number(text: str) -> float | None:
    """A number as people write it; None for what is none, or may be one of two.

    >>> number("7,50"), number("1.234,5"), number(" 10 "), number("1,234"), number("10 pts")
    (7.5, 1234.5, 10.0, None, None)
    """
    text = text.strip()
    if found := GROUPED.fullmatch(text):
        group, mark = found["group"], found["mark"]
        whole = found["whole"].replace(group, "")
        if group == mark or (group in ".," and not mark and found["whole"].count(group) == 1):
            return None
        return float(f"{whole}.{found['part'] or 0}")
    plain = DECIMAL.fullmatch(text)
    return float(f"{plain[1]}.{plain[2] or 0}") if plain else None


def _bare(cell: str) -> str:
    """A cell without blanks around it; files that were put together have marks in their middle."""
    return cell.replace(MARK, "").strip()


def _require_same(student: str, number: str, there: str) -> None:
    """Canvas packs a file under the name of its gradebook, without blanks and signs."""
    if not _spellings(student.rpartition("_")[0]) & _spellings(there):
        name = re.sub(r"\W", "", there).lower()
        fix = f"In the gradebook {number} is {there!r}, whose files are named {name}_{number}."
        fail("submissions", "named by no number of another student of Canvas", student, fix)


def _spellings(name: str) -> set[str]:
    """The letters of a name as file systems, browsers and people write them, for comparison.

    >>> sorted(_spellings("Müller, Zoé")), sorted(_spellings("Groß"))
    (['muellerzoé', 'mullerzoe', 'müllerzoé'], ['gross'])
    """
    whole = "".join(c for c in composed(name).casefold() if c.isalnum())
    plain = "".join(c for c in unicodedata.normalize("NFD", whole) if c.isalnum())
    return {whole, plain, whole.translate(UMLAUTS)} - {""}


def _titled(name: str, assignment: str) -> bool:
    name, assignment = composed(name), composed(assignment)
    return name == assignment or re.sub(r"\s*\(\d+\)$", "", name) == assignment


def _possible(rows: list[list[str]], column: int) -> float:
    """The "Points Possible" of a column; it stands in one of the first rows."""
    for line, row in enumerate(rows[1:4], 2):
        if row and _bare(row[0]) == POSSIBLE:
            cell = row[column] if len(row) > column else ""
            if (points := number(cell)) is None:
                where = f"line {line}, column {rows[0][column]!r}"
                fix = "Write it there with a point and no other sign, as 7.5 or 1234."
                fail("canvas", f"a gradebook with a number in {where}", cell, fix)
            return points
    fix = "Canvas exports it as the second or third; export the gradebook again."
    fail("canvas", f"a gradebook with a line {POSSIBLE!r}", [row[:1] for row in rows[1:4]], fix)
