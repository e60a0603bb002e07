"""claim: an interval that covers, a verdict that is rarely wrong, a registry that is whole."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from dlcourse import lesson
from dlcourse.lesson import bootstrap, claims, registry
from dlcourse.lesson.bootstrap import bootstrap_interval, compare, decide

ROOT = Path(__file__).parents[1]
ALT = "A line that rises to the right, ever faster."


# the statistics of a claim


def experiments(effect, spread=0.3, runs=10, count=1000, seed=0, skew=False):
    """Simulated paired runs: b near 1 with a large common part, a = b + effect + noise."""
    rng = np.random.default_rng(seed)
    draw = (lambda size: rng.exponential(size=size) - 1) if skew else rng.standard_normal
    common = 1 + 0.2 * rng.standard_normal((count, runs))
    return common + effect + spread * draw((count, runs)), common


@pytest.fixture(scope="module", autouse=True)
def _fewer_resamples():
    """A fifth of the resamples: thousands of intervals are computed here, each a little coarser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 2000)
        yield


@functools.cache
def intervals(effect, skew=False, runs=10):
    a, b = experiments(effect, skew=skew, runs=runs)
    differences = (a - b) / np.abs(b).mean(axis=1, keepdims=True)
    return np.array([bootstrap_interval(d) for d in differences])


def calibrated(interval, least=0.92, runs=10, count=1000):
    """Raise unless the interval of the mean of normal data covers the truth often enough."""
    draws = np.random.default_rng(1).standard_normal((count, runs))
    low, high = np.array([interval(d) for d in draws]).T
    coverage = np.mean((low <= 0) & (high >= 0))
    assert coverage >= least, f"covers {coverage:.3f}, needs {least}"


def test_the_interval_covers_the_truth():
    calibrated(bootstrap_interval)


@pytest.mark.parametrize("wrong", ["percentile", "half as wide", "of one run"])
def test_an_interval_too_narrow_is_found(wrong):
    picks = np.random.default_rng(0).integers(0, 10, (2000, 10))

    def narrow(d):
        if wrong == "percentile":
            return np.quantile(d[picks].mean(axis=1), [0.025, 0.975])
        low, high = bootstrap_interval(d)
        center, half = (low + high) / 2, (high - low) / 4
        return (center - half, center + half) if wrong == "half as wide" else (d[0], d[0])

    with pytest.raises(AssertionError, match="covers 0"):
        calibrated(narrow)


def alarms(choose, effect, better, margin, skew=False):
    """Share of 1000 experiments that a decision rule calls supported."""
    verdicts = [choose(tuple(pair), better, margin) for pair in intervals(effect, skew)]
    return np.mean([verdict == "supported" for verdict in verdicts])


# A one-sided error of at most 2.5%, plus three standard errors of 1000 simulations.
ALLOWED = 0.025 + 3 * (0.025 * 0.975 / 1000) ** 0.5


def honest(choose):
    """Raise if a rule cries *supported* too often where the claim is not true."""
    for better in ("smaller", "larger"):
        assert alarms(choose, 0.0, better, 0.0) <= ALLOWED
        assert alarms(choose, 0.0, better, 0.1) <= 0.025
    assert alarms(choose, -0.1, "smaller", 0.1) <= ALLOWED  # on the edge of the margin
    assert alarms(choose, 0.1, "larger", 0.1) <= ALLOWED
    assert alarms(choose, 0.3, "equal", 0.3) <= ALLOWED
    assert alarms(choose, -0.6, "smaller", 0.1) >= 0.9  # and it must not be mute
    assert alarms(choose, 0.0, "equal", 0.5) >= 0.9


def test_false_alarms_are_as_rare_as_promised():
    honest(decide)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda pair, better, margin: decide(pair, better, 0.0),  # ignores the margin
        lambda pair, better, margin: decide((-pair[1], -pair[0]), better, margin),  # a for b
        lambda pair, better, margin: decide((np.mean(pair),) * 2, better, margin),  # no interval
        lambda pair, better, margin: decide((-abs(pair[1]), pair[1]), "equal", margin),
        lambda pair, better, margin: "inconclusive",
    ],
    ids=["margin ignored", "a and b swapped", "interval ignored", "claim ignored", "mute"],
)
def test_a_wrong_decision_rule_is_found(wrong):
    with pytest.raises((AssertionError, ValueError)):
        honest(wrong)


def test_skewed_runs_raise_few_false_alarms():
    """Exponential noise, the shape of losses: no worse than 1 in 10 on its bad side."""
    assert alarms(decide, 0.0, "larger", 0.0, skew=True) <= ALLOWED
    assert alarms(decide, 0.0, "smaller", 0.0, skew=True) <= 0.10


