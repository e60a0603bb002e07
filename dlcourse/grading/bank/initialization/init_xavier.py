"""Exercise ``init_xavier``: one variance for the way there and the way back."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.initialization._draws import child, convolution, dense, family, fans
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="init_xavier",
    title="Xavier initialization",
    chapter="3-initialization",
    position=3,
    entry="xavier",
    parameters=("shape", "rng", "kind"),
    conventions=(
        "shape is (fan_out, fan_in), or (channels out, channels in, height, width)",
        "of a convolution each fan is its channels times height · width",
        'variance 2 / (fan_in + fan_out); kind "normal", or "uniform" between -a and a',
        "any way of drawing from rng is fine: judged are shape and moments, never single draws",
    ),
    hints=(
        "Look at a layer with many more inputs than outputs. The way there wants the variance "
        "1/fan_in, the way back 1/fan_out; what lies between?",
        "The variance is 2 / (fan_in + fan_out). The normal draw takes its root; the uniform one "
        "lies between -a and a with a²/3 equal to the variance, a = √(6 / (fan_in + fan_out)). "
        "Multiply both fans of a convolution by the area of its kernel.",
        "By hand, for the shape (4, 6, 3, 3): fan_in = 54, fan_out = 36, the variance is 2/90 = "
        "0.0222222, the deviation 0.149071, and a = 0.258199.",
    ),
    result="One array of the given shape.",
)


@EXERCISE.solution
def xavier(shape, rng, kind):
    area = np.prod(shape[2:])
    variance = 2 / ((shape[0] + shape[1]) * area)
    if kind == "normal":
        return rng.normal(0.0, np.sqrt(variance), shape)
    bound = np.sqrt(3 * variance)
    return rng.uniform(-bound, bound, shape)


def _case(rng, shape, kind):
    return Case((shape, child(rng), kind), moments=family(kind, 2 / sum(fans(shape))))


@EXERCISE.probe("normal", group="core")
def normal(rng):
    return _case(rng, dense(rng), "normal")


@EXERCISE.probe("uniform", group="core")
def uniform(rng):
    return _case(rng, dense(rng, 240, 100), "uniform")


@EXERCISE.probe("a convolution", group="edge")
def of_a_convolution(rng):
    return _case(rng, convolution(rng), "uniform")


@EXERCISE.probe("many inputs", group="edge")
def many_inputs(rng):
    return _case(rng, dense(rng, 40, 900), "normal")


def _drawn(shape, rng, kind, variance):
    if kind == "normal":
        return rng.normal(0, variance**0.5, shape)
    return rng.uniform(-((3 * variance) ** 0.5), (3 * variance) ** 0.5, shape)


@EXERCISE.mistake(
    "fan_in",
    kind="logic",
    says="1/fan_in alone",
    hint="The variance is 1/fan_in, right for a square layer only: this is LeCun's, which keeps "
    "the way there. Xavier takes the way back in, with fan_in + fan_out.",
)
def fan_in(shape, rng, kind):
    return _drawn(shape, rng, kind, 1 / fans(shape)[0])


@EXERCISE.mistake(
    "var_as_std",
    kind="api",
    says="hands the variance to rng.normal",
    hint="The uniform draw is right; the normal one is far too small: rng.normal takes the "
    "standard deviation, the root of 2 / (fan_in + fan_out).",
)
def var_as_std(shape, rng, kind):
    variance = 2 / sum(fans(shape))
    if kind == "normal":
        return rng.normal(0, variance, shape)
    return _drawn(shape, rng, kind, variance)


@EXERCISE.mistake(
    "bound",
    kind="factor",
    says="takes the standard deviation for the bound",
    hint="The normal draw is right; the uniform one has a third of the variance. A draw between -a "
    "and a has the variance a²/3, hence the 6 under the root.",
)
def bound(shape, rng, kind):
    variance = 2 / sum(fans(shape))
    return _drawn(shape, rng, kind, variance if kind == "normal" else variance / 3)


@EXERCISE.mistake(
    "no_area",
    kind="logic",
    says="leaves the kernel's area out of the fans",
    hint="Dense layers agree; a convolution's weights are too large by the root of its kernel's "
    "area. Each output sums over channels · height · width inputs.",
)
def no_area(shape, rng, kind):
    return _drawn(shape, rng, kind, 2 / (shape[0] + shape[1]))


@EXERCISE.mistake(
    "mean_forgotten",
    kind="factor",
    says="1 / (fan_in + fan_out), without the 2",
    hint="The variance is half of what it should be: 1 / (fan_in + fan_out). It is one over the "
    "*mean* of the fans, so the 2 goes on top.",
)
def mean_forgotten(shape, rng, kind):
    return _drawn(shape, rng, kind, 1 / sum(fans(shape)))


@EXERCISE.mistake(
    "he",
    kind="convention",
    says="2/fan_in: He's",
    hint="The variance is 2/fan_in: this is He's, for ReLU. Xavier's is 2 / (fan_in + fan_out).",
)
def he(shape, rng, kind):
    return _drawn(shape, rng, kind, 2 / fans(shape)[0])


@EXERCISE.mistake(
    "one_family",
    kind="logic",
    says="always draws from the normal distribution",
    hint="The variance is right and the family is not: asked for a uniform draw, it gave a normal "
    "one, with values beyond the bound.",
)
def one_family(shape, rng, kind):
    return xavier(shape, rng, "normal")


@EXERCISE.variant("from standard draws, scaled afterwards")
def scaled(shape, rng, kind):
    unit = rng.standard_normal(shape) if kind == "normal" else 12**0.5 * (rng.random(shape) - 0.5)
    return unit * (2 / sum(fans(shape))) ** 0.5


@EXERCISE.variant("row by row, as a list of arrays")
def rows(shape, rng, kind):
    variance = 2 / sum(fans(shape))
    return [_drawn(shape[1:], rng, kind, variance) for _ in range(shape[0])]


@EXERCISE.variant("float32")
def single_precision(shape, rng, kind):
    return xavier(shape, rng, kind).astype(np.float32)
