"""The rule that a cell can be told: each way round it, planted into a notebook."""

from __future__ import annotations

import pytest
from nbformat import v4

from tools.lesson_checks import long_cells
from tools.stored import WIDGET_VIEW

LINES = "x = 1\n"


def complaints(source: str, tags: tuple[str, ...] = (), shows: str = "") -> list[str]:
    cell = v4.new_code_cell(source, id="planted", metadata={"tags": list(tags)})
    if shows:
        cell.outputs = [v4.new_output("display_data", {shows: "<svg/>"})]
    short = v4.new_code_cell(LINES, id="short")
    return long_cells(v4.new_notebook(cells=[short, cell]))


TOO_LONG = {
    "a line too many": (LINES * 13, (), "", 13),
    "a derivation": ("x = (1 +\n" * 7 + "1\n" + ")\n" * 7, ("derivation",), "", 15),
    "something broken": (LINES * 14, ("broken",), "", 14),
    "statements in one line": ("x = 1; y = 2\n" * 7, (), "", 14),
    "a text over many lines": ('x = """' + "\n" * 13 + '"""', (), "", 14),
    "a drawing in sight": (LINES * 13, (), "image/svg+xml", 13),
    "hidden without a drawing": (LINES * 13, ("hide-input",), "", 13),
    "hidden, and it prints": (LINES * 13, ("hide-input",), "text/plain", 13),
    "imports in sight": ("import math\n" * 13, (), "", 13),
}


@pytest.mark.parametrize(("source", "tags", "shows", "lines"), TOO_LONG.values(), ids=TOO_LONG)
def test_a_long_cell_is_found(source: str, tags: tuple[str, ...], shows: str, lines: int) -> None:
    expected = f"cell planted: {lines} lines of code, 12 can be told."
    assert complaints(source, tags, shows) == [expected]


SHORT = {
    "twelve lines": (LINES * 12, (), ""),
    "what is no code": ("# why\n\nx = 1  # so; it is\n%time\n" * 12, (), ""),
    "a semicolon in a text": ("x = 'a; b'\n" * 12, (), ""),
    "a hidden figure": (LINES * 40, ("hide-input",), "image/svg+xml"),
    "hidden sliders": (LINES * 40, ("hide-input", "picture"), WIDGET_VIEW),
    "hidden imports": ("from math import (\n    pi,\n)\n" * 12, ("hide-input",), ""),
}


@pytest.mark.parametrize(("source", "tags", "shows"), SHORT.values(), ids=SHORT)
def test_a_short_one_and_a_hidden_drawing_pass(
    source: str, tags: tuple[str, ...], shows: str
) -> None:
    assert complaints(source, tags, shows) == []
