"""How sure ten runs let us be: a paired interval, and the verdict it allows.

Two methods are run on the same seeds, so run i gives one difference ``d_i = (a_i - b_i) /
mean|b|``: what the seed did to both cancels. The effect is the mean of ``d``, in units of the
size of ``b``.

The interval is a bootstrap-t interval: resample the runs, and look how far the mean of a resample
lies from the effect *in standard errors of that resample*. With ten runs a plain percentile
interval of 95% covers the truth only 90% of the time for normal data and 85% for skewed data;
this one keeps 94%. Where many differences are equal, so that resamples of one single value occur,
standard errors of zero spoil it; there the percentile interval takes over, widened by Student's t
as its levels ask (Hesterberg 2015).

Runs that share a data set or a start are no independent evidence: what it did to all of them is
in their mean too. They are a cluster, and counted as one.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse.checks import choice, fail

MIN_RUNS = 10
FEWEST = 3
RESAMPLES = 10_000
LEVEL = 0.95
SEED = 20_240_229  # one fixed resampling for every claim: re-execution prints the same interval


class Comparison(NamedTuple):
    """Effect of a against b, its interval, the verdict, and the runs behind them.

    ``independent`` is the number of clusters, or of runs where there are none.
    """

    effect: float
    interval: tuple[float, float]
    verdict: str
    runs: int
    independent: int


def compare(
    a: Any, b: Any, better: str, margin: float, clusters: Any = None, few: bool = False
) -> Comparison:
    """Effect, interval and verdict of ``a`` against ``b``, run by run.

    With ``clusters``, differences are averaged within each cluster; the effect is the mean of
    these averages, and they are what is resampled: every cluster counts the same, however many
    runs it has.

    Parameters
    ----------
    a, b : arrays (runs,), run i of both with the same seed, all finite.
    better : what is claimed of a: "smaller", "larger" or "equal".
    margin : number >= 0 in units of mean|b|; > 0 for "equal".
    clusters : one label a run; runs that share a data set or a start have the same. None: every
        run is independent of the others.
    few : whether less than ten independent runs or clusters may do, though never less than three.
        Their interval is Student's, which takes the differences for normal.

    Examples
    --------
    >>> b = np.ones(5)
    >>> a = b + [0.25, 0.25, 0.25, 0.75, 0.5]
    >>> compare(a, b, "larger", 0.0, clusters="x x x y z".split(), few=True).effect
    0.5
    """
    first, second = _runs("a", a), _runs("b", b)
    if first.shape != second.shape:
        fail("b", f"paired with a, run by run: shape {first.shape}", second)
    choice("better", better, ("smaller", "larger", "equal"))
    low = 0.0 if better != "equal" else np.nextafter(0, 1)
    if isinstance(margin, bool) or not isinstance(margin, int | float | np.number):
        fail("margin", "a number, stated before the run", margin, "0.05 means 5% of mean|b|.")
    if not (np.isfinite(margin) and margin >= low):
        fail("margin", "finite and > 0" if low else "finite and >= 0", margin)
    members = _members(clusters, len(first))
    _enough(members, clusters, few)
    size = cluster_means(np.abs(second), members).mean()
    if size == 0:
        fail("b", "an array that is not zero throughout", b, "The effect is relative to mean|b|.")
    differences = cluster_means(first - second, members) / size
    n = len(differences)
    interval = bootstrap_interval(differences) if n >= MIN_RUNS else student_interval(differences)
    verdict = decide(interval, better, float(margin))
    return Comparison(float(differences.mean()), interval, verdict, len(first), n)


def decide(interval: tuple[float, float], better: str, margin: float) -> str:
    """The verdict an interval allows: it speaks only where the whole interval says the same.

    "smaller" claims effect < -margin, "larger" effect > margin, "equal" -margin < effect < margin.
    *supported*: every value of the interval agrees. *not supported*: none does. *inconclusive*:
    some do.
    """
    low, high = interval
    if better == "larger":
        low, high = -high, -low  # the mirror image of "smaller"
    if better == "equal":
        inside = -margin < low and high < margin
        outside = high <= -margin or low >= margin
    else:
        inside, outside = high < -margin, low >= -margin
    return "supported" if inside else "not supported" if outside else "inconclusive"


def bootstrap_interval(sample: Any) -> tuple[float, float]:
    """The 95% interval of the mean of ``sample`` (n,), n >= 2; a point where all are equal."""
    values = np.asarray(sample, dtype=float)
    n, mean = len(values), values.mean()
    error = values.std(ddof=1)
    if error <= 1e-14 * np.abs(values).max():
        return float(mean), float(mean)
    picks = np.random.default_rng(SEED).integers(0, n, size=(RESAMPLES, n))
    resamples = values[picks]
    means, errors = resamples.mean(axis=1), resamples.std(axis=1, ddof=1)
    degenerate = errors <= 1e-9 * error
    tail = (1 - LEVEL) / 2
    if degenerate.mean() > 0.002:
        quantile = student_quantile(1 - tail, n - 1) * (n / (n - 1)) ** 0.5
        tail = statistics.NormalDist().cdf(-quantile)
        low, high = np.quantile(means, [tail, 1 - tail])
    else:
        t = (means - mean)[~degenerate] / errors[~degenerate]
        below, above = np.quantile(t, [tail, 1 - tail])
        low, high = mean - above * error, mean - below * error
    return float(low), float(high)


def student_interval(sample: Any) -> tuple[float, float]:
    """Student's 95% interval of the mean of ``sample`` (n,), n >= 2.

    Four values have only 35 different resamples, so that a bootstrap interval ends at the smallest
    and the largest of them and covers the truth 87% of the time.

    >>> student_interval([0.0, 1.0, 2.0])  # 1 - 4.303 / sqrt(3) and 1 + 4.303 / sqrt(3)
    (-1.48..., 3.48...)
    """
    values = np.asarray(sample, dtype=float)
    n, mean = len(values), values.mean()
    half = student_quantile((1 + LEVEL) / 2, n - 1) * values.std(ddof=1) / n**0.5
    return float(mean - half), float(mean + half)


def cluster_means(values: Any, members: Any) -> Any:
    """The mean of ``values`` (runs,) within each cluster; ``members`` holds the runs of each.

    >>> cluster_means(np.array([1.0, 2.0, 6.0]), [[0, 2], [1]])
    array([3.5, 2. ])
    """
    return np.array([values[runs].mean() for runs in members])


@functools.cache
def student_quantile(probability: float, dof: int) -> float:
    """Quantile of Student's t: t = sqrt(dof) tan(angle) has the density cos(angle)^(dof - 1)."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 20_001)
    density = np.cos(angle) ** (dof - 1)
    mass = np.concatenate([[0], np.cumsum(density[1:] + density[:-1])])
    return float(dof**0.5 * np.tan(np.interp(probability, mass / mass[-1], angle)))


