"""Exercise ``sharpness``: how high the loss gets in a small box."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="sharpness",
    title="Sharpness in a box",
    chapter="1-landscape",
    position=6,
    entry="sharpness",
    parameters=("theta", "center", "curvature", "epsilon"),
    conventions=(
        "the loss is f(θ) = ½ Σ λᵢ (θᵢ − mᵢ)², with m center and λ curvature; all (d,), λᵢ >= 0",
        "the box holds every θ + z with |zᵢ| <= ε (|θᵢ| + 1) for all i",
        "φ = 100 (max f in the box − f(θ)) / (1 + f(θ)): percent, one number",
    ),
    hints=(
        "The directions of this loss do not mix, so the largest value in the box is found one "
        "direction at a time. Which end of an interval is farther from m?",
        "In direction i the farther end is |θᵢ − mᵢ| + ε (|θᵢ| + 1) away from m. Square, weight "
        "with λᵢ/2, add up: that is the maximum. Then the fraction.",
        "By hand, θ = (1, 3), m = (0, 3), λ = (2, 4), ε = 0.1: f(θ) = 1, the box reaches 0.2 and "
        "0.4, so the ends are 1.2 and 0.4 from m: 1.44 + 0.32 = 1.76. 100 · 0.76 / 2 = 38.",
    ),
    result="One number comes back, in percent.",
)


@EXERCISE.solution
def sharpness(theta, center, curvature, epsilon):
    away = abs(theta - center)
    here = (curvature * away**2).sum() / 2
    reach = epsilon * (abs(theta) + 1)
    highest = (curvature * (away + reach) ** 2).sum() / 2
    return 100 * (highest - here) / (1 + here)


def _case(rng, d, epsilon, away=1.0):
    theta, off = numbers(rng, d), away * numbers(rng, d)
    return Case((theta, np.round(theta - off, 3), np.round(rng.uniform(0.5, 4, d), 2), epsilon))


@EXERCISE.probe("three parameters", group="core")
def three(rng):
    return _case(rng, 3, 0.2)


@EXERCISE.probe("six parameters near the minimum", group="core")
def six(rng):
    return _case(rng, 6, 0.1, away=0.2)


@EXERCISE.probe("at the minimum", group="core")
def at_the_minimum(rng):
    return _case(rng, 4, 0.1, away=0.0)


@EXERCISE.probe("a steep slope", group="core")
def slope(rng):
    return _case(rng, 4, 0.1, away=3.0)


@EXERCISE.probe("one parameter", group="edge")
def one(rng):
    return _case(rng, 1, 0.1)


@EXERCISE.probe("directions that do not curve", group="edge")
def flat(rng):
    case = _case(rng, 5, 0.1)
    case.args[2][rng.permutation(5)[:2]] = 0
    return case


@EXERCISE.probe("weights of zero", group="edge")
def zero(rng):
    theta, center, curvature, epsilon = _case(rng, 4, 0.2).args
    return Case((0 * theta, center, curvature, epsilon))


def _f(theta, center, curvature):
    return 0.5 * (curvature * (theta - center) ** 2).sum()


def _percent(highest, here):
    return 100 * (highest - here) / (1 + here)


def _in_a_box(theta, center, curvature, reach):
    """φ with another idea of how far the box reaches."""
    highest = 0.5 * (curvature * (abs(theta - center) + reach) ** 2).sum()
    return _percent(highest, _f(theta, center, curvature))


@EXERCISE.mistake(
    "no_one",
    kind="logic",
    says="lets the box reach ε|θ|",
    hint="The box is too small: it reaches ε|θ|, and a weight of 0 cannot move. It is ε (|θ| + 1), "
    "which leaves room for small weights.",
)
def no_one(theta, center, curvature, epsilon):
    return _in_a_box(theta, center, curvature, epsilon * abs(theta))


@EXERCISE.mistake(
    "same_box",
    kind="logic",
    says="lets the box reach ε in every direction",
    hint="The box reaches ε in every direction, whatever the weights are. Large weights may move "
    "farther: ε (|θ| + 1).",
)
def same_box(theta, center, curvature, epsilon):
    return _in_a_box(theta, center, curvature, epsilon)


@EXERCISE.mistake(
    "around_center",
    kind="logic",
    says="measures the box by the distance from the minimum",
    hint="The box grows with the distance from m. Its size is about the weights themselves: "
    "ε (|θ| + 1), wherever the minimum is.",
)
def around_center(theta, center, curvature, epsilon):
    return _in_a_box(theta, center, curvature, epsilon * (abs(theta - center) + 1))


@EXERCISE.mistake(
    "one_corner",
    kind="logic",
    says="looks at one corner of the box",
    hint="Only the corner θ + ε (|θ| + 1) was tried. In some directions the other end is farther "
    "from m: take |θ − m| first, and add to that.",
)
def one_corner(theta, center, curvature, epsilon):
    far = theta + epsilon * (abs(theta) + 1)
    return _percent(_f(far, center, curvature), _f(theta, center, curvature))


@EXERCISE.mistake(
    "at_the_bottom",
    kind="logic",
    says="takes every θ for a minimum",
    hint="At the minimum it is right, elsewhere too small: only ½ Σ λ reach² was counted. On a "
    "slope the rise is λ |θ − m| reach more.",
)
def at_the_bottom(theta, center, curvature, epsilon):
    here = _f(theta, center, curvature)
    rise = 0.5 * (curvature * (epsilon * (abs(theta) + 1)) ** 2).sum()
    return _percent(here + rise, here)


@EXERCISE.mistake(
    "slope_only",
    kind="logic",
    says="goes up the slope in a straight line",
    hint="At the minimum it is 0: only the slope was followed, as if the loss were straight. "
    "Square the whole distance, |θ − m| + reach; what the curvature adds is the point.",
)
def slope_only(theta, center, curvature, epsilon):
    here = _f(theta, center, curvature)
    rise = (curvature * abs(theta - center) * epsilon * (abs(theta) + 1)).sum()
    return _percent(here + rise, here)


@EXERCISE.mistake(
    "share",
    kind="convention",
    says="leaves the 100 out",
    hint="It is a hundredth of what it should be: a share. Asked for is percent, 100 times as "
    "much.",
)
def share(theta, center, curvature, epsilon):
    return sharpness(theta, center, curvature, epsilon) / 100


@EXERCISE.mistake(
    "by_loss",
    kind="logic",
    says="divides by the loss, without the 1",
    hint="At the minimum it is infinite: the rise was divided by f. It is 1 + f, so that a loss of "
    "0 does no harm.",
)
def by_loss(theta, center, curvature, epsilon):
    here = _f(theta, center, curvature)
    return (sharpness(theta, center, curvature, epsilon) * (1 + here)) / here


@EXERCISE.mistake(
    "rise",
    kind="logic",
    says="gives the rise itself",
    hint="At the minimum it is right, elsewhere too large: the rise was not divided. It counts "
    "against 1 + f(θ).",
)
def rise_itself(theta, center, curvature, epsilon):
    return sharpness(theta, center, curvature, epsilon) * (1 + _f(theta, center, curvature))


@EXERCISE.mistake(
    "no_half",
    kind="factor",
    says="forgets the ½ of the loss",
    hint="At the minimum it is twice what it should be: the loss was taken without its ½. With f = "
    "½ Σ λ (θ − m)² the curvature is λ.",
)
def no_half(theta, center, curvature, epsilon):
    return sharpness(theta, center, 2 * curvature, epsilon)


@EXERCISE.variant("both ends of every interval")
def both_ends(theta, center, curvature, epsilon):
    f, highest = 0.0, 0.0
    for t, m, c in zip(theta.tolist(), center.tolist(), curvature.tolist(), strict=True):
        width = epsilon * (abs(t) + 1)
        f += c * (t - m) ** 2 / 2
        highest += max(c * (end - m) ** 2 / 2 for end in (t - width, t + width))
    return (highest - f) / (1 + f) * 100


@EXERCISE.variant("all corners of the box")
def all_corners(theta, center, curvature, epsilon):
    from itertools import product

    signs = np.array(list(product((-1, 1), repeat=len(theta))))
    ends = theta + signs * epsilon * (1 + abs(theta))
    losses = 0.5 * (ends - center) ** 2 @ curvature
    here = 0.5 * (theta - center) ** 2 @ curvature
    return 100 * (losses.max() - here) / (1 + here)


@EXERCISE.variant("uphill from θ, slope and curvature")
def uphill(theta, center, curvature, epsilon):
    g, reach = curvature * (theta - center), epsilon * (abs(theta) + 1)
    rise = (abs(g) * reach + curvature * reach**2 / 2).sum()
    return np.array(100 * rise / (1 + (g * (theta - center)).sum() / 2))


@EXERCISE.variant("float32")
def single_precision(theta, center, curvature, epsilon):
    arrays = (a.astype(np.float32) for a in (theta, center, curvature))
    return sharpness(*arrays, np.float32(epsilon))
