"""The learner's door: `check`, `hint`, `solution`, `probe`, `progress`.

Everything runs on the learner's side, and trusts the answer it is given; only an isolated check
runs it in a process of its own. A verdict that counts for a grade is made elsewhere.
"""

from __future__ import annotations

import functools
import inspect
import textwrap
from typing import Any

from dlcourse.checks import fail
from dlcourse.grading import answers, isolated
from dlcourse.grading.bank import exercises, find
from dlcourse.grading.judge import judge
from dlcourse.grading.progress import PASSED, Progress
from dlcourse.grading.report import CORRECT, NOT_ATTEMPTED, Note, Report
from dlcourse.grading.spec import Case, Exercise
from dlcourse.grading.store import STATES, Entry, Store
from dlcourse.grading.subjects import cell_of

TRIES = 3
"""After this many different attempts the solution is shown without asking back."""


def check(exercise: str, answer: Any, isolated: bool = False) -> Report:
    """Judge an answer on the public probes of an exercise; the result is what the cell shows.

    Parameters
    ----------
    exercise
        Its id, as in ``"adam"``.
    answer
        The function itself. Its cell is run once more, alone as it will be graded, and the function
        called a few dozen times at most, on small inputs; what it prints meanwhile is not shown.
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


def progress(*ids: str) -> Progress:
    """How far you are with every exercise, or with those named: a page in a notebook.

    It is kept on this machine only.
    """
    entries = _store().read()
    return Progress([(spec, entries.get(spec.id, Entry())) for spec in _named(ids)])


def _named(ids: tuple[str, ...]) -> list[Exercise]:
    return [find(id) for id in ids] or list(exercises().values())


def _isolated(spec: Exercise, answer: Any) -> Report:
    """The verdict on the answer's cell, run alone."""
    if (source := cell_of(answer)) is not None:
        return isolated.afresh(spec, source)
    if answers.is_stub(answer):
        return judge(spec, answer)
    fix = "Write it as a function of its own in a cell, run the cell, and check again."
    fail("answer", "a function whose cell or file can be read", answer, fix)


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
