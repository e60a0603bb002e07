"""One student to be graded, the command in this process, and a look at what it has written."""

import json
import subprocess

import pytest
from cohort import notebook, right
from tools_available import need

from dlcourse.__main__ import main
from dlcourse.grading import batch
from dlcourse.grading.results import RESULTS

IDS = ["sgd", "clipping", "momentum"]
SECRET = b"the secret of this cohort"


@pytest.fixture
def one(tmp_path):
    """A folder with one student, who has all of `IDS` right."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/anna.ipynb").write_text(notebook({id: right(id) for id in IDS}))
    return tmp_path / "in"


@pytest.fixture
def run(capsys, monkeypatch):
    """The command in this process."""
    need("bubblewrap")

    def run(*arguments, **variables):
        batch.sandbox_of.cache_clear()
        with monkeypatch.context() as context:
            for name, value in variables.items():
                context.setenv(name, str(value))
            status = main([*map(str, arguments)])
        return subprocess.CompletedProcess(arguments, status, *capsys.readouterr())

    yield run
    batch.sandbox_of.cache_clear()


def lines_of(out):
    return [json.loads(line) for line in (out / RESULTS).read_text().splitlines()]


def rows_of(out):
    return (out / "grades.csv").read_text().splitlines()
