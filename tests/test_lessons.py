"""Every stored lesson, held to the rules of the house; `make lessons` runs it again.

The checks are functions of a notebook, in ``tools/lesson_checks.py`` and ``lesson_prose.py``;
``test_lesson_checks.py`` proves that each finds its error.
"""

from __future__ import annotations

import functools
from pathlib import Path

import nbformat
import pytest

from dlcourse.lesson.registry import load_claims
from tools import lesson_checks, lesson_prose
from tools.stored import normalized, text_of

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "lessons").rglob("*.ipynb"))
NAMES = [path.relative_to(ROOT).with_suffix("").as_posix() for path in LESSONS]
STATIC = [
    lesson_checks.unexecuted,
    lesson_checks.bad_outputs,
    lesson_checks.bad_ids,
    lesson_checks.bad_pictures,
    lesson_checks.bad_tables,
    lesson_checks.bad_code,
    lesson_checks.long_cells,
    lesson_prose.unprinted_numbers,
]
lesson = pytest.mark.parametrize("name", NAMES)


@functools.cache
def stored(name):
    return nbformat.read(ROOT / f"{name}.ipynb", as_version=4)


@functools.cache
def registry():
    return load_claims(ROOT / "book" / "claims")


def test_there_are_lessons():
    assert LESSONS, "no notebook in lessons/: every other test here would pass for nothing"


@lesson
@pytest.mark.parametrize("check", STATIC, ids=lambda check: check.__name__)
def test_rule(name, check):
    complaints = check(stored(name))
    assert not complaints, "\n".join([f"{name}:", *complaints])


@lesson
def test_it_is_stored_as_the_executor_stores_it(name):
    text = (ROOT / f"{name}.ipynb").read_text(encoding="utf-8")
    assert text == text_of(normalized(stored(name))), "Run `python -m tools.notebooks normalize`."


@lesson
def test_one_argument_a_page(name):
    complaints = lesson_checks.bad_length(stored(name))
    assert not complaints, "\n".join([f"{name}:", *complaints])


@lesson
def test_claims_came_out_as_expected(name):
    complaints = lesson_checks.bad_claims(stored(name), registry(), name)
    assert not complaints, "\n".join([f"{name}:", *complaints])


def test_every_claim_is_checked_in_its_lesson():
    complaints = lesson_checks.unchecked_claims({n: stored(n) for n in NAMES}, registry())
    assert not complaints, "\n".join(complaints)
