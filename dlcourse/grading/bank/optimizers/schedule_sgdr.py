"""Exercise ``schedule_sgdr``: the cosine with warm restarts."""
# ruff: noqa: D103 - each function is described by its decorator

import math

import numpy as np

from dlcourse.grading.bank._draw import rate
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="schedule_sgdr",
    title="Schedule: warm restarts",
    chapter="2-optimizers",
    position=12,
    entry="lr",
    parameters=("t", "T0", "mult", "lr_max", "lr_min"),
    conventions=(
        "t is the number of steps already made: 0 for the first; t, T0 and mult are whole numbers",
        "cycle i has T0 multⁱ steps, i = 0, 1, 2, …; mult = 1 is allowed",
        "lr_min + (lr_max − lr_min)(1 + cos(πs/L))/2, s steps into a cycle of length L",
        "the step that ends a cycle is the first of the next: lr(T0) = lr_max",
    ),
    hints=(
        "Look at which cycle t falls into, and how many steps into it. Two numbers describe that; "
        "the global t is not one of them.",
        "Take whole cycles off t for as long as one fits: while t is at least the length of the "
        "cycle, subtract the length and multiply it by mult. What is left of t is s, and the "
        "length is L.",
        "By hand, with T0 = 2, mult = 2, lr_max = 1, lr_min = 0: t = 0 gives 1, t = 1 is half of "
        "the first cycle, 0.5. At t = 2 a cycle of 4 begins: 1 again, t = 3 gives 0.853553, t = 4 "
        "gives 0.5. At t = 6 a cycle of 8 begins: 1.",
    ),
    result="Every call returns one number, the rate at t.",
)


@EXERCISE.solution
def lr(t, T0, mult, lr_max, lr_min=0.0):
    length = T0
    while t >= length:
        t = t - length
        length = length * mult
    return lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * t / length)) / 2


def _case(rng, over, T0, mult, floor=False):
    kwargs = {"T0": T0, "mult": mult, "lr_max": rate(rng)}
    if floor:
        kwargs["lr_min"] = round(kwargs["lr_max"] * rng.uniform(0.1, 0.4), 3)
    return Case(over=tuple(over), kwargs=kwargs)


@EXERCISE.probe("the first cycle", group="core")
def the_first_cycle(rng):
    T0 = int(rng.integers(4, 7))
    return _case(rng, range(T0), T0, 2)


@EXERCISE.probe("around the first restart", group="core")
def around_the_first_restart(rng):
    T0 = int(rng.integers(6, 12))
    return _case(rng, range(T0 - 2, T0 + 3), T0, 2, floor=True)


@EXERCISE.probe("three cycles that double", group="core")
def three_cycles(rng):
    return _case(rng, range(0, 28), 4, 2)


@EXERCISE.probe("equal cycles", group="edge")
def equal_cycles(rng):
    T0 = int(rng.integers(4, 7))
    return _case(rng, range(2 * T0 + 3), T0, 1, floor=True)


@EXERCISE.probe("cycles ten times as long", group="edge")
def exact_powers(rng):
    T0 = int(rng.integers(2, 5))
    return _case(rng, (T0, 11 * T0 - 1, 11 * T0, 50 * T0, 111 * T0 - 1, 111 * T0), T0, 10)


def _wave(share, lr_max, lr_min):
    return lr_min + (lr_max - lr_min) * (1 + np.cos(np.pi * share)) / 2


def _cycle(t, T0, mult):
    """Steps into the cycle, its length, its number."""
    length, number = T0, 0
    while t >= length:
        t, length, number = t - length, length * mult, number + 1
    return t, length, number


@EXERCISE.mistake(
    "const",
    kind="logic",
    says="every cycle is as long as the first",
    hint="With mult = 1 all agrees, otherwise every cycle is as long as the first. At each restart "
    "the length is multiplied by mult.",
)
def never_longer(t, T0, mult, lr_max, lr_min=0.0):
    return _wave(t % T0 / T0, lr_max, lr_min)


@EXERCISE.mistake(
    "late",
    kind="off-by-one",
    says="restarts one step late",
    hint="At t = T0 the rate is lr_min; the restart is due at that very step. A cycle of length L "
    "has the steps 0 to L − 1, so it is over when t >= L, not t > L.",
)
def late(t, T0, mult, lr_max, lr_min=0.0):
    length = T0
    while t > length:
        t, length = t - length, length * mult
    return _wave(t / length, lr_max, lr_min)


