"""``python -m dlcourse grade`` from outside: what is refused, what is said, what comes out."""

import shutil
import subprocess
import sys

import cells
import pytest
from cohort import ROOT, cohort, environment, notebook, wrong
from tools_available import need

from dlcourse.__main__ import main
from dlcourse.grading.bank import exercises
from dlcourse.grading.submissions import answers_of

home = cells.home


@pytest.fixture(autouse=True)
def _sandbox():
    need("bubblewrap")


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


def test_a_student_of_another_number_is_refused_before_anybody_is_graded(tmp_path, capsys):
    (tmp_path / "in/week_12").mkdir(parents=True)
    (tmp_path / "in/week_12/a.ipynb").write_text(notebook({"sgd": "..."}))
    book = 'Student,ID,Optimizers (7)\nPoints Possible,,"7,5"\n"Doe, Jane",12,\n'
    (tmp_path / "book.csv").write_text(book)
    arguments = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--canvas"]
    arguments += [str(tmp_path / "book.csv"), "--canvas-assignment", "Optimizers"]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "got 'week_12'." in said and "'Doe, Jane'" in said and "doejane_12" in said
    (tmp_path / "book.csv").write_text(book.replace("7,5", "7,500"))
    assert main(arguments) == 2
    assert "line 2, column 'Optimizers (7)'; got '7,500'." in capsys.readouterr().err
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
