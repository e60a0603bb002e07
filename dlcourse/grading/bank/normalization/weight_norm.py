"""Exercise ``weight_norm``: length and direction apart."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.normalization._batches import named
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="weight_norm",
    title="Weight normalization",
    chapter="5-normalization",
    position=9,
    entry="weight_norm",
    parameters=("v", "g", "dw"),
    conventions=(
        "v is (out, in), g (out,): w[i] = g[i]·v[i]/‖v[i]‖, one length for each row",
        "dw is the derivative of the loss by w; dv and dg are those by v and g",
        "returns (w, dv, dg), new arrays",
    ),
    hints=(
        "If a row of v is made twice as long, what happens to w? And in which direction can dv "
        "therefore not point?",
        "With the unit vectors u = v/‖v‖, row by row: w = g·u, dg is the inner product of dw and "
        "u, and dv = g/‖v‖ times what is left of dw when its part along u is taken out.",
        "By hand, with v = [[3, 4]], g = [2], dw = [[1, 0]]: ‖v‖ = 5, u = (0.6, 0.8), w = (1.2, "
        "1.6), dg = 0.6, dv = 2/5·((1, 0) − 0.6·(0.6, 0.8)) = (0.256, -0.192), which is at right "
        "angles to v.",
    ),
    result="Three arrays come back: w and dv, shaped as v, and dg.",
    places=named("w", "dv", "dg"),
)


@EXERCISE.solution
def weight_norm(v, g, dw):
    length = np.linalg.norm(v, axis=1, keepdims=True)
    u = v / length
    dg = (dw * u).sum(axis=1)
    dv = g[:, None] / length * (dw - dg[:, None] * u)
    return g[:, None] * u, dv, dg


def _case(rng, out, inputs, along=0.0):
    v = np.round(2 * rng.normal(size=(out, inputs)), 3)
    g = np.round((1 + rng.uniform(0.2, 1, out)) * rng.choice([-1, 1], out), 3)
    return Case((v, g, np.round(rng.normal(size=(out, inputs)) + along * v, 3)))


@EXERCISE.probe("three units", group="core")
def three_units(rng):
    return _case(rng, 3, 4)


@EXERCISE.probe("a gradient that is mostly along v", group="core")
def along_v(rng):
    return _case(rng, 2, 3, along=1.5)


@EXERCISE.probe("as many units as inputs", group="edge")
def square(rng):
    return _case(rng, 3, 3)


@EXERCISE.probe("one unit", group="edge")
def one_unit(rng):
    return _case(rng, 1, 5)


def _by(length, v, g, dw):
    u = v / length
    dg = (dw * u).sum(1)
    return g[:, None] * u, g[:, None] / length * (dw - dg[:, None] * u), dg


@EXERCISE.mistake(
    "global",
    kind="axis",
    says="one length for the whole matrix",
    hint="One unit alone is right; of several, the rows of w do not have the lengths |g|: one norm "
    "was taken of the whole matrix. Each row has its own.",
)
def one_length(v, g, dw):
    return _by(np.linalg.norm(v), v, g, dw)


@EXERCISE.mistake(
    "columns",
    kind="axis",
    says="normalizes the columns",
    hint="The columns of v were brought to length 1. A row holds the weights of one unit: the norm "
    "is along axis 1.",
)
def columns(v, g, dw):
    return _by(np.linalg.norm(v, axis=0), v, g, dw)


@EXERCISE.mistake(
    "no_projection",
    kind="logic",
    says="leaves the part along v in dv",
    hint="w and dg agree. A longer v is the same w, so dv is at right angles to v; yours is not. "
    "Take out the part of dw along v.",
)
def no_projection(v, g, dw):
    w, _, dg = weight_norm(v, g, dw)
    return w, g[:, None] / np.linalg.norm(v, axis=1, keepdims=True) * dw, dg


@EXERCISE.mistake(
    "no_g",
    kind="logic",
    says="does not multiply w by g",
    hint="dv and dg agree; the rows of w have length 1, whatever g is. Multiply the directions by "
    "g.",
)
def no_g(v, g, dw):
    return v / np.linalg.norm(v, axis=1, keepdims=True), *weight_norm(v, g, dw)[1:]


@EXERCISE.mistake(
    "no_g_back",
    kind="factor",
    says="forgets g in dv",
    hint="w and dg agree; dv is off by a factor in each row: g. The longer the weights, the more a "
    "turn of v moves them.",
)
def no_g_back(v, g, dw):
    w, dv, dg = weight_norm(v, g, dw)
    return w, dv / g[:, None], dg


@EXERCISE.mistake(
    "not_divided",
    kind="factor",
    says="forgets 1/‖v‖ in dv",
    hint="w and dg agree; dv is off by the length of v. The longer v is, the less the same step "
    "turns it: divide by ‖v‖.",
)
def not_divided(v, g, dw):
    w, dv, dg = weight_norm(v, g, dw)
    return w, dv * np.linalg.norm(v, axis=1, keepdims=True), dg


@EXERCISE.mistake(
    "long_g",
    kind="factor",
    says="takes dg along v, not along its direction",
    hint="w agrees; dg is too large by the length of v: the inner product was with v. What g "
    "multiplies is the unit vector.",
)
def long_g(v, g, dw):
    w, dv, _ = weight_norm(v, g, dw)
    return w, dv, (dw * v).sum(1)


@EXERCISE.mistake(
    "square",
    kind="logic",
    says="divides by the squared length",
    hint="The rows of w have lengths |g|/‖v‖: they were divided by the square of the length. Take "
    "the root.",
)
def squared(v, g, dw):
    return _by((v**2).sum(1, keepdims=True), v, g, dw)


@EXERCISE.variant("a projection matrix for every unit")
def projections(v, g, dw):
    w, dv, dg = [], [], []
    for row, length, d in zip(v, g, dw, strict=True):
        n = (row @ row) ** 0.5
        P = np.eye(len(row)) - np.outer(row, row) / n**2
        w.append(length * row / n)
        dv.append(length / n * P @ d)
        dg.append(d @ row / n)
    return w, dv, dg


@EXERCISE.variant("in the paper's order: dg first, then dv from it; nested lists")
def as_the_paper(v, g, dw):
    n = np.sqrt(np.einsum("ij,ij->i", v, v))
    dg = np.einsum("ij,ij->i", dw, v) / n
    dv = (g / n)[:, None] * dw - (g * dg / n**2)[:, None] * v
    return [((g / n)[:, None] * v).tolist(), dv.tolist(), dg.tolist()]


@EXERCISE.variant("float32")
def single_precision(v, g, dw):
    return weight_norm(*(a.astype(np.float32) for a in (v, g, dw)))
