"""The site for whoever comes: by phone, by keyboard, in the dark; each check meets its error."""

import browser as look
import pytest

from tools.registries import ROOT

SITE = ROOT / "_build" / "html"
LESSON = "lessons/2-optimizers/momentum.html"

chromium = look.chromium


def cut_off(page):
    """Formulas in a line that end behind an edge and cannot be scrolled there by keyboard."""
    return page.evaluate(
        """() => Array.from(document.querySelectorAll("span.math"))
          .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1)
          .filter(e => getComputedStyle(e).overflowX !== "auto" || e.tabIndex < 0
                       || !e.classList.contains("more-right"))
          .map(e => "cut off: " + e.textContent.slice(0, 40))"""
    )


def out_of_view(page):
    """Columns of tables that begin behind the edge of the window."""
    return page.evaluate(
        """() => Array.from(document.querySelectorAll("article td, article th"))
          .filter(e => e.offsetParent)
          .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth)
          .map(e => "out of view: " + (e.dataset.head || e.textContent).slice(0, 40))"""
    )


def contents(page):
    """What is wrong with the button that opens a page's own contents on a narrow screen."""
    if not page.is_visible(".secondary-toggle"):
        return []
    page.click(".secondary-toggle")
    page.wait_for_timeout(400)
    links = page.query_selector_all(".bd-sidebar-secondary a, #pst-secondary-sidebar-modal a")
    found = [] if any(link.is_visible() for link in links) else ["the button opens nothing"]
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    return found


# What stands around the focus, with it and without.
LOOK = """() => {
  const e = document.activeElement;
  const parts = [e, ...e.querySelectorAll("*")]
    .flatMap(part => [[part], [part, "::before"], [part, "::after"]]);
  const ring = () => parts.map(part => getComputedStyle(...part)).map(s =>
    (s.outlineStyle === "none" ? "" : s.outlineStyle + s.outlineWidth) + s.boxShadow).join();
  const focused = ring();
  e.blur();
  const bare = focused === ring();
  e.focus();
  const name = e.getAttribute("aria-label") || e.textContent || e.className;
  return {bare, name: name.trim().slice(0, 40), slider: e.matches("[role=slider], [type=range]")};
}"""


def stops(page, limit=150):
    """What the keyboard comes to, from where it is to the first slider, and what shows no ring."""
    passed, bare = [], []
    for _ in range(limit):
        page.keyboard.press("Tab")
        stop = page.evaluate(LOOK)
        passed.append(stop["name"])
        if stop["bare"]:
            bare.append(f"no ring: {stop['name']}")
        if stop["slider"]:
            return passed, bare
    return passed, [*bare, "no slider"]


def tab_stops(page):
    """Formulas and printed results that the keyboard stops at."""
    return page.evaluate(
        """() => Array.from(document.querySelectorAll("mjx-container, .output .copybtn"))
          .filter(e => e.tabIndex >= 0)
          .map(e => "a tab stop: " + (e.textContent.trim() || e.className).slice(0, 40))"""
    )


def url(name):
    return (SITE / name).as_uri()


@pytest.mark.parametrize("name", ["algorithms", "claims", "conventions", "errata"])
def test_a_registry_is_read_on_a_phone_and_on_a_desk(chromium, name):
    with look.visit(chromium, url(f"book/{name}.html"), look.PHONE) as page:
        assert cut_off(page) + out_of_view(page) + contents(page) == []
        look.turn(page, look.DESK, dark=False)
        assert out_of_view(page) + look.overflow(page) == []


def test_a_page_without_sections_has_no_such_button(chromium):
    with look.visit(chromium, url("book/notation.html"), look.PHONE) as page:
        assert not page.is_visible(".secondary-toggle")
        assert page.is_visible(".primary-toggle")


def test_the_first_page_says_its_title_once(chromium):
    with look.visit(chromium, url("book/index.html")) as page:
        assert page.title() == "An executable textbook — Training deep networks"
        assert page.inner_text("h1").startswith("Training deep networks")


def test_the_keyboard_sees_where_it_is_and_soon_reaches_a_slider(chromium):
    with look.visit(chromium, url(LESSON)) as page:
        assert tab_stops(page) == []
        passed, bare = stops(page)
        behind_skip_link = passed[passed.index("Toggle primary sidebar") :]
        assert len(behind_skip_link) <= 20 and bare == [], passed
    with look.visit(chromium, url("lessons/2-optimizers/adaptive.html")) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        passed, bare = stops(page)
        assert len(passed) == 1 and bare == [], passed


# Planted errors: a small page for each.

SMALL = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Small</title>
<meta name="viewport" content="width=device-width">
<style>span.math {{ overflow: hidden }} {css}</style><style>{more}</style><article>{body}</article>
<button class="secondary-toggle">Contents</button><dialog id="pst-secondary-sidebar-modal"></dialog>
<input type="range" aria-label="lr">
<script>{script}</script></html>"""
WIDE = (
    '<p><span class="math" style="display: inline-flex; max-width: 100%; ">'
    '<b style="flex: none; width: 900px">v ← αv</b></span></p>'
)


def small(tmp_path, body="", more="", css=True, script=True):
    text = SMALL.format(
        css=(look.ASSETS / "everyone.css").read_text(encoding="utf-8") if css else "",
        script=look.scripts() if script else "",
        body=body,
        more=more,
    )
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    return (tmp_path / "page.html").as_uri()


def test_a_formula_cut_off_is_found(chromium, tmp_path):
    for parts, said in [({}, []), ({"script": False}, ["cut off: v ← αv"])]:
        with look.visit(chromium, small(tmp_path, WIDE, **parts), look.PHONE) as page:
            assert cut_off(page) == said


def test_other_planted_errors_are_found(chromium, tmp_path):
    body = '<table><td style="padding-left: 90em">Paper</td></table>'
    body += '<mjx-container tabindex="0">x</mjx-container>'
    with look.visit(
        chromium, small(tmp_path, body, "[type=range]:focus { outline: none }")
    ) as page:
        assert out_of_view(page) == ["out of view: Paper"]
        assert contents(page) == ["the button opens nothing"]
        assert tab_stops(page) == ["a tab stop: x"]
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        assert "no ring: lr" in stops(page)[1]
