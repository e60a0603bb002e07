"""Exercise ``group_norm``: the channels of one image, a few at a time."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.normalization._batches import affine, batch, by_channel
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="group_norm",
    title="Group normalization",
    chapter="5-normalization",
    position=6,
    entry="gn",
    parameters=("x", "gamma", "beta", "num_groups", "eps"),
    conventions=(
        "x is (N, C, H, W); the channels are cut into num_groups groups of neighbors, C/num_groups "
        "in each",
        "mean and biased variance are of one image and one group, over its channels and all "
        "positions",
        "gamma and beta are one number a channel, (C,); returns y, a new array shaped as x",
    ),
    hints=(
        "Which numbers share a mean? Write down the shape of the array of all means before you "
        "write code.",
        "Reshape x to (N, num_groups, −1): the last axis is then what is normalized together. "
        "Reshape back before gamma and beta, which are (1, C, 1, 1).",
        "By hand, one image of four channels of 1 × 1, x = (1, 3, 10, 50), two groups, gamma = 1, "
        "beta = 0, eps = 0: the first group has mean 2 and deviation 1, the second 30 and 20, so "
        "y = (-1, 1, -1, 1).",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def gn(x, gamma, beta, num_groups, eps=1e-5):
    groups = x.reshape(len(x), num_groups, -1)
    mean = groups.mean(axis=-1, keepdims=True)
    var = groups.var(axis=-1, keepdims=True)
    xhat = ((groups - mean) / np.sqrt(var + eps)).reshape(x.shape)
    return gamma[:, None, None] * xhat + beta[:, None, None]


def _case(rng, shape, num_groups, **settings):
    return Case((batch(rng, *shape), *affine(rng, shape[1]), num_groups), settings)


@EXERCISE.probe("two groups of three", group="core")
def two_of_three(rng):
    return _case(rng, (2, 6, 2, 3), 2)


@EXERCISE.probe("three groups of two", group="core")
def three_of_two(rng):
    return _case(rng, (3, 6, 2, 1), 3)


@EXERCISE.probe("one image, one position", group="edge")
def one_image(rng):
    return _case(rng, (1, 6, 1, 1), 2)


@EXERCISE.probe("a large eps", group="edge")
def large_eps(rng):
    return _case(rng, (2, 4, 2, 2), 2, eps=round(float(rng.uniform(2, 4)), 2))


@EXERCISE.probe("small numbers", group="edge")
def small(rng):
    x, *others = _case(rng, (2, 4, 2, 2), 2).args
    return Case((x / 1000, *others))


def _finish(xhat, x, gamma, beta):
    xhat = xhat.reshape(x.shape)
    return by_channel(gamma, x) * xhat + by_channel(beta, x)


def _grouped(groups, axes, eps, ddof=0):
    variance = groups.var(axis=axes, keepdims=True, ddof=ddof)
    return (groups - groups.mean(axis=axes, keepdims=True)) / np.sqrt(variance + eps)


@EXERCISE.mistake(
    "size",
    kind="convention",
    says="takes num_groups for the number of channels in a group",
    hint="There are groups of num_groups channels. The number says how many groups there are; each "
    "has C/num_groups channels.",
)
def size(x, gamma, beta, num_groups, eps=1e-5):
    return gn(x, gamma, beta, x.shape[1] // num_groups, eps)


@EXERCISE.mistake(
    "interleaved",
    kind="axis",
    says="deals the channels out to the groups in turn",
    hint="The groups are made of channels that are num_groups apart, as cards are dealt. Here a "
    "group is a run of neighbors: reshape to (N, num_groups, C/num_groups, …), in this order.",
)
def interleaved(x, gamma, beta, num_groups, eps=1e-5):
    n, c = x.shape[:2]
    cards = x.reshape(n, c // num_groups, num_groups, -1)
    return _finish(_grouped(cards, (1, 3), eps), x, gamma, beta)


@EXERCISE.mistake(
    "batch",
    kind="axis",
    says="averages over the batch as well",
    hint="The images share their statistics: the average went over the batch, too. Group "
    "normalization looks at one image at a time.",
)
def over_the_batch(x, gamma, beta, num_groups, eps=1e-5):
    groups = x.reshape(len(x), num_groups, -1)
    return _finish(_grouped(groups, (0, 2), eps), x, gamma, beta)


@EXERCISE.mistake(
    "instance",
    kind="axis",
    says="normalizes every channel by itself",
    hint="Every channel has its own mean: that is instance normalization, num_groups = C. The "
    "channels of one group share mean and variance.",
)
def instance(x, gamma, beta, num_groups, eps=1e-5):
    return _finish(_grouped(x, (2, 3), eps), x, gamma, beta)


@EXERCISE.mistake(
    "layer",
    kind="axis",
    says="normalizes all channels together",
    hint="All channels of an image were normalized together: that is num_groups = 1, layer "
    "normalization. Cut them into groups first.",
)
def layer(x, gamma, beta, num_groups, eps=1e-5):
    return gn(x, gamma, beta, 1, eps)


@EXERCISE.mistake(
    "position",
    kind="axis",
    says="keeps the positions apart",
    hint="Each position was normalized by itself, over the channels of a group only. All positions "
    "of the group's channels belong together.",
)
def position(x, gamma, beta, num_groups, eps=1e-5):
    n, c, h, w = x.shape
    groups = x.reshape(n, num_groups, c // num_groups, h, w)
    return _finish(_grouped(groups, 2, eps), x, gamma, beta)


@EXERCISE.mistake(
    "affine",
    kind="convention",
    says="one gamma and beta for a group",
    hint="The channels of a group all got the gamma and beta of its first channel. Statistics are "
    "shared in a group; gamma and beta are each channel's own.",
)
def affine_of_groups(x, gamma, beta, num_groups, eps=1e-5):
    size = x.shape[1] // num_groups
    first = (np.repeat(a[::size], size) for a in (gamma, beta))
    return gn(x, *first, num_groups, eps)


@EXERCISE.mistake(
    "unbiased",
    kind="convention",
    says="uses the unbiased variance",
    hint="Everything is a little too small: the variance was divided by the count − 1. Here it is "
    "divided by the count.",
)
def unbiased(x, gamma, beta, num_groups, eps=1e-5):
    groups = x.reshape(len(x), num_groups, -1)
    return _finish(_grouped(groups, 2, eps, ddof=1), x, gamma, beta)


@EXERCISE.mistake(
    "eps",
    kind="convention",
    says="adds eps to the deviation",
    hint="Only a large eps reveals it: it was added to the deviation. It belongs inside the root.",
)
def eps_outside(x, gamma, beta, num_groups, eps=1e-5):
    groups = x.reshape(len(x), num_groups, -1)
    deviation = groups.std(axis=-1, keepdims=True) + eps
    return _finish((groups - groups.mean(-1, keepdims=True)) / deviation, x, gamma, beta)


@EXERCISE.variant("image by image, group by group")
def by_loop(x, gamma, beta, num_groups, eps=1e-5):
    y, size = np.empty(x.shape), x.shape[1] // num_groups
    for i in range(len(x)):
        for start in range(0, x.shape[1], size):
            part = x[i, start : start + size]
            s = np.sqrt(np.mean((part - part.mean()) ** 2) + eps)
            for c in range(start, start + size):
                y[i, c] = gamma[c] * (x[i, c] - part.mean()) / s + beta[c]
    return y


@EXERCISE.variant("the groups split off and joined again")
def split(x, gamma, beta, num_groups, eps=1e-5):
    parts = []
    for part in np.split(x, num_groups, axis=1):
        mean = part.mean(axis=(1, 2, 3), keepdims=True)
        square = (part**2).mean(axis=(1, 2, 3), keepdims=True)
        parts.append((part - mean) * (square - mean**2 + eps) ** -0.5)
    xhat = np.concatenate(parts, axis=1)
    return (gamma.reshape(-1, 1, 1) * xhat + beta.reshape(-1, 1, 1)).tolist()


@EXERCISE.variant("float32")
def single_precision(x, gamma, beta, num_groups, eps=1e-5):
    arrays = (a.astype(np.float32) for a in (x, gamma, beta))
    return gn(*arrays, num_groups, np.float32(eps))
