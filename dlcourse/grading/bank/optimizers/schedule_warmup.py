"""Exercise ``schedule_warmup``: a ramp, then half a wave."""
# ruff: noqa: D103 - each function is described by its decorator

import math

import numpy as np

from dlcourse.grading.bank._draw import rate
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="schedule_warmup",
    title="Schedule: warm-up and cosine",
    chapter="2-optimizers",
    position=11,
    entry="lr",
    parameters=("t", "warmup", "T", "lr_max", "lr_min"),
    conventions=(
        "t is the number of steps already made: 0 for the first",
        "t < warmup: lr_max (t + 1) / warmup, so the first rate is not zero and the last is lr_max",
        "then a cosine from lr_max at t = warmup to lr_min at t = T, and lr_min after that",
        "warmup = 0 is allowed: the cosine alone",
    ),
    hints=(
        "Look at the two sides of t = warmup. The last step of the ramp and the first of the "
        "cosine both have the rate lr_max.",
        "The ramp is lr_max (t + 1) / warmup. The cosine has a clock of its own: it starts at 0 "
        "when the ramp is over and is full at T, so its share is (t − warmup) / (T − warmup), at "
        "most 1.",
        "By hand, with warmup = 2, T = 6, lr_max = 1, lr_min = 0: t = 0 gives 0.5, t = 1 gives 1. "
        "Then t = 2 is share 0, so 1; t = 4 is share 2/4, so 0.5; t = 5 is share 3/4, so "
        "0.146447.",
    ),
    result="Every call returns one number, the rate at t.",
)


@EXERCISE.solution
def lr(t, warmup, T, lr_max, lr_min=0.0):
    if t < warmup:
        return lr_max * (t + 1) / warmup
    share = min((t - warmup) / (T - warmup), 1.0)
    return lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * share)) / 2


def _case(rng, over, warmup, T, floor=True):
    kwargs = {"warmup": warmup, "T": T, "lr_max": rate(rng)}
    if floor:
        kwargs["lr_min"] = round(kwargs["lr_max"] * rng.uniform(0.1, 0.4), 3)
    return Case(over=tuple(over), kwargs=kwargs)


@EXERCISE.probe("the warm-up", group="core")
def the_warm_up(rng):
    warmup = int(rng.integers(4, 7))
    return _case(rng, range(warmup), warmup, 25, floor=False)


@EXERCISE.probe("where ramp and cosine meet", group="core")
def where_they_meet(rng):
    warmup = int(rng.integers(4, 7))
    return _case(rng, range(warmup - 2, warmup + 4), warmup, 20)


@EXERCISE.probe("all the way", group="core")
def all_the_way(rng):
    return _case(rng, range(11), 3, 10, floor=False)


@EXERCISE.probe("after the end", group="edge")
def after_the_end(rng):
    T = int(rng.integers(8, 14))
    return _case(rng, (T - 1, T, T + 1, T + 5, 2 * T), 4, T)


@EXERCISE.probe("no warm-up", group="edge")
def no_warm_up(rng):
    return _case(rng, range(9), 0, 8)


@EXERCISE.probe("out of order", group="edge")
def out_of_order(rng):
    return _case(rng, (7, 1, 12, 0, 4, 3), 4, 11)


def _wave(share, lr_max, lr_min):
    return lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * share)) / 2


@EXERCISE.mistake(
    "t_over_w",
    kind="convention",
    says="the ramp is t / warmup",
    hint="The first rate is 0, and each of the ramp is one step late: t / warmup. The task asks "
    "for (t + 1) / warmup, so that the first step moves and the last has the whole rate.",
)
def starts_at_zero(t, warmup, T, lr_max, lr_min=0.0):
    return lr_max * t / warmup if t < warmup else lr(t, warmup, T, lr_max, lr_min)


