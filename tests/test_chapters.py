"""Chapter pages and glossary: what they show is in the lessons, and a dead name stops the build."""

import itertools

import nbformat
import pytest
import yaml

from tools import chapters, markup, pages
from tools.registries import ROOT


@pytest.fixture
def book(tmp_path):
    """A folder with one chapter of one lesson, which has stored one drawing."""
    data = {"image/svg+xml": "<svg/>", "text/plain": "Figure: a hill."}
    output = nbformat.v4.new_output("display_data", data, metadata={"dlcourse": {"alt": "A hill."}})
    nb = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Hills"),
            nbformat.v4.new_code_cell("picture(…)", outputs=[output], id="hill"),
            nbformat.v4.new_code_cell("print(…)", id="none"),
        ],
        metadata={"myst": {"html_meta": {"description": "Hills: how to come down from them."}}},
    )
    (tmp_path / "lessons/1-landscape").mkdir(parents=True)
    nbformat.write(nb, tmp_path / "lessons/1-landscape/hills.ipynb")
    (tmp_path / "book/parts").mkdir(parents=True)
    text = 'description: "Chapter 1, the landscape: what it looks like."\n# Hills\n'
    (tmp_path / "book/parts/landscape.md").write_text(text, encoding="utf-8")
    (tmp_path / "book/parts/pictures.yml").write_text("landscape: lessons/1-landscape/hills#hill\n")
    sections = [{"file": "lessons/1-landscape/hills"}]
    toc = {"parts": [{"chapters": [{"file": "book/parts/landscape", "sections": sections}]}]}
    (tmp_path / "_toc.yml").write_text(yaml.safe_dump(toc))
    markup.load.cache_clear()
    yield tmp_path
    markup.load.cache_clear()


def entry(**changes):
    return {"lesson": "lessons/1-landscape/hills", "kind": "experiment", "expected": "supported",
            **changes}  # fmt: skip


def test_a_chapter_shows_its_picture_its_lessons_and_its_counts(book):
    written = chapters.pages([entry(), entry(lesson="lessons/2-optimizers/x")], book)
    assert written["parts/landscape.svg"] == "<svg/>"
    page = written["parts/landscape.md"]
    assert ":alt: A hill." in page and "hills.html" in page
    assert "1. **[Hills](/lessons/1-landscape/hills.ipynb)** How to come down from them." in page
    assert "- 1 experiment: 1 <span" in page
    card = written["chapters.md"]
    assert "grid-item-card} Chapter 1 · Hills" in card and "What it looks like." in card


@pytest.mark.parametrize("place", ["hills#none", "hills#gone", "gone#hill"])
def test_a_picture_that_is_not_there_stops_the_build(book, place):
    with pytest.raises(markup.DeadNameError, match=place):
        chapters.picture(f"lessons/1-landscape/{place}", book)


def test_a_chapter_that_does_not_say_what_it_is_stops_the_build(book):
    (book / "book/parts/landscape.md").write_text("# Hills\n", encoding="utf-8")
    with pytest.raises(markup.DeadNameError, match="does not say what it is"):
        chapters.pages([], book)


def terms():
    return yaml.safe_load((ROOT / "book/glossary.yml").read_text(encoding="utf-8"))


def disorder(rows):
    names = [row["term"].lower() for row in rows]
    return [b for a, b in itertools.pairwise(names) if a >= b]


def test_the_glossary_is_in_order_and_leads_to_lessons():
    rows = terms()
    assert disorder(rows) == []
    assert disorder([*rows, rows[0]]) == [rows[0]["term"].lower()]
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in row["chinese"]) for row in rows)
    assert pages.glossary(rows).count('<span lang="zh">') == len(rows)
    with pytest.raises(markup.DeadNameError, match="lessons/gone"):
        pages.glossary([{**rows[0], "lesson": "lessons/gone"}])
