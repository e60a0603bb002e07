"""The first code cell of every notebook: it says how to get the package where it is missing.

    python -m tools.first_cell write     put it into lessons/ and solutions/, then `make exercises`
    python -m tools.first_cell check     say which notebooks lack it; exit status 1 where one does

It is the same everywhere, and no page shows it. What it tells to install hangs on the address in
``book/publish.yml``; without one it is the wheel that `make dist` builds.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from tools.address import address, requirement
from tools.stored import code_cells, normalized, write

ROOT = Path(__file__).resolve().parents[1]
ID = "get-the-package"
TAGS = ["remove-cell"]
NEEDED = "dlcourse", "matplotlib", "torch", "yaml"  # the package, and what its extras bring
CELL = """\
from importlib.util import find_spec

if not all(map(find_spec, {needed})):
    raise SystemExit(
        "This notebook needs the book's package. In a cell of its own, run\\n"
        "    %pip install '{start}"
        "{end}'\\n"
        "{where}"
    )"""


def source(root: Path = ROOT) -> str:
    """The cell's text."""
    at = address(root / "book" / "publish.yml")
    what = requirement(at, root)
    if at.repository:
        cut, where = what.index("git+"), "and then run all cells."
    else:
        what, cut = f"./{what}", len("./")
        where = "beside the wheel, which `make dist` builds in the book's folder."
    start, end = what[:cut], what[cut:]
    needed = "(" + ", ".join(f'"{name}"' for name in NEEDED) + ")"
    return CELL.format(needed=needed, start=start, end=end, where=where)


def begun(notebook: Any, text: str) -> Any:
    """The notebook with ``text`` as its first code cell; a cell that was put there before goes."""
    old = [cell for cell in notebook.cells if cell.id == ID]
    notebook.cells = [cell for cell in notebook.cells if cell.id != ID]
    place = next(i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    ran = any(cell.execution_count for cell in code_cells(notebook))
    for cell in code_cells(notebook) if not old else ():
        if cell.execution_count:
            cell.execution_count += 1
    cell = nbformat.v4.new_code_cell(text, id=ID, execution_count=1 if ran else None)
    cell.metadata.tags = list(TAGS)
    notebook.cells.insert(place, cell)
    return normalized(notebook)


def found(root: Path = ROOT) -> Iterator[Path]:
    """The notebooks that are written by hand; exercises are made from their masters."""
    for folder in ("lessons", "solutions"):
        yield from sorted((root / folder).glob("*/*.ipynb"))


def problems(root: Path = ROOT) -> list[str]:
    """Notebooks, those of the exercises too, whose first code cell is another."""
    text = source(root)
    notebooks = [*found(root), *sorted((root / "exercises").glob("*/*.ipynb"))]
    return [
        path.relative_to(root).as_posix()
        for path in notebooks
        if next(code_cells(nbformat.read(path, as_version=4))).source != text
    ]


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.first_cell",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=("write", "check"))
    if parser.parse_args(arguments).verb == "check":
        if lines := problems(root):
            lines.append("Run `python -m tools.first_cell write` and `make exercises`.")
            print("\n".join(lines), file=sys.stderr)
        return 1 if lines else 0
    text = source(root)
    for path in found(root):
        written = write(begun(nbformat.read(path, as_version=4), text), path)
        print(f"{path.relative_to(root).as_posix()}: {'written' if written else 'unchanged'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
