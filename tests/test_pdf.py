"""The printed book: numbered, whole, light; and a single page, printed by its reader."""

import re
from pathlib import Path

import browser as look
import pypdfium2
import pytest

from dlcourse.figures.front import front_picture
from tools.pdf import __main__ as pdf
from tools.pdf.__main__ import book
from tools.pdf.book import chapters, dead_ends

ROOT = Path(__file__).resolve().parents[1]
ASSETS = (ROOT / "book" / "assets").as_uri()
LONG = "x = [" + ", ".join(f"entry_{i}" for i in range(40)) + "]  # its_end"
TOC = """
root: one
parts:
  - caption: "Part 1: what's said"
    chapters:
      - file: two
"""
PAGE = """<!DOCTYPE html><html lang="en" data-theme="dark"><head><meta charset="utf-8">
<title>{title}</title>
<style>html[data-theme="dark"] {{ background: #111; color: #eee }}
.explore-frame.off {{ display: none }}</style>
<link rel="stylesheet" href="{assets}/course.css">
<link rel="stylesheet" href="{assets}/print.css" media="print">
<link rel="stylesheet" href="own.css">{script}</head>
<body><div class="bd-header">Menu</div><div class="bd-article-container">
<article class="bd-article"><section id="{title}">
<h1>{title}<a class="headerlink" href="#{title}">#</a></h1>{body}</section></article>
</div></body></html>
"""
LIGHT = f'<script src="{ASSETS}/print.js"></script>'
BODIES = {
    "one": f'<p>See <a href="two.html#there">the second</a>.</p><pre>{LONG}</pre>'
    '<details class="hide"><summary>Show</summary><p>hidden drawing</p>'
    '<details class="claims-also"><summary>Also checked</summary><p id="claim-x">a verdict</p>'
    "</details></details><p><a href='#claim-x'>decided here</a></p>"
    '<details class="claim-how"><summary>Decided by</summary><p>ten runs</p></details>'
    "<details><summary>Our answer</summary><p>forty-two</p></details>",
    "two": '<h2 id="there">There</h2><div class="explore"><div class="explore-frame off">'
    "<svg><text y='9'>second frame</text></svg></div><div class='explore-frame'>"
    "<svg width='90' height='20'><text y='9'>first frame</text></svg></div></div>"
    + "<p>filler</p>"
    * 60,
}

chromium = look.chromium


def write(folder, style="", script=LIGHT):
    for title, body in BODIES.items():
        text = PAGE.format(title=title, body=body, assets=ASSETS, script=script)
        (folder / f"{title}.html").write_text(text, encoding="utf-8")
    (folder / "own.css").write_text(style, encoding="utf-8")
    (folder / "toc.yml").write_text(TOC, encoding="utf-8")


def flat(text):
    """Without the spaces and hyphens that wrapping makes."""
    return "".join(text.replace("\x02", "").split())


def texts(pdf):
    document = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]


def numbers(pdf):
    """What stands at the foot of each page."""
    pages = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_bounded(bottom=0, top=52).strip() for page in pages]


def problems(pdf):
    """Pages with a dark ground, and whether the long line can be read to its end."""
    found = []
    for number, page in enumerate(pypdfium2.PdfDocument(pdf), start=1):
        picture = page.render(scale=0.5).to_pil().convert("L")
        if picture.resize((1, 1)).getpixel((0, 0)) < 128:
            found.append(f"page {number} is dark")
    whole = flat(LONG) in flat("".join(texts(pdf)))
    return found if whole else [*found, "the long line is cut"]


def test_the_book_is_numbered_whole_and_light(chromium, tmp_path):
    write(tmp_path)
    out = tmp_path / "book.pdf"
    starts = book(chromium, tmp_path, out, tmp_path / "toc.yml")
    pages = texts(out)
    assert problems(out) == []
    assert not out.with_suffix(".html").exists()
    assert starts == {"p0": 3, "p1": 4}
    assert numbers(out) == ["", *map(str, range(2, len(pages) + 1))]
    title, contents, one, *two = pages
    assert "Training deep networks" in title
    words = contents.split()
    assert words[words.index("one") + 1] == "3"
    assert words[words.index("two") + 1] == "4"
    assert len(two) > 1 and all("Part1:what'ssaid" in flat(page) for page in two)
    assert "ten runs" in one and "hidden drawing" not in one and "Menu" not in one
    assert one.count("a verdict") == 1, "read where its cell is hidden"
    asked, answered = one.index("Our answer: answer 1"), one.index("forty-two")
    assert asked < one.index("Answers") < answered
    assert "first frame" in two[0] and "second frame" not in "".join(two)
    outline = [item.get_title() for item in pypdfium2.PdfDocument(out).get_toc()]
    assert outline == [
        "Contents", "one", "Answers", "1. Our answer", "Part 1: what's said", "two", "There"
    ]  # fmt: skip


UNWRAPPED = ".bd-article-container article pre { white-space: pre !important }"


def test_a_line_that_paper_would_cut_stops_the_printing(chromium, tmp_path):
    write(tmp_path, style=UNWRAPPED)
    with pytest.raises(SystemExit, match=r"must be narrower than the paper:\np0: <pre"):
        book(chromium, tmp_path, tmp_path / "book.pdf", tmp_path / "toc.yml")


def test_a_font_that_is_missing_stops_the_printing(chromium, tmp_path):
    write(tmp_path, style="@font-face { font-family: gone; src: url(gone.woff) }")
    with pytest.raises(SystemExit, match="1 fonts of the site are missing"):
        book(chromium, tmp_path, tmp_path / "book.pdf", tmp_path / "toc.yml")


