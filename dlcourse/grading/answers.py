"""What can be said about an answer before it is called.

Everything here reads the compiled code of the learner's function: is it still the empty stub, does
it call an implementation that already exists, with which parameters is it called? It is advice for
someone who wants to learn. Nothing here stops a determined cheat; the learner is trusted.
"""

from __future__ import annotations

import dis
import functools
import inspect
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

READY_MADE = {"dlcourse", "flax", "jax", "keras", "optax", "sklearn", "tensorflow", "torch"}
"""Packages that hold the answers: good to compare with, no use inside an answer."""

STAND_INS = ("dlcourse.grading.alone", "dlcourse.grading.cell")
"""Where that comes from which an answer has here in place of Python's and IPython's own."""

_IDLE = {"CACHE", "RESUME", "NOP", "LOAD_CONST", "POP_TOP", "RETURN_VALUE", "RETURN_CONST"}


def function_of(answer: Any) -> Any:
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
        return getattr(function_of(answer), "__code__", None)
    except Exception:  # an object that resists being looked at
        return None


def filename(answer: Any) -> str:
    """The file, or the cell, that an answer was written in; empty where there is none to name."""
    code = code_of(answer)
    return code.co_filename if code else ""


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
        for code in codes
        for step in dis.get_instructions(code)
        if step.opname == "IMPORT_NAME"
    ]
    used = [_home(value) for value in [answer, *values.values()]]
    for name in [*imported, *used]:
        if name.split(".")[0] in READY_MADE:
            return name
    return None


def parameters(answer: Any) -> list[tuple[str, int, str | None]] | None:
    """Name, kind and default of each parameter, as numbers and text; None where there are none."""
    try:
        found = inspect.signature(answer).parameters.values()
        return [
            (p.name, int(p.kind), None if p.default is p.empty else shown(p.default)) for p in found
        ]
    except Exception:  # no signature, or one that answers back
        return None


def shown(value: Any) -> str:
    """A plain value as Python writes it; of any other its kind, which has no address in it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return repr(str.__str__(value))
    if value is None or type(value) in (bool, int, float):
        return repr(value)
    return f"<{type(value).__name__}>"


def _home(value: Any) -> str:
    if isinstance(value, types.ModuleType):
        return value.__name__
    module = getattr(value, "__module__", None) or getattr(type(value), "__module__", "")
    return module if isinstance(module, str) and module not in STAND_INS else ""


def _reach(answer: Any) -> tuple[list[types.CodeType], dict[str, Any]]:
    """The code an answer runs in its own cell, helpers included, and the globals it reads there."""
    start = code_of(answer)
    if start is None:
        return [], {}
    namespace = function_of(answer).__globals__
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
