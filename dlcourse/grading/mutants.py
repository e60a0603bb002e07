"""Small mechanical changes to a model solution, to see whether the probes notice.

A known mistake is one that somebody thought of. These are the ones nobody did: an operator swapped,
a term dropped, a constant moved, a statement left out. Probes that let them through test less than
they seem to.
"""

from __future__ import annotations

import ast
import copy
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse.grading.inprocess import InProcess
from dlcourse.grading.judge import run_probe
from dlcourse.grading.spec import Exercise

_SWAPS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div, ast.Mod: ast.FloorDiv,
}  # fmt: skip
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
          ast.FloorDiv: "//", ast.Mod: "%"}  # fmt: skip
_EDGES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
LINES = 20_000
"""How many lines a mutant may run in one call; what needs more than this has lost its end."""


@dataclass(frozen=True)
class Mutant:
    """One change: what it is in words, and the changed function."""

    change: str
    answer: Callable[..., Any]


def mutants(exercise: Exercise) -> list[Mutant]:
    """Every mutant of an exercise's model solution, each changed in one place."""
    source = textwrap.dedent(inspect.getsource(exercise.reference))
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    function.decorator_list = []
    made: dict[str, Mutant] = {}
    for number, node in enumerate(ast.walk(function)):
        for change, replacement in _changes(node):
            changed = _replaced(function, number, replacement)
            text = ast.unparse(changed)
            if text != ast.unparse(function) and text not in made:
                line = getattr(node, "lineno", 0)
                made[text] = Mutant(f"line {line}: {change}", _compiled(text, function.name))
    return list(made.values())


def survivors(exercise: Exercise) -> tuple[list[Mutant], int]:
    """The mutants that every probe takes for right, and how many were made."""
    made = mutants(exercise)
    alive = [
        mutant
        for mutant in made
        if all(
            run_probe(exercise, probe, InProcess(mutant.answer)).right for probe in exercise.probes
        )
    ]
    return alive, len(made)


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST | None]]:
    """What can change at this node: (in words, the new node, or None to leave it out)."""
    if isinstance(node, ast.BinOp) and type(node.op) in _SWAPS:
        text = ast.unparse(node)
        other = _SWAPS[type(node.op)]
        yield (f"{_SIGNS[type(node.op)]} becomes {_SIGNS[other]} in {text}",
               ast.BinOp(node.left, other(), node.right))  # fmt: skip
        yield f"only the left of {text}", node.left
        yield f"only the right of {text}", node.right
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _EDGES:
        changed = ast.Compare(node.left, [_EDGES[type(node.ops[0])]()], node.comparators)
        yield f"{ast.unparse(node)} becomes {ast.unparse(changed)}", changed
    if isinstance(node, ast.IfExp):
        yield f"always {ast.unparse(node.body)}", node.body
        yield f"always {ast.unparse(node.orelse)}", node.orelse
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield f"{value} becomes {value + 1}", ast.Constant(value + 1)
        yield f"{value} becomes 0", ast.Constant(0 * value)
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        yield f"only the argument of {ast.unparse(node)}", node.args[0]
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield f"minus {ast.unparse(node)}", ast.UnaryOp(ast.USub(), node)
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.If):
        yield f"without {' '.join(ast.unparse(node).split())}", None


def _replaced(function: ast.FunctionDef, number: int, replacement: ast.AST | None) -> ast.AST:
    """A copy of the tree with its ``number``-th node, in walking order, replaced."""
    tree = copy.deepcopy(function)
    target = list(ast.walk(tree))[number]

    class Swap(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            if node is target:
                return copy.deepcopy(replacement) or ast.Pass()
            return self.generic_visit(node)

    return ast.fix_missing_locations(Swap().visit(tree))


def _compiled(text: str, name: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {"np": np}
    exec(compile(text, "<mutant>", "exec"), namespace)  # our own source, changed in one place
    return _bounded(namespace[name])


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, stopped by an error after `LINES` lines: a change may cost a loop its end."""

    def bounded(*args: Any, **kwargs: Any) -> Any:
        left = iter(range(LINES))

        def count(frame: Any, event: str, arg: Any) -> Any:
            if frame.f_code.co_filename != "<mutant>":
                return None
            if next(left, None) is None:
                raise RuntimeError(f"no end after {LINES} lines")
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            return function(*args, **kwargs)
        finally:
            sys.settrace(before)

    return bounded
