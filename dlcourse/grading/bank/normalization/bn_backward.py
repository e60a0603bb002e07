"""Exercise ``bn_backward``: three paths from x to y, and so three terms."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.normalization._batches import affine, batch, named, normalized
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="bn_backward",
    title="Batch normalization, backward",
    chapter="5-normalization",
    position=2,
    entry="bn_backward",
    parameters=("dy", "x", "gamma", "eps"),
    conventions=(
        "forward in training: xhat = (x − mean)/√(var + eps) along axis 0, biased variance, and "
        "y = gamma·xhat + beta; x and dy are (N, C)",
        "dy is the derivative of the loss by y",
        "returns (dx, dgamma, dbeta), the derivatives of the loss by x, gamma and beta: new arrays",
    ),
    hints=(
        "If you add the same number to a whole column of x, what happens to y? And if you stretch "
        "the column about its mean? The gradient dx must know both answers.",
        "Let g = gamma·dy. Take out of g, column by column, its mean, and then the part that goes "
        "along xhat: xhat times the mean of g·xhat. What is left is divided by √(var + eps). The "
        "other two are sums: dgamma of dy·xhat, dbeta of dy.",
        "By hand, with one feature, x = (1, 3, 5), gamma = [2], eps = 0 and dy = (1, 0, 0): the "
        "deviation is √(8/3) = 1.63299, xhat = (-1.22474, 0, 1.22474), g = (2, 0, 0). Its mean is "
        "2/3, the mean of g·xhat is -0.816497. So dx = ((2, 0, 0) − 2/3 + 0.816497·xhat)/1.63299 "
        "= (0.204124, -0.408248, 0.204124), dgamma = -1.22474, dbeta = 1.",
    ),
    result="Three arrays come back: dx, shaped as x, dgamma and dbeta.",
    places=named("dx", "dgamma", "dbeta"),
)


@EXERCISE.solution
def bn_backward(dy, x, gamma, eps=1e-5):
    deviation = np.sqrt(x.var(axis=0) + eps)
    xhat = (x - x.mean(axis=0)) / deviation
    g = gamma * dy
    dx = (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=0)) / deviation
    return dx, (dy * xhat).sum(axis=0), dy.sum(axis=0)


def _case(rng, n, c, constant=0.0, along=0.0, **settings):
    """dy is noise, and as much of a constant and of xhat as is said."""
    x = batch(rng, n, c)
    dy = constant + along * normalized(x, 0, 1e-5) + rng.normal(size=(n, c))
    return Case((np.round(dy, 3), x, affine(rng, c)[0]), settings)


@EXERCISE.probe("any gradient", group="core")
def any_gradient(rng):
    return _case(rng, 6, 3)


@EXERCISE.probe("much of it the same in all rows", group="core")
def nearly_constant(rng):
    return _case(rng, 5, 2, constant=3.0)


@EXERCISE.probe("much of it along xhat", group="edge")
def along_xhat(rng):
    return _case(rng, 6, 2, along=4.0)


@EXERCISE.probe("a large eps", group="edge")
def large_eps(rng):
    return _case(rng, 5, 3, eps=round(float(rng.uniform(0.5, 1)), 2))


@EXERCISE.probe("small numbers", group="edge")
def small(rng):
    dy, x, gamma = _case(rng, 5, 3).args
    return Case((dy, x / 1000, gamma))


def _parts(dy, x, gamma, eps):
    deviation = np.sqrt(x.var(0) + eps)
    return gamma * dy, (x - x.mean(0)) / deviation, deviation


def _with(dx, dy, x, gamma, eps):
    return dx, *bn_backward(dy, x, gamma, eps)[1:]


@EXERCISE.mistake(
    "constants",
    kind="logic",
    says="takes mean and variance as constants",
    hint="Mean and variance were taken as constants, but every x moves them. Adding a number to a "
    "whole column of x changes nothing, so the column sums of dx must be 0; yours are not.",
)
def constants(dy, x, gamma, eps=1e-5):
    g, _, deviation = _parts(dy, x, gamma, eps)
    return _with(g / deviation, dy, x, gamma, eps)


@EXERCISE.mistake(
    "no_var",
    kind="logic",
    says="forgets the path through the variance",
    hint="The columns of dx sum to 0, so the path through the mean is there; the one through the "
    "variance is not. Take out the part along xhat: xhat times the mean of g·xhat.",
)
def no_var(dy, x, gamma, eps=1e-5):
    g, _, deviation = _parts(dy, x, gamma, eps)
    return _with((g - g.mean(0)) / deviation, dy, x, gamma, eps)


@EXERCISE.mistake(
    "no_mean",
    kind="logic",
    says="forgets the path through the mean",
    hint="The part along xhat is out, the mean is not: the columns of dx do not sum to 0. Subtract "
    "the mean of g as well.",
)
def no_mean(dy, x, gamma, eps=1e-5):
    g, xhat, deviation = _parts(dy, x, gamma, eps)
    return _with((g - xhat * (g * xhat).mean(0)) / deviation, dy, x, gamma, eps)


@EXERCISE.mistake(
    "dgamma",
    kind="logic",
    says="multiplies by x instead of xhat in dgamma",
    hint="dx and dbeta agree. What gamma multiplies is the normalized input, so dgamma sums "
    "dy·xhat, not dy·x.",
)
def by_x(dy, x, gamma, eps=1e-5):
    dx, _, dbeta = bn_backward(dy, x, gamma, eps)
    return dx, (dy * x).sum(0), dbeta


@EXERCISE.mistake(
    "sums",
    kind="factor",
    says="sums instead of means inside dx",
    hint="The two corrections inside dx are N times too large: both are means over the batch, not "
    "sums.",
)
def sums(dy, x, gamma, eps=1e-5):
    g, xhat, deviation = _parts(dy, x, gamma, eps)
    return _with((g - g.sum(0) - xhat * (g * xhat).sum(0)) / deviation, dy, x, gamma, eps)


@EXERCISE.mistake(
    "no_gamma",
    kind="factor",
    says="forgets gamma in dx",
    hint="dgamma and dbeta agree, dx is off by a factor of its own in each column: gamma. On its "
    "way from y to x the gradient passes it.",
)
def no_gamma(dy, x, gamma, eps=1e-5):
    return _with(bn_backward(dy, x, np.ones_like(gamma), eps)[0], dy, x, gamma, eps)


@EXERCISE.mistake(
    "no_deviation",
    kind="factor",
    says="does not divide by the deviation",
    hint="dx is off by a factor in each column: the deviation. The forward pass divided by it, and "
    "so does the backward pass.",
)
def no_deviation(dy, x, gamma, eps=1e-5):
    dx = bn_backward(dy, x, gamma, eps)[0]
    return _with(dx * np.sqrt(x.var(0) + eps), dy, x, gamma, eps)


@EXERCISE.mistake(
    "means",
    kind="factor",
    says="means instead of sums in dgamma and dbeta",
    hint="dx agrees; dgamma and dbeta are N times too small. All rows share one gamma and one "
    "beta, so their gradients are sums over the rows.",
)
def means(dy, x, gamma, eps=1e-5):
    dx, dgamma, dbeta = bn_backward(dy, x, gamma, eps)
    return dx, dgamma / len(x), dbeta / len(x)


@EXERCISE.mistake(
    "unbiased",
    kind="convention",
    says="uses the unbiased variance",
    hint="All is a few percent off: the variance was divided by N − 1. The forward pass divides by "
    "N here, and the backward pass is the derivative of that one.",
)
def unbiased(dy, x, gamma, eps=1e-5):
    deviation = np.sqrt(x.var(0, ddof=1) + eps)
    xhat = (x - x.mean(0)) / deviation
    g = gamma * dy
    dx = (g - g.mean(0) - xhat * (g * xhat).sum(0) / (len(x) - 1)) / deviation
    return dx, (dy * xhat).sum(0), dy.sum(0)


@EXERCISE.mistake(
    "eps",
    kind="convention",
    says="adds eps to the deviation",
    hint="With the usual tiny eps all agrees, with a large one not: it was added to the deviation. "
    "Here it stands inside the root, √(var + eps).",
)
def eps_outside(dy, x, gamma, eps=1e-5):
    spread = x.std(0)
    u, g = x - x.mean(0), gamma * dy
    deviation = spread + eps
    dx = (g - g.mean(0) - u * (g * u).mean(0) / (deviation * spread)) / deviation
    return dx, (dy * u / deviation).sum(0), dy.sum(0)


@EXERCISE.variant("node by node, as the chain rule goes through the graph")
def staged(dy, x, gamma, eps=1e-5):
    n = len(x)
    centered = x - np.mean(x, axis=0)
    var = np.mean(centered**2, axis=0)
    inverse = (var + eps) ** -0.5
    dxhat = dy * gamma
    dvar = np.sum(dxhat * centered, axis=0) * -0.5 * inverse**3
    dmean = -np.sum(dxhat * inverse, axis=0) - 2 * dvar * centered.mean(axis=0)
    dx = dxhat * inverse + dvar * 2 * centered / n + dmean / n
    return [dx, np.sum(dy * centered * inverse, axis=0), np.sum(dy, axis=0)]


@EXERCISE.variant("the Jacobian of one column, written out as a matrix")
def jacobian(dy, x, gamma, eps=1e-5):
    n = len(x)
    dx, dgamma = np.empty(x.shape), np.empty(len(gamma))
    for c in range(x.shape[1]):
        s = np.sqrt(x[:, c].var() + eps)
        h = (x[:, c] - x[:, c].mean()) / s
        J = (np.eye(n) - np.ones((n, n)) / n - np.outer(h, h) / n) / s
        dx[:, c] = gamma[c] * J.T @ dy[:, c]
        dgamma[c] = h @ dy[:, c]
    return dx, dgamma, np.ones(n) @ dy


@EXERCISE.variant("float32")
def single_precision(dy, x, gamma, eps=1e-5):
    return bn_backward(*(a.astype(np.float32) for a in (dy, x, gamma)), np.float32(eps))
