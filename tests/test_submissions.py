"""A folder of submissions as it comes: every file is somebody's, and none of them is trusted."""

import json
import os
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from dlcourse.grading import submissions
from dlcourse.grading.submissions import collect, readable, student_of

KNOWN = {"adam", "sgd", "momentum"}


def cell(exercise, source="def run(): ...", kind="code"):
    tags = [f"exercise:{exercise}"] if exercise else []
    return {"cell_type": kind, "metadata": {"tags": tags}, "source": source}


def notebook(*cells):
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def put(path, *cells, age=0):
    """A notebook, ``age`` seconds old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook(*cells), encoding="utf-8")
    os.utime(path, (time.time() - age,) * 2)


def only(folder):
    (found,) = collect(folder, KNOWN)
    return found


NAMES = {
    "anna.ipynb": "anna",
    "anna/adam.ipynb": "anna",
    "anna/deep/below/adam.ipynb": "anna",
    "j.doe/adam.ipynb": "j.doe",
    "j.doe.ipynb": "j.doe",
    "doejane_1234_5678_adam.ipynb": "doejane_1234",
    "doejane_LATE_1234_5678_adam.ipynb": "doejane_1234",
    "doejane_1234_5678_adam-1.ipynb": "doejane_1234",
    "doejane_1234_5678_my_own_name.ipynb": "doejane_1234",
    "week_2.ipynb": "week_2",
}


@pytest.mark.parametrize("name", NAMES)
def test_whose_file_it_is(name, tmp_path):
    put(tmp_path / name, cell("adam"))
    found = only(tmp_path)
    assert found.student == NAMES[name]
    assert list(found.answers) == ["adam"]
    assert found.flags == [f"{name}: handed in late, as Canvas says in its name"] * ("LATE" in name)


def test_layouts_side_by_side_in_order_of_names(tmp_path):
    for name in ("zoe.ipynb", "doejane_LATE_1234_5678_x.ipynb", "anna/a.ipynb", "anna/b.ipynb"):
        put(tmp_path / name, cell("adam" if "b." in name else "sgd"))
    found = collect(tmp_path, KNOWN)
    assert [s.student for s in found] == ["anna", "doejane_1234", "zoe"]
    assert set(found[0].answers) == {"adam", "sgd"}


def test_of_two_submissions_the_newer_counts_exercise_by_exercise(tmp_path):
    put(tmp_path / "anna/old.ipynb", cell("adam", "old"), cell("sgd", "kept"), age=100)
    put(tmp_path / "anna/b-new.ipynb", cell("adam", "new"), age=1)
    found = only(tmp_path)
    assert {id: answer.source for id, answer in found.answers.items()} == {
        "adam": "new",
        "sgd": "kept",
    }
    assert found.flags == ["adam: handed in twice; anna/b-new.ipynb is newer than anna/old.ipynb"]


def test_what_was_handed_in_twice_is_one_remark_a_file(tmp_path):
    put(tmp_path / "anna/1.ipynb", cell("adam"), cell("sgd"), age=100)
    put(tmp_path / "anna/2.ipynb", cell("adam"), age=10)
    put(tmp_path / "anna/3.ipynb", cell("sgd"), cell("adam"), cell("momentum"), age=1)
    first, *rest = only(tmp_path).flags
    assert first == "adam: handed in twice; anna/2.ipynb is newer than anna/1.ipynb"
    assert sorted(rest, reverse=True) == [
        "sgd: handed in twice; anna/3.ipynb is newer than anna/1.ipynb",
        "adam: handed in twice; anna/3.ipynb is newer than anna/2.ipynb",
    ]
    put(tmp_path / "anna/4.ipynb", cell("adam"), cell("sgd"), cell("momentum"))
    last = "adam, sgd, momentum: handed in twice; anna/4.ipynb is newer than anna/3.ipynb"
    assert only(tmp_path).flags[-1] == last


def test_canvas_late_and_first_submission_are_one_students(tmp_path):
    put(tmp_path / "doejane_1234_1_a.ipynb", cell("adam", "first"), age=100)
    put(tmp_path / "doejane_LATE_1234_2_a.ipynb", cell("adam", "late"), age=1)
    put(tmp_path / "doejane_99_3_a.ipynb", cell("adam", "another of that name"))
    one, other = collect(tmp_path, KNOWN)
    assert one.answers["adam"].source == "late"
    late = "doejane_LATE_1234_2_a.ipynb"
    assert one.flags == [
        f"{late}: handed in late, as Canvas says in its name",
        f"adam: handed in twice; {late} is newer than doejane_1234_1_a.ipynb",
    ]
    assert other.student == "doejane_99" and other.flags == []
    put(tmp_path / "doejane_99" / "a_LATE_1_2_b.ipynb", cell("adam", "a name of her own"))
    assert "late" not in str(collect(tmp_path, KNOWN)[1].flags)


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


def test_a_file_beyond_the_limit_is_not_read(tmp_path):
    put(tmp_path / "anna.ipynb", cell("adam"))
    with open(tmp_path / "bert.ipynb", "wb") as file:
        file.truncate(1 << 40)  # a terabyte of holes
    tracemalloc.start()
    anna, bert = collect(tmp_path, KNOWN)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert list(anna.answers) == ["adam"]
    assert bert.flags == ["bert.ipynb: larger than 20 MB, not read"] and peak < 10 << 20


def test_links_and_pipes_are_not_followed(tmp_path):
    folder, secret = tmp_path / "in", tmp_path / "elsewhere"
    put(secret / "secret.ipynb", cell("adam", "the solution"))
    put(folder / "anna/a.ipynb", cell("sgd"))
    (folder / "anna/file.ipynb").symlink_to(secret / "secret.ipynb")
    (folder / "anna/folder").symlink_to(secret)
    (folder / "anna/itself").symlink_to(folder)
    (folder / "anna/nothing.ipynb").symlink_to("nowhere")
    os.mkfifo(folder / "anna/pipe.ipynb")  # opening it would wait for ever
    found = only(folder)
    assert list(found.answers) == ["sgd"]
    names = ["file.ipynb", "folder", "itself", "nothing.ipynb", "pipe.ipynb"]
    expected = [f"anna/{name}: a link, or no plain file; not read" for name in names]
    assert sorted(found.flags) == expected


def test_a_student_who_is_a_link_gets_nothing_from_it(tmp_path):
    put(tmp_path / "in/anna/a.ipynb", cell("sgd"))
    (tmp_path / "in/bert").symlink_to(tmp_path / "in/anna")
    anna, bert = collect(tmp_path / "in", KNOWN)
    assert list(anna.answers) == ["sgd"] and bert.answers == {}
    assert bert.flags == ["bert: a link, or no plain file; not read"]


@pytest.mark.parametrize(
    "raw", [b"ann\xe9", b"a\nb", b"a\x1b[31mb", "bidi \u202e".encode(), b"a\tb"]
)
def test_odd_names_are_made_readable_and_kept_apart(raw, tmp_path):
    folder = os.path.join(os.fsencode(tmp_path), raw)
    os.mkdir(folder)
    with open(os.path.join(folder, b"\xff.ipynb"), "w") as file:
        file.write(notebook(cell("adam")))
    put(tmp_path / "ann" / "a.ipynb", cell("adam"))
    plain, odd = sorted(collect(tmp_path, KNOWN), key=lambda s: s.student != "ann")
    assert list(odd.answers) == ["adam"]
    assert odd.student != plain.student and odd.student.isprintable() and "\\" in odd.student
    assert odd.answers["adam"].file.isprintable()
    odd.student.encode("utf-8")


def test_two_names_never_become_one_students(tmp_path):
    """A name that spells another's escapes, a byte and the character of that number."""
    raw = [b"a\nb", rb"a\x0ab", b"\xa0", "\xa0".encode(), rb"\xa0", rb"\u{a0}", rb"\x5cx0a", b"\\"]
    raw += ["\ue0001".encode(), "\U000e0001".encode(), rb"\\x0a", rb"\x5c\x0a"]
    for name in raw:
        folder = os.path.join(os.fsencode(tmp_path), name)
        os.mkdir(folder)
        with open(os.path.join(folder, b"a.ipynb"), "w") as file:
            file.write(notebook(cell("adam")))
    found = collect(tmp_path, KNOWN)
    assert len({s.student for s in found}) == len(raw) and not any(s.flags for s in found)


