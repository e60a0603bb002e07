"""Claims: what is shown and kept of one, what is refused, and the registry of the book."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from dlcourse import lesson
from dlcourse.lesson import claims, registry

ROOT = Path(__file__).parents[1]


GOOD = np.linspace(1, 2, 10)


# claim


ENTRIES = [
    ("one.run", "experiment", "supported"),
    ("one.exact", "identity", "holds"),
    ("one.wrong", "identity", "fails"),
    ("one.cite", "cited", "cited"),
    ("one.taste", "untestable", "not testable"),
]


def entry(name, kind, expected, **other):
    fields = {"statement": "One < two.", "sources": ["000 §1"], "lesson": "lessons/1/x", "note": ""}
    fields["decided_by"] = "Read in the text: p. 1 < 2." if kind == "cited" else "Both < runs."
    return {"id": name, "kind": kind, "expected": expected, **fields, **other}


def pointer(name, target, **other):
    row = entry(name, "same", "", same_as=target, **other)
    return {k: v for k, v in row.items() if k not in ("expected", "decided_by")}


@pytest.fixture
def book(tmp_path, monkeypatch):
    folder = tmp_path / "book"
    folder.mkdir()
    entries = [entry(*row) for row in ENTRIES]
    entries.append(entry("one.noted", "identity", "holds", note="Only here."))
    entries.append(entry("one.few", "experiment", "supported", few="There are four."))
    entries.append(pointer("one.again", "one.run"))
    (folder / "claims").mkdir()
    (folder / "claims" / "one.yml").write_text(yaml.safe_dump(entries))
    (folder / "references.bib").write_text("@article{polyak1964,\n}\n@book{qiu2020,\n}\n")
    (tmp_path / "lessons" / "1").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "lessons" / "1")
    return folder


def test_a_run_claim_reports_effect_interval_and_runs(book, capsys):
    lesson.claim(
        "one.run", a=GOOD, b=2 * GOOD, better="smaller", margin=0.1, names=("with", "without")
    )
    head, statement, evidence, how = capsys.readouterr().out.splitlines()
    assert how == "  decided by: Both < runs."
    assert head == "claim one.run: supported"
    assert statement == "  “One < two.”"
    assert re.fullmatch(
        r"  with minus without: ≈−50% of mean \|without\|, 95% interval ≈−[\d.]+% to ≈−[\d.]+%, "
        r"10 paired runs; claimed: below −10%",
        evidence,
    )


def test_an_exact_claim(book):
    result = claims.evaluate("one.exact", check=np.float64(3e-16))
    assert result.record["verdict"] == "holds"
    assert result.evidence == "largest error ≈3e-16 ≤ 1e-10"
    assert claims.evaluate("one.exact", check=2e-10).record["verdict"] == "fails"
    assert claims.evaluate("one.exact", check=2e-10, tol=1e-9).record["verdict"] == "holds"
    assert claims.evaluate("one.wrong", check=np.bool_(False)).record["verdict"] == "fails"


def test_a_cited_claim(book):
    result = claims.evaluate("one.cite", cite="polyak1964, qiu2020")
    assert result.record["verdict"] == "cited"
    assert result.evidence == "rests on its source: polyak1964, qiu2020"


def test_text_and_record_say_all_there_is_to_say(book):
    text = claims.as_text(claims.evaluate("one.noted", check=3e-16, tol=1e-9))
    assert text.splitlines() == [
        "claim one.noted: holds",
        "  “One < two.”",
        "  largest error ≈3e-16 ≤ 1e-09",
        "  decided by: Both < runs.",
        "  note: Only here.",
    ]
    assert claims.evaluate("one.noted", check=3e-16, tol=1e-9).record["tol"] == 1e-9
    assert "Only here." in claims.as_html(claims.evaluate("one.noted", check=0.0))


def test_an_unexpected_verdict_says_so(book):
    result = claims.evaluate("one.exact", check=False)
    assert "UNEXPECTED, the book expects: holds" in claims.as_text(result)
    assert 'class="claim-unexpected"' in claims.as_html(result)
    assert "nexpected" not in claims.as_html(claims.evaluate("one.exact", check=True))


def test_the_badge_can_be_linked_and_holds_no_markup_of_its_own(book):
    html = claims.as_html(claims.evaluate("one.wrong", check=False))
    assert html.startswith('<div class="claim claim-fails" id="claim-one.wrong">')
    assert "One &lt; two." in html
    assert '<details class="claim-how"><summary>What decides it</summary><p>Both &lt; runs.' in html
    assert 'href="../../book/claims.html#one.wrong"' in html


def test_the_record_travels_in_the_metadata(book, monkeypatch):
    published = []
    monkeypatch.setattr(claims, "publish", lambda data, metadata: published.append(metadata))
    lesson.claim("one.run", a=GOOD, b=2 * GOOD, better="smaller", margin=0.1)
    record = published[0]["dlcourse"]
    assert record.keys() >= {"claim", "verdict", "expected", "kind", "effect", "interval", "runs"}
    assert (record["claim"], record["runs"], record["effect"]) == ("one.run", 10, -0.5)


@pytest.mark.parametrize(
    ("name", "evidence", "error", "message"),
    [
        ("one.rum", {"check": 0.0}, KeyError, "id must be a claim of .* Nearest: one.run"),
        ("one.run", {"check": 0.0}, TypeError, "exactly a=, b=, better=, margin=; .*'experiment'"),
        ("one.run", {"a": GOOD, "b": GOOD, "better": "equal"}, TypeError, "exactly a=, b="),
        ("one.exact", {}, TypeError, "the evidence must be exactly check="),
        ("one.exact", {"check": -1.0}, ValueError, "check must be a finite error >= 0"),
        ("one.exact", {"check": float("nan")}, ValueError, "check must be a finite error >= 0"),
        ("one.exact", {"check": GOOD}, TypeError, "check must be a bool or the largest error"),
        ("one.cite", {"cite": "polyak1946"}, KeyError, "cite must be .* Nearest: polyak1964"),
        ("one.taste", {"check": True}, TypeError, "exactly nothing; .*'untestable'"),
        ("one.again", {}, ValueError, "the entry that decides, 'one.run'"),
    ],
)
def test_claims_refuse_wrong_evidence(book, name, evidence, error, message):
    with pytest.raises(error, match=message):
        lesson.claim(name, **evidence)


def away(monkeypatch, folder):
    """As if the package were installed there, without a clone above it or the notebook."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(registry, "PACKAGE", folder)
    for module in (registry, claims):
        monkeypatch.setattr(module, "CARRIED", folder / "book")


