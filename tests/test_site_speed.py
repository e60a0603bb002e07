"""Pages that do not work when they are opened: heads written before, rows laid out when near."""

import browser as look
import dlcourse_site as repairs
import dlcourse_speed as speed
import dlcourse_tables as tables
import pytest
from pybtex import plugin
from sphinx.errors import ExtensionError

from tools.registries import ROOT

SITE = ROOT / "_build" / "html"

chromium = look.chromium

# Tables


TABLE = (
    '<table class="cards claims table"><colgroup><col/></colgroup><thead><tr>'
    '<th class="head"><p>Claim</p></th><th class="head"><p>A &amp; <b>B</b></p></th></tr></thead>'
    "<tbody>\n<tr><td><p>—</p></td><td><p>one</p></td></tr>"
    "<tr><td>x</td>\n<td><p>—</p></td></tr></tbody></table>"
)


def test_a_cell_says_what_its_column_is():
    named = tables.name_cells(TABLE)
    assert named.count('data-head="A &amp; B"') == 2 and named.count("data-head") == 2
    assert '<td class="empty"><p>—</p></td><td data-head="A &amp; B"><p>one</p></td>' in named
    assert '<td data-head="A &amp; B" class="empty"><p>—</p></td>' in named
    assert tables.name_cells(named.replace(' data-head="A &amp; B"', "")).count("data-head") == 2


def test_cards_without_heads_stop_the_build():
    with pytest.raises(ExtensionError, match="needs a row of heads"):
        tables.name_cells('<table class="cards"><tbody><tr><td>a</td></tr></tbody></table>')


def test_other_tables_are_left_alone():
    context = {"body": TABLE.replace("cards ", "")}
    tables.finish(None, "page", "page.html", context, None)
    assert context["body"] == TABLE.replace("cards ", "")


# Scripts


THEME = (
    'function I(){const e=()=>{document.querySelectorAll(["pre",".output"].join(", "))'
    ".forEach(e=>{e.tabIndex=e.scrollWidth>e.clientWidth?0:-1})},t=_(e,300);e()}"
)


def test_the_theme_does_not_ask_what_scrolls():
    assert repairs.asks_nothing(THEME) == "function I(){const e=()=>{void 0},t=_(e,300);e()}"
    built = (SITE / "_static" / "scripts" / "pydata-sphinx-theme.js").read_text("utf-8")
    with pytest.raises(ExtensionError, match="asks 0 times what scrolls"):
        repairs.asks_nothing(built)
    with pytest.raises(ExtensionError, match="asks 2 times what scrolls"):
        repairs.asks_nothing(THEME + THEME)


def test_installed_packages_are_asked_once(monkeypatch):
    asked = []
    monkeypatch.setattr(plugin, "entry_points", lambda **what: asked.append(what) or [])
    for _ in range(2):
        speed.remember_plugins()
        plugin.entry_points(group="pybtex.backends", name="docutils")
        plugin.entry_points(group="pybtex.style.names", name="plain")
    assert [what["name"] for what in asked] == ["docutils", "plain"]


def laid_out(page):
    """How much of a page has been laid out: boxes for each of its elements."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    boxes = next(one["value"] for one in metrics if one["name"] == "LayoutObjects")
    return boxes / page.evaluate("document.querySelectorAll('*').length")


def test_the_ledger_is_laid_out_only_where_its_reader_is(chromium):
    with look.visit(chromium, (SITE / "book" / "claims.html").as_uri(), look.PHONE) as page:
        assert laid_out(page) < 0.2


FAR = (
    '<section style="content-visibility: auto; contain-intrinsic-size: auto 4000px">'
    "<pre>" + "<b>x</b>" * 50 + "</pre></section>"
)
PAGE = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Far</title>
<meta name="viewport" content="width=device-width">
<style>section pre {{ height: 4000px }} pre {{ overflow-x: auto }}</style>
<article>{body}</article><script>{script}</script></html>"""
NOSY = "document.querySelectorAll('pre').forEach(e => { e.tabIndex = e.scrollWidth })"


@pytest.mark.parametrize(("nosy", "most"), [(False, 0.5), (True, 9)])
def test_a_question_to_what_is_far_is_found(chromium, tmp_path, nosy, most):
    script = NOSY if nosy else look.scripts()
    (tmp_path / "far.html").write_text(PAGE.format(body=FAR * 20, script=script), "utf-8")
    with look.visit(chromium, (tmp_path / "far.html").as_uri(), look.PHONE) as page:
        assert most / 10 < laid_out(page) < most and (laid_out(page) < 0.5) != nosy


def test_what_is_far_or_closed_is_asked_when_it_is_seen(chromium, tmp_path):
    wide = '<pre><span style="display: block; width: 900px">x</span></pre>'
    body = f"<details><summary>Solution</summary>{wide}</details>"
    body += FAR + FAR.replace("<pre>", '<pre id="far" style="width: 9em">')
    script = look.scripts()
    (tmp_path / "far.html").write_text(PAGE.format(body=body, script=script), "utf-8")
    with look.visit(chromium, (tmp_path / "far.html").as_uri(), look.PHONE) as page:
        stops = "Array.from(document.querySelectorAll('pre'), pre => pre.tabIndex)"
        assert page.evaluate(stops) == [-1, 0, -1]
        page.click("summary")
        page.evaluate("document.getElementById('far').scrollIntoView()")
        page.wait_for_function(f"({stops}).join() === '0,0,0'", timeout=10_000)


def test_what_becomes_wide_while_it_is_far_is_asked_when_it_is_seen_again(chromium, tmp_path):
    far = FAR.replace("<pre>", '<pre id="far">').replace("<b>x</b>" * 50, "x")
    script = look.scripts()
    (tmp_path / "far.html").write_text(PAGE.format(body=FAR + FAR + far, script=script), "utf-8")
    with look.visit(chromium, (tmp_path / "far.html").as_uri(), look.PHONE) as page:
        for place in ("document.getElementById('far')", "document.body"):
            page.evaluate(f"{place}.scrollIntoView()")
            page.evaluate(look.QUIET)
        page.evaluate("document.getElementById('far').innerHTML = '<b>x</b>'.repeat(200)")
        page.evaluate(look.QUIET)
        assert page.evaluate("document.getElementById('far').tabIndex") == -1
        page.evaluate("document.getElementById('far').scrollIntoView()")
        page.wait_for_function("document.getElementById('far').tabIndex === 0", timeout=10_000)
