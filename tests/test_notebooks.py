"""One notebook as it comes: which cell answers what, and what is said of the others."""

import json
import tracemalloc

import pytest
from submitted import KNOWN, cell, notebook, only, put

from dlcourse.grading import submissions
from dlcourse.grading.submissions import collect


def test_of_two_cells_of_one_tag_the_last_counts(tmp_path):
    put(tmp_path / "anna.ipynb", cell("adam", "one"), cell("adam", "two"))
    found = only(tmp_path)
    assert found.answers["adam"].source == "two"
    assert found.flags == ["anna.ipynb: 2 cells for adam; the last counts"]


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


def test_a_notebook_is_one_in_capitals_too(tmp_path):
    put(tmp_path / "ANNA.IPYNB", cell("sgd"))
    found = only(tmp_path)
    assert found.student == "ANNA" and list(found.answers) == ["sgd"]


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
