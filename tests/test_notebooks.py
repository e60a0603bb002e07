"""One notebook as it comes: which cell answers what, and what is said of the others."""

import json
import tracemalloc

import pytest
from cells import RIGHT
from cohort import ROOT
from submitted import KNOWN, cell, notebook, only, put

from dlcourse.grading import notebooks, submissions
from dlcourse.grading.notebooks import NotebookError, answers_of, is_notebook
from dlcourse.grading.submissions import collect


def test_of_two_cells_of_one_tag_the_last_counts(tmp_path):
    put(tmp_path / "anna.ipynb", cell("adam", "one"), cell("adam", "two"))
    found = only(tmp_path)
    assert found.answers["adam"].source == "two"
    assert found.flags == ["anna.ipynb: 2 cells for adam; the last counts"]


@pytest.mark.parametrize("copy", ["", "# to do", "def run(): ...", "run(3)", "not Python"])
def test_an_attempt_counts_before_a_cell_that_is_none(copy, tmp_path):
    """A cell that is copied keeps its tag; it may have been emptied since."""
    put(tmp_path / "anna.ipynb", cell("adam", RIGHT), cell("adam", copy), cell("sgd", copy))
    found = only(tmp_path)
    assert found.answers["adam"].source == RIGHT and found.answers["sgd"].source == copy
    assert found.flags == ["anna.ipynb: 2 cells for adam; the last attempt counts"]
    put(tmp_path / "anna.ipynb", cell("adam", copy), cell("adam", RIGHT))
    found = only(tmp_path)
    assert found.answers["adam"].source == RIGHT
    assert found.flags == ["anna.ipynb: 2 cells for adam; the last counts"]
    put(tmp_path / "anna.ipynb", cell("adam", RIGHT), *[cell("adam", copy)] * 20)
    assert only(tmp_path).answers["adam"].source == RIGHT
    put(tmp_path / "anna.ipynb", cell("adam", copy), cell("adam", copy + "\n"))
    assert only(tmp_path).answers["adam"].source == copy + "\n"


@pytest.mark.parametrize("copy", ["", "# to do", "def run(): ..."])
def test_an_attempt_counts_before_a_newer_file_without_one(copy, tmp_path):
    put(tmp_path / "anna/old.ipynb", cell("adam", RIGHT), cell("sgd", RIGHT), age=100)
    put(tmp_path / "anna/new.ipynb", cell("adam", copy), cell("sgd", RIGHT + "\n"))
    found = only(tmp_path)
    assert {id: answer.file for id, answer in found.answers.items()} == {
        "adam": "anna/old.ipynb",
        "sgd": "anna/new.ipynb",
    }
    assert found.flags == [
        "adam: handed in twice; anna/old.ipynb counts, for anna/new.ipynb is newer but holds no "
        "attempt",
        "sgd: handed in twice; anna/new.ipynb is newer than anna/old.ipynb",
    ]


def test_an_answer_that_is_no_code_is_called_what_it_is(tmp_path):
    kinds = {"markdown": "Markdown", "raw": "raw text", "sql": "of the kind 'sql'"}
    for kind, said in [*kinds.items(), (None, "of the kind None"), ([1], "of the kind [1]")]:
        put(tmp_path / "anna.ipynb", cell("sgd", kind=kind), cell(None, 'check("sgd", run)'))
        found = only(tmp_path)
        assert found.flags == [f"anna.ipynb: the cell of 'sgd' is {said}, not code; not read"]
        assert found.answers == {}
    put(tmp_path / "anna.ipynb", cell("sgd", RIGHT), cell("sgd", RIGHT, kind="markdown"))
    found = only(tmp_path)
    assert found.answers["sgd"].source == RIGHT and "is Markdown, not code" in found.flags[0]


def test_a_check_by_another_name_is_known_in_later_cells(tmp_path):
    named = cell(None, "from dlcourse.grading import check as verify")
    put(tmp_path / "anna.ipynb", named, cell(None, 'verify("sgd", run)'), cell("adam"))
    assert "no cell is tagged for sgd" in only(tmp_path).flags[0]
    put(tmp_path / "anna.ipynb", cell(None, 'verify("sgd", run)'), cell("adam"))
    assert only(tmp_path).flags == []