def test_folders_without_end_end(tmp_path, monkeypatch):
    """Deeper than Python can recurse: it would have been nobody's grade."""
    put(tmp_path / "anna.ipynb", cell("adam"))
    monkeypatch.chdir(tmp_path)
    names = ["bert", *["a"] * 1500]
    for name in names:
        os.mkdir(name)
        os.chdir(name)
    try:
        anna, bert = collect(tmp_path, KNOWN)
    finally:
        for name in reversed(names):
            os.chdir("..")
            os.rmdir(name)
    assert list(anna.answers) == ["adam"] and bert.answers == {}
    assert bert.flags == [f"bert/{'a/' * 19}a: a link, or no plain file; not read"]


def test_notebooks_without_number_are_read_up_to_a_number(tmp_path):
    for number in range(submissions.MOST_FILES + 5):
        put(tmp_path / f"anna/{number}.ipynb", cell("adam", f"{number}"), age=1000 - number)
    found = only(tmp_path)
    assert found.answers["adam"].source == "104"
    assert found.flags[0] == "105 notebooks; the 5 oldest were not read"


def test_pictures_without_number_take_no_notebooks_place(tmp_path):
    put(tmp_path / "anna/a.ipynb", cell("adam"), age=1000)
    for number in range(submissions.MOST_FILES + 5):
        (tmp_path / f"anna/{number}.png").touch()
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


