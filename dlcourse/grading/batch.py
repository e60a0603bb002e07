"""Grade a folder of submissions: each answer in a sandbox, every result on disk at once.

`grade_one` is a pure function of what can be pickled, so any ``concurrent.futures.Executor`` can
run it, that of a Dask cluster too. Results are lines of JSON, written with fsync as they come: a
grader that is killed has lost nothing, and goes on where it was.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dlcourse.grading import cell, texts
from dlcourse.grading.bank import find
from dlcourse.grading.judge import judge_subject
from dlcourse.grading.report import NOT_ATTEMPTED, NOT_YET, Report
from dlcourse.grading.sandbox import Limits, Line, Sandbox, SandboxError, StartError, launch
from dlcourse.grading.spec import GROUPS, Exercise
from dlcourse.grading.subjects import Subject
from dlcourse.grading.submissions import Answer, Submission

T = TypeVar("T")

ATTEMPTS = 3
"""How often an answer is tried whose process does not come up: no fault of the answer."""

MISSING, NOT_GRADED = "missing", "not graded"
"""The status of an exercise without an answer's cell, and of one that has no verdict through a
fault of the machine; the others are those of `Report`."""

UNSAFE = "UNSAFE: graded with --sandbox=rlimits, where an answer can read the model solution"


@dataclass(frozen=True)
class Task:
    """One student's answers, and all that grading them depends on."""

    student: str
    answers: dict[str, Answer]
    secret: bytes
    sandbox: str = "bubblewrap"
    limits: Limits = field(default_factory=Limits)


class Ungraded(RuntimeError):
    """The machine failed, again and again; there is no verdict, and no zero either."""


def seed_for(secret: bytes, student: str, exercise: str, source: str) -> tuple[int, ...]:
    """The seed of the inputs of one student's answer, reproducible for whoever holds the secret.

    ``source`` is the answer's text, to the letter: who changes it meets other inputs, so what the
    feedback on one version has told of the expected values is of no use to the next.
    """
    text = f"{student}\0{exercise}\0{source}".encode("utf-8", "surrogatepass")
    digest = hmac.new(secret, text, hashlib.sha256).digest()
    return tuple(int.from_bytes(digest[i : i + 4], "big") for i in range(0, 32, 4))


def grade_one(task: Task) -> list[dict[str, Any]]:
    """The records of one student, one an exercise, ready for JSON.

    Raises
    ------
    Ungraded
        If the sandbox does not start, or not `ATTEMPTS` times in a row for one answer.
    """
    sandbox = _tried(lambda: sandbox_of(task.sandbox, task.limits), "no answer yet")
    with sandbox.line(sum(not cell.blank(one.source) for one in task.answers.values())) as line:
        return [
            _graded(task, find(exercise), answer, line) for exercise, answer in task.answers.items()
        ]


def grade(
    tasks: Sequence[Task], executor: Executor, at_once: int
) -> Iterator[tuple[Task, list[dict[str, Any]] | Ungraded]]:
    """Grade all tasks, at most ``at_once`` at a time, and yield each as soon as it is done."""
    todo, running = iter(tasks), dict[Future[Any], Task]()

    def start() -> None:
        for task in todo:
            try:
                future = executor.submit(grade_one, task)
            except RuntimeError as error:  # a pool whose workers are gone takes nothing more
                future = Future()
                future.set_exception(error)
            running[future] = task
            if len(running) >= at_once:
                return

    start()
    while running:
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            task = running.pop(future)
            try:
                yield task, future.result()
            except Exception as error:  # a worker that died, a cluster that lost it
                failed = error if isinstance(error, Ungraded) else Ungraded(repr(error)[:500])
                yield task, failed
        start()


def missing(student: str, exercise: str) -> dict[str, Any]:
    """The record of an exercise that was not handed in."""
    text = f"There is no cell tagged exercise:{exercise} that can be read."
    report = Report(find(exercise), NOT_ATTEMPTED, "missing", (text,))
    return {**_record(student, report), "status": MISSING}


