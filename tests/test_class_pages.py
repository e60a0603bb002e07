"""The pages of a class: what they say, that nothing a student wrote acts in them, how they look."""

import inspect
import re
from html.parser import HTMLParser

import browser as look
import pytest
from bs4 import BeautifulSoup
from test_exports import EVIL, RECORDS, record

from dlcourse.grading import batch, class_report
from dlcourse.grading.bank import exercises


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.seen, self.text, self.attributes = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


def test_nothing_a_student_wrote_becomes_html(tmp_path):
    evil = record(EVIL, "sgd", 0, 0, [f"{EVIL}: flag"], [f"Line {EVIL}", "Second."])
    class_report.write([evil], tmp_path)
    for path in (tmp_path / "class.html", *tmp_path.glob("students/*.html")):
        page = Tags(path.read_text())
        assert "script" not in page.seen and EVIL in page.text
        assert not any(name.startswith("on") for name, _ in page.attributes)
        assert not any(EVIL in (value or "") for _, value in page.attributes)
    assert f"Line {EVIL}" in page.text and f"{EVIL}: flag" in page.text


def test_a_students_page_says_what_check_would_have_said():
    page = Tags(class_report.student_page("carl", [r for r in RECORDS if r["student"] == "carl"]))
    assert "0 of 200 points." in page.text and "a.ipynb: two" in page.text
    assert "Not yet. Said." in page.text and "core 0 of 60" in page.text
    page = Tags(class_report.student_page("bert", [r for r in RECORDS if r["student"] == "bert"]))
    assert "60 of 200 points." in page.text and "Missing." in page.text


def rows(page):
    """Every row of every table as text, cell by cell."""
    soup = BeautifulSoup(page, "html.parser")
    return [[cell.get_text() for cell in row(["th", "td"])] for row in soup("tr")]


def test_every_cell_of_the_class_page():
    sgd, clipping = exercises()["sgd"], exercises()["clipping"]
    page = class_report.class_page(RECORDS)
    commonest = f"{sgd.mistakes[1].says} (2 of 4){sgd.mistakes[0].says} (1 of 4)"
    other = f"{clipping.mistakes[2].says} (1 of 4)"
    assert "A class of 4" in page
    assert rows(page)[1:3] == [
        [sgd.title, "40", "1 of 4", "4 of 4", commonest],
        [clipping.title, "40", "1 of 4", "3 of 4", other],
    ]
    assert [row[:3] for row in rows(page)[4:]] == [
        ["anna", "200 of 200", "2 of 2"],
        ["bert", "60 of 200", "0 of 2"],
        ["carl", "0 of 200", "0 of 2"],
        ["dora", "60 of 200", "0 of 2"],
    ]
    assert [row[3] for row in rows(page)[4:]] == ["—", "—", "1", "—"]


def test_the_class_page_names_faults_that_are_no_known_mistake():
    spec, own = exercises()["sgd"], [r for r in RECORDS if r["exercise"] == "sgd"]
    assert "changes its inputs" not in class_report.misconceptions(spec, own)
    own += [{**record(name, "sgd", 85), "cause": "modified"} for name in ("emil", "fritz", "gina")]
    own += [{**batch.missing("hans", "sgd"), "cause": "missing"}, record("ida", "sgd", 0)]
    counts = class_report.misconceptions(spec, own)
    assert counts.most_common(1) == [("changes its inputs", 3)]
    assert counts.total() == 6, "three of them, three known mistakes; no word about the others"
    assert "changes its inputs (3 of 9)" in Tags(class_report.class_page(own)).text


def test_every_cause_of_a_report_can_be_taught():
    """Or is a plain wrong value; or a stumble of the grader, which is flagged."""
    from dlcourse.grading import judge, texts

    given = {*texts._FAILURES, *re.findall(r'\("([a-z ]+)", \*texts', inspect.getsource(judge))}
    given |= set(re.findall(r'NOT_YET, "([a-z ]+)"', inspect.getsource(judge)))
    assert {"modified", "memory", "fixed draws"} <= given
    assert given - set(class_report.FAULTS) <= {"value", "moment"}


def test_links_of_the_class_page_lead_to_the_students(tmp_path):
    records = [record(name, "sgd") for name in ("anna", "../x", EVIL, "é")]
    class_report.write(records, tmp_path)
    page = Tags((tmp_path / "class.html").read_text())
    links = [value for name, value in page.attributes if name == "href"]
    assert len(links) == 4 and all((tmp_path / link).is_file() for link in links)


# In a browser

chromium = look.chromium


def seen(chromium, folder):
    """What a browser finds wrong with a class's pages, wide and light, narrow and dark."""
    found = []
    for path in (folder / "class.html", *sorted(folder.glob("students/*.html"))):
        for viewport, dark in ((look.DESK, False), (look.PHONE, True)):
            with look.visit(chromium, path.as_uri(), viewport, dark) as it:
                found += it.noise + look.head(it) + look.barriers(it) + look.overflow(it)
    return found


LONG = "x" * 120


def test_the_pages_can_be_read_on_a_desk_and_on_a_phone(chromium, tmp_path):
    long = record(LONG, "sgd", 60, 0, [f"{LONG}.ipynb: {LONG}"], [LONG, "Said."])
    class_report.write([*RECORDS[2:4], long], tmp_path)
    assert seen(chromium, tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("--link: #8cb8ff", "--link: #0000ee", "axe color-contrast"),
        ("overflow-wrap: anywhere", "overflow-wrap: normal", "wider than the window"),
        ("{ display: block; text-align: left;", "{ min-width: 9rem;", "wider than the window"),
    ],
)
def test_a_page_that_cannot_is_found(old, new, said, chromium, tmp_path, monkeypatch):
    assert old in class_report.STYLE
    monkeypatch.setattr(class_report, "STYLE", class_report.STYLE.replace(old, new))
    class_report.write([record(LONG, "sgd", 60, 0)], tmp_path)
    assert any(said in problem for problem in seen(chromium, tmp_path))
