"""Claims in a table, claims of runs that share something, winners at the edge of a grid."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse import lesson
from dlcourse.lesson import claims
from dlcourse.training.found import Found
from tests.test_claims import GOOD, book

__all__ = ["book"]


@pytest.fixture
def published(monkeypatch):
    """What lessons would show: pairs of data and metadata."""
    shown = []
    monkeypatch.setattr(claims, "publish", lambda data, metadata: shown.append((data, metadata)))
    return shown


def test_claims_inside_a_block_are_one_folded_table(book, published):
    with lesson.also_checked():
        lesson.claim("one.exact", check=True)
        lesson.claim("one.noted", check=False)
        assert not published
    lesson.claim("one.taste")
    (data, metadata), (_, alone) = published
    names = [record["claim"] for record in metadata["dlcourse"]["claims"]]
    assert names == ["one.exact", "one.noted"]
    assert alone["dlcourse"]["claim"] == "one.taste"
    assert data["text/plain"].count("decided by:") == 2
    page = data["text/html"]
    assert "<summary>Also checked here: 1 holds, 1 fails</summary>" in page
    assert page.count("<tr id=") == 2 and 'id="claim-one.noted"' in page
    assert "Unexpected: the book expects: holds." in page and "Only here." in page


def test_a_block_without_claims_is_refused(book):
    with pytest.raises(ValueError, match="at least one claim"), lesson.also_checked():
        pass


def test_after_an_error_in_a_block_claims_are_shown_again(book, published):
    with pytest.raises(KeyError, match="a claim of book/claims"), lesson.also_checked():
        lesson.claim("one.gone")
    lesson.claim("one.exact", check=True)
    assert len(published) == 1


def test_what_cannot_be_tested_is_not_run(book):
    result = claims.evaluate("one.taste")
    assert result.record["verdict"] == "not testable"
    assert "no run of ours" in claims.as_text(result)


def found(values, clusters=None, edge="", metric="test_loss"):
    """A row of what trials give."""
    seeds = [] if clusters is None else [(label, i) for i, label in enumerate(clusters)]
    return Found(values, metric=metric, chosen_by="val_loss", seeds=seeds, edge=edge)


FOUR = np.repeat([0, 1, 2, 3], 5)
NOISE = np.random.default_rng(0).normal(size=20) / 20
A, B = 1 + np.array([0.0, 0.3, 0.1, -0.2])[FOUR] + NOISE, np.full(20, 1.2)
SMALLER = {"better": "smaller", "margin": 0.01}


def test_runs_that_share_their_data_are_not_independent(book):
    alone = claims.evaluate("one.run", a=A, b=B, **SMALLER)
    assert alone.record["verdict"] == "supported"
    with pytest.raises(ValueError, match="at least 10 different labels"):
        claims.evaluate("one.run", a=A, b=B, clusters=FOUR, **SMALLER)
    shared = claims.evaluate("one.few", a=A, b=B, clusters=FOUR, **SMALLER)
    assert shared.record["verdict"] == "inconclusive"
    assert (shared.record["runs"], shared.record["independent"]) == (20, 4)
    assert "20 paired runs in 4 clusters" in shared.evidence
    assert "few runs: There are four." in claims.as_text(shared)


@pytest.mark.parametrize("given", [None, FOUR, FOUR.tolist()])
def test_clusters_that_the_results_bring_along_cannot_be_left_out(book, given):
    known = found(A, clusters=FOUR.tolist())
    with pytest.raises(ValueError, match="at least 10 different labels"):
        claims.evaluate("one.run", a=known, b=B, clusters=given, **SMALLER)


@pytest.mark.parametrize("given", [range(20), FOUR[::-1]])
def test_other_clusters_than_those_of_the_results_are_refused(book, given):
    known = found(A, clusters=FOUR.tolist())
    with pytest.raises(ValueError, match="clusters must be those of the trials"):
        claims.evaluate("one.few", a=known, b=B, clusters=list(given), **SMALLER)


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_winner_at_the_edge_of_its_grid_decides_nothing(book, side):
    sides = {"a": GOOD, "b": 2 * GOOD}
    assert claims.evaluate("one.run", **sides, **SMALLER).record["verdict"] == "supported"
    sides[side] = found(sides[side], edge="adam: lr = 0.3 is the largest tried")
    result = claims.evaluate("one.run", **sides, **SMALLER)
    assert result.record["verdict"] == "inconclusive"
    assert "at the edge of its grid: adam: lr = 0.3" in result.evidence
    assert "UNEXPECTED" in claims.as_text(result)


@pytest.mark.parametrize("side", ["a", "b"])
def test_what_was_chosen_by_is_not_reported(book, side):
    sides = {"a": GOOD, "b": 2 * GOOD}
    sides[side] = 1 - found(sides[side], metric="val_accuracy")
    with pytest.raises(ValueError, match="another set than the one it was chosen by"):
        claims.evaluate("one.run", **sides, **SMALLER)
