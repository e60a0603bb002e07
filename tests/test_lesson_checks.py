"""Every rule of a lesson finds the error that is planted for it."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from nbformat import v4
from sample_lesson import add, cell_of, plant_stale_alt

from dlcourse.lesson.registry import load_claims
from tools import lesson_checks, lesson_prose

ROOT = Path(__file__).parents[1]
LESSON = "lessons/1-sample/sample"


def registry(sample):
    return load_claims(sample[0].parents[2] / "book" / "claims")


def output(notebook, name, index=0):
    return cell_of(notebook, name).outputs[index]


STATIC = {
    "unexecuted": lesson_checks.unexecuted,
    "outputs": lesson_checks.bad_outputs,
    "ids": lesson_checks.bad_ids,
    "pictures": lesson_checks.bad_pictures,
    "tables": lesson_checks.bad_tables,
    "code": lesson_checks.bad_code,
    "prose": lesson_prose.unprinted_numbers,
}


@pytest.mark.parametrize("check", STATIC)
def test_the_sample_keeps_every_rule(lesson, check):
    assert STATIC[check](lesson) == []


def plant_stderr(nb):
    cell_of(nb, "numbers").outputs.append(v4.new_output("stream", name="stderr", text="50%|###"))


def plant_bar(nb):
    bar = {"text/plain": " 20%|##        | 46/230 [00:01<00:06, 30.55step/s]"}
    cell_of(nb, "numbers").outputs.append(v4.new_output("display_data", bar))


def plant_error(nb):
    cell_of(nb, "numbers").outputs.append(v4.new_output("error", ename="ValueError", evalue="no"))


def plant_png(nb):
    output(nb, "picture-line").data = {"image/png": "iVBORw0KGgo="}


def plant_no_alt(nb):
    output(nb, "picture-line").metadata = {}


def plant_two_pictures(nb):
    cell_of(nb, "picture-line").outputs.append(copy.deepcopy(output(nb, "picture-line")))


def plant_prose(text):
    def plant(nb):
        cell_of(nb, "title").source += f"\n\n{text}"

    return plant


PLANTED = {
    "a cell never run": (
        "unexecuted",
        lambda nb: cell_of(nb, "numbers").update(execution_count=None, outputs=[]),
        "cell numbers is number None of the run, not 2",
    ),
    "cells run out of order": (
        "unexecuted",
        lambda nb: cell_of(nb, "numbers").update(execution_count=7),
        "cell numbers is number 7",
    ),
    "an error": ("outputs", plant_error, "ends in ValueError: no"),
    "a progress bar": ("outputs", plant_bar, "stores a progress bar"),
    "a bar on stderr": ("outputs", plant_stderr, "writes to stderr"),
    "a random id": ("ids", lambda nb: nb.cells[1].update(id="3f2a9c1d"), "words in lower case"),
    "an id twice": ("ids", lambda nb: nb.cells[1].update(id="title"), "unique"),
    "a figure past picture": ("pictures", plant_png, "without plots.picture"),
    "a figure without alt text": ("pictures", plant_no_alt, "without alt text"),
    "alt text the page lacks": ("pictures", plant_stale_alt, "lacks its alt text"),
    "two figures in a cell": ("pictures", plant_two_pictures, "shows 2 figures"),
    "a column without a name": (
        "tables",
        plant_prose("| | right |\n|---|---:|\n| A | 12 |"),
        "a column without a name: | | right |",
    ),
    "a column without a name or a space": (
        "tables",
        plant_prose("|| right |\n|---|---:|\n| A | 12 |"),
        "a column without a name: || right |",
    ),
    "an algorithm": ("code", lambda nb: add(nb, "def adam(g):\n    return g"), "defines adam"),
    "a class": ("code", lambda nb: add(nb, "class Adam:\n    pass"), "defines Adam"),
    "an algorithm in a picture": (
        "code",
        lambda nb: add(nb, "def adam(g):\n    return g", tags=["picture"]),
        "defines adam",
    ),
    "a long lambda": ("code", lambda nb: add(nb, "f = lambda x: (\n    x)"), "several lines"),
    "imports further down": ("code", lambda nb: add(nb, "import math"), "imports stand in 2 cells"),
    "a line too long": ("code", lambda nb: add(nb, f"x = {'1 + ' * 20}1"), "85 columns"),
    "shown code too long": (
        "code",
        lambda nb: output(nb, "code").data.update({"text/plain": "x" * 80}),
        "80 columns",
    ),
    "a number nobody printed": (
        "prose",
        plant_prose("It takes 347 steps."),
        "says 347, no output prints it (nearest: 346)",
    ),
    "a number rounded wrongly": ("prose", plant_prose("Idle: 0.986."), "says 0.986"),
    "a percentage of another": ("prose", plant_prose("Idle: 98.6 %."), "says 98.6 %"),
    "a year that counts steps": ("prose", plant_prose("It takes 2018 steps."), "says 2018"),
    "an excuse for nothing": (
        "prose",
        plant_prose("<!-- numbers: 4603 -->"),
        "excuses 4603, which it does not say",
    ),
    "a number in a title": (
        "prose",
        lambda nb: add(nb, 'ax.set_title("It needs 347")'),
        "says 347",
    ),
}


@pytest.mark.parametrize("error", PLANTED)
def test_a_broken_rule_is_found(lesson, error):
    check, plant, message = PLANTED[error]
    plant(lesson)
    complaints = STATIC[check](lesson)
    assert len(complaints) == 1
    assert message in complaints[0]


@pytest.mark.parametrize(
    ("source", "tags"),
    [
        ("def adam(g):\n    return g", ["derivation"]),
        ("class Adam:\n    pass", ["broken"]),
        ("def draw_path(lr):\n    return lr", ["picture"]),
        ("f = lambda x: x**2", []),
    ],
)
def test_what_a_lesson_may_define(lesson, source, tags):
    add(lesson, source, tags=tags)
    assert lesson_checks.bad_code(lesson) == []


@pytest.mark.parametrize(
    "text",
    [
        "It takes 346 steps, or $346$, or 346.0.",
        "Idle for 0.985, 98.5%, 98.51 percent of the time.",
        "Polyak (1964), Kingma and Ba 2015, in 1983, [Reddi et al., 2018], arXiv 1609.04747.",
        "Its cost is 300 steps, `lr=0.00123`, see [page](x-12345.html) and §4.123.",
        "The paper says 4603. <!-- numbers: 4603 (section 3) -->",
        "That is 3.46 × 10² or $3.46 \\times 10^{2}$ or 3.46e2.",
        "A tenth: claimed below 0.100, from the code.",
    ],
)
def test_prose_that_says_what_is_printed(lesson, text):
    plant_prose(text)(lesson)
    assert lesson_prose.unprinted_numbers(lesson) == []


def test_the_words_of_a_claim_are_not_its_evidence(lesson):
    """A number in the registry's note is as much prose as one in the lesson."""
    record = output(lesson, "claim-run")
    record.data["text/plain"] += "\n  note: it takes 12345 steps"
    plant_prose("It takes 12,345 steps.")(lesson)
    assert "12,345" in lesson_prose.unprinted_numbers(lesson)[0]


