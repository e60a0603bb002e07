"""The statistics of a claim: intervals that cover, false alarms as rare as promised, verdicts."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from dlcourse.lesson import bootstrap
from dlcourse.lesson.bootstrap import bootstrap_interval, compare, decide

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
        ((GOOD, GOOD[:-1], "smaller", 0.1), ValueError, r"b must be paired with a.* \(10,\)"),
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