@pytest.mark.parametrize(
    ("interval", "better", "margin", "verdict"),
    [
        ((-0.5, -0.2), "smaller", 0.1, "supported"),
        ((-0.5, -0.1), "smaller", 0.1, "inconclusive"),
        ((-0.5, 0.0), "smaller", 0.1, "inconclusive"),
        ((-0.1, 0.0), "smaller", 0.1, "not supported"),
        ((-0.05, 0.05), "smaller", 0.1, "not supported"),
        ((0.2, 0.5), "smaller", 0.1, "not supported"),
        ((0.2, 0.5), "larger", 0.1, "supported"),
        ((0.1, 0.5), "larger", 0.1, "inconclusive"),
        ((-0.5, 0.1), "larger", 0.1, "not supported"),
        ((-0.05, 0.05), "equal", 0.1, "supported"),
        ((-0.05, 0.1), "equal", 0.1, "inconclusive"),
        ((0.1, 0.5), "equal", 0.1, "not supported"),
        ((-0.5, -0.1), "equal", 0.1, "not supported"),
        ((-0.5, 0.5), "equal", 0.1, "inconclusive"),
    ],
)
def test_the_verdict_speaks_where_the_whole_interval_does(interval, better, margin, verdict):
    assert decide(interval, better, margin) == verdict


def test_pairing_is_what_makes_it_sharp():
    """The same runs, one side shuffled: the common part no longer cancels, the claim falls."""
    a, b = (side[0] for side in experiments(-0.2, spread=0.05, runs=12, seed=3))
    paired = compare(a, b, "smaller", 0.1)
    shuffled = compare(a, np.random.default_rng(1).permutation(b), "smaller", 0.1)
    swapped = compare(b, a, "smaller", 0.1)
    assert paired.verdict == "supported"
    assert shuffled.verdict == "inconclusive"
    assert swapped.verdict == "not supported"
    assert np.ptp(shuffled.interval) > 2 * np.ptp(paired.interval)


def test_the_effect_is_relative_to_the_size_of_b():
    b = np.linspace(-3, -1, 10)
    result = compare(1.5 * b, b, "smaller", 0.1)
    assert result.effect == pytest.approx(-0.5)
    assert compare(150 * b, 100 * b, "smaller", 0.1).interval == pytest.approx(result.interval)


def test_equal_differences_have_a_point_for_an_interval():
    assert bootstrap_interval(np.full(10, 0.25)) == (0.25, 0.25)


def test_many_ties_still_give_a_finite_interval():
    """Nine equal differences: resamples without the tenth have no standard error."""
    low, high = bootstrap_interval(np.array([0.0] * 8 + [1.0, 1.0]))
    assert 0 <= low < 0.2 < high < 1


def test_the_interval_of_ties_is_widened_for_few_runs(monkeypatch):
    """Levels of 0.85% a side at ten runs: Student's t and a factor of sqrt(10 / 9)."""
    monkeypatch.setattr(bootstrap, "RESAMPLES", 10_000)
    stats = pytest.importorskip("scipy.stats")
    sample = np.array([0.0] * 7 + [1.0] * 3)
    tail = stats.norm.cdf(-stats.t.ppf(0.975, 9) * (10 / 9) ** 0.5)
    expected = stats.binom.ppf([tail, 1 - tail], 10, 0.3) / 10
    assert bootstrap_interval(sample) == pytest.approx(expected)


def test_students_quantile():
    stats = pytest.importorskip("scipy.stats")
    for dof in (1, 9, 29):
        assert bootstrap.student_quantile(0.99, dof) == pytest.approx(stats.t.ppf(0.99, dof))


GOOD = np.linspace(1, 2, 10)
BAD = np.where(np.arange(10) == 3, np.nan, GOOD)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((GOOD[:9], GOOD[:9], "smaller", 0.1), ValueError, "a must be at least 10 runs; got 9"),
        ((GOOD, GOOD[:-1], "smaller", 0.1), ValueError, "b must be at least 10 runs; got 9"),
        ((GOOD, np.ones(11), "smaller", 0.1), ValueError, r"b must be paired with a.* \(10,\)"),
        ((BAD, GOOD, "smaller", 0.1), ValueError, r"a must be finite in every run \(run 3"),
        ((GOOD, BAD, "smaller", 0.1), ValueError, "b must be finite in every run"),
        ((GOOD[None], GOOD, "smaller", 0.1), ValueError, r"a must be an array of numbers \(runs"),
        ((["x"] * 10, GOOD, "smaller", 0.1), ValueError, "a must be an array of numbers"),
        ((GOOD, GOOD, "better", 0.1), ValueError, "better must be one of 'smaller'"),
        ((GOOD, GOOD, "smaller", -0.1), ValueError, "margin must be finite and >= 0; got -0.1"),
        ((GOOD, GOOD, "equal", 0.0), ValueError, "margin must be finite and > 0; got 0.0"),
        ((GOOD, GOOD, "smaller", np.nan), ValueError, "margin must be finite"),
        ((GOOD, GOOD, "smaller", "5%"), ValueError, "margin must be a number, stated before"),
        ((GOOD, 0 * GOOD, "smaller", 0.1), ValueError, "b must be an array that is not zero"),
    ],
)
def test_comparisons_refuse_what_cannot_be_compared(arguments, error, message):
    with pytest.raises(error, match=message):
        compare(*arguments)


