"""Exercise ``schedule_step``: the staircase."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import rate
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="schedule_step",
    title="Schedule: step decay",
    chapter="2-optimizers",
    position=7,
    entry="lr",
    parameters=("t", "lr0", "gamma", "every"),
    conventions=(
        "t is the number of steps already made: 0 for the first",
        "lr0 γᵏ, with k the number of complete blocks of `every` steps before t",
        "the first drop is at t = every; the same t gives the same rate, whatever came before",
    ),
    hints=(
        "Look at which t share a rate. There are `every` of them in each block, and the first "
        "block begins at 0.",
        "The number of complete blocks before t is a whole number, t // every. Each of them "
        "multiplies the rate by γ once more.",
        "By hand, with lr0 = 0.8, γ = 0.5, every = 3: t = 0, 1, 2 give 0.8, then t = 3, 4, 5 give "
        "0.4, and t = 6 gives 0.2.",
    ),
    result="Every call returns one number, the rate at t.",
)


@EXERCISE.solution
def lr(t, lr0, gamma, every):
    return lr0 * gamma ** (t // every)


def _case(rng, over, every):
    gamma = float(rng.integers(2, 8)) / 10
    return Case(over=tuple(over), kwargs={"lr0": rate(rng), "gamma": gamma, "every": every})


@EXERCISE.probe("the first block", group="core")
def the_first_block(rng):
    every = int(rng.integers(4, 7))
    return _case(rng, range(every), every)


@EXERCISE.probe("around the first drop", group="core")
def around_the_first_drop(rng):
    every = int(rng.integers(5, 12))
    return _case(rng, range(every - 2, every + 3), every)


@EXERCISE.probe("four blocks", group="core")
def four_blocks(rng):
    return _case(rng, range(12), 3)


@EXERCISE.probe("a drop at every step", group="edge")
def a_drop_at_every_step(rng):
    return _case(rng, range(5), 1)


@EXERCISE.probe("out of order", group="edge")
def out_of_order(rng):
    return _case(rng, [9, 0, 5, 4, 20, 10], 5)


@EXERCISE.mistake(
    "smooth",
    kind="logic",
    says="the exponent t / every, a smooth decay",
    hint="The rate falls at every step; it should stay level and then drop. The exponent is the "
    "whole number of complete blocks, t // every.",
)
def smooth(t, lr0, gamma, every):
    return lr0 * gamma ** (t / every)


@EXERCISE.mistake(
    "early",
    kind="off-by-one",
    says="drops one step early",
    hint="The drop comes one step early, at t = every − 1. Counting from 0, the first block is 0 "
    "to every − 1, so it is complete at t = every.",
)
def early(t, lr0, gamma, every):
    return lr0 * gamma ** ((t + 1) // every)


@EXERCISE.mistake(
    "late",
    kind="off-by-one",
    says="drops one step late",
    hint="The drop comes one step late, at t = every + 1. Counting from 0, `every` steps have been "
    "made at t = every, and the block is complete.",
)
def late(t, lr0, gamma, every):
    return lr0 * gamma ** (max(t - 1, 0) // every)


@EXERCISE.mistake(
    "times_k",
    kind="logic",
    says="γ k instead of γᵏ",
    hint="The first drop agrees, then the rate rises: γ was multiplied by the number of blocks. "
    "Each block multiplies once more, which is a power, γ ** k.",
)
def times_k(t, lr0, gamma, every):
    k = t // every
    return lr0 * (gamma * k if k else 1.0)


@EXERCISE.mistake(
    "every_step",
    kind="logic",
    says="multiplies by γ at every step",
    hint="The rate is multiplied by γ at every step, `every` times too often. A block multiplies "
    "once: the exponent counts complete blocks, t // every.",
)
def every_step(t, lr0, gamma, every):
    return lr0 * gamma**t


@EXERCISE.mistake(
    "once",
    kind="logic",
    says="drops once and then stays",
    hint="The first drop agrees, the second never comes. The rate falls again at 2 every, 3 every "
    "and so on: the exponent is the number of complete blocks, not 0 or 1.",
)
def once(t, lr0, gamma, every):
    return lr0 if t < every else lr0 * gamma


@EXERCISE.mistake(
    "subtracts",
    kind="logic",
    says="takes the same amount off at every drop",
    hint="The first drop agrees, the next is just as high, and after it the rate nears zero or "
    "passes it. A factor takes a share of what is left: lr0 · γ · γ · …",
)
def subtracts(t, lr0, gamma, every):
    return lr0 - lr0 * (1 - gamma) * (t // every)


@EXERCISE.variant("a loop that multiplies once a block")
def loop(t, lr0, gamma, every):
    for _ in range(every, t + 1, every):
        lr0 = lr0 * gamma
    return lr0


@EXERCISE.variant("floor and exponential, as an array of no axes")
def exponential(t, lr0, gamma, every):
    return np.array(lr0 * np.exp(np.floor(t / every) * np.log(gamma)))


@EXERCISE.variant("float32")
def single_precision(t, lr0, gamma, every):
    return np.float32(lr0) * np.float32(gamma) ** np.float32((t - t % every) / every)
