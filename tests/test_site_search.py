"""The search in a browser, from the folder: it finds the place, lands on it and shows the words."""

import functools
import gzip
import json
import os
import re
from pathlib import Path

import browser as look
import pytest
import yaml

from tools.registries import ROOT

SITE = ROOT / "_build" / "html"
INDEX = SITE / "_static" / "search-index.js"
LIMIT = 600_000  # bytes, compressed

chromium = look.chromium

LESSONS = {
    name: f"lessons/{path}.html"
    for name, path in {
        "momentum": "2-optimizers/momentum",
        "batch": "5-normalization/batch",
        "saddles": "1-landscape/saddles",
        "penalties": "7-regularization/penalties",
        "schedules": "2-optimizers/schedules",
        "whitening": "4-preprocessing/whitening",
    }.items()
}
# A query, and the place that must come first.
TABLE = [
    ("momentum", LESSONS["momentum"] + "#momentum"),
    ("Momentum ", LESSONS["momentum"] + "#momentum"),
    ("momentm", LESSONS["momentum"] + "#momentum"),
    ("动量", LESSONS["momentum"] + "#momentum"),
    ("condition number", LESSONS["momentum"] + "#why-memory-helps"),
    ("Condition Numbers", LESSONS["momentum"] + "#why-memory-helps"),
    ("what is the condition number", LESSONS["momentum"] + "#why-memory-helps"),
    ("条件数", LESSONS["momentum"] + "#why-memory-helps"),
    ("batch normalization", LESSONS["batch"] + "#batch-normalization"),
    ("saddle points", LESSONS["saddles"] + "#saddles"),
    ("weight decay", LESSONS["penalties"] + "#decay"),
    ("learning rate", LESSONS["schedules"] + "#the-learning-rate-and-its-schedules"),
    ("Whitening", LESSONS["whitening"] + "#whitening"),
    (r"\beta_1", "book/notation.html#symbol-beta-1-beta-2"),
    (r"\beta_{1}", "book/notation.html#symbol-beta-1-beta-2"),
    ("β₁", "book/notation.html#symbol-beta-1-beta-2"),
    ("betas", "book/notation.html#symbol-beta-1-beta-2"),
    ("kappa", "book/notation.html#symbol-kappa"),
    ("κ", "book/notation.html#symbol-kappa"),
    (r"\hat m", "book/notation.html#symbol-hat-m-hat-v"),
    ("eps", "book/notation.html#symbol-epsilon"),
    ("opt.mom.equivalence", "book/claims.html#opt.mom.equivalence"),
    ("norm.bn.eps", "book/claims.html#norm.bn.eps"),
    ("top_eigenvalues", "book/code.html#top-eigenvalues-in-scratch-landscape"),
    ("top eigenvalue", "book/code.html#top-eigenvalues-in-scratch-landscape"),
    ("batch-norm", "book/code.html#batchnorm-in-scratch-normalization"),
    ("nag", "exercises/2-optimizers/momentum-and-adam.html#nesterov-s-look-ahead"),
    ("schedule_step", "exercises/2-optimizers/schedules.html#stairs"),
    ("hvp", "exercises/1-landscape/the-surface.html#a-product-with-a-matrix"),
    ("Pólyak 1964", "book/bibliography.html#"),
]
HARMLESS = ["", "   ", "constructor", "__proto__", "toString", "\\", "(", "<b>x", "🙂"]


@pytest.fixture(scope="module")
def page(chromium):
    """One visit of the search page serves all queries."""
    with look.visit(chromium, (SITE / "search.html").as_uri() + "?q=momentum") as it:
        it.wait_for_selector(".search-hit", timeout=60_000)
        yield it


def wrong(page, weights="dlcourseSearch.WEIGHTS"):
    """The queries that find another place first."""
    ask = f"queries => queries.map(q => dlcourseSearch.find(q, {weights})[0]?.place)"
    firsts = page.evaluate(ask, [query for query, _ in TABLE])
    found = [place and f"{place['url']}#{place['anchor']}" for place in firsts]
    return [
        f"{query!r} finds {got}, not {wanted}"
        for (query, wanted), got in zip(TABLE, found, strict=True)
        if got is None or not got.startswith(wanted)
    ]


