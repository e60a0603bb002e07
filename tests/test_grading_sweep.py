"""Exercises asked once for every step, or with two results: what a learner reads."""

import cells
import numpy as np
import pytest
from cells import Notebook

from dlcourse.grading import check, probe
from dlcourse.grading.bank import find
from dlcourse.grading.judge import judge
from dlcourse.grading.report import CORRECT, NOT_ATTEMPTED, NOT_YET

home = cells.home


def answer(source):
    """The function of a cell, by the name that the exercise gives it."""
    notebook = Notebook()
    notebook.cell(source)
    return notebook.names["lr"]


HEAD = "def lr(t, lr0, gamma, every):\n"
RIGHT = "    return lr0 * gamma ** (t // every)"
STATEFUL = """
k = [0]
def lr(t, lr0, gamma, every):
    k[0] += 1
    return lr0 * gamma ** (k[0] // every)
"""

# (what the answer does, its cell, the cause, a text that must be read)
WRONG = [
    ("returns nothing", HEAD + "    lr0 * gamma", "none", "The function returned None."),
    ("None at times", HEAD + "    if t < every: return lr0", "none", "The function returned None."),
    ("text", HEAD + "    return 'lr0'", "type", "Expected an array of numbers, came a list."),
    ("a list", HEAD + "    return [lr0, lr0]", "shape", "Every call returns one number"),
    ("NaN", HEAD + "    return lr0 * np.log(-1.0)", "nan", "division by zero"),
    ("counts calls", STATEFUL, "memory", "two different answers"),
    ("raises", HEAD + "    return lr0[t]", "exception", "TypeError in line 2 of the answer"),
    ("no rate", "def lr(t, rate, gamma, every):\n    return rate", "signature",
     "Expected lr(t, lr0, gamma, every), came lr(t, rate, gamma, every)."),
    ("a wrong number", HEAD + RIGHT + " + 1", "value", "[lr(t, **case.kwargs) for t in case.over]"),
]  # fmt: skip


@pytest.mark.parametrize("row", WRONG, ids=[row[0] for row in WRONG])
def test_every_way_to_be_wrong_has_its_message(row):
    _, source, cause, text = row
    report = check("schedule_step", answer(source))
    assert (report.status, report.cause, report.hint_id) == (NOT_YET, cause, None)
    assert text in repr(report)
    assert len(repr(report).splitlines()) <= 3


def test_right_and_empty_answers():
    assert check("schedule_step", answer(HEAD + RIGHT)).status == CORRECT
    assert check("schedule_step", answer(HEAD + "    ...")).status == NOT_ATTEMPTED


def test_the_place_is_a_step():
    """All steps of a short probe, the first wrong one of a long probe."""
    late = next(m for m in find("schedule_step").mistakes if m.id.endswith("/late")).answer
    spec = find("schedule_step")
    (where,) = {line for line in judge(spec, late, own=False).lines if "At probe" in line}
    over = probe("schedule_step", "around the first drop").over
    assert where.startswith(
        f'At probe "around the first drop", t = {", ".join(map(str, over))}; right on 1 of 5'
    )
    sgdr = find("schedule_sgdr")
    wrong = next(m for m in sgdr.mistakes if m.id.endswith("/adds_length")).answer
    assert 'At probe "three cycles that double", t = 13;' in repr(judge(sgdr, wrong, own=False))


def test_near_zero_a_schedule_is_compared_with_its_own_size():
    """float32 cannot hit the zero at the end of a cosine; that is no mistake."""
    spec = find("schedule_cosine")

    def rounded(t, T, lr_max, lr_min=0.0):
        return spec.reference(t, T, lr_max, lr_min) + 1e-8

    assert judge(spec, rounded, own=False).status == CORRECT


def test_the_learner_can_ask_what_check_asked():
    case = probe("schedule_cosine", "ends and middle")
    values = [find("schedule_cosine").reference(t, **case.kwargs) for t in case.over]
    assert np.array_equal(values, case.ask(find("schedule_cosine").reference))


def test_the_places_of_clipping():
    spec = find("clipping")
    by_id = {m.id.split("/")[1]: m.answer for m in spec.mistakes}
    assert ", total_norm; right on" in repr(judge(spec, by_id["norm_after"], own=False))
    assert ", clipped[0]; right on" in repr(judge(spec, by_id["per_tensor"], own=False))
    three = judge(spec, lambda grads, max_norm: (*spec.reference(grads, max_norm), 1.0), own=False)
    assert "Two things come back" in repr(three)


def test_a_clip_in_place_is_noticed():
    spec = find("clipping")

    def in_place(grads, max_norm):
        clipped, norm = spec.reference(grads, max_norm)
        for old, new in zip(grads, clipped, strict=True):
            old[...] = new
        return grads, norm

    report = judge(spec, in_place, own=False)
    assert report.cause == "modified"
    assert "The values are right, but grads was modified." in repr(report)


def test_a_mutant_without_an_end_is_stopped():
    from dlcourse.grading.mutants import mutants

    sgdr = find("schedule_sgdr")
    endless = next(m for m in mutants(sgdr) if m.change.endswith("without t = t - length"))
    with pytest.raises(RuntimeError, match="no end after"):
        endless.answer(5, 4, 1, 1.0)
