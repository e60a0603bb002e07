"""What readers' browsers once showed and no other test of the site holds, with its errors."""

import html
import io
import re

import browser as look
import dlcourse_site as site
import pybtex.database
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from tools.registries import ROOT

SITE = ROOT / "_build" / "html"
ASSETS = ROOT / "book" / "assets"
LESSON = (SITE / "lessons/2-optimizers/momentum.html").as_uri()

chromium = look.chromium


def cut_controls(page):
    """Values of sliders and names of choices that are not wholly in sight on this screen."""
    return page.evaluate(
        """() => Array.from(document.querySelectorAll(
            ".explore-control output, .explore-names span"))
          .filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth
            || e.getBoundingClientRect().right > document.documentElement.clientWidth
            || !e.checkVisibility() || !e.textContent.trim())
          .map(e => "cut off: " + e.textContent)"""
    )


def contrast(one, other):
    """The ratio of two colors' luminances, as WCAG defines it."""
    light = []
    for color in (one, other):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                  for c in (part / 255 for part in color)]  # fmt: skip
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(light) / min(light)


def faint_handles(page, least=3, size=14):
    """Sliders whose handle does not stand off the page as something to take hold of."""
    found = []
    for slider in page.query_selector_all("input[type=range]"):
        slider.scroll_into_view_if_needed()
        picture = Image.open(io.BytesIO(slider.screenshot())).convert("RGB")
        ground = picture.getpixel((1, 1))
        tall = max(
            sum(contrast(picture.getpixel((x, y)), ground) >= least for y in range(picture.height))
            for x in range(picture.width)
        )
        if tall < size:
            found.append(f"a faint handle: {tall} pixels of {slider.get_attribute('aria-label')}")
    return found


def pale_print(page):
    """Words that axe cannot read on the paper of a reader who reads in the dark."""
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="dark")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    found = [b for b in look.barriers(page) if b.startswith("axe color-contrast")]
    return found + ([] if ground == "rgb(255, 255, 255)" else [f"paper is {ground}"])


def test_a_phones_controls_are_whole_and_a_dark_page_is_printed_in_the_light(chromium):
    with look.visit(chromium, LESSON, look.PHONE, dark=True) as page:
        assert page.query_selector(".explore-control output")
        assert cut_controls(page) + faint_handles(page) + pale_print(page) == []


def first_screen(page):
    """What the front page must say before anybody scrolls, and what is missing of it."""
    seen = page.evaluate(
        """() => Array.from(document.querySelectorAll("article a, article svg.front"))
          .filter(e => e.getBoundingClientRect().bottom <= innerHeight)
          .map(e => e.getAttribute("href") || "the picture")"""
    )
    return [f"not in sight: {part}" for part in ("paths.html", "the picture") if part not in seen]


def orange(page):
    """Grounds of what the keyboard or a link leads to, in the theme's color that is not ours."""
    page.evaluate("location.hash = 'take-it-with-you'")
    return page.evaluate(
        """() => Array.from(document.querySelectorAll(".skip-link, :target, :target > h2"))
          .map(e => getComputedStyle(e).backgroundColor)
          .filter(color => {
            const [red, , blue] = color.match(/[0-9.]+/g).map(Number);
            return red > blue + 40;
          })"""
    )


def chapters(soup):
    """Chapters that have no page, no number, or no picture on the front page."""
    cards = soup.select("article .sd-card")
    found = [] if len(cards) == 7 else [f"{len(cards)} chapters"]
    for number, card in enumerate(cards, 1):
        whole = card.select_one("svg") and card.select_one("a[href^='parts/']")
        if not whole or f"Chapter {number} ·" not in card.text:
            found.append(f"not whole: chapter {number}")
    return found


def side_bar(soup):
    """What does not fold or has no number among the chapters of the side bar."""
    found = []
    for item in soup.select(".bd-links li.has-children"):
        number = item.a.text.partition(".")[0]
        fold = item.find("details")
        if not fold or fold.has_attr("open") != ("current" in item["class"]):
            found.append(f"does not fold: {item.a.text}")
        pages = [a.text for a in item.select("details li a")]
        found += [
            f"no number: {page}" for page in pages if not re.match(rf"{number}\.\d+\. ", page)
        ]
    return found


@pytest.fixture(scope="module")
def front():
    return (SITE / "book" / "index.html").read_text(encoding="utf-8")


def test_the_front_page_says_where_to_begin_and_how_to_have_it(chromium, front):
    soup = BeautifulSoup(front, "html.parser")
    assert chapters(soup) + side_bar(soup) == []
    assert len(soup.select(".bd-links li.has-children")) == 7
    commands = " ".join(block.text for block in soup.select("article pre"))
    assert "pip install" in commands and "make lab" in commands
    for viewport in (look.DESK, look.PHONE):
        with look.visit(chromium, (SITE / "book" / "index.html").as_uri(), viewport) as page:
            assert first_screen(page) + orange(page) == []
            page.evaluate("document.querySelector('article svg.front').remove()")
            page.evaluate("scrollTo(0, 0)")
            assert first_screen(page) == ["not in sight: the picture"]  # planted
            theirs = "html[data-theme] { --pst-color-target: #f3cf95 }"
            page.add_style_tag(content=theirs)
            assert orange(page) == ["rgb(243, 207, 149)"]  # planted