def test_the_defining_place_comes_first(page):
    assert len(TABLE) >= 20
    assert wrong(page) == []


def test_a_ranking_without_titles_is_found(page):
    blind = "{...dlcourseSearch.WEIGHTS, names: 0, title: 0, exact: 1}"
    assert len(wrong(page, blind)) > 10


def test_odd_queries_do_no_harm(page):
    for query in HARMLESS:
        page.fill("#main-content form input", query)
        page.wait_for_timeout(150)
        assert page.query_selector("#main-content form input").input_value() == query
        if not query.strip():
            assert not page.query_selector(".search-hit, .search-status:not(:empty)")
    assert page.noise == []


def test_a_claim_leads_to_its_row_and_to_its_lesson(page):
    page.fill("#main-content form input", "opt.mom.equivalence")
    also = page.wait_for_selector(".search-hit:first-child .search-also")
    assert "momentum.html" in also.get_attribute("href")
    assert also.get_attribute("href").endswith("#claim-opt.mom.equivalence")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("viewport", [look.PHONE, look.DESK])
def test_the_list_has_no_barriers(page, dark, viewport):
    page.fill("#main-content form input", "momentum")
    page.wait_for_selector(".search-hit mark")
    look.turn(page, viewport, dark)
    assert look.barriers(page) + look.overflow(page) + page.noise == []


def lens_over_words(page):
    """How far the lens in the field reaches into what is typed."""
    return page.evaluate(
        """() => {
          const field = document.querySelector("#main-content form input");
          const lens = field.form.querySelector("svg").getBoundingClientRect();
          const padding = parseFloat(getComputedStyle(field).paddingLeft);
          return Math.max(0, lens.right - field.getBoundingClientRect().left - padding);
        }"""
    )


def test_the_lens_leaves_the_words_free(page):
    look.turn(page, look.PHONE, False)
    assert lens_over_words(page) == 0
    page.evaluate("document.querySelector('#main-content form input').style.paddingLeft = '.75rem'")
    assert lens_over_words(page) > 5  # planted
    page.evaluate("document.querySelector('#main-content form input').style.paddingLeft = ''")


def unlit(page):
    """Why a reader who arrives does not see what was looked for."""
    page.wait_for_function("CSS.highlights.has('search-words')", timeout=30_000)
    seen = page.evaluate(
        """() => [...CSS.highlights.get("search-words")].some(range => {
          const {left, top, height} = range.getBoundingClientRect();
          const seen = document.elementFromPoint(left + 1, top + height / 2);
          return seen && range.startContainer.parentElement.contains(seen);
        })"""
    )
    return [] if seen else ["no word in sight"]


def test_the_keyboard_alone_gets_there(chromium):
    """From the index: slash, words, down, Enter; and Escape takes the marks away."""
    with look.visit(chromium, (SITE / "book" / "index.html").as_uri(), look.PHONE, dark=True) as it:
        assert it.evaluate("window.dlcourseIndex") is None, "loaded before anybody asks"
        it.keyboard.press("/")
        it.keyboard.type("condition number")
        it.wait_for_selector("#pst-search-dialog .search-hit mark", timeout=60_000)
        assert look.barriers(it) == []
        it.keyboard.press("ArrowDown")
        it.keyboard.press("ArrowDown")
        it.keyboard.press("ArrowUp")
        it.keyboard.press("Enter")
        it.wait_for_url("**/momentum.html*", timeout=30_000)
        assert unlit(it) == []
        assert it.url.endswith("/momentum.html#why-memory-helps"), "the address can be sent on"
        it.keyboard.press("Escape")
        assert not it.evaluate("CSS.highlights.has('search-words')")
        assert it.noise == []


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("claims.html?words=zebra+equivalence+forms#opt.mom.equivalence", []),
        ("notation.html?words=zebra#symbol-kappa", ["no word in sight"]),
    ],
)
def test_words_are_shown_in_the_row(chromium, row, found):
    with look.visit(chromium, f"{(SITE / 'book').as_uri()}/{row}") as it:
        assert unlit(it) == found and it.noise == []
        assert it.url.endswith(row.partition("#")[2])