def ungraded(student: str, exercise: str) -> dict[str, Any]:
    """The record of an answer for which the machine failed: no points, which is not zero points."""
    text = "The machine failed; this answer is still to be graded."
    report = Report(find(exercise), NOT_ATTEMPTED, "machine", (text,))
    return {**_record(student, report), "status": NOT_GRADED, "points": None, "groups": {}}


@functools.cache
def version() -> str:
    """A digest of all that decides about a verdict: the files of ``dlcourse.grading``, and those of
    IPython that read a cell.
    """
    digest, root = hashlib.sha256(), Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    for path in launch.files():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@functools.lru_cache(maxsize=4)
def sandbox_of(kind: str, limits: Limits) -> Sandbox:
    """One check of the sandbox a process, not one an answer."""
    return Sandbox(kind, limits)


def _tried(attempt: Callable[[], T], what: str) -> T:
    """What it gives; tried again where the machine fails, which is no fault of the answer."""
    for left in reversed(range(ATTEMPTS)):
        try:
            return attempt()
        except (SandboxError, StartError, OSError, MemoryError) as error:
            if not left:
                raise Ungraded(f"{what}: {error}") from None
            time.sleep(0.8 / 2**left)
    raise AssertionError("unreachable")


def _graded(task: Task, exercise: Exercise, answer: Answer, line: Line) -> dict[str, Any]:
    began = time.monotonic()
    seed = seed_for(task.secret, task.student, exercise.id, answer.source)
    report, printed = _judged(exercise, answer, seed, line)
    flags = [UNSAFE] if task.sandbox == "rlimits" else []
    if report.cause == "grader":
        flags.append(f"{exercise.id}: the grader stumbled over this answer; look at it yourself")
    return {
        **_record(task.student, report),
        "flags": flags,
        "digest": answer.digest,
        "file": answer.file,
        "printed": printed,
        "seconds": round(time.monotonic() - began, 3),
    }


def _judged(
    exercise: Exercise, answer: Answer, seed: tuple[int, ...], line: Line
) -> tuple[Report, str]:
    """The verdict, and what the answer printed."""
    if cell.blank(answer.source):  # the sandbox would say the same, and take its time
        return Report(exercise, NOT_ATTEMPTED, "stub", (texts.not_attempted(exercise),)), ""

    def once() -> tuple[Report, str]:
        with line.answer(answer.source, exercise.entry) as subject:
            return _verdict(exercise, subject, seed), subject.child.output()

    return _tried(once, exercise.id)


def _verdict(exercise: Exercise, subject: Subject, seed: tuple[int, ...]) -> Report:
    """The judge's. An answer over which it stumbles costs its author that exercise, no more."""
    try:
        return judge_subject(exercise, subject, seed)
    except (StartError, OSError, MemoryError):
        raise
    except Exception as error:  # a hole in our defenses: said, and looked at by a person
        text = f"The answer could not be judged ({type(error).__name__}); your instructor is told."
        return Report(exercise, NOT_YET, "grader", (text,))


def _record(student: str, report: Report) -> dict[str, Any]:
    return {
        "student": student,
        "exercise": report.exercise.id,
        "status": report.status,
        "points": report.score,
        "max_points": sum(GROUPS.values()),
        "groups": report.points,
        "cause": report.cause,
        "hint_id": report.hint_id,
        "lines": list(report.lines),
        "passed": list(report.passed),
        "flags": [],
    }


def tasks_of(
    submissions: Iterable[Submission],
    exercises: Iterable[str],
    done: dict[tuple[str, str], str],
    **how: Any,
) -> list[Task]:
    """What is still to be graded: the answers whose digest is not the one in ``done``."""
    wanted = list(exercises)
    found = []
    for submission in submissions:
        answers = {
            exercise: submission.answers[exercise]
            for exercise in wanted
            if exercise in submission.answers
            and done.get((submission.student, exercise)) != submission.answers[exercise].digest
        }
        if answers:
            found.append(Task(submission.student, answers, **how))
    return found