@EXERCISE.mistake(
    "global_t",
    kind="logic",
    says="the global t inside the cosine",
    hint="The first cycle agrees, later ones do not start at lr_max: the global t stands in the "
    "cosine. It takes the steps since the restart.",
)
def global_clock(t, T0, mult, lr_max, lr_min=0.0):
    return _wave(t / _cycle(t, T0, mult)[1], lr_max, lr_min)


@EXERCISE.mistake(
    "first_length",
    kind="logic",
    says="divides by T0 in every cycle",
    hint="The restarts come when they should, but a longer cycle swings more than once: the steps "
    "into it were divided by T0. Divide by the cycle's own length.",
)
def first_length(t, T0, mult, lr_max, lr_min=0.0):
    return _wave(_cycle(t, T0, mult)[0] / T0, lr_max, lr_min)


@EXERCISE.mistake(
    "adds_length",
    kind="logic",
    says="cycle lengths T0, mult T0, 2 mult T0, … that grow by addition",
    hint="The first two cycles agree, the third is too short: the length grew by the same amount "
    "each time. It is multiplied by mult: T0, T0 mult, T0 mult².",
)
def adds_length(t, T0, mult, lr_max, lr_min=0.0):
    length = T0
    while t >= length:
        t, length = t - length, length + T0 * (mult - 1)
    return _wave(t / length, lr_max, lr_min)


@EXERCISE.mistake(
    "no_restart",
    kind="logic",
    says="no restart: stays at lr_min after the first cycle",
    hint="The first cycle agrees, and then the rate stays at lr_min. At t = T0 it starts again "
    "from lr_max, with a cycle mult times as long.",
)
def no_restart(t, T0, mult, lr_max, lr_min=0.0):
    return _wave(min(t, T0) / T0, lr_max, lr_min)


@EXERCISE.mistake(
    "no_floor",
    kind="logic",
    says="lr_min is ignored",
    hint="Without a floor all agrees; with one the rate still goes down towards 0. Stretch the "
    "wave by lr_max − lr_min and add lr_min.",
)
def no_floor(t, T0, mult, lr_max, lr_min=0.0):
    return lr(t, T0, mult, lr_max)


@EXERCISE.mistake(
    "logarithm",
    kind="edge-case",
    says="finds the cycle with a logarithm, which rounds down at some restarts",
    hint="Nearly all agrees, but one restart is late: the logarithm of an exact power came out "
    "just below a whole number. Count cycles with whole numbers, in a loop.",
)
def logarithm(t, T0, mult, lr_max, lr_min=0.0):
    if mult == 1:
        return lr(t, T0, mult, lr_max, lr_min)
    number = int(math.log(t / T0 * (mult - 1) + 1, mult))
    begin, length = T0 * (mult**number - 1) // (mult - 1), T0 * mult**number
    return _wave((t - begin) / length, lr_max, lr_min)


@EXERCISE.variant("a list of the beginnings of all cycles, searched")
def searched(t, T0, mult, lr_max, lr_min=0.0):
    begins = [0]
    while begins[-1] <= t:
        begins.append(begins[-1] + T0 * mult ** (len(begins) - 1))
    cycle = int(np.searchsorted(begins, t, side="right")) - 1
    share = (t - begins[cycle]) / (begins[cycle + 1] - begins[cycle])
    return lr_min + (lr_max - lr_min) * np.cos(np.pi * share / 2) ** 2


@EXERCISE.variant("a recursion: after the first cycle it is the same with T0 mult, in float32")
def recursion(t, T0, mult, lr_max, lr_min=0.0):
    if t >= T0:
        return recursion(t - T0, T0 * mult, mult, lr_max, lr_min)
    return np.float32(lr_min) + np.float32((lr_max - lr_min) / 2) * (
        1 + np.cos(np.float32(np.pi * t / T0))
    )


@EXERCISE.variant("one step of the clock at a time")
def ticking(t, T0, mult, lr_max, lr_min=0.0):
    inside, length = 0, T0
    for _ in range(t):
        inside += 1
        if inside == length:
            inside, length = 0, length * mult
    return np.asarray(_wave(inside / length, lr_max, lr_min))
