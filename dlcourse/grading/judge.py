"""Run an answer on the probes, compare, and find out why it is wrong.

The order of questions is the order in which a teacher would ask them: has anything been written?
can it be called? does it stand on its own feet? does it answer the probes? If not: is it one of the
mistakes we know -- on *every* probe, because a specific hint that is wrong is worse than none? If
so: did it leave its inputs alone, and does it say the same thing twice?
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlcourse.grading import texts
from dlcourse.grading.answers import READY_MADE
from dlcourse.grading.compare import Difference, compare
from dlcourse.grading.inprocess import InProcess
from dlcourse.grading.moments import compare_draws, same_moments
from dlcourse.grading.report import CORRECT, NOT_ATTEMPTED, NOT_YET, Report
from dlcourse.grading.spec import GROUPS, PUBLIC_SEED, Exercise, Mistake, Probe, reseeded
from dlcourse.grading.subjects import (
    Facts,
    Failure,
    Outcome,
    Subject,
    asked,
    cell_of,
    failure_of,
)

OURS = "dlcourse.grading"
"""Of which nobody takes an answer, but `check`: it is in the wrong cell."""


def judge(
    exercise: Exercise,
    answer: Any,
    seed: int | Sequence[int] = PUBLIC_SEED,
    *,
    own: bool = True,
) -> Report:
    """The verdict on one answer, a function of this process; `judge_subject` takes the others.

    Judged is its cell, where there is one, run alone as it will be graded. With ``own=False`` it is
    the function, wherever its code comes from.
    """
    source = cell_of(answer, exercise.entry) if own else None
    return judge_subject(exercise, InProcess(answer, own, source, exercise.entry), seed)


def judge_subject(
    exercise: Exercise, subject: Subject, seed: int | Sequence[int] = PUBLIC_SEED
) -> Report:
    """The verdict on an answer, wherever it runs."""
    facts = subject.facts()
    if facts.stub:
        return Report(exercise, NOT_ATTEMPTED, "stub", (texts.not_attempted(exercise),))
    if blocked := _cannot_run(exercise, facts, seed):
        return Report(exercise, NOT_YET, blocked[0], blocked[1:])
    outcomes = [run_probe(exercise, probe, subject, seed) for probe in exercise.probes]
    if all(_unwritten(outcome.reply.failure) for outcome in outcomes):
        return Report(exercise, NOT_ATTEMPTED, "stub", (texts.not_attempted(exercise),))
    again = run_probe(exercise, outcomes[0].probe, subject, seed)
    passed = tuple(outcome.probe.name for outcome in outcomes if outcome.right)
    ended = again.reply.failure is not None and again.reply.failure is outcomes[-1].reply.failure
    if not (ended or _repeats(outcomes[0], again)):
        points = _points(outcomes, False)
        return Report(exercise, NOT_YET, "memory", texts.memory(exercise, again), passed, points)
    if len(passed) < len(outcomes):
        return _wrong(exercise, outcomes, passed, seed)
    fault = _interface_fault(exercise, outcomes) or _fixed_draws(exercise, outcomes, subject, seed)
    if fault:
        lines = (*fault[1:], texts.all_values_right(exercise))
        return Report(exercise, NOT_YET, fault[0], lines, passed, _points(outcomes, False))
    points = _points(outcomes, True)
    lines = texts.correct(exercise, passed, public=seed == PUBLIC_SEED)
    return Report(exercise, CORRECT, "correct", lines, passed, points)


def run_probe(
    exercise: Exercise, probe: Probe, subject: Subject, seed: int | Sequence[int] = PUBLIC_SEED
) -> Outcome:
    """One call of the answer on fresh inputs, compared with the model solution's."""
    expected = asked(exercise.reference, exercise.case(probe, seed))
    case = exercise.case(probe, seed)  # of its own: an answer may write into its inputs
    reply = subject.call(exercise, case)
    outcome = Outcome(probe, case, expected, reply)
    if reply.failure is None:
        try:
            outcome.difference = (
                compare_draws(expected, reply.value, case.moments)
                if case.moments
                else _difference(exercise, expected, reply.value)
            )
        except Exception as error:  # a result too odd to be read
            reply.failure = failure_of(error, "")
    return outcome


def _difference(exercise: Exercise, expected: Any, came: Any) -> Difference | None:
    """The first difference that is left once the answer's free choices are made as ours were."""
    found = compare(expected, came)
    if found is None or found.kind != "value":
        return found
    return compare(expected, exercise.free(expected, came))


def _unwritten(failure: Failure | None) -> bool:
    return failure is not None and failure.type == "NotImplementedError"


