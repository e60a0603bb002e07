"""The Chinese edition in a browser: some of its pages, built as all of them are."""

import re
import subprocess
import sys

import browser as look
import pytest
import yaml

from tools import editions, translations
from tools.registries import ROOT

sys.path.insert(0, str(ROOT / "book" / "_ext"))

import search_places

FOURTH = "lessons/4-preprocessing"
PAGES = [
    *(f"book/{name}" for name in ("index", "notation", "glossary", "map")),
    *(f"{FOURTH}/{name}" for name in ("scale", "whitening")),
]
# A query, and the place that must come first.
TABLE = [
    ("白化", f"{FOURTH}/whitening.html#whitening"),
    ("白化是什么", f"{FOURTH}/whitening.html#whitening"),
    ("ZCA白化", f"{FOURTH}/whitening.html#"),
    ("标准化", f"{FOURTH}/scale.html#"),
    ("术语表", "book/glossary.html#"),
    ("梯度下降", "book/glossary.html#term-"),
    ("符号", "book/notation.html#"),
    ("课程地图", "book/map.html#"),
    ("whitening", f"{FOURTH}/whitening.html#whitening"),
    (r"\kappa", "book/notation.html#symbol-kappa"),
    ("κ", "book/notation.html#symbol-kappa"),
    ("鞍", "book/glossary.html#term-saddle-point"),
]
BUILD = """
import pathlib, sys
from tools import editions, translations
work = pathlib.Path(sys.argv[1])
settings = editions.prepare("zh_CN", work)
del settings["external_toc_path"]  # not all pages: these
print(translations.sphinx("html", work, sys.argv[2:], **settings))
"""
chromium = look.chromium


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The pages; that those they link to are missing is all that Sphinx may complain of."""
    work = tmp_path_factory.mktemp("zh_CN")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(work), *PAGES],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if "WARNING" in line or "ERROR" in line]
    missing = ("xref_missing", "toc.not_included", "[ref.", "unknown document", "bibtex key")
    assert [line for line in lines if not any(word in line for word in missing)] == []
    return work / "html"


@pytest.fixture(scope="module")
def lesson(site, chromium):
    url = (site / "lessons/4-preprocessing/whitening.html").as_uri()
    with look.visit(chromium, url, viewport=look.PHONE) as page:
        yield page


def misnamed(page):
    """Names that are read out, or shown to a pointer, in another language than that around them."""
    return page.evaluate(
        r"""() => ["aria-label", "placeholder", "data-bs-title"].flatMap(kind =>
          Array.from(document.querySelectorAll(`[${kind}]`), part => {
            const chinese = part.closest("[lang]").lang.startsWith("zh");
            const name = part.getAttribute(kind), han = /\p{Script=Han}/u.test(name);
            return (chinese ? !han && /[a-z]{3}/i.test(name) : han) && name;
          })).filter(Boolean)"""
    )


def raw_markup(page):
    """Marks of Markdown that reached the reader as text."""
    return page.evaluate(
        r"""() => {
          const prose = document.querySelector("article").cloneNode(true);
          prose.querySelectorAll("pre, code, script, style, mjx-container, .math, svg")
            .forEach(x => x.remove());
          return prose.textContent.match(/\*\*?[^\s*]|`|\]\(|\{cite/g) || [];
        }"""
    )


def spilled_words(page):
    """Texts of drawings that reach beyond the drawing, those of hidden frames left out."""
    return page.evaluate(
        """() => Array.from(document.querySelectorAll("article svg text"))
          .filter(t => t.getClientRects().length)
          .filter(t => {
            const own = t.getBoundingClientRect();
            const all = t.closest("svg").getBoundingClientRect();
            return own.right > all.right + 1 || own.left < all.left - 1
              || own.bottom > all.bottom + 1 || own.top < all.top - 1;
          }).map(t => t.textContent)"""
    )


def test_a_lesson_is_chinese_and_sound(lesson):
    assert lesson.evaluate("document.documentElement.lang") == "zh-CN"
    assert "白化" in lesson.title()
    problems = lesson.noise + look.formulas(lesson) + look.head(lesson) + look.overflow(lesson)
    assert problems + raw_markup(lesson) + spilled_words(lesson) == []


WIDE = """<div class="math" style="overflow: auto"><mjx-container><b style="display: block;
width: 900px">x</b></mjx-container></div>"""


def test_what_is_read_out_is_in_the_language_around_it(lesson):
    """The names that scripts give, too: of formulas and figures that scroll; a claim is English."""
    lesson.evaluate("wide => document.querySelector('.claim[lang=en]').innerHTML += wide", WIDE)
    lesson.evaluate(look.QUIET)
    scrolling = lesson.locator("[role=group][aria-label]").evaluate_all(
        "boxes => boxes.map(box => box.ariaLabel)"
    )
    assert {"公式，可左右滚动", "图，可左右滚动", "Formula, scrolls sideways"} <= set(scrolling)
    assert misnamed(lesson) == []
    named = translations.read_edition("zh_CN")["theme"].values()
    assert [name for name in named if f'"{name}"' not in lesson.content()] == []
    lesson.evaluate("""() => {
      document.querySelector("[role=group][aria-label*=公式]").ariaLabel = "Formula, scrolls";
      document.querySelector("[lang=en]").ariaLabel = "论断";
    }""")
    assert sorted(misnamed(lesson)) == ["Formula, scrolls", "论断"]


def test_its_drawings_and_sliders_are_chinese(lesson):
    labels = [
        one.text_content() for one in lesson.query_selector_all(".explore-control > :first-child")
    ]
    assert {"相关系数", "方法", "ε"} <= set(labels)
    assert "步" in lesson.text_content(".explore-frame svg")
    assert look.stuck_figures(lesson) == []


def test_the_words_of_still_drawings_fit(site, chromium):
    drawings = [path.read_text(encoding="utf-8") for path in (site / "_images").glob("*.svg")]
    assert len(drawings) > 10 and all("Noto Sans CJK SC" in one for one in drawings)
    page = chromium.new_page()
    page.set_content(f"<article>{''.join(drawings)}</article>")
    assert spilled_words(page) == []
    page.close()


def test_raw_markup_and_spilled_words_are_found(lesson):
    lesson.evaluate(
        """() => {
          const bad = document.createElement("p");
          bad.className = "planted";
          bad.innerHTML = "**好。**他 <svg width=30><text x=20>太长的一行文字</text></svg>";
          document.querySelector("article").append(bad);
        }"""
    )
    assert raw_markup(lesson) == ["**好", "**他"]
    assert spilled_words(lesson) == ["太长的一行文字"]
    lesson.evaluate("document.querySelector('.planted').remove()")


def test_a_page_that_nobody_has_translated_says_so(site):
    map_, index = ((site / f"book/{name}.html").read_text("utf-8") for name in ("map", "index"))
    assert "本页尚未译成中文" in map_ and '<div lang="en">' in map_
    assert "本页尚未译成中文" not in index and "（无定论）" in index
    assert "项实验：" in index and "多记一个向量" in index, "counts, and the picture's title"
    assert editions.BUTTONS in index and editions.BUTTONS in map_, "for the link to the other"


@pytest.fixture(scope="module")
def search(site, chromium):
    """One visit of the search page serves all queries."""
    with look.visit(chromium, (site / "search.html").as_uri() + "?q=梯度下降", look.PHONE) as page:
        page.wait_for_selector(".search-hit", timeout=60_000)
        yield page


def wrong(search):
    """The queries that find another place first."""
    ask = "queries => queries.map(query => dlcourseSearch.find(query)[0]?.place)"
    found = [place and f"{place['url']}#{place['anchor']}"
             for place in search.evaluate(ask, [query for query, _ in TABLE])]  # fmt: skip
    return [(query, got) for (query, wanted), got in zip(TABLE, found, strict=True)
            if got is None or not got.startswith(wanted)]  # fmt: skip


def scattered(search):
    """Terms of two characters that find places where these stand apart."""
    glossary = yaml.safe_load((ROOT / "book" / "glossary.yml").read_text(encoding="utf-8"))
    terms = [entry["chinese"] for entry in glossary if len(entry["chinese"]) == 2]
    ask = """terms => terms.filter(term => dlcourseSearch.find(term).some(({ place }) =>
      ![place.title, place.text, place.page, ...place.names].join("\\n").includes(term)))"""
    return search.evaluate(ask, terms)


def test_chinese_words_are_found_where_they_are_defined(search):
    assert wrong(search) == []
    assert scattered(search) == []


def test_the_words_found_are_marked_and_the_list_speaks_chinese(search):
    marked = [one.text_content() for one in search.query_selector_all(".search-excerpt mark")]
    assert "梯度下降" in marked and all(one in "梯度下降" for one in marked)
    lines = [one.text_content() for one in search.query_selector_all(".search-excerpt")]
    assert max(map(len, lines)) < 220, "cut, though there is no space"
    assert re.fullmatch(r"(最相关的 \d+ 处，共 )?\d+ 处", search.text_content(".search-status"))
    assert "第 4 章 · 课文" in search.text_content(".search-list")
    assert search.noise + look.overflow(search) == []


def test_a_search_that_takes_chinese_letter_by_letter_is_found(site, chromium):
    engine = (site / "_static" / "search-engine.js").read_text(encoding="utf-8")
    letters = re.sub(r"letters\.length > 1 \?.*? : letters", "letters", engine)
    assert letters != engine
    page = chromium.new_page()
    for script in ("vendor/minisearch/minisearch.js", "search-index.js"):
        page.add_script_tag(path=site / "_static" / script)
    page.add_script_tag(content=letters)
    page.evaluate("dlcourseSearch.load(dlcourseIndex)")
    assert len(scattered(page)) > 3
    page.close()


def test_every_word_of_the_scripts_is_translated():
    scripts = "".join(script.read_text("utf-8") for script in look.ASSETS.glob("*.js"))
    said = set(re.findall(r'\b(?:say|told)\("(.+?)"', scripts))
    rows = {search_places.ELSEWHERE, search_places.INTRODUCED}
    assert translations.read_edition("zh_CN")["said"].keys() == said | rows
