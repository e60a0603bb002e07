"""Exercise ``schedule_cyclic``: up and down in straight lines, for ever."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import rate
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="schedule_cyclic",
    title="Schedule: triangular cycles",
    chapter="2-optimizers",
    position=13,
    entry="lr",
    parameters=("t", "base", "peak", "stepsize"),
    conventions=(
        "t is the number of steps already made: 0 for the first",
        "stepsize is half a cycle: base at 0, peak at stepsize, base at 2 stepsize",
        "both flanks are straight, and the triangle repeats for ever",
    ),
    hints=(
        "Look at the three corners of the first triangle: where is the rate lowest, where highest, "
        "and after how many steps does it all repeat?",
        "A cycle has 2 stepsize steps, so t % (2 * stepsize) is the place in it. Divided by "
        "stepsize it runs from 0 to 2, with the peak at 1: the height is 1 minus the distance "
        "from 1.",
        "By hand, with base = 0.1, peak = 0.5, stepsize = 4: t = 0 gives 0.1, t = 1 gives 0.2, t = "
        "4 gives 0.5, t = 6 gives 0.3, t = 8 gives 0.1, and t = 9 gives 0.2 again.",
    ),
    result="Every call returns one number, the rate at t.",
)


@EXERCISE.solution
def lr(t, base, peak, stepsize):
    place = t % (2 * stepsize) / stepsize
    return base + (peak - base) * (1 - abs(place - 1))


def _case(rng, over, stepsize):
    base = rate(rng)
    peak = round(base * rng.uniform(2.0, 5.0), 2)
    return Case(over=tuple(over), kwargs={"base": base, "peak": peak, "stepsize": stepsize})


@EXERCISE.probe("the first steps", group="core")
def the_first_steps(rng):
    return _case(rng, range(4), int(rng.integers(4, 9)))


@EXERCISE.probe("the first cycle", group="core")
def the_first_cycle(rng):
    stepsize = int(rng.integers(4, 7))
    return _case(rng, range(2 * stepsize + 1), stepsize)


@EXERCISE.probe("three cycles", group="edge")
def three_cycles(rng):
    return _case(rng, range(19), 3)


@EXERCISE.probe("up and down at every step", group="edge")
def up_and_down(rng):
    return _case(rng, range(5), 1)


@EXERCISE.probe("out of order", group="edge")
def out_of_order(rng):
    return _case(rng, (13, 2, 0, 25, 5, 10), 5)


@EXERCISE.mistake(
    "period",
    kind="factor",
    says="a whole cycle in stepsize steps",
    hint="The triangle is twice as fast as it should be: it is back at base after stepsize steps. "
    "stepsize is half a cycle, the way up.",
)
def twice_too_fast(t, base, peak, stepsize):
    return lr(2 * t, base, peak, stepsize)


@EXERCISE.mistake(
    "flipped",
    kind="sign",
    says="starts at the peak",
    hint="The rate starts at peak and goes down first: the triangle is upside down. The height is "
    "1 minus the distance from the peak, not the distance itself.",
)
def upside_down(t, base, peak, stepsize):
    return base + peak - lr(t, base, peak, stepsize)


@EXERCISE.mistake(
    "sine",
    kind="logic",
    says="a wave instead of straight flanks",
    hint="The corners agree, the flanks do not: they are curved, as a cosine is. In the triangular "
    "schedule the rate changes by the same amount at every step.",
)
def curved(t, base, peak, stepsize):
    return base + (peak - base) * (1 - np.cos(np.pi * t / stepsize)) / 2


@EXERCISE.mistake(
    "sawtooth",
    kind="logic",
    says="falls back to base at the peak",
    hint="The way up agrees, but at the peak the rate falls back to base at once: a sawtooth. "
    "After the peak it takes stepsize steps down again.",
)
def sawtooth(t, base, peak, stepsize):
    return base + (peak - base) * (t % stepsize) / stepsize


@EXERCISE.mistake(
    "once",
    kind="logic",
    says="stays at base after the first cycle",
    hint="The first cycle agrees, and then the rate stays at base. The triangle repeats: take t "
    "modulo the length of a cycle, 2 stepsize.",
)
def once(t, base, peak, stepsize):
    return lr(min(t, 2 * stepsize), base, peak, stepsize)


@EXERCISE.mistake(
    "base_on_top",
    kind="logic",
    says="base is added to a triangle of height peak",
    hint="base agrees, the top is too high, at base + peak: the triangle has the height peak. "
    "Between the two lie peak − base.",
)
def base_on_top(t, base, peak, stepsize):
    return lr(t, base, base + peak, stepsize)


@EXERCISE.mistake(
    "from_zero",
    kind="logic",
    says="the triangle stands on 0 instead of base",
    hint="The peak agrees, the bottom is 0: base is missing. Stretch the triangle by peak − base "
    "and add base.",
)
def from_zero(t, base, peak, stepsize):
    return lr(t, 0.0, peak, stepsize)


@EXERCISE.mistake(
    "one_late",
    kind="off-by-one",
    says="t counts from 1",
    hint="Everything comes one step early: the first rate is already above base. t is the number "
    "of steps made, so 0 is the first, and lr(0) = base.",
)
def one_late(t, base, peak, stepsize):
    return lr(t + 1, base, peak, stepsize)


@EXERCISE.variant("Smith's formula, with the number of the cycle")
def smith(t, base, peak, stepsize):
    cycle = np.floor(1 + t / (2 * stepsize))
    x = np.abs(t / stepsize - 2 * cycle + 1)
    return base + (peak - base) * np.maximum(0.0, 1 - x)


@EXERCISE.variant("two cases, up and down")
def two_cases(t, base, peak, stepsize):
    place = t - t // (2 * stepsize) * 2 * stepsize
    slope = (peak - base) / stepsize
    return base + slope * place if place <= stepsize else peak - slope * (place - stepsize)


@EXERCISE.variant("interpolation between the corners, as an array of no axes, in float32")
def interpolated(t, base, peak, stepsize):
    corners = [base, peak, base]
    return np.asarray(
        np.interp(t, [0, stepsize, 2 * stepsize], corners, period=2 * stepsize), dtype=np.float32
    )
