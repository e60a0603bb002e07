"""The ledger and the errata: what they tell was stored, and what would lie stops the build."""

import csv
import io
import re

import ledgers
import pytest

from dlcourse.lesson.registry import load_claims
from tools import errata, ledger
from tools.registries import ROOT, read

book, entry, record = ledgers.book, ledgers.entry, ledgers.record


def test_the_ledger_tells_what_was_stored_and_what_decided_it(book):
    counts, tables = ledger.page([entry()], book(record()))
    assert "- 1 experiment: 1 <span" in counts
    assert 'href="../lessons/2-optimizers/x.html#claim-opt.x"' in tables
    assert "−31.4% [−40, −20]" in tables
    assert "[Ten pairs.]{.claim-how}" in tables
    assert "blog post §5" in tables


def test_the_ledger_as_a_table_has_a_line_a_claim(book):
    other = entry(id="opt.again", kind="same", same_as="opt.x", note='Twice, "so" said.')
    text = ledger.table([entry(), other], book(record(margin=0.1)))
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["id"], first["verdict"], first["chapter"]) == ("opt.x", "supported", "optimizers")
    numbers = [float(first[key]) for key in ("effect", "low", "high", "margin")]
    assert numbers == [-0.314, -0.4, -0.2, 0.1]
    assert (second["kind"], second["note"]) == ("same", 'Twice, "so" said.')
    with pytest.raises(ledger.FlippedError):
        ledger.table([entry(expected="inconclusive")], book(record()))


@pytest.mark.parametrize(
    ("effect", "tol", "said"),
    [(0.0, 0, "exact"), (1e-300, 0, "not exact"), (0.0, 1e-10, "error $\\le 10^{-10}$"),
     (1e-9, 1e-10, "error $> 10^{-10}$")],
)  # fmt: skip
def test_an_identity_says_how_exactly_it_was_met(effect, tol, said):
    assert ledger.measured({"kind": "identity", "effect": effect, "tol": tol}) == said


def test_experiments_are_counted_apart_from_identities_and_once(book):
    root = book(
        record(),
        record(claim="opt.y", kind="identity", verdict="holds", effect=None, runs=None),
        {"claims": [record(claim="opt.z", verdict="inconclusive", independent=4, edge=["lr"])]},
    )
    entries = [
        entry(),
        entry(id="opt.y", kind="identity", expected="holds"),
        entry(id="opt.z", expected="inconclusive", few="Four data sets are all there are."),
        entry(id="opt.taste", kind="untestable", expected="not testable"),
        entry(id="opt.again", kind="same", same_as="opt.z", expected="inconclusive"),
    ]
    counts, tables = ledger.page(entries, root)
    words = re.sub(r"<[^>]+>", "", counts).splitlines()
    assert words[2:] == [
        "- 2 experiments: 1 supported, 1 inconclusive",
        "- 1 identity or definition: 1 holds",
        "- 1 sentence without a test: 1 not testable",
        "- 1 more that says what one of these says",
    ]
    assert "[Ten pairs. Four data sets are all there are.]{.claim-how}" in tables
    assert "at the edge of a grid" in tables and "10 in 4" in tables
    kinds = 'data-kind="same" data-chapter="optimizers"'
    assert f'<a id="opt.again" {kinds} href="../lessons/2-optimizers/x.html#claim-opt.z">' in tables
    assert '<a id="opt.taste" data-kind="untestable" data-chapter="optimizers"><code>' in tables


@pytest.mark.parametrize(
    ("stored", "registered", "message"),
    [
        ([record(verdict="not supported")], [entry()], "opt.x is not supported; .* supported"),
        ([record(verdict="inconclusive")], [entry()], "opt.x is inconclusive"),
        ([], [entry()], "no lesson has run it"),
        ([record(), record(claim="opt.y")], [entry()], "opt.y: not in book/claims"),
    ],
)
def test_a_ledger_that_would_lie_stops_the_build(book, stored, registered, message):
    with pytest.raises(ledger.FlippedError, match=message):
        ledger.page(registered, book(*stored))