def test_a_byte_order_mark_is_no_part_of_a_notebook(tmp_path):
    (tmp_path / "anna.ipynb").write_bytes(b"\xef\xbb\xbf" + notebook(cell("adam")).encode())
    assert list(only(tmp_path).answers) == ["adam"]


def test_what_is_read_is_what_was_opened(tmp_path, monkeypatch):
    """Someone puts a link, a pipe or a device in the place of a file that has been looked at."""
    put(tmp_path / "secret.ipynb", cell("adam", "the solution"))
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "secret.ipynb")
    for path, said in (
        (tmp_path / "link.ipynb", "cannot be read"),
        (Path("/dev/null"), "no plain file, not read"),
    ):
        with pytest.raises(submissions.NotebookError, match=said):
            submissions.answers_of(path)
    put(tmp_path / "in/anna.ipynb", cell("adam"))
    put(tmp_path / "in/bert.ipynb", cell("adam"))
    seen = submissions._files

    def taken_away(root):
        yield from seen(root)
        (tmp_path / "in/bert.ipynb").unlink()

    monkeypatch.setattr(submissions, "_files", taken_away)
    anna, bert = collect(tmp_path / "in", KNOWN)
    assert list(anna.answers) == ["adam"] and bert.flags == ["bert.ipynb: gone, not read"]


def test_an_archive_is_not_opened(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("a.ipynb", b"\0" * (50 << 20))
    with pytest.raises(ValueError, match=r"Found: \.zip\. Unpack archives first"):
        collect(tmp_path, KNOWN)
    put(tmp_path / "anna.ipynb", cell("adam"))
    anna, bomb = collect(tmp_path, KNOWN)
    assert list(anna.answers) == ["adam"]
    assert bomb.flags == ["bomb.zip: not a notebook, not read"]


def test_hidden_files_checkpoints_and_shadows_are_nobodys(tmp_path):
    put(tmp_path / "anna/a.ipynb", cell("adam", "real"), age=100)
    for name in (".ipynb_checkpoints/a-checkpoint.ipynb", ".x.ipynb", "__MACOSX/._a.ipynb"):
        put(tmp_path / "anna" / name, cell("adam", "shadow"))
        put(tmp_path / name, cell("adam", "shadow"))
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    found = only(tmp_path)
    assert found.answers["adam"].source == "real" and found.flags == []


def test_who_handed_in_nothing_is_there(tmp_path):
    put(tmp_path / "anna.ipynb", cell("adam"))
    (tmp_path / "bert/empty").mkdir(parents=True)
    bert = collect(tmp_path, KNOWN)[1]
    assert (bert.student, bert.answers, bert.flags) == ("bert", {}, ["nothing handed in"])


def test_a_folder_that_cannot_be_opened_is_reported(tmp_path, monkeypatch):
    put(tmp_path / "anna.ipynb", cell("adam"))
    put(tmp_path / "bert/closed/a.ipynb", cell("adam"))
    listing = os.scandir

    def scandir(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    bert = collect(tmp_path, KNOWN)[1]
    assert bert.flags == ["bert/closed: a link, or no plain file; not read"]


def test_remarks_without_end_end(tmp_path):
    put(tmp_path / "anna.ipynb", *[cell(f"no-{n}") for n in range(5000)], cell("adam"))
    found = only(tmp_path)
    assert list(found.answers) == ["adam"]
    assert len(found.flags) == submissions.FLAG_LIMIT + 1
    assert found.flags[-1] == "and 4980 more remarks like these"


def test_a_remark_has_a_length(tmp_path):
    put(tmp_path / "anna" / ("x" * 250) / ("\a" * 250) / "a.ipynb", cell("sgdd"))
    (flag,) = only(tmp_path).flags
    assert len(flag) == 300


# What is there: what is said.
REFUSED = {
    "an empty folder": (lambda path: None, "There is no file in it."),
    "empty folders": (lambda path: (path / "anna").mkdir(), "There is no file in it."),
    "other files": (lambda path: (path / "a.pdf").touch(), r"Found: \.pdf\."),
    "a nameless kind": (lambda path: (path / "a").touch(), "Found: no suffix."),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_folder_without_notebooks_is_refused(name, tmp_path):
    make, said = REFUSED[name]
    make(tmp_path)
    with pytest.raises(ValueError, match=r"^submissions must be a folder with notebooks.*" + said):
        collect(tmp_path, KNOWN)


@pytest.mark.parametrize("name", ["nowhere", "a.ipynb"])
def test_what_is_no_folder_is_refused(name, tmp_path):
    put(tmp_path / "a.ipynb", cell("adam"))
    with pytest.raises(ValueError, match=r"^submissions must be a folder; got '"):
        collect(tmp_path / name, KNOWN)


def test_helpers_say_what_they_do(tmp_path):
    assert readable("é ü") == "é ü"
    assert readable("a\nb") == r"a\x0ab"
    assert student_of((tmp_path / "a_1_2_b.ipynb").relative_to(tmp_path)) == "a_1"
