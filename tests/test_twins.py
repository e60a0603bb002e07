"""The two rooms have the same names, signatures and defaults, and the house its rules."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "dlcourse"
ROOMS = [
    *("optimizers", "schedules", "plateau", "initialization", "preprocessing", "normalization"),
    *("regularization", "augmentation", "landscape", "layers", "losses", "models"),
]


def public(module_name: str) -> dict[str, object]:
    module = importlib.import_module(module_name)
    return {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__.startswith(module_name)
    }


def parameters(value: object) -> list[tuple[str, object, object]]:
    """Names, kinds and defaults; ``device`` is the twin's own."""
    found = inspect.signature(value).parameters.values()  # type: ignore[arg-type]
    return [(p.name, p.kind, p.default) for p in found if p.name != "device"]


@pytest.mark.parametrize("room", ROOMS)
def test_twins_have_the_same_public_names_signatures_and_defaults(room: str) -> None:
    ours, theirs = public(f"dlcourse.scratch.{room}"), public(f"dlcourse.reference.{room}")
    helpers = {"record", "pull_back"}
    assert ours.keys() == theirs.keys() - helpers
    for name, value in ours.items():
        assert parameters(value) == parameters(theirs[name]), name
        if inspect.isclass(value):
            own = {m for m in vars(value) if not m.startswith("_") and callable(getattr(value, m))}
            shared = own & set(dir(theirs[name]))
            if value.__name__ in {"Optimizer", "Sequential"}:
                assert {"step", "state_dict", "load_state_dict"} <= shared or {
                    "forward",
                    "backward",
                    "grad_norm",
                } <= shared
            for method in shared - {"pair", "update"}:
                assert parameters(getattr(value, method)) == parameters(
                    getattr(theirs[name], method)
                ), (name, method)


def test_scratch_runs_without_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "import dlcourse.scratch.models, dlcourse.scratch.losses, dlcourse.scratch.optimizers\n"
        "import dlcourse.scratch.initialization\n"
        "import dlcourse.scratch.preprocessing, dlcourse.scratch.normalization\n"
        "import dlcourse.scratch.normalization\n"
        "import dlcourse.training, dlcourse.data\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def long_modules(files: list[Path], limit: int = 300) -> list[str]:
    return [path.name for path in files if len(path.read_text().splitlines()) > limit]


def long_kernels(path: Path, limit: int = 25) -> list[str]:
    """Updates and pure functions of the scratch room with more lines of code than allowed."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef) or node.name == "__init__":
            continue
        body = node.body[1:] if ast.get_docstring(node) else node.body
        if sum((n.end_lineno or 0) - n.lineno + 1 for n in body) > limit:
            found.append(node.name)
    return found


def test_modules_and_kernels_are_short(tmp_path: Path) -> None:
    rooms = [PACKAGE, *(PACKAGE.parent / name for name in ("tools", "tests", "benchmarks"))]
    assert not long_modules([path for room in rooms for path in room.rglob("*.py")])
    for path in (PACKAGE / "scratch").rglob("*.py"):
        assert not long_kernels(path), path.name
    planted = tmp_path / "planted.py"
    planted.write_text("def update():\n" + "    x = 1\n" * 301)
    assert long_modules([planted])
    assert long_kernels(planted) == ["update"]


def test_every_public_name_of_scratch_has_a_docstring() -> None:
    for room in ROOMS:
        for name, value in public(f"dlcourse.scratch.{room}").items():
            assert inspect.getdoc(value), name


@pytest.mark.parametrize("name", ["SGD", "Adagrad", "RMSprop", "Adadelta", "Adam", "AdamW"])
def test_optimizer_docstrings_hold_the_template(name: str) -> None:
    doc = inspect.getdoc(public("dlcourse.scratch.optimizers")[name]) or ""
    order = [
        "math::",
        "Symbols\n",
        "Parameters\n",
        "Notes\n",
        "Examples\n",
        "References\n",
        "Lesson:",
    ]
    places = [doc.find(word) for word in order]
    assert places == sorted(places), (
        f"sections out of order: {dict(zip(order, places, strict=True))}"
    )
    assert min(places) > 0
    signature = inspect.signature(public("dlcourse.scratch.optimizers")[name])  # type: ignore[arg-type]
    for parameter in signature.parameters:
        assert parameter in doc, parameter
