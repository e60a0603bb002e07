"""Runs that share a data set or a start: what an interval owes to them, and what is refused."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from dlcourse.lesson import bootstrap
from dlcourse.lesson.bootstrap import bootstrap_interval, compare, student_interval

EACH, TRUTH = 5, 0.2
COUNT = {4: 2000, 10: 400, 20: 400}  # simulations; Student's interval costs little


@pytest.fixture(scope="module", autouse=True)
def _fewer_resamples():
    """A tenth of the resamples: thousands of intervals are computed here, each a little coarser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 1000)
        yield


@functools.cache
def experiments(clusters):
    """Pairs (a, b) and labels: what a cluster does to all of its runs is as large as chance."""
    rng, count = np.random.default_rng(clusters), COUNT[clusters]
    labels = rng.permuted(np.repeat([np.arange(clusters)], EACH, axis=0).ravel())
    b = 1 + 0.05 * rng.standard_normal((count, len(labels)))
    shared = 0.3 * rng.standard_normal((count, clusters))[:, labels]
    return b + TRUTH + shared + 0.3 * rng.standard_normal(b.shape), b, labels.tolist()


def coverage(clusters, interval):
    a, b, labels = experiments(clusters)
    ends = np.array([interval(*pair, labels) for pair in zip(a, b, strict=True)])
    return np.mean((ends[:, 0] <= TRUTH) & (ends[:, 1] >= TRUTH))


def right(a, b, labels):
    return compare(a, b, "larger", 0.0, clusters=labels, few=True).interval


def covers(clusters, interval):
    """Raise unless it is 95% of the intervals, to three standard errors of the simulations."""
    share, allowed = coverage(clusters, interval), 3 * (0.95 * 0.05 / COUNT[clusters]) ** 0.5
    assert abs(share - 0.95) <= allowed, f"covers {share:.3f}"


@pytest.mark.parametrize("clusters", [4, 10, 20])
def test_clusters_are_covered(clusters):
    """Four too, where the clusters' means are normal: Student's interval is as wide as it takes."""
    covers(clusters, right)


def ignored(a, b, labels):
    return compare(a, b, "larger", 0.0).interval


def of_few(a, b, labels):
    """The resampling of ten, where there are four."""
    d = (a - b) / np.abs(b).mean()
    return bootstrap_interval([d[np.equal(labels, c)].mean() for c in set(labels)])


def relabelled(a, b, labels):
    return right(a, b, [i % (len(a) // EACH) for i in range(len(a))])


@pytest.mark.parametrize("clusters", [4, 10, 20])
@pytest.mark.parametrize("wrong", [ignored, relabelled])
def test_clusters_ignored_are_found(wrong, clusters):
    with pytest.raises(AssertionError, match=r"covers 0\.[4-8]"):
        covers(clusters, wrong)


def test_a_bootstrap_of_four_is_found():
    with pytest.raises(AssertionError, match=r"covers 0\.8"):
        covers(4, of_few)


def test_every_cluster_counts_the_same():
    """Effects 0.3 (three runs), 0.5 and 0.4 on b of sizes 1 (three runs), 2 and 3."""
    b = np.array([1.0, 2.0, 1.0, 3.0, 1.0])
    a = b + np.array([0.2, 0.5, 0.3, 0.4, 0.4])
    result = compare(a, b, "larger", 0.0, clusters=list("xyxzx"), few=True)
    assert result.effect == pytest.approx(0.4 / 2)
    assert (result.runs, result.independent) == (5, 3)
    assert result.interval == pytest.approx(student_interval(np.array([0.3, 0.5, 0.4]) / 2))


def test_what_the_labels_are_called_changes_nothing():
    (a, *_), (b, *_), labels = experiments(10)
    for names in (np.array(labels), [f"set {i}" for i in labels], [(i, 0) for i in labels]):
        assert compare(a, b, "larger", 0.1, names) == compare(a, b, "larger", 0.1, labels)


def test_a_cluster_of_one_run_is_a_run():
    a, b = (side[0, :12] for side in experiments(10)[:2])
    alone = compare(a, b, "larger", 0.1, clusters=range(12))
    assert alone == compare(a, b, "larger", 0.1)
    assert (alone.runs, alone.independent) == (12, 12)
    few, many = (compare(a, b, "larger", 0.1, few=few) for few in (True, False))
    assert few == many


def test_results_without_clusters_are_those_of_the_differences():
    """To the last bit, as the lessons have stored them."""
    b = np.linspace(1, 2, 12)
    a = b + np.arange(12) * 7 % 12 / 60 - 0.1
    differences = (a - b) / np.abs(b).mean()
    result = compare(a, b, "smaller", 0.1)
    assert result.interval == bootstrap_interval(differences)
    assert result.effect == differences.mean()


def test_students_interval():
    stats = pytest.importorskip("scipy.stats")
    for n in (3, 4, 9):
        sample = np.random.default_rng(n).exponential(size=n)
        t = stats.t.interval(0.95, n - 1, sample.mean(), stats.sem(sample))
        assert student_interval(sample) == pytest.approx(t)
    assert student_interval([0.25] * 4) == (0.25, 0.25)


GOOD = np.linspace(1, 2, 20)
PAIRS = np.arange(20) // 2
REFUSED = {
    "nine clusters": ({"clusters": np.arange(20) % 9}, "clusters must be at least 10 different"),
    "two clusters": ({"clusters": np.arange(20) % 2, "few": True}, "at least 3 different labels"),
    "labels too few": ({"clusters": PAIRS[:-1]}, "clusters must be one label a run: 20; got 19"),
    "a nan": ({"clusters": [float("nan")] * 20}, r"clusters\[0\] must be a label"),
    "lists": ({"clusters": [[i] for i in PAIRS]}, r"clusters\[0\] must be a label"),
    "a name": ({"clusters": "abcdefghijklmnopqrst"}, "clusters must be a list of labels"),
    "a set": ({"clusters": set(range(20))}, "clusters must be a list of labels"),
}


@pytest.mark.parametrize(("given", "message"), REFUSED.values(), ids=REFUSED)
def test_clusters_that_are_none_are_refused(given, message):
    compare(GOOD, GOOD[::-1], "smaller", 0.1, clusters=PAIRS)
    with pytest.raises((ValueError, TypeError), match=message):
        compare(GOOD, GOOD[::-1], "smaller", 0.1, **given)


def test_few_is_at_least_three():
    compare(GOOD[:3], GOOD[3:6], "smaller", 0.1, few=True)
    with pytest.raises(ValueError, match="a must be at least 3 runs; got 2"):
        compare(GOOD[:2], GOOD[2:4], "smaller", 0.1, few=True)
