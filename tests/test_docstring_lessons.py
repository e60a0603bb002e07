"""A lesson that a docstring names is there, and it is the one that the index names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tools import pages
from tools.registries import ROOT, read

LESSONS = {path.stem: path for path in (ROOT / "lessons").glob("*/*.ipynb")}
LINE = re.compile(r"\bLessons?: ([^.]*)")
STARS = re.compile(r"\blessons? (\*[\w-]+\*(?:(?:, | and )\*[\w-]+\*)*)")
"""``Lesson: adam.`` at the end of the references; "the lessons *adam* and *adaptive*" in prose."""


def named(text: str) -> list[str]:
    """The lessons that a docstring names, as it writes them."""
    text = " ".join(text.split())
    lists = LINE.findall(text) + [names.replace("*", "") for names in STARS.findall(text)]
    return [name.strip() for names in lists for name in re.split(r", | and ", names)]


def unknown(source: str) -> list[str]:
    """What the docstrings of a module name, and is no file of ``lessons/``."""
    tree = ast.walk(ast.parse(source))
    texts = [node.value for node in tree if isinstance(node, ast.Constant)]
    found = [name for text in texts if isinstance(text, str) for name in named(text)]
    return [name for name in found if name not in LESSONS]


def files() -> list[Path]:
    return sorted((ROOT / "dlcourse").rglob("*.py"))


def test_every_lesson_that_is_named_is_there() -> None:
    assert len(LESSONS) == len(list((ROOT / "lessons").glob("*/*.ipynb")))  # a name says which
    names = [name for path in files() for name in named(path.read_text(encoding="utf-8"))]
    assert len(names) > 50
    wrong = {
        path.relative_to(ROOT).as_posix(): found
        for path in files()
        if (found := unknown(path.read_text(encoding="utf-8")))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("docstring", "found"),
    [
        ("Kingma, Ba (2015). Lesson: adam.", []),
        ("Li et al. (2018). Lesson: pictures of a\n    landscape.", ["pictures of a landscape"]),
        ("Lessons: adam, landscape and adaptive.", ["landscape"]),
        ("as the lessons *adam* and\n    *adaptivity* measure", ["adaptivity"]),
        ("Lesson: lessons/2-optimizers/adam.", ["lessons/2-optimizers/adam"]),
    ],
)  # fmt: skip
def test_a_lesson_that_is_not_there_is_found(docstring: str, found: list[str]) -> None:
    assert unknown(f'def planted():\n    """One.\n\n    {docstring}\n    """\n') == found


def elsewhere(registry: list[dict]) -> list[str]:
    """Rows of the index whose lesson is none of those that the docstring names."""
    rows = [row for area in registry for row in area["rows"] if "lesson" in row]
    lines = [(row, named(pages.resolve(row["scratch"]).__doc__ or "")) for row in rows]
    return [
        f"{row['name']}: {', '.join(names)}, not {row['lesson']}"
        for row, names in lines
        if names and row["lesson"].rpartition("/")[2] not in names
    ]


def test_the_index_names_the_same_lesson() -> None:
    index = read("algorithms")
    assert elsewhere(index) == []
    row = {"name": "Adam", "scratch": "dlcourse.scratch.optimizers.Adam"}
    planted = [{"rows": [{**row, "lesson": "lessons/2-optimizers/adaptive"}]}]
    assert elsewhere(planted) == ["Adam: adam, not lessons/2-optimizers/adaptive"]
