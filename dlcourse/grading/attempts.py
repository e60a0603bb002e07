"""What a cell's text says before anything runs: whom it checks, and whether it is an attempt.

This decides which of two cells is graded and what is remarked; it decides about no points.
"""

from __future__ import annotations

import ast
import functools
import re
import textwrap
import warnings
from collections.abc import Iterator

PARSED = 10_000
"""Characters of a cell beyond which nothing is looked for in it."""

# IPython's own lines: %magic and !command, also behind ``x =``, with what continues them; help.
COMMAND = re.compile(
    r"^([ \t]*)(?:\w[\w., \t]*=[ \t]*)?(?:%{1,2}\w+((?:.*\\\n)*.*)|!(?:.*\\\n)*.*"
    r"|\?{1,2}[\w.*]+[ \t]*|[\w.*]+\?{1,2}[ \t]*)$",
    re.MULTILINE,
)
PROMPT = re.compile(r"^[ \t]*(?:>>>|\.\.\.|In \[\d+\]:|\.\.\.:)[ ]?", re.MULTILINE)
WORDS = 8
"""Options of a magic, and their values, that may stand before what it times, and one more."""


def parsed(source: str) -> ast.Module | None:
    """The syntax tree of a cell; None where it is not Python, or too long."""
    if len(source) > PARSED:
        return None
    text = textwrap.dedent(source)
    if (tree := _tree(text)) is not None:
        return tree
    if text.lstrip().startswith((">>>", "In [")):
        text = PROMPT.sub("", text)
    return _tree(COMMAND.sub(_timed, text))


def called(tree: ast.Module | None, names: set[str]) -> Iterator[str]:
    """The exercises that a cell calls `check` for.

    ``names`` are what `check` is called; those that the cell imports it by are added.
    Where the call itself does not say, as in a loop or in a `map`, it may be any text of the cell.
    """
    nodes = list(ast.walk(tree)) if tree else []
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names.update(a.asname for a in node.names if a.name == "check" and a.asname)
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        if _name(node.func) in names:
            given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "exercise")]
            plain = [n.value for n in given if isinstance(n, ast.Constant)]
            yield from (text for text in plain or texts if isinstance(text, str))
        elif any(_name(argument) in names for argument in node.args):
            yield from texts


@functools.lru_cache(maxsize=64)
def weight(source: str, entry: str) -> int:
    """How much of an answer a cell is: 0 nothing, 1 something, 2 a function of the name ``entry``.

    Comments, imports and functions without a body are nothing. Text that is not Python is
    something.
    """
    if not source.strip():
        return 0
    tree = parsed(source)
    if tree is None:
        return 2 if len(source) > PARSED else 1
    busy = [node for node in tree.body if not _idle(node)]
    if any(entry in _bound(node) for node in busy):
        return 2
    return 1 if busy else 0


def _tree(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _timed(line: re.Match[str]) -> str:
    """What stands in the place of a command: what it times, where that calls something."""
    indent, text = line[1], (line[2] or "").strip()
    if "(" in text:
        for options in range(min(WORDS, len(text.split()))):
            if _tree(rest := text.split(None, options)[-1]) is not None:
                return indent + rest
    return f"{indent}pass"


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _idle(node: ast.stmt) -> bool:
    """Whether a statement does nothing."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return all(map(_idle, node.body))
    if isinstance(node, ast.Return):
        value = node.value
        return value is None or (isinstance(value, ast.Constant) and value.value in (None, ...))
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
    return isinstance(node, ast.Pass | ast.Import | ast.ImportFrom)


def _bound(node: ast.stmt) -> set[str]:
    """The names that a statement binds."""
    names = set()
    for part in ast.walk(node):
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(part.name)
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            names.add(part.id)
    return names
