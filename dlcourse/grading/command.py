"""``python -m dlcourse grade``: a folder of submissions, to tables and pages."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dlcourse.checks import fail, integer
from dlcourse.grading import batch, class_report, exports
from dlcourse.grading.bank import exercises, find
from dlcourse.grading.gradebook import gradebook
from dlcourse.grading.results import Record, Results
from dlcourse.grading.sandbox import Limits, SandboxError, StartError
from dlcourse.grading.submissions import Submission, collect

ERRORS = (ValueError, SandboxError, StartError, OSError)
"""What is the user's to mend; anything else is ours, and shows its traceback."""

INTERRUPTED = 130
"""The exit status of what a user has stopped by Ctrl-C: 128 and the number of the signal."""

DASK_SECONDS = 10
"""How long to wait for a scheduler."""

WORKER_SECONDS = 30
"""How long to wait for its first worker, which may have been started along with it."""


def grade(arguments: argparse.Namespace) -> int:
    """Grade a folder; exit status 0 when everything that was handed in has a verdict.

    It is 3 where the machine failed, for one answer or for all that were left, and `INTERRUPTED`
    where the user had enough: what has been graded is kept in either case.
    """
    wanted = list(dict.fromkeys(find(id).id for id in arguments.exercises or exercises()))
    if bool(arguments.canvas) != bool(arguments.canvas_assignment):
        fail("canvas", "given together with --canvas-assignment", arguments.canvas)
    book = None
    if arguments.canvas:
        book = gradebook(Path(arguments.canvas), arguments.canvas_assignment)
    if arguments.workers is None:
        arguments.workers = cores()
    integer("workers", arguments.workers, 1)
    submissions = collect(arguments.submissions, exercises())
    if book is not None:
        book.places([submission.student for submission in submissions])
    if Path(arguments.out).resolve().is_relative_to(Path(arguments.submissions).resolve()):
        fix = "There it would be taken for a student's when you go on with it."
        fail("out", "a folder outside of the submissions", arguments.out, fix)
    if not arguments.dask:
        batch.sandbox_of(
            arguments.sandbox, Limits()
        )  # one clear refusal, before anything is written
    with Results(arguments.out, arguments.resume) as results:
        try:
            secret = results.secret(arguments.seed_file)
            tasks = batch.tasks_of(
                submissions, wanted, results.done(), secret=secret, sandbox=arguments.sandbox
            )
            with _executor(arguments) as (executor, at_once):
                failures = _run(tasks, executor, at_once, results)
            records = complete(submissions, wanted, results.latest())
            write(records, results.folder, arguments)
            _summary(records, failures, arguments)
        except (OSError, KeyboardInterrupt) as error:
            return _stopped(error, results)
    return 3 if failures else 0


