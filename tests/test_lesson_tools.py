"""show, parity and the executor of notebooks: what they promise, and the errors they must catch."""

from __future__ import annotations

import functools
import importlib
import os
import re
import types
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat import v4

from dlcourse import lesson
from dlcourse.lesson import bootstrap
from dlcourse.lesson.show import source
from dlcourse.scratch import optimizers
from tools import notebooks, stored

ROOT = Path(__file__).parents[1]
ALT = "A line that rises to the right, ever faster."


# show


class Shown:
    """Words about the class."""

    def method(self, x):
        """Return x,

        in two paragraphs.
        """

        # why
        return x  # as it came

    @property
    def silent(self):
        """Only words."""


def test_show_prints_code_and_comments_without_docstrings(capsys):
    lesson.show(Shown.method)
    assert capsys.readouterr().out.splitlines() == [
        f"# Shown.method · {Shown.__module__.replace('.', '/')}.py",
        "def method(self, x):",
        "    # why",
        "    return x  # as it came",
    ]


def test_show_takes_classes_properties_and_several_objects(capsys):
    lesson.show(Shown, Shown.silent, optimizers.SGD.update)
    text = capsys.readouterr().out
    assert "Words" not in text
    assert "paragraphs" not in text
    assert "@property\ndef silent(self):\n    ..." in text
    assert "# SGD.update · dlcourse/scratch/optimizers/sgd.py" in text


def test_what_show_prints_is_the_code_that_runs():
    """The shown source of a function, executed, does what the function does."""
    room = {"np": np, "functools": functools}
    exec(source(bootstrap.student_quantile), room)
    assert room["student_quantile"](0.975, 9) == bootstrap.student_quantile(0.975, 9)


@pytest.mark.parametrize("item", [3, np.add, print, None])
def test_show_refuses_what_has_no_python_source(item):
    with pytest.raises(TypeError, match="objects must be functions, methods or classes"):
        lesson.show(item)


# parity


def test_parity_says_what_was_compared(capsys):
    lesson.parity("SGD", momentum=0.9, nesterov=True, steps=20)
    first, second = capsys.readouterr().out.splitlines()
    assert first == (
        "SGD(momentum=0.9, nesterov=True): 20 steps, values and state equal to torch.optim.SGD "
        "within 1e-12"
    )
    assert re.fullmatch(r"  largest relative difference: ≈\d+e-\d+", second)


class InsideRoot(optimizers.Adam):
    """Adam with ε inside the root."""

    def adaptive_step(self, g, m, v, v_max=None):
        step = super().adaptive_step(g, m, v, v_max)
        root = np.sqrt(v / (1 - self.betas[1] ** self.t))
        inside = np.sqrt(v / (1 - self.betas[1] ** self.t) + self.eps)
        return step * (root + self.eps) / inside


class NoCorrection(optimizers.Adam):
    """Adam that forgets the bias correction of v."""

    def adaptive_step(self, g, m, v, v_max=None):
        return super().adaptive_step(g, m, v, v_max) / np.sqrt(1 - self.betas[1] ** self.t)


class StateOnly(optimizers.Adam):
    """Right values, but a state that is a hair off."""

    def state_dict(self):
        saved = super().state_dict()
        saved["state"][0]["v"] = saved["state"][0]["v"] * (1 + 1e-10)
        return saved


class NotANumber(optimizers.Adam):
    """A step that loses one value."""

    def update(self, theta, g, *state):
        delta = super().update(theta, g, *state)
        return np.full_like(delta, np.nan) if self.t == 5 else delta


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (InsideRoot, r"Adam\(lr=0.1\): step 1, value of parameter 0"),
        (NoCorrection, r"step 1, value of parameter 0"),
        (StateOnly, r"step 1, state v of parameter 0 .* differs by 1e-10"),
        (NotANumber, r"step 5, value of parameter 0 .* differs by nan"),
    ],
)
def test_parity_catches_an_algorithm_that_differs(monkeypatch, wrong, message):
    monkeypatch.setattr(optimizers, "Adam", wrong)
    with pytest.raises(AssertionError, match=message):
        lesson.parity("Adam", lr=0.1, steps=10)


def test_parity_names_what_it_knows():
    with pytest.raises(KeyError, match=r"name must be an algorithm of optimizers.*; got 'Adan'"):
        lesson.parity("Adan")
    with pytest.raises(ValueError, match="steps must be >= 1; got 0"):
        lesson.parity("Adam", steps=0)


def test_a_family_joins_by_one_entry(monkeypatch, capsys):
    room = types.SimpleNamespace(flatten=abs)
    parity = importlib.import_module("dlcourse.lesson.parity")  # the name is the function's
    monkeypatch.setattr(parity.importlib, "import_module", lambda name: room)
    monkeypatch.setattr(parity, "FAMILIES", {"layers": lambda ours, theirs, call, *_: call})
    parity.parity("flatten", axis=1)
    assert capsys.readouterr().out == "flatten(axis=1)\n"


