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
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any

from dlcourse.grading.judge import judge_subject
from dlcourse.grading.report import NOT_ATTEMPTED, Report
from dlcourse.grading.sandbox import Limits, Sandbox, SandboxError, StartError
from dlcourse.grading.spec import GROUPS, Exercise, find
from dlcourse.grading.submissions import Answer, Submission

ATTEMPTS = 3
"""How often an answer is tried whose process does not come up: no fault of the answer."""

MISSING = "missing"
"""The status of an exercise without an answer's cell; the others are those of `Report`."""


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


def seed_for(secret: bytes, student: str, exercise: str) -> tuple[int, ...]:
    """The seed of one student's inputs, reproducible for whoever holds the cohort's secret."""
    text = f"{student}\0{exercise}".encode("utf-8", "surrogatepass")
    digest = hmac.new(secret, text, hashlib.sha256).digest()
    return tuple(int.from_bytes(digest[i : i + 4], "big") for i in range(0, 32, 4))


def grade_one(task: Task) -> list[dict[str, Any]]:
    """The records of one student, one an exercise, ready for JSON.

    Raises
    ------
    Ungraded
        If the sandbox does not start, or not `ATTEMPTS` times in a row for one answer.
    """
    try:
        sandbox = _sandbox(task.sandbox, task.limits)
    except SandboxError as error:
        raise Ungraded(str(error)) from None
    return [
        _graded(task, find(exercise), answer, sandbox) for exercise, answer in task.answers.items()
    ]


def grade(
    tasks: Sequence[Task], executor: Executor, at_once: int
) -> Iterator[tuple[Task, list[dict[str, Any]] | Ungraded]]:
    """Grade all tasks, at most ``at_once`` at a time, and yield each as soon as it is done."""
    todo, running = iter(tasks), dict[Future[Any], Task]()

    def start() -> None:
        for task in todo:
            running[executor.submit(grade_one, task)] = task
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


def missing(student: str, exercise: str, flags: Iterable[str] = ()) -> dict[str, Any]:
    """The record of an exercise that was not handed in."""
    spec = find(exercise)
    text = f"There is no cell tagged exercise:{exercise} that can be read."
    report = Report(spec, NOT_ATTEMPTED, "missing", (text,))
    return {**_record(student, report), "status": MISSING, "flags": list(flags)}


@functools.lru_cache(maxsize=4)
def _sandbox(kind: str, limits: Limits) -> Sandbox:
    """One check of the sandbox a process, not one an answer."""
    return Sandbox(kind, limits)


def _graded(task: Task, exercise: Exercise, answer: Answer, sandbox: Sandbox) -> dict[str, Any]:
    seed, began = seed_for(task.secret, task.student, exercise.id), time.monotonic()
    report, printed = _judged(exercise, answer.source, seed, sandbox)
    return {
        **_record(task.student, report),
        "digest": answer.digest,
        "file": answer.file,
        "printed": printed,
        "seconds": round(time.monotonic() - began, 3),
    }


def _judged(
    exercise: Exercise, source: str, seed: tuple[int, ...], sandbox: Sandbox
) -> tuple[Report, str]:
    """The verdict, and what the answer printed."""
    if not source.strip():
        return Report(exercise, NOT_ATTEMPTED, "stub", ("The answer's cell is empty.",)), ""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with sandbox.answer(source, exercise.entry) as subject:
                report = judge_subject(exercise, subject, seed)
                return report, subject.child.output()
        except StartError as error:
            if attempt == ATTEMPTS:
                raise Ungraded(f"{exercise.id}: {error}") from None
            time.sleep(0.2 * 2**attempt)
    raise AssertionError("unreachable")


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
