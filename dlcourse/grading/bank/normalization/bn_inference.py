"""Exercise ``bn_inference``: batch normalization in use, and folded away."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.normalization._batches import affine, batch, named
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="bn_inference",
    title="Batch normalization in use",
    chapter="5-normalization",
    position=3,
    entry="bn_eval",
    parameters=("x", "gamma", "beta", "running_mean", "running_var", "W", "b", "eps"),
    conventions=(
        "y = gamma (x − running_mean)/√(running_var + eps) + beta; x is (N, C), N may be 1, and "
        "no statistics of x are taken",
        "a dense layer z = h Wᵀ + b, with W (C, D) and b (C,), followed by this normalization is "
        "one dense layer h W_foldᵀ + b_fold",
        "returns (y, W_fold, b_fold), new arrays",
    ),
    hints=(
        "Mean and variance are fixed numbers now. What kind of function of x is left, and what "
        "does one get by putting such a function behind a dense layer?",
        "With s = gamma/√(running_var + eps): y = s·(x − running_mean) + beta. Put h Wᵀ + b for x "
        "and collect: what multiplies h, and what stands alone?",
        "By hand, with x = [[5]], gamma = [3], beta = [1], running_mean = [2], running_var = [4], "
        "W = [[10, 20]], b = [4], eps = 0: s = 3/2, y = 1.5·3 + 1 = 5.5, W_fold = [[15, 30]], "
        "b_fold = 1.5·(4 − 2) + 1 = 4.",
    ),
    result="Three arrays come back: y, W_fold and b_fold.",
    places=named("y", "W_fold", "b_fold"),
)


@EXERCISE.solution
def bn_eval(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    s = gamma / np.sqrt(running_var + eps)
    y = s * (x - running_mean) + beta
    return y, s[:, None] * W, s * (b - running_mean) + beta


def _case(rng, n, c, d, **settings):
    past = np.round(rng.normal(2, 1, c), 3), np.round(rng.uniform(0.3, 3, c), 3)
    layer = np.round(rng.normal(size=(c, d)), 3), np.round(rng.normal(1, 1, c), 3)
    return Case((batch(rng, n, c), *affine(rng, c), *past, *layer), settings)


@EXERCISE.probe("a batch", group="core")
def a_batch(rng):
    return _case(rng, 6, 3, 3)


@EXERCISE.probe("one sample", group="core")
def one_sample(rng):
    return _case(rng, 1, 3, 3)


@EXERCISE.probe("one unit", group="edge")
def one_unit(rng):
    return _case(rng, 4, 1, 3)


@EXERCISE.probe("a large eps", group="edge")
def large_eps(rng):
    return _case(rng, 2, 2, 2, eps=round(float(rng.uniform(0.5, 1)), 2))


@EXERCISE.probe("a feature that hardly varied", group="edge")
def small(rng):
    x, gamma, beta, mean, var, W, b = _case(rng, 3, 2, 2).args
    return Case((x, gamma, beta, mean, np.round(var / 1e5, 8), W, b))


def _scale(gamma, running_var, eps):
    return gamma / np.sqrt(running_var + eps)


@EXERCISE.mistake(
    "batch_stats",
    kind="logic",
    says="uses the statistics of the batch",
    hint="A single sample came out as beta: it was normalized by its own mean. In use the running "
    "statistics normalize, whatever stands beside the sample.",
)
def batch_stats(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    right = bn_eval(x, gamma, beta, running_mean, running_var, W, b, eps)
    return gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + eps) + beta, *right[1:]


@EXERCISE.mistake(
    "bias",
    kind="logic",
    says="the bias does not pass the normalization",
    hint="y and W_fold agree, b_fold does not: the layer's bias goes through the normalization "
    "like everything else, (b − running_mean)·s + beta.",
)
def unscaled_bias(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    y, W_fold, _ = bn_eval(x, gamma, beta, running_mean, running_var, W, b, eps)
    return y, W_fold, b + beta - running_mean * _scale(gamma, running_var, eps)


@EXERCISE.mistake(
    "no_mean",
    kind="logic",
    says="forgets the running mean in b_fold",
    hint="y and W_fold agree; b_fold lacks the running mean: s·(b − running_mean) + beta.",
)
def no_mean(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    y, W_fold, _ = bn_eval(x, gamma, beta, running_mean, running_var, W, b, eps)
    return y, W_fold, b * _scale(gamma, running_var, eps) + beta


@EXERCISE.mistake(
    "no_bias",
    kind="logic",
    says="drops the layer's own bias",
    hint="b_fold is what it would be for b = 0. In training the bias before a batch normalization "
    "is redundant; the running mean has it in it, so here it must stay.",
)
def no_bias(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    return bn_eval(x, gamma, beta, running_mean, running_var, W, 0 * b, eps)


@EXERCISE.mistake(
    "no_root",
    kind="logic",
    says="divides by the variance",
    hint="The scale is wrong in every channel: the division was by the running variance. Take its "
    "root.",
)
def no_root(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    square = (running_var + eps) ** 2 - eps
    return bn_eval(x, gamma, beta, running_mean, square, W, b, eps)


@EXERCISE.mistake(
    "columns",
    kind="axis",
    says="scales the columns of W",
    hint="y and b_fold agree. s went along the inputs of W; a row of W makes one channel, so row c "
    "is multiplied by s[c]: s[:, None] * W.",
)
def columns(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    y, _, b_fold = bn_eval(x, gamma, beta, running_mean, running_var, W, b, eps)
    return y, W * _scale(gamma, running_var, eps), b_fold


@EXERCISE.mistake(
    "no_gamma",
    kind="factor",
    says="folds without gamma",
    hint="y agrees; the folded layer has no gamma in it. What multiplies a channel is s = "
    "gamma/√(running_var + eps), as a whole.",
)
def no_gamma(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    y = bn_eval(x, gamma, beta, running_mean, running_var, W, b, eps)[0]
    plain = np.ones_like(gamma)
    return y, *bn_eval(x, plain, beta, running_mean, running_var, W, b, eps)[1:]


@EXERCISE.mistake(
    "eps",
    kind="convention",
    says="adds eps to the deviation",
    hint="With the usual tiny eps all agrees, with a large one not: it was added to the deviation. "
    "Here it stands inside the root.",
)
def eps_outside(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    other = (np.sqrt(running_var) + eps) ** 2 - eps
    return bn_eval(x, gamma, beta, running_mean, other, W, b, eps)


@EXERCISE.variant("one affine map, then products with its diagonal")
def diagonal(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    s = np.diag(gamma * (running_var + eps) ** -0.5)
    shift = beta - s @ running_mean
    return x @ s + shift, s @ W, s @ b + shift


@EXERCISE.variant("channel by channel, as nested lists")
def by_channel(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    y, rows, biases = x.astype(float).tolist(), W.astype(float).tolist(), []
    for c in range(len(gamma)):
        s = float(gamma[c] / (running_var[c] + eps) ** 0.5)
        for row in y:
            row[c] = (row[c] - float(running_mean[c])) * s + float(beta[c])
        rows[c] = [s * w for w in rows[c]]
        biases.append((float(b[c]) - float(running_mean[c])) * s + float(beta[c]))
    return [y, rows, biases]


@EXERCISE.variant("float32")
def single_precision(x, gamma, beta, running_mean, running_var, W, b, eps=1e-5):
    arrays = (x, gamma, beta, running_mean, running_var, W, b)
    return bn_eval(*(a.astype(np.float32) for a in arrays), np.float32(eps))
