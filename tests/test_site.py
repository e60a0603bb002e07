"""The built site in a browser: quiet, complete, reachable; each check finds its planted error."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import browser as look
import pytest
from lxml import html
from tools_available import PROGRAMS, need

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
PAGES = sorted(
    path.relative_to(SITE).as_posix()
    for path in SITE.rglob("*.html")
    if not path.relative_to(SITE).parts[0].startswith(("_", "zh_CN"))
    and path != SITE / "index.html"
)
LESSONS = sorted(path.stem for path in (ROOT / "lessons").glob("*/*.ipynb"))
LESSON_PAGES = [page for page in PAGES if page.startswith("lessons/")]

chromium = look.chromium


@pytest.fixture(scope="module")
def address():
    with look.serve(SITE) as url:
        yield url


def test_every_lesson_has_a_page():
    assert LESSONS, "lessons/ is empty"
    built = {Path(page).stem for page in LESSON_PAGES}
    assert built == set(LESSONS), "run `make book` first, and see that _toc.yml lists every lesson"
    assert {"search.html", "book/claims.html", "book/index.html"} <= set(PAGES)


@pytest.fixture(scope="module", params=PAGES)
def page(request, chromium, address):
    """One visit for a page: to load it takes as long as to look at it.

    Lessons and the front page are opened from the folder, which forbids all that a server does and
    more; the others from a server, which is how most readers come.
    """
    from_folder = request.param in ["book/index.html", *LESSON_PAGES]
    start = SITE.as_uri() + "/" if from_folder else address
    with look.visit(chromium, start + request.param, viewport=look.PHONE, dark=True) as it:
        it.name = request.param
        yield it


def test_page_fits_a_phone_in_the_dark(page):
    assert page.noise + look.shifts(page) + look.overflow(page) + look.barriers(page) == []


def test_page_is_sound(page):
    look.turn(page, look.DESK, dark=False)
    problems = page.noise + look.formulas(page) + look.head(page) + look.barriers(page)
    assert problems + look.overflow(page) == []


def test_figures_move(page):
    problems = look.stuck_figures(page) + page.noise
    assert problems == []
    moving = page.query_selector(".explore input")
    assert moving or page.name not in LESSON_PAGES, "a lesson has an interactive figure"


def test_the_first_page_leads_to_the_preface(chromium):
    page = chromium.new_page()
    page.goto((SITE / "index.html").as_uri(), wait_until="commit")
    page.wait_for_url("**/book/index.html", timeout=10_000)
    page.close()


def test_a_lesson_works_from_a_server_too(chromium, address):
    with look.visit(chromium, f"{address}lessons/2-optimizers/momentum.html") as it:
        assert it.noise + look.formulas(it) + look.stuck_figures(it) + it.noise == []


@pytest.mark.parametrize("scripts", [False, True])
def test_without_its_script_an_explorer_shows_its_first_frame(chromium, address, scripts):
    context = chromium.new_context(java_script_enabled=scripts)
    context.route("**/explore.js*", lambda route: route.abort())
    it = context.new_page()
    it.goto(f"{address}lessons/2-optimizers/momentum.html")
    assert it.locator(".explore-frame svg").is_visible()
    controls = it.locator(".explore-controls")
    assert controls.evaluate("it => it.disabled") if scripts else not controls.is_visible()
    context.close()


def test_a_link_to_a_section_lands_on_it(chromium, address):
    name = "lessons/5-normalization/batch.html"
    page = html.fromstring((SITE / name).read_bytes())
    section = page.xpath("//article//section//section/@id")[-1]
    with look.visit(chromium, f"{address}{name}#{section}") as it:
        top = (
            "id => document.getElementById(id).querySelector('h2, h3').getBoundingClientRect().top"
        )
        assert 0 <= it.evaluate(top, section) < 200
        assert look.shifts(it) == []


def test_search_finds_a_lesson(chromium, address):
    with look.visit(chromium, address + "search.html?q=momentum") as it:
        it.wait_for_selector("#search-results li a", timeout=10_000)
        hits = [a.get_attribute("href") for a in it.query_selector_all("#search-results li a")]
    assert any("momentum.html" in hit for hit in hits), hits


def broken_links(site):
    """Links and assets of every page below ``site`` that lead nowhere."""
    pages = {
        path.resolve(): html.fromstring(path.read_bytes())
        for path in site.rglob("*.html")
        if not path.relative_to(site).parts[0].startswith("_")
    }
    anchors = {path: set(page.xpath("//@id | //a/@name")) for path, page in pages.items()}
    found = []
    for path, page in pages.items():
        for link in page.xpath("//@href | //@src"):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                found.append(f"{path.name}: {link}")
            elif parts.fragment and target in anchors:
                fragment = unquote(parts.fragment)
                if fragment not in anchors[target] and fragment != "":
                    found.append(f"{path.name}: {link} (no such anchor)")
    return found


def test_internal_links_resolve():
    assert broken_links(SITE) == []


# Planted errors: a sound page, and one page for each thing that can be wrong with it.

SOUND = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Sound</title>
<meta name="viewport" content="width=device-width"><meta name="description" content="A sound page.">
{head}</head><body><main><article><h1>Sound</h1><p>All is well.</p>{body}</article></main>
</body></html>
"""
FIGURE = """<div class="explore"><label for="lr">lr</label><input id="lr" type="range" min="0"
max="1" value="0"><div class="explore-frame"><svg viewBox="0 0 9 9" width="90" height="90"
role="img" aria-label="a disc"><circle r="{r}" cx="4" cy="4"/></svg></div></div>"""
NAMES = """<div class="explore"><div role="radiogroup" aria-labelledby="g"><span id="g">way</span>
<label><input type="radio" name="w" checked>up</label>
<label><input type="radio" name="w">down</label></div><div class="explore-frame">
<svg viewBox="0 0 9 9" width="90" height="90" role="img" aria-label="a disc">
<circle r="4" cx="4" cy="4"/></svg></div></div>"""
MOVES = """<script>document.querySelectorAll("input").forEach(it => it.oninput = () =>
document.querySelector("circle").setAttribute("r", 2))</script>"""
LATE = """<p id="late"></p><p style="height: 300px">Read this.</p><script>
const push = () => document.querySelector("#late").style.height = "400px";
addEventListener("load", () => requestAnimationFrame(() => setTimeout(push, 50)))</script>"""


