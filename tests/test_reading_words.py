"""What a reading says in words, where it is taken from, and errors planted in it."""

import ast
import builtins
import functools
import importlib
import io
import os
import subprocess
import sys
from pathlib import Path

import cells
import numpy as np
import pytest
from cohort import ROOT, environment
from odd_cells import CELLS, RIGHT, changed, inside
from odd_results import CELLS as ODDER
from tools_available import need

from dlcourse.grading import alone, cell, check, isolated, subjects
from dlcourse.grading.bank import exercises, find
from dlcourse.grading.inprocess import InProcess
from dlcourse.grading.isolated import judged
from dlcourse.grading.judge import judge, judge_subject
from dlcourse.grading.sandbox import Sandbox, SandboxError, launch, wire

home = cells.home
MOMENTUM = find("momentum")


@pytest.fixture(scope="module")
def sandbox():
    need("bubblewrap")
    return Sandbox()


def here(text):
    """The verdict on a cell in this process."""
    return judge_subject(MOMENTUM, InProcess(None, True, text, "run"))


def worth(report):
    return report.status, report.score, report.cause


# Where a text is taken from


def test_the_text_of_a_module_is_that_of_now(tmp_path, monkeypatch, sandbox):
    """It was edited since, and perhaps not loaded again: the function here is the old one."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(isolated, "afresh", functools.partial(judged, sandbox=sandbox))
    file = tmp_path / "my_momentum.py"
    file.write_text("import numpy as np\n" + RIGHT)
    import my_momentum

    assert check("momentum", my_momentum.run, isolated=True).score == 100
    file.write_text("import numpy as np\n\n" + changed("w[name] = w[name]"))
    assert check("momentum", my_momentum.run, isolated=True).cause == "value"
    assert check("momentum", my_momentum.run).cause == "value"
    old = my_momentum.run
    importlib.invalidate_caches()
    importlib.reload(my_momentum)
    status, wrong = file.stat(), file.read_text()
    file.write_text(wrong.replace("w[name] = w[name]", "w[name] = v[name]"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))  # as long, and as old
    for run in (old, my_momentum.run):
        assert str(check("momentum", run)) == str(check("momentum", run, isolated=True))
    assert str(check("momentum", run)) == str(here(file.read_text())) != str(here(wrong))
    del sys.modules["my_momentum"]


def test_one_function_among_others_of_a_file_is_judged_as_it_is():
    """A file may hold anything beside it, such as this one's imports."""
    assert subjects.cell_of(lambda: 1, "run") is None
    right = MOMENTUM.reference
    assert check("momentum", lambda params, grads, lr, mu: right(params, grads, lr, mu)).score


def test_a_function_without_a_text_cannot_be_judged_alone():
    names = {"np": np}
    exec(RIGHT, names)
    assert check("momentum", names["run"]).score == 100
    with pytest.raises(ValueError, match="a function whose cell or file can be read"):
        check("momentum", names["run"], isolated=True)


# What is said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CELLS["does: arrays of objects"][0], "came a ndarray of dtype object."),
        (CELLS["does: arrays of Decimal"][0], "came a ndarray of dtype object."),
        (CELLS["does: complex arrays"][0], "came a ndarray of dtype complex128."),
        (CELLS["does: Boolean arrays"][0], "came a ndarray of dtype bool."),
        (CELLS["does: a Decimal"][0], "came a Decimal."),
        (CELLS["does: objects as keys"][0], "came [<K>, <K>]."),
        (CELLS["does: says where an object lies"][0], "of the answer: <object object>."),
        (CELLS["names: a default that is an object"][0], "beta, x=<object>)."),
        (CELLS["imports: a package, unused"][0], "imports scipy, which is not there"),
        (CELLS["of another cell: a number"][0], "uses rate, which its own cell does not define."),
        (changed("w[name] = np.empty(0)"), "came (0,)."),
        (ODDER["gives: one that is no number, twice"][0], "['W', 'b'], came ['W', 'b', nan, nan]."),
        (ODDER["gives: a Boolean of NumPy's"][0], "an array of numbers, came a bool."),
        (ODDER["does: a pool of processes"][0], "multiprocessing is refused: an answer starts no"),
        (ODDER["does: a file for a while"][0], "tempfile is refused: an answer starts no process"),
    ],
)  # fmt: skip
def test_the_same_is_said_here_and_there_and_names_no_place(text, said, sandbox):
    reports = here(text), judged(MOMENTUM, text, sandbox)
    for report in reports:
        assert said in report.lines[0] and "0x" not in repr(report)
    assert reports[0].lines == reports[1].lines


def test_memory_that_was_never_set_is_named():
    """As `np.empty_like` gives it, or worse: something else each time."""
    text = "import itertools\nleft = itertools.count()\n" + RIGHT
    report = here(text.replace("np.zeros_like(p)", "np.zeros_like(p) + next(left)"))
    assert report.cause == "memory" and "with np.zeros, not np.empty" in report.lines[1]


def test_a_parameter_without_a_name_is_no_stumble(sandbox):
    assert subjects.signature_of([("", 1, None)]) is None
    assert subjects.signature_of([("x", 99, None)]) is subjects.signature_of("x") is None
    text = RIGHT + (
        "class Odd:\n    name = ''\n    kind = 1\n    default = empty = None\n"
        "class Signed:\n    parameters = {'': Odd()}\nimport inspect\n"
        "inspect.signature = lambda answer: Signed\n"
    )
    with sandbox.answer(text, "run") as subject:
        assert judge_subject(MOMENTUM, subject).score == 100


