"""Whose a file is: by its folder, its name, or the name that Canvas gave it."""

import os
import unicodedata

import pytest
from submitted import KNOWN, cell, notebook, only, put

from dlcourse.grading.submissions import collect, readable, student_of

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
    "doejane_1234_5678_adam.ipynb.txt": "doejane_1234",
    "doejane_1234_5678_my_LATE_work.ipynb": "doejane_1234",
    "LATE_1234_5678_adam.ipynb": "LATE_1234",
    "doejane_LATE_adam.ipynb": "doejane_LATE_adam",
    "hw_01_02_bert.ipynb": "hw_01_02_bert",
    "hw_1_02_bert.ipynb": "hw_1_02_bert",
}


@pytest.mark.parametrize("name", NAMES)
def test_whose_file_it_is(name, tmp_path):
    put(tmp_path / name, cell("adam"))
    found = only(tmp_path)
    assert found.student == NAMES[name]
    assert list(found.answers) == ["adam"]
    late = name.startswith("doejane_LATE_1234")
    assert found.flags == [f"{name}: handed in late, as Canvas says in its name"] * late


def test_layouts_side_by_side_in_order_of_names(tmp_path):
    for name in ("zoe.ipynb", "doejane_LATE_1234_5678_x.ipynb", "anna/a.ipynb", "anna/b.ipynb"):
        put(tmp_path / name, cell("adam" if "b." in name else "sgd"))
    found = collect(tmp_path, KNOWN)
    assert [s.student for s in found] == ["anna", "doejane_1234", "zoe"]
    assert set(found[0].answers) == {"adam", "sgd"}


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


def test_helpers_say_what_they_do(tmp_path):
    assert readable("é ü") == "é ü"
    assert readable("a\nb") == r"a\x0ab"
    assert student_of((tmp_path / "a_1_2_b.ipynb").relative_to(tmp_path)) == "a_1"


# What is in one folder, all with an answer to the same exercise: who there is.
FLAT = {
    "two of a class": (["hw_2024_10_bert", "hw_2024_10_carl"], None),
    "numbered in the class": (["hw_2024_10_bert", "hw_2024_11_carl"], None),
    "three": (["hw_2024_10_bert", "hw_2024_11_carl", "hw_2024_12_dora"], None),
    "two exercises of a class": (["ex_1_7_bert", "ex_1_7_carl", "lab_1_7_bert"], {
        "ex_1_7_bert", "ex_1_7_carl", "lab_1"}),
    "beside Canvas' own": (["hw_2024_10_bert", "hw_2024_10_carl", "doejane_12_34_a"], {
        "hw_2024_10_bert", "hw_2024_10_carl", "doejane_12"}),
    "Canvas' own": (["doejane_12_34_a", "doejane_12_35_b", "roebert_13_36_a"], {
        "doejane_12", "roebert_13"}),
    "two kinds of work": (["hw_3_14_bert", "hw_3_15_carl", "quiz_3_16_dora"], {
        "hw_3_14_bert", "hw_3_15_carl", "quiz_3"}),
    "one late": (["doejane_12_34_a", "doejane_LATE_12_35_b"], {"doejane_12"}),
    "handed in again": (["doejane_12_34_a", "doejane_12_35_a-1"], {"doejane_12"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FLAT)
def test_no_two_become_one_student_by_chance(name, tmp_path):
    """What looks like a name from Canvas may be a class's own way of naming."""
    files, students = FLAT[name]
    for number, file in enumerate(files):
        put(tmp_path / f"{file}.ipynb", cell("adam", f"run = {number}"), age=number)
    found = collect(tmp_path, KNOWN)
    assert {s.student for s in found} == (students or set(files))
    alone = [s for s in found if s.student in files and s.student not in ("lab_1", "quiz_3")]
    assert len({s.answers["adam"].source for s in found}) == len(found)
    assert all("taken for a student's own" in s.flags[0] for s in alone)


def test_files_of_one_canvas_student_may_answer_different_exercises(tmp_path):
    put(tmp_path / "doejane_12_34_adam.ipynb", cell("adam", "run = 1"), cell("sgd", ""))
    put(tmp_path / "doejane_12_35_sgd.ipynb", cell("sgd", "run = 1"), cell("adam", ""), age=10)
    (tmp_path / "doejane_12_36_readme.pdf").touch()
    found = only(tmp_path)
    assert found.student == "doejane_12"
    assert {id: a.source for id, a in found.answers.items()} == {
        "adam": "run = 1",
        "sgd": "run = 1",
    }


# A name in letters that a Mac takes apart.
SPELLED = ["José", "Åsa", "Dvořák_12", "Nguyễn", "한글"]


@pytest.mark.parametrize("name", SPELLED)
def test_a_name_spelled_in_two_ways_is_one_student(name, tmp_path):
    one, other = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert one != other and readable(one) == readable(other) == one
    put(tmp_path / one / "a.ipynb", cell("adam", "1"), age=10)
    put(tmp_path / other / "a.ipynb", cell("adam", "2"))
    put(tmp_path / f"{other}.ipynb", cell("sgd"))
    found = only(tmp_path)
    assert found.student == one and set(found.answers) == {"adam", "sgd"}
    assert found.answers["adam"].source == "2" and "handed in twice" in str(found.flags)


def test_no_spelling_brings_a_semicolon():
    """The Greek question mark is one, once it is in its usual form."""
    assert readable("a\u037e=1+1") == r"a\x3b=1+1"