def every_check(it):
    found = it.noise + look.shifts(it) + look.formulas(it) + look.head(it) + look.barriers(it)
    return found + look.overflow(it) + look.stuck_figures(it) + it.noise


def problems_of(chromium, tmp_path, head="", body="", viewport=look.PHONE):
    (tmp_path / "page.html").write_text(SOUND.format(head=head, body=body), encoding="utf-8")
    with look.visit(chromium, (tmp_path / "page.html").as_uri(), viewport=viewport) as it:
        return every_check(it)


@pytest.mark.parametrize("figure", [FIGURE.format(r=4), NAMES])
def test_a_sound_page_passes(chromium, tmp_path, figure):
    assert problems_of(chromium, tmp_path, body=figure + MOVES) == []


PALE = '<p style="color: #ccc">{}</p>'
COVER = """<div style="height: 140px; margin-top: -140px; position: relative;
background: url(data:image/gif;base64,R0lGODlhAQABAAAAACw=)"></div>"""
PLANTED = {
    "external script": ('<script src="https://cdn.example/x.js"></script>', "", "another host"),
    "external picture": ("", '<img alt="p" src="https://cdn.example/x.png">', "another host"),
    "missing file": ("", '<img alt="p" src="gone.png">', "not loaded: "),
    "console error": ("", "<script>console.error('alas')</script>", "console error: alas"),
    "exception": ("", "<script>throw new Error('alas')</script>", "page error: alas"),
    "formula not typeset": ("", r'<span class="math">\(x\)</span>', "not typeset"),
    "raw TeX": ("", r"<p>so $$\frac12$$</p>", "raw TeX"),
    "image without alt": (
        "",
        '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">',
        "without alt",
    ),
    "picture without words": ("", '<svg viewBox="0 0 9 9"><circle r="4"/></svg>', "without words"),
    "pale text": ("", '<p style="color: #ccc; background: #fff">hm</p>', "axe color-contrast"),
    "pale text among others": (
        "",
        "<p>well</p>" * 9 + '<p>so <b style="color: #ccc">hm</b></p>' + "<p>well</p>" * 9,
        "axe color-contrast",
    ),
    "pale ground": (
        "",
        "<p>well</p>" * 9 + '<p style="background: #666">hm</p>',
        "axe color-contrast",
    ),
    "pale by an ancestor": (
        "",
        "<p>well</p>" * 9 + '<div style="opacity: 0.4"><p>hm</p></div>',
        "axe color-contrast",
    ),
    "pale where it lies": (
        "",
        "<p>well</p>" * 9
        + """<div style="background: #555; height: 99px"></div>
<p style="position: relative; bottom: 80px">hm</p>""",
        "axe color-contrast",
    ),
    "pale after what is covered": (
        "",
        f"{PALE.format('hm') * 3}{COVER}{PALE.format('hm')}",
        "axe color-contrast",
    ),
    "pale after letters": (
        "",
        f"{PALE.format('x') * 9}{PALE.format('3%')}",
        "axe color-contrast",
    ),
    "fixed spacing": (
        "",
        '<p style="letter-spacing: 0 !important">hm<br>hm</p>',
        "axe avoid-inline-spacing",
    ),
    "nameless button": ("", "<button></button>", "axe button-name"),
    "too wide": ("", '<p style="width: 900px">wide</p>', "wider than the window"),
    "glyph missing": ("", '<mjx-c class="mjx-c41">A</mjx-c>', "glyph without a form: mjx-c41"),
    "late picture": ("", LATE, "moves while it loads: layout shift"),
    "dead slider": ("", FIGURE.format(r=4), "control lr changes nothing"),
    "dead names": ("", NAMES, "control way changes nothing"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_error_is_found(chromium, tmp_path, name):
    head, body, message = PLANTED[name]
    found = problems_of(chromium, tmp_path, head, body)
    assert any(message in problem for problem in found), found


@pytest.mark.parametrize("light", [False, True])
def test_a_fault_of_one_scheme_and_width_is_found_in_it_alone(chromium, tmp_path, light):
    scheme, width = ("light", "min-width: 900px") if light else ("dark", "max-width: 400px")
    pale = f"@media (prefers-color-scheme: {scheme}) and ({width}) {{ p {{ color: #ddd }} }}"
    text = SOUND.format(head=f"<style>body {{ background: #fff }} {pale}</style>", body="")
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    with look.visit(chromium, (tmp_path / "page.html").as_uri(), look.PHONE, dark=True) as it:
        first = look.barriers(it)
        look.turn(it, look.DESK, dark=False)
        assert [bool(first), bool(look.barriers(it))] == [not light, light]


def test_a_page_that_stays_dark_is_found(chromium, tmp_path):
    text = SOUND.format(head="", body="").replace("<html", '<html data-theme="dark"')
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    with look.visit(chromium, (tmp_path / "page.html").as_uri(), look.PHONE, dark=True) as it:
        look.turn(it, look.DESK, dark=False)
        assert it.noise == ["the page stays dark"]


def test_page_without_description_or_language_is_found(chromium, tmp_path):
    page = tmp_path / "bare.html"
    page.write_text("<!DOCTYPE html><title> </title><p>bare", encoding="utf-8")
    with look.visit(chromium, page.as_uri()) as it:
        assert look.head(it) == ["no language", "no title", "no description"]


@pytest.mark.parametrize("link", ["gone.html", "page.html#nowhere", "#nowhere"])
def test_broken_link_is_found(tmp_path, link):
    text = SOUND.format(head="", body=f'<a id="here" href="{link}">go</a><a href="#here">up</a>')
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    assert [problem.split(": ")[1].split()[0] for problem in broken_links(tmp_path)] == [link]


def test_a_missing_program_skips_here_and_fails_in_ci(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for program in PROGRAMS:
        monkeypatch.delenv("CI", raising=False)
        with pytest.raises(pytest.skip.Exception, match=program):
            need(program)
        monkeypatch.setenv("CI", "true")
        with pytest.raises(pytest.fail.Exception, match=program):
            need(program)
    (tmp_path / "bwrap").touch(mode=0o755)
    assert need("bubblewrap") == os.path.join(tmp_path, "bwrap")
