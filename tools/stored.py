"""The form in which a lesson is stored.

It holds what a reader sees and nothing of the machine that made it: no times, no versions, no
random identifiers.
"""

from __future__ import annotations

import contextlib
import copy
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
}
# What an author may set; an editor's own notes are dropped.
NOTEBOOK_METADATA = {"myst", "mystnb", "widgets"}
CELL_METADATA = {"tags", "mystnb"}
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class NotebookError(SystemExit):
    """A notebook that cannot be run or stored as it is; the message says why."""


def claims_in(cell: Any) -> Iterator[dict[str, Any]]:
    """The records of the claims that a cell has made, in boxes or in a table."""
    for output in cell.get("outputs", []):
        record = output.get("metadata", {}).get("dlcourse", {})
        if "claim" in record:
            yield record
        yield from record.get("claims", [])


def code_cells(notebook: Any) -> Iterator[Any]:
    return (cell for cell in notebook.cells if cell.cell_type == "code")


def normalized(notebook: Any) -> Any:
    """The notebook as it is stored: nothing in it that hangs on machine, editor or moment."""
    notebook = copy.deepcopy(notebook)
    kept = {name: notebook.metadata[name] for name in NOTEBOOK_METADATA & set(notebook.metadata)}
    if not kept.get("widgets", {}).get(WIDGET_STATE, {}).get("state"):
        kept.pop("widgets", None)
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": dict(KERNEL), "language_info": copy.deepcopy(LANGUAGE), **kept}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        chosen = {name: cell.metadata[name] for name in sorted(CELL_METADATA & set(cell.metadata))}
        cell.metadata = nbformat.from_dict(chosen)
        cell.source = "\n".join(line.rstrip() for line in cell.source.rstrip().split("\n"))
        if cell.cell_type == "code":
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = cell.execution_count
                output.pop("transient", None)
            _store_alt(cell)
    return notebook


def _store_alt(cell: Any) -> None:
    """Put the words of a picture where the built page takes its alt text from."""
    texts = [text for output in cell.outputs if (text := alt_of(output)) and is_image(output)]
    image = {**cell.metadata.get("mystnb", {}).get("image", {})}
    image.pop("alt", None)
    if texts:
        image["alt"] = texts[0]
    rest = {k: v for k, v in cell.metadata.get("mystnb", {}).items() if k != "image"}
    told = {**rest, "image": image} if image else rest
    cell.metadata.pop("mystnb", None)
    if told:
        cell.metadata["mystnb"] = nbformat.from_dict(told)


def alt_of(output: Any) -> str:
    """The words that replace the picture in an output, where it has any."""
    return str(output.get("metadata", {}).get("dlcourse", {}).get("alt", ""))


def is_image(output: Any) -> bool:
    return any(kind.startswith("image/") for kind in output.get("data", {}))


def check_ids(notebook: Any, path: Path | str) -> None:
    """Every cell has an id that a person chose: words, not a hash, and each only once."""
    seen: set[str] = set()
    for number, cell in enumerate(notebook.cells):
        name = cell.get("id", "")
        where = f"{path}: cell {number} ({cell.source[:40]!r})"
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or re.fullmatch(
            r"[0-9a-f]{8}(-[0-9a-f]{4,12})*", name
        ):
            raise NotebookError(
                f"{where}: id must be words in lower case joined by hyphens; got {name!r}. "
                "Name the cell by what it does, for example 'cold-open-run'."
            )
        if name in seen:
            raise NotebookError(f"{where}: id must be unique; got {name!r}.")
        seen.add(name)


def text_of(notebook: Any) -> str:
    """The bytes a notebook is stored as."""
    return nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"


def write(notebook: Any, path: Path) -> bool:
    """Store the notebook in one step, so that a reader never meets half a file; True if changed."""
    text = text_of(notebook)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="\n", dir=path.parent, suffix=".tmp", delete=False
    ) as file:
        file.write(text)
    try:
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(file.name)
        raise
    return True
