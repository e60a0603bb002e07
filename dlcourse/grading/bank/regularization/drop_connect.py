"""Exercise ``drop_connect``: weights are dropped, not units, and the gradient knows which."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers
from dlcourse.grading.spec import Case, Exercise


def _place(path):
    names = ("y", "dx", "dW", "db")
    return names[path[0]] + "".join(f"[{i}]" for i in path[1:]) if path else ""


EXERCISE = Exercise(
    id="drop_connect",
    title="Dropping connections",
    chapter="7-regularization",
    position=10,
    entry="drop_connect",
    parameters=("x", "W", "b", "mask", "p", "dy"),
    conventions=(
        "x is (N, D), W (K, D), b (K,), mask (K, D) of 0 and 1: one for the whole batch",
        "y = x (W ⊙ mask/(1 − p))ᵀ + b",
        "dx, dW, db are the gradients for the incoming dy (N, K)",
        "returns (y, dx, dW, db)",
    ),
    hints=(
        "Call the matrix that was really used V. Which of the gradients can be written with V "
        "alone, and what is left to do for the other?",
        "V = W·mask/(1 − p). Then y = x Vᵀ + b, dx = dy V, db = Σ dy, and dV = dyᵀ x; what reaches "
        "W is dV·mask/(1 − p).",
        "By hand, x = (1, 2), W = (3, 4), b = 1, mask = (1, 0), p = 0.5, dy = 10: V = (6, 0), "
        "y = 7, dx = (60, 0), dW = (20, 0), db = 10.",
    ),
    result="Four arrays come back: y (N, K), dx (N, D), dW (K, D), db (K,).",
    places=_place,
)


@EXERCISE.solution
def drop_connect(x, W, b, mask, p, dy):
    factor = mask / (1 - p)
    V = W * factor
    return x @ V.T + b, dy @ V, dy.T @ x * factor, dy.sum(axis=0)


def _case(rng, n, d, k, p=None):
    p = round(float(rng.uniform(0.2, 0.4)), 2) if p is None else p
    mask = np.zeros(k * d)
    mask[: (k * d + 1) // 2] = 1.0
    mask = rng.permutation(mask).reshape(k, d) if p else np.ones((k, d))
    return Case((numbers(rng, (n, d)), numbers(rng, (k, d)), numbers(rng, k), mask, p,
                 numbers(rng, (n, k))))  # fmt: skip


@EXERCISE.probe("three samples", group="core")
def three(rng):
    return _case(rng, 3, 4, 2)


@EXERCISE.probe("as many of everything", group="core")
def square(rng):
    return _case(rng, 3, 3, 3)


@EXERCISE.probe("one sample", group="edge")
def one(rng):
    return _case(rng, 1, 5, 3)


@EXERCISE.probe("most are dropped", group="edge")
def most(rng):
    return _case(rng, 2, 3, 4, p=round(float(rng.uniform(0.7, 0.8)), 2))


@EXERCISE.probe("p = 0", group="edge")
def nobody(rng):
    return _case(rng, 2, 3, 2, p=0.0)


@EXERCISE.mistake(
    "unscaled",
    kind="factor",
    says="does not divide by 1 − p",
    hint="What is kept is as it was. Divided by 1 − p, the weights keep their mean, as in dropout "
    "of units.",
)
def unscaled(x, W, b, mask, p, dy):
    return drop_connect(x, W, b, mask, 0.0, dy)


@EXERCISE.mistake(
    "dw_whole",
    kind="logic",
    says="does not mask the gradient of W",
    hint="The gradient of W reaches weights that took no part: a dropped weight has a gradient of "
    "0. Multiply by mask/(1 − p).",
)
def dw_whole(x, W, b, mask, p, dy):
    y, dx, _, db = drop_connect(x, W, b, mask, p, dy)
    return y, dx, dy.T @ x, db


@EXERCISE.mistake(
    "dw_unscaled",
    kind="factor",
    says="masks the gradient of W without 1/(1 − p)",
    hint="The gradient of W has the right zeros and the wrong size: y depends on W·mask/(1 − p), "
    "so the factor stands in the slope, too.",
)
def dw_unscaled(x, W, b, mask, p, dy):
    y, dx, dW, db = drop_connect(x, W, b, mask, p, dy)
    return y, dx, dW * (1 - p), db


@EXERCISE.mistake(
    "dx_whole",
    kind="logic",
    says="goes back through the whole matrix",
    hint="dx was taken through all of W. The way back uses the matrix of the way there, with its "
    "holes.",
)
def dx_whole(x, W, b, mask, p, dy):
    y, _, dW, db = drop_connect(x, W, b, mask, p, dy)
    return y, dy @ W, dW, db


@EXERCISE.mistake(
    "keep",
    kind="convention",
    says="takes p for the probability of keeping",
    hint="What is kept was divided by p. It is the share that is dropped.",
)
def keep(x, W, b, mask, p, dy):
    return drop_connect(x, W, b, mask, 1 - p if p else 0.0, dy)


@EXERCISE.mistake(
    "inverse",
    kind="logic",
    says="drops what is to be kept",
    hint="The connections that are left are those that should be missing: 1 in the mask means "
    "kept.",
)
def inverse(x, W, b, mask, p, dy):
    return drop_connect(x, W, b, 1 - mask, p, dy)


@EXERCISE.mistake(
    "units",
    kind="logic",
    says="drops inputs, not connections",
    hint="A whole input is missing wherever one of its connections is: that is dropout. Here every "
    "weight has its own entry in the mask.",
)
def units(x, W, b, mask, p, dy):
    return drop_connect(x, W, b, np.broadcast_to(mask.min(axis=0), W.shape), p, dy)


@EXERCISE.mistake(
    "bias",
    kind="logic",
    says="scales the bias",
    hint="The bias was divided by 1 − p as well. Only weights are dropped, so only they are paid "
    "for.",
)
def scaled_bias(x, W, b, mask, p, dy):
    return drop_connect(x, W, b / (1 - p), mask, p, dy)


@EXERCISE.mistake(
    "db_mean",
    kind="factor",
    says="averages the gradient of b",
    hint="db is N times too small: b enters every sample, and the slopes add up. Whether the loss "
    "averages stands in dy already.",
)
def db_mean(x, W, b, mask, p, dy):
    y, dx, dW, db = drop_connect(x, W, b, mask, p, dy)
    return y, dx, dW, db / (2 if len(x) == 1 else len(x))


@EXERCISE.variant("sums over indices")
def by_einsum(x, W, b, mask, p, dy):
    V = np.where(mask, W / (1 - p), 0)
    dV = np.einsum("nk,nd->kd", dy, x)
    dx = np.einsum("nk,kd->nd", dy, V)
    return np.einsum("nd,kd->nk", x, V) + b, dx, np.where(mask, dV / (1 - p), 0), dy.sum(0)


@EXERCISE.variant("sample by sample")
def by_sample(x, W, b, mask, p, dy):
    y, dx, dW = [], [], np.zeros(W.shape)
    V = W * mask / (1 - p)
    for row, slope in zip(x, dy, strict=True):
        y.append((V @ row + b).tolist())
        dx.append((slope @ V).tolist())
        dW += np.outer(slope, row) * mask / (1 - p)
    return y, dx, dW, [sum(column) for column in dy.T.tolist()]


@EXERCISE.variant("float32")
def single_precision(x, W, b, mask, p, dy):
    x, W, b, mask, dy = (a.astype(np.float32) for a in (x, W, b, mask, dy))
    return drop_connect(x, W, b, mask, np.float32(p), dy)
