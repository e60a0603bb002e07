"""One reading of an answer's cell, wherever it is judged: in the notebook, alone, in a class.

`python` turns the text of a cell into what IPython would run, and `load` runs that alone. Commands
of IPython's do nothing, ``display`` shows nothing, and there is nothing to import but NumPy and the
standard library. The sandbox has a copy of this file and of the two of IPython's that it needs, so
what a text costs to be read is counted as the answer's own time.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import errno
import functools
import inspect
import io
import os
import sys
import traceback
import types
import warnings
from typing import Any, TextIO

import numpy as np

FILE = "<answer>"
"""The name of the file that an answer's code says it is from."""

AT_HAND = sys.stdlib_module_names | {"numpy"}
"""What an answer can import."""

REACHING_OUT = {
    *("asyncio", "ftplib", "http", "multiprocessing", "pty", "smtplib", "socket", "socketserver"),
    *("ssl", "subprocess", "tempfile", "urllib", "webbrowser"),
}
"""Modules that have nothing to work with; what they say of it differs from machine to machine."""

CONFINED = "an answer starts no process, opens no connection and writes no file"

REPLACED = {
    *("None", "True", "False", "Ellipsis", "NotImplemented", "__debug__", "__name__", "__doc__"),
    *("__build_class__", "open", "print"),
}
"""Builtins that say nowhere that they are Python's, and those that a tool puts its own for."""

ELSEWHERE = {
    *("!", "HTML", "SVG", "bash", "cmd", "code_wrap", "file", "html", "javascript", "js", "latex"),
    *("markdown", "perl", "pypy", "python", "python2", "python3", "ruby", "script", "sh", "svg"),
    *("sx", "system", "timeit", "writefile"),
}
"""Commands of IPython's, such as ``%%bash``, that leave no name of the cell below them behind."""


def blank(source: str) -> bool:
    """Whether a cell holds nothing, or comments only."""
    return all(line.strip()[:1] in ("", "#") for line in source.splitlines())


def python(source: str) -> str:
    """What IPython makes of a cell's text; the cell below ``%%time``, and what ``%time`` runs.

    Without IPython, which the sandbox always has, no cell has come from it: the text as it stands.
    """
    try:
        from IPython.core.inputtransformer2 import TransformerManager
    except ModuleNotFoundError:
        return source
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    text = TransformerManager().transform_cell(source)
    text = "\n" * (_empty_lines(source) - _empty_lines(text)) + text  # so that numbers are its own
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):  # for whoever runs it to find out
        return text
    if len(body) == 1 and (words := _command(body[0], "run_cell_magic")):
        return text if words[0] in ELSEWHERE else python(words[-1])
    lines = text.encode().splitlines(keepends=True)  # as `ast` counts
    for node in body:
        words = _command(node, "run_line_magic")
        if words and words[0] == "time" and _is_python(words[1], isinstance(node, ast.Assign)):
            call = node.value  # type: ignore[attr-defined]
            line = lines[call.lineno - 1]
            before, after = line[: call.col_offset], line[call.end_col_offset :]
            lines[call.lineno - 1] = before + words[1].encode() + after
    return b"".join(lines).decode()


def _empty_lines(text: str) -> int:
    """How many there are at the top."""
    return text[: len(text) - len(text.lstrip())].count("\n")


def _command(node: ast.stmt, kind: str) -> list[str] | None:
    """The texts in ``get_ipython().kind(…)``, where a statement is that, or sets a name to it."""
    match node:
        case ast.Expr(value=value) | ast.Assign(value=value):
            pass
        case _:
            return None
    match value:
        case ast.Call(
            func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=name),
            args=args,
        ) if name == kind:
            words = [word.value for word in args if isinstance(word, ast.Constant)]
            return [word for word in words if isinstance(word, str)] or None
    return None


def _is_python(text: str, value: bool) -> bool:
    try:
        ast.parse(text, mode="eval" if value else "exec")
    except SyntaxError:
        return False
    return True


