"""Exercise ``rms_norm``: only the length, not the mean."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.normalization._batches import affine, named, normalized
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="rms_norm",
    title="RMS normalization",
    chapter="5-normalization",
    position=5,
    entry="rms",
    parameters=("x", "gain", "dy", "eps"),
    conventions=(
        "x is (..., D): every vector along the last axis is normalized on its own",
        "y = gain·x/r with r = √(mean of x² + eps); no mean is subtracted, nothing is added",
        "dy is the derivative of the loss by y; dx its derivative by x",
        "returns (y, dx), new arrays shaped as x",
    ),
    hints=(
        "What does y do if x is doubled? And what must dx therefore be at right angles to?",
        "r with axis=-1, keepdims=True. Backward, with xhat = x/r and g = gain·dy: take the part "
        "along xhat out of g, xhat times the mean of g·xhat, and divide by r. There is no mean to "
        "take out, for none was subtracted.",
        "By hand, with x = [[1, 7]], gain = [2, 1], dy = [[1, 0]], eps = 0: the mean square is 25, "
        "r = 5, y = (0.4, 1.4). xhat = (0.2, 1.4), g = (2, 0), the mean of g·xhat is 0.2, so dx = "
        "(2 − 0.04, 0 − 0.28)/5 = (0.392, -0.056).",
    ),
    result="Two arrays come back, y and dx, shaped as x.",
    places=named("y", "dx"),
)


@EXERCISE.solution
def rms(x, gain, dy, eps=1e-5):
    r = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
    xhat = x / r
    g = gain * dy
    dx = (g - xhat * (g * xhat).mean(axis=-1, keepdims=True)) / r
    return gain * xhat, dx


def _case(rng, *shape, **settings):
    x = np.round(rng.normal(1, 2, shape) + rng.normal(0, 2, (*shape[:-1], 1)), 3)
    dy = np.round(rng.normal(size=shape) + 0.5 * x, 3)
    return Case((x, affine(rng, shape[-1])[0], dy), settings)


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


def _by(r, x, gain, dy):
    """Forward and backward with another r, which is then differentiated as ours is."""
    g, xhat = gain * dy, x / r
    return gain * xhat, (g - xhat * (g * xhat).mean(-1, keepdims=True)) / r


@EXERCISE.mistake(
    "mean",
    kind="logic",
    says="subtracts the mean: layer normalization",
    hint="The rows have mean 0: that is layer normalization. Here nothing is subtracted; what is "
    "left of it is the division.",
)
def with_mean(x, gain, dy, eps=1e-5):
    xhat, g = normalized(x, -1, eps), gain * dy
    along = xhat * (g * xhat).mean(-1, keepdims=True)
    dx = (g - g.mean(-1, keepdims=True) - along) / np.sqrt(x.var(-1, keepdims=True) + eps)
    return gain * xhat, dx


@EXERCISE.mistake(
    "deviation",
    kind="logic",
    says="divides by the standard deviation",
    hint="Nothing was subtracted, but the division is by the standard deviation, which forgets the "
    "mean. Divide by the root of the mean square.",
)
def by_deviation(x, gain, dy, eps=1e-5):
    return _by(np.sqrt(x.var(-1, keepdims=True) + eps), x, gain, dy)


@EXERCISE.mistake(
    "batch",
    kind="axis",
    says="takes the mean square over the batch",
    hint="One row alone came out as plus and minus the gain: the mean square went down the batch. "
    "It goes along the last axis.",
)
def over_the_batch(x, gain, dy, eps=1e-5):
    r = np.sqrt((x**2).mean(0, keepdims=True) + eps)
    g, xhat = gain * dy, x / r
    return gain * xhat, (g - xhat * (g * xhat).mean(0, keepdims=True)) / r


@EXERCISE.mistake(
    "length",
    kind="factor",
    says="divides by the length, not by the root of the mean square",
    hint="Every vector came out with length 1, too small by √D: the squares were added, not "
    "averaged. Divide by the root of their mean.",
)
def length(x, gain, dy, eps=1e-5):
    r = np.sqrt((x**2).sum(-1, keepdims=True) + eps)
    g, xhat = gain * dy, x / r
    return gain * xhat, (g - xhat * (g * xhat).sum(-1, keepdims=True)) / r


@EXERCISE.mistake(
    "no_root",
    kind="logic",
    says="divides by the mean square",
    hint="The division was by the mean square itself: double x, and y is halved. Take the root.",
)
def no_root(x, gain, dy, eps=1e-5):
    return _by((x**2).mean(-1, keepdims=True) + eps, x, gain, dy)


@EXERCISE.mistake(
    "constant",
    kind="logic",
    says="takes r as a constant in the backward pass",
    hint="y is right. In dx the root mean square was taken as a constant, but x moves it: take the "
    "part along xhat out of g before you divide.",
)
def constant(x, gain, dy, eps=1e-5):
    return rms(x, gain, dy, eps)[0], gain * dy / np.sqrt((x**2).mean(-1, keepdims=True) + eps)


@EXERCISE.mistake(
    "centered",
    kind="logic",
    says="subtracts the mean in the backward pass",
    hint="y is right. dx has mean 0 in each row, as that of layer normalization has: but no mean "
    "was subtracted on the way forward, so none is taken out on the way back.",
)
def centered(x, gain, dy, eps=1e-5):
    y, dx = rms(x, gain, dy, eps)
    g = gain * dy
    r = np.sqrt((x**2).mean(-1, keepdims=True) + eps)
    return y, dx - g.mean(-1, keepdims=True) / r


@EXERCISE.mistake(
    "no_gain",
    kind="factor",
    says="forgets the gain in dx",
    hint="y is right; on its way back the gradient passes the gain, too: g = gain·dy.",
)
def no_gain(x, gain, dy, eps=1e-5):
    return rms(x, gain, dy, eps)[0], rms(x, np.ones_like(gain), dy, eps)[1]


@EXERCISE.mistake(
    "eps",
    kind="convention",
    says="adds eps to the root",
    hint="Only a large eps reveals it: it was added to the root. It belongs inside, beside the "
    "mean square.",
)
def eps_outside(x, gain, dy, eps=1e-5):
    root = np.sqrt((x**2).mean(-1, keepdims=True))
    r, g = root + eps, gain * dy
    along = x * (g * x).mean(-1, keepdims=True) / (root * r)
    return gain * x / r, (g - along) / r


@EXERCISE.variant("the Jacobian of every vector, written out as a matrix")
def jacobian(x, gain, dy, eps=1e-5):
    rows, back = x.reshape(-1, x.shape[-1]), dy.reshape(-1, x.shape[-1])
    y, dx = np.empty(rows.shape), np.empty(rows.shape)
    for i, row in enumerate(rows):
        d = len(row)
        inverse = (row @ row / d + eps) ** -0.5
        J = np.diag(gain) @ (np.eye(d) * inverse - np.outer(row, row) * inverse**3 / d)
        y[i], dx[i] = gain * row * inverse, J.T @ back[i]
    return y.reshape(x.shape), dx.reshape(x.shape)


@EXERCISE.variant("by the chain rule through r, as nested lists")
def staged(x, gain, dy, eps=1e-5):
    d = x.shape[-1]
    square = np.einsum("...i,...i->...", x, x)[..., None] / d
    inverse = 1 / np.sqrt(square + eps)
    dinverse = np.sum(dy * gain * x, axis=-1, keepdims=True)
    dx = gain * dy * inverse - dinverse * inverse**3 * x / d
    return [(gain * x * inverse).tolist(), dx.tolist()]


@EXERCISE.variant("float32")
def single_precision(x, gain, dy, eps=1e-5):
    return rms(*(a.astype(np.float32) for a in (x, gain, dy)), np.float32(eps))