def matching_mistake(
    exercise: Exercise, outcomes: Sequence[Outcome], seed: int | Sequence[int] = PUBLIC_SEED
) -> Mistake | None:
    """The one known mistake that gives these values on all probes; None if none or several do."""
    if any(outcome.reply.failure is not None for outcome in outcomes):
        return None
    found = []
    for mistake in exercise.mistakes:
        values = (asked(mistake.answer, exercise.case(o.probe, seed)) for o in outcomes)
        pairs = zip(values, outcomes, strict=True)
        if all(_alike(exercise, outcome, value) for value, outcome in pairs):
            found.append(mistake)
    return found[0] if len(found) == 1 else None


def _alike(exercise: Exercise, outcome: Outcome, mistaken: Any) -> bool:
    """Whether an answer is a known mistake's: in value, or by their moments if random."""
    moments, came = outcome.case.moments, outcome.reply.value
    try:
        if moments:
            return same_moments(mistaken, came, moments)
        return _difference(exercise, mistaken, came) is None
    except Exception:  # a result too odd to be read equals nothing
        return False


def _same(expected: Any, came: Any) -> bool:
    try:
        return compare(expected, came) is None
    except Exception:  # a result too odd to be read equals nothing
        return False


def _cannot_run(
    exercise: Exercise, facts: Facts, seed: int | Sequence[int]
) -> tuple[str, ...] | None:
    """Why there is no point in calling the answer: (cause, line, line), or None."""
    if facts.missing:
        return ("missing", *texts.missing(exercise))
    if not facts.callable:
        return ("type", *texts.not_callable(exercise, facts.found))
    if facts.ready_made:
        return ("reference", *texts.ready_made(exercise, facts.ready_made))
    failure = facts.failure
    if failure and failure.name != OURS and failure.name.partition(".")[0] in READY_MADE:
        return ("reference", *texts.ready_made(exercise, failure.name))
    if failure:
        return (_cause(failure), *texts.cell_failed(exercise, failure))
    if facts.signature is None:
        return None
    for probe in exercise.probes:
        case = exercise.case(probe, seed)
        try:
            facts.signature.bind(*case.first, **case.kwargs)
        except TypeError:
            return ("signature", *texts.signature(exercise, facts.signature))
    return None


def _wrong(
    exercise: Exercise,
    outcomes: list[Outcome],
    passed: tuple[str, ...],
    seed: int | Sequence[int],
) -> Report:
    first = next(outcome for outcome in outcomes if not outcome.right)
    mistake = matching_mistake(exercise, outcomes, seed)
    fact, principle = texts.failure(exercise, first)
    lines = (
        fact,
        texts.place(exercise, first, passed, len(outcomes)),
        mistake.hint if mistake else principle,
    )
    failed, difference = first.reply.failure, first.difference
    cause = _cause(failed) if failed else difference.kind if difference else "exception"
    hint_id = mistake.id if mistake else None
    return Report(exercise, NOT_YET, cause, lines, passed, _points(outcomes, False), hint_id)


def _cause(failure: Failure) -> str:
    return "global" if failure.type == "NameError" and failure.name else "exception"


def _repeats(first: Outcome, again: Outcome) -> bool:
    """Whether the same question got the same answer twice; from the same seed, if it is random."""
    kinds = {outcome.difference.kind for outcome in (first, again) if outcome.difference}
    if first.case.moments and kinds <= {"moment"} and first.reply.failure is None:
        return again.reply.failure is None and _same(first.reply.value, again.reply.value)
    if first.right or again.right or first.reply.failure or again.reply.failure:
        return first.right == again.right
    return kinds != {"value"} or _same(first.reply.value, again.reply.value)


def _interface_fault(exercise: Exercise, outcomes: list[Outcome]) -> tuple[str, ...] | None:
    """Right values, but: (cause, line, line). None if there is nothing to say."""
    for outcome in outcomes:
        if outcome.reply.modified:
            return ("modified", *texts.modified(exercise, outcome))
        for name, times in outcome.case.calls.items():
            if outcome.reply.calls[name] != times:
                return ("calls", *texts.calls(exercise, outcome, name))
    return None


def _fixed_draws(
    exercise: Exercise, outcomes: list[Outcome], subject: Subject, seed: int | Sequence[int]
) -> tuple[str, ...] | None:
    """Whether a random answer draws the same from another seed: (cause, line, line), or None."""
    first = next((outcome for outcome in outcomes if outcome.case.moments), None)
    if first is None:
        return None
    other = subject.call(exercise, reseeded(exercise.case(first.probe, seed)))
    if other.failure or not _same(first.reply.value, other.value):
        return None
    return ("fixed draws", *texts.fixed_draws(exercise, first))


def _points(outcomes: list[Outcome], interface: bool) -> dict[str, int]:
    """Points by group. Nothing counts before the core does: tidy nonsense is still nonsense."""
    right = {
        group: all(outcome.right for outcome in outcomes if outcome.probe.group == group)
        for group in ("core", "edge")
    }
    right["interface"] = interface
    return {group: GROUPS[group] if right["core"] and right[group] else 0 for group in GROUPS}
