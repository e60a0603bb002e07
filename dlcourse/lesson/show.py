"""``show``: the code of the package on the page, as installed: what is explained is what runs."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path
from typing import Any

from dlcourse.checks import fail
from dlcourse.publish import publish


def show(*objects: Any) -> None:
    """Show the source of functions, methods or classes of the package, without their docstrings.

    Parameters
    ----------
    objects : what to show, in this order; each under its name and the file it is in.

    Examples
    --------
    ``show(Adam.update)``
    """
    if not objects:
        fail("objects", "at least one function, method or class", objects, error=TypeError)
    parts = [(caption(item), source(item)) for item in objects]
    plain = "\n\n".join(f"# {name} · {file}\n{code}" for (name, file), code in parts)
    marked = "\n\n".join(
        f"**`{name}`** · `{file}`\n\n```python\n{code}\n```" for (name, file), code in parts
    )
    publish({"text/plain": plain, "text/markdown": marked})


def caption(item: Any) -> tuple[str, str]:
    """The name of ``item`` within its module, and its file; no line number, for those move."""
    item = _plain(item)
    path = item.__module__.replace(".", "/")
    file = Path(inspect.getsourcefile(item) or "")
    return item.__qualname__, f"{path}/__init__.py" if file.stem == "__init__" else f"{path}.py"


def source(item: Any) -> str:
    """Source of ``item``, dedented, its docstrings cut out, comments kept."""
    try:
        text = textwrap.dedent(inspect.getsource(_plain(item)))
    except (OSError, TypeError):
        fix = "show displays what is written in the package."
        fail("objects", "functions, methods or classes written in Python", item, fix, TypeError)
    lines = text.splitlines()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, kinds) or ast.get_docstring(node, clean=False) is None:
            continue
        words = node.body[0]
        first, last = words.lineno - 1, (words.end_lineno or words.lineno)
        alone = len(node.body) == 1
        lines[first:last] = [None] * (last - first)  # type: ignore[list-item]
        if alone:
            lines[first] = " " * words.col_offset + "..."
        elif last < len(lines) and lines[last] is not None and not lines[last].strip():
            lines[last] = None  # type: ignore[call-overload]  # the blank line after it
    return "\n".join(line for line in lines if line is not None).rstrip()


def _plain(item: Any) -> Any:
    """The function behind a property, a class method, a decorator."""
    if isinstance(item, property):
        item = item.fget
    item = inspect.unwrap(getattr(item, "__func__", item))
    if not (inspect.isfunction(item) or inspect.isclass(item)):
        fail("objects", "functions, methods or classes written in Python", item, error=TypeError)
    return item
