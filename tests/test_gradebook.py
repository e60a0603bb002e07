"""A gradebook of Canvas: one column is filled with the right numbers, for the right students."""

import csv
import io
import re
import unicodedata

import pytest
from verdicts import RECORDS, record

from dlcourse.grading import exports

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
    text = "Student,ID,SIS Login ID,Optimizers (7)\nPoints Possible,,,100\nbert,1,anna,\n"
    left, new = canvas(RECORDS, text, "Optimizers")
    assert left == ["bert", "carl", "dora"] and new.splitlines()[2] == "bert,1,anna,100.00"


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


def test_rows_may_be_short(canvas):
    head = "Student,ID,SIS Login ID,Optimizers (7)\n\nPoints Possible,,,100\n"
    left, text = canvas(RECORDS, head + "A,1,anna\nB,2,bert,x\n", "Optimizers (7)")
    assert left == ["carl", "dora"]
    assert text.splitlines()[3:] == ["A,1,anna,100.00", "B,2,bert,30.00"]


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
        (BOOK.encode("utf-16"), "canvas must be UTF-8, as Canvas exports it"),
        (BOOK.encode("utf-16-le"), "canvas must be UTF-8, as Canvas exports it"),
        ("Student；ID；Essay (7)\n", "commas, semicolons or tabs between cells; got 'Student；ID"),
        ("Student，ID，Essay (7)\na, b\n", "commas, semicolons or tabs between cells; got"),
        ("Student\u037eID\u037eEssay (7)\n", "commas, semicolons or tabs between cells; got"),
        ("Student|ID|Essay (7)\na;b\n", "commas, semicolons or tabs between cells; got"),
        ("sep=;\nStudent;ID;Essay (7)\n", "tabs between cells; got 'sep=;'"),
    ],
)
def test_what_is_no_gradebook_is_refused(text, said, canvas):
    with pytest.raises(ValueError, match=said):
        canvas(RECORDS, text)


# What stands under Points Possible, and what full marks are then.
POINTS = {
    "7,50": "7.50", "7.50": "7.50", "7,5": "7.50", "12,5": "12.50", " 10 ": "10.00", "10": "10.00",
    "0": "0.00", "0,125": "0.12", "0.750": "0.75", "1.234,5": "1234.50", "1,234.5": "1234.50",
    "1.234.567": "1234567.00", "1 234,5": "1234.50", "1\u00a0234,5": "1234.50",
    "1\u202f000": "1000.00", "1'234.5": "1234.50", "1\u2019000": "1000.00", "1234,567": "1234.57",
    "1000,00": "1000.00", "1234.5": "1234.50",
}  # fmt: skip
NO_POINTS = [
    "", " ", "1,234", "1.234", "10.000", "33.333", "10 pts", "10%", "(read only)", "nan", "inf",
    "1e3", "1_000", "-5", "+5", "\u0661\u0660", "7,5,0", "1.23.456", "1,234,5", "7;5", "=7.5", "7,",
    ".5", "ten", "1 00", "0x10", "1,234.567,8",
]  # fmt: skip


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("points", POINTS)
def test_points_are_read_as_they_are_written_anywhere(points, separator, canvas):
    book = io.StringIO()
    rows = [["Student", "ID", "SIS Login ID", "Quiz; one, (7)"]]
    rows += [["    Points Possible", "", "", points], ["Doe, Jane", "12", "anna", ""]]
    csv.writer(book, delimiter=separator, lineterminator="\n").writerows(rows)
    left, new = canvas(RECORDS, book.getvalue(), "Quiz; one, (7)")
    rows[2][3] = POINTS[points]
    assert [*csv.reader(io.StringIO(new), delimiter=separator)] == rows and "anna" not in left


@pytest.mark.parametrize("points", NO_POINTS)
def test_points_that_may_be_one_of_two_numbers_are_refused(points, canvas):
    text = BOOK.replace("50.0", f'"{points}"')
    said = re.escape(f"line 2, column 'Optimizers, part 1 (77)'; got {points!r}.")
    with pytest.raises(ValueError, match=r"^canvas must be a gradebook with a number in " + said):
        canvas(RECORDS, text)


def test_points_that_are_not_there_are_not_guessed(canvas):
    lines = BOOK.splitlines(keepends=True)
    with pytest.raises(ValueError, match=r"with a line 'Points Possible'; got \[\['Doe, Jane'\]"):
        canvas(RECORDS, "".join([lines[0], *lines[2:]]))
    with pytest.raises(ValueError, match=r"line 3, column .*; got ''"):
        canvas(RECORDS, lines[0] + ",,,,,Manual Posting\n    Points Possible,,,\n" + lines[2])


def test_a_german_gradebook_is_filled_as_it_came(canvas):
    german = """\ufeffStudent;ID;SIS Login ID;Section;Optimierer (7);Aufsatz (8);Final Score
    Points Possible;;;;7,50;10,00;(read only)
Müller, Anna;12;anna;"A; B";;7,25;96,5
Roe, Bert;13;bert;A;1,25;;
""".replace("\n", "\r\n")
    left, new = canvas(RECORDS, german, "Optimierer")
    assert left == ["carl", "dora"]
    expected = german.replace('B";;7,25', 'B";7.50;7,25').replace("A;1,25", "A;2.25")
    assert new == expected


