"""Exercise ``tpe``: where good trials are dense and bad ones are not."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return f"candidate {path[0]}" if path else ""


EXERCISE = Exercise(
    id="tpe",
    title="Parzen windows that compare",
    chapter="6-hpo",
    position=7,
    entry="tpe_score",
    parameters=("good", "bad", "candidates", "bandwidth"),
    conventions=(
        "good (n,), bad (m,) and candidates (c,) lie in [0, 1], one hyper-parameter, rescaled",
        "the density of n seen values is the mean of n + 1 densities on [0, 1]: a normal window "
        "around each, and one uniform, which is 1 everywhere",
        "a window has its seen value as center and bandwidth as standard deviation; it is cut off "
        "at 0 and 1, and divided by the share of the normal distribution that is left",
        "returns log l − log g at each candidate, (c,), with l the density of good, g that of bad; "
        "either may be empty",
    ),
    hints=(
        "Write one function for the density and call it twice. To what does each of its n + 1 "
        "parts integrate over [0, 1]?",
        "The share left of a window around c is Φ((1 − c)/b) − Φ(−c/b), and Φ(x) is "
        "(1 + erf(x/√2))/2. Add the windows to an array of ones, divide by n + 1, take logarithms.",
        "By hand, good = (0,), bad empty, bandwidth 0.5, candidates (0, 1): the normal density is "
        "0.797885 and 0.107982, the share left is Φ(2) − Φ(0) = 0.47725, so the window is 1.67184 "
        "and 0.226259. l = (1.33592, 0.613129), log l = (0.28962, -0.489179), log g = 0.",
    ),
    result="One array comes back, a number for each candidate.",
    places=_place,
)


@EXERCISE.solution
def tpe_score(good, bad, candidates, bandwidth):
    from math import erf

    def log_density(seen):
        total = np.ones(len(candidates))
        for center in seen:
            z = (candidates - center) / bandwidth
            above, below = (1 - center) / bandwidth, center / bandwidth
            left = (erf(above / 2**0.5) + erf(below / 2**0.5)) / 2
            total += np.exp(-(z**2) / 2) / ((2 * np.pi) ** 0.5 * bandwidth * left)
        return np.log(total / (len(seen) + 1))

    return log_density(good) - log_density(bad)


def _case(rng, n, m, c, bandwidth=None):
    """Good values around a center, bad ones everywhere."""
    bandwidth = round(float(rng.uniform(0.1, 0.2)), 3) if bandwidth is None else bandwidth
    center = rng.uniform(0.15, 0.35)
    good = np.round(np.clip(center + rng.normal(0, 0.1, n), 0.01, 0.6), 3)
    bad = np.round(rng.uniform(0.3, 1, m), 3)
    return Case((good, bad, np.round((np.arange(c) + rng.uniform(0, 1, c)) / c, 3), bandwidth))


@EXERCISE.probe("few good, many bad", group="core")
def few_good(rng):
    return _case(rng, 4, 11, 8)


@EXERCISE.probe("more good than bad", group="core")
def more_good(rng):
    return _case(rng, 6, 3, 5)


@EXERCISE.probe("narrow windows", group="core")
def narrow(rng):
    return _case(rng, 3, 5, 9, round(float(rng.uniform(0.02, 0.03)), 3))


@EXERCISE.probe("nothing bad yet", group="edge")
def nothing_bad(rng):
    return _case(rng, 3, 0, 6)


@EXERCISE.probe("at the edges", group="edge")
def at_the_edges(rng):
    shift = round(float(rng.uniform(0.0, 0.03)), 3)
    return Case(
        (np.array([0.0, shift]), np.array([1.0, 0.5]), np.array([0.0, 0.02, 0.9, 1.0]), 0.3)
    )


@EXERCISE.probe("one of each", group="edge")
def one_of_each(rng):
    return _case(rng, 1, 1, 4)


def _windows(seen, candidates, bandwidth, cut=True):
    """The windows, (n, c)."""
    from math import erf

    centers = np.asarray(seen, dtype=float).reshape(-1, 1)
    z = (candidates - centers) / bandwidth
    heights = np.exp(-z * z / 2) / (np.sqrt(2 * np.pi) * bandwidth)
    scale = bandwidth * 2**0.5
    left = [[(erf((1 - c) / scale) + erf(c / scale)) / 2] for c in centers[:, 0]]
    return heights / np.reshape(left, (-1, 1)) if cut else heights


def _score(good, bad, candidates, bandwidth, density):
    """log l − log g with another idea of a density, given the windows of what was seen."""
    l_windows, g_windows = (_windows(seen, candidates, bandwidth) for seen in (good, bad))
    with np.errstate(all="ignore"):
        return np.log(density(l_windows)) - np.log(density(g_windows))


@EXERCISE.mistake(
    "inverse",
    kind="sign",
    says="scores g/l",
    hint="The score is highest where the bad trials are: it is log g − log l. What is wanted is "
    "dense among the good and rare among the bad.",
)
def inverse(good, bad, candidates, bandwidth):
    return -tpe_score(good, bad, candidates, bandwidth)


@EXERCISE.mistake(
    "ratio",
    kind="convention",
    says="gives the ratio, not its logarithm",
    hint="This is l/g itself. The best candidate is the same; asked for is the logarithm, which "
    "can be added up over several hyper-parameters.",
)
def ratio(good, bad, candidates, bandwidth):
    return np.exp(tpe_score(good, bad, candidates, bandwidth))


@EXERCISE.mistake(
    "difference",
    kind="logic",
    says="subtracts the densities",
    hint="The densities themselves were subtracted. Expected improvement grows with the ratio "
    "l/g: take the logarithms first.",
)
def difference(good, bad, candidates, bandwidth):
    def density(seen):
        windows = _windows(seen, candidates, bandwidth)
        return (1 + windows.sum(axis=0)) / (len(windows) + 1)

    return density(good) - density(bad)


@EXERCISE.mistake(
    "no_prior",
    kind="logic",
    says="leaves the uniform part out of the sum",
    hint="Far from all windows the score runs away: the uniform part was counted in n + 1 and not "
    "added. It keeps the densities above 0.",
)
def no_prior(good, bad, candidates, bandwidth):
    def density(windows):
        return (1e-12 + windows.sum(axis=0)) / (len(windows) + 1)

    return _score(good, bad, candidates, bandwidth, density)


@EXERCISE.mistake(
    "sums",
    kind="factor",
    says="does not divide by the number of parts",
    hint="The larger group wins everywhere: the windows were added up. A density integrates to 1, "
    "so divide by n + 1, the number of parts.",
)
def sums(good, bad, candidates, bandwidth):
    return _score(good, bad, candidates, bandwidth, lambda windows: 1 + windows.sum(axis=0))


@EXERCISE.mistake(
    "by_n",
    kind="off-by-one",
    says="divides by n instead of n + 1",
    hint="The densities integrate to more than 1: the uniform part was added and not counted. "
    "There are n + 1 parts.",
)
def by_n(good, bad, candidates, bandwidth):
    def density(windows):
        return (1 + windows.sum(axis=0)) / max(len(windows), 1)

    return _score(good, bad, candidates, bandwidth, density)


@EXERCISE.mistake(
    "half_prior",
    kind="factor",
    says="gives the uniform part half of the weight",
    hint="The uniform part weighs as much as all windows together. It is one part of n + 1, so "
    "that it matters less the more has been seen.",
)
def half_prior(good, bad, candidates, bandwidth):
    def density(windows):
        return (1 + windows.mean(axis=0)) / 2 if len(windows) else np.ones(windows.shape[1])

    return _score(good, bad, candidates, bandwidth, density)


@EXERCISE.mistake(
    "uncut",
    kind="edge-case",
    says="does not cut the windows off",
    hint="Windows near 0 or 1 are too low: part of them lies outside, where nothing can be. Divide "
    "each by the share that is left inside.",
)
def uncut(good, bad, candidates, bandwidth):
    def log_density(seen):
        windows = _windows(seen, candidates, bandwidth, cut=False)
        return np.log((1 + windows.sum(axis=0)) / (len(windows) + 1))

    return log_density(good) - log_density(bad)


@EXERCISE.mistake(
    "variance",
    kind="convention",
    says="takes bandwidth for a variance",
    hint="The windows are too wide: bandwidth was taken for a variance. It is the standard "
    "deviation of each window.",
)
def of_variance(good, bad, candidates, bandwidth):
    return tpe_score(good, bad, candidates, bandwidth**0.5)


@EXERCISE.mistake(
    "unscaled",
    kind="factor",
    says="does not divide the windows by bandwidth",
    hint="The windows are equally high whatever their width: the factor 1/bandwidth of the normal "
    "density is missing.",
)
def unscaled(good, bad, candidates, bandwidth):
    def density(windows):
        return (1 + bandwidth * windows.sum(axis=0)) / (len(windows) + 1)

    return _score(good, bad, candidates, bandwidth, density)


@EXERCISE.variant("all windows at once")
def at_once(good, bad, candidates, bandwidth):
    def density(windows):
        return np.vstack([windows, np.ones(len(candidates))]).mean(axis=0)

    return _score(good, bad, candidates, bandwidth, density)


@EXERCISE.variant("candidate by candidate, in Python numbers")
def by_loop(good, bad, candidates, bandwidth):
    from statistics import NormalDist

    def density(seen, x):
        total = 1.0
        for center in seen.tolist():
            window = NormalDist(center, bandwidth)
            total += window.pdf(x) / (window.cdf(1) - window.cdf(0))
        return total / (len(seen) + 1)

    return [float(np.log(density(good, x) / density(bad, x))) for x in candidates.tolist()]


@EXERCISE.variant("float32")
def single_precision(good, bad, candidates, bandwidth):
    arrays = (each.astype(np.float32) for each in (good, bad, candidates))
    return tpe_score(*arrays, np.float32(bandwidth)).astype(np.float32)
