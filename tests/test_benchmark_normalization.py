"""The alarms of ``benchmarks.normalization``: missed aims and wrong results turn its exit code."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import normalization, timing
from dlcourse.scratch.normalization import BatchNorm, batch


@pytest.fixture
def small(monkeypatch):
    """One small contest with an aim of 1; ``small(x)`` makes ours x times as dear as theirs."""
    first, *_ = normalization.CONTESTS
    contest = normalization.Contest("small", (4, 32, 3, 3), first.ours, first.theirs, 1.0)
    monkeypatch.setattr(normalization, "CONTESTS", (contest,))

    def costs(ours: float) -> None:
        times = {"ours": ours, "theirs": 1.0}
        monkeypatch.setattr(
            timing, "measure", lambda jobs: {name: [times[name]] * 3 for name in jobs}
        )

    return costs


def test_an_aim_that_is_met(small, capsys):
    small(0.99)
    assert normalization.main() == 0
    printed = capsys.readouterr().out
    assert "ok" in printed and "MISSED" not in printed and "apart by" in printed


def test_a_missed_aim_is_an_exit_code(small, capsys):
    small(1.01)
    assert normalization.main() == 1
    assert "MISSED" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", ["momentum", "backward"])
def test_a_wrong_layer_is_an_exit_code(small, wrong, monkeypatch, capsys):
    small(0.5)
    if wrong == "momentum":
        monkeypatch.setattr(batch, "unbiased", lambda var, count: var)
    else:
        right = batch.batch_norm_backward
        monkeypatch.setattr(
            batch,
            "batch_norm_backward",
            lambda dy, cache: (right(dy, cache)[0], *right(dy, cache)[:0:-1]),
        )
    assert normalization.main() == 1
    assert "no valid comparison" in capsys.readouterr().out


@pytest.mark.parametrize("contest", normalization.CONTESTS, ids=lambda contest: contest.name)
def test_the_sides_are_the_same_layer(contest):
    less = normalization.Contest(
        contest.name, (8, *contest.shape[1:]), contest.ours, contest.theirs, contest.at_most
    )
    assert normalization.difference(less) < 1e-10
    given = normalization.drawn(less, np.float32)
    assert {a.dtype for a in given} == {np.dtype(np.float32)}
    assert not any((a == a.flat[0]).all() for a in given), "what is alike tests nothing"
    assert {a.dtype for a in normalization.ours(less, np.float32)()} <= {
        np.dtype("f4"),
        np.dtype("i8"),
    }


def test_the_running_values_are_timed_too():
    contest = normalization.CONTESTS[0]
    assert isinstance(contest.ours(np.float32), BatchNorm)
    less = normalization.Contest("", (8, 32, 2, 2), contest.ours, contest.theirs, 1.0)
    *_, count = normalization.ours(less, np.float64)()
    assert count == 1