def test_exact_and_cited_claims_say_what_they_rest_on(book):
    exact = record(kind="identity", effect=1e-16, tol=1e-10, interval=None, runs=None)
    cited = record(claim="opt.z", kind="cited", verdict="cited", effect=None, cite=["kingma2015"])
    root = book(exact, {**cited, "runs": None})
    both = [entry(kind="identity"), entry(id="opt.z", kind="cited", expected="cited")]
    _, tables = ledger.page(both, root)
    assert "error $\\le 10^{-10}$" in tables
    assert "{cite:t}`kingma2015`" in tables


def erratum(**changes):
    return [{"group": "Formulas", "intro": "Typed and run.", "rows": [{**ERRATUM, **changes}]}]


ERRATUM = {"claim": "opt.x", "right": "It is *slower*."}
FAILED = {"expected": "not supported"}


def test_the_errata_of_the_book_have_a_row_for_every_claim_that_failed():
    registry = load_claims(ROOT / "book" / "claims")
    assert errata.problems(read("errata"), registry) == []
    assert any(e["expected"] == "not supported" for e in registry.values())


def test_an_erratum_shows_what_is_printed_what_is_right_and_where(book):
    root = book(record(verdict="not supported", expected="not supported"))
    text = errata.page(erratum(), [entry(**FAILED)], root)
    assert "It is <faster>." in text and "It is *slower*." in text
    assert '<a href="../lessons/2-optimizers/x.html#claim-opt.x">' in text
    assert "blog post §5" in text and "claim-not-supported" in text
    printed = errata.page(erratum(printed="Fast."), [entry(**FAILED)], root)
    assert "Fast." in printed and "<faster>" not in printed


@pytest.mark.parametrize(
    ("rows", "claim", "message"),
    [
        ([], FAILED, "opt.x is not supported, and no row"),
        (erratum(), {}, "opt.x is supported: say what was printed"),
        (erratum(right=" ", printed="x"), {}, "nothing of what is right"),
        (erratum(claim="opt.y", printed="x"), {}, "opt.y is no claim"),
        (erratum(wrong="x", printed="x"), {}, "a field 'wrong'"),
        ([], {**FAILED, "sources": ["book", "004 §5"]}, "opt.x is not supported, and no row"),
    ],
)
def test_errata_that_do_not_fit_the_claims_stop_the_build(book, rows, claim, message):
    root = book(record(verdict=claim.get("expected", "supported")))
    with pytest.raises(errata.ErrataError, match=message):
        errata.page(rows, [entry(**claim)], root)


def test_a_sentence_of_the_books_own_that_failed_is_no_erratum():
    assert errata.problems([], {"opt.x": entry(**FAILED, sources=["book"])}) == []


def test_a_source_that_is_none_of_the_five_is_named_as_it_stands():
    said = ledger.said_by(["Kingma and Ba (2015), §2.1", "004 §5"])
    assert said == "Kingma and Ba (2015), §2.1; blog post §5"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("So with 002; 000 not.", "So with the reading notes; the textbook chapter not."),
        ("It is so. 001 and 004", "It is so. The beginner’s notes and the blog post"),
        ("000 has it", "The textbook chapter has it"),
        ("10 000 images, 1,003, 0.004 and 2001", "10 000 images, 1,003, 0.004 and 2001"),
    ],
)
def test_numbers_of_sources_are_spoken_as_names(book, text, said):
    assert ledger.spoken(text) == said
    root = book(record())
    _, page = ledger.page([entry(decided_by=f"{text}, kingma2015", note=text)], root)
    assert f"[{said}, {{cite:t}}`kingma2015`]{{.claim-how}}" in page
    assert f"[{said}]{{.claim-note}}" in page


def test_a_key_of_the_bibliography_becomes_a_link_and_nothing_else_does():
    said = "adam of kingma2015, see norm.li2019, 10000 and x2015"
    assert ledger.cited(said, frozenset({"kingma2015", "li2019"})) == (
        "adam of {cite:t}`kingma2015`, see norm.li2019, 10000 and x2015"
    )
    assert {"kingma2015", "ioffe2015"} <= ledger.references()
    shown = ledger.said_by(["ioffe2015 §4.2", "002 §小结"])
    assert shown == '{cite:t}`ioffe2015` §4.2; reading notes §<span lang="zh">小结</span>'
