"""Exercise ``layer_norm``: every vector by itself, whatever stands beside it."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.normalization._batches import affine, normalized, outside
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="layer_norm",
    title="Layer normalization",
    chapter="5-normalization",
    position=4,
    entry="ln",
    parameters=("x", "gamma", "beta", "eps"),
    conventions=(
        "x is (..., D): every vector along the last axis is normalized on its own, also in three "
        "dimensions",
        "y = gamma (x − mean)/√(var + eps) + beta, with the biased variance (divided by D)",
        "gamma and beta are (D,); returns y, a new array shaped as x",
    ),
    hints=(
        "One row alone must give the same as the same row among a hundred. Along which axis may "
        "you average, then?",
        "Mean and variance with axis=-1 and keepdims=True; gamma and beta go along the last axis "
        "by themselves.",
        "By hand, with x = [[1, 2, 6]], gamma = [1, 2, 1], beta = [0, 0, 3], eps = 0: the mean is "
        "3, the variance (4 + 1 + 9)/3 = 14/3, the deviation 2.16025, so y = (-0.92582, -0.92582, "
        "4.38873).",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def ln(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=-1, keepdims=True)
    var = x.var(axis=-1, keepdims=True)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def _case(rng, *shape, **settings):
    x = np.round(rng.normal(2, 3, shape) + rng.normal(0, 3, (*shape[:-1], 1)), 3)
    return Case((x, *affine(rng, shape[-1])), settings)


@EXERCISE.probe("short vectors", group="core")
def short_vectors(rng):
    return _case(rng, 5, 3)


@EXERCISE.probe("one row alone", group="core")
def one_row(rng):
    return _case(rng, 1, 6)


@EXERCISE.probe("sequences", group="edge")
def sequences(rng):
    return _case(rng, 2, 3, 4)


@EXERCISE.probe("a large eps", group="edge")
def large_eps(rng):
    return _case(rng, 4, 3, eps=round(float(rng.uniform(2, 4)), 2))


@EXERCISE.probe("small numbers", group="edge")
def small(rng):
    x, *others = _case(rng, 4, 3).args
    return Case((x / 1000, *others))


@EXERCISE.mistake(
    "batch",
    kind="axis",
    says="normalizes over the batch",
    hint="One row alone came out as beta: the average went down the batch. Layer normalization "
    "never looks at another sample.",
)
def over_the_batch(x, gamma, beta, eps=1e-5):
    return gamma * normalized(x, 0, eps) + beta


@EXERCISE.mistake(
    "sequence",
    kind="axis",
    says="normalizes a whole sequence together",
    hint="Tables are right; in three dimensions a whole sequence was normalized together. Each of "
    "its vectors, each token, has its own mean and variance: axis=-1 alone.",
)
def whole_sequence(x, gamma, beta, eps=1e-5):
    return gamma * normalized(x, tuple(range(1, x.ndim)), eps) + beta


@EXERCISE.mistake(
    "all",
    kind="axis",
    says="one mean and variance for the whole array",
    hint="One row alone is right, several are not: one mean and one variance were taken of all of "
    "them together. With axis=-1 each row has its own.",
)
def everything(x, gamma, beta, eps=1e-5):
    return gamma * normalized(x, None, eps) + beta


@EXERCISE.mistake(
    "unbiased",
    kind="convention",
    says="uses the unbiased variance",
    hint="Everything came out a little too small, short vectors most: the variance was divided by "
    "D − 1. Here it is divided by D.",
)
def unbiased(x, gamma, beta, eps=1e-5):
    return gamma * normalized(x, -1, eps, ddof=1) + beta


@EXERCISE.mistake(
    "rms",
    kind="logic",
    says="does not subtract the mean",
    hint="The rows keep their mean: they were only divided, by the root of the mean square. That "
    "is RMS normalization. Subtract the mean first.",
)
def rms(x, gamma, beta, eps=1e-5):
    return gamma * x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) + beta


@EXERCISE.mistake(
    "eps",
    kind="convention",
    says="adds eps to the deviation",
    hint="Only a large eps reveals it: it was added to the deviation. It belongs inside the root, "
    "√(var + eps).",
)
def eps_outside(x, gamma, beta, eps=1e-5):
    return gamma * outside(x, -1, eps) + beta


@EXERCISE.mistake(
    "no_root",
    kind="logic",
    says="divides by the variance",
    hint="The rows are much too small: they were divided by the variance. Its root, the deviation, "
    "has the unit of x.",
)
def no_root(x, gamma, beta, eps=1e-5):
    return gamma * (x - x.mean(-1, keepdims=True)) / (x.var(-1, keepdims=True) + eps) + beta


@EXERCISE.mistake(
    "plain",
    kind="logic",
    says="leaves gamma and beta out",
    hint="The rows have mean 0 and deviation 1: gamma and beta were not used. They come last, one "
    "of each for every place of the vector.",
)
def plain(x, gamma, beta, eps=1e-5):
    return normalized(x, -1, eps)


@EXERCISE.variant("batch normalization of the transpose")
def transposed(x, gamma, beta, eps=1e-5):
    rows = x.reshape(-1, x.shape[-1]).T
    y = (rows - rows.mean(0)) / np.sqrt(rows.var(0) + eps)
    return (y.T * gamma + beta).reshape(x.shape)


@EXERCISE.variant("vector by vector, in Python numbers")
def by_loop(x, gamma, beta, eps=1e-5):
    y = []
    for row in x.reshape(-1, x.shape[-1]).tolist():
        mean = sum(row) / len(row)
        s = (sum((a - mean) ** 2 for a in row) / len(row) + eps) ** 0.5
        y.append([float(g) * (a - mean) / s + float(b)
                  for a, g, b in zip(row, gamma, beta, strict=True)])  # fmt: skip
    return np.reshape(y, x.shape).tolist()


@EXERCISE.variant("float32")
def single_precision(x, gamma, beta, eps=1e-5):
    return ln(*(a.astype(np.float32) for a in (x, gamma, beta)), np.float32(eps))
