"""What the generated pages are made of: tables, links to lessons and exercises."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from tools.registries import ROOT


class DeadNameError(SystemExit):
    """A registry names something that does not exist."""


@cache
def load(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def title_of(notebook: Path) -> str:
    """The first heading of a notebook."""
    for cell in load(notebook).cells:
        if cell.cell_type == "markdown" and (found := re.search(r"^# (.+)$", cell.source, re.M)):
            return found[1].strip()
    raise DeadNameError(f"{notebook} has no title.")


def lesson_link(lesson: str, root: Path = ROOT) -> str:
    notebook = root / f"{lesson}.ipynb"
    if not notebook.exists():
        raise DeadNameError(f"A registry in book/ names the lesson {lesson}, which is not there.")
    return f"[{title_of(notebook)}](/{lesson}.ipynb)"


def exercise_link(exercise: str, root: Path = ROOT) -> str:
    """A link to the student notebook that has ``check("<exercise>", …)``."""
    for notebook in sorted((root / "exercises").glob("*/*.ipynb")):
        if any(f'check("{exercise}"' in cell.source for cell in load(notebook).cells):
            return f"[{exercise}](/{notebook.relative_to(root).as_posix()})"
    raise DeadNameError(f"A registry in book/ names the exercise {exercise}: no notebook has it.")


def list_table(head: list[str], rows: Iterable[list[str]], css: str, widths: str) -> str:
    """A MyST table; ``css`` lets a narrow screen lay its rows out as cards."""
    lines = [":::{list-table}", ":header-rows: 1", f":class: cards {css}", f":widths: {widths}", ""]
    for row in [head, *rows]:
        for i, cell in enumerate(row):
            body = textwrap.indent(cell or "—", "    ").strip()
            lines.append(("* - " if i == 0 else "  - ") + body)
    return "\n".join([*lines, ":::", ""])
