"""Machines that are no Linux: a learner can check there; what cannot work is refused in a line."""

import subprocess
import sys

import cells
import pytest
from cells import RIGHT, answer
from cohort import ROOT, environment, notebook, right

from dlcourse.grading import check, isolated
from dlcourse.grading.report import CORRECT
from dlcourse.grading.sandbox import worker

home = cells.home
LACKING = "import sys; sys.modules.update(fcntl=None, resource=None)\n"
ASKED = """
from dlcourse.grading import check, hint, progress
assert check("sgd", lambda: 1).status == "not yet"
print(hint("sgd"), progress("sgd"))
"""


@pytest.fixture
def fresh():
    isolated.own_sandbox.cache_clear()
    yield
    isolated.own_sandbox.cache_clear()


def python(text):
    words = [sys.executable, "-c", text]
    return subprocess.run(words, env=environment(), cwd=ROOT, capture_output=True, text=True)


def test_a_learner_needs_nothing_of_unix(tmp_path):
    done = python(f"{LACKING}import os; os.environ['DLCOURSE_HOME'] = {str(tmp_path)!r}\n{ASKED}")
    assert done.returncode == 0, done.stderr
    assert "Hint 1 of 3" in done.stdout


def test_that_is_a_test():
    assert python(f"{LACKING}import dlcourse.grading.sandbox.worker").returncode != 0


def test_isolated_is_refused_on_windows(fresh, monkeypatch):
    monkeypatch.setattr(isolated, "WINDOWS", True)
    with pytest.raises(ValueError, match="isolated must be left out on Windows"):
        check("momentum", answer(RIGHT), isolated=True)


def test_a_folder_of_results_needs_a_lock(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/anna.ipynb").write_text(notebook({"sgd": right("sgd")}))
    words = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--sandbox", "rlimits"]
    done = python(f"{LACKING}from dlcourse.__main__ import main; sys.exit(main({words!r}))")
    assert done.returncode == 2
    assert done.stderr.startswith("error: out must be on Linux or macOS")


def test_without_a_sandbox_ones_own_answer_runs_under_limits_and_this_is_said(
    home, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))  # no bwrap
    with pytest.warns(UserWarning, match="limits of time and memory only"):
        report = check("momentum", answer(RIGHT), isolated=True)
    assert report.status == CORRECT


def test_a_limit_that_a_system_lacks_stops_nothing_but_in_a_sandbox(monkeypatch):
    def lacking(kind, value):
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(worker.resource, "setrlimit", lacking)
    worker.limit(1, 1, 1, 1, every=False)
    with pytest.raises(SystemExit, match=r"RLIMIT_AS is .*, and an answer is given 1$"):
        worker.limit(1, 1, 1, 1, every=True)
