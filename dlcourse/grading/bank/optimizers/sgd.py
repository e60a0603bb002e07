"""Exercise ``sgd``: one epoch of mini-batch gradient descent, down to the short last batch."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import samples
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="sgd",
    title="One epoch of mini-batch SGD",
    chapter="2-optimizers",
    position=1,
    entry="epoch",
    parameters=("w", "X", "y", "lr", "batch_size", "order"),
    conventions=(
        "the loss of a batch of b rows is 1/(2b) Σ (Xw − y)²: its gradient has no factor 2",
        "the rows are visited as order says, in blocks of batch_size",
        "a shorter last block is used too, and averaged over the rows it has",
        "the weights after the last batch, shape (d,); the inputs are left as they are",
    ),
    hints=(
        "Look at one batch first: which rows are in it, and how many? The rows are an array of "
        "indices, order[start : start + batch_size], and X[rows] picks them.",
        "With residual r = X[rows] @ w − y[rows] the gradient of the batch is X[rows].T @ r, "
        "divided by the number of rows that are really there. Then w ← w − lr times it, and the "
        "next batch is measured at the new w.",
        "By hand, with one weight w = 0, X = [[1], [1], [2]], y = [1, 3, 2], lr = 0.1, batches of "
        "2 in file order. Batch 1: residuals -1 and -3, gradient -2, w = 0.2. Batch 2 is one row: "
        "residual 0.4 - 2 = -1.6, gradient 2 · -1.6 = -3.2, w = 0.52.",
    ),
    result="One array, the weights after the last batch, with the shape of w.",
)


@EXERCISE.solution
def epoch(w, X, y, lr, batch_size, order):
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        residual = X[rows] @ w - y[rows]
        gradient = X[rows].T @ residual / len(rows)
        w = w - lr * gradient
    return w


def _case(rng, n, lr, batch_size):
    order = rng.permutation(n)
    # The first batch must not be the first rows, nor the last ones, or order would not matter.
    while n > batch_size and sorted(order[:batch_size]) == list(range(batch_size)):
        order = rng.permutation(n)
    return Case((*samples(rng, n), lr, batch_size, order))


@EXERCISE.probe("one full batch", group="core")
def one_full_batch(rng):
    return _case(rng, 4, 0.1, 4)


@EXERCISE.probe("three batches", group="core")
def three_batches(rng):
    return _case(rng, 9, 0.1, 3)


@EXERCISE.probe("a short last batch", group="core")
def a_short_last_batch(rng):
    return _case(rng, 7, 0.1, 3)


@EXERCISE.probe("one row at a time", group="edge")
def one_row_at_a_time(rng):
    return _case(rng, 6, 0.05, 1)


@EXERCISE.probe("a batch larger than the data", group="edge")
def a_batch_larger_than_the_data(rng):
    return _case(rng, 3, 0.1, 8)


def _descend(w, X, y, batch_size, order, step):
    """``w ← w + step(gradient sum, rows, w)`` for every batch."""
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        w = w + step(X[rows].T @ (X[rows] @ w - y[rows]), rows)
    return w


@EXERCISE.mistake(
    "sign",
    kind="sign",
    says="adds the gradient",
    hint="The weights moved the right distance in the wrong direction: the gradient points uphill. "
    "Check the sign in front of lr.",
)
def sign(w, X, y, lr, batch_size, order):
    return _descend(w, X, y, batch_size, order, lambda total, rows: lr * total / len(rows))


@EXERCISE.mistake(
    "sum",
    kind="factor",
    says="sums over the batch instead of averaging",
    hint="Rows one at a time agree; with b rows the step is b times too long. The loss of a batch "
    "is a mean, so divide its gradient by the number of its rows.",
)
def summed(w, X, y, lr, batch_size, order):
    return _descend(w, X, y, batch_size, order, lambda total, rows: -lr * total)


@EXERCISE.mistake(
    "bs",
    kind="edge-case",
    says="divides the short last batch by batch_size",
    hint="Full batches agree, a short one does not: it was divided by batch_size. Average over "
    "the rows that it really has.",
)
def batch_size_always(w, X, y, lr, batch_size, order):
    return _descend(w, X, y, batch_size, order, lambda total, rows: -lr * total / batch_size)


@EXERCISE.mistake(
    "two",
    kind="factor",
    says="the gradient of the loss without its 1/2",
    hint="The first step is exactly twice as long as it should be: a 2 came down from the square. "
    "The loss here has a factor 1/2, which takes it away again.",
)
def factor_two(w, X, y, lr, batch_size, order):
    return epoch(w, X, y, 2 * lr, batch_size, order)


@EXERCISE.mistake(
    "divided_by_all",
    kind="factor",
    says="divides by the number of all rows",
    hint="One batch of everything agrees, smaller batches step too short: the sum was divided by "
    "the rows of the whole data set. A batch averages over its own rows.",
)
def divided_by_all(w, X, y, lr, batch_size, order):
    return _descend(w, X, y, batch_size, order, lambda total, rows: -lr * total / len(y))


@EXERCISE.mistake(
    "order_ignored",
    kind="logic",
    says="takes the rows as they lie, without order",
    hint="One batch of everything agrees, several do not: the rows were taken as they lie. Block "
    "number k is order[k * batch_size : (k + 1) * batch_size].",
)
def order_ignored(w, X, y, lr, batch_size, order):
    return epoch(w, X, y, lr, batch_size, np.arange(len(order)))


@EXERCISE.mistake(
    "drops_last",
    kind="edge-case",
    says="leaves the short last batch out",
    hint="Wherever the last batch is short, its step is missing. It has rows that no other batch "
    "has: count with range(0, len(order), batch_size), which ends with it.",
)
def drops_last(w, X, y, lr, batch_size, order):
    return epoch(w, X, y, lr, batch_size, order[: len(order) // batch_size * batch_size])


@EXERCISE.mistake(
    "frozen_weights",
    kind="state",
    says="measures every batch at the weights that the epoch began with",
    hint="The first batch agrees, later ones do not: all gradients were taken at the weights of "
    "the beginning. Each batch is measured where the last one left w.",
)
def frozen_weights(w, X, y, lr, batch_size, order):
    moved = w
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        moved = moved + epoch(w, X, y, lr, batch_size, rows) - w
    return moved


@EXERCISE.variant("the data reordered first, then cut into slices, in place on a copy")
def reordered_first(w, X, y, lr, batch_size, order):
    w, X, y = w.copy(), X[order], y[order]
    for start in range(0, len(y), batch_size):
        part, target = X[start : start + batch_size], y[start : start + batch_size]
        w -= lr * np.mean((part @ w - target)[:, None] * part, axis=0)
    return w


@EXERCISE.variant("loops over rows and Python floats, returned as a list")
def row_by_row(w, X, y, lr, batch_size, order):
    w, waiting = w.tolist(), order.tolist()
    while waiting:
        rows, waiting = waiting[:batch_size], waiting[batch_size:]
        slope = [0.0] * len(w)
        for row in rows:
            residual = sum(a * b for a, b in zip(X[row].tolist(), w, strict=True)) - float(y[row])
            slope = [s + residual * x for s, x in zip(slope, X[row].tolist(), strict=True)]
        w = [a - lr * s / len(rows) for a, s in zip(w, slope, strict=True)]
    return w


@EXERCISE.variant("float32 throughout, with the normal equations of each batch")
def single_precision(w, X, y, lr, batch_size, order):
    w, X, y = (part.astype(np.float32) for part in (w, X, y))
    for k in range(-(-len(order) // batch_size)):
        rows = order[k * batch_size : (k + 1) * batch_size]
        gram, moment = X[rows].T @ X[rows], X[rows].T @ y[rows]
        w = w - np.float32(lr / len(rows)) * (gram @ w - moment)
    return w