# claim


ENTRIES = [
    ("one.run", "run", "supported"),
    ("one.exact", "exact", "supported"),
    ("one.wrong", "exact", "not supported"),
    ("one.cite", "cite", "cited"),
]


def entry(name, kind, expected, **other):
    fields = {"statement": "One < two.", "sources": ["000 §1"], "lesson": "lessons/1/x", "note": ""}
    return {"id": name, "kind": kind, "expected": expected, **fields, **other}


@pytest.fixture
def book(tmp_path, monkeypatch):
    folder = tmp_path / "book"
    folder.mkdir()
    entries = [entry(*row) for row in ENTRIES]
    entries.append(entry("one.noted", "exact", "supported", note="Only here."))
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
    head, statement, evidence = capsys.readouterr().out.splitlines()
    assert head == "claim one.run: supported"
    assert statement == "  “One < two.”"
    assert re.fullmatch(
        r"  with minus without: ≈−50% of mean \|without\|, 95% interval ≈−[\d.]+% to ≈−[\d.]+%, "
        r"10 paired runs; claimed: below −10%",
        evidence,
    )


def test_an_exact_claim(book):
    result = claims.evaluate("one.exact", check=np.float64(3e-16))
    assert result.record["verdict"] == "supported"
    assert result.evidence == "largest error ≈3e-16 ≤ 1e-10"
    assert claims.evaluate("one.exact", check=2e-10).record["verdict"] == "not supported"
    assert claims.evaluate("one.exact", check=2e-10, tol=1e-9).record["verdict"] == "supported"
    assert claims.evaluate("one.wrong", check=np.bool_(False)).record["verdict"] == "not supported"


def test_a_cited_claim(book):
    result = claims.evaluate("one.cite", cite="polyak1964, qiu2020")
    assert result.record["verdict"] == "cited"
    assert result.evidence == "rests on its source: polyak1964, qiu2020"


def test_text_and_record_say_all_there_is_to_say(book):
    text = claims.as_text(claims.evaluate("one.noted", check=3e-16, tol=1e-9))
    assert text.splitlines() == [
        "claim one.noted: supported",
        "  “One < two.”",
        "  largest error ≈3e-16 ≤ 1e-09",
        "  note: Only here.",
    ]
    assert claims.evaluate("one.noted", check=3e-16, tol=1e-9).record["tol"] == 1e-9
    assert "Only here." in claims.as_html(claims.evaluate("one.noted", check=0.0))


def test_an_unexpected_verdict_says_so(book):
    result = claims.evaluate("one.exact", check=False)
    assert "UNEXPECTED, the book expects: supported" in claims.as_text(result)
    assert 'class="claim-unexpected"' in claims.as_html(result)
    assert "nexpected" not in claims.as_html(claims.evaluate("one.exact", check=True))


def test_the_badge_can_be_linked_and_holds_no_markup_of_its_own(book):
    html = claims.as_html(claims.evaluate("one.wrong", check=False))
    assert html.startswith('<div class="claim claim-not-supported" id="claim-one.wrong">')
    assert "One &lt; two." in html


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
        ("one.run", {"check": 0.0}, TypeError, "exactly a=, b=, better= and margin=; .*'run'"),
        ("one.run", {"a": GOOD, "b": GOOD, "better": "equal"}, TypeError, "exactly a=, b="),
        ("one.exact", {}, TypeError, "the evidence must be exactly check="),
        ("one.exact", {"check": -1.0}, ValueError, "check must be a finite error >= 0"),
        ("one.exact", {"check": float("nan")}, ValueError, "check must be a finite error >= 0"),
        ("one.exact", {"check": GOOD}, TypeError, "check must be a bool or the largest error"),
        ("one.cite", {"cite": "polyak1946"}, KeyError, "cite must be .* Nearest: polyak1964"),
    ],
)
def test_claims_refuse_wrong_evidence(book, name, evidence, error, message):
    with pytest.raises(error, match=message):
        lesson.claim(name, **evidence)


def test_without_a_registry_there_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "a" / "b" / "c" / "registry.py"))
    with pytest.raises(FileNotFoundError, match=r"book/claims must be in a folder above"):
        lesson.claim("one.run", check=0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "guess"}, "kind must be one of"),
        ({"expected": "true"}, "expected must be one of"),
        ({"kind": "cite"}, r"expected must be one of \['cited'\]"),
        ({"sources": []}, "sources must be a list of at least one"),
        ({"note": None}, "note must be text"),
        ({"extra": 1}, "an entry must be a mapping with exactly"),
        ({"id": "one.run"}, "id must be unique"),
    ],
)
def test_a_broken_registry_is_found(tmp_path, change, message):
    path = tmp_path / "one.yml"
    rows = [entry("one.run", "run", "supported"), {**entry("two", "run", "supported"), **change}]
    path.write_text(yaml.safe_dump(rows))
    with pytest.raises((ValueError, TypeError), match=message):
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
        assert row["note"] or row["expected"] != "not supported", f"{name}: what is right?"
