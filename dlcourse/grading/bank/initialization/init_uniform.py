"""Exercise ``init_uniform``: two families of draws with one and the same spread."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.initialization._draws import child, dense, family
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="init_uniform",
    title="Two families, one spread",
    chapter="3-initialization",
    position=1,
    entry="draw",
    parameters=("shape", "rng", "std", "kind"),
    conventions=(
        'kind is "normal" or "uniform"; both have mean 0 and standard deviation std',
        "uniform draws lie between -a and a; which a is your part",
        "any way of drawing from rng is fine: judged are shape and moments, never single draws",
        "returns one new array of the given shape, every entry a draw of its own",
    ),
    hints=(
        "Look at the variance of a uniform draw between -a and a: the mean of x² over that "
        "interval. Is it a², or less?",
        "∫ x² dx / (2a) from -a to a is a²/3. Set it equal to std² and solve for a. The normal "
        "draw takes std as it is.",
        "By hand, with std = 0.5: the variance is 0.25, so a² = 0.75 and a = 0.866025.",
    ),
    result="One array of the given shape.",
)


@EXERCISE.solution
def draw(shape, rng, std, kind):
    if kind == "normal":
        return rng.normal(0.0, std, shape)
    bound = np.sqrt(3) * std
    return rng.uniform(-bound, bound, shape)


def _case(rng, kind, std):
    shape = dense(rng)
    return Case((shape, child(rng), std, kind), moments=family(kind, std**2))


@EXERCISE.probe("normal", group="core")
def normal(rng):
    return _case(rng, "normal", round(float(rng.uniform(0.05, 0.3)), 3))


@EXERCISE.probe("uniform", group="core")
def uniform(rng):
    return _case(rng, "uniform", round(float(rng.uniform(0.05, 0.3)), 3))


@EXERCISE.probe("a spread above one", group="edge")
def wide(rng):
    return _case(rng, "uniform", round(float(rng.uniform(2, 4)), 2))


@EXERCISE.mistake(
    "bound",
    kind="factor",
    says="takes std for the bound of the uniform draw",
    hint="The normal draw is right; the uniform one has a third of the variance: std was taken for "
    "its bound. A draw between -a and a has the variance a²/3.",
)
def bound(shape, rng, std, kind):
    return rng.normal(0, std, shape) if kind == "normal" else rng.uniform(-std, std, shape)


@EXERCISE.mistake(
    "width",
    kind="factor",
    says="takes √12 std, the width of the interval, for its half",
    hint="The normal draw is right; the uniform one has four times the variance. √12 std is the "
    "whole width of the interval, a is half of it.",
)
def width(shape, rng, std, kind):
    if kind == "normal":
        return draw(shape, rng, std, kind)
    return rng.uniform(-(12**0.5) * std, 12**0.5 * std, shape)


@EXERCISE.mistake(
    "no_root",
    kind="api",
    says="hands over the variance where the deviation is asked",
    hint="The normal draw has the deviation std²: rng.normal takes the standard deviation, not the "
    "variance.",
)
def no_root(shape, rng, std, kind):
    return rng.normal(0, std**2, shape) if kind == "normal" else draw(shape, rng, std, kind)


@EXERCISE.mistake(
    "one_sided",
    kind="api",
    says="draws between 0 and a",
    hint="The uniform draws are all positive: rng.uniform was given one end, or rng.random was not "
    "shifted. They lie between -a and a, with mean 0.",
)
def one_sided(shape, rng, std, kind):
    if kind == "normal":
        return draw(shape, rng, std, kind)
    return rng.uniform(0, 3**0.5 * std, shape)


@EXERCISE.mistake(
    "one_family",
    kind="logic",
    says="always draws from the normal distribution",
    hint="The spread is right and the family is not: asked for a uniform draw, it gave a normal "
    "one, with values beyond a.",
)
def one_family(shape, rng, std, kind):
    return rng.normal(0, std, shape)


@EXERCISE.mistake(
    "same_rows",
    kind="logic",
    says="draws one row and repeats it",
    hint="Every row is the same: one was drawn and repeated. Units with equal weights get equal "
    "gradients and stay equal; each entry needs a draw of its own.",
)
def same_rows(shape, rng, std, kind):
    return np.tile(draw(shape[1:], rng, std, kind), (shape[0], 1))


@EXERCISE.variant("entry by entry")
def entries(shape, rng, std, kind):
    w = np.empty(shape)
    for place in np.ndindex(shape):
        if kind == "normal":
            w[place] = std * rng.normal()
        else:
            w[place] = (2 * rng.random() - 1) * 3**0.5 * std
    return w


@EXERCISE.variant("from random numbers between 0 and 1, normal ones by Box and Muller's way")
def from_random(shape, rng, std, kind):
    u = rng.random(shape)
    if kind == "uniform":
        return 12**0.5 * std * (u - 0.5)
    return std * np.sqrt(-2 * np.log1p(-u)) * np.cos(2 * np.pi * rng.random(shape))


@EXERCISE.variant("float32")
def single_precision(shape, rng, std, kind):
    return draw(shape, rng, std, kind).astype(np.float32)
