"""What a lesson must keep, as functions of a notebook that return complaints: none if all is well.

``tests/test_lessons.py`` holds every stored lesson to them; ``tests/test_lesson_checks.py`` hands
each one a notebook with the error it must find.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from tools.stored import (
    WIDGET_VIEW,
    NotebookError,
    alt_of,
    check_ids,
    claims_in,
    code_cells,
    is_image,
)

FREE_TO_DEFINE = {"derivation", "broken"}  # tags of the cells in which an algorithm may be written
CODE_WIDTH = 79
CODE_LINES = 12
WORDS, BOXES = (4_000, 6_000), (5, 8)
HIDDEN = {"hide-input", "picture"}  # tags of cells whose code is no part of the argument
UNSEEN = {"hide-cell", "remove-cell"}  # and of those that are not on the page, or folded away
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
NO_CODE |= {tokenize.ENDMARKER}
RULE_OF_TABLE = re.compile(r"\|?(\s*:?-+:?\s*\|)+(\s*:?-+:?\s*)?")
SHOULD_BE = "Run `make run LESSON=…`."


def tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", []))


def records(notebook: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Every claim's record, with the cell it was made in."""
    for cell in code_cells(notebook):
        for record in claims_in(cell):
            yield cell, record


def unexecuted(notebook: Any) -> list[str]:
    """Every code cell has been run, once, from the top down."""
    counts = [(cell.id, cell.execution_count) for cell in code_cells(notebook)]
    return [
        f"cell {name} is number {count} of the run, not {place}. {SHOULD_BE}"
        for place, (name, count) in enumerate(counts, start=1)
        if count != place
    ]


def bad_outputs(notebook: Any) -> list[str]:
    """No error where none is meant, nothing on stderr: no warning, no progress bar."""
    found = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error" and "raises-exception" not in tags(cell):
                found.append(f"cell {cell.id} ends in {output.ename}: {output.evalue}")
            if output.output_type == "stream" and output.name == "stderr":
                found.append(f"cell {cell.id} writes to stderr: {output.text.strip()[:80]!r}")
            text = str(output.get("data", {}).get("text/plain", ""))
            if re.match(r"\s*\d+%\|", text):
                found.append(f"cell {cell.id} stores a progress bar: {text[:80]!r}")
    return found


def bad_ids(notebook: Any) -> list[str]:
    try:
        check_ids(notebook, "lesson")
    except NotebookError as error:
        return [str(error)]
    return []


def bad_pictures(notebook: Any) -> list[str]:
    """Every figure is an SVG of ``picture`` or ``explore``, one a cell, with its alt text."""
    found = []
    for cell in code_cells(notebook):
        images = [output for output in cell.outputs if is_image(output)]
        for output in images:
            alt = alt_of(output)
            if "image/svg+xml" not in output.data:
                found.append(f"cell {cell.id} shows a figure without plots.picture.")
            elif len(alt) < 20:
                found.append(f"cell {cell.id} shows a figure without alt text.")
            elif cell.metadata.get("mystnb", {}).get("image", {}).get("alt") != alt:
                found.append(f"cell {cell.id} lacks its alt text in the metadata. {SHOULD_BE}")
        if len(images) > 1:
            found.append(f"cell {cell.id} shows {len(images)} figures: one a cell.")
    return found


def bad_tables(notebook: Any) -> list[str]:
    """Every column of a table has a name, without which a screen reader says nothing."""
    return [
        f"cell {cell.id} has a table with a column without a name: {line.strip()}"
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line, below in pairwise(cell.source.splitlines())
        if RULE_OF_TABLE.fullmatch(below.strip())
        and not all(map(str.strip, line.strip().removeprefix("|").removesuffix("|").split("|")))
    ]


def bad_code(notebook: Any) -> list[str]:
    """No algorithm is defined in a lesson, all imports stand together, every line fits the page.

    A ``def`` or ``class`` belongs in a cell tagged ``derivation`` or ``broken``; a cell tagged
    ``picture`` may define functions named ``draw…``; a ``lambda`` takes one line, anywhere.
    """
    found, importing = [], []
    for cell in code_cells(notebook):
        lines = [line for line in cell.source.splitlines() if not line.startswith(("%", "!"))]
        nodes = list(ast.walk(ast.parse("\n".join(lines))))
        imports = any(isinstance(node, ast.Import | ast.ImportFrom) for node in nodes)
        if imports and "remove-cell" not in tags(cell):  # of tools.first_cell
            importing.append(cell.id)
        found += [f"cell {cell.id}: {text}" for node in nodes if (text := _defines(node, cell))]
        found += [
            f"cell {cell.id}: {len(line)} columns, {CODE_WIDTH} fit: {line.strip()[:50]}…"
            for line in [*cell.source.splitlines(), *_shown_code(cell)]
            if len(line) > CODE_WIDTH
        ]
    if len(importing) > 1:
        found.append(f"imports stand in {len(importing)} cells: {', '.join(importing)}.")
    return found


