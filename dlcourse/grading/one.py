"""``python -m dlcourse check``: one answer, judged in a process of its own."""

from __future__ import annotations

import argparse
import difflib
import json
from pathlib import Path
from typing import Any

from dlcourse.checks import fail
from dlcourse.grading import batch
from dlcourse.grading.bank import exercises, find
from dlcourse.grading.desk import in_shell
from dlcourse.grading.isolated import judged, own_sandbox
from dlcourse.grading.notebooks import NotebookError, answers_of, divided, is_notebook
from dlcourse.grading.owners import composed, readable
from dlcourse.grading.report import CORRECT, Report
from dlcourse.grading.results import secret_in, students_in
from dlcourse.grading.sandbox import Sandbox
from dlcourse.grading.spec import Exercise
from dlcourse.grading.submissions import collect


def check(arguments: argparse.Namespace) -> int:
    """Judge one answer in a process of its own; exit status 0 only for full marks.

    On the public inputs, or on those that a student was graded by. The second is what an instructor
    asks, about an answer of somebody else: it needs the sandbox, as grading does.
    """
    spec = find(arguments.exercise)
    if bool(arguments.student) != bool(arguments.seed_file):
        fail("student", "given together with --seed-file", arguments.student)
    if arguments.submissions and not arguments.student:
        fail("submissions", "given together with --student", arguments.submissions)
    source = source_of(Path(arguments.file), spec)
    if arguments.student:
        secret = secret_in(arguments.seed_file)
        seed = batch.seed_for(secret, _student(arguments), spec.id, source)
        report = judged(spec, source, Sandbox(), seed)
    else:
        report = judged(spec, source, own_sandbox())
    if arguments.json:
        print(json.dumps(as_json(report), indent=1))
    else:
        print(in_shell(str(report)))
    return 0 if report.status == CORRECT else 1


def source_of(path: Path, spec: Exercise) -> str:
    """The text of an answer: a Python file, or the answer's cell of a notebook."""
    if not path.exists():
        fail("file", "a file that exists", str(path))
    suffix = divided(path.name)[1]
    if not path.is_file() or (suffix not in ("", ".py") and not is_notebook(path.name)):
        fix = "Its name ends in .py or .ipynb and begins with no dot." if path.is_file() else ""
        fail("file", "a Python file or a notebook", str(path), fix)
    if not is_notebook(path.name):
        return _python(path)
    try:
        cells, remarks = answers_of(path.resolve())
    except NotebookError as error:
        fail("file", "a Jupyter notebook", str(path), f"It is {error}.")
    if spec.id not in cells:
        fix = "; ".join(remarks[:3]) or f"No cell of it is tagged exercise:{spec.id}."
        fail("file", f"a notebook with an answer to {spec.id}", str(path), fix)
    return cells[spec.id]


def _python(path: Path) -> str:
    """The text of a file that is not called a notebook, and is none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        fail("file", "text in UTF-8", str(path))
    try:
        is_json = isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        is_json = False
    if is_json:
        fix = "It holds JSON; the name of a notebook ends in .ipynb."
        fail("file", "a Python file or a notebook", str(path), fix)
    return text


def _student(arguments: argparse.Namespace) -> str:
    """The name that ``--student`` means, if it is among those that can be known here."""
    given = arguments.student
    known = {composed(student) for student in students_in(Path(arguments.seed_file).parent)}
    if arguments.submissions:
        known |= {found.student for found in collect(arguments.submissions, exercises())}
    names = composed(given), readable(given)  # as we write it, or as its folder is called
    name = next((name for name in names if name in known), names[0])
    if known and name not in known:
        near = difflib.get_close_matches(name, known, 1)
        fix = f"Did you mean {near[0]!r}?" if near else ""
        fail("student", "one of those handed in or graded here", name, fix)
    return name


def as_json(report: Report) -> dict[str, Any]:
    """A report as plain values."""
    return {
        "exercise": report.exercise.id,
        "status": report.status,
        "points": report.score,
        "groups": report.points,
        "cause": report.cause,
        "hint_id": report.hint_id,
        "lines": list(report.lines),
        "passed": list(report.passed),
    }
