"""Exercise ``clipping_value``: every entry for itself, between two limits."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="clipping_value",
    title="Clipping by value",
    chapter="2-optimizers",
    position=4,
    entry="limit",
    parameters=("grads", "low", "high"),
    conventions=(
        "every entry below low becomes low, every entry above high becomes high, no other changes",
        "low need not be -high; PyTorch's clip_grad_value_ is the case low = -c, high = c",
        "returns a list of new arrays, shaped as grads",
    ),
    hints=(
        "Look at one single entry. Which three things can happen to it, and does any other entry "
        "have a say in that?",
        "An entry is first kept from being larger than high, the smaller of the two; then the "
        "result from being smaller than low, the larger of the two.",
        "By hand, with low = -1, high = 2 and the array [3, 0.5, -4]: what comes back is "
        "[2, 0.5, -1].",
    ),
    result="A list of arrays comes back, one for each of grads and shaped as it.",
    places=lambda path: "limited" + "".join(f"[{index}]" for index in path) if path else "",
)


@EXERCISE.solution
def limit(grads, low, high):
    return [np.maximum(np.minimum(g, high), low) for g in grads]


def _case(rng, low, high):
    """Arrays whose first entries lie above, between and below the limits, and the limits."""
    sure = np.array([high + 1.5, 0.6 * low + 0.4 * high, low - 1.5]) + numbers(rng, 3, 0.2)
    return Case(([sure, 3 * numbers(rng, (2, 3)), 3 * numbers(rng, 1)], low, high))


def _limits(rng):
    return round(float(rng.uniform(0.4, 0.9)), 2), round(float(rng.uniform(1.1, 1.8)), 2)


@EXERCISE.probe("the same on both sides", group="core")
def the_same_on_both_sides(rng):
    c = _limits(rng)[1]
    return _case(rng, -c, c)


@EXERCISE.probe("two different limits", group="core")
def two_different_limits(rng):
    small, large = _limits(rng)
    return _case(rng, -small, large)


@EXERCISE.probe("wide limits", group="core")
def wide_limits(rng):
    return Case(([numbers(rng, 3), numbers(rng, (2, 2))], -50.0, 40.0))


@EXERCISE.probe("the larger limit below", group="edge")
def the_larger_limit_below(rng):
    small, large = _limits(rng)
    return _case(rng, -large, small)


@EXERCISE.probe("two positive limits", group="edge")
def two_positive_limits(rng):
    return _case(rng, *_limits(rng))


@EXERCISE.probe("one huge entry", group="edge")
def one_huge_entry(rng):
    small, large = _limits(rng)
    huge = np.concatenate([[1e4], numbers(rng, 3)])
    return Case(([huge, numbers(rng, 2)], -small, large))


@EXERCISE.mistake(
    "by_norm",
    kind="logic",
    says="clips by the norm",
    hint="All entries were multiplied by one factor: that is clipping by the norm. By value each "
    "entry is cut by itself, and those between the limits stay as they are.",
)
def by_norm(grads, low, high):
    norm = np.sqrt(sum(np.sum(g**2) for g in grads))
    return [g * (high / norm if norm > high else 1.0) for g in grads]


@EXERCISE.mistake(
    "symmetric",
    kind="convention",
    says="takes -high for the lower limit",
    hint="Right where low is -high, and only there: the lower limit was taken to be -high. The "
    "interval need not be symmetric; use low.",
)
def symmetric(grads, low, high):
    return [np.clip(g, -high, high) for g in grads]


@EXERCISE.mistake(
    "only_above",
    kind="logic",
    says="cuts above only",
    hint="Large entries are cut, very negative ones are not. There are two limits: take the "
    "smaller of entry and high, then the larger of that and low.",
)
def only_above(grads, low, high):
    return [np.minimum(g, high) for g in grads]


@EXERCISE.mistake(
    "only_below",
    kind="logic",
    says="cuts below only",
    hint="Very negative entries are cut, large ones are not. There are two limits: take the "
    "smaller of entry and high, then the larger of that and low.",
)
def only_below(grads, low, high):
    return [np.maximum(g, low) for g in grads]


@EXERCISE.mistake(
    "swapped",
    kind="logic",
    says="minimum and maximum exchanged",
    hint="Every entry has become one of the limits: minimum and maximum are exchanged. The upper "
    "limit is kept with the *minimum* of entry and high.",
)
def swapped(grads, low, high):
    return [np.minimum(np.maximum(g, high), low) for g in grads]


@EXERCISE.mistake(
    "set_to_zero",
    kind="logic",
    says="sets entries outside to zero",
    hint="Entries outside of the limits have become zero: the largest slopes are ignored. They "
    "become the limit that they have passed.",
)
def set_to_zero(grads, low, high):
    return [np.where((g < low) | (g > high), 0.0, g) for g in grads]


@EXERCISE.mistake(
    "each_array",
    kind="logic",
    says="scales each array by its largest entry",
    hint="Each array was multiplied by a factor of its own until its largest entry fits. By value "
    "there is no factor: entries between the limits do not change.",
)
def each_array(grads, low, high):
    most = [max(float(np.abs(g).max()), 1e-12) for g in grads]
    return [g * min(1.0, high / size) for g, size in zip(grads, most, strict=True)]


@EXERCISE.mistake(
    "by_size",
    kind="logic",
    says="limits the absolute value and drops the sign",
    hint="Negative entries have lost their sign: the limits were put on the absolute value. A "
    "gradient without its sign points uphill as often as down.",
)
def by_size(grads, low, high):
    return [np.minimum(np.abs(g), high) for g in grads]


@EXERCISE.variant("np.clip")
def clipped(grads, low, high):
    return [np.clip(g, low, high) for g in grads]


@EXERCISE.variant("assignments on copies")
def on_copies(grads, low, high):
    limited = []
    for g in grads:
        new = g.copy()
        new[new > high] = high
        new[new < low] = low
        limited.append(new)
    return limited


@EXERCISE.variant("entry by entry, as nested lists, float32")
def entry_by_entry(grads, low, high):
    def one(x):
        if isinstance(x, list):
            return [one(item) for item in x]
        return low if x < low else high if x > high else x

    return [np.array(one(g.tolist()), dtype=np.float32) for g in grads]
