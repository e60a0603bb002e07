"""How good are the exercises? Count what their probes catch, and what they wrongly reject.

A grader is an instrument, so it is calibrated: every known mistake has to be rejected, and with its
own hint; every other right answer accepted; nearly all mechanical mutants noticed.
"""

from __future__ import annotations

from dataclasses import dataclass

from dlcourse.grading.bank import exercises
from dlcourse.grading.judge import judge
from dlcourse.grading.mutants import survivors
from dlcourse.grading.report import CORRECT
from dlcourse.grading.spec import Exercise


@dataclass(frozen=True)
class Quality:
    """The counts of one exercise, and the names of whatever should not have happened."""

    exercise: str
    title: str
    mistakes: int
    accepted_mistakes: tuple[str, ...]
    wrong_hints: tuple[str, ...]
    variants: int
    rejected_variants: tuple[str, ...]
    mutants: int
    surviving_mutants: tuple[str, ...]

    @property
    def row(self) -> tuple[str, ...]:
        """The counts as text, in the order of `HEADER`."""
        rejected = self.mistakes - len(self.accepted_mistakes)
        hinted = self.mistakes - len(self.wrong_hints)
        accepted = self.variants - len(self.rejected_variants)
        killed = self.mutants - len(self.surviving_mutants)
        return (
            self.exercise,
            f"{rejected}/{self.mistakes}",
            f"{hinted}/{self.mistakes}",
            f"{accepted}/{self.variants}",
            f"{killed}/{self.mutants}",
        )


HEADER = (
    "exercise",
    "known mistakes rejected",
    "with their own hint",
    "right variants accepted",
    "mutants noticed",
)


def quality(exercise: Exercise) -> Quality:
    """Put an exercise's own bank, and the mutants of its solution, through its probes."""
    on_mistakes = {m.id: judge(exercise, m.answer, own=False) for m in exercise.mistakes}
    on_variants = {v.note: judge(exercise, v.answer, own=False) for v in exercise.variants}
    alive, made = survivors(exercise)
    return Quality(
        exercise.id,
        exercise.title,
        len(on_mistakes),
        tuple(id for id, report in on_mistakes.items() if report.status == CORRECT),
        tuple(id for id, report in on_mistakes.items() if report.hint_id != id),
        len(on_variants),
        tuple(note for note, report in on_variants.items() if report.status != CORRECT),
        made,
        tuple(mutant.change for mutant in alive),
    )


def table() -> list[Quality]:
    """One row for every exercise, in the order of the book."""
    return [quality(exercise) for exercise in exercises().values()]
