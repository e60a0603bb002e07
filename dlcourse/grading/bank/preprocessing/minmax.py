"""Exercise ``minmax``: the training range onto a given range, and no further promise."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.preprocessing._tables import part_and_place, table, with_a_constant
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="minmax",
    title="Min-max scaling",
    chapter="4-preprocessing",
    position=2,
    entry="minmax",
    parameters=("Xtr", "Xte", "lo", "hi"),
    conventions=(
        "for each feature the training minimum goes to lo, the training maximum to hi, linearly",
        "the test part takes the same map, and may leave the range: it is not clipped",
        "a feature that is constant in the training part becomes lo, in both parts",
        "returns (Ztr, Zte), new arrays",
    ),
    hints=(
        "Look at two numbers of each column of Xtr: where do its smallest and its largest go? A "
        "line through two points is all there is.",
        "Minimum and maximum along axis 0, of Xtr. The share (X − min) / (max − min) goes from 0 "
        "to 1; stretch it by hi − lo and add lo. Where max = min the share is 0.",
        "By hand, with one feature, Xtr = [2, 4, 10], Xte = [0], lo = -1, hi = 1: the shares are "
        "0, 1/4, 1, so the training part becomes -1, -0.5, 1. The test row has the share -1/4 and "
        "becomes -1.5.",
    ),
    result="Two arrays come back: the training part and the test part, shaped as they came.",
    places=part_and_place,
)


@EXERCISE.solution
def minmax(Xtr, Xte, lo=0.0, hi=1.0):
    low = Xtr.min(axis=0)
    width = Xtr.max(axis=0) - low
    slope = (hi - lo) / np.where(width == 0, np.inf, width)
    return lo + (Xtr - low) * slope, lo + (Xte - low) * slope


def _range(rng):
    lo = round(float(rng.uniform(-3, -1)), 2)
    return lo, lo + round(float(rng.uniform(2, 5)), 2)


@EXERCISE.probe("zero to one", group="core")
def zero_to_one(rng):
    return Case(table(rng))


@EXERCISE.probe("another range", group="core")
def another_range(rng):
    return Case((*table(rng), *_range(rng)))


@EXERCISE.probe("test rows outside", group="edge")
def outside(rng):
    train, test = table(rng)
    return Case((train, np.concatenate([3 * test, -2 * test]), *_range(rng)))


@EXERCISE.probe("a constant feature", group="edge")
def constant(rng):
    return Case((*with_a_constant(rng), *_range(rng)))


@EXERCISE.mistake(
    "own",
    kind="leakage",
    says="scales the test part by its own range",
    hint="The test part touches both ends of the range: it was measured by itself. The map comes "
    "from the training part's minimum and maximum.",
)
def own(Xtr, Xte, lo=0.0, hi=1.0):
    return minmax(Xtr, Xtr, lo, hi)[0], minmax(Xte, Xte, lo, hi)[0]


@EXERCISE.mistake(
    "together",
    kind="leakage",
    says="takes the range of both parts together",
    hint="The training part no longer reaches both ends: the range was taken of both parts "
    "together. The test part must not have a say.",
)
def together(Xtr, Xte, lo=0.0, hi=1.0):
    both = np.concatenate([Xtr, Xte])
    return tuple(np.split(minmax(both, both, lo, hi)[0], [len(Xtr)]))


def _divided(Xtr, Xte, lo, hi, low, width):
    slope = (hi - lo) / np.where(width == 0, 1.0, width) * (width != 0)
    return lo + (Xtr - low) * slope, lo + (Xte - low) * slope


@EXERCISE.mistake(
    "max",
    kind="logic",
    says="divides by the maximum",
    hint="The training minimum goes to lo, but the maximum not to hi: the division is by the "
    "maximum. Divide by the width, maximum minus minimum.",
)
def by_the_maximum(Xtr, Xte, lo=0.0, hi=1.0):
    low, width = Xtr.min(axis=0), Xtr.max(axis=0)
    return _divided(Xtr, Xte, lo, hi, low, np.where(Xtr.max(axis=0) == low, 0, width))


@EXERCISE.mistake(
    "clip",
    kind="convention",
    says="clips the test part to the range",
    hint="Test values beyond the training range were cut off at lo and hi. The map is kept linear "
    "here: a value outside comes out outside, and can be noticed.",
)
def clip(Xtr, Xte, lo=0.0, hi=1.0):
    train, test = minmax(Xtr, Xte, lo, hi)
    return train, np.clip(test, lo, hi)


@EXERCISE.mistake(
    "global",
    kind="axis",
    says="one minimum and one maximum for the whole table",
    hint="Only one feature reaches hi: one minimum and one maximum were taken for the whole table. "
    "Take them along axis 0, one a column.",
)
def everything(Xtr, Xte, lo=0.0, hi=1.0):
    return _divided(Xtr, Xte, lo, hi, Xtr.min(), np.asarray(np.ptp(Xtr)))


@EXERCISE.mistake(
    "no_range",
    kind="logic",
    says="lo and hi are ignored",
    hint="From 0 to 1 all agrees, with another range nothing does: lo and hi are not used. Stretch "
    "the share by hi − lo and add lo.",
)
def no_range(Xtr, Xte, lo=0.0, hi=1.0):
    return minmax(Xtr, Xte)


@EXERCISE.mistake(
    "not_stretched",
    kind="factor",
    says="stretches by hi instead of hi − lo",
    hint="The minimum goes to lo, the maximum to lo + hi: the share was stretched by hi. The width "
    "of the new range is hi − lo.",
)
def not_stretched(Xtr, Xte, lo=0.0, hi=1.0):
    return tuple(lo + hi * share for share in minmax(Xtr, Xte))


@EXERCISE.mistake(
    "nan",
    kind="edge-case",
    says="divides a constant feature by 0",
    hint="All agrees but for the constant feature, which became NaN or infinite: maximum minus "
    "minimum is 0 there. Give it the slope 0, so that it becomes lo.",
)
def nan(Xtr, Xte, lo=0.0, hi=1.0):
    low, width = Xtr.min(axis=0), np.ptp(Xtr, axis=0)
    return tuple(lo + (X - low) / width * (hi - lo) for X in (Xtr, Xte))


@EXERCISE.mistake(
    "constant_steps",
    kind="convention",
    says="a constant feature keeps the slope hi − lo",
    hint="All agrees but for the test part of the constant feature: there its steps of 1 still "
    "show, for the width 0 was replaced by 1. The convention here: it becomes lo.",
)
def constant_steps(Xtr, Xte, lo=0.0, hi=1.0):
    low, width = Xtr.min(axis=0), np.ptp(Xtr, axis=0)
    slope = (hi - lo) / np.where(width == 0, 1.0, width)
    return lo + (Xtr - low) * slope, lo + (Xte - low) * slope


@EXERCISE.variant("between the ends by their weights, (1 − s) lo + s hi")
def weighted(Xtr, Xte, lo=0.0, hi=1.0):
    low, high = Xtr.min(axis=0), Xtr.max(axis=0)
    width = high - low
    shares = [np.divide(X - low, width, out=np.zeros_like(X), where=width > 0) for X in (Xtr, Xte)]
    return [(1 - s) * lo + s * hi for s in shares]


@EXERCISE.variant("column by column, in Python numbers")
def by_column(Xtr, Xte, lo=0.0, hi=1.0):
    parts = [X.astype(float).tolist() for X in (Xtr, Xte)]
    for j in range(Xtr.shape[1]):
        low, high = min(Xtr[:, j]), max(Xtr[:, j])
        for rows in parts:
            for row in rows:
                share = (row[j] - low) / (high - low) if high > low else 0.0
                row[j] = float(lo + share * (hi - lo))
    return parts


@EXERCISE.variant("float32")
def single_precision(Xtr, Xte, lo=0.0, hi=1.0):
    return minmax(Xtr.astype(np.float32), Xte.astype(np.float32), np.float32(lo), np.float32(hi))
