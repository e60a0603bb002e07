"""Exercise ``weight_norm_init``: lengths and biases from a first batch."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.normalization._batches import batch, named
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="weight_norm_init",
    title="A start from data",
    chapter="5-normalization",
    position=10,
    entry="start",
    parameters=("x", "v"),
    conventions=(
        "x is (N, D), a first batch; v is (K, D), the drawn directions of K units, of any length",
        "a unit computes t = x·v/‖v‖, later g·t + b; g and b are such that on this batch every "
        "unit has mean 0 and (biased) variance 1: g = 1/σ[t], b = −μ[t]/σ[t]",
        "returns (g, b), two arrays (K,)",
    ),
    hints=(
        "Run the batch through the units once, with g = 1 and b = 0, and look at each unit's "
        "numbers. What would you do to a feature that looked so?",
        "t = x @ v.T divided by the lengths of the rows of v; mean and deviation of each column of "
        "t. The weights of the layer are g·v/‖v‖, so g counts for unit vectors.",
        "By hand, with x = [[1, 0], [5, 0]] and v = [[2, 0]]: t = (1, 5), its mean is 3 and its "
        "deviation 2, so g = 0.5 and b = -1.5.",
    ),
    result="Two arrays come back, g and b, one number for each unit.",
    places=named("g", "b"),
)


@EXERCISE.solution
def start(x, v):
    t = x @ v.T / np.linalg.norm(v, axis=1)
    g = 1 / t.std(axis=0)
    return g, -t.mean(axis=0) * g


def _case(rng, n, d, k, scale=2.0):
    return Case((batch(rng, n, d), np.round(scale * rng.normal(size=(k, d)), 3)))


@EXERCISE.probe("a batch", group="core")
def a_batch(rng):
    return _case(rng, 6, 3, 4)


@EXERCISE.probe("as many samples as units", group="core")
def square(rng):
    return _case(rng, 4, 3, 4)


@EXERCISE.probe("short directions", group="edge")
def short(rng):
    return _case(rng, 5, 2, 3, scale=0.3)


@EXERCISE.probe("one unit", group="edge")
def one_unit(rng):
    return _case(rng, 5, 3, 1)


def _of(t, ddof=0):
    g = 1 / t.std(0, ddof=ddof)
    return g, -t.mean(0) * g


def _t(x, v):
    return x @ v.T / np.linalg.norm(v, axis=1)


@EXERCISE.mistake(
    "long",
    kind="logic",
    says="does not divide v by its length",
    hint="b is right and g is not: the units were measured with v as it is. The weight is "
    "g·v/‖v‖, so measure with directions of length 1.",
)
def long(x, v):
    return _of(x @ v.T)


@EXERCISE.mistake(
    "mean_only",
    kind="logic",
    says="b is minus the mean",
    hint="g is right; with this b the mean is not 0. The mean goes through g as well: b = −mean·g.",
)
def mean_only(x, v):
    return 1 / _t(x, v).std(0), -_t(x, v).mean(0)


@EXERCISE.mistake(
    "sign",
    kind="sign",
    says="b has the wrong sign",
    hint="g is right, b has the wrong sign: the mean is to vanish, not to be doubled.",
)
def sign(x, v):
    g, b = start(x, v)
    return g, -b


@EXERCISE.mistake(
    "variance",
    kind="logic",
    says="divides by the variance",
    hint="g is one over the variance. The numbers of a unit are to be divided by their deviation.",
)
def variance(x, v):
    t = _t(x, v)
    return 1 / t.var(0), -t.mean(0) / t.var(0)


@EXERCISE.mistake(
    "inverse",
    kind="logic",
    says="g is the deviation, not one over it",
    hint="The units came out wider the wider they were: g is to undo the deviation, 1/σ.",
)
def inverse(x, v):
    t = _t(x, v)
    return t.std(0), -t.mean(0) * t.std(0)


@EXERCISE.mistake(
    "all",
    kind="axis",
    says="one mean and deviation for all units",
    hint="One unit alone is right; of several, all got the same g: mean and deviation were taken "
    "of all units together. Each has its own, down the batch.",
)
def everything(x, v):
    t, ones = _t(x, v), np.ones(len(v))
    return ones / t.std(), -ones * t.mean() / t.std()


@EXERCISE.mistake(
    "global_length",
    kind="axis",
    says="divides v by the length of the whole matrix",
    hint="One unit alone is right; of several g is not, while b is: v was divided by one length "
    "for the whole matrix. Each row has its own.",
)
def global_length(x, v):
    return _of(x @ v.T / np.linalg.norm(v))


@EXERCISE.mistake(
    "unbiased",
    kind="convention",
    says="uses the unbiased deviation",
    hint="Both are a little too small: the deviation was divided by N − 1. Here it is divided by "
    "N.",
)
def unbiased(x, v):
    return _of(_t(x, v), ddof=1)


@EXERCISE.variant("by the mean and the covariance of the inputs")
def by_covariance(x, v):
    u = v / np.sqrt((v**2).sum(axis=1, keepdims=True))
    C = np.cov(x.T, ddof=0)
    g = np.einsum("ki,ij,kj->k", u, C, u) ** -0.5
    return g, -g * (u @ x.mean(axis=0))


@EXERCISE.variant("unit by unit, in Python numbers")
def by_loop(x, v):
    g, b = [], []
    for row in v.astype(float).tolist():
        length = sum(a * a for a in row) ** 0.5
        t = [sum(float(p) * q for p, q in zip(one, row, strict=True)) / length for one in x]
        mean = sum(t) / len(t)
        deviation = (sum((a - mean) ** 2 for a in t) / len(t)) ** 0.5
        g.append(1 / deviation)
        b.append(-mean / deviation)
    return [g, b]


@EXERCISE.variant("float32")
def single_precision(x, v):
    return start(x.astype(np.float32), v.astype(np.float32))
