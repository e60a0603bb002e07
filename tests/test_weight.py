"""What a reader downloads for a page, compressed as servers send it; nothing for nothing."""

import functools
import gzip
import random
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(__file__).resolve().parents[1] / "_build" / "html"
KB = 1000
LIGHT = {"book/index.html": 500 * KB}
HEAVY = 1200 * KB
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if not path.relative_to(SITE).parts[0].startswith("_")
)
LOADED = {"stylesheet", "icon", "preload", "modulepreload"}
TAG = re.compile(r"<(?:script|link|img|source|iframe|video|div)\b[^>]*>")
ATTRIBUTE = re.compile(r'\b(rel|href|src|srcset|data-frames)="([^"]*)"')


@functools.cache
def compressed(path):
    data = path.read_bytes()
    return len(data) if path.suffix in {".png", ".woff", ".woff2"} else len(gzip.compress(data, 6))


@functools.cache
def loads(site, page):
    """Every file that a browser may ask for when a reader has gone through the page."""
    path = (site / page).resolve()
    text = path.read_text(encoding="utf-8")
    files = {path}
    for tag in TAG.findall(text):
        has = dict(ATTRIBUTE.findall(tag))
        links = [has["src"]] if "src" in has else []
        links += [has["srcset"].split()[0]] if "srcset" in has else []
        links += [has["href"]] if LOADED.intersection(has.get("rel", "").split()) else []
        files |= {(path.parent / unquote(urlsplit(link).path)).resolve() for link in links}
        if "data-frames" in has:
            files.add((site / has["data-frames"]).resolve())
    if any(file.name == "formulas.css" for file in files):
        files |= fonts(site, text)
    return files


def fonts(site, text):
    """The fonts of the formulas of a page: one for each variant of a glyph, and the plain one."""
    css = (site / "_static" / "formulas.css").read_text(encoding="utf-8")
    files = dict(re.findall(r'font-family:MJX(TEX[\w-]*);src:url\("([^"]+)"\)', css))
    used = {"TEX", *re.findall(r'<mjx-c class="[^"]*(TEX-\w+)', text)}
    return {(site / "_static" / files[name]).resolve() for name in used}


def too_heavy(site, page):
    """A sentence for a page that weighs more than it may."""
    sizes = {path: compressed(path) for path in loads(site, page)}
    total, most = sum(sizes.values()), LIGHT.get(page, HEAVY)
    worst = max(sizes, key=sizes.get).name
    return [f"{page}: {total // KB} of {most // KB} kB, most of it {worst}"] if total > most else []


def test_no_page_is_heavy():
    assert PAGES, "run `make site` first"
    assert [problem for page in PAGES for problem in too_heavy(SITE, page)] == []


def test_a_page_has_what_it_loads():
    missing = {str(f) for page in PAGES for f in loads(SITE, page) if not f.exists()}
    assert missing == set()


def test_only_the_search_page_loads_the_index():
    found = [p for p in PAGES if any(f.name == "searchindex.js" for f in loads(SITE, p))]
    assert set(found) <= {"search.html"}


def test_fonts_and_frames_are_counted():
    files = loads(SITE, "lessons/2-optimizers/momentum.html")
    names = {file.name for file in files}
    assert {"MathJax_Main-Regular.woff", "MathJax_Math-Italic.woff", "explore.js"} <= names
    assert "_frames" in {file.parent.name for file in files}


def test_nothing_of_the_icon_font_is_left():
    assert not list((SITE / "_static").rglob("*fontawesome*")), "icons are inline SVG"
    assert not list((SITE / "_static").rglob("*.map"))


PAGE = '<link rel="stylesheet" href="a.css"><script src="b.js?v=1"></script>{more}'


@pytest.mark.parametrize("name", ["a.css", "b.js", "c.png", "_frames/d.js"])
def test_a_heavy_page_is_found_and_why(tmp_path, name):
    (tmp_path / "_frames").mkdir()
    for each in ("a.css", "b.js", "c.png", "_frames/d.js"):
        (tmp_path / each).write_bytes(random.Random(0).randbytes(1_300_000 if each == name else 9))
    more = '<img src="c.png" alt=""><div data-frames="_frames/d.js"></div>'
    (tmp_path / "page.html").write_text(PAGE.format(more=more), encoding="utf-8")
    assert too_heavy(tmp_path, "page.html") == [
        f"page.html: 1300 of 1200 kB, most of it {Path(name).name}"
    ]
