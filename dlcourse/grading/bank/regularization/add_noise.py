"""Exercise ``add_noise``: every pixel of every image gets a deviation of its own."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import photos
from dlcourse.grading.bank.regularization._masks import child
from dlcourse.grading.moments import Moment
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="add_noise",
    title="Noise on every pixel",
    chapter="7-regularization",
    position=17,
    entry="noisy",
    parameters=("x", "sigma", "rng"),
    conventions=(
        "x is (N, C, H, W), sigma (N,): one standard deviation an image",
        "every pixel gets independent normal noise of mean 0 and the deviation of its image; "
        "nothing is cut off",
        "any way of drawing from rng is fine: judged are the moments, never single draws; returns "
        "a new array",
    ),
    hints=(
        "How many numbers are to be drawn for N images of C channels?",
        "rng.normal(size=x.shape), times sigma brought to the shape (N, 1, 1, 1).",
        "By hand, two images of one pixel, 0.5 and 0.8, sigma = (0.1, 0.2), draws (1, -2): "
        "0.5 + 0.1 = 0.6 and 0.8 - 0.4 = 0.4.",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def noisy(x, sigma, rng):
    return rng.normal(x, sigma[:, None, None, None])


def _moments(x, sigma):
    """Of the noise in units of its deviation; where that is 0 there is none."""
    scale = np.where(sigma > 0, sigma, 1)[:, None, None, None]
    loud = sigma > 0

    def z(y):
        return ((y - x) / scale)[loud]

    def pairs(y, axis):
        a = np.moveaxis(z(y), axis, 0)
        even = len(a) // 2 * 2
        return a[0:even:2] * a[1:even:2]

    found = [
        Moment("mean of the noise", z, 0.0, 1.0),
        Moment("variance of the noise over sigma²", lambda y: z(y) ** 2, 1.0, 2**0.5),
        Moment("fourth moment over sigma⁴", lambda y: z(y) ** 4, 3.0, 96**0.5),
    ]
    names = ("images", "channels", "rows", "columns")
    for axis, name in enumerate(names):
        if (loud.sum(), *x.shape[1:])[axis] > 1:
            of = lambda y, a=axis: pairs(y, a)  # noqa: E731
            found.append(Moment(f"dependence of neighboring {name}", of, 0.0, 1.0))
    if not loud.all():
        quiet = ~loud
        found.append(Moment("noise where sigma is 0", lambda y: abs(y - x)[quiet] > 1e-6, 0.0, 0.0))
    return tuple(found)


def _case(rng, n, c, h, w, sigma):
    x, sigma = photos(rng, n, c, h, w), np.round(sigma * rng.uniform(0.9, 1.1, n), 3)
    return Case((x, sigma, child(rng)), moments=_moments(x, sigma))


@EXERCISE.probe("six images", group="core")
def six(rng):
    return _case(rng, 6, 2, 22, 22, [0.05, 0.1, 0.2, 0.3, 0.5, 0.8])


@EXERCISE.probe("images in colour", group="core")
def colour(rng):
    return _case(rng, 4, 3, 20, 23, [0.1, 0.15, 0.3, 0.6])


@EXERCISE.probe("some without noise", group="edge")
def some_quiet(rng):
    return _case(rng, 5, 2, 24, 20, [0.4, 0.0, 0.1, 0.0, 0.2])


@EXERCISE.probe("as many images as columns", group="edge")
def alike(rng):
    return _case(rng, 14, 2, 14, 14, [0.1, 0.2] * 7)


@EXERCISE.probe("loud enough to leave [0, 1]", group="edge")
def loud(rng):
    return _case(rng, 4, 2, 22, 22, [1.0, 1.5, 2.0, 3.0])


def _with(x, sigma, draws):
    return x + sigma.reshape(-1, 1, 1, 1) * draws


@EXERCISE.mistake(
    "one",
    kind="axis",
    says="draws one noise for all images",
    hint="All images have the same noise: draw in the shape of x, so that each has its own.",
)
def one_noise(x, sigma, rng):
    return _with(x, sigma, rng.normal(size=x.shape[1:]))


@EXERCISE.mistake(
    "level",
    kind="axis",
    says="draws one number an image",
    hint="Each image became lighter or darker as a whole: one number was drawn for it. Every pixel "
    "gets its own.",
)
def one_level(x, sigma, rng):
    return _with(x, sigma, rng.normal(size=(len(x), 1, 1, 1)))


@EXERCISE.mistake(
    "channels",
    kind="axis",
    says="draws the same for all channels",
    hint="All channels of an image have the same noise, so that it is grey. Each has its own.",
)
def grey(x, sigma, rng):
    return _with(x, sigma, rng.normal(size=(len(x), 1, *x.shape[2:])))


@EXERCISE.mistake(
    "uniform",
    kind="logic",
    says="draws from a uniform distribution",
    hint="Mean and variance are right, the fourth moment is not: the noise is uniform. It is to be "
    "normal, with rare large values.",
)
def uniform(x, sigma, rng):
    return _with(x, sigma, rng.uniform(-(3**0.5), 3**0.5, x.shape))


@EXERCISE.mistake(
    "positive",
    kind="logic",
    says="draws from 0 to 1",
    hint="The images became lighter: rng.random lies between 0 and 1. Noise has mean 0; take "
    "rng.normal.",
)
def positive(x, sigma, rng):
    return _with(x, sigma, rng.random(x.shape))


@EXERCISE.mistake(
    "variance",
    kind="factor",
    says="takes sigma for the variance",
    hint="The noise is too strong where sigma is below 1, too weak above: its root was taken. "
    "sigma is the deviation.",
)
def variance(x, sigma, rng):
    return _with(x, np.sqrt(sigma), rng.normal(size=x.shape))


@EXERCISE.mistake(
    "last",
    kind="axis",
    says="gives the first sigma to all images",
    hint="All images have noise of one strength: each has its own sigma.",
)
def first_sigma(x, sigma, rng):
    return _with(x, np.broadcast_to(sigma[:1], sigma.shape), rng.normal(size=x.shape))


@EXERCISE.mistake(
    "cut",
    kind="convention",
    says="cuts to [0, 1]",
    hint="The noise is cut at 0 and 1, so that it has another mean and variance near the ends. "
    "Nothing is cut off here.",
)
def cut(x, sigma, rng):
    return np.clip(noisy(x, sigma, rng), 0, 1)


@EXERCISE.mistake(
    "times",
    kind="logic",
    says="multiplies by the noise",
    hint="Dark pixels have little noise: it was multiplied by the image. It is added.",
)
def times(x, sigma, rng):
    return x * _with(np.ones(x.shape), sigma, rng.normal(size=x.shape))


@EXERCISE.variant("the deviation handed to the generator")
def by_scale(x, sigma, rng):
    return rng.normal(x, np.broadcast_to(sigma[:, None, None, None], x.shape))


@EXERCISE.variant("image by image")
def by_image(x, sigma, rng):
    pairs = zip(x, sigma.tolist(), strict=True)
    return [(a + s * rng.standard_normal(a.shape)).tolist() for a, s in pairs]


@EXERCISE.variant("float32")
def single_precision(x, sigma, rng):
    draws = rng.standard_normal(x.shape, np.float32)
    return x.astype(np.float32) + sigma.astype(np.float32)[:, None, None, None] * draws
