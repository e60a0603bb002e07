"""The answers of the bank as a learner would hand them in: one cell that stands alone."""

import ast
import functools
import importlib
import inspect
import textwrap


@functools.cache
def _parts(path):
    """A module's functions, constants and imports: the names each binds, those it uses, its text.

    Without decorators, the specification, and imports of the package.
    """
    with open(path, encoding="utf-8") as file:
        nodes = ast.parse(file.read()).body
    kept = []
    for node in nodes:
        ours = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dlcourse")
        spec = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXERCISE"
        if ours or spec or isinstance(node, ast.Expr):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            if getattr(node, "module", "") == "__future__":
                continue
            bound = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef):
            node.decorator_list, bound = [], {node.name}
        else:
            stored = (n for n in ast.walk(node) if isinstance(n, ast.Name))
            bound = {n.id for n in stored if isinstance(n.ctx, ast.Store)}
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        kept.append((bound, used, ast.unparse(node)))
    return kept


@functools.cache
def _shared(path):
    """The files that exercises share and this one imports from: ``_walk.py`` and its like."""
    with open(path, encoding="utf-8") as file:
        nodes = ast.parse(file.read()).body
    named = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    shared = [name for name in named if name.rpartition(".")[2].startswith("_")]
    return [importlib.import_module(n).__file__ for n in shared if n.startswith("dlcourse.grading")]


def source(function, entry):
    """A cell that defines ``entry``: the function, and what it uses of its module and of those."""
    path = inspect.getsourcefile(function)
    parts = [part for each in (*_shared(path), path) for part in _parts(each)]
    wanted, before = {function.__name__}, set()
    while wanted != before:
        before = set(wanted)
        wanted |= {name for bound, used, _ in parts if bound & wanted for name in used}
    inside = [text for bound, _, text in parts if bound & wanted]
    inside.append(f"return {function.__name__}")
    made = "\n\n".join(["def made():", *(textwrap.indent(part, "    ") for part in inside)])
    return f"from __future__ import annotations\n\n{made}\n\n\n{entry} = made()\n"
