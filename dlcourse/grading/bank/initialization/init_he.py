"""Exercise ``init_he``: the factor that pays for the rectifier."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.initialization._draws import child, convolution, dense, fans, normal
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="init_he",
    title="He initialization",
    chapter="3-initialization",
    position=4,
    entry="he",
    parameters=("shape", "rng", "mode", "a"),
    conventions=(
        "shape is (fan_out, fan_in), or (channels out, channels in, height, width)",
        'mode is "fan_in" or "fan_out"; each is its channels times height · width',
        "normal, variance 2 / ((1 + a²) · fan), with a the slope of a leaky ReLU below 0",
        "any way of drawing from rng is fine: judged are shape and moments, never single draws",
    ),
    hints=(
        "Look at what a rectifier leaves of the mean square of its input. And what does a leaky "
        "one leave, with the slope a on the other half?",
        "Half, and (1 + a²)/2. The variance of the weights makes up for it: fan times variance "
        "times (1 + a²)/2 is 1. The fan is shape[1] or shape[0], times the area of the kernel; "
        "rng.normal takes the root of the variance.",
        "By hand, for the shape (4, 6, 3, 3), fan_in, a = 0.5: the fan is 54, the variance "
        "2 / (1.25 · 54) = 0.0296296, the deviation 0.172133.",
    ),
    result="One array of the given shape.",
)


@EXERCISE.solution
def he(shape, rng, mode="fan_in", a=0.0):
    channels = shape[1] if mode == "fan_in" else shape[0]
    fan = channels * np.prod(shape[2:])
    variance = 2 / ((1 + a**2) * fan)
    return rng.normal(0.0, np.sqrt(variance), shape)


def _fan(shape, mode):
    return fans(shape)[mode == "fan_out"]


def _case(rng, shape, **settings):
    mode, a = settings.get("mode", "fan_in"), settings.get("a", 0.0)
    variance = 2 / ((1 + a**2) * _fan(shape, mode))
    return Case((shape, child(rng)), settings, moments=normal(variance))


@EXERCISE.probe("fan_in", group="core")
def in_fan_in(rng):
    return _case(rng, dense(rng))


@EXERCISE.probe("fan_out", group="core")
def in_fan_out(rng):
    return _case(rng, dense(rng), mode="fan_out")


@EXERCISE.probe("leaky", group="edge")
def leaky(rng):
    return _case(rng, dense(rng), mode="fan_in", a=round(float(rng.uniform(0.4, 0.7)), 2))


@EXERCISE.probe("a convolution", group="edge")
def of_a_convolution(rng):
    return _case(rng, convolution(rng), mode="fan_out")


@EXERCISE.mistake(
    "lecun",
    kind="factor",
    says="the factor 2 is missing",
    hint="The variance is half of what it should be, 1/fan without a slope: that is LeCun's. A "
    "rectifier leaves half of the mean square, and the 2 pays for it.",
)
def lecun(shape, rng, mode="fan_in", a=0.0):
    return he(shape, rng, mode, a) / np.sqrt(2)


@EXERCISE.mistake(
    "wrong_fan",
    kind="axis",
    says="exchanges fan_in and fan_out",
    hint="The fan was read from the wrong axis: the shape is (out, in), as PyTorch has it, so "
    "fan_in is shape[1].",
)
def wrong_fan(shape, rng, mode="fan_in", a=0.0):
    return he(shape, rng, "fan_out" if mode == "fan_in" else "fan_in", a)


@EXERCISE.mistake(
    "no_root",
    kind="api",
    says="hands the variance to rng.normal",
    hint="The weights are far too small: rng.normal takes the standard deviation, the root of "
    "2 / ((1 + a²) · fan).",
)
def no_root(shape, rng, mode="fan_in", a=0.0):
    return rng.normal(0, 2 / ((1 + a**2) * _fan(shape, mode)), shape)


@EXERCISE.mistake(
    "no_area",
    kind="logic",
    says="leaves the kernel's area out of the fan",
    hint="Dense layers agree; a convolution's weights are too large by the root of its kernel's "
    "area. Each output sums over channels · height · width inputs.",
)
def no_area(shape, rng, mode="fan_in", a=0.0):
    fan = shape[1] if mode == "fan_in" else shape[0]
    return rng.normal(0, np.sqrt(2 / ((1 + a**2) * fan)), shape)


@EXERCISE.mistake(
    "slope_above",
    kind="logic",
    says="multiplies by 1 + a² instead of dividing",
    hint="Without a slope all agrees, with one the variance is too large: 1 + a² stands above the "
    "line. A leaky unit lets more through, so its weights may be smaller.",
)
def slope_above(shape, rng, mode="fan_in", a=0.0):
    return he(shape, rng, mode, a) * (1 + a**2)


@EXERCISE.mistake(
    "slope_not_squared",
    kind="factor",
    says="uses 1 + a",
    hint="Without a slope all agrees, with one the variance is too small: the slope counts with "
    "its square, for it is a mean *square* that is kept.",
)
def slope_not_squared(shape, rng, mode="fan_in", a=0.0):
    return he(shape, rng, mode, a) * np.sqrt((1 + a**2) / (1 + a))


@EXERCISE.mistake(
    "slope_ignored",
    kind="logic",
    says="the slope is ignored",
    hint="Without a slope all agrees, with one the variance is too large: a is not used. The half "
    "below 0 lets a² of its mean square through.",
)
def slope_ignored(shape, rng, mode="fan_in", a=0.0):
    return he(shape, rng, mode)


@EXERCISE.mistake(
    "uniform",
    kind="convention",
    says="a uniform draw of the right variance",
    hint="The variance is right, the family is not: these draws are uniform. Asked for is the "
    "normal version.",
)
def uniform(shape, rng, mode="fan_in", a=0.0):
    bound = np.sqrt(6 / ((1 + a**2) * _fan(shape, mode)))
    return rng.uniform(-bound, bound, shape)


@EXERCISE.variant("row by row, as a list of arrays")
def rows(shape, rng, mode="fan_in", a=0.0):
    std = np.sqrt(2 / ((1 + a**2) * _fan(shape, mode)))
    return [std * rng.standard_normal(shape[1:]) for _ in range(shape[0])]


@EXERCISE.variant("gain over the root of the fan")
def by_gain(shape, rng, mode="fan_in", a=0.0):
    gain = np.sqrt(2 / (1 + a**2))
    return gain / np.sqrt(_fan(shape, mode)) * rng.normal(size=shape)


@EXERCISE.variant("float32")
def single_precision(shape, rng, mode="fan_in", a=0.0):
    return he(shape, rng, mode, a).astype(np.float32)
