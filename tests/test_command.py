"""The commands from outside, `check` in a process of its own: what is said, the exit status."""

import json
import unicodedata
from pathlib import Path

import cells
import pytest
from cells import RIGHT, changed
from cohort import cell, command, notebook, right, wrong
from tools_available import need

from dlcourse.__main__ import main
from dlcourse.grading import batch, isolated
from dlcourse.grading.bank import exercises
from dlcourse.grading.one import source_of
from dlcourse.grading.results import Results
from dlcourse.grading.submissions import collect

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
    secret, spec = file("the secret of a cohort", "seed.key"), exercises()["momentum"]
    trap = "if next(iter(params.values())).flat[0] > 1.5: return []\n    w ="
    text = changed("w = {name: p.copy()", f"{trap} {{name: p.copy()")

    def caught(student, text):
        seed = batch.seed_for(b"the secret of a cohort", student, "momentum", text)
        starts = (spec.case(probe, seed).args[0] for probe in spec.probes)
        return any(next(iter(start.values())).flat[0] > 1.5 for start in starts)

    texts = (f"{text}# {n}\n" for n in range(1000))  # the inputs depend on the text as well
    answer = file(next(t for t in texts if caught("anna", t) and not caught("bert", t)))
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


# A file's name, and whether a notebook or Python is read from it; else it is refused.
KINDS = {
    "a.ipynb": notebook,
    "A.IPYNB": notebook,
    "a.ipynb.txt": notebook,
    "a.ipynb.json": notebook,
    "a.IPYNB.JSON": notebook,
    "a.py": str,
    "A.PY": str,
    "a.py.txt": str,
    "a": str,
    ".a.ipynb": None,
    "._a.ipynb": None,
    "__MACOSX.ipynb": None,
    "a.json": None,
    "a.txt": None,
    "a.html": None,
    "a.ipynb.pdf": None,
    "a.ipynb.zip": None,
}


@pytest.mark.parametrize("name", KINDS)
def test_a_file_is_read_as_what_its_name_says(name, file, tmp_path, capsys):
    """As `grade` has it; nothing is called wrong that is no answer."""
    for kind, text in ((notebook, notebook({"momentum": RIGHT})), (str, RIGHT)):
        path = file(text, name)
        status = main(["check", "momentum", path])
        out, err = capsys.readouterr()
        if kind is KINDS[name]:
            assert (status, err) == (0, "") and "momentum: correct" in out
        else:
            assert status == 2 and out == "" and err.startswith("error: file must be ")


def test_the_attempt_that_grade_takes_is_judged(file):
    cells = [cell("momentum", RIGHT), cell("momentum", "def run(params, grads, lr, mu): ...")]
    path = Path(file(json.dumps({"cells": cells}), "a.ipynb"))
    (found,) = collect(path.parent, exercises())
    assert source_of(path, exercises()["momentum"]) == RIGHT == found.answers["momentum"].source


def test_an_answer_in_prose_is_called_that(file, capsys):
    cells = [{**cell("momentum", RIGHT), "cell_type": "markdown"}]
    assert main(["check", "momentum", file(json.dumps({"cells": cells}), "a.ipynb")]) == 2
    assert "the cell of 'momentum' is Markdown, not code; not read" in capsys.readouterr().err


def test_a_student_nobody_knows_is_refused(file, tmp_path, capsys):
    """A folder of results, or of submissions, says who there is; without both anybody may be."""
    answer, secret = file(RIGHT), file("the secret of a cohort", "seed.key")
    jose = unicodedata.normalize("NFD", "José")

    def asked(student, *more):
        words = ["check", "momentum", answer, "--student", student, "--seed-file", secret, *more]
        return main(words), capsys.readouterr()

    assert asked("nobody")[0] == 0
    submissions = ["--submissions", str(tmp_path / "in")]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"{jose}.ipynb").write_text(notebook({"momentum": "..."}))
    assert asked("José", *submissions)[0] == asked(jose, *submissions)[0] == 0
    with Results(tmp_path) as results:
        names = ("anna", "José", r"a\x3bb")
        results.append([batch.missing(name, "momentum") for name in names])
    for student in (*names, jose, "a;b"):  # as it is printed, or as the folder is called
        assert asked(student)[0] == 0
    for student, more in (("nobody", []), ("ana", []), ("Anna", []), ("bert", submissions)):
        status, (out, err) = asked(student, *more)
        said = "error: student must be one of those handed in or graded here; got "
        assert status == 2 and out == "" and err.startswith(said + repr(student))
        assert ("Did you mean 'anna'?" in err) == (student in ("ana", "Anna"))


def test_a_name_is_asked_the_same_however_it_is_spelled(file, monkeypatch):
    asked = []
    monkeypatch.setattr(
        batch, "seed_for", lambda secret, student, *more: asked.append(student) or 0
    )
    secret = file("the secret of a cohort", "seed.key")
    for form in ("NFC", "NFD"):
        student = unicodedata.normalize(form, "Dvořák")
        main(["check", "sgd", file(RIGHT), "--student", student, "--seed-file", secret])
    assert asked == ["Dvořák"] * 2


# The arguments, with ANSWER a right answer: what is said instead of a verdict.
REFUSED = {
    "an unknown exercise": (["momentumm", "ANSWER"], "exercise must be the id of an exercise"),
    "no such file": (["momentum", "nowhere.py"], "file must be a file that exists; got"),
    "a folder": (["momentum", "."], "file must be a Python file or a notebook; got '.'"),
    "no notebook": (["momentum", "NO.ipynb"], "Jupyter notebook, not read"),
    "another exercise": (["adam", "NB.ipynb"], "No cell of it is tagged exercise:adam."),
    "other bytes": (["momentum", "LATIN.py"], "file must be text in UTF-8; got"),
    "submissions without a student": (
        ["momentum", "ANSWER", "--submissions", "."],
        "given together with --student; got '.'",
    ),
    "JSON as Python": (["momentum", "JSON.py"], "It holds JSON; the name of a notebook ends in"),
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
    file(notebook({"momentum": RIGHT}), "JSON.py")
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


def test_a_loop_without_end_ends(file, monkeypatch, capsys):
    from dlcourse.grading import one
    from dlcourse.grading.sandbox import Limits, Sandbox

    quick = Sandbox(limits=Limits(call=0.5, total=2.0))
    monkeypatch.setattr(one, "own_sandbox", lambda: quick)
    looping = file("def run(params, grads, lr, mu):\n    while True: pass\n")
    assert main(["check", "momentum", looping]) == 1
    said = capsys.readouterr().out
    assert "no reply within the limit of 0.5 s" in said
    assert "what makes it stop?" in said and "run(*case.args" not in said  # it would hang the page


def test_a_message_changes_no_terminal(file, capsys):
    text = "\x1b[2J\x1b]0;x\7 all right\r\u202e"
    evil = f"def run(params, grads, lr, mu):\n    raise ValueError({text!r})\n"
    main(["check", "momentum", file(evil)])
    said = capsys.readouterr().out
    assert r"\x1b[2J" in said and all(line.isprintable() for line in said.splitlines())
