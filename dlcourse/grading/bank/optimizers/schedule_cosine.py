"""Exercise ``schedule_cosine``: half a wave from the top to the floor."""
# ruff: noqa: D103 - each function is described by its decorator

import math

import numpy as np

from dlcourse.grading.bank._draw import rate
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="schedule_cosine",
    title="Schedule: cosine",
    chapter="2-optimizers",
    position=10,
    entry="lr",
    parameters=("t", "T", "lr_max", "lr_min"),
    conventions=(
        "t is the number of steps already made: 0 for the first",
        "lr_min + (lr_max − lr_min)(1 + cos(πt/T))/2 for t up to T, so lr(T) = lr_min",
        "lr_min for every t after T",
    ),
    hints=(
        "Look at three values of t: at 0 the rate is lr_max, at T lr_min, and half-way exactly "
        "between the two. And after T?",
        "While t goes from 0 to T the angle goes from 0 to π, half a wave; (1 + cos)/2 falls from "
        "1 to 0 meanwhile. Stretch it by lr_max − lr_min, add lr_min, and do not let t grow past "
        "T.",
        "By hand, with T = 4, lr_max = 1, lr_min = 0.2: t = 0 gives 1; t = 1 has cos(π/4) = "
        "0.7071, so 0.2 + 0.8 · 0.8536 = 0.882843; t = 2 gives 0.6; t = 4 and t = 9 give 0.2.",
    ),
    result="Every call returns one number, the rate at t.",
)


@EXERCISE.solution
def lr(t, T, lr_max, lr_min=0.0):
    share = min(t, T) / T
    return lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * share)) / 2


def _case(rng, over, T, floor=True):
    kwargs = {"T": T, "lr_max": rate(rng)}
    if floor:
        kwargs["lr_min"] = round(kwargs["lr_max"] * rng.uniform(0.1, 0.4), 3)
    return Case(over=tuple(over), kwargs=kwargs)


@EXERCISE.probe("ends and middle", group="core")
def ends_and_middle(rng):
    T = 2 * int(rng.integers(3, 8))
    return _case(rng, (0, T // 2, T), T, floor=False)


@EXERCISE.probe("with a floor", group="core")
def with_a_floor(rng):
    return _case(rng, range(11), 10)


@EXERCISE.probe("all the way without a floor", group="core")
def all_the_way(rng):
    return _case(rng, range(8), 7, floor=False)


@EXERCISE.probe("after the end", group="edge")
def after_the_end(rng):
    T = int(rng.integers(6, 12))
    return _case(rng, (T - 1, T, T + 1, T + 4, 2 * T, 3 * T), T)


@EXERCISE.probe("out of order", group="edge")
def out_of_order(rng):
    return _case(rng, (9, 2, 0, 12, 5), 9)


def _wave(share, lr_max, lr_min):
    return lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * share)) / 2


@EXERCISE.mistake(
    "no_floor",
    kind="logic",
    says="lr_min is ignored",
    hint="Without a floor all agrees; with one the rate still goes down to 0. Stretch the wave by "
    "lr_max − lr_min and add lr_min.",
)
def no_floor(t, T, lr_max, lr_min=0.0):
    return _wave(min(t, T) / T, lr_max, 0.0)


@EXERCISE.mistake(
    "floor_on_top",
    kind="logic",
    says="lr_min is added to a wave of full height",
    hint="Without a floor all agrees; with one the rate starts above lr_max. The floor was added "
    "to a wave of height lr_max; the wave between them has lr_max − lr_min.",
)
def floor_on_top(t, T, lr_max, lr_min=0.0):
    return lr_min + _wave(min(t, T) / T, lr_max, 0.0)


@EXERCISE.mistake(
    "full_period",
    kind="factor",
    says="a whole wave, 2π, in T steps",
    hint="The rate is at its lowest half-way, and back at lr_max at T: a whole wave went by. In T "
    "steps the angle goes from 0 to π.",
)
def full_period(t, T, lr_max, lr_min=0.0):
    return _wave(2 * min(t, T) / T, lr_max, lr_min)


@EXERCISE.mistake(
    "no_clamp",
    kind="edge-case",
    says="rises again after T",
    hint="Up to T all agrees, after it the rate comes up again with the wave. Stop the clock: "
    "min(t, T).",
)
def no_clamp(t, T, lr_max, lr_min=0.0):
    return _wave(t / T, lr_max, lr_min)


@EXERCISE.mistake(
    "starts_again",
    kind="edge-case",
    says="starts again at T, as with restarts",
    hint="At t = T the rate is back at lr_max: the clock was set to zero there, t % T. That is the "
    "schedule with restarts; this one ends at lr_min and stays.",
)
def starts_again(t, T, lr_max, lr_min=0.0):
    return _wave(t % T / T, lr_max, lr_min)


@EXERCISE.mistake(
    "one_step_short",
    kind="off-by-one",
    says="reaches lr_min at T − 1",
    hint="lr_min is reached one step early, at T − 1. The convention here: T steps have been made "
    "at t = T, and only then is the wave at its end; divide by T.",
)
def one_step_short(t, T, lr_max, lr_min=0.0):
    return _wave(min(t, T - 1) / (T - 1), lr_max, lr_min)


@EXERCISE.mistake(
    "straight",
    kind="logic",
    says="a straight line instead of the cosine",
    hint="The ends and the middle agree, what lies between does not: this is a straight line. A "
    "cosine leaves lr_max slowly and arrives slowly.",
)
def straight(t, T, lr_max, lr_min=0.0):
    return lr_max + (lr_min - lr_max) * min(t, T) / T


@EXERCISE.mistake(
    "quarter_wave",
    kind="factor",
    says="cos(πt/2T), a quarter of a wave",
    hint="The ends agree, the middle is too high: cos from 0 to π/2, a quarter of a wave, which "
    "arrives steeply. Half a wave is (1 + cos(πt/T))/2.",
)
def quarter_wave(t, T, lr_max, lr_min=0.0):
    return lr_min + (lr_max - lr_min) * np.cos(np.pi * min(t, T) / T / 2)


@EXERCISE.variant("the square of a cosine, which is the same")
def squared(t, T, lr_max, lr_min=0.0):
    if t >= T:
        return lr_min
    return lr_min + (lr_max - lr_min) * math.cos(math.pi * t / (2 * T)) ** 2


@EXERCISE.variant("middle plus half the swing, as an array of no axes")
def middle_and_swing(t, T, lr_max, lr_min=0.0):
    swing = np.cos(np.clip(t / T, 0, 1) * np.pi)
    return np.asarray((lr_max + lr_min) / 2 + (lr_max - lr_min) / 2 * swing)


@EXERCISE.variant("float32")
def single_precision(t, T, lr_max, lr_min=0.0):
    angle = np.float32(np.pi) * np.float32(min(t, T)) / np.float32(T)
    return np.float32(lr_min) + np.float32(0.5 * (lr_max - lr_min)) * (1 + np.cos(angle))
