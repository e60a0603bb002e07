"""Drawings on the built pages: words large enough on a phone, dark in the dark, light on paper."""

import re

import browser as look
import dlcourse_figures as figures
import pytest

from tools import dark
from tools.registries import ROOT

SITE = ROOT / "_build" / "html"
LEAST = 9  # pixels

chromium = look.chromium


def small_words(page):
    """Words of drawings that come out smaller than can be read, and drawings nobody can measure."""
    return page.evaluate(
        """least => {
          const found = [];
          for (const image of document.querySelectorAll("article img[src*='.svg']"))
            if (image.checkVisibility()) found.push("a drawing behind an img: " + image.alt);
          for (const word of document.querySelectorAll("article svg :is(text, tspan)")) {
            if (!word.checkVisibility()) continue;
            const to = word.getScreenCTM(), scale = Math.hypot(to.a, to.b);
            const size = parseFloat(getComputedStyle(word).fontSize) * scale;
            if (size < least - 0.01) found.push(size.toFixed(1) + " px: " + word.textContent);
          }
          return found;
        }""",
        LEAST,
    )


def stuck_boxes(page):
    """Drawings wider than their place that cannot be scrolled by keyboard, or do not show it."""
    return page.evaluate(
        """() => Array.from(document.querySelectorAll("article svg"))
          .filter(svg => svg.checkVisibility() && svg.querySelector("text, path"))
          .filter(svg => svg.getBoundingClientRect().right > svg.closest("article")
            .getBoundingClientRect().right + 1)
          .map(svg => svg.closest(".figure-box, .explore-frame") || svg.parentElement)
          .filter(box => box.scrollWidth <= box.clientWidth + 1
            || !box.classList.contains("more-right")
            || !(box.querySelector("a[href]") || (box.tabIndex === 0 && box.ariaLabel)))
          .map(box => "out of reach: " + box.textContent.trim().slice(0, 40))"""
    )


def grounds(page):
    """The colors that drawings stand on, and the page's own."""
    return page.evaluate(
        """() => {
          const drawings = Array.from(document.querySelectorAll("article svg"))
            .filter(svg => svg.checkVisibility() && svg.querySelector("text"));
          const ground = svg => getComputedStyle(svg.querySelector("path, rect")).fill;
          const own = getComputedStyle(document.body).backgroundColor;
          return [[...new Set(drawings.map(ground))], own];
        }"""
    )


def glare(page, ground=None):
    """Drawings on another ground than the page, or than a given one."""
    found, own = grounds(page)
    return [f"on {color}" for color in found if color != (ground or own)]


@pytest.mark.parametrize(
    "name",
    ["lessons/2-optimizers/momentum.html", "book/index.html", "book/parts/optimizers.html"],
)
def test_drawings_are_read_on_a_phone_in_the_dark_and_on_paper(chromium, name):
    with look.visit(chromium, (SITE / name).as_uri(), look.PHONE, dark=True) as page:
        assert small_words(page) + stuck_boxes(page) + glare(page) == []
        assert grounds(page)[0], "no drawing was found"
        page.emulate_media(media="print", color_scheme="dark")
        assert glare(page, "rgb(255, 255, 255)") == []


def test_no_page_keeps_a_drawing_behind_an_img():
    pages = [path for folder in ("lessons", "book") for path in (SITE / folder).rglob("*.html")]
    texts = {path.name: path.read_text("utf-8") for path in pages}
    assert len(texts) > 40
    assert [n for n, t in texts.items() if re.search(r'<img[^>]*_images/[^">]*\.svg', t)] == []
    assert sum(t.count('class="figure-box') for t in texts.values()) > 100


PAGE = """<!DOCTYPE html><html lang="en" data-theme="dark"><meta charset="utf-8">
<title>Small</title><meta name="viewport" content="width=device-width">
<style>body {{ background: #121212 }} {css}</style><article>{body}</article>
<script>{script}</script></html>"""
DRAWING = """<svg width="600pt" viewBox="0 0 600 90"><path d="M 0 0 600 0 600 90 0 90 z"
style="fill: #ffffff"/><text style="font-size: 9px" x="9" y="50">learning rate</text></svg>"""
BEHIND = f'<img alt="curve" src="_images/a.svg">{DRAWING}'


def placed(tag='alt="A curve." src="x"', link="", number=1):
    return figures.place(DRAWING, tag, link, number)


def faults(chromium, tmp_path, body, script=True):
    css = (look.ASSETS / "everyone.css").read_text("utf-8") + dark.stylesheet()
    js = look.scripts() if script else ""
    (tmp_path / "page.html").write_text(PAGE.format(css=css, body=body, script=js), "utf-8")
    with look.visit(chromium, (tmp_path / "page.html").as_uri(), look.PHONE, dark=True) as page:
        return small_words(page) + stuck_boxes(page) + glare(page)


def test_planted_faults_are_found(chromium, tmp_path):
    assert faults(chromium, tmp_path, placed()) == []
    assert faults(chromium, tmp_path, placed(), script=False) == ["out of reach: learning rate"]
    tiny = dark.adapt(DRAWING).replace("<svg", '<svg style="max-width: 100%"', 1)
    assert faults(chromium, tmp_path, tiny) == ["5.4 px: learning rate"]
    white = f'<span class="figure-box">{figures.fit(DRAWING)}</span>'
    assert faults(chromium, tmp_path, white) == ["on rgb(255, 255, 255)"]
    grown = f'<div style="overflow-x: auto"><div style="width: 99em">{placed()}</div></div>'
    assert faults(chromium, tmp_path, grown) == ["out of reach: learning rate"]
    missing = '<img alt="curve" src="data:image/svg+xml,.svg">'
    assert faults(chromium, tmp_path, missing + placed())[0] == "a drawing behind an img: curve"


@pytest.mark.parametrize(
    ("words", "width"),
    [
        ('<text style="font-size: 10px">a</text>', 910),
        ('<text style="font: 700 10px sans-serif; fill: #000000">a</text>', 910),
        ('<text font-size="13">a</text><text style="font-size: 20px">b</text>', 700),
        ('<text style="font-size: 10px">a<tspan style="font-size: 7px">2</tspan></text>', 1300),
        ("<style>@media (max-width: 9px){}</style><text font-size='5'>own form</text>", 0),
        ("", 0),
    ],
)
def test_the_smallest_word_decides_the_least_width(words, width):
    svg = f'<svg viewBox="0 0 1000 50">{words}</svg>'
    assert figures.least_width(svg) == width
    fitted = svg.replace("<svg", f'<svg style="min-width: {width}px"')
    assert figures.fit(svg) == (fitted if width else svg)


def test_a_drawing_keeps_its_link_and_words_and_shares_no_identifier():
    link = '<a class="image-reference" href="x.html">'
    one = placed('alt="A &lt; B" class="sd-card-img-bottom" src="x"', link)
    assert one.startswith('<span class="figure-box figure-wide sd-card-img-bottom">' + link)
    assert one.endswith("</svg></a></span>") and 'role="img" aria-label="A &lt; B"' in one
    marked = (
        '<svg viewBox="0 0 9 9"><clipPath id="s0"/><use href="#s0" clip-path="url(#s0)"/></svg>'
    )
    assert figures.place(marked, "", "", 3).count("p3-s0") == 3