# Without IPython


def test_grading_asks_for_ipython_and_checking_does_not(monkeypatch, tmp_path):
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None)
    for kind in ("bubblewrap", "rlimits"):
        with pytest.raises(SandboxError, match="pip install ipython"):
            Sandbox(kind)
    text = "from dlcourse.grading.cell import load\nimport sys; sys.modules['IPython'] = None\n"
    words = [sys.executable, "-c", text + f"print(*load({RIGHT!r}))"]
    done = subprocess.run(words, env=environment(), cwd=ROOT, capture_output=True, text=True)
    assert "run" in done.stdout.split(), done.stderr


# A place for everything


def test_no_module_of_the_grader_needs_one_that_needs_it():
    folder = Path(cell.__file__).parent
    needs = {path.stem: _needs(path) for path in folder.glob("*.py") if path.stem != "__init__"}
    assert "subjects" in needs["texts"] and "texts" in needs["judge"]
    assert _circle(needs) == []
    assert _circle({**needs, "subjects": {*needs["subjects"], "texts"}}) != []


def _needs(path):
    """The modules beside it that it imports at its top, for types too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.col_offset in (0, 4) and node.module:
            package, _, name = node.module.partition("dlcourse.grading")
            if not package and node.module.startswith("dlcourse.grading"):
                found |= {name[1:]} if name else {alias.name for alias in node.names}
    return found - {"bank"}


def _circle(needs):
    """What is left when whoever needs nobody is taken away, again and again."""
    left = dict(needs)
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    return sorted(left)


# Errors planted in the reading here: the sandbox, which has none of them, says something else


PLANTED = {
    "commands are Python": (cell, "python", lambda text: text, "commands: a magic"),
    "any module can be had": (
        cell, "require_at_hand", lambda name: None, "imports: a package, unused"),
    "a remark is an answer": (cell, "blank", lambda text: False, "layout: a remark"),
    "threads are not watched": (alone, "_start", alone.START, "does: a file in a thread"),
    "modules by name are": (
        alone, "_import_module", alone.IMPORT_MODULE, "imports: a package by importlib"),
    "packages can be found": (
        alone, "_find_spec", alone.FIND_SPEC, "imports: a package that is asked for"),
    "files are opened": (alone, "_refuse_file", lambda *given: None, "does: a file of the machine"),
    "what processes share is had": (
        alone, "SHARED", (), "does: a pool of threads that needs what processes share"),
    "all builtins are there": (cell, "_is_own", lambda *given: True, "names: of site"),
    "what the shell prints is None": (
        cell._Idle, "getoutput", lambda *given: None, "commands: what the shell prints, counted"),
    "nothing is past Python": (
        cell.Sink, "fileno", io.TextIOBase.fileno, "does: prints past Python"),
    "results do not cross": (
        wire, "carried", lambda value, **limits: value, "gives: a dict that lists no values"),
    "IPython is asked": (cell, "STAND_INS", {}, "commands: display in the function"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_planted_a_reading_of_its_own_is_noticed(name, sandbox, monkeypatch):
    owner, attribute, instead, which = PLANTED[name]
    text = {**CELLS, **ODDER}[which][0]
    there = judged(MOMENTUM, text, sandbox)
    assert worth(here(text)) == worth(there)
    monkeypatch.setattr(owner, attribute, instead)
    monkeypatch.delattr(builtins, "display", raising=False)  # a shell of another test left it
    assert worth(here(text)) != worth(there)


@pytest.mark.parametrize("place", [" at 0x7f87f811d970", " at 0X7F87F811D970", " 0x7f87f811d970"])
def test_an_error_names_no_place_in_memory_however_it_is_written(place):
    (line, *_) = here(changed(f"raise ValueError('<x{place}>')")).lines
    assert line.endswith("<x>.")


# Two parameters of one shape

REMEMBER = [e for e in exercises().values() if {"params", "grads"} <= {*e.parameters}]


def test_whoever_remembers_is_asked_about_two_of_one_shape():
    assert len(REMEMBER) == 7
    for exercise in REMEMBER:
        (shared,) = (m for m in exercise.mistakes if m.id == f"{exercise.id}/by_shape")
        wrong = judge(exercise, shared.answer, own=False)
        alike = {probe.name for probe in exercise.probes if _one_shape(exercise.case(probe))}
        assert alike and {p.name for p in exercise.probes} - set(wrong.passed) == alike


@pytest.mark.parametrize("key", ["name.lower()", "name[0]", "name.upper()"])
def test_state_kept_by_a_part_of_the_name_is_wrong_wherever_there_is_state(key):
    part = eval(f"lambda name: {key}")
    for exercise in REMEMBER:
        named = [exercise.case(probe).args[0] for probe in exercise.probes]
        assert any(len({*map(part, params)}) < len(params) for params in named), exercise.id
    text = RIGHT.replace("v[name]", f"v[{key}]").replace("v = {name:", f"v = {{{key}:")
    report = here(text)
    assert report.cause == "value" and report.score < 100


def _one_shape(case):
    shapes = [p.shape for p in case.args[0].values()]
    return len(set(shapes)) < len(shapes)


def test_prints_have_no_end_and_cost_nothing():
    sink = cell.Sink(target := io.StringIO(), 5)
    print("abc", "defgh", file=sink)
    assert target.getvalue() == "abc d"
    with pytest.raises(TypeError, match="must be str, not int"):
        sink.write(3)
    assert here(inside("print('x' * 10**7)")).score == 100
