"""The learner's door: `check`, `hint`, `solution`, `probe`, `progress`.

Everything runs on the learner's side, and trusts the answer it is given; only an isolated check
runs it in a process of its own. A verdict that counts for a grade is made elsewhere.
"""

from __future__ import annotations

import functools
import html
import inspect
import json
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlcourse.checks import fail
from dlcourse.grading import answers
from dlcourse.grading.judge import judge
from dlcourse.grading.report import CORRECT, NOT_ATTEMPTED, Note, Report
from dlcourse.grading.sandbox import Sandbox, SandboxError
from dlcourse.grading.spec import Case, Exercise, exercises, find
from dlcourse.grading.store import STATES, Entry, Store

PASSED = STATES[2:]
TRIES = 3
"""After this many different attempts the solution is shown without asking back."""

# ``python -m dlcourse``, of the same package as here, wherever that is.
ALONE = (
    "import sys; root = sys.argv.pop(1); root in sys.path or sys.path.insert(0, root); "
    "from dlcourse.__main__ import main; sys.exit(main())"
)


def check(exercise: str, answer: Any, isolated: bool = False) -> Report:
    """Judge an answer on the public probes of an exercise; the result is what the cell shows.

    Parameters
    ----------
    exercise
        Its id, as in ``"adam"``.
    answer
        The function itself. It is called a few dozen times at most, on small inputs; what it prints
        meanwhile is not shown.
    isolated
        Whether to run the answer's cell alone in a process of its own, exactly as an instructor's
        run does. What passes so is *done*.

    Raises
    ------
    ValueError
        For an unknown id, with the nearest ones; with ``isolated`` if the answer's cell cannot be
        found.
    """
    spec = find(exercise)
    report = _isolated(spec, answer) if isolated else judge(spec, answer)
    if report.status != NOT_ATTEMPTED:
        attempt = _fingerprint(answer)
        with _store().change(spec.id) as entry:
            if attempt not in entry.attempts:
                entry.attempts.append(attempt)
            reached = "attempted"
            if report.status == CORRECT:
                reached = "done" if isolated else "public checks passed"
            entry.state = max(entry.state, reached, key=STATES.index)
    return report


def hint(exercise: str, step: int | None = None) -> Note:
    """The next of three hints: where to look, the principle, a first step by hand.

    ``step`` (1, 2 or 3) shows one of them again.
    """
    spec = find(exercise)
    last = len(spec.hints)
    if step is not None and step not in range(1, last + 1):
        fail("step", f"1 to {last}, or left out for the next hint", step)
    with _store().change(spec.id) as entry:
        number = step or min(entry.hints + 1, last)
        entry.hints = max(entry.hints, number)
    more = f'Next: hint("{spec.id}").' if number < last else f'Then: solution("{spec.id}").'
    return Note(f"Hint {number} of {last}. {spec.hints[number - 1]} {more}")


def solution(exercise: str, confirm: bool = False) -> Note:
    """Our solution: after a correct answer or three different attempts, else once you confirm."""
    spec = find(exercise)
    entry = _store().read().get(spec.id, Entry())
    tries = len(entry.attempts)
    earned = entry.state in PASSED or tries >= TRIES
    if not (earned or confirm or entry.solution_seen):
        tried = ("You have not tried yet", "You have tried once", "You have tried twice")[tries]
        return Note(
            f'{tried}. hint("{spec.id}") gives away less. '
            f'To read the solution now: solution("{spec.id}", confirm=True).'
        )
    with _store().change(spec.id) as entry:
        entry.solution_seen = True
    pinned = "\n".join(f"* {convention}" for convention in spec.conventions)
    return Note(f"{spec.title}, as the task pins it:\n\n{pinned}", _source(spec))


def probe(exercise: str, name: str) -> Case:
    """The inputs of one public probe, fresh: ``case = probe("adam", "one step")``.

    Call your answer with ``run(*case.args, **case.kwargs)`` to see for yourself what `check` saw;
    a schedule with ``[lr(t, **case.kwargs) for t in case.over]``.
    """
    spec = find(exercise)
    for candidate in spec.probes:
        if candidate.name == name:
            return spec.case(candidate)
    names = ", ".join(repr(candidate.name) for candidate in spec.probes)
    fail("name", f"one of {names}", name)


@dataclass(frozen=True)
class Table:
    """Rows of text under a header: plain in a terminal, a table in a notebook."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str

    def __repr__(self) -> str:
        lines = (self.header, *self.rows)
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.header))]
        padded = [zip(line, widths, strict=True) for line in lines]
        text = ["  ".join(f"{cell:<{width}}" for cell, width in row).rstrip() for row in padded]
        return "\n".join((*text, self.caption))

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in self.header)
        cells = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in self.rows]
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        caption = f"<caption>{html.escape(self.caption)}</caption>"
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def progress(*ids: str) -> Table:
    """How far you are with every exercise, or with those named. Kept on this machine only."""
    entries, rows, done = _store().read(), [], 0
    for spec in [find(id) for id in ids] or exercises().values():
        entry = entries.get(spec.id, Entry())
        done += entry.state in PASSED
        state = entry.state + (", solution seen" if entry.solution_seen else "")
        hints = f"{entry.hints} of {len(spec.hints)}"
        rows.append((spec.id, spec.title, state, str(len(entry.attempts)), hints))
    header = ("exercise", "title", "state", "attempts", "hints")
    return Table(header, tuple(rows), f"{done} of {len(rows)} exercises passed.")


def _isolated(spec: Exercise, answer: Any) -> Report:
    """The verdict on the answer's cell, run alone, by a judge who has not met this session.

    Whatever a cell has done to NumPy here, it is the one that an instructor would come to.
    """
    source = None if answers.is_stub(answer) else answers.cell_of(answer)
    if source is None:
        if answers.is_stub(answer):
            return judge(spec, answer)
        fail("answer", "a function whose cell or file can be read", answer)
    with tempfile.TemporaryDirectory(prefix="dlcourse-") as folder:
        file = Path(folder, "answer.py")
        file.write_text(source, encoding="utf-8", errors="backslashreplace")
        words = [sys.executable, "-P", "-c", ALONE, str(Path(__file__).parents[2])]
        words += ["check", spec.id, str(file), "--json"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"The isolated check did not run: {done.stderr.strip()}") from None
    rest = tuple(said["lines"]), tuple(said["passed"]), said["groups"], said["hint_id"]
    return Report(spec, said["status"], said["cause"], *rest)


@functools.lru_cache(maxsize=1)
def own_sandbox() -> Sandbox:
    """For one's own answer: the grader's sandbox where this machine can have it, else limits."""
    try:
        return Sandbox()
    except SandboxError:
        return Sandbox("rlimits")


@functools.lru_cache(maxsize=1)
def _store() -> Store:
    return Store()


def _fingerprint(answer: Any) -> str:
    try:
        return answers.fingerprint(answer)
    except Exception:  # an object too odd to be read still counts as a try
        return "unreadable"


def _source(spec: Exercise) -> str:
    """The model solution as the learner would write it, without our decorator."""
    lines = textwrap.dedent(inspect.getsource(spec.reference)).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("def "))
    return "\n".join(lines[start:])
