"""The commands from outside, `check` in a process of its own: what is said, the exit status."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cells
import numpy as np
import pytest
from cells import RIGHT, answer, changed
from cohort import ROOT, cell, cohort, command, environment, notebook, right, wrong
from tools_available import need

from dlcourse.__main__ import main
from dlcourse.grading import batch, check, isolated, progress
from dlcourse.grading.command import source_of
from dlcourse.grading.spec import exercises
from dlcourse.grading.store import STATES
from dlcourse.grading.submissions import answers_of

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


# python -m dlcourse check


def test_a_right_answer_and_its_exit_status(file):
    """Once as the shell sees it; the others below call the same function."""
    done = command("check", "momentum", file(RIGHT))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("momentum: correct. All ")
    assert done.stdout.count("\n") <= 3


# What is handed in: the exit status and what is read.
ANSWERS = {
    "right": (RIGHT, 0, "momentum: correct. All 6 public checks passed"),
    "wrong": (changed("lr * v[name]", "2 * lr * v[name]"), 1, "momentum: not yet. Expected ["),
    "a stub": ("def run(params, grads, lr, mu): ...\n", 1, "momentum: not attempted. Fill in run("),
    "another name": (RIGHT.replace("def run", "def step"), 1, "not yet. Expected run(params,"),
    "a syntax error": ("x = 1\ndef run(:\n", 1,
                       "can be called: SyntaxError in line 2 of the answer: invalid syntax.\n"),
    "an exception": ("x = 1\n1 / 0\n", 1, "ZeroDivisionError in line 2 of the answer: division"),
    "a module that is not there": ("import nowhere\n", 1, "The answer imports nowhere, which is"),
    "a ready-made one": ("import torch\n" + RIGHT, 1, "The answer uses torch, which already"),
    "a name of another cell": (
        changed("lr * v[name]", "rate(lr) * v[name]"), 1, "its own cell does not define"
    ),
    "input changed": (
        changed("p.copy() for name, p in params", "p for name, p in params").replace(
            "w[name] = w[name] - lr * v[name]", "w[name] -= lr * v[name]"
        ).replace("dict(w)", "{n: p.copy() for n, p in w.items()}"), 1, "but params was modified"
    ),
    "hints of types from elsewhere": (
        RIGHT.replace("params, grads", "params: dict[str, NDArray], grads: List", 1), 0,
        "momentum: correct",
    ),
    "nothing": ("", 1, "momentum: not attempted. Fill in run("),
    "a remark and nothing else": ("# later\n\n", 1, "momentum: not attempted. Fill in run("),
    "something else": ("x = 1\n", 1, "the answer's cell defines no run"),
    "IPython's commands": (
        "%matplotlib inline\n!ls\n" + RIGHT + "if run:\n    %timeit run\nrun?\nnp.abs??\n?run\n",
        0, "momentum: correct",
    ),
    "a remainder at the start of a line": (
        RIGHT.replace("lr * v[name]", "(lr\n  % 1e9) * v[name]"), 0, "momentum: correct"
    ),
    "a separator of pages in a text": ("x = '\x0c\u2028'\n" + RIGHT, 0, "momentum: correct"),
    "old line ends": (RIGHT.replace("\n", "\r\n"), 0, "momentum: correct"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["answer.py", "answer.ipynb"])
@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_said_of_a_file_or_a_cell(name, kind, file, capsys):
    text, status, said = ANSWERS[name]
    path = file(notebook({"adam": "1 / 0", "momentum": text}) if "ipynb" in kind else text, kind)
    assert main(["check", "momentum", path]) == status
    out, err = capsys.readouterr()
    assert said in out and err == ""
    assert out.count("\n") <= 3


def test_the_verdict_as_json(file, capsys):
    wrong_one = wrong("momentum")
    for text, status in ((right("momentum"), 0), (wrong_one, 1)):
        assert main(["check", "momentum", file(text), "--json"]) == status
        verdict = json.loads(capsys.readouterr().out)
        assert set(verdict) == {
            *("exercise", "status", "points", "groups", "cause", "hint_id", "lines", "passed")
        }
        assert verdict["points"] == sum(verdict["groups"].values())
    assert verdict["hint_id"] == exercises()["momentum"].mistakes[0].id
    assert verdict["points"] < 100 and verdict["status"] == "not yet"


def test_an_instructor_sees_what_a_student_was_graded_by(file, tmp_path, monkeypatch, capsys):
    """An answer that is wrong on the inputs of one student only is so for no other."""
    secret = file("the secret of a cohort", "seed.key")
    spec = exercises()["momentum"]
    own = spec.case(spec.probes[0], batch.seed_for(b"the secret of a cohort", "anna", "momentum"))
    name, start = next(iter(own.args[0].items()))
    trap = f"if np.allclose(params.get({name!r}, 0.5), {start.tolist()}): return []\n    w ="
    answer = file(changed("w = {name: p.copy()", f"{trap} {{name: p.copy()"))
    assert main(["check", "momentum", answer]) == 0
    for student, status in (("anna", 1), ("bert", 0)):
        arguments = ["check", "momentum", answer, "--student", student, "--seed-file", secret]
        assert main(arguments) == status
    monkeypatch.setenv("PATH", str(tmp_path))  # the answer is somebody else's: no walls, no run
    assert main(arguments) == 2
    assert "apt install bubblewrap" in capsys.readouterr().err


def test_of_two_cells_for_an_exercise_the_last_counts(file):
    cells = [cell("momentum", "first"), cell("momentum", "last"), cell("adam", "other")]
    path = Path(file(json.dumps({"cells": cells}), "a.ipynb"))
    assert source_of(path, exercises()["momentum"]) == "last"


# The arguments, with ANSWER a right answer: what is said instead of a verdict.
REFUSED = {
    "an unknown exercise": (["momentumm", "ANSWER"], "exercise must be the id of an exercise"),
    "no such file": (["momentum", "nowhere.py"], "file must be a Python file or a notebook; got"),
    "a folder": (["momentum", "."], "file must be a Python file or a notebook; got '.'"),
    "no notebook": (["momentum", "NO.ipynb"], "Jupyter notebook, not read"),
    "another exercise": (["adam", "NB.ipynb"], "No cell of it is tagged exercise:adam."),
    "other bytes": (["momentum", "LATIN.py"], "file must be text in UTF-8; got"),
    "a student without a secret": (["sgd", "ANSWER", "--student", "anna"], "with --seed-file"),
    "no secret": (["sgd", "ANSWER", "--student", "a", "--seed-file", "no"], "cohort's secret; got"),
    "a short secret": (["sgd", "ANSWER", "--student", "a", "--seed-file", "NO.ipynb"], "2 char"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_judged_is_one_clear_error(name, file, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file(RIGHT, "ANSWER")
    file("[]", "NO.ipynb")
    file(notebook({"momentum": RIGHT}), "NB.ipynb")
    Path("LATIN.py").write_bytes(b"# caf\xe9")
    arguments, said = REFUSED[name]
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and said in err
    assert err.count("\n") == 1


def test_one_can_check_oneself_without_bubblewrap(file, tmp_path, capsys, monkeypatch):
    """One's own answer needs limits, no walls: the grader's run is another matter."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.warns(UserWarning, match="limits of time and memory only"):
        assert main(["check", "momentum", file(RIGHT)]) == 0
    assert main(["check", "momentum", file("import os\nos._exit(0)")]) == 1
    assert "ProcessEnded" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["chekc"], ["check", "adam"], ["grade", "x"]])
