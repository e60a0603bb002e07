"""Whose a file is: by its folder, its name, or the name that Canvas gave it."""

import os

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