def test_a_chapter_that_is_not_whole_or_does_not_fold_is_found(front):
    for part, broken, check, said in [
        ("Chapter 3 ·", "Chapter ·", chapters, "not whole: chapter 3"),
        ("1.2. Saddles", "Saddles", side_bar, "no number: Saddles"),
        ("<details>", "<details open>", side_bar, "does not fold: 1. The landscape"),
    ]:
        assert part in front
        assert check(BeautifulSoup(front.replace(part, broken, 1), "html.parser")) == [said]


CODES = r"(?<!\d )(?<![\w.,])00[0-4](?= §|(?:, 00\d)* and 00\d\b)"
KEYS = r"\{cite|\b[a-z]{4,}(?:19|20)\d\d[a-z]?\b"


UNSEEN = re.compile(r"<(script|style|nav|pre|code)\b.*?</\1>|<[^>]*>", re.DOTALL)


def leaks(text):
    """Our own words for sources, and keys of the bibliography, where a reader sees them."""
    return re.findall(f"{CODES}|{KEYS}", UNSEEN.sub(" ", text[text.index("<article") :]))


def doubled(text):
    """A tab's title that says the same twice."""
    title = re.search(r"<title>(.*?)</title>", text, re.DOTALL)[1]
    parts = html.unescape(title).strip().split(" — ")
    return [part for part in set(parts) if parts.count(part) > 1]


def nowhere_to_answer(text):
    """Whether a page of exercises lacks the way to where one can answer."""
    place = re.search(r'</h1><p class="where-to-answer">.*?</p>', text, re.DOTALL)
    good = place and " download>" in place[0] and '#how-to-do-the-exercises"' in place[0]
    return [] if good else ["nowhere to answer"]


def test_pages_leak_nothing_say_their_title_once_and_where_to_answer():
    found = []
    for path in sorted([*SITE.glob("book/**/*.html"), *SITE.glob("[el]*/*/*.html")]):
        text = path.read_text(encoding="utf-8")
        there = nowhere_to_answer(text) if path.is_relative_to(SITE / "exercises") else []
        found += [f"{path.name}: {it}" for it in leaks(text) + doubled(text) + there]
    assert found == []
    assert not (SITE / "genindex.html").exists(), "it would be empty"


STORED = """<article><span class="claim-evidence">rests on its source: kingma2015. So with 002
and h<sub>2</sub>.</span> <a class="claim-id"></a><p class="claim-note">As zeiler2012.</p>
<code>kingma2015</code></article>"""


def test_what_was_stored_with_keys_is_shown_with_names():
    entries = pybtex.database.parse_file(ROOT / "book" / "references.bib").entries
    names = {key: site.who(entry) for key, entry in entries.items()}
    assert names["kingma2015"] == "Kingma and Ba (2015)"
    assert "\\" not in "".join(names.values()) and "{" not in "".join(names.values())
    assert leaks(STORED) == ["kingma2015", "zeiler2012"]
    shown = site.name_papers(STORED, names)
    assert leaks(shown) == [] and "So with the reading notes" in shown
    assert shown.count("kingma2015") == 1, "code stays as it is"


SMALL = """<!DOCTYPE html><html lang="en" data-theme="dark"><meta charset="utf-8">
<title>Small — Small</title><meta name="viewport" content="width=device-width">
<style>html {{ --pst-color-primary: #176de8; --pst-color-background: #fff }}
{css}{more}</style><article><div class="explore-control"><label for="r">rate</label>
<input id="r" type="range" aria-label="rate"><output>0.5</output></div><p>words</p></article>"""


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", []),
        ("output { overflow: hidden; width: 5px }", ["cut off: 0.5"]),
        ("input::-webkit-slider-thumb { background: #ddd !important; box-shadow: none !important }",
         ["a faint handle: 0 pixels of rate"]),
        ("p { color: #ff8 }", ["axe color-contrast"]),
        ("@media print { body { background: #000; color: #fff } }", ["paper is rgb(0, 0, 0)"]),
    ],
)  # fmt: skip
def test_planted_errors_of_a_page_are_found(chromium, tmp_path, more, said):
    css = (ASSETS / "explore.css").read_text(encoding="utf-8")
    css += "body { background: #fff; color: #000 } output { display: block }"
    css += "input[type=range]::-webkit-slider-runnable-track { background: #ddd !important }"
    (tmp_path / "page.html").write_text(SMALL.format(css=css, more=more), encoding="utf-8")
    with look.visit(chromium, (tmp_path / "page.html").as_uri(), look.PHONE, dark=True) as page:
        found = cut_controls(page) + faint_handles(page) + pale_print(page)
    assert [problem[: len(begin)] for problem, begin in zip(found, said, strict=True)] == said


def test_planted_errors_of_a_text_are_found():
    assert doubled(SMALL) == ["Small"]
    assert nowhere_to_answer("<h1>Exercises</h1><p>Write.</p>") == ["nowhere to answer"]
    for leak in ("000, 001 and 002 put ε inside", "000 §4", "{cite}`x`", "kingma2015"):
        assert leaks(f"<article><p>{leak}</p></article>"), leak
    assert leaks("<article><code>kingma2015</code> 1,000 and 002</article>") == []
