"""Exercise ``accumulation``: the gradient of a large batch from the small ones that fit."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import samples
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="accumulation",
    title="Gradient accumulation",
    chapter="2-optimizers",
    position=2,
    entry="grad",
    parameters=("w", "X", "y", "sizes"),
    conventions=(
        "the loss of all n rows is 1/(2n) Σ (Xw − y)²",
        "the micro-batches are consecutive rows; their sizes add up to n and may differ",
        "the gradient of the whole batch at w, shape (d,); w and the other inputs stay as they are",
    ),
    hints=(
        "Look at the weight of a single row in the result. It must not hang on which micro-batch "
        "the row came in.",
        "Every row counts 1/n, with n the number of all rows. So add the sums of the micro-batches "
        "and divide by n at the end; or, if each already is a mean, multiply it by its size "
        "over n.",
        "By hand, with w = 0 and one weight, X = [[1], [1], [2]], y = [1, 3, 2], sizes 2 and 1. "
        "The sums are -1 - 3 = -4 and 2 · -2 = -4, together -8, and the gradient is -8/3 = "
        "-2.66667. The mean of the two means, -2 and -4, would be -3.",
    ),
    result="One array, the gradient of the whole batch, with the shape of w.",
)


@EXERCISE.solution
def grad(w, X, y, sizes):
    total = np.zeros_like(w)
    start = 0
    for size in sizes:
        rows = slice(start, start + size)
        residual = X[rows] @ w - y[rows]
        total = total + X[rows].T @ residual
        start = start + size
    return total / len(y)


def _case(rng, sizes):
    n = sum(sizes)
    w, X, y = samples(rng, n)
    # Residuals of one sign in each column: otherwise the whole gradient might come out near zero.
    X = np.abs(X)
    return Case((w, X, X @ w + np.abs(y), sizes))


@EXERCISE.probe("equal sizes", group="core")
def equal_sizes(rng):
    return _case(rng, [4, 4, 4])


@EXERCISE.probe("unequal sizes", group="core")
def unequal_sizes(rng):
    return _case(rng, [4, 4, 2])


@EXERCISE.probe("one micro-batch", group="edge")
def one_micro_batch(rng):
    return _case(rng, [5])


@EXERCISE.probe("single rows", group="edge")
def single_rows(rng):
    return _case(rng, [1] * 5)


@EXERCISE.probe("a large and a small one", group="edge")
def a_large_and_a_small_one(rng):
    return _case(rng, [1, 9])


def _parts(w, X, y, sizes):
    """The gradient sum and the size of each micro-batch."""
    ends = np.cumsum(sizes)
    for end, size in zip(ends, sizes, strict=True):
        rows = slice(end - size, end)
        yield X[rows].T @ (X[rows] @ w - y[rows]), size


@EXERCISE.mistake(
    "sum_of_means",
    kind="factor",
    says="adds the means of the micro-batches",
    hint="One micro-batch agrees, k equal ones give k times too much: each was averaged already, "
    "and the averages were added. Weight each by its share of the rows, size / n.",
)
def sum_of_means(w, X, y, sizes):
    return sum(total / size for total, size in _parts(w, X, y, sizes))


@EXERCISE.mistake(
    "mean_of_means",
    kind="edge-case",
    says="the plain mean of the micro-batch means",
    hint="Equal micro-batches agree, unequal ones do not: a row of a small one counts too much. "
    "Weight each mean by its size, or add sums and divide by n.",
)
def mean_of_means(w, X, y, sizes):
    return sum_of_means(w, X, y, sizes) / len(sizes)


@EXERCISE.mistake(
    "last_missing",
    kind="off-by-one",
    says="leaves the last micro-batch out",
    hint="The rows of the last micro-batch are missing from the sum, while n counts them. The "
    "loop has to run over all of sizes, or to add once more after its end.",
)
def last_missing(w, X, y, sizes):
    totals = [total for total, _ in _parts(w, X, y, sizes)]
    return sum(totals[:-1] or totals) / len(y)


@EXERCISE.mistake(
    "last_never",
    kind="off-by-one",
    says="leaves the last micro-batch out, even where it is the only one",
    hint="The rows of the last micro-batch never arrive, and a batch of one micro-batch gives "
    "nothing at all. Add it after the loop too, or let the loop run over all of sizes.",
)
def last_never(w, X, y, sizes):
    return sum((total for total, _ in list(_parts(w, X, y, sizes))[:-1]), 0 * w) / len(y)


@EXERCISE.mistake(
    "only_last",
    kind="state",
    says="starts from zero at every micro-batch, so that the last one alone remains",
    hint="What came is the share of the last micro-batch alone: the accumulator was set to zero, "
    "or overwritten, inside the loop. Set it to zero once, before the loop, and add.",
)
def only_last(w, X, y, sizes):
    return list(_parts(w, X, y, sizes))[-1][0] / len(y)


@EXERCISE.mistake(
    "no_mean",
    kind="factor",
    says="the sum over all rows, not divided by n",
    hint="The result is n times too large: the rows were added and never averaged. The loss has a "
    "1/n in front; divide once, at the end, by the number of all rows.",
)
def no_mean(w, X, y, sizes):
    return sum(total for total, _ in _parts(w, X, y, sizes))


@EXERCISE.mistake(
    "divided_by_count",
    kind="factor",
    says="the sum over all rows divided by the number of micro-batches",
    hint="The sums of the micro-batches were divided by how many micro-batches there are. What is "
    "averaged here are rows: divide by n, the number of all rows.",
)
def divided_by_count(w, X, y, sizes):
    return no_mean(w, X, y, sizes) / len(sizes)


@EXERCISE.mistake(
    "same_rows",
    kind="state",
    says="takes every micro-batch from the top of the data",
    hint="One micro-batch agrees, several do not: each began again at row 0. Move the start on by "
    "size after every micro-batch.",
)
def same_rows(w, X, y, sizes):
    tops = (slice(0, size) for size in sizes)
    return sum(X[rows].T @ (X[rows] @ w - y[rows]) for rows in tops) / len(y)


@EXERCISE.variant("means weighted by size over n, as a framework does it")
def weighted_means(w, X, y, sizes):
    n = sum(sizes)
    return sum(total / size * (size / n) for total, size in _parts(w, X, y, sizes))


@EXERCISE.variant("a running mean, corrected with every micro-batch")
def running_mean(w, X, y, sizes):
    mean, seen = np.zeros(len(w)), 0
    for total, size in _parts(w, X, y, sizes):
        seen += size
        mean += (total - size * mean) / seen
    return mean


@EXERCISE.variant("float32, in place")
def single_precision(w, X, y, sizes):
    out = np.zeros(len(w), dtype=np.float32)
    w, X, y = (part.astype(np.float32) for part in (w, X, y))
    for total, _ in _parts(w, X, y, sizes):
        out += total
    out /= len(y)
    return out


@EXERCISE.variant("the data split with np.split, row by row, returned as a list")
def split(w, X, y, sizes):
    cuts = np.cumsum(sizes)[:-1]
    total = [0.0] * len(w)
    for part, target in zip(np.split(X, cuts), np.split(y, cuts), strict=True):
        for x, t in zip(part.tolist(), target.tolist(), strict=True):
            residual = sum(a * b for a, b in zip(x, w.tolist(), strict=True)) - t
            total = [s + residual * a for s, a in zip(total, x, strict=True)]
    return [s / len(y) for s in total]
