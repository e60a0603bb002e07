"""What an instructor takes home: a table, Gradescope's files, a Canvas column, pages."""

import csv
import dataclasses
import json
import os
import re

import pytest
from verdicts import RECORDS, record

from dlcourse.grading import class_report, exports
from dlcourse.grading.bank import exercises
from dlcourse.grading.results import replacing
from dlcourse.grading.submissions import collect

EVIL = '=1+1"<script>alert(1)</script>'


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


# Names that students chose, as they come into a remark.
SIGNS = ["=1+1", "+1", "-1", "@x", '"=1+1', "\uff1d1+1", " =1+1", "x,=1+1", "x\t=1", "x|=1"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", SIGNS)
def test_no_cell_is_a_formula_whatever_separates_them(name, separator, tmp_path):
    """Our own remarks hold semicolons, and a name may follow; some sheets trim what they divide."""
    flags = [f"sgd: handed in twice; {name}.ipynb is newer than {name}", name]
    exports.grades([record(name, "sgd", flags=flags)], tmp_path / "a.csv")
    with open(tmp_path / "a.csv", newline="") as file:
        rows = [*csv.reader(file, delimiter=separator)]
    cells = [cell.strip().strip('"').strip() for row in rows for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@", "\uff1d")) for cell in cells)
    with open(tmp_path / "a.csv", newline="") as file:
        assert [*csv.reader(file)][1][0].replace("'", "") == name


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
