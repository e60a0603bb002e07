"""The answer as the judge sees it: what can be said about it before, and what one call gives.

The judge never touches a learner's function. It asks a subject, and there are two kinds: one that
calls the function here (``dlcourse.grading.inprocess``), for a learner on her own machine, and one
that sends the inputs to a sandbox (``dlcourse.grading.sandbox``). The verdict is reached in the
same way for both.
"""

from __future__ import annotations

import builtins
import inspect
import linecache
import os
import tokenize
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from dlcourse.grading import answers, cell
from dlcourse.grading.compare import Difference
from dlcourse.grading.spec import Case, Exercise, Function, Probe


@dataclass(frozen=True)
class Failure:
    """A call that gave no value: the exception's type, the line it came from, its message.

    ``name`` is what was looked for and is not there: a name, or a module.
    """

    type: str
    line: int | None
    message: str
    name: str = ""


@dataclass
class Reply:
    """What one call gave, which input it changed, and how often it called the functions given."""

    value: Any = None
    failure: Failure | None = None
    modified: str = ""
    calls: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What can be told without calling. ``found`` is what stands where the answer should be.

    ``signature`` is None where there is none to read; ``ready_made`` is a name, as in
    `dlcourse.grading.answers`; ``missing`` says that nothing has the answer's name, ``failure``
    why its cell could not be run.
    """

    stub: bool = False
    missing: bool = False
    failure: Failure | None = None
    callable: bool = True
    found: Any = None
    ready_made: str | None = None
    signature: inspect.Signature | None = None


@dataclass
class Outcome:
    """One probe: the case, what was expected, what came, and where the two differ."""

    probe: Probe
    case: Case
    expected: Any
    reply: Reply
    difference: Difference | None = None

    @property
    def right(self) -> bool:
        return self.reply.failure is None and self.difference is None


class Subject(Protocol):
    """An answer that can be asked."""

    def facts(self) -> Facts:
        """What can be told about the answer before it is called."""

    def call(self, exercise: Exercise, case: Case) -> Reply:
        """The answer to one case."""


def positional(exercise: Exercise, case: Case) -> tuple[str, ...]:
    """The names of ``case.args``; where there is an ``over``, the first parameter takes that."""
    return exercise.parameters[bool(case.over) :][: len(case.args)]


def by_name(exercise: Exercise, case: Case) -> dict[str, Any]:
    """Everything that a case hands over, by the name of the parameter."""
    return dict(zip(positional(exercise, case), case.args, strict=True)) | dict(case.kwargs)


def asked(function: Function, case: Case) -> Any:
    """What a function of ours says. Nothing here is shared between threads, unlike in `alone`."""
    with np.errstate(all="ignore"):
        return case.ask(function)


def failure_of(error: BaseException, filename: str = cell.FILE) -> Failure:
    """An exception in words, whatever it is; only a learner's interrupt goes through."""
    if isinstance(error, KeyboardInterrupt):
        raise error
    return Failure(*cell.failure(error, filename))


def counting(function: Any, name: str, calls: dict[str, int]) -> Any:
    """``function``, which also adds one to ``calls[name]`` each time."""

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return function(*args, **kwargs)

    return counted


class _Default:
    """Stands for a default value, of which only the text is shown."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def signature_of(parameters: Any) -> inspect.Signature | None:
    """The signature that `answers.parameters` has taken apart, here or in a sandbox."""
    if not isinstance(parameters, list):
        return None
    try:
        return inspect.Signature(
            [
                inspect.Parameter(
                    str(name),
                    inspect._ParameterKind(kind),
                    default=inspect.Parameter.empty if text is None else _Default(str(text)),
                )
                for name, kind, text in parameters
            ]
        )
    except (TypeError, ValueError, IndexError):
        return None


def cell_of(answer: Any, entry: str = "") -> str | None:
    """The text of the cell, or the file, that an answer was written in; None without one.

    With ``entry`` None, too, for one function among others of a file: there the answer is what its
    file calls by that name.
    """
    code = answers.code_of(answer)
    if code is None:
        return None
    if os.path.exists(code.co_filename):
        whole = entry in ("", code.co_qualname)  # loaded again, its file calls another one so
        whole |= answers.function_of(answer).__globals__.get(entry) is answer
        return _text_of(code.co_filename) if whole else None
    text = "".join(linecache.getlines(code.co_filename))
    return next((found for found in (text, *_past_cells()) if _holds(found, code)), None)


def _text_of(file: str) -> str | None:
    """What stands in a file of Python's now; None where nobody can read it."""
    try:
        with tokenize.open(file) as opened:
            return opened.read()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None


def _past_cells() -> Iterator[str]:
    """The cells that IPython has run, the last first: below ``%%time`` a function has no file."""
    shell = getattr(builtins, "get_ipython", lambda: None)()
    history = getattr(shell, "history_manager", None)
    yield from reversed(getattr(history, "input_hist_raw", []))


def _holds(text: str, code: types.CodeType) -> bool:
    """Whether ``code`` is what a cell's text is compiled to, or a part of it."""
    try:
        queue = [cell.compiled(text)]
    except (SyntaxError, ValueError, RecursionError):
        return False
    while queue:
        found = queue.pop()
        if _essence(found) == _essence(code):
            return True
        queue.extend(c for c in found.co_consts if isinstance(c, types.CodeType))
    return False


def _essence(code: types.CodeType) -> tuple[Any, ...]:
    """Of code what does not depend on how it is compiled: IPython takes statement by statement."""
    parts = (_essence(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts)
    return code.co_name, code.co_firstlineno, code.co_varnames, code.co_names, *parts
