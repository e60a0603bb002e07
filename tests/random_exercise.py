"""A random exercise, He's initialization, with the answers people give to it."""

import numpy as np

from dlcourse.grading.moments import Moment
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="he",
    title="He's initialization",
    chapter="initialization",
    position=1,
    parameters=("shape", "rng", "mode", "a"),
    conventions=("normal, variance 2 / ((1 + a^2) fan)", "shape is (fan_out, fan_in)"),
    hints=("Which variance?", "ReLU takes half of it.", "Start with fan_in."),
    result="One array of the given shape.",
)


def fan(shape, mode):
    return shape[1] if mode == "fan_in" else shape[0]


def moments(variance):
    """Of a normal distribution: w, w^2 and w^4 have these means and standard deviations."""
    sigma = variance**0.5
    return (
        Moment("mean", lambda w: w, 0.0, sigma),
        Moment("variance", lambda w: w**2, variance, 2**0.5 * variance),
        Moment("fourth moment", lambda w: w**4, 3 * variance**2, 96**0.5 * variance**2),
        Moment("product of neighbors", lambda w: w[:, 1:] * w[:, :-1], 0.0, variance),
    )


def case(rng, mode, a):
    shape = (int(rng.integers(90, 110)), int(rng.integers(240, 260)))
    variance = 2 / ((1 + a * a) * fan(shape, mode))
    kwargs = {"mode": mode, "a": a}
    child = np.random.default_rng(rng.integers(2**63))
    return Case((shape, child), kwargs, moments=moments(variance))


@EXERCISE.probe("fan_in", "core")
def probe_in(rng):
    return case(rng, "fan_in", 0.0)


@EXERCISE.probe("fan_out", "core")
def probe_out(rng):
    return case(rng, "fan_out", 0.0)


@EXERCISE.probe("leaky", "edge")
def probe_leaky(rng):
    return case(rng, "fan_in", 0.5)


@EXERCISE.solution
def run(shape, rng, mode, a):
    fan = shape[1] if mode == "fan_in" else shape[0]
    return rng.normal(0.0, np.sqrt(2 / ((1 + a * a) * fan)), shape)


def mistake(id, hint):
    return EXERCISE.mistake(id, "logic", hint, hint)


@mistake("lecun", "ReLU removes half of the second moment: 2, not 1.")
def lecun(shape, rng, mode, a):
    return run(shape, rng, mode, a) / np.sqrt(2)


@mistake("wrong_fan", "fan_in is shape[1].")
def wrong_fan(shape, rng, mode, a):
    return run(shape, rng, "fan_out" if mode == "fan_in" else "fan_in", a)


@mistake("no_root", "2/fan is the variance; rng.normal takes its root.")
def no_root(shape, rng, mode, a):
    return rng.normal(0.0, 2 / ((1 + a * a) * fan(shape, mode)), shape)


@mistake("uniform", "The variance is right, the family is not: uniform instead of normal.")
def uniform(shape, rng, mode, a):
    bound = np.sqrt(6 / ((1 + a * a) * fan(shape, mode)))
    return rng.uniform(-bound, bound, shape)


@mistake("one_row", "Every row is the same: all units would learn alike.")
def one_row(shape, rng, mode, a):
    return np.broadcast_to(run(shape, rng, mode, a)[:, :1], shape).copy()


@EXERCISE.variant("row by row")
def rows(shape, rng, mode, a):
    sigma = np.sqrt(2 / ((1 + a * a) * fan(shape, mode)))
    return [sigma * rng.standard_normal(shape[1]) for _ in range(shape[0])]


@EXERCISE.variant("single precision")
def single(shape, rng, mode, a):
    return run(shape, rng, mode, a).astype(np.float32)


@EXERCISE.variant("Box and Muller's way from uniform draws")
def box_muller(shape, rng, mode, a):
    radius = np.sqrt(-2 * np.log1p(-rng.random(shape)))
    sigma = np.sqrt(2 / ((1 + a * a) * fan(shape, mode)))
    return sigma * radius * np.cos(2 * np.pi * rng.random(shape))