def test_without_a_registry_nothing_is_said_about_a_claim(tmp_path, monkeypatch, capsys):
    away(monkeypatch, tmp_path)
    lesson.claim("one.run", check=0.0)
    said = capsys.readouterr().out
    assert said.startswith("claim one.run: not checked here\n")
    assert "book/claims must be part of this installation" in said
    with pytest.raises(FileNotFoundError, match="Install a wheel built by `make dist`"):
        registry.book_root()


def test_a_claim_that_the_wheel_does_not_know_is_not_checked(book, tmp_path, monkeypatch, capsys):
    shutil.copytree(book, tmp_path / "installed" / "book")
    away(monkeypatch, tmp_path / "installed")
    lesson.claim("one.newer", check=0.0)
    assert "this notebook is newer than the installed dlcourse" in capsys.readouterr().out
    lesson.claim("one.exact", check=0.0)
    assert capsys.readouterr().out.startswith("claim one.exact: holds")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "guess"}, "kind must be one of"),
        ({"expected": "true"}, "expected must be one of"),
        ({"expected": "holds"}, r"expected must be one of \['supported', 'not supported'"),
        ({"kind": "identity"}, r"expected must be one of \['holds', 'fails'\]"),
        ({"kind": "untestable"}, r"expected must be one of \['not testable'\]"),
        ({"kind": "cited", "expected": "cited"}, "decided_by must be begun with one of"),
        ({"decided_by": " "}, "decided_by must be text"),
        ({"decided_by": None}, "decided_by must be text"),
        ({"few": ""}, "few must be text"),
        ({"kind": "identity", "expected": "holds", "few": "x"}, "have exactly"),
        ({"kind": "same"}, "of kind 'same' and have exactly"),
        ({"sources": []}, "sources must be a list of at least one"),
        ({"note": None}, "note must be text"),
        ({"extra": 1}, "of kind 'experiment' and have exactly"),
        ({"id": "one.run"}, "id must be unique"),
    ],
)
def test_a_broken_registry_is_found(tmp_path, change, message):
    path = tmp_path / "one.yml"
    one, two = (entry(name, "experiment", "supported") for name in ("one.run", "two"))
    path.write_text(yaml.safe_dump([one, {**two, **change}]))
    with pytest.raises((ValueError, TypeError), match=message):
        registry.load_claims(tmp_path)


@pytest.mark.parametrize("missing", ["decided_by", "expected", "sources", "note"])
def test_an_entry_that_leaves_out_what_it_must_say_is_found(tmp_path, missing):
    row = entry("one.run", "experiment", "supported")
    del row[missing]
    (tmp_path / "one.yml").write_text(yaml.safe_dump([row]))
    with pytest.raises(ValueError, match=missing):
        registry.load_claims(tmp_path)


@pytest.mark.parametrize("target", ["one.gone", "one.other"])
def test_an_entry_that_points_to_none_that_decides_is_found(tmp_path, target):
    rows = [entry("one.run", "experiment", "supported")]
    rows += [pointer("one.again", target), pointer("one.other", "one.run")]
    (tmp_path / "one.yml").write_text(yaml.safe_dump(rows))
    with pytest.raises(ValueError, match="same_as must be an entry that decides"):
        registry.load_claims(tmp_path)


def test_the_registry_of_the_book():
    known = registry.load_claims(ROOT / "book" / "claims")
    papers = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    assert len(known) >= 42
    for name, row in known.items():
        assert re.fullmatch(r"[a-z]+(\.[a-z0-9_]+)+", name, re.I), name
        assert row["statement"].endswith("."), name
        for source in row["sources"]:
            key = source.split()[0]
            assert re.fullmatch(r"00[0-4]|book", key) or f"{{{key}," in papers, (name, source)
        wrong = row["expected"] in ("not supported", "fails") and row["kind"] != "same"
        assert row["note"] or not wrong, f"{name}: what is right?"
