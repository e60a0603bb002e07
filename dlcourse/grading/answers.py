"""What can be said about an answer before it is called.

Everything here reads the compiled code of the learner's function: is it still the empty stub, does
it lean on names from another cell, does it call an implementation that already exists? It is advice
for someone who wants to learn. Nothing here stops a determined cheat; the learner is trusted.
"""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import linecache
import os
import re
import types
from collections.abc import Iterator
from typing import Any

READY_MADE = {"dlcourse", "flax", "jax", "keras", "optax", "sklearn", "tensorflow", "torch"}
"""Packages that hold the answers: good to compare with, no use inside an answer."""

PROVIDED = {"np", "numpy"}
"""Names every answer finds defined, wherever it is graded."""

_COMMAND = re.compile(r"^([ \t]*)get_ipython\(\)\.(?:run_\w+_magic|system)\(.*$", re.MULTILINE)
"""What IPython makes of ``%timeit f()``, ``!ls`` or ``f?`` before Python sees it."""

_IDLE = {"CACHE", "RESUME", "NOP", "LOAD_CONST", "POP_TOP", "RETURN_VALUE", "RETURN_CONST"}


def _function_of(answer: Any) -> Any:
    """The function behind a method, partial, wrapper or callable object; None without one."""
    while isinstance(answer, functools.partial):
        answer = answer.func
    for candidate in (answer, vars(type(answer)).get("__call__")):
        function = inspect.unwrap(candidate) if callable(candidate) else None
        if isinstance(getattr(function, "__code__", None), types.CodeType):
            return function
    return None


def code_of(answer: Any) -> types.CodeType | None:
    """The code object of an answer; None where there is none to read (a built-in, an oddity)."""
    try:
        return getattr(_function_of(answer), "__code__", None)
    except Exception:  # an object that resists being looked at
        return None


def filename(answer: Any) -> str:
    """The file, or the cell, that an answer was written in; empty where there is none to name."""
    code = code_of(answer)
    return code.co_filename if code else ""


def cell_of(answer: Any) -> str | None:
    """The text of the cell, or the file, that an answer was written in; None without one.

    IPython's commands are left out, as they are where a notebook is graded.
    """
    return _COMMAND.sub(r"\1pass", "".join(linecache.getlines(filename(answer)))) or None


def is_stub(answer: Any) -> bool:
    """Whether nothing has been written yet: ``...``, ``pass`` or ``return None`` and no more."""
    if answer is None or answer is ...:
        return True
    code = code_of(answer)
    if code is None:
        return False
    steps = list(dis.get_instructions(code))
    constants = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return all(s.opname in _IDLE for s in steps) and all(c is None or c is ... for c in constants)


def fingerprint(answer: Any) -> str:
    """A short digest of what the answer does: comments and layout do not change it."""
    import hashlib  # not at the top: the sandbox starts for every answer, and never comes here

    digest = hashlib.sha256()
    for code in _reach(answer)[0]:
        constants = [c for c in code.co_consts if not isinstance(c, types.CodeType)]
        digest.update(code.co_code + repr((constants, code.co_names, code.co_varnames)).encode())
    return digest.hexdigest()[:16]


def ready_made(answer: Any) -> str | None:
    """The first ready-made implementation the answer is, imports or calls; None without one."""
    codes, values = _reach(answer)
    imported = [
        step.argval
        for code in [*codes, *_top(answer)]
        for step in dis.get_instructions(code)
        if step.opname == "IMPORT_NAME"
    ]
    used = [_home(value) for value in [answer, *values.values()]]
    for name in [*imported, *used]:
        if name.split(".")[0] in READY_MADE:
            return name
    return None


def borrowed(answer: Any) -> str | None:
    """The first name the answer takes from another cell; None if its own cell holds all it needs.

    Built-ins, ``np`` and whatever the answer's own cell (or file) defines are at home. Where the
    source is not at hand we cannot tell cells apart and say nothing.
    """
    code = code_of(answer)
    at_home = _bound_at_top("".join(linecache.getlines(code.co_filename))) if code else None
    if at_home is None:
        return None
    namespace = _function_of(answer).__globals__
    run_with_it = (n for top in _top(answer) for n in _global_names(top) if n in namespace)
    names = dict.fromkeys([*_reach(answer)[1], *run_with_it])
    return next((n for n in names if n not in at_home and n not in PROVIDED), None)


def _home(value: Any) -> str:
    if isinstance(value, types.ModuleType):
        return value.__name__
    module = getattr(value, "__module__", None) or getattr(type(value), "__module__", "")
    return module if isinstance(module, str) else ""


def _reach(answer: Any) -> tuple[list[types.CodeType], dict[str, Any]]:
    """The code an answer runs in its own cell, helpers included, and the globals it reads there."""
    start = code_of(answer)
    if start is None:
        return [], {}
    namespace = _function_of(answer).__globals__
    codes: list[types.CodeType] = []
    values: dict[str, Any] = {}
    queue = [start]
    while queue:
        code = queue.pop(0)
        if code in codes:
            continue
        codes.append(code)
        queue.extend(c for c in code.co_consts if isinstance(c, types.CodeType))
        for name in _global_names(code):
            if name in namespace:
                values.setdefault(name, namespace[name])
                queue.extend(_codes_in(namespace[name], start.co_filename))
    return codes, values


def _top(answer: Any) -> list[types.CodeType]:
    """What runs along with an answer when its cell does, such as a default or a trial call.

    Of a file nothing: there the answer is one function among others, and was imported.
    """
    name, source = filename(answer), cell_of(answer)
    if source is None or os.path.exists(name):
        return []
    return _compiled(source, name)


@functools.lru_cache(maxsize=8)
def _compiled(source: str, name: str) -> list[types.CodeType]:
    try:
        return [compile(source, name, "exec")]
    except SyntaxError:
        return []


def _global_names(code: types.CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME") and not step.argval.startswith("__"):
            yield step.argval


def _codes_in(value: Any, filename: str) -> Iterator[types.CodeType]:
    """The code of a helper function, or of a class's methods, if it lives in ``filename``."""
    members = vars(value).values() if isinstance(value, type) else [value]
    for member in members:
        code = getattr(member, "__code__", None)
        if isinstance(code, types.CodeType) and code.co_filename == filename:
            yield code


@functools.lru_cache(maxsize=64)
def _bound_at_top(source: str) -> frozenset[str] | None:
    """Names a cell or file binds at its top level; None if that cannot be read off its text."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    if not tree.body:
        return None
    names: set[str] = set()
    queue: list[ast.AST] = list(tree.body)
    while queue:  # not into functions and classes: what they bind is theirs
        node = queue.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        queue.extend(ast.iter_child_nodes(node))
    return None if "*" in names else frozenset(names)