@EXERCISE.mistake(
    "no_shift",
    kind="logic",
    says="the cosine's clock runs from the first step",
    hint="There is a jump where the ramp ends: the cosine has been running since t = 0. Start its "
    "clock at the end of the ramp, t − warmup out of T − warmup.",
)
def one_clock(t, warmup, T, lr_max, lr_min=0.0):
    if t < warmup:
        return lr_max * (t + 1) / warmup
    return _wave(min(t / T, 1.0), lr_max, lr_min)


@EXERCISE.mistake(
    "too_long",
    kind="logic",
    says="the cosine takes T steps after the ramp",
    hint="The cosine starts right but arrives late: after the ramp it takes T steps more. lr_min "
    "is due at t = T, so T − warmup steps are left.",
)
def too_long(t, warmup, T, lr_max, lr_min=0.0):
    if t < warmup:
        return lr_max * (t + 1) / warmup
    return _wave(min((t - warmup) / T, 1.0), lr_max, lr_min)


@EXERCISE.mistake(
    "no_switch",
    kind="logic",
    says="the ramp never ends",
    hint="The ramp agrees, and then it goes on past lr_max. At t = warmup the cosine takes over: "
    "the ramp is for t < warmup only.",
)
def no_switch(t, warmup, T, lr_max, lr_min=0.0):
    return lr_max * (t + 1) / warmup if warmup else lr(t, warmup, T, lr_max, lr_min)


@EXERCISE.mistake(
    "no_cosine",
    kind="logic",
    says="stays at lr_max after the ramp",
    hint="The ramp agrees, and then the rate stays at lr_max. After the ramp it goes down along "
    "half a wave, to lr_min at t = T.",
)
def no_cosine(t, warmup, T, lr_max, lr_min=0.0):
    return lr_max * (t + 1) / warmup if t < warmup else lr_max


@EXERCISE.mistake(
    "no_clamp",
    kind="edge-case",
    says="rises again after T",
    hint="Up to T all agrees, after it the rate comes up again with the wave. Its share is at most "
    "1: min(…, 1).",
)
def no_clamp(t, warmup, T, lr_max, lr_min=0.0):
    if t < warmup:
        return lr_max * (t + 1) / warmup
    return _wave((t - warmup) / (T - warmup), lr_max, lr_min)


@EXERCISE.mistake(
    "from_the_floor",
    kind="convention",
    says="the ramp starts from lr_min",
    hint="Without a floor all agrees; with one the ramp is too high: it climbs from lr_min. Here "
    "it is a share of lr_max, lr_max (t + 1) / warmup; lr_min is for the end.",
)
def from_the_floor(t, warmup, T, lr_max, lr_min=0.0):
    if t < warmup:
        return lr_min + (lr_max - lr_min) * (t + 1) / warmup
    return lr(t, warmup, T, lr_max, lr_min)


@EXERCISE.mistake(
    "no_floor",
    kind="logic",
    says="lr_min is ignored",
    hint="The ramp agrees, and without a floor all does; with one the rate still goes down to 0. "
    "Stretch the wave by lr_max − lr_min and add lr_min.",
)
def no_floor(t, warmup, T, lr_max, lr_min=0.0):
    return lr(t, warmup, T, lr_max)


@EXERCISE.variant("both parts computed, the right one chosen, as an array of no axes")
def chosen(t, warmup, T, lr_max, lr_min=0.0):
    ramp = (t + 1) / max(warmup, 1)
    wave = np.cos(np.clip((t - warmup) / (T - warmup), 0, 1) * np.pi / 2) ** 2
    return np.where(t < warmup, lr_max * ramp, lr_min + (lr_max - lr_min) * wave)


@EXERCISE.variant("the steps that are left, counted from the end")
def from_the_end(t, warmup, T, lr_max, lr_min=0.0):
    if t + 1 <= warmup:
        return lr_max - lr_max * (warmup - t - 1) / warmup
    left = max(T - t, 0) / (T - warmup)
    return lr_min + (lr_max - lr_min) * (1 - math.cos(math.pi * left)) / 2


@EXERCISE.variant("float32")
def single_precision(t, warmup, T, lr_max, lr_min=0.0):
    return np.float32(lr(t, warmup, T, np.float32(lr_max), np.float32(lr_min)))