def test_a_check_of_what_is_no_exercise_is_not_missed(tmp_path):
    put(tmp_path / "anna.ipynb", cell("adam"), cell(None, 'dates.check("2026"); check("sgdd", f)'))
    assert only(tmp_path).flags == []


def test_a_tag_that_is_gone_is_missed(tmp_path):
    """The check below the answer is still there. What is tagged, and what is prose, is not lost."""
    below = [cell(None, f'check("{id}", run)') for id in ("sgd", "adam", "sgd")]
    prose = cell(None, 'check("nag", run)', kind="markdown")
    put(tmp_path / "anna.ipynb", cell("adam"), cell(None), prose, *below)
    found = only(tmp_path)
    said = "anna.ipynb: no cell is tagged for sgd, which it checks; was the tag deleted?"
    assert found.flags == [said] and list(found.answers) == ["adam"]
    put(tmp_path / "anna.ipynb", cell(None), *below)
    (flag,) = only(tmp_path).flags
    assert "tagged for sgd, adam, which" in flag
    put(tmp_path / "anna.ipynb", cell("sgd"), cell("adam", [1]), *below)
    (flag,) = only(tmp_path).flags
    assert "'adam' is not text" in flag


# A name, and what is left of it where it is that of a notebook.
NAMED = {
    "ANNA.IPYNB": "ANNA",
    "Anna.Ipynb": "Anna",
    "anna.ipynb.txt": "anna",
    "anna.ipynb.json": "anna",
    "anna.IPYNB.TXT": "anna",
    "anna.ipynb.json.txt": "anna",
    "a.b.ipynb": "a.b",
    "a.py.ipynb": "a.py",
    "anna.ipynb.pdf": None,
    "anna.ipynb.zip": None,
    "anna.json": None,
    "anna.txt": None,
    "anna.py": None,
    "anna.ipynbx": None,
    "annaipynb": None,
    "anna.ipynb~": None,
}


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_as_a_notebook(name, tmp_path):
    put(tmp_path / name, cell("sgd"))
    put(tmp_path / "zoe.ipynb", cell("sgd"))
    found = collect(tmp_path, KNOWN)[0]
    assert is_notebook(name) == (NAMED[name] is not None) == (list(found.answers) == ["sgd"])
    if is_notebook(name):
        assert found.student == NAMED[name] and found.flags == []
    else:
        assert found.flags == [f"{name}: not a notebook, not read"]


def test_only_tagged_code_is_an_answer(tmp_path):
    odd = [None, 7, {}, {"cell_type": "code"}, {"cell_type": "code", "metadata": []}]
    odd += [{"cell_type": "code", "metadata": {"tags": tags}} for tags in (None, "x", [1, None])]
    right = {
        "cell_type": "code",
        "metadata": {"tags": ["x", "exercise:sgd"]},
        "source": ["a\n", "b"],
    }
    text = json.dumps({"cells": [*odd, cell(None), cell("adam", kind="markdown"), right]})
    (tmp_path / "anna.ipynb").write_text(text)
    found = only(tmp_path)
    assert {id: answer.source for id, answer in found.answers.items()} == {"sgd": "a\nb"}


def test_an_answers_digest_is_that_of_its_text(tmp_path):
    for number, source in enumerate(["x = 1", "x = 1", "x = 2", "x = '\ud800'", " x = 1"]):
        put(tmp_path / f"{number}.ipynb", cell("adam", source))
    one, same, *others = (s.answers["adam"].digest for s in collect(tmp_path, KNOWN))
    assert one == same and len({one, *others}) == 4 and len(one) == 16