def printed(chromium, address, out):
    """What a reader gets who prints a page that is shown in the dark."""
    with look.visit(chromium, address, dark=True) as page:
        page.pdf(path=out, print_background=True, prefer_css_page_size=True)
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    return problems(out)


def test_a_page_read_in_the_dark_prints_light_and_whole(chromium, tmp_path):
    write(tmp_path)
    out = tmp_path / "one.pdf"
    assert printed(chromium, (tmp_path / "one.html").as_uri(), out) == []
    (text,) = texts(out)
    assert "ten runs" in text and "hidden drawing" not in text and "Menu" not in text
    assert numbers(out) == ["1"]


def test_a_dark_page_and_a_cut_line_on_paper_are_seen(chromium, tmp_path):
    write(tmp_path, style=UNWRAPPED + "article { overflow-x: clip }", script="")
    found = printed(chromium, (tmp_path / "one.html").as_uri(), tmp_path / "one.pdf")
    assert found == ["page 1 is dark", "the long line is cut"]


def test_the_book_must_be_built_first(tmp_path):
    with pytest.raises(SystemExit, match="must be built first: run `make book`"):
        chapters(tmp_path)


CLIPPED = (
    '<svg width="90" height="20"><clipPath id="in"><rect width="9" height="9"/></clipPath>'
    '<g clip-path="url(#in)"><text y="9">clipped</text></g></svg>'
)
MENDED = "svg.outerHTML = svg"


def gathered(chromium, folder, body):
    """Two pages that both have this, as the book has them."""
    write(folder)
    for title in BODIES:
        text = PAGE.format(title=title, body=body, assets=ASSETS, script=LIGHT)
        (folder / f"{title}.html").write_text(text, encoding="utf-8")
    _, pages = pdf.gather(chromium, chapters(folder, folder / "toc.yml"))
    return "".join(page.text for page in pages)


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        ("color: #111", False),
        ("color: #811", True),
        ("color: color(srgb 0.5 0.1 0.1)", True),
        ("color: #111; font-weight: bold", True),
        ("color: #111; font-style: italic", True),
        ("color: #111; border: 1px solid #811", True),
    ],
)
def test_words_of_code_that_look_like_the_rest_are_text(chromium, tmp_path, style, kept):
    code = f'<pre style="font-weight: 400"><span class="n" style="{style}">name</span></pre>'
    text = gathered(chromium, tmp_path, f'<div class="highlight">{code}</div>')
    assert text.count('class="n"') == (2 if kept else 0)
    assert text.count("name") >= 2


def shared_names(text):
    """Names in drawings that are given twice, or used and not given."""
    given = re.findall(r'\bid="([^"]+)"', text)
    used = re.findall(r"url\((?:&quot;)?#([^)&]+)", text)
    return sorted({name for name in given if given.count(name) > 1} | (set(used) - set(given)))


def test_drawings_of_two_pages_share_no_names(chromium, tmp_path, monkeypatch):
    assert shared_names(gathered(chromium, tmp_path, CLIPPED + CLIPPED)) == []
    assert MENDED in pdf.GATHER
    monkeypatch.setattr(pdf, "GATHER", pdf.GATHER.replace(MENDED, "void svg"))  # planted
    assert shared_names(gathered(chromium, tmp_path, CLIPPED)) == ["in"]


def restless(chromium, text):
    """What still moves on paper, or has lost the form that it has at rest."""
    page = chromium.new_page(reduced_motion="reduce")
    page.emulate_media(media="print")
    page.set_content(text)
    found = page.evaluate(
        """() => [
          ...document.getAnimations().map((one) => `${one.animationName} moves`),
          ...Array.from(document.querySelectorAll(".walk")).filter((line) => {
            const { fill, strokeDashoffset } = getComputedStyle(line);
            return fill !== "none" || parseFloat(strokeDashoffset);
          }).map((line) => `${line.classList[1]} is not whole`)]"""
    )
    page.close()
    return found


def test_the_picture_that_moves_on_the_first_page_prints_at_rest(chromium, tmp_path, monkeypatch):
    drawing, _ = front_picture()
    assert restless(chromium, gathered(chromium, tmp_path, drawing)) == []
    never_still = re.sub(r"@media \(prefers-reduced-motion.*?\}\}", "", drawing)
    assert "sgd moves" in restless(chromium, gathered(chromium, tmp_path, never_still))
    monkeypatch.setattr(pdf, "GATHER", pdf.GATHER.replace("style:not(svg *)", "style"))
    assert "sgd is not whole" in restless(chromium, gathered(chromium, tmp_path, drawing))


def test_a_link_that_leads_nowhere_is_named():
    assert dead_ends('<a href="#p0">x</a><p id="p0"></p><a class="b" href="#p1--y">y</a>') == [
        "p1--y"
    ]


@pytest.mark.parametrize(
    "numbered",
    [
        "document.querySelector('.book-contents li').remove()",
        "document.body.replaceChildren()",  # fewer pages than the contents had
    ],
)
def test_contents_that_move_stop_the_print_and_leave_the_old_one(
    chromium, tmp_path, monkeypatch, numbered
):
    write(tmp_path)
    (tmp_path / "book.pdf").write_bytes(b"of yesterday")
    before = {path.name for path in tmp_path.iterdir()}
    monkeypatch.setattr(pdf, "NUMBER", f"() => {numbered}")
    with pytest.raises(SystemExit, match="must be laid out as before"):
        book(chromium, tmp_path, tmp_path / "book.pdf", tmp_path / "toc.yml")
    assert (tmp_path / "book.pdf").read_bytes() == b"of yesterday"
    assert {path.name for path in tmp_path.iterdir()} == before