def _members(clusters: Any, runs: int) -> list[list[int]]:
    """The runs of each cluster, in the order in which their labels first occur."""
    if clusters is None:
        return [[i] for i in range(runs)]
    if not isinstance(clusters, Sequence | np.ndarray) or isinstance(clusters, str):
        fail("clusters", "a list of labels, one a run", clusters, error=TypeError)
    if len(clusters) != runs:
        fail("clusters", f"one label a run: {runs}", len(clusters))
    members: dict[Any, list[int]] = {}
    for i, label in enumerate(clusters):
        if not isinstance(label, Hashable) or label != label:  # nan is no cluster, not even its own
            fail(f"clusters[{i}]", "a label: a number, a string or a tuple of them", label)
        members.setdefault(label, []).append(i)
    return [*members.values()]


def _enough(members: list[list[int]], clusters: Any, few: bool) -> None:
    """Refuse less independent evidence than carries a claim."""
    least, n = FEWEST if few else MIN_RUNS, len(members)
    if n >= least:
        return
    if clusters is None:
        fail("a", f"at least {least} runs", n, "Fewer cannot carry a claim.")
    fix = "Runs of one cluster are no independent evidence."
    fail("clusters", f"at least {least} different labels", n, fix)


def _runs(name: str, values: Any) -> Any:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iufb":
        fail(name, "an array of numbers (runs,), one a run", values)
    if not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array))[0])
        fix = "Say what a diverged run counts as before comparing."
        fail(name, f"finite in every run (run {bad} is not)", float(array[bad]), fix)
    return array.astype(float)