@pytest.mark.parametrize("unit", ["[],", "{},", '{"a": 0},', '"",', '"\\\\",', '"\\"",'])
def test_values_without_number_cost_no_memory(unit, tmp_path, monkeypatch):
    """A file of some megabytes would have taken a hundred times as much, before any limit."""
    monkeypatch.setattr(notebooks, "VALUE_LIMIT", 50_000)
    one_backslash = r'"\\"'
    text = f'{{"cells": [{one_backslash}, {unit * 200_000}0]}}'
    (tmp_path / "anna.ipynb").write_text(text)
    tracemalloc.start()
    with pytest.raises(NotebookError, match=r"^of more than 50,000 values, not read"):
        answers_of(tmp_path / "anna.ipynb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * len(unit) * 200_000


def test_a_large_picture_is_one_value(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "VALUE_LIMIT", 100)
    shown = {"data": {"image/png": "iVBOR" * 10**6, "text/html": '<a href=\\"x\\">[{,:' * 10**4}}
    put(tmp_path / "anna.ipynb", cell("sgd") | {"outputs": [shown]})
    assert list(only(tmp_path).answers) == ["sgd"]


def test_an_honest_notebook_is_far_below_the_limit():
    """The largest of the course, with its outputs."""
    largest = max((ROOT / "lessons").glob("*/*.ipynb"), key=lambda path: path.stat().st_size)
    assert 100 < notebooks._values(largest.read_bytes()) < notebooks.VALUE_LIMIT / 20


# What is in the file: the one remark about it.
UNREADABLE = {
    "not JSON": (b"print('hello')", "not a Jupyter notebook, not read"),
    "nothing": (b"", "not a Jupyter notebook, not read"),
    "not UTF-8": (b'{"cells": ["\xff\xfe"]}', "not a Jupyter notebook, not read"),
    "a list": (b"[]", "not a Jupyter notebook, not read"),
    "a number": (b"4", "not a Jupyter notebook, not read"),
    "cells that are no list": (b'{"cells": {"a": 1}}', "not a Jupyter notebook, not read"),
    "deep JSON": (b"[" * 10**5 + b"]" * 10**5, "not a Jupyter notebook, not read"),
    "deep metadata": (
        b'{"cells": [], "metadata": ' + b'{"a":' * 10**5 + b"1" + b"}" * 10**5 + b"}",
        "not a Jupyter notebook, not read",
    ),
    "a number of a million digits": (b'{"cells": ' + b"9" * 10**6 + b"}", "not a Jupyter notebook"),
    "a notebook of format 3": (
        b'{"worksheets": [{"cells": []}], "nbformat": 3}',
        "of an old format",
    ),
    "a page of another course": (notebook(cell(None, "1 + 1")).encode(), "no answer cells"),
    "an unknown exercise": (notebook(cell("adamm")).encode(), "'adamm' is no exercise of this"),
    "an evil exercise": (notebook(cell("../x\0\n")).encode(), r"'../x\x00\n' is no exercise of"),
    "a cell that is no text": (
        notebook(cell("adam", [1])).encode(),
        "'adam' is not text, not read",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_no_answer_gets_one_remark_and_harms_no_other(name, tmp_path):
    content, remark = UNREADABLE[name]
    (tmp_path / "bert.ipynb").write_bytes(content)
    put(tmp_path / "bert/other.ipynb", cell("sgd"))
    put(tmp_path / "anna.ipynb", cell("sgd"))
    anna, bert = collect(tmp_path, KNOWN)
    assert anna.flags == [] and list(anna.answers) == list(bert.answers) == ["sgd"]
    (flag,) = bert.flags
    assert flag.startswith("bert.ipynb: ") and remark in flag
    assert flag.isprintable() and len(flag) < 200


def test_ten_megabytes_in_a_cell_cost_only_that_exercise(tmp_path):
    put(tmp_path / "anna.ipynb", cell("adam", "x" * (10 << 20)), cell("sgd"))
    found = only(tmp_path)
    assert list(found.answers) == ["sgd"]
    assert found.flags == ["anna.ipynb: the cell of 'adam' is larger than 1 MB, not read"]


def test_a_byte_order_mark_is_no_part_of_a_notebook(tmp_path):
    (tmp_path / "anna.ipynb").write_bytes(b"\xef\xbb\xbf" + notebook(cell("adam")).encode())
    assert list(only(tmp_path).answers) == ["adam"]


def test_tags_without_number_cost_no_memory(tmp_path):
    """Each tag once, and one copy of the text for all of them: here it would have been 2 GB."""
    bomb = cell("adam", ["x" * 1000] * 100)
    bomb["metadata"]["tags"] = ["exercise:sgd"] * 10_000 + [f"exercise:{n}" for n in range(10_000)]
    (tmp_path / "anna.ipynb").write_text(notebook(bomb))
    tracemalloc.start()
    found = only(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(found.answers) == ["sgd"] and len(found.flags) == submissions.FLAG_LIMIT + 1
    assert peak < 100 << 20
