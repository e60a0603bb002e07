"""Make the student notebooks in exercises/ from the masters in solutions/.

    python -m tools.exercises build      write them (what `make exercises` does)
    python -m tools.exercises check      compare, write nothing; exit status 1 where one differs

A master is a notebook with the answers in it. Only a code cell tagged ``exercise:<id>`` holds an
answer, between the markers otter-grader knows, so that ``otter assign`` reads a master too:

    # BEGIN SOLUTION … # END SOLUTION                    becomes  ...
    # BEGIN SOLUTION NO PROMPT … # END SOLUTION          disappears
    x = 5  # SOLUTION                                    becomes  x = ...
    return x  # SOLUTION                                 becomes  ...
    line  # SOLUTION NO PROMPT                           disappears
    \"\"\" # BEGIN PROMPT … \"\"\"; # END PROMPT         what stands between them appears

A cell tagged ``solution-only`` stays in the master. Outputs go, except those of a cell tagged
``keep-output``: a picture that belongs to a question. Cells keep their ids and the file holds
nothing of the machine or the moment, so the same master gives the same bytes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from dlcourse.grading import answers
from dlcourse.grading.bank import exercises
from tools.stored import KERNEL, LANGUAGE, check_ids, text_of, write

ROOT = Path(__file__).resolve().parents[1]
TAG = "exercise:"
BEGIN = re.compile(r"^(\s*)#\s?BEGIN SOLUTION(\s+NO PROMPT)?\s*$")
END = re.compile(r"^\s*#\s?END SOLUTION\s*$")
BEGIN_PROMPT = re.compile(r'^\s*"""\s*#\s?BEGIN PROMPT\s*$')
END_PROMPT = re.compile(r'^\s*""";?\s*#\s?END PROMPT\s*$')
NO_PROMPT = re.compile(r"^.*#\s?SOLUTION NO PROMPT\s*$")
ASSIGNMENT = re.compile(r"^(\s*[A-Za-z_][\w ,]*=)[^=].*#\s?SOLUTION\s*$")
LINE = re.compile(r"^(\s*).*#\s?SOLUTION\s*$")
MARKER = re.compile(r"#\s?(BEGIN |END )?(SOLUTION|PROMPT)")


class MasterError(SystemExit):
    """A master that cannot become an exercise; the message says where and why."""


def stub(source: str, where: str = "cell") -> str:
    """The student's side of an answer cell: solutions out, prompts in."""
    kept: list[str] = []
    state = ""
    for number, line in enumerate(source.split("\n"), start=1):
        here = f"{where}, line {number}"
        if found := BEGIN.match(line):
            _demand(state == "", f"{here}: a solution must not begin inside another {state}.")
            state = "solution"
            kept += [] if found[2] else [f"{found[1]}..."]
        elif END.match(line):
            _demand(state == "solution", f"{here}: END SOLUTION must follow a BEGIN SOLUTION.")
            state = ""
        elif BEGIN_PROMPT.match(line):
            _demand(state == "", f"{here}: a prompt must not begin inside another {state}.")
            state = "prompt"
        elif END_PROMPT.match(line):
            _demand(state == "prompt", f"{here}: END PROMPT must follow a BEGIN PROMPT.")
            state = ""
        elif state != "solution" and not NO_PROMPT.match(line):
            kept.append(line if state == "prompt" else _without(line))
    _demand(state == "", f"{where}: the {state} that begins here must end.")
    return "\n".join(kept).strip("\n")


def _without(line: str) -> str:
    if found := ASSIGNMENT.match(line):
        return f"{found[1]} ..."
    if found := LINE.match(line):
        return f"{found[1]}..."
    return line


def student(master: Any, name: str) -> Any:
    """The student notebook of a master, which is checked on the way; ``name`` is for messages."""
    check_ids(master, name)
    cells = [_cell(cell, name) for cell in master.cells if "solution-only" not in _tags(cell)]
    asked = [exercise_of(cell) for cell in master.cells if exercise_of(cell)]
    _demand(bool(asked), f"{name}: no cell is tagged {TAG}<id>.")
    for id in asked:
        _demand(asked.count(id) == 1, f"{name}: exercise {id} must be asked once.")
        text = f'check("{id}", {exercises()[id].entry})'
        has = any(cell["cell_type"] == "code" and text in cell["source"] for cell in cells)
        _demand(has, f"{name}: exercise {id} must have a cell with {text}.")
    about = {"html_meta": {"description": description(master, name)}}
    data = {"kernelspec": dict(KERNEL), "language_info": dict(LANGUAGE), "myst": about}
    return nbformat.from_dict(
        {"cells": cells, "metadata": data, "nbformat": 4, "nbformat_minor": 5}
    )


