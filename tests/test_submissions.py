"""A folder of submissions as it comes: every file is somebody's, and none of them is trusted."""

import os
import re
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from submitted import KNOWN, cell, notebook, only, put

from dlcourse.grading import notebooks, submissions
from dlcourse.grading.submissions import collect


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


@pytest.mark.parametrize("depth", [17, 30])
def test_a_path_that_is_too_long_costs_nobody_else(depth, tmp_path, monkeypatch):
    """Of more than 4,096 bytes: it can be made, and not be opened. One within the limit can."""
    put(tmp_path / "anna.ipynb", cell("adam"))
    put(tmp_path / "bert/a.ipynb", cell("sgd"))
    monkeypatch.chdir(tmp_path / "bert")
    for _ in range(depth):
        os.mkdir("x" * 250)
        os.chdir("x" * 250)
    Path("a.ipynb").write_text(notebook(cell("momentum")))
    Path("b.ipynb").symlink_to("a.ipynb")
    try:
        anna, bert = collect(tmp_path, KNOWN)
    finally:
        for name in ("a.ipynb", "b.ipynb"):
            os.unlink(name)
        for _ in range(depth):
            os.chdir("..")
            os.rmdir("x" * 250)
    assert list(anna.answers) == ["adam"] and anna.flags == []
    assert list(bert.answers) == ["sgd"] and bert.flags
    assert all(len(flag) <= 300 for flag in bert.flags)
    said = "File name too long" if depth == 17 else "not read|File name too long"
    assert all(re.search(said, flag) for flag in bert.flags)


@pytest.mark.parametrize("suffix", ["ipynb", "IPYNB", "ipynb.txt"])
def test_notebooks_without_number_are_read_up_to_a_number(suffix, tmp_path):
    for number in range(submissions.MOST_FILES + 5):
        put(tmp_path / f"anna/{number}.{suffix}", cell("adam", f"{number}"), age=1000 - number)
    found = only(tmp_path)
    assert found.answers["adam"].source == "104"
    assert found.flags[0] == "105 notebooks; the 5 oldest were not read"


def test_notebooks_of_any_size_are_read_up_to_a_sum(tmp_path, monkeypatch):
    """Those above the limit of one file count for nothing, as they are not read."""
    monkeypatch.setattr(submissions, "MOST_BYTES", 2550)
    monkeypatch.setattr(notebooks, "FILE_LIMIT", 2000)
    for number, size in enumerate([10, 1000, 1000, 10, 10_000]):
        source = f"{number}" + " " * size
        put(tmp_path / f"anna/{number}.ipynb", cell("adam", source), age=10 - number)
    found = only(tmp_path)
    assert found.answers["adam"].source.strip() == "3"
    assert found.flags[0] == "5 notebooks; the 1 oldest were not read"
    assert not any("anna/0.ipynb" in flag for flag in found.flags)
    assert any("anna/1.ipynb" in flag for flag in found.flags)


def test_pictures_without_number_take_no_notebooks_place(tmp_path):
    put(tmp_path / "anna/a.ipynb", cell("adam"), age=1000)
    for number in range(submissions.MOST_FILES + 5):
        (tmp_path / f"anna/{number}.png").touch()
    assert list(only(tmp_path).answers) == ["adam"]


def test_what_is_read_is_what_was_opened(tmp_path, monkeypatch):
    """Someone puts a link, a pipe or a device in the place of a file that has been looked at."""
    put(tmp_path / "secret.ipynb", cell("adam", "the solution"))
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "secret.ipynb")
    for path, said in (
        (tmp_path / "link.ipynb", "cannot be read"),
        (Path("/dev/null"), "no plain file, not read"),
    ):
        with pytest.raises(notebooks.NotebookError, match=said):
            notebooks.answers_of(path)
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


def test_checkpoints_and_shadows_are_nobodys(tmp_path):
    put(tmp_path / "anna/a.ipynb", cell("adam", "real"), age=100)
    for name in (".ipynb_checkpoints/a-checkpoint.ipynb", "._a.ipynb", "__MACOSX/._a.ipynb"):
        put(tmp_path / "anna" / name, cell("adam", "shadow"))
        put(tmp_path / name, cell("adam", "shadow"))
    for name in (".DS_Store", ".git/config", "anna/.gitignore", "__MACOSX/x.pdf", "anna/.a.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0")
    found = only(tmp_path)
    assert found.answers["adam"].source == "real" and found.flags == []


HIDDEN = {
    ".jane.ipynb": ".jane",
    ".jane.IPYNB": ".jane",
    ".ipynb": ".ipynb",
    "jane/.ipynb": "jane",
    ".jane.ipynb.txt": ".jane",
    ".jane/a.ipynb": ".jane",
    ".jane/deep/a.ipynb": ".jane",
    "__MACOSX/a.ipynb": "__MACOSX",
    "__MACOSX_jane/a.ipynb": "__MACOSX_jane",
    "jane/.a.ipynb": "jane",
    "jane/.new/a.ipynb": "jane",
    "jane/__MACOSX/a.ipynb": "jane",
    "jane/.git/.new/a.ipynb": "jane",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_hidden_notebook_does_not_vanish_without_a_word(name, tmp_path):
    put(tmp_path / "anna.ipynb", cell("adam"))
    put(tmp_path / name, cell("adam"))
    anna, jane = sorted(collect(tmp_path, KNOWN), key=lambda s: s.student != "anna")
    assert anna.flags == [] and jane.student == HIDDEN[name]
    assert jane.answers == {} and jane.flags == [f"{name}: hidden, not read"]


def test_hidden_notebooks_alone_are_no_class(tmp_path):
    put(tmp_path / ".jane.ipynb", cell("adam"))
    with pytest.raises(ValueError, match=r"^submissions must be a folder with notebooks"):
        collect(tmp_path, KNOWN)


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
