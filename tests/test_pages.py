"""The generated pages: complete, and a name or a verdict that is no longer so stops the build."""

import csv
import io
import re

import nbformat
import pytest

from dlcourse.lesson.registry import load_claims
from dlcourse.scratch.optimizers import Optimizer
from tools import errata, ledger, markup, pages
from tools.registries import ROOT, read

ROW = {
    "name": "SGD",
    "formula": "\\theta \\leftarrow \\theta - \\eta g",
    "scratch": "dlcourse.scratch.optimizers.SGD",
    "twin": "dlcourse.reference.optimizers.SGD",
}


def registry(**changes):
    return [{"area": "Optimizers", "rows": [{**ROW, **changes}]}]


def notebook(path, cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)


def record(**changes):
    return {
        "claim": "opt.x",
        "verdict": "supported",
        "expected": "supported",
        "kind": "experiment",
        "effect": -0.314,
        "interval": [-0.4, -0.2],
        "runs": 10,
        "independent": 10,
        **changes,
    }


def entry(**changes):
    return {
        "id": "opt.x",
        "statement": "It is <faster>.",
        "sources": ["004 §5"],
        "kind": "experiment",
        "expected": "supported",
        "decided_by": "Ten pairs.",
        "lesson": "lessons/2-optimizers/x",
        "note": "",
        **changes,
    }


@pytest.fixture
def book(tmp_path):
    """Writes a folder with one lesson that holds the given claim records."""

    def write(*records):
        outputs = [
            nbformat.v4.new_output(
                "display_data", {"text/plain": "claim"}, metadata={"dlcourse": r}
            )
            for r in records
        ]
        title = nbformat.v4.new_markdown_cell("# The lesson")
        code = nbformat.v4.new_code_cell("claim(…)", outputs=outputs)
        notebook(tmp_path / "lessons" / "2-optimizers" / "x.ipynb", [title, code])
        markup.load.cache_clear()
        return tmp_path

    yield write
    markup.load.cache_clear()


def test_a_row_of_the_index_links_to_both_rooms():
    text = pages.algorithms(registry(paper="polyak1964"))
    assert "[`SGD`](#code-scratch-optimizers-sgd)" in text
    assert "[`SGD`](#code-reference-optimizers-sgd)" in text
    assert "{cite:t}`polyak1964`" in text
    for name in ("scratch", "reference"):
        assert f"(code-{name}-optimizers-sgd)=" in pages.code(registry())


def test_every_public_algorithm_is_in_the_index():
    from dlcourse.scratch import layers, losses, optimizers

    listed = {
        row[key]
        for area in read("algorithms")
        for row in area["rows"]
        for key in ("scratch", "backward")
        if key in row
    }
    missing = missing_from(listed, optimizers, layers, losses)
    assert missing == []


def missing_from(listed, *modules):
    """Optimizers, and pure pairs, of the modules that no row names."""
    found = []
    for module in modules:
        for name in getattr(module, "__all__", None) or dir(module):
            thing = getattr(module, name)
            is_optimizer = isinstance(thing, type) and issubclass(thing, Optimizer)
            is_pair = name.endswith("_backward") and not name.startswith("flatten")
            full = f"{module.__name__}.{name}"
            if (is_optimizer or is_pair) and full not in listed and thing is not Optimizer:
                found.append(full)
    return found


def test_an_algorithm_without_a_row_is_found():
    from dlcourse.scratch import optimizers

    forgotten = "dlcourse.scratch.optimizers.AdamW"
    listed = {f"dlcourse.scratch.optimizers.{name}" for name in optimizers.__all__} - {forgotten}
    assert missing_from(listed, optimizers) == [forgotten]


GROUND = {"Layers", "Losses"}  # what the algorithms stand on has no lesson of its own
FIELDS = ("formula", "scratch", "twin", "lesson", "exercise", "paper")


def gaps(registry, papers):
    """What the rows of the finished areas lack: a field, or a paper in the bibliography."""
    rows = [row for area in registry if area["area"] not in GROUND for row in area["rows"]]
    lacking = [f"{row['name']}: {key}" for row in rows for key in FIELDS if not row.get(key)]
    unknown = [row for row in rows if row.get("paper") and f"{{{row['paper']}," not in papers]
    return lacking + [f"{row['name']}: {row['paper']} is not in references.bib" for row in unknown]


def test_every_row_of_a_finished_area_is_complete():
    registry = read("algorithms")
    assert {area["area"] for area in registry} > GROUND
    assert gaps(registry, (ROOT / "book" / "references.bib").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("key", FIELDS)
def test_a_gap_in_a_finished_area_is_found(key):
    full = {"lesson": "lessons/2-optimizers/x", "exercise": "sgd", "paper": "polyak1964"}
    papers = "@article{polyak1964,"
    assert gaps(registry(**full), papers) == []
    assert gaps(registry(**{**full, key: ""}), papers) == [f"SGD: {key}"]
    without = registry(**full)
    del without[0]["rows"][0][key]
    assert gaps(without, papers) == [f"SGD: {key}"]
    assert gaps(registry(**{**full, "paper": "polyak"}), papers) == [
        "SGD: polyak is not in references.bib"
    ]


@pytest.mark.parametrize("key", ["scratch", "twin"])
@pytest.mark.parametrize("name", ["dlcourse.scratch.optimizers.Sgd", "dlcourse.nowhere.SGD"])
def test_a_dead_name_stops_the_build(key, name):
    with pytest.raises(markup.DeadNameError, match="which is not there"):
        pages.code(registry(**{key: name}))


def test_a_dead_lesson_or_exercise_stops_the_build(book):
    root = book()
    with pytest.raises(markup.DeadNameError, match="the lesson lessons/gone"):
        pages.algorithms(registry(lesson="lessons/gone"), root)
    cells = [nbformat.v4.new_code_cell('check("sgd", step)')]
    notebook(root / "exercises" / "2-optimizers" / "first.ipynb", cells)
    text = pages.algorithms(registry(exercise="sgd", lesson="lessons/2-optimizers/x"), root)
    assert "[sgd](/exercises/2-optimizers/first.ipynb)" in text
    assert "[The lesson](/lessons/2-optimizers/x.ipynb)" in text
    with pytest.raises(markup.DeadNameError, match="the exercise sg:"):
        pages.algorithms(registry(exercise="sg"), root)


def test_the_counts_of_the_exercises_are_summed_and_survivors_explained(book):
    root = book()
    cells = [nbformat.v4.new_code_cell(f'check("{id}", run)') for id in ("sgd", "nag", "clip")]
    notebook(root / "exercises" / "2-optimizers" / "first.ipynb", cells)
    row = {"rejected": [8, 8], "hinted": [7, 8], "accepted": [3, 3], "noticed": [26, 27]}
    counts = {"sgd": row, "nag": row, "clip": {**row, "noticed": [0, 0]}}
    stored = {"counts": counts, "equivalent": {"sgd": {"a becomes b": "they are the same"}}}
    text = pages.exercises(stored, root)
    assert "**all**\n  - 24 of 24\n  - 21 of 24\n  - 9 of 9\n  - 52 of 54\n" in text
    assert "[clip](/exercises/2-optimizers/first.ipynb)" in text and "0 of 0" not in text
    assert "* `sgd`, a becomes b: they are the same." in text
    with pytest.raises(markup.DeadNameError, match="the exercise adam"):
        pages.exercises({**stored, "counts": {"adam": row}}, root)


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
    assert '<a id="opt.taste"><code>' in tables


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