def exercise_of(cell: Any) -> str:
    """The id of the exercise that a cell answers; empty for any other cell."""
    ids = [tag.removeprefix(TAG) for tag in _tags(cell) if tag.startswith(TAG)]
    return ids[0] if ids else ""


def description(master: Any, name: str) -> str:
    """The page's description: the first paragraph under its title, without markup."""
    lines = master.cells[0].source.strip().split("\n\n")
    _demand(
        master.cells[0].cell_type == "markdown" and lines[0].startswith("# ") and len(lines) > 1,
        f"{name}: the first cell must be a title and a paragraph that says what the page is.",
    )
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(lines[1].split()))
    return re.sub(r"[*_`$]", "", text)


def _cell(cell: Any, name: str) -> dict[str, Any]:
    where = f"{name}, cell {cell.id}"
    tags = [tag for tag in _tags(cell) if tag != "keep-output"]
    made: dict[str, Any] = {"cell_type": cell.cell_type, "id": cell.id, "source": cell.source}
    made["metadata"] = {"tags": tags} if tags else {}
    if "mystnb" in cell.metadata:
        made["metadata"]["mystnb"] = cell.metadata["mystnb"]
    if "hide-input" in tags:  # JupyterLab folds the cell by a setting of its own
        made["metadata"]["jupyter"] = {"source_hidden": True}
    if cell.cell_type != "code":
        return made
    made |= {"execution_count": None, "outputs": []}
    if id := exercise_of(cell):
        made["source"] = _checked_stub(cell.source, id, where)
    else:
        marked = MARKER.search(cell.source)
        _demand(not marked, f"{where}: only a cell tagged {TAG}<id> may hold a solution.")
    if "keep-output" in _tags(cell):
        _demand(bool(cell.outputs), f"{where}: its output is to be kept, so run the master first.")
        made["outputs"] = [dict(output) for output in cell.outputs]
        for output in made["outputs"]:
            if output["output_type"] == "execute_result":
                output["execution_count"] = None
    return made


def _checked_stub(source: str, id: str, where: str) -> str:
    """The stub of an answer cell, which must be one: known, not empty-handed, and not attempted."""
    known = ", ".join(exercises())
    _demand(id in exercises(), f"{where}: exercise must be one of {known}; got {id!r}.")
    text = stub(source, where)
    _demand(text != source, f"{where}: the solution must stand between markers; there are none.")
    entry, namespace = exercises()[id].entry, {"np": np}
    try:
        exec(compile(text, where, "exec"), namespace)  # our own master, its solutions removed
    except Exception as error:
        raise MasterError(f"{where}: the stub must run; {type(error).__name__}: {error}.") from None
    left = namespace.get(entry)
    _demand(left is not None, f"{where}: the stub must still define {entry}.")
    _demand(answers.is_stub(left), f"{where}: the stub must not answer; something is left in it.")
    return text


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _demand(holds: bool, message: str) -> None:
    if not holds:
        raise MasterError(message)


def made(root: Path = ROOT) -> Iterator[tuple[Path, Any]]:
    """Every student notebook: where it belongs, and what has to be there."""
    for path in sorted((root / "solutions").glob("*/*.ipynb")):
        name = path.relative_to(root).as_posix()
        notebook = student(nbformat.read(path, as_version=4), name)
        yield root / "exercises" / path.relative_to(root / "solutions"), notebook


def problems(root: Path = ROOT) -> list[str]:
    """What is wrong with exercises/: one line for every file that is not what its master gives."""
    lines, wanted = [], {path: text_of(notebook) for path, notebook in made(root)}
    for path, text in wanted.items():
        name = path.relative_to(root).as_posix()
        if not path.exists():
            lines.append(f"{name} is missing")
        elif path.read_bytes() != text.encode("utf-8"):
            lines.append(f"{name} is not what its master gives")
    for path in sorted((root / "exercises").glob("*/*.ipynb")):
        if path not in wanted:
            lines.append(f"{path.relative_to(root).as_posix()} has no master")
    return lines


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tools.exercises",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", nargs="?", choices=("build", "check"), default="build")
    if parser.parse_args(arguments).verb == "check":
        lines = problems(root)
        if lines:
            lines.append("Run `make exercises` and commit what it writes.")
            print("\n".join(lines), file=sys.stderr)
        return 1 if lines else 0
    for path, notebook in made(root):
        path.parent.mkdir(parents=True, exist_ok=True)
        written = write(notebook, path)
        print(f"{path.relative_to(root).as_posix()}: {'written' if written else 'unchanged'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
