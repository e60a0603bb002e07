"""The ledger's filter in a browser, from the folder: what it shows is what was asked for."""

import csv
from collections import Counter

import browser as look
import pytest

from tools.registries import ROOT

SITE = ROOT / "_build" / "html"
PAGE = (SITE / "book" / "claims.html").as_uri()
SCRIPT = ROOT / "book" / "assets" / "ledger.js"

chromium = look.chromium


def verdicts(page):
    """How often each verdict is to be seen."""
    badges = page.locator("table.claims tbody tr:not([hidden]) .claim-badge")
    shown = "all => all.filter(badge => badge.checkVisibility({visibilityProperty: true}))"
    return Counter(badges.evaluate_all(shown + ".map(badge => badge.textContent.trim())"))


def wrong(page, verdict):
    """What is wrong with the page once it is narrowed to one verdict."""
    before = verdicts(page)
    page.select_option("select[name=verdict]", verdict)
    found = [] if verdicts(page) == {verdict: before[verdict]} else [f"not only {verdict}"]
    said = page.text_content(".ledger-filter output")
    if said != f"{before[verdict]} of {before.total()} claims":
        found.append(f"says {said}")
    headings = page.query_selector_all("h2")
    empty = [h for h in headings if h.is_visible() and not visible_rows(h)]
    return found + [f"an empty part: {h.text_content()}" for h in empty]


def visible_rows(heading):
    section = heading.evaluate_handle("h => h.closest('section')").as_element()
    rows = section.query_selector_all("tbody tr")
    return not rows or any(row.is_visible() for row in rows)


def test_a_verdict_alone_is_shown_and_can_be_sent_on(chromium):
    with look.visit(chromium, PAGE) as page:
        assert wrong(page, "fails") == []
        address = page.evaluate("location.href")
    with look.visit(chromium, address) as page:
        assert set(verdicts(page)) == {"fails"} and page.noise == []
        page.click(".ledger-filter button")
        page.wait_for_function("!document.querySelector('table.claims tr[hidden]')")
        assert len(verdicts(page)) > 4


def test_words_and_chapter_narrow_further(chromium):
    with look.visit(chromium, PAGE, look.PHONE) as page:
        page.select_option("select[name=chapter]", "optimizers")
        page.fill("input[name=words]", "Bias  CORRECTION")
        rows = page.query_selector_all("table.claims tbody tr:not([hidden])")
        texts = [" ".join(row.text_content().lower().split()) for row in rows]
        assert texts and all("bias correction" in text for text in texts)
        page.fill("input[name=words]", "no such words anywhere")
        assert page.text_content(".ledger-filter output").startswith("0 of ")


def test_a_link_to_a_row_finds_it_whatever_the_filter_hides(chromium):
    with look.visit(chromium, PAGE + "#verdict=fails") as page:
        row = page.query_selector("[id='opt.mom.def_A']")
        assert not row.is_visible()
        page.evaluate("location.hash = 'opt.mom.def_A'")
        page.wait_for_function("document.getElementById('opt.mom.def_A').offsetParent")
        top = row.bounding_box()["y"]
        assert 0 <= top < look.DESK["height"]
        page.wait_for_timeout(50)  # long enough for a reset of the form to write its own address
        assert page.evaluate("location.hash") == "#opt.mom.def_A"


def test_the_table_to_download_has_every_row_of_the_page(chromium):
    name = next(SITE.glob("_downloads/*/claims.csv"))
    with name.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with look.visit(chromium, PAGE) as page:
        shown = verdicts(page)
    assert Counter(row["verdict"] for row in rows) == shown
    assert len({row["id"] for row in rows}) == len(rows)
    experiments = [row for row in rows if row["kind"] == "experiment"]
    assert all(float(row["low"]) <= float(row["effect"]) <= float(row["high"])
               for row in experiments)  # fmt: skip


SMALL = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Ledger</title>
<section><h2>One</h2><table class="claims"><tbody>{one}</tbody></table></section>
<section><h2>Two</h2><table class="claims"><tbody>{two}</tbody></table></section>
<script>{script}</script></html>"""
ROW = (
    '<tr><td><a id="{0}" data-kind="identity" data-chapter="hpo">{0}</a></td>'
    '<td><span class="claim-badge">{1}</span></td></tr>'
)


@pytest.mark.parametrize(
    ("part", "broken", "said"),
    [
        ("", "", None),
        ("=== row[name]", "!== row[name]", "not only fails"),
        ("section.box.hidden = !any", "section.box.hidden = false", "an empty part: Two"),
        ("shown += fits", "shown += 1", "says 3 of 3 claims"),
    ],
)
def test_a_broken_filter_is_found(chromium, tmp_path, part, broken, said):
    script = SCRIPT.read_text(encoding="utf-8")
    assert part in script
    one = ROW.format("a", "fails") + ROW.format("b", "holds")
    text = SMALL.format(one=one, two=ROW.format("c", "holds"), script=script.replace(part, broken))
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    with look.visit(chromium, (tmp_path / "page.html").as_uri()) as page:
        found = wrong(page, "fails")
    assert found == [] if said is None else said in found
