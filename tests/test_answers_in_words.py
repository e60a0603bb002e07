"""Where a word is the answer: the same word has to come, and nothing that only says it is one."""

from __future__ import annotations

import enum

import numpy as np
import pytest

from dlcourse.grading.bank import find
from dlcourse.grading.compare import compare, deviation
from dlcourse.grading.judge import judge
from dlcourse.grading.report import CORRECT


class Equal(str):
    """Says that it equals everything."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __str__(self) -> str:
        return "saddle"


class Kind(enum.StrEnum):
    SADDLE = "saddle"


@pytest.mark.parametrize("came", ["saddle", np.str_("saddle"), Kind.SADDLE])
def test_the_same_word_is_right(came: str) -> None:
    assert compare("saddle", came) is None
    assert deviation("saddle", came) == 0


@pytest.mark.parametrize(
    ("came", "kind"),
    [
        ("minimum", "text"), ("Saddle", "text"), ("", "text"), (Equal("minimum"), "text"),
        (None, "none"), (3, "type"), (b"saddle", "type"), (["saddle"], "type"),
        (np.array("saddle"), "type"),
    ],
)  # fmt: skip
def test_anything_else_is_not(came: object, kind: str) -> None:
    difference = compare("saddle", came)
    assert difference is not None and difference.kind == kind
    assert deviation("saddle", came) == np.inf


def test_a_word_is_no_number() -> None:
    difference = compare(np.ones(2), "saddle")
    assert difference is not None and difference.kind == "type"


def test_what_a_learner_reads() -> None:
    exercise = find("critical_points")
    report = judge(exercise, lambda H, tol=1e-8: "a\x1b[31mSaddle", own=False)
    assert (report.cause, report.hint_id) == ("text", None)
    assert "Expected 'saddle', came 'a\\x1b[31mSaddle'." in repr(report)
    report = judge(exercise, lambda H, tol=1e-8: 0.0, own=False)
    assert "Expected a text, came a float." in repr(report)
    right = judge(exercise, lambda H, tol=1e-8: np.str_(exercise.reference(H, tol)), own=False)
    assert right.status == CORRECT
