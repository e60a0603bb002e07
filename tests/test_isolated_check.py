"""``check(..., isolated=True)`` in a notebook: the answer's cell alone, in a process of its own."""

import cells
import numpy as np
import pytest
from cells import RIGHT, answer, changed
from tools_available import need

from dlcourse.grading import check, isolated, progress
from dlcourse.grading.store import STATES

home = cells.home


@pytest.fixture(autouse=True)
def _sandbox():
    need("bubblewrap")
    isolated.own_sandbox.cache_clear()
    yield
    isolated.own_sandbox.cache_clear()


@pytest.fixture
def file(tmp_path):
    """Write an answer to a file."""

    def file(text, name="answer.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return file


def state(exercise="momentum"):
    return progress(exercise).entries[0][1].state


def test_what_passes_alone_is_done():
    assert check("momentum", answer(RIGHT)).status == "correct"
    assert state() == "public checks passed"
    report = check("momentum", answer(RIGHT), isolated=True)
    assert report.score == 100 and state() == "done"


def test_progress_never_goes_back():
    seen = []
    bad = changed("lr * v[name]", "2 * lr * v[name]")
    steps = [("...", False), (bad, True), (RIGHT, False), (bad, False), (RIGHT, True), (bad, True)]
    for source, alone in [*steps, (RIGHT, False)]:
        if source == "...":
            source = "def run(params, grads, lr, mu): ..."
        check("momentum", answer(source), isolated=alone)
        seen.append(STATES.index(state()))
    assert seen == [0, 1, 2, 2, 3, 3, 3]


def test_alone_means_without_the_other_cells():
    """The name is there in the notebook, so the answer runs; it would not be there for a grader."""
    text = changed("lr * v[name]", "rate * v[name]")
    rates = "rate = 0.1"
    for alone in (False, True):
        report = check("momentum", answer(text, rates), isolated=alone)
        assert report.cause == "global" and "rate" in report.lines[0]
        assert "graded alone" in str(report)
        report = check("momentum", answer("base = rate\n" + RIGHT, rates), isolated=alone)
        assert report.cause == "global" and "uses rate" in str(report)
    assert state() == "attempted"


def test_commands_of_ipython_are_no_part_of_an_answer():
    """As it has rewritten them before Python sees the cell."""
    magic = "get_ipython().run_line_magic('timeit', '-n1 run')\n"
    text = RIGHT + magic + f"if run:\n    {magic}get_ipython().system('ls')\n"
    text += "get_ipython().getoutput('ls')\n"
    shell = "class Shell:\n    def __getattr__(self, name): return print\nget_ipython = Shell"
    for alone in (False, True):
        assert check("momentum", answer(text, shell), isolated=alone).score == 100


def test_alone_means_with_numpy_as_it_comes(monkeypatch):
    """A cell that changes what the judge compares by fools this session, and nobody else."""
    for name in ("abs", "max", "allclose", "isfinite"):
        monkeypatch.setattr(np, name, getattr(np, name))  # put back after the test
    bad = changed("lr * v[name]", "2 * lr * v[name]")
    fooled = answer("np.abs = lambda *given, **more: np.zeros(1)\n" + bad)
    assert check("momentum", fooled).status == "correct"
    report = check("momentum", fooled, isolated=True)
    assert report.status == "not yet" and report.cause == "value" and report.score == 0
    assert state() == "public checks passed"


def test_a_check_that_does_not_run_is_no_verdict(monkeypatch):
    monkeypatch.setattr(isolated.sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match=r"^The isolated check did not run"):
        check("momentum", answer(RIGHT), isolated=True)
    assert state() == "open"


def test_an_answer_of_a_module_is_found_too(file, tmp_path, monkeypatch):
    file(RIGHT, "my_own_answer.py")
    monkeypatch.syspath_prepend(tmp_path)
    import my_own_answer

    assert check("momentum", my_own_answer.run, isolated=True).score == 100


@pytest.mark.parametrize("nothing", [None, ..., answer("def run(params, grads, lr, mu): pass")])
def test_a_stub_stays_not_attempted(nothing):
    assert check("momentum", nothing, isolated=True).status == "not attempted"
    assert state() == "open"


@pytest.mark.parametrize("odd", [max, 42, "exec"])
def test_an_answer_without_a_source_is_refused(odd):
    if odd == "exec":
        namespace = {}
        exec(compile(RIGHT, "<nowhere>", "exec"), namespace)
        odd = namespace["run"]
    with pytest.raises(
        ValueError, match=r"^answer must be a function whose cell or file can be read"
    ):
        check("momentum", odd, isolated=True)
    assert state() == "open"
