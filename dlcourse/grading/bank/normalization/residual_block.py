"""Exercise ``residual_block``: around the layers, forward and back."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.normalization._batches import named, normalized
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="residual_block",
    title="A residual block, normalized before",
    chapter="5-normalization",
    position=8,
    entry="block",
    parameters=("x", "W1", "W2", "dy", "eps"),
    conventions=(
        "x is (N, D), W1 (H, D), W2 (D, H); no biases",
        "y = x + relu(xhat W1ᵀ) W2ᵀ, with xhat = (x − mean)/√(var + eps), each row by itself, "
        "biased variance, neither gain nor shift",
        "dy is the derivative of the loss by y; the slope of relu at 0 is 0",
        "returns (y, dx), new arrays shaped as x; dx is the derivative by x",
    ),
    hints=(
        "There are two ways from x to y. How many ways are there back, and what does the shorter "
        "one do to dy?",
        "Forward: keep xhat, the deviation, and h = xhat W1ᵀ. Backward along the branch: g = "
        "((dy W2)·(h > 0)) W1 is the derivative by xhat; then the normalization, (g − mean(g) − "
        "xhat·mean(g·xhat))/deviation, row by row. Add dy, which came along the shortcut.",
        "By hand, with x = [[1, 3]], W1 = [[1, 0]; [0, 1]], W2 = [[0, 1]; [0, 2]], dy = [[1, 0]], "
        "eps = 0.25: the mean is 2, the deviation √1.25 = 1.11803, xhat = (-0.894427, 0.894427). "
        "relu leaves (0, 0.894427), so y = (1.89443, 4.78885). Back: dy W2 = (0, 1), open where h "
        "> 0, so g = (0, 1), with mean 0.5 and mean(g·xhat) = 0.447214; the branch gives (-0.5 + "
        "0.4, 0.5 − 0.4)/1.11803, so dx = (0.910557, 0.0894427).",
    ),
    result="Two arrays come back, y and dx, shaped as x.",
    places=named("y", "dx"),
)


@EXERCISE.solution
def block(x, W1, W2, dy, eps=1e-5):
    deviation = np.sqrt(x.var(axis=1, keepdims=True) + eps)
    xhat = (x - x.mean(axis=1, keepdims=True)) / deviation
    h = xhat @ W1.T
    y = x + np.maximum(h, 0) @ W2.T
    g = ((dy @ W2) * (h > 0)) @ W1
    along = xhat * (g * xhat).mean(axis=1, keepdims=True)
    dx = dy + (g - g.mean(axis=1, keepdims=True) - along) / deviation
    return y, dx


def _case(rng, n, d, hidden, **settings):
    x = np.round(rng.normal(2, 2, (n, d)) + rng.normal(0, 3, (n, 1)), 3)
    W1, W2 = (np.round(rng.normal(size=s), 3) for s in ((hidden, d), (d, hidden)))
    return Case((x, W1, W2, np.round(rng.normal(1, 1, (n, d)), 3)), settings)


@EXERCISE.probe("a batch", group="core")
def a_batch(rng):
    return _case(rng, 3, 4, 8)


@EXERCISE.probe("as many rows as numbers in a row", group="core")
def square(rng):
    return _case(rng, 3, 3, 7)


@EXERCISE.probe("one row", group="edge")
def one_row(rng):
    return _case(rng, 1, 4, 8)


@EXERCISE.probe("a large eps", group="edge")
def large_eps(rng):
    return _case(rng, 2, 3, 7, eps=round(float(rng.uniform(2, 4)), 2))


@EXERCISE.probe("small numbers", group="edge")
def small(rng):
    x, *others = _case(rng, 2, 3, 7).args
    return Case((x / 1000, *others))


@EXERCISE.probe("a unit that is neither open nor closed", group="edge")
def at_zero(rng):
    _, W1, W2, dy = _case(rng, 2, 3, 7).args
    first, step = rng.integers(1, 5, (2, 2, 1))
    W1[0] = 0, 3, 0  # sees the middle number alone, which is the mean
    return Case((first + step * np.arange(3.0), W1, W2, dy))


def _forward(x, W1, eps):
    xhat = normalized(x, 1, eps)
    return xhat, xhat @ W1.T, np.sqrt(x.var(1, keepdims=True) + eps)


def _norm_back(g, xhat, deviation):
    along = xhat * (g * xhat).mean(1, keepdims=True)
    return (g - g.mean(1, keepdims=True) - along) / deviation


@EXERCISE.mistake(
    "no_way_back",
    kind="logic",
    says="forgets the shortcut on the way back",
    hint="y is right; dx is that of the branch alone. What was added on the way forward passes dy "
    "on unchanged on the way back: add dy.",
)
def no_way_back(x, W1, W2, dy, eps=1e-5):
    y, dx = block(x, W1, W2, dy, eps)
    return y, dx - dy


@EXERCISE.mistake(
    "no_shortcut",
    kind="logic",
    says="has no shortcut at all",
    hint="The branch is right, x itself is missing from y, and dy from dx: this is the block "
    "without its shortcut.",
)
def no_shortcut(x, W1, W2, dy, eps=1e-5):
    y, dx = block(x, W1, W2, dy, eps)
    return y - x, dx - dy


@EXERCISE.mistake(
    "normalized_shortcut",
    kind="logic",
    says="adds xhat instead of x",
    hint="The branch is right, but what was added is the normalized x. The shortcut goes around "
    "the normalization as well: add x as it came.",
)
def normalized_shortcut(x, W1, W2, dy, eps=1e-5):
    y, dx = block(x, W1, W2, dy, eps)
    xhat, _, deviation = _forward(x, W1, eps)
    return y - x + xhat, dx - dy + _norm_back(dy, xhat, deviation)


@EXERCISE.mistake(
    "post",
    kind="convention",
    says="normalizes after the addition",
    hint="This normalizes the sum, after the addition: a post-norm block, as in the first "
    "Transformer. Here the normalization stands before the branch, and nothing touches the sum.",
)
def post(x, W1, W2, dy, eps=1e-5):
    h = x @ W1.T
    total = x + np.maximum(h, 0) @ W2.T
    y = normalized(total, 1, eps)
    back = _norm_back(dy, y, np.sqrt(total.var(1, keepdims=True) + eps))
    return y, back + ((back @ W2) * (h > 0)) @ W1


@EXERCISE.mistake(
    "constants",
    kind="logic",
    says="takes mean and deviation as constants",
    hint="y is right. On the way back through the normalization only the division was made; mean "
    "and deviation move with x: take out the mean of g, and its part along xhat.",
)
def constants(x, W1, W2, dy, eps=1e-5):
    _, h, deviation = _forward(x, W1, eps)
    return block(x, W1, W2, dy, eps)[0], dy + ((dy @ W2) * (h > 0)) @ W1 / deviation


@EXERCISE.mistake(
    "no_norm_back",
    kind="logic",
    says="does not go back through the normalization",
    hint="y is right. dx holds the derivative by xhat, not by x: the way back through the "
    "normalization is missing.",
)
def no_norm_back(x, W1, W2, dy, eps=1e-5):
    _, h, _ = _forward(x, W1, eps)
    return block(x, W1, W2, dy, eps)[0], dy + ((dy @ W2) * (h > 0)) @ W1


@EXERCISE.mistake(
    "no_relu_back",
    kind="logic",
    says="goes back through the closed units too",
    hint="y is right. On the way back the gradient went through units that relu had closed: "
    "multiply by (h > 0).",
)
def no_relu_back(x, W1, W2, dy, eps=1e-5):
    xhat, _, deviation = _forward(x, W1, eps)
    return block(x, W1, W2, dy, eps)[0], dy + _norm_back(dy @ W2 @ W1, xhat, deviation)


@EXERCISE.mistake(
    "batch",
    kind="axis",
    says="normalizes over the batch",
    hint="The columns were normalized, over the batch. In this block every row is normalized by "
    "itself, over its own numbers.",
)
def over_the_batch(x, W1, W2, dy, eps=1e-5):
    xhat = normalized(x, 0, eps)
    h = xhat @ W1.T
    g = ((dy @ W2) * (h > 0)) @ W1
    along = xhat * (g * xhat).mean(0)
    return x + np.maximum(h, 0) @ W2.T, dy + (g - g.mean(0) - along) / np.sqrt(x.var(0) + eps)


@EXERCISE.variant("the Jacobian of each row, written out as a matrix")
def jacobian(x, W1, W2, dy, eps=1e-5):
    y, dx, d = np.empty(x.shape), np.empty(x.shape), x.shape[1]
    for i, row in enumerate(x):
        s = np.sqrt(row.var() + eps)
        xhat = (row - row.mean()) / s
        N = (np.eye(d) - np.ones((d, d)) / d - np.outer(xhat, xhat) / d) / s
        h = W1 @ xhat
        y[i] = row + W2 @ np.where(h > 0, h, 0)
        dx[i] = (np.eye(d) + W2 @ np.diag(h > 0) @ W1 @ N).T @ dy[i]
    return y, dx


@EXERCISE.variant("the way back node by node, a list of lists")
def staged(x, W1, W2, dy, eps=1e-5):
    centered = x - np.mean(x, axis=-1)[:, None]
    inverse = (np.mean(centered**2, axis=-1)[:, None] + eps) ** -0.5
    h = (centered * inverse) @ W1.T
    open_units = np.heaviside(h, 0)
    dxhat = (open_units * (dy @ W2)) @ W1
    dinverse = np.sum(dxhat * centered, axis=-1)[:, None]
    dcentered = dxhat * inverse - dinverse * inverse**3 * centered / x.shape[1]
    dx = dy + dcentered - np.mean(dcentered, axis=-1)[:, None]
    return [(x + (open_units * h) @ W2.T).tolist(), dx.tolist()]


@EXERCISE.variant("float32")
def single_precision(x, W1, W2, dy, eps=1e-5):
    return block(*(a.astype(np.float32) for a in (x, W1, W2, dy)), np.float32(eps))
