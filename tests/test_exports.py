"""What an instructor takes home: a table, Gradescope's files, a Canvas column, pages."""

import csv
import dataclasses
import io
import json
import os
import re

import pytest

from dlcourse.grading import batch, class_report, exports
from dlcourse.grading.bank import exercises
from dlcourse.grading.report import CORRECT, NOT_YET, Report
from dlcourse.grading.results import replacing
from dlcourse.grading.spec import GROUPS
from dlcourse.grading.submissions import collect

EVIL = '=1+1"<script>alert(1)</script>'


def record(student, exercise, points=100, mistake=None, flags=(), lines=("Said.",)):
    spec = exercises()[exercise]
    groups = GROUPS if points == 100 else dict.fromkeys(GROUPS, 0) | {"core": points}
    status, cause = (CORRECT, "correct") if points == 100 else (NOT_YET, "value")
    hint_id = spec.mistakes[mistake].id if mistake is not None else None
    report = Report(spec, status, cause, tuple(lines), (), dict(groups), hint_id)
    return {**batch._record(student, report), "flags": list(flags), "seconds": 0.25}


RECORDS = [
    record("anna", "sgd"),
    record("anna", "clipping"),
    record("bert", "sgd", 60, 0),
    batch.missing("bert", "clipping"),
    record("carl", "sgd", 0, 1, ["a.ipynb: two"]),
    record("carl", "clipping", 0, 2),
    record("dora", "sgd", 0, 1),
    record("dora", "clipping", 60),
]


# grades.csv