@pytest.mark.parametrize(
    ("words", "boxes", "found"),
    [
        (4_000, 5, []),
        (6_000, 8, []),
        (3_999, 5, ["3999 words with code, not 4000 to 6000."]),
        (6_001, 5, ["6001 words with code, not 4000 to 6000."]),
        (5_000, 9, ["9 claims in boxes, not 5 to 8: see also_checked."]),
        (5_000, 4, ["4 claims in boxes, not 5 to 8: see also_checked."]),
    ],
)
def test_a_page_that_is_too_long_or_drowns_in_boxes_is_found(lesson, words, boxes, found):
    boxed = output(lesson, "claim-run")
    lesson.cells = [cell_of(lesson, "title"), cell_of(lesson, "claim-run")]
    lesson.cells[1].outputs = [boxed] * boxes
    lesson.cells[1].source = "show(one)  # seven words, some of them code"
    lesson.cells[0].source = "word " * (words - 8) + "<!-- numbers: 1, 2 -->"
    add(lesson, "one two three", tags=["hide-cell"])
    assert lesson_checks.bad_length(lesson) == found


def test_claims_of_the_sample(sample, lesson):
    assert lesson_checks.bad_claims(lesson, registry(sample), LESSON) == []
    assert lesson_checks.unchecked_claims({LESSON: lesson}, registry(sample)) == []


def test_a_flipped_verdict_is_found(sample, lesson):
    output(lesson, "claim-run").metadata["dlcourse"]["verdict"] = "inconclusive"
    found = lesson_checks.bad_claims(lesson, registry(sample), LESSON)
    assert "one.smaller is inconclusive; book/claims expects supported" in found[0]


def test_an_unknown_claim_is_found(sample, lesson):
    output(lesson, "claim-run").metadata["dlcourse"]["claim"] = "one.smaler"
    found = lesson_checks.bad_claims(lesson, registry(sample), LESSON)
    assert "one.smaler is not in book/claims" in found[0]


def test_a_claim_in_the_wrong_lesson_is_found(sample, lesson):
    found = lesson_checks.bad_claims(lesson, registry(sample), "lessons/1-sample/other")
    assert len(found) == 5
    assert "belongs to lessons/1-sample/sample" in found[0]


def test_a_claim_run_for_an_older_registry_is_found(sample, lesson):
    entries = {name: {**entry} for name, entry in registry(sample).items()}
    output(lesson, "claim-run").metadata["dlcourse"]["kind"] = "identity"
    assert "another entry" in lesson_checks.bad_claims(lesson, entries, LESSON)[0]


@pytest.mark.parametrize("times", [0, 2])
def test_a_claim_checked_nowhere_or_twice_is_found(sample, lesson, times):
    cell_of(lesson, "claim-run").outputs *= times
    found = lesson_checks.unchecked_claims({LESSON: lesson}, registry(sample))
    assert found == [f"one.smaller is checked {times} times in {LESSON}, not once."]


@pytest.mark.parametrize("lost", ["margin 10%", "12 independent"])
def test_an_experiment_whose_runs_or_margin_were_not_said_before_is_found(sample, lesson, lost):
    entries = {name: {**entry} for name, entry in registry(sample).items()}
    entries["one.smaller"]["decided_by"] = entries["one.smaller"]["decided_by"].replace(lost, "")
    (found,) = lesson_checks.bad_claims(lesson, entries, LESSON)
    assert "one.smaller: decided_by does not" in found and lost.split()[0].strip("margin") in found


def test_a_claim_of_a_table_is_checked_once_too(sample, lesson):
    output(lesson, "claim-table").metadata["dlcourse"]["claims"].pop(0)
    found = lesson_checks.unchecked_claims({LESSON: lesson}, registry(sample))
    assert found == [f"one.one is checked 0 times in {LESSON}, not once."]


def test_a_claim_without_a_lesson_is_found(sample):
    found = lesson_checks.unchecked_claims({}, registry(sample))
    assert len(found) == 6
    assert "which is not there" in found[0]
