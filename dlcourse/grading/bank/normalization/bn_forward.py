"""Exercise ``bn_forward``: batch normalization in training, and what it remembers."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.normalization._batches import (
    affine,
    batch,
    by_channel,
    named,
    normalized,
    outside,
)
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="bn_forward",
    title="Batch normalization, forward",
    chapter="5-normalization",
    position=1,
    entry="bn",
    parameters=("x", "gamma", "beta", "running_mean", "running_var", "momentum", "eps"),
    conventions=(
        "x is (N, C) or (N, C, H, W); mean and variance are per channel C, over all other axes",
        "y = gamma (x − mean)/√(var + eps) + beta, with the biased variance (divided by the count)",
        "running ← (1 − momentum)·running + momentum·value of the batch, as PyTorch: momentum is "
        "the weight of the new value",
        "the variance that enters the running one is unbiased (divided by the count − 1)",
        "returns (y, running_mean, running_var), new arrays",
    ),
    hints=(
        "Which numbers share one mean? All that belong to one channel: down the batch, and over "
        "all positions of an image. Then there are two uses of the variance; are they the same?",
        "axes = (0,) for (N, C), (0, 2, 3) for (N, C, H, W). Reshape what is per channel to "
        "(1, C, 1, 1) before it meets x. The variance that you remember is the one you normalized "
        "with times count / (count − 1).",
        "By hand, with x = [[1], [3], [8]], gamma = [2], beta = [1], running_mean = [0], "
        "running_var = [1], momentum = 0.1, eps = 0: the mean is 4, the variance (9 + 1 + 16)/3 = "
        "26/3, so y = 1 + 2·(-3, -1, 4)/2.94392 = (-1.0381, 0.320634, 3.71746). Remembered are "
        "0.4 and 0.9 + 0.1·13 = 2.2.",
    ),
    result="Three arrays come back: y, shaped as x, running_mean and running_var.",
    places=named("y", "running_mean", "running_var"),
)


@EXERCISE.solution
def bn(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    axes = (0, *range(2, x.ndim))
    shape = (1, -1) + (1,) * (x.ndim - 2)
    count = x.size // x.shape[1]
    mean, var = x.mean(axis=axes), x.var(axis=axes)
    xhat = (x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + eps)
    y = gamma.reshape(shape) * xhat + beta.reshape(shape)
    unbiased = var * count / (count - 1)
    running_mean = (1 - momentum) * running_mean + momentum * mean
    running_var = (1 - momentum) * running_var + momentum * unbiased
    return y, running_mean, running_var


def _case(rng, *shape, **settings):
    c = shape[1]
    past = np.round(rng.normal(2, 1, c), 3), np.round(rng.uniform(0.5, 2, c), 3)
    return Case((batch(rng, *shape), *affine(rng, c), *past), settings)


@EXERCISE.probe("features", group="core")
def features(rng):
    return _case(rng, 5, 3)


@EXERCISE.probe("images as wide as there are channels", group="core")
def images(rng):
    return _case(rng, 2, 3, 2, 3)


@EXERCISE.probe("as many samples as features", group="edge")
def square(rng):
    return _case(rng, 4, 4)


@EXERCISE.probe("momentum 0.7", group="edge")
def quick(rng):
    return _case(rng, 3, 2, momentum=0.7)


@EXERCISE.probe("a large eps", group="edge")
def large_eps(rng):
    return _case(rng, 5, 3, eps=round(float(rng.uniform(0.5, 1)), 2))


@EXERCISE.probe("small numbers", group="edge")
def small(rng):
    x, *others = _case(rng, 5, 3).args
    return Case((x / 1000, *others))


def _axes(x):
    return (0, *range(2, x.ndim))


def _with(xhat, x, gamma, beta, *past, momentum=0.1, eps=1e-5):
    """The right running values, and another x̂."""
    y = by_channel(gamma, x) * xhat + by_channel(beta, x)
    return y, *bn(x, gamma, beta, *past, momentum, eps)[1:]


@EXERCISE.mistake(
    "axis",
    kind="axis",
    says="normalizes each sample",
    hint="Each row came out with mean 0 instead of each column: the average was taken over the "
    "features of one sample. Batch normalization averages down the batch, channel by channel.",
)
def per_sample(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    past = running_mean, running_var
    xhat = normalized(x, tuple(range(1, x.ndim)), eps)
    return _with(xhat, x, gamma, beta, *past, momentum=momentum, eps=eps)


@EXERCISE.mistake(
    "pixel",
    kind="axis",
    says="one mean and variance for every pixel",
    hint="Features are right, images are not: every pixel was normalized by itself. All positions "
    "of a channel share one mean and one variance: average over H and W too.",
)
def per_pixel(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    past = running_mean, running_var
    return _with(normalized(x, 0, eps), x, gamma, beta, *past, momentum=momentum, eps=eps)


@EXERCISE.mistake(
    "last_axis",
    kind="axis",
    says="gamma and beta go along the last axis of an image",
    hint="Features are right. In images gamma and beta went along the last axis, the width, which "
    "broadcasting does by itself. They belong to channels: reshape them to (1, C, 1, 1).",
)
def last_axis(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    past = bn(x, gamma, beta, running_mean, running_var, momentum, eps)[1:]
    return gamma * normalized(x, _axes(x), eps) + beta, *past


@EXERCISE.mistake(
    "momentum",
    kind="convention",
    says="momentum is the weight of the old value",
    hint="The running values follow the batch too fast: momentum was given to the old value. Here, "
    "as in PyTorch, it is the weight of the new one. (Keras has it the other way round.)",
)
def old_value(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    right = bn(x, gamma, beta, running_mean, running_var, momentum, eps)
    return right[0], *bn(x, gamma, beta, running_mean, running_var, 1 - momentum, eps)[1:]


@EXERCISE.mistake(
    "biased_running",
    kind="convention",
    says="remembers the biased variance",
    hint="y and running_mean agree; the variance that was remembered is a little too small. The "
    "one that enters running_var is divided by the count − 1.",
)
def biased_running(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    y, mean, _ = bn(x, gamma, beta, running_mean, running_var, momentum, eps)
    return y, mean, (1 - momentum) * running_var + momentum * x.var(_axes(x))


@EXERCISE.mistake(
    "unbiased_y",
    kind="convention",
    says="normalizes with the unbiased variance",
    hint="The running values agree; y is a little too small: it was divided by the unbiased "
    "deviation. In the normalization itself the variance is divided by the count.",
)
def unbiased_y(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    past = running_mean, running_var
    xhat = normalized(x, _axes(x), eps, ddof=1)
    return _with(xhat, x, gamma, beta, *past, momentum=momentum, eps=eps)


@EXERCISE.mistake(
    "eps",
    kind="convention",
    says="adds eps to the deviation",
    hint="Only a large eps reveals it: it was added to the deviation. Here it is added to the "
    "variance, inside the root.",
)
def eps_outside(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    past = running_mean, running_var
    return _with(outside(x, _axes(x), eps), x, gamma, beta, *past, momentum=momentum, eps=eps)


@EXERCISE.mistake(
    "running",
    kind="logic",
    says="normalizes with the running statistics",
    hint="y was made with the running statistics. In training the batch's own mean and variance "
    "normalize; the running ones are only brought up to date, for later.",
)
def by_running(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    mean, var = bn(x, gamma, beta, running_mean, running_var, momentum, eps)[1:]
    xhat = (x - by_channel(mean, x)) / np.sqrt(by_channel(var, x) + eps)
    return by_channel(gamma, x) * xhat + by_channel(beta, x), mean, var


@EXERCISE.mistake(
    "not_remembered",
    kind="logic",
    says="returns the running values unchanged",
    hint="y is right, but the running values came back as they went in. Every training batch moves "
    "them by the share momentum towards its own mean and variance.",
)
def not_remembered(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    y = bn(x, gamma, beta, running_mean, running_var, momentum, eps)[0]
    return y, running_mean.copy(), running_var.copy()


@EXERCISE.variant("channels moved to the end, and one flat list of rows")
def channels_last(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    moved = np.moveaxis(x, 1, -1)
    rows = moved.reshape(-1, x.shape[1])
    mean, var = rows.mean(0), ((rows - rows.mean(0)) ** 2).mean(0)
    y = gamma / np.sqrt(var + eps) * (moved - mean) + beta
    new = mean, rows.var(0, ddof=1)
    past = (running_mean, running_var)
    return [np.moveaxis(y, -1, 1)] + [
        r + momentum * (n - r) for r, n in zip(past, new, strict=True)
    ]


@EXERCISE.variant("a loop over the channels, nested lists")
def by_loop(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    y, means, variances = np.empty(x.shape), [], []
    for c in range(x.shape[1]):
        mean, var = np.mean(x[:, c]), np.mean(x[:, c] ** 2) - np.mean(x[:, c]) ** 2
        y[:, c] = gamma[c] * (x[:, c] - mean) / (var + eps) ** 0.5 + beta[c]
        count = x[:, c].size
        means.append(float(running_mean[c] * (1 - momentum) + momentum * mean))
        variances.append(float(running_var[c] * (1 - momentum)
                               + momentum * var * count / (count - 1)))  # fmt: skip
    return y.tolist(), means, variances


@EXERCISE.variant("float32")
def single_precision(x, gamma, beta, running_mean, running_var, momentum=0.1, eps=1e-5):
    arrays = (a.astype(np.float32) for a in (x, gamma, beta, running_mean, running_var))
    return bn(*arrays, np.float32(momentum), np.float32(eps))
