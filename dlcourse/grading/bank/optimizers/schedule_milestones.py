"""Exercise ``schedule_milestones``: stairs of uneven length and height."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import rate
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="schedule_milestones",
    title="Schedule: milestones",
    chapter="2-optimizers",
    position=8,
    entry="lr",
    parameters=("t", "lr0", "milestones", "factors"),
    conventions=(
        "t is the number of steps already made: 0 for the first",
        "milestones grow, and there is one factor for each of them",
        "from t = milestone on its factor multiplies the rate in force, not the first rate",
    ),
    hints=(
        "Look at one t and ask which milestones lie behind it. Those, and no others, have left "
        "their factor in the rate.",
        "Begin with lr0 and go through the milestones with their factors: wherever t >= milestone, "
        "multiply what you have so far. All this in every call; nothing is remembered.",
        "By hand, with lr0 = 0.8, milestones 3 and 5, factors 0.5 and 0.1: t = 0, 1, 2 give 0.8, "
        "then t = 3, 4 give 0.4, and from t = 5 on it is 0.8 · 0.5 · 0.1 = 0.04.",
    ),
    result="Every call returns one number, the rate at t.",
)


@EXERCISE.solution
def lr(t, lr0, milestones, factors):
    rate = lr0
    for milestone, factor in zip(milestones, factors, strict=True):
        if t >= milestone:
            rate = rate * factor
    return rate


def _case(rng, over, milestones, up=()):
    """Different factors below 1, then those of ``up``."""
    tenths = rng.choice(np.arange(2, 8), len(milestones) - len(up), replace=False)
    factors = [*(int(n) / 10 for n in tenths), *up]
    kwargs = {"lr0": rate(rng), "milestones": [int(m) for m in milestones], "factors": factors}
    return Case(over=tuple(over), kwargs=kwargs)


@EXERCISE.probe("one milestone", group="core")
def one_milestone(rng):
    place = int(rng.integers(4, 9))
    return _case(rng, range(place - 2, place + 3), [place])


@EXERCISE.probe("three uneven stairs", group="core")
def three_uneven_stairs(rng):
    milestones = np.cumsum(rng.permutation([2, 3, 5]))
    return _case(rng, range(14), milestones)


@EXERCISE.probe("hundreds of steps", group="core")
def hundreds_of_steps(rng):
    first, second = int(rng.integers(100, 200)), int(rng.integers(300, 400))
    return _case(rng, (0, first - 1, first, second - 1, second, 999), [first, second])


@EXERCISE.probe("down and up again", group="edge")
def down_and_up_again(rng):
    return _case(rng, range(10), [3, 7], up=[float(rng.integers(2, 5))])


@EXERCISE.probe("a milestone at 0", group="edge")
def a_milestone_at_0(rng):
    return _case(rng, range(6), [0, 4])


@EXERCISE.probe("out of order", group="edge")
def out_of_order(rng):
    return _case(rng, [9, 0, 12, 4, 5, 11], [5, 10, 12])


def _passed(t, milestones):
    """How many milestones lie at t or before."""
    return int(np.searchsorted(milestones, t, side="right"))


@EXERCISE.mistake(
    "replaces",
    kind="convention",
    says="each factor multiplies lr0, not the rate in force",
    hint="The first milestone agrees, the second does not: its factor was put on lr0 and the "
    "factors before it were forgotten. A factor multiplies the rate in force: lr0 · β₁ · β₂ · …",
)
def replaces(t, lr0, milestones, factors):
    k = _passed(t, milestones)
    return lr0 * factors[k - 1] if k else lr0


@EXERCISE.mistake(
    "late",
    kind="off-by-one",
    says="drops one step after the milestone",
    hint="Each change comes one step late. At t = milestone that many steps have been made, and "
    "the factor already counts: t >= milestone, not t > milestone.",
)
def late(t, lr0, milestones, factors):
    return lr(t - 1, lr0, milestones, factors)


@EXERCISE.mistake(
    "early",
    kind="off-by-one",
    says="drops one step before the milestone",
    hint="Each change comes one step early, at t = milestone − 1. t is the number of steps made, "
    "0 at the first: compare t itself with the milestone, not t + 1.",
)
def early(t, lr0, milestones, factors):
    return lr(t + 1, lr0, milestones, factors)


@EXERCISE.mistake(
    "goes_back",
    kind="state",
    says="multiplies at t = milestone only, and is back at lr0 in the next call",
    hint="At each milestone one step is smaller, and the next is back at lr0. The function starts "
    "afresh in every call: a factor counts at every t from its milestone on, t >= milestone.",
)
def goes_back(t, lr0, milestones, factors):
    return lr0 * factors[list(milestones).index(t)] if t in milestones else lr0


@EXERCISE.mistake(
    "same_factor",
    kind="logic",
    says="the first factor at every milestone",
    hint="The first milestone agrees, later ones change by the wrong amount: the first factor was "
    "used again. Each milestone has its own, the one at the same place in the list.",
)
def same_factor(t, lr0, milestones, factors):
    return lr0 * factors[0] ** _passed(t, milestones)


@EXERCISE.mistake(
    "lengths",
    kind="convention",
    says="milestones read as lengths of the stairs",
    hint="The first milestone agrees, later ones come too late: they were added up, as if each "
    "were the length of a stair. A milestone is a place, a value of t counted from 0.",
)
def lengths(t, lr0, milestones, factors):
    return lr(t, lr0, np.cumsum(milestones), factors)


@EXERCISE.mistake(
    "values",
    kind="convention",
    says="the factors taken for the rates themselves",
    hint="Up to the first milestone all agrees; from there on the rate is the bare number of the "
    "list. Those are factors, not rates: multiply the rate in force by them.",
)
def values(t, lr0, milestones, factors):
    return [lr0, *factors][_passed(t, milestones)]


@EXERCISE.mistake(
    "first_only",
    kind="control-flow",
    says="stops at the first milestone that has been passed",
    hint="The first milestone agrees, and then nothing changes any more: the loop was left at the "
    "first milestone behind t. Go through all of them, and return after the loop.",
)
def first_only(t, lr0, milestones, factors):
    return lr(t, lr0, milestones[:1], factors[:1])


@EXERCISE.mistake(
    "divides",
    kind="logic",
    says="divides by the factors",
    hint="The rate goes up where it should go down: it was divided by the factor. “Divide by ten” "
    "is the factor 0.1, which multiplies.",
)
def divides(t, lr0, milestones, factors):
    return lr(t, lr0, milestones, [1 / factor for factor in factors])


@EXERCISE.mistake(
    "last_missing",
    kind="off-by-one",
    says="the last milestone is left out",
    hint="All agrees up to the last milestone, which changes nothing. There are as many stairs "
    "down as milestones: the loop ends one too early, or the last stair has no case of its own.",
)
def last_missing(t, lr0, milestones, factors):
    return lr(t, lr0, milestones[:-1], factors[:-1])


@EXERCISE.mistake(
    "uses_up",
    kind="state",
    says="takes the milestones off the lists that it was handed",
    hint="The first call past a milestone agrees, the next no longer knows of it: it was taken off "
    "the caller's own list. Only read the lists, or work on a copy: list(milestones).",
)
def uses_up(t, lr0, milestones, factors):
    while milestones and t >= milestones[0]:
        milestones.pop(0)
        lr0 *= factors.pop(0)
    return lr0


@EXERCISE.variant("a product over the factors whose milestone lies behind")
def product(t, lr0, milestones, factors):
    behind = np.array(milestones) <= t
    return lr0 * np.prod(np.array(factors)[behind])


@EXERCISE.variant("the table of all rates, and the stair that t stands on")
def table(t, lr0, milestones, factors):
    rates = lr0 * np.cumprod([1.0, *factors])
    return rates[np.searchsorted(milestones, t, side="right")]


@EXERCISE.variant("from the last milestone backwards, one call inside the other")
def backwards(t, lr0, milestones, factors):
    if not milestones:
        return lr0
    before = backwards(t, lr0, milestones[:-1], factors[:-1])
    return before * factors[-1] if t >= milestones[-1] else before


@EXERCISE.variant("step by step from 0, as an optimizer would live through it, in float32")
def step_by_step(t, lr0, milestones, factors):
    now = np.float32(lr0)
    for step in range(t + 1):
        if step in milestones:
            now = now * np.float32(factors[milestones.index(step)])
    return now