# A student of ours, and a gradebook of one row: whose is it?
OTHERS = {
    "a week": ("week_12", "Doe, Jane"),
    "another name": ("roejane_12", "Doe, Jane"),
    "a part of the name": ("doe_12", "Doe, Jane"),
    "a team": ("team_12", "Doe, Jane"),
    "nobody": ("week_12", ""),
    "signs only": ("--_12", ""),
    "a letter of another script": ("doej\u0430ne_12", "Doe, Jane"),
    "the same, in the gradebook": ("doejane_12", "D\u043ee, Jane"),
    "all but a letter": ("müllerann_12", "Müller, Anna"),
    "wide letters": ("ｄｏｅjane_12", "Doe, Jane"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_number_that_is_somebody_elses_is_refused_with_both_named(name, canvas):
    student, there = OTHERS[name]
    text = f'Student,ID,Optimizers (7)\nPoints Possible,,10\n"{there}",12,\n'
    with pytest.raises(ValueError, match=r"^submissions must be named by no number of an") as error:
        canvas(renamed({"anna": student}), text, "Optimizers")
    assert repr(student) in str(error.value) and repr(there) in str(error.value)


OWN = {
    "doejane_12": "Doe, Jane",
    "oneillmaryann_12": "O'Neill, Mary-Ann",
    "müllerjörg_12": "Mu\u0308ller, Jo\u0308rg",
    "Doejane_12": "Doe, Jane",
    "vonderleyenu_12": "von der Leyen, U.",
    "straßeanna_12": "Straße, Anna",
    "strasseanna_12": "Straße, Anna",
    "STRASSEANNA_12": "Straße, Anna",
    "muelleranna_12": "Müller, Anna",
    "mulleranna_12": "Mu\u0308ller, Anna",
    "mülleranna_12": "Mueller, Anna",
    "ipekcan_12": "İpek, Can",
    "dvořákx\u0302_12": "Dvořák, X\u0302",
    "क्षमाकिम_12": "क्षमा, किम",
    "岩波茂_12": "岩波, 茂",
}


@pytest.mark.parametrize("student", OWN)
def test_a_number_with_its_own_name_is_a_students(student, canvas):
    head = 'Student,ID,Optimizers (7)\nPoints Possible,,10\n"%s",12,\n'
    left, new = canvas(renamed({"anna": student}), head % OWN[student], "Optimizers")
    assert student not in left and new.endswith(",12,10.00\n")
    last, first = OWN[student].split(", ")
    head = "LastName,FirstName,ID,Optimizers (7)\nPoints Possible,,,10\n%s,%s,12,\n"
    left, new = canvas(renamed({"anna": student}), head % (last, first), "Optimizers")
    assert student not in left and new.endswith(",12,10.00\n")


def test_a_row_that_is_taken_is_not_given_away(canvas):
    """Jane hands in under her login; the folder of a week gets nothing, and is named."""
    text = 'Student,ID,SIS Login ID,Optimizers (7)\nPoints Possible,,,10\n"Doe, Jane",12,anna,\n'
    left, new = canvas(renamed({"bert": "week_12"}), text, "Optimizers")
    assert left == ["carl", "dora", "week_12"] and new.endswith("anna,10.00\n")


@pytest.mark.parametrize("name", ["Student", "Points Possible", "ID", "(read only)"])
def test_the_head_of_a_gradebook_is_no_student(name, canvas):
    left, new = canvas(renamed({"anna": name}), BOOK)
    assert name in left and new.splitlines()[:2] == BOOK.splitlines()[:2]


def test_names_are_compared_letter_by_letter(canvas):
    """A Mac takes letters apart; a gradebook has them in one piece, or the other way round."""
    for form, other in (("NFC", "NFD"), ("NFD", "NFC")):
        jose = unicodedata.normalize(form, "José")
        text = f"Student,ID,Prüfung (7)\nPoints Possible,,10\n {jose} ,12,\n"
        title = unicodedata.normalize(other, "Prüfung")
        left, new = canvas(renamed({"anna": "José"}), text, title)
        assert "José" not in left and new.endswith(" ,12,10.00\n")


@pytest.mark.parametrize("place", ["Student,", "anna", "    Points", "dora"])
def test_marks_of_the_byte_order_are_no_part_of_a_cell(place, canvas):
    """Files that were put together have one in their middle."""
    left, new = canvas(RECORDS, BOOK.replace(place, f"\ufeff{place}", 1))
    assert left == ["carl"] and new.count("\ufeff") == 1


def test_signs_that_look_like_separators_are_part_of_a_name(canvas):
    title = "Opt，1； a\u037e b"
    left, new = canvas(RECORDS, BOOK.replace("Optimizers, part 1", title), title)
    assert left == ["carl"] and title in new


def test_a_gradebook_that_is_no_table_is_refused(canvas):
    with pytest.raises(ValueError, match=r"^canvas must be a gradebook exported from Canvas"):
        canvas(RECORDS, BOOK + "x" * 200_000)


@pytest.mark.parametrize("line", [1, 2])
def test_a_number_that_became_two_cells_is_refused(line, canvas):
    """7,50 without quotes would be a 7, and all behind it a column further."""
    lines = ["Student,ID,SIS Login ID,Opt (7)", "Points Possible,,,10", "A,1,anna,"]
    lines[line] = lines[line].rpartition(",")[0] + ",7,50"
    with pytest.raises(ValueError, match=rf"as wide in line {line + 1} as in its first; got '5"):
        canvas(RECORDS, "\n".join(lines), "Opt")
    left, _ = canvas(RECORDS, "\n".join(lines).replace(",7,50", ",7,"), "Opt")
    assert "anna" not in left


def test_a_gradebook_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^canvas must be a gradebook exported from Canvas"):
        exports.canvas(RECORDS, tmp_path / "no.csv", "x", tmp_path / "new.csv")