def _defines(node: ast.AST, cell: Any) -> str:
    if isinstance(node, ast.Lambda) and node.lineno != node.end_lineno:
        return f"a lambda over several lines (line {node.lineno}); it takes one."
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ""
    if tags(cell) & FREE_TO_DEFINE:
        return ""
    drawing = isinstance(node, ast.FunctionDef) and node.name.startswith("draw")
    if "picture" in tags(cell) and drawing:
        return ""
    return f"defines {node.name}; only cells tagged {', '.join(sorted(FREE_TO_DEFINE))} may."


def _shown_code(cell: Any) -> Iterator[str]:
    for output in cell.outputs:
        if "text/markdown" in output.get("data", {}):
            yield from output.data["text/plain"].splitlines()


def long_cells(notebook: Any) -> list[str]:
    """No cell is longer than one can say aloud: imports and hidden drawings excepted.

    Blank lines and comments do not count; two statements in a line are two.
    """
    found = []
    for cell in code_cells(notebook):
        length = _lines_of_code(cell.source)
        if length > CODE_LINES and not (tags(cell) & HIDDEN and _draws_or_imports(cell)):
            found.append(f"cell {cell.id}: {length} lines of code, {CODE_LINES} can be told.")
    return found


def _lines_of_code(source: str) -> int:
    code = "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))
    lines: set[int] = set()
    joined = 0
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
            joined += token.string == ";"
    return len(lines) + joined


def _draws_or_imports(cell: Any) -> bool:
    drawn = any(
        is_image(output) or WIDGET_VIEW in output.get("data", {}) for output in cell.outputs
    )
    return drawn or cell.source.startswith(("import ", "from "))


def bad_length(notebook: Any) -> list[str]:
    """One argument a page: so many words, with the code that a reader sees; so many boxes."""
    seen = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    seen += [c.source for c in code_cells(notebook) if not tags(c) & (HIDDEN | UNSEEN)]
    words = sum(len(re.sub(r"<!--.*?-->", "", text, flags=re.S).split()) for text in seen)
    low, high = WORDS
    found = [] if low <= words <= high else [f"{words} words with code, not {low} to {high}."]
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    boxed = ["claim" in output.get("metadata", {}).get("dlcourse", {}) for output in outputs]
    low, high = BOXES
    if not low <= sum(boxed) <= high:
        found.append(f"{sum(boxed)} claims in boxes, not {low} to {high}: see also_checked.")
    return found


def bad_claims(notebook: Any, registry: Mapping[str, dict[str, Any]], lesson: str) -> list[str]:
    """Every claim made here is in the registry, belongs here, and came out as expected."""
    found = []
    for cell, record in records(notebook):
        name = record["claim"]
        entry = registry.get(name)
        if entry is None:
            found.append(f"cell {cell.id}: {name} is not in book/claims.")
            continue
        if entry["lesson"] != lesson:
            found.append(f"cell {cell.id}: {name} belongs to {entry['lesson']}.")
        if record["verdict"] != entry["expected"]:
            found.append(
                f"cell {cell.id}: {name} is {record['verdict']}; book/claims expects "
                f"{entry['expected']}."
            )
        if (record["kind"], record["expected"]) != (entry["kind"], entry["expected"]):
            found.append(f"cell {cell.id}: {name} was run for another entry. {SHOULD_BE}")
        found += [f"cell {cell.id}: {name}: {words}" for words in _undecided(record, entry)]
    return found


def _undecided(record: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[str]:
    """What an experiment was decided by, but ``decided_by`` does not say."""
    if record["kind"] != "experiment":
        return
    said = entry["decided_by"]
    if not re.search(rf"(?<![\d.]){record['independent']}(?![\d.]*\d)", said):
        yield f"decided_by does not say that {record['independent']} independent runs decide."
    margin = f"{100 * record['margin']:.3g}"
    if not re.search(rf"(?<![\d.]){re.escape(margin)}\s?(%|percent)", said):
        yield f"decided_by does not name the margin of {margin}%."


def unchecked_claims(
    lessons: Mapping[str, Any], registry: Mapping[str, dict[str, Any]]
) -> list[str]:
    """Every claim of the registry is checked, once, in the lesson it names."""
    found = []
    checked = {
        lesson: [record["claim"] for _, record in records(notebook)]
        for lesson, notebook in lessons.items()
    }
    for name, entry in registry.items():
        count = checked.get(entry["lesson"], []).count(name)
        allowed = {"same": (0,), "untestable": (0, 1)}.get(entry["kind"], (1,))
        if entry["lesson"] not in checked:
            found.append(f"{name} belongs to {entry['lesson']}, which is not there.")
        elif count not in allowed:
            found.append(f"{name} is checked {count} times in {entry['lesson']}, not once.")
    return found
