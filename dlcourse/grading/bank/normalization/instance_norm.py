"""Exercise ``instance_norm``: one channel of one image."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.normalization._batches import batch, named, normalized, outside
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="instance_norm",
    title="Instance normalization",
    chapter="5-normalization",
    position=7,
    entry="instance",
    parameters=("x", "style", "eps"),
    conventions=(
        "x is (N, C, H, W): every channel of every image is normalized over its own positions, "
        "with the biased variance and eps inside the root",
        "style is (N, C, h, w), another batch of images: each channel of y takes the mean and the "
        "deviation of the same channel of the same style image",
        "the deviation that is taken is √(var + eps), too; returns (xhat, y), new arrays",
    ),
    hints=(
        "What does a photograph lose when each of its channels is brought to mean 0 and deviation "
        "1? That is what the style puts back.",
        "Statistics over axes (2, 3) with keepdims=True, of x and of style. xhat is x normalized; "
        "y = xhat · deviation of style + mean of style. No average crosses images or channels.",
        "By hand, one image of one channel with two positions, x = [[[[1, 3]]]], style = [[[[10, "
        "10, 40, 40]]]], eps = 0: the means are 2 and 25, the deviations 1 and 15; xhat = (-1, 1), "
        "y = (10, 40).",
    ),
    result="Two arrays come back, xhat and y, shaped as x.",
    places=named("xhat", "y"),
)


@EXERCISE.solution
def instance(x, style, eps=1e-5):
    axes = (2, 3)
    deviation = np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    xhat = (x - x.mean(axis=axes, keepdims=True)) / deviation
    taken = np.sqrt(style.var(axis=axes, keepdims=True) + eps)
    return xhat, taken * xhat + style.mean(axis=axes, keepdims=True)


def _case(rng, shape, size, **settings):
    style = -2 * batch(rng, *shape[:2], *size) + np.round(rng.normal(size=(*shape[:2], 1, 1)), 3)
    return Case((batch(rng, *shape), style), settings)


@EXERCISE.probe("two images, two styles", group="core")
def two_images(rng):
    return _case(rng, (2, 3, 2, 3), (3, 2))


@EXERCISE.probe("one image", group="core")
def one_image(rng):
    return _case(rng, (1, 2, 2, 2), (4, 2))


@EXERCISE.probe("a constant style", group="edge")
def constant_style(rng):
    content, style = _case(rng, (2, 2, 2, 2), (2, 2)).args
    return Case((content, np.round(style.mean((2, 3), keepdims=True), 2) + np.zeros((2, 2))))


@EXERCISE.probe("a large eps", group="edge")
def large_eps(rng):
    return _case(rng, (2, 2, 3, 2), (2, 2), eps=round(float(rng.uniform(2, 4)), 2))


def _as(xhat, style, axes, eps, ddof=0):
    taken = np.sqrt(style.var(axis=axes, keepdims=True, ddof=ddof) + eps)
    return xhat, taken * xhat + style.mean(axis=axes, keepdims=True)


@EXERCISE.mistake(
    "batch",
    kind="axis",
    says="averages over the batch as well",
    hint="Two images share their statistics: the average went over the batch, as in batch "
    "normalization. Here every image has its own.",
)
def over_the_batch(x, style, eps=1e-5):
    return _as(normalized(x, (0, 2, 3), eps), style, (0, 2, 3), eps)


@EXERCISE.mistake(
    "layer",
    kind="axis",
    says="averages over the channels as well",
    hint="The channels share their statistics: the average went over them, as in layer "
    "normalization. Here every channel has its own.",
)
def over_channels(x, style, eps=1e-5):
    return _as(normalized(x, (1, 2, 3), eps), style, (1, 2, 3), eps)


@EXERCISE.mistake(
    "row",
    kind="axis",
    says="normalizes every row of pixels",
    hint="Every row of pixels was normalized by itself. All positions of a channel belong "
    "together: average over both of the last axes.",
)
def by_row(x, style, eps=1e-5):
    return _as(normalized(x, 3, eps), style, (2, 3), eps)


@EXERCISE.mistake(
    "mean_only",
    kind="logic",
    says="subtracts the mean and does not divide",
    hint="The channels have mean 0 and still their own spread: the division by the deviation is "
    "missing.",
)
def mean_only(x, style, eps=1e-5):
    return _as(x - x.mean((2, 3), keepdims=True), style, (2, 3), eps)


@EXERCISE.mistake(
    "own_style",
    kind="logic",
    says="puts the content's own mean and deviation back",
    hint="xhat is right, and y is x again: its own mean and deviation were put back. They are to "
    "be those of the style.",
)
def own_style(x, style, eps=1e-5):
    return _as(instance(x, style, eps)[0], x, (2, 3), eps)


@EXERCISE.mistake(
    "no_mean",
    kind="logic",
    says="takes only the deviation of the style",
    hint="xhat is right; y has the spread of the style, but not its mean: add that.",
)
def no_mean(x, style, eps=1e-5):
    xhat = instance(x, style, eps)[0]
    return xhat, np.sqrt(style.var((2, 3), keepdims=True) + eps) * xhat


@EXERCISE.mistake(
    "variance",
    kind="logic",
    says="multiplies by the variance of the style",
    hint="xhat is right; y is stretched by the style's variance. The deviation is its root.",
)
def variance(x, style, eps=1e-5):
    xhat = instance(x, style, eps)[0]
    mean = style.mean((2, 3), keepdims=True)
    return xhat, (style.var((2, 3), keepdims=True) + eps) * xhat + mean


@EXERCISE.mistake(
    "unbiased",
    kind="convention",
    says="uses the unbiased variance",
    hint="Everything is a little off, small images most: the variances were divided by the count "
    "− 1. Here they are divided by the count.",
)
def unbiased(x, style, eps=1e-5):
    return _as(normalized(x, (2, 3), eps, ddof=1), style, (2, 3), eps, ddof=1)


@EXERCISE.mistake(
    "eps",
    kind="convention",
    says="adds eps to the deviation",
    hint="Only a large eps, or a constant style, reveals it: eps was added to the deviation. It "
    "belongs inside the root.",
)
def eps_outside(x, style, eps=1e-5):
    xhat = outside(x, (2, 3), eps)
    return xhat, (style.std((2, 3), keepdims=True) + eps) * xhat + style.mean((2, 3), keepdims=True)


@EXERCISE.variant("image by image, channel by channel")
def by_loop(x, style, eps=1e-5):
    xhat, y = np.empty(x.shape), np.empty(x.shape)
    for i in range(x.shape[0]):
        for c in range(x.shape[1]):
            a, b = x[i, c], style[i, c]
            xhat[i, c] = (a - a.mean()) / (np.mean((a - a.mean()) ** 2) + eps) ** 0.5
            y[i, c] = b.mean() + xhat[i, c] * (np.mean((b - b.mean()) ** 2) + eps) ** 0.5
    return [xhat.tolist(), y.tolist()]


@EXERCISE.variant("the positions in one axis")
def flattened(x, style, eps=1e-5):
    a, b = (p.reshape(*p.shape[:2], -1) for p in (x, style))
    xhat = (a - a.mean(-1)[..., None]) / np.sqrt(a.var(-1) + eps)[..., None]
    y = np.sqrt(b.var(-1) + eps)[..., None] * xhat + b.mean(-1)[..., None]
    return xhat.reshape(x.shape), y.reshape(x.shape)


@EXERCISE.variant("float32")
def single_precision(x, style, eps=1e-5):
    return instance(x.astype(np.float32), style.astype(np.float32), np.float32(eps))