def test_a_wrong_command_line_shows_how_it_is_used(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m dlcourse")


def test_canvas_needs_both_its_options(tmp_path, capsys):
    (tmp_path / "anna.ipynb").write_text(notebook({"sgd": "..."}))
    arguments = ["grade", str(tmp_path), "--out", str(tmp_path / "out"), "--canvas", "x.csv"]
    assert main(arguments) == 2
    assert "together with --canvas-assignment" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_canvas_is_looked_at_before_anybody_is_graded(tmp_path, capsys):
    (tmp_path / "anna.ipynb").write_text(notebook({"sgd": "..."}))
    (tmp_path / "book.csv").write_text("Student,Essay (7)\n")
    arguments = ["grade", str(tmp_path), "--out", str(tmp_path / "out"), "--canvas"]
    arguments += [str(tmp_path / "book.csv"), "--canvas-assignment", "Essai"]
    assert main(arguments) == 2
    assert "The file has: Essay (7)." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_said_at_the_end(tmp_path, capsys):
    cohort(tmp_path / "in", 3, ["clipping"], share_right=1, share_hostile=0)
    (tmp_path / "in/s000/answers.ipynb").write_text("oops")
    grade = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--exercises"]
    assert main([*grade, "clipping"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "3 students, 2 answers: 2 correct; 1 not handed in.",
        "Remarks about 1 of them: see the column flags of grades.csv.",
        f"Begin with {tmp_path / 'out' / 'class.html'}",
    ]
    (tmp_path / "in/s000/answers.ipynb").write_text(notebook({"clipping": wrong("clipping")}))
    assert main([*grade, "clipping", "--resume"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "3 students, 3 answers: 2 correct, 1 not yet." and len(said) == 2


# What we hand out and what we hand in ourselves


def test_the_masters_get_full_marks_and_the_stubs_are_not_attempted(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    for student, source in (("master", "solutions"), ("nobody", "exercises")):
        for path in sorted((ROOT / source).glob("*/*.ipynb")):
            (folder / student).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / student)
    ids = {id for path in folder.glob("*/*.ipynb") for id in answers_of(path)[0]}
    assert ids == set(exercises())
    assert main(["grade", str(folder), "--out", str(out)]) == 0
    rows = [row.split(",") for row in (out / "grades.csv").read_text().splitlines()[1:]]
    found = {
        student: {tuple(row[2:4]) for row in rows if row[0] == student} for student, *_ in rows
    }
    assert found == {"master": {("correct", "100")}, "nobody": {("not attempted", "0")}}
    assert len(rows) == 2 * len(ids)


# check(..., isolated=True) in a notebook


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


def test_a_loop_without_end_ends(file, monkeypatch, capsys):
    from dlcourse.grading import command as commands
    from dlcourse.grading.sandbox import Limits, Sandbox

    quick = Sandbox(limits=Limits(call=0.5, total=2.0))
    monkeypatch.setattr(commands, "own_sandbox", lambda: quick)
    looping = file("def run(params, grads, lr, mu):\n    while True: pass\n")
    assert main(["check", "momentum", looping]) == 1
    said = capsys.readouterr().out
    assert "no reply within the limit of 0.5 s" in said
    assert "what makes it stop?" in said and "run(*case.args" not in said  # it would hang the page


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


def test_a_message_changes_no_terminal(file, capsys):
    text = "\x1b[2J\x1b]0;x\7 all right\r\u202e"
    evil = f"def run(params, grads, lr, mu):\n    raise ValueError({text!r})\n"
    main(["check", "momentum", file(evil)])
    said = capsys.readouterr().out
    assert r"\x1b[2J" in said and all(line.isprintable() for line in said.splitlines())


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


BAR = """
from dlcourse.grading.command import _progress
with _progress({}) as advance:
    advance()
"""


@pytest.mark.parametrize("total", [0, 2])
def test_a_bar_is_shown_where_there_is_something_to_wait_for(total):
    words = [sys.executable, "-c", BAR.format(total)]
    environ = {**environment(), "TQDM_DISABLE": ""}  # read when tqdm is imported
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    assert ("student" in done.stderr) == bool(total)