# The index as it was built.


def places(text):
    """The places of an index: url, anchor, kind, title, text, names, code, the link to a lesson."""
    index = json.loads(text.removeprefix("window.dlcourseIndex=").removesuffix(";\n"))
    return [[index["pages"][page][0], *rest] for page, *rest in index["places"]]


@pytest.fixture(scope="module")
def index():
    return places(INDEX.read_text(encoding="utf-8"))


def unclean(index):
    """Excerpts that hold what no reader would read: TeX, markup, keys of papers, buttons."""
    raw = re.compile(
        r"\\(?:frac|sqrt|[a-z]+[_{]|[(\[])|\$\$|</?(?:span|div|a)\b|:math:|\{cite|Show code cell"
    )
    return [f"{url}#{anchor}: {raw.search(text)[0]}" for url, anchor, _, _, text, *_ in index
            if raw.search(text)]  # fmt: skip


def dead(index):
    """Addresses that lead nowhere."""
    ids = {}
    for url in {place[0] for place in index}:
        html = (SITE / url).read_text(encoding="utf-8")
        ids[url] = set(re.findall(r'\bid="([^"]+)"', html))
    return [f"{place[0]}#{place[1]}" for place in index if place[1] not in ids[place[0]]]


@functools.cache
def registered():
    """What the registries of the book name."""
    claims = (ROOT / "book" / "claims").glob("*.yml")
    wanted = {entry["id"] for path in claims for entry in load(path)}
    for path in (ROOT / "book" / "algorithms").glob("*.yml"):
        for row in (row for area in load(path) for row in area["rows"]):
            wanted |= {row["name"], row.get("exercise", row["name"])}
    for entry in load(ROOT / "book" / "glossary.yml"):
        wanted |= {entry["term"], entry["chinese"]}
    return {name.replace("'", "’") for name in wanted}


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def missing(index):
    """What a registry of the book names, and no place is the place of."""
    return sorted(registered() - {name for place in index for name in place[5]})


def test_the_index_is_clean_complete_and_leads_somewhere(index):
    assert unclean(index) + dead(index) + missing(index) == []


def test_planted_errors_of_the_index_are_found(index):
    url, anchor, kind, title, _, names, code, also = next(p for p in index if p[2] == "claim")
    for text in (r"so \frac12", r"\beta_1", "<span>", "{cite}`x`", "Show code cell"):
        assert len(unclean([[url, anchor, kind, title, text, names, code, also]])) == 1
    assert dead([[url, "gone", kind, title, "", names, code, also]]) == [f"{url}#gone"]
    assert missing([place for place in index if place[1] != anchor]) == names


def weight(path):
    return len(gzip.compress(path.read_bytes(), 6))


def test_the_index_is_light(tmp_path):
    assert weight(INDEX) <= LIMIT
    heavy = tmp_path / "heavy.js"
    heavy.write_bytes(INDEX.read_bytes() + os.urandom(LIMIT))
    assert weight(heavy) > LIMIT


def loads_an_index(html):
    return re.search(
        r'<script[^>]*src="[^"]*(?:searchindex|search-index|searchtools|minisearch)', html
    )


def test_no_page_loads_an_index_before_anybody_searches():
    assert not (SITE / "searchindex.js").exists()
    pages = [path for path in SITE.rglob("*.html") if "_static" not in path.parts]
    assert [p.name for p in pages if loads_an_index(p.read_text(encoding="utf-8"))] == []
    assert loads_an_index('<script src="../../searchindex.js"></script>')


def test_every_file_of_the_search_is_there():
    script = Path(SITE / "_static" / "search.js").read_text(encoding="utf-8")
    files = re.findall(r'"([\w/-]+\.js)"', script)
    assert len(files) > 3 and [f for f in files if not (SITE / "_static" / f).exists()] == []