def _stopped(error: OSError | KeyboardInterrupt, results: Results) -> int:
    """Say in one line why nothing more is graded and what is to be done; the exit status."""
    enough = isinstance(error, KeyboardInterrupt)
    why = "stopped" if enough else f"error: {getattr(error, 'strerror', None) or error}"
    kept = f"What has been graded is kept in {results.path}: go on with --resume."
    print(f"{why}. {kept}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:  # nobody takes it any more; Python would try again at its end, and complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return INTERRUPTED if enough else 3


def complete(
    submissions: Sequence[Submission], wanted: Sequence[str], graded: Sequence[Record]
) -> list[Record]:
    """A record for every student and exercise: graded, not handed in, or still to be graded."""
    found = {(r["student"], r["exercise"], r.get("digest")): r for r in graded}
    records = []
    for submission in submissions:
        for exercise in wanted:
            student, answer = submission.student, submission.answers.get(exercise)
            if answer is None:
                record = batch.missing(student, exercise)
            else:
                key = (student, exercise, answer.digest)
                record = found.get(key) or batch.ungraded(student, exercise)
            records.append({**record, "flags": [*submission.flags, *record["flags"]]})
    return records


def write(records: Sequence[Record], folder: Path, arguments: argparse.Namespace) -> None:
    """All that is made from the results; each file is replaced whole.

    Whoever has an answer that is still to be graded is in the table only: a sum without it would be
    taken for a grade.
    """
    exports.grades(records, folder / "grades.csv")
    open_ = {record["student"] for record in records if record["status"] == batch.NOT_GRADED}
    records = [record for record in records if record["student"] not in open_]
    exports.gradescope(records, folder / "gradescope")
    class_report.write(records, folder)
    if arguments.canvas:
        left = exports.canvas(
            records, Path(arguments.canvas), arguments.canvas_assignment, folder / "canvas.csv"
        )
        if left:
            print(f"Not in the Canvas gradebook: {', '.join(left)}.", file=sys.stderr)


def cores() -> int:
    """How many there are for this process, where the system says so."""
    asked = getattr(os, "sched_getaffinity", None)
    return len(asked(0)) if asked else os.cpu_count() or 1


@contextlib.contextmanager
def _executor(arguments: argparse.Namespace) -> Iterator[tuple[Executor, int]]:
    """Threads, whose work is in their children, or a Dask cluster; and how many tasks at once."""
    if arguments.dask:
        try:
            distributed = importlib.import_module("distributed")
        except ImportError:
            fail("dask", "used where Dask is installed", arguments.dask, "pip install distributed")
        try:
            client = distributed.Client(arguments.dask, timeout=DASK_SECONDS)
        except (OSError, ValueError) as error:
            fail("dask", "the address of a scheduler that answers", arguments.dask, f"{error}.")
        with client:
            _require_workers(client, arguments.dask)
            threads = sum(client.nthreads().values())
            yield client.get_executor(pure=False, retries=2), 2 * threads
        return
    with ThreadPoolExecutor(arguments.workers) as pool:
        try:
            yield pool, 2 * arguments.workers
        except BaseException:  # what has not begun does not begin
            pool.shutdown(cancel_futures=True)
            raise


def _require_workers(client: Any, address: str) -> None:
    """Wait for the first worker; refuse a cluster whose workers would judge otherwise than we."""
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
        versions = client.run(batch.version)
    except TimeoutError:
        fail("dask", "a cluster with workers", address, f"None came within {WORKER_SECONDS} s.")
    except ImportError as error:
        fail("dask", "a cluster whose workers have dlcourse installed", address, f"{error}.")
    if others := sorted(name for name, found in versions.items() if found != batch.version()):
        fix = f"Another one is on {', '.join(others)}."
        fail("dask", "a cluster whose workers have this version of dlcourse", address, fix)


def _run(
    tasks: Sequence[batch.Task], executor: Executor, at_once: int, results: Results
) -> list[tuple[str, batch.Ungraded]]:
    """Grade, store, and return those for whom the machine failed."""
    failures = []
    with _progress(len(tasks)) as advance:
        for task, outcome in batch.grade(tasks, executor, at_once):
            if isinstance(outcome, batch.Ungraded):
                failures.append((task.student, outcome))
            else:
                results.append(outcome)
            advance()
    return failures


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Any]:
    """A bar where tqdm is installed and there is something to do, silence elsewhere."""
    try:
        tqdm = importlib.import_module("tqdm").tqdm if total else None
    except ImportError:
        tqdm = None
    if tqdm is None:
        yield lambda: None
        return
    with tqdm(total=total, unit="student", file=sys.stderr) as bar:
        yield lambda: bar.update(1)


def _summary(records: Sequence[Record], failures: Sequence[Any], arguments: Any) -> None:
    statuses = Counter(record["status"] for record in records)
    missing, students = statuses.pop(batch.MISSING, 0), {record["student"] for record in records}
    counts = ", ".join(f"{count} {status}" for status, count in statuses.most_common())
    said = f"{len(students)} students, {statuses.total()} answers: {counts or 'none'}"
    print(f"{said}; {missing} not handed in." if missing else f"{said}.")
    remarks = len({record["student"] for record in records if record["flags"]})
    if remarks:
        print(f"Remarks about {remarks} of them: see the column flags of grades.csv.")
    print(f"Begin with {Path(arguments.out, 'class.html')}")
    if arguments.sandbox != "bubblewrap":
        print(f"{batch.UNSAFE}.", file=sys.stderr)
    for student, error in failures:
        print(f"not graded: {student}: {error}", file=sys.stderr)
    if failures:
        print("Nothing of this is a zero. Mend it and go on with --resume.", file=sys.stderr)
    sys.stdout.flush()