# the executor


def test_stored_notebooks_hold_nothing_of_the_machine():
    cell = v4.new_code_cell("x = 1  \n\n", id="one", metadata={"tags": ["a"], "collapsed": True})
    told = {"language_info": {"name": "python", "version": "3.11.7"}}
    notebook = v4.new_notebook(cells=[cell], metadata=told)
    notebook.metadata["myst"] = {"html_meta": {"description": "kept"}}
    clean = stored.normalized(notebook)
    assert "3.11.7" not in stored.text_of(clean)
    assert clean.cells[0].metadata == {"tags": ["a"]}
    assert clean.cells[0].source == "x = 1"
    assert clean.metadata["myst"] == notebook.metadata["myst"]
    assert stored.text_of(stored.normalized(clean)) == stored.text_of(clean)


def test_alt_text_moves_to_where_the_page_takes_it_from():
    image = v4.new_output("display_data", {"image/svg+xml": "<svg/>"})
    image.metadata = {"dlcourse": {"alt": ALT}}
    cell = v4.new_code_cell("x", id="one", outputs=[image])
    cell.metadata["mystnb"] = {"image": {"alt": "older", "width": "50%"}, "figure": {"name": "f"}}
    clean = stored.normalized(v4.new_notebook(cells=[cell]))
    told = {"image": {"alt": ALT, "width": "50%"}, "figure": {"name": "f"}}
    assert clean.cells[0].metadata["mystnb"] == told


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    assert stored.write(v4.new_notebook(), path)
    assert not stored.write(v4.new_notebook(), path)
    before = path.read_bytes()
    monkeypatch.setattr(stored.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        stored.write(v4.new_notebook(metadata={"a": 1}), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.ipynb"]


def test_an_error_in_a_cell_stops_the_run_unless_it_is_meant(tmp_path):
    from nbclient.exceptions import CellExecutionError

    path = tmp_path / "a.ipynb"
    cell = v4.new_code_cell("1 / 0", id="divide", metadata={"tags": ["raises-exception"]})
    nbformat.write(v4.new_notebook(cells=[cell]), path)
    (output,) = notebooks.execute(path).cells[0].outputs
    assert output.ename == "ZeroDivisionError"
    del cell.metadata["tags"]
    nbformat.write(v4.new_notebook(cells=[cell]), path)
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        notebooks.execute(path)


def test_check_runs_compares_and_says_so_by_its_exit_code(tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("print(6 * 7)", id="product")]), path)
    assert notebooks.main(["run", str(path)]) == 0
    assert notebooks.main(["check", str(tmp_path)]) == 0
    stored = path.read_text(encoding="utf-8")
    path.write_text(stored.replace("42", "43"), encoding="utf-8")
    capsys.readouterr()
    assert notebooks.main(["check", str(tmp_path)]) == 1
    assert f"{path}: differs" in capsys.readouterr().out
    assert "43" in path.read_text(encoding="utf-8"), "check writes nothing"
    assert notebooks.main(["run", str(path)]) == 0
    assert path.read_text(encoding="utf-8") == stored


def test_a_missing_notebook_is_named(tmp_path):
    with pytest.raises(stored.NotebookError, match="must be a notebook or a folder with some"):
        list(notebooks.found([str(tmp_path)]))


def test_a_run_neither_reads_nor_writes_the_progress_of_its_author(tmp_path, monkeypatch):
    """Progress starts empty, the run may add to it, and nothing of it is left."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "progress.json").write_text("the author's")
    monkeypatch.setenv("DLCOURSE_HOME", str(own))
    source = (
        "import os\n"
        "from dlcourse.grading import hint, progress\n"
        "print(os.listdir(os.environ['DLCOURSE_HOME']))\n"
        "hint('adam')\n"
        "print(progress('adam'))\n"
        "print(os.environ['DLCOURSE_HOME'])"
    )
    path = tmp_path / "a.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(source, id="progress")]), path)
    (output,) = notebooks.execute(path).cells[0].outputs
    lines = output.text.splitlines()
    assert lines[0] == "[]"
    assert lines[2].endswith("1 of 3")
    assert not Path(lines[-1]).exists()
    assert [file.name for file in own.iterdir()] == ["progress.json"]
    assert (own / "progress.json").read_text() == "the author's"


def test_no_kernel_waits_for_a_port_that_another_took(tmp_path):
    """Two that start at once may be given the same free port; one of them then never answers."""
    source = "from ipykernel import get_connection_info as at\nprint(at(unpack=True)['transport'])"
    path = tmp_path / "a.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell(source, id="where")]), path)
    (output,) = notebooks.execute(path).cells[0].outputs
    assert output.text == ("ipc\n" if os.name == "posix" else "tcp\n")