def test_the_table_is_the_same_bytes_for_the_same_verdicts(tmp_path):
    exports.grades(RECORDS, tmp_path / "a.csv")
    later = [{**r, "seconds": 9.9, "printed": "x", "file": "other"} for r in RECORDS]
    exports.grades(later, tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    exports.grades([record("anna", "sgd", 60)], tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() != (tmp_path / "b.csv").read_bytes()
    first = (tmp_path / "a.csv").read_bytes().splitlines()[:3]
    assert first == [
        b"student,exercise,status,points,max_points,cause,hint_id,flags",
        b"anna,sgd,correct,100,100,correct,,",
        b"anna,clipping,correct,100,100,correct,,",
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "'=", "\uff1d"])
def test_no_cell_is_a_formula(start, tmp_path):
    text = f'{start}HYPERLINK("http://x","y")'
    exports.grades([record(text, "sgd", flags=[text])], tmp_path / "a.csv")
    with open(tmp_path / "a.csv", newline="") as file:
        row = list(csv.reader(file))[1]
    for cell in (row[0], row[-1]):
        assert cell.strip()[0] not in "=+-@\uff1d" and text.strip() in cell


def test_no_cell_is_a_formula_where_cells_end_at_semicolons(tmp_path):
    """As in a German Excel: a line is divided at semicolons, the commas are text."""
    evil = {"cell_type": "code", "metadata": {"tags": ["exercise:x;=1+1"]}, "source": "1"}
    for name in ("x;=1+1", "bert"):
        (tmp_path / "in" / name).mkdir(parents=True)
        for file in ("a;=1+1.ipynb", "=cmd.ipynb", "b.pdf", "=cmd.pdf"):
            text = json.dumps({"cells": [evil, {**evil, "source": 1}]})
            (tmp_path / "in" / name / file).write_text(text)
    found = collect(tmp_path / "in", {"sgd"})
    rows = [record(s.student, "sgd", flags=[*s.flags, "=1+1"]) for s in found]
    exports.grades(rows, tmp_path / "a.csv")
    cells = (tmp_path / "a.csv").read_text().replace("\n", ";").replace('"', "").split(";")
    assert len(cells) > 3 and not any(cell.lstrip().startswith("=") for cell in cells)


def test_text_that_is_no_unicode_does_not_stop_the_export(tmp_path):
    exports.grades([record("\ud800", "sgd", flags=["\udcff\0"])], tmp_path / "a.csv")
    odd = [record("\ud800", "sgd", 0, lines=["ValueError: \ud800\0\x1b[31m"])]
    class_report.write(odd, tmp_path)
    exports.gradescope(odd, tmp_path / "g")
    assert b"\\ud800" in (tmp_path / "a.csv").read_bytes()
    assert len(list(tmp_path.rglob("*.html"))) == 2


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    (tmp_path / "a").write_text("old")

    def interrupted():
        with replacing(tmp_path / "a") as file:
            file.write("half of the n")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (tmp_path / "a").read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_file_is_on_the_disk_before_it_takes_the_place_of_another(tmp_path, monkeypatch):
    events = []
    monkeypatch.setattr(os, "fsync", lambda file: events.append(os.fstat(file).st_size))
    monkeypatch.setattr(os, "replace", lambda *paths: events.append("replaced"))
    with replacing(tmp_path / "a") as file:
        file.write("new")
    assert events == [3, "replaced"]


# Gradescope


@pytest.mark.parametrize("first", ["sgd", "clipping"])
def test_a_students_exercises_come_in_the_order_of_the_book(first, monkeypatch):
    """By chapter, then by position, whatever the order of the records."""
    chapter = {first: "1-a"}

    def find(id):
        return dataclasses.replace(exercises()[id], chapter=chapter.get(id, "2-b"))

    monkeypatch.setattr(exports, "find", find)
    own = exports.by_student(RECORDS[::-1])["anna"]
    assert [r["exercise"] for r in own] == sorted(["sgd", "clipping"], key=lambda id: id != first)


def test_gradescope_gets_what_its_autograder_reads(tmp_path):
    exports.gradescope(RECORDS, tmp_path)
    names = sorted(path.parent.name for path in tmp_path.glob("*/results.json"))
    assert names == ["anna", "bert", "carl", "dora"]
    result = json.loads((tmp_path / "bert/results.json").read_text())
    assert set(result) == {"score", "execution_time", "stdout_visibility", "tests"}
    assert result["score"] == 60 == sum(test["score"] for test in result["tests"])
    assert result["execution_time"] == 0.2 and result["stdout_visibility"] == "hidden"
    test = next(test for test in result["tests"] if test["score"])
    assert test == {
        "name": exercises()["sgd"].title,
        "number": f"2.{exercises()['sgd'].position}",
        "score": 60,
        "max_score": 100,
        "status": "failed",
        "output": "not yet.\nSaid.",
        "output_format": "text",
        "visibility": "visible",
    }


def test_names_that_are_no_file_names_get_one_each(tmp_path):
    names = ["../../up", "a/b", "a\\b", "a:b", ".", "..", "", "é", "x" * 300, "a b", "a\nb", "CON."]
    made = [exports.safe_name(name) for name in names]
    assert len({name.lower() for name in made}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+-[0-9a-f]{16}", name) for name in made)
    assert all(len(name) < 100 for name in made)
    exports.gradescope([record(name, "sgd") for name in names], tmp_path / "g")
    assert len(list((tmp_path / "g").iterdir())) == len(names)
    assert [path.name for path in tmp_path.iterdir()] == ["g"]
    assert exports.safe_name("doejane_1234") == "doejane_1234"


def test_no_two_students_share_a_file_on_any_system():
    """Capitals that a Mac does not tell apart, devices of Windows, names made like ours."""
    names = ["anna", "Anna", "ANNA", "con", "nul.txt", "lpt1", "é", "com", "console", "anna."]
    names.append(exports.safe_name("é"))
    made = [exports.safe_name(name) for name in names]
    assert len({name.lower() for name in made}) == len(names)
    assert [name for name in made if name in names] == ["anna", made[6], "com", "console"]
    assert made[6] != made[-1] and not {"con", "nul.txt", "lpt1"} & set(made)


# Canvas

BOOK = '''\
Student,ID,SIS User ID,SIS Login ID,Section,"Optimizers, part 1 (77)",Essay (78),Final Score
    Points Possible,,,,,50.0,10.0,(read only)
"Doe, Jane",1234,u1,anna,"A, B",,7.5,"say ""hi"""
"Roe, Bert",1235,bert,b@x,A,1,,
"Poe, Carl",1236,u3,c@x,A,2,,
dora,1237,u4,d@x,A,3,,
"Student, Test",9,,t@x,A,4,,
'''


@pytest.fixture
def canvas(tmp_path):
    def canvas(records, text=BOOK, assignment="Optimizers, part 1"):
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "book.csv").write_bytes(data)
        left = exports.canvas(records, tmp_path / "book.csv", assignment, tmp_path / "new.csv")
        return left, (tmp_path / "new.csv").read_bytes().decode()

    return canvas


def column(text, index=5):
    return [row[index] for row in csv.reader(io.StringIO(text))]


def renamed(names):
    return [{**r, "student": names.get(r["student"], r["student"])} for r in RECORDS]


def test_students_are_found_by_login_id_and_name(canvas):
    """Anna by her login, Bert by his SIS id, Carl by the id in Canvas' file name, Dora by name."""
    left, text = canvas(renamed({"carl": "poecarl_1236"}))
    assert left == []
    assert column(text)[1:] == ["50.0", "50.00", "15.00", "0.00", "15.00", "4"]
    left, text = canvas(renamed({"carl": "1236"}))
    assert left == [] and column(text)[4] == "0.00"


def test_a_login_says_more_than_a_name(canvas):
    text = "Student,ID,SIS Login ID,Optimizers (7)\nbert,1,anna,\n"
    left, new = canvas(RECORDS, text, "Optimizers")
    assert left == ["bert", "carl", "dora"] and new.splitlines()[1] == "bert,1,anna,100.00"


def test_all_other_cells_are_kept(canvas):
    _, text = canvas(RECORDS)
    expected = BOOK.replace('B",,7.5', 'B",50.00,7.5').replace("b@x,A,1", "b@x,A,15.00")
    expected = expected.replace("d@x,A,3", "d@x,A,15.00")
    assert text == expected


@pytest.mark.parametrize("change", ["\r\n", "\ufeff"])
def test_line_ends_and_the_byte_order_mark_are_kept(change, canvas):
    text = BOOK.replace("\n", "\r\n") if change == "\r\n" else change + BOOK
    left, new = canvas(RECORDS, text)
    assert new.count(change) == text.count(change) and left == ["carl"]
    assert column(new.removeprefix("\ufeff"))[2] == "50.00"


def test_who_is_not_in_the_gradebook_is_told(canvas):
    left, _ = canvas([*RECORDS, record("zoe", "sgd"), record("x_99", "sgd")])
    assert left == ["carl", "x_99", "zoe"]


def test_of_two_of_one_name_neither_gets_the_points(canvas):
    left, text = canvas(RECORDS, BOOK + "dora,1299,u9,dd@x,B,8,,\n")
    assert left == ["carl", "dora"] and column(text)[5] == "3" and column(text)[7] == "8"


def test_rows_may_be_short_and_points_missing(canvas):
    left, text = canvas(RECORDS, "Student,ID,SIS Login ID,Optimizers (7)\n\nA,1,anna\nB,2,bert,x\n",
                        "Optimizers (7)")  # fmt: skip
    assert left == ["carl", "dora"]
    assert text.splitlines()[2:] == ["A,1,anna,100.00", "B,2,bert,30.00"]


@pytest.mark.parametrize("name", ["Optimisers", "", "ID", "Optimizers, part 1 (78)"])
def test_a_column_that_is_not_there_is_refused_with_those_that_are(name, canvas):
    said = r"canvas-assignment must be the name of one column; got .*Optimizers, part 1 \(77\), Es"
    if name == "ID":  # a column of Canvas' own is no assignment
        name = "id"
    with pytest.raises(ValueError, match=said):
        canvas(RECORDS, assignment=name)


def test_a_name_that_two_columns_have_is_refused(canvas):
    twice = BOOK.replace("Essay (78)", '"Optimizers, part 1 (79)"')
    with pytest.raises(ValueError, match="the name of one column"):
        canvas(RECORDS, twice)
    left, _ = canvas(RECORDS, twice, "Optimizers, part 1 (79)")
    assert left == ["carl"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "The file has: no assignments"),
        ("a;b;c\n", "The file has: no assignments"),
        ("Student\xe9".encode("latin-1"), "canvas must be UTF-8, as Canvas exports it"),
    ],
)
def test_what_is_no_gradebook_is_refused(text, said, canvas):
    with pytest.raises(ValueError, match=said):
        canvas(RECORDS, text)


def test_a_gradebook_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^canvas must be a gradebook exported from Canvas"):
        exports.canvas(RECORDS, tmp_path / "no.csv", "x", tmp_path / "new.csv")
