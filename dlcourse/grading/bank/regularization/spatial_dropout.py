"""Exercise ``spatial_dropout``: neighbors in an image know each other; drop the whole channel."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._masks import about, child, of_mask, untouched
from dlcourse.grading.moments import Moment
from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return "y" + "".join(f"[{i}]" for i in path) if path else ""


EXERCISE = Exercise(
    id="spatial_dropout",
    title="Dropping whole channels",
    chapter="7-regularization",
    position=7,
    entry="spatial",
    parameters=("x", "p", "rng"),
    conventions=(
        "x is (N, C, H, W): every channel of every image is kept or dropped as a whole, each by "
        "itself",
        "p is the probability of dropping; kept channels are divided by 1 − p",
        "any way of drawing from rng is fine: judged are the shares, never single draws; returns "
        "y, shaped as x",
    ),
    hints=(
        "How many coins are to be tossed for a batch of N images with C channels?",
        "N·C coins, in the shape (N, C, 1, 1); the other two axes follow by broadcasting.",
        "By hand, one image with two channels, (1, 2; 3, 4) and (5, 6; 7, 8), p = 0.2, "
        "u = (0.1, 0.9): the first is dropped, the second becomes (6.25, 7.5; 8.75, 10).",
    ),
    result="One array comes back, shaped as x.",
    places=_place,
)


@EXERCISE.solution
def spatial(x, p, rng):
    kept = rng.binomial(1, 1 - p, (*x.shape[:2], 1, 1))
    return x * kept / (1 - p)


def _channels(share):
    return share[..., 0, 0]


def _case(rng, n, c, h, w, p=None):
    p = round(float(rng.uniform(0.2, 0.4)), 2) if p is None else p
    x = about(rng, (n, c, h, w))

    def uneven(value):
        share = value[0] / x
        return abs(share - share[..., :1, :1]) > 1e-5

    def wrapped(moment):
        return Moment(moment.name, lambda y: moment.of([y]), moment.expected, moment.deviation)

    moments = [
        *of_mask(x, p, _channels, (0, 1)),
        Moment("share of pixels unlike the first of their channel", uneven, 0.0, 0.0),
    ]
    return Case((x, p, child(rng)), moments=tuple(map(wrapped, moments if p else untouched(x))))


@EXERCISE.probe("many small images", group="core")
def many(rng):
    return _case(rng, 50, 40, 2, 2)


@EXERCISE.probe("most are dropped", group="core")
def most(rng):
    return _case(rng, 40, 50, 2, 2, p=round(float(rng.uniform(0.7, 0.85)), 2))


@EXERCISE.probe("images that are not square", group="edge")
def not_square(rng):
    return _case(rng, 36, 30, 2, 5)


@EXERCISE.probe("as many channels as rows and columns", group="edge")
def alike(rng):
    return _case(rng, 60, 6, 6, 6)


@EXERCISE.probe("two channels, one in two dropped", group="edge")
def two_channels(rng):
    return _case(rng, int(rng.integers(700, 800)), 2, 2, 1, p=0.5)


@EXERCISE.probe("p = 0", group="edge")
def nobody(rng):
    return _case(rng, 2, 3, 4, 3, p=0.0)


def _by(x, p, rng, shape, scale=None):
    kept = rng.random(shape) >= p
    return x * kept * (1 / (1 - p) if scale is None else scale)


@EXERCISE.mistake(
    "entries",
    kind="axis",
    says="drops single pixels",
    hint="Single pixels are dropped, as in plain dropout. Their neighbors tell what was there; "
    "here a channel goes as a whole.",
)
def entries(x, p, rng):
    return _by(x, p, rng, x.shape)


@EXERCISE.mistake(
    "shared",
    kind="axis",
    says="drops the same channels of all images",
    hint="All images lose the same channels: C coins were tossed, for all of them together. Each "
    "image has its own.",
)
def shared(x, p, rng):
    return _by(x, p, rng, (1, x.shape[1], 1, 1))


@EXERCISE.mistake(
    "images",
    kind="axis",
    says="drops whole images",
    hint="Whole images vanish, all channels at once: one coin was tossed an image. Each of its "
    "channels has its own.",
)
def images(x, p, rng):
    return _by(x, p, rng, (len(x), 1, 1, 1))


@EXERCISE.mistake(
    "places",
    kind="axis",
    says="drops places, in all channels",
    hint="A pixel is missing in all channels, its neighbor is there: the coins were tossed over "
    "height and width. Toss them over N and C.",
)
def places(x, p, rng):
    return _by(x, p, rng, (len(x), 1, *x.shape[2:]))


@EXERCISE.mistake(
    "last",
    kind="axis",
    says="takes the last axis for the channels",
    hint="Columns vanish instead of channels: the channels were looked for on the last axis. They "
    "come second, as in PyTorch.",
)
def channels_last(x, p, rng):
    return _by(x, p, rng, (len(x), 1, 1, x.shape[-1]))


@EXERCISE.mistake(
    "keep",
    kind="convention",
    says="takes p for the probability of keeping",
    hint="The larger p, the more survives: it was taken for the share that is kept. It is what is "
    "dropped.",
)
def keep(x, p, rng):
    return spatial(x, 1 - p if p else 0.0, rng)


@EXERCISE.mistake(
    "unscaled",
    kind="factor",
    says="does not divide by 1 − p",
    hint="The channels that are kept are as they were. To keep the mean they are divided by 1 − p, "
    "as in plain dropout.",
)
def unscaled(x, p, rng):
    return _by(x, p, rng, (*x.shape[:2], 1, 1), 1.0)


@EXERCISE.mistake(
    "count",
    kind="logic",
    says="drops a fixed number of channels",
    hint="Every image loses the same number of channels, so that one channel's fate tells of the "
    "others'. Each has a coin of its own.",
)
def fixed_number(x, p, rng):
    n, c = x.shape[:2]
    dropped = max(round(p * c), 1) if p else 0
    kept = np.arange(c) >= dropped
    order = np.array([rng.permutation(kept) for _ in range(n)]).reshape(n, c, 1, 1)
    return x * order / (1 - p)


@EXERCISE.variant("coins from the binomial distribution")
def by_coins(x, p, rng):
    n, c, _, _ = x.shape
    factors = rng.binomial(1, 1 - p, n * c).reshape(n, c) / (1 - p)
    return np.einsum("nchw,nc->nchw", x, factors)


@EXERCISE.variant("channel by channel")
def by_loop(x, p, rng):
    y = []
    for image in x:
        for channel in image:
            y.append((0.0 if rng.random() < p else 1 / (1 - p)) * channel)
    return np.reshape(y, x.shape).tolist()


@EXERCISE.variant("float32")
def single_precision(x, p, rng):
    kept = rng.random((*x.shape[:2], 1, 1), np.float32) >= p
    return x.astype(np.float32) * kept / np.float32(1 - p)
