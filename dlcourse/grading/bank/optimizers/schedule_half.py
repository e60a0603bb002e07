"""Exercise ``schedule_half``: three smooth decays that meet at half the rate."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import rate
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="schedule_half",
    title="Schedule: half the rate",
    chapter="2-optimizers",
    position=9,
    entry="lr",
    parameters=("t", "lr0", "half", "kind"),
    conventions=(
        "t is the number of steps already made: 0 for the first, with the rate lr0",
        'lr0 γᵗ for kind "exponential", lr0 exp(−βt) for "natural", lr0/(1 + βt) for "inverse"',
        "γ and each β are such that the rate at t = half is lr0/2; half > 0 need not be whole",
    ),
    hints=(
        "Put t = half into each formula and write lr0/2 on the other side. lr0 drops out, and one "
        "unknown is left.",
        "Exponential: γ to the power half is 1/2, so γ is a root of 1/2. Natural: β · half is the "
        "number whose exponential is 2. Inverse: the denominator 1 + β · half is 2.",
        "By hand, with lr0 = 0.8, half = 4: all kinds give 0.8 at t = 0 and 0.4 at t = 4. At t = 8 "
        "exponential and natural give 0.2, inverse gives 0.8/3 = 0.266667.",
    ),
    result="Every call returns one number, the rate at t.",
)


@EXERCISE.solution
def lr(t, lr0, half, kind):
    if kind == "exponential":
        gamma = 2 ** (-1 / half)
        return lr0 * gamma**t
    if kind == "natural":
        beta = np.log(2) / half
        return lr0 * np.exp(-beta * t)
    beta = 1 / half
    return lr0 / (1 + beta * t)


def _case(rng, kind, over, half):
    return Case(over=tuple(over), kwargs={"lr0": rate(rng), "half": half, "kind": kind})


def _landmarks(rng, kind):
    """The start, a first step, and whole and half multiples of ``half``."""
    half = 2 * int(rng.integers(3, 8))
    return _case(rng, kind, (0, 1, half // 2, half, 2 * half, 3 * half), half)


@EXERCISE.probe("exponential", group="core")
def exponential(rng):
    return _landmarks(rng, "exponential")


@EXERCISE.probe("natural", group="core")
def natural(rng):
    return _landmarks(rng, "natural")


@EXERCISE.probe("inverse", group="core")
def inverse(rng):
    return _landmarks(rng, "inverse")


@EXERCISE.probe("half between two steps", group="edge")
def half_between_two_steps(rng):
    return _case(rng, "natural", range(8), int(rng.integers(2, 5)) + 0.5)


@EXERCISE.probe("half of it gone at once", group="edge")
def half_of_it_gone_at_once(rng):
    return _case(rng, "exponential", range(6), 1)


@EXERCISE.probe("out of order, and long after", group="edge")
def out_of_order(rng):
    return _case(rng, "inverse", (60, 3, 0, 100, 10), 10)


def _with(t, lr0, half, kind, *, gamma=None, natural=None, inverse=None):
    """The model solution, but with one constant chosen in another way."""
    if kind == "exponential" and gamma is not None:
        return lr0 * gamma**t
    if kind == "natural" and natural is not None:
        return lr0 * np.exp(-natural * t)
    if kind == "inverse" and inverse is not None:
        return lr0 / (1 + inverse * t)
    return lr(t, lr0, half, kind)


@EXERCISE.mistake(
    "halves_every_step",
    kind="logic",
    says="γ = 1/2: halves at every step",
    hint="Exponential: the rate is halved at every step instead of once in `half` steps. That many "
    "factors γ together make 1/2, so γ is a root of 1/2.",
)
def halves_every_step(t, lr0, half, kind):
    return _with(t, lr0, half, kind, gamma=0.5)


@EXERCISE.mistake(
    "share",
    kind="logic",
    says="γ = 1 − 1/(2 half): takes an equal share of the half at every step",
    hint="Exponential: at t = half the rate is still above lr0/2. The half was dealt out in equal "
    "shares, but a factor takes its share of what is left. Solve γ ** half = 1/2.",
)
def share(t, lr0, half, kind):
    return _with(t, lr0, half, kind, gamma=1 - 0.5 / half)


@EXERCISE.mistake(
    "upside_down",
    kind="logic",
    says="γ = 2^(−half) instead of 2^(−1/half)",
    hint="Exponential: the larger `half`, the faster the rate falls; it should be slower. The "
    "equation γ ** half = 1/2 is undone by a root, the power 1/half.",
)
def upside_down(t, lr0, half, kind):
    return _with(t, lr0, half, kind, gamma=0.5**half)


@EXERCISE.mistake(
    "staircase",
    kind="logic",
    says="halves at multiples of half and stays level between them",
    hint="Exponential: right at multiples of `half`, level between them; that is a staircase. The "
    "decay asked for falls at every step: the exponent is t / half, not t // half.",
)
def staircase(t, lr0, half, kind):
    return lr0 * 0.5 ** (t // half) if kind == "exponential" else lr(t, lr0, half, kind)


@EXERCISE.mistake(
    "time_constant",
    kind="factor",
    says="natural: β = 1/half, which passes lr0/e at half",
    hint="Natural: at t = half the rate is lr0/e, 0.37 lr0. With β = 1/half that many steps divide "
    "by e, not by 2. Solve exp(−β · half) = 1/2.",
)
def time_constant(t, lr0, half, kind):
    return _with(t, lr0, half, kind, natural=1 / half)


@EXERCISE.mistake(
    "log10",
    kind="factor",
    says="natural: the logarithm to base 10",
    hint="Natural: at t = half the rate is 0.74 lr0. The constant has the logarithm of 2 to base "
    "10; what undoes exp is the natural one, np.log, 0.693 for 2.",
)
def log10(t, lr0, half, kind):
    return _with(t, lr0, half, kind, natural=np.log10(2) / half)


@EXERCISE.mistake(
    "grows",
    kind="sign",
    says="natural: two minus signs, so the rate grows",
    hint="Natural: the rate grows, to 2 lr0 at t = half. ln(1/2) is negative already, and the "
    "minus of exp(−βt) takes that away again: β itself is positive, (ln 2)/half.",
)
def grows(t, lr0, half, kind):
    return _with(t, lr0, half, kind, natural=np.log(0.5) / half)


@EXERCISE.mistake(
    "inverse_ln2",
    kind="logic",
    says="inverse: the ln 2 of the natural decay",
    hint="Inverse: at t = half the rate is lr0/(1 + ln 2), 0.59 lr0: β was taken over from the "
    "natural decay. No exponential here, so no logarithm: 1 + β · half = 2.",
)
def inverse_ln2(t, lr0, half, kind):
    return _with(t, lr0, half, kind, inverse=np.log(2) / half)


@EXERCISE.mistake(
    "halves_again",
    kind="logic",
    says="inverse: halves again after as many steps, as the other two",
    hint="Inverse: right at 0 and at half, then too small: the exponential curve came for all "
    "kinds. Passing lr0/2 at half does not mean to halve again: at 2 half this one is lr0/3.",
)
def halves_again(t, lr0, half, kind):
    return lr(t, lr0, half, "exponential")


@EXERCISE.mistake(
    "forgets_the_one",
    kind="factor",
    says="inverse: β = 2/half, so that the denominator at half is 3",
    hint="Inverse: at t = half the rate is lr0/3. β · half was set to 2, but the denominator "
    "begins with a 1: it is 1 + β · half that has to be 2.",
)
def forgets_the_one(t, lr0, half, kind):
    return _with(t, lr0, half, kind, inverse=2 / half)


@EXERCISE.mistake(
    "no_beta",
    kind="logic",
    says="inverse: lr0/(1 + t), without β",
    hint="Inverse: half of the rate is gone after the very first step, whatever `half` is: lr0/(1 "
    "+ t). The constant β stretches time; it has to contain `half`.",
)
def no_beta(t, lr0, half, kind):
    return _with(t, lr0, half, kind, inverse=1)


@EXERCISE.mistake(
    "from_one",
    kind="off-by-one",
    says="counts the first step as 1",
    hint="Every kind is one step ahead: t = 0 is already below lr0, and lr0/2 comes at half − 1. "
    "The first step has t = 0 and the whole rate; use t as it comes.",
)
def from_one(t, lr0, half, kind):
    return lr(t + 1, lr0, half, kind)


@EXERCISE.variant("time counted in halves: 2^(−x) twice, and 1/(1 + x)")
def in_halves(t, lr0, half, kind):
    x = t / half
    return lr0 / (1 + x) if kind == "inverse" else lr0 * 0.5**x


@EXERCISE.variant("β of the natural decay from γ of the exponential one; half/(half + t)")
def from_gamma(t, lr0, half, kind):
    gamma = 0.5 ** (1 / half)
    if kind == "exponential":
        return lr0 * np.prod(np.full(t, gamma))
    beta = -np.log(gamma)
    return lr0 * np.exp(-beta * t) if kind == "natural" else lr0 * half / (half + t)


@EXERCISE.variant("a table of three functions; float32, as an array of no axes")
def single_precision(t, lr0, half, kind):
    x = np.float32(t) / np.float32(half)
    shapes = {
        "exponential": lambda: np.exp2(-x),
        "natural": lambda: np.exp(-np.float32(np.log(2)) * x),
        "inverse": lambda: 1 / (1 + x),
    }
    return np.array(np.float32(lr0) * shapes[kind]())