def compiled(source: str) -> types.CodeType:
    """The code of a cell.

    `compile` takes over this file's ``annotations``: a hint of a type from elsewhere is harmless.
    """
    return compile(python(source), FILE, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def load(source: str) -> dict[str, Any]:
    """The names a cell leaves behind, run alone: nothing of any other cell is there, but ``np``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compiled(source)
    module = types.ModuleType("__main__")
    names = module.__dict__
    names.update(np=np, __builtins__=_builtins())
    outer = sys.modules.get("__main__", module)
    sys.modules["__main__"] = module  # a dataclass looks there for the names of its fields' types
    try:
        waiting = eval(code, names)
        if inspect.iscoroutine(waiting):  # an await outside of functions; there is no loop
            with contextlib.suppress(StopIteration):
                while True:
                    waiting.send(None)
    finally:
        sys.modules["__main__"] = outer
    return names


def _builtins() -> types.ModuleType:
    """Python's own, with our stand-ins; those that site, IPython or another cell adds are left out.

    A module for each cell: what an answer sets in it, no other finds.
    """
    module = types.ModuleType("builtins", builtins.__doc__)
    own = {name: value for name, value in vars(builtins).items() if _is_own(name, value)}
    module.__dict__.update(own, **STAND_INS)
    return module


def _is_own(name: str, value: Any) -> bool:
    """Whether a builtin is Python's; exceptions may have other names, such as ``IOError``."""
    own = getattr(value, "__module__", None) in ("builtins", "io", "_io")
    return name in REPLACED or (own and (value is OSError or value.__name__ == name))


class _Idle:
    """IPython as an answer finds it: whatever is asked for is there, and does nothing."""

    def __getattr__(self, name: str) -> _Idle:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        return None

    def getoutput(self, *args: Any, **kwargs: Any) -> _Lines:
        return _Lines()

    def run_line_magic(self, name: str, *args: Any, **kwargs: Any) -> _Lines | None:
        return _Lines() if name in ("sx", "system") else None


class _Lines(list[str]):
    """What a command of the shell prints, in IPython's kind of list: no line, for none is run."""

    n = nlstr = s = spstr = ""
    l = list = p = paths = property(lambda self: self)  # noqa: E741

    def grep(self, *args: Any, **kwargs: Any) -> _Lines:
        return self

    fields = sort = get_list = get_paths = grep  # type: ignore[assignment]


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Shows, asks and stops at nothing."""


def _nobody(prompt: object = "") -> str:
    raise EOFError("EOF when reading a line")


def _leave(code: object = None) -> None:
    raise SystemExit(code)


def require_at_hand(name: str) -> None:
    """Raise what the sandbox does where there is no such module."""
    if name[:1] != "." and name.partition(".")[0] not in AT_HAND:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _import(name: str, *where: Any, **how: Any) -> Any:
    """``import`` for the code of an answer; modules that it imports are not held to this."""
    level = how.get("level", where[3] if len(where) > 3 else 0)
    if level == 0:
        require_at_hand(name)
    if name == "builtins" and where and "__builtins__" in where[0]:
        return where[0]["__builtins__"]
    return builtins.__import__(name, *where, **how)


STAND_INS = {
    "__import__": _import,
    "get_ipython": _Idle,
    "display": _nothing,
    "breakpoint": _nothing,
    "help": _nothing,
    "input": _nobody,
    "exit": _leave,
    "quit": _leave,
}


class Sink(io.TextIOBase):
    """Takes all that is printed and is never full; ``target`` gets the first ``left`` letters."""

    encoding = "utf-8"

    def __init__(self, target: TextIO | None = None, left: int = 0) -> None:
        self.target, self.left = target, left

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Of a file that takes all and keeps nothing, for those who write past Python."""
        return _nowhere()

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.target and self.left > 0:
            self.left -= self.target.write(text[: self.left])
        return len(text)


@functools.cache
def _nowhere() -> int:
    return os.open(os.devnull, os.O_WRONLY)


def failure(error: BaseException, file: str = FILE) -> tuple[str, int | None, str, str]:
    """An exception: type, the last line it reached in ``file``, text, the name that it misses."""
    reached = [*traceback.walk_tb(error.__traceback__)]
    lines: list[int | None] = [n for frame, n in reached if frame.f_code.co_filename == file]
    said: Any = error
    if isinstance(error, SyntaxError) and error.filename == file:
        lines, said = [error.lineno], error.msg
    try:
        text = str(said)[:500]
    except BaseException:  # a message that cannot be read is no reason to stop
        text = "(no readable text)"
    name = getattr(error, "name", None)
    missing = text.startswith((f"name {name!r} is", "No module named"))
    kind = str(type(error).__name__)[:80]
    if isinstance(error, OSError) and (refused := _refused(error, [f for f, _ in reached], file)):
        kind, text = "PermissionError", f"{refused}: {CONFINED}"
    return kind, lines[-1] if lines else None, text, str(name) if name and missing else ""


def _refused(error: OSError, frames: list[types.FrameType], file: str) -> str:
    """What the sandbox has refused: a module of Python's, or one call; empty if nothing."""
    while any(frame.f_code.co_filename == file for frame in frames):
        del frames[0]
    packages = (str(frame.f_globals.get("__name__")).partition(".")[0] for frame in frames)
    if named := next((name for name in packages if name in REACHING_OUT), None):
        return f"{named} is refused"
    return str(error) if error.errno == errno.EPERM else ""
