"""The Chinese edition in a browser: some of its pages, built as all of them are."""

import subprocess
import sys

import browser as look
import pytest

from tools import editions
from tools.registries import ROOT

PAGES = ["book/index", "book/notation", "book/map", "lessons/4-preprocessing/whitening"]
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
