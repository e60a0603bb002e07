"""A cell has one reading: whoever checks it, alone or not, and whoever grades it, says the same."""

import atexit
import builtins
import functools
import json
import re
import warnings

import cells
import numpy as np
import odd_cells
import odd_results
import pytest
from cohort import notebook
from IPython.core.interactiveshell import InteractiveShell
from odd_cells import NOWHERE
from tools_available import need
from traitlets.config import Config

from dlcourse.__main__ import main
from dlcourse.grading import isolated, one
from dlcourse.grading.bank import find
from dlcourse.grading.isolated import judged
from dlcourse.grading.results import RESULTS
from dlcourse.grading.sandbox import Limits, Sandbox

home = cells.home
CELLS = {**odd_cells.CELLS, **odd_results.CELLS}
# The machine may be busy with other tests: a slow answer is not what is asked about here.
LIMITS = Limits(call=30.0, total=60.0)


@pytest.fixture(scope="module")
def sandbox():
    need("bubblewrap")
    return Sandbox(limits=LIMITS)


@pytest.fixture(scope="module")
def alone(sandbox):
    """The verdict on a text, in a process of its own; the same text is asked about once."""
    return functools.cache(lambda spec_id, text: judged(find(spec_id), text, sandbox))


@pytest.fixture(autouse=True)
def _what_a_cell_sets_ends_with_its_test(monkeypatch):
    monkeypatch.delattr(builtins, "_", raising=False)  # a doctest leaves its last result there
    with np.errstate(), warnings.catch_warnings():
        yield


@pytest.fixture(autouse=True)
def _one_sandbox(sandbox, alone, monkeypatch):
    """Neither a new Python for each isolated check, nor the same text twice."""
    monkeypatch.setattr(isolated, "afresh", lambda spec, text: alone(spec.id, text))
    monkeypatch.setattr(one, "judged", lambda spec, text, *_: alone(spec.id, text))
    monkeypatch.setattr(one, "own_sandbox", lambda: sandbox)


class Page:
    """A notebook in IPython."""

    def __init__(self):
        self.shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
        atexit.unregister(self.shell.atexit_operations)

    def fresh(self):
        self.shell.reset()
        self.run("import numpy as np\nfrom dlcourse.grading import check")
        return self

    def run(self, text):
        """Whether the cell ran to its end."""
        return self.shell.run_cell(text, store_history=True).success

    def check(self, arguments=""):
        """The verdict in the words of its cell; empty where there is no function to check."""
        if not self.run(f"_report = check('momentum', run{arguments})"):
            return None
        report = self.shell.user_ns["_report"]
        return told(one.as_json(report))


@pytest.fixture(scope="module")
def jupyter():
    return Page()


@pytest.fixture
def page(jupyter, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return jupyter.fresh()


def told(verdict):
    """All that a verdict says, but for where in the cell, which an editor counts otherwise."""
    lines = [re.sub(r"in line \d+ ", "", line) for line in verdict["lines"]]
    return {**{key: verdict[key] for key in SAID}, "lines": lines}


SAID = ("status", "points", "groups", "cause", "hint_id", "passed")


def shell(text, tmp_path, capsys):
    """The verdict of ``python -m dlcourse check`` on a notebook."""
    path = tmp_path / "answer.ipynb"
    path.write_text(notebook({"momentum": text}), encoding="utf-8")
    capsys.readouterr()
    main(["check", "momentum", str(path), "--json"])
    return told(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_is_the_same_at_the_page_alone_and_at_the_shell(name, page, tmp_path, capsys):
    text, expected, *earlier = CELLS[name]
    at_the_shell = shell(text, tmp_path, capsys)
    assert expected in (at_the_shell["cause"], at_the_shell["points"]), at_the_shell
    for cell in earlier:
        assert cell is NOWHERE or page.run(cell)
    ran = page.run(text)
    first, second, alone = page.check(), page.check(), page.check(", isolated=True")
    assert ran or first is None or NOWHERE not in earlier
    if NOWHERE in earlier:
        assert first is second is alone is None
    else:
        assert first == second == alone == at_the_shell


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The verdict of a grader on every cell, each from a student of its own."""
    need("bubblewrap")
    folder = tmp_path_factory.mktemp("graded")
    for number, (text, *_) in enumerate(CELLS.values()):
        path = folder / "in" / f"{number:03}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_text(notebook({"momentum": text}), encoding="utf-8")
    words = ["grade", str(folder / "in"), "--out", str(folder / "out"), "--exercises", "momentum"]
    assert main(words) == 0
    records = map(json.loads, (folder / "out" / RESULTS).read_text().splitlines())
    return {list(CELLS)[int(record["student"])]: record for record in records}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_is_worth_the_same_to_a_grader(name, graded, tmp_path, capsys):
    """On other inputs, so the numbers in its words are others."""
    text, *_ = CELLS[name]
    own, other = shell(text, tmp_path, capsys), told(graded[name])
    assert {key: own[key] for key in SAID} == {key: other[key] for key in SAID}
