"""Exercise ``init_orthogonal``: a rotation drawn at random, no direction preferred."""
# ruff: noqa: D103 - each function is described by its decorator

import math

import numpy as np

from dlcourse.grading.bank.initialization._draws import child
from dlcourse.grading.moments import Moment
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="init_orthogonal",
    title="Orthogonal initialization",
    chapter="3-initialization",
    position=6,
    entry="orthogonal",
    parameters=("shape", "rng", "gain"),
    conventions=(
        "flatten to rows = shape[0] and columns = the product of the rest, as PyTorch does",
        "no more rows than columns: orthonormal rows; else orthonormal columns; times gain",
        "no sign is preferred (Haar): QR alone prefers one, its R must have a positive diagonal",
        "any way of drawing from rng is fine: QR, SVD, reflections; single draws are not compared",
    ),
    hints=(
        "Look at W Wᵀ for a wide matrix, at WᵀW for a tall one: the identity, times gain². Which "
        "factorization of a matrix of normal draws gives orthonormal columns?",
        "QR of a tall normal matrix: Q has orthonormal columns. For a wide one draw the tall one "
        "and transpose at the end. QR chooses the signs of R's diagonal by its own rule; multiply "
        "each column of Q by the sign of its entry to be rid of that.",
        "By hand, for the one draw [[3], [4]], gain 1: Q is [[0.6], [0.8]] up to the sign, R is 5 "
        "or -5. With the sign made good, W = (0.6, 0.8); many routines give (-0.6, -0.8) first.",
    ),
    result="One array of the given shape.",
)


@EXERCISE.solution
def orthogonal(shape, rng, gain=1.0):
    rows, columns = shape[0], np.prod(shape[1:])
    tall = rng.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    w = q if q.shape == (rows, columns) else q.T
    return gain * w.reshape(shape)


def _flat(w):
    return w.reshape(len(w), -1)


def _gram(w, gain):
    w = _flat(w) / gain
    return w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w


def _moments(shape, gain):
    """Gram matrix exact; entries of a column uniform on the sphere: mean 0, variance 1/long."""
    rows, columns = shape[0], math.prod(shape[1:])
    spread = gain / max(rows, columns) ** 0.5
    return (
        Moment("squared length", lambda w: np.diag(_gram(w, gain)), 1.0, 0.0),
        Moment("sum of squared products", lambda w: (_gram(w, gain) ** 2).sum(axis=1), 1.0, 0.0),
        Moment("1 + error of a length", lambda w: 1 + abs(np.diag(_gram(w, gain)) - 1), 1.0, 0.0),
        Moment("entry on the diagonal", lambda w: np.diag(_flat(w)), 0.0, spread),
    )


def _case(rng, shape, gain=None):
    settings = {} if gain is None else {"gain": gain}
    return Case((shape, child(rng)), settings, moments=_moments(shape, gain or 1.0))


def _size(rng, about):
    return int(about + rng.integers(-5, 6))


def _gain(rng):
    return round(float(rng.uniform(1.3, 2.5)), 2)


@EXERCISE.probe("square", group="core")
def square(rng):
    n = _size(rng, 220)
    return _case(rng, (n, n))


@EXERCISE.probe("tall, with a gain", group="core")
def tall(rng):
    return _case(rng, (_size(rng, 220), _size(rng, 190)), _gain(rng))


@EXERCISE.probe("wide", group="edge")
def wide(rng):
    return _case(rng, (_size(rng, 190), _size(rng, 220)))


@EXERCISE.probe("a convolution", group="edge")
def of_a_convolution(rng):
    return _case(rng, (_size(rng, 190), _size(rng, 24), 3, 3), _gain(rng))


def _both(shape):
    return shape[0], math.prod(shape[1:])


@EXERCISE.mistake(
    "normalise",
    kind="logic",
    says="normalizes rows or columns and does not orthogonalize",
    hint="Each vector has length 1, and they are not perpendicular: normalizing is not enough. A "
    "QR or an SVD makes them so.",
)
def normalise(shape, rng, gain=1.0):
    rows, columns = _both(shape)
    w = rng.normal(size=(rows, columns))
    return gain * (w / np.linalg.norm(w, axis=int(rows <= columns), keepdims=True)).reshape(shape)


@EXERCISE.mistake(
    "no_gain",
    kind="logic",
    says="the gain is ignored",
    hint="Without a gain all agrees; with one the lengths are still 1. Multiply by it at the end.",
)
def no_gain(shape, rng, gain=1.0):
    return orthogonal(shape, rng)


@EXERCISE.mistake(
    "no_wide",
    kind="edge-case",
    says="fills up a wide matrix by repeating the square one",
    hint="Square and tall ones agree; a wide one has no orthonormal rows: QR of a wide matrix "
    "gives a square Q only. Factorize the transpose and turn it back.",
)
def no_wide(shape, rng, gain=1.0):
    rows, columns = _both(shape)
    q, r = np.linalg.qr(rng.normal(size=(rows, columns)))
    q = q * np.sign(np.diag(r))
    return gain * np.resize(q.T, (columns, rows)).T.reshape(shape) if rows < columns else gain * q


@EXERCISE.mistake(
    "qr_alone",
    kind="convention",
    says="leaves the signs to QR",
    hint="It is orthogonal, and not all matrices are equally likely: the diagonal leans to one "
    "sign, which is the rule by which QR chooses. Multiply each column by its sign of R's "
    "diagonal.",
)
def qr_alone(shape, rng, gain=1.0):
    rows, columns = _both(shape)
    q, _ = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    return gain * (q if rows >= columns else q.T).reshape(shape)


@EXERCISE.mistake(
    "gain_squared",
    kind="factor",
    says="multiplies by gain²",
    hint="Without a gain all agrees; with one the lengths are gain²: it came in twice. Singular "
    "values are gain, once.",
)
def gain_squared(shape, rng, gain=1.0):
    return gain * orthogonal(shape, rng, gain)


@EXERCISE.mistake(
    "scaled_normal",
    kind="logic",
    says="normal draws of variance 1/n",
    hint="The lengths are 1 on average and not each, and the vectors are not perpendicular: these "
    "are normal draws with variance 1/n. Its singular values spread; a QR makes them equal.",
)
def scaled_normal(shape, rng, gain=1.0):
    rows, columns = _both(shape)
    return gain * rng.normal(0, max(rows, columns) ** -0.5, shape)


@EXERCISE.variant("the polar factor U Vᵀ of a normal matrix, by SVD")
def by_svd(shape, rng, gain=1.0):
    u, _, vt = np.linalg.svd(rng.normal(size=_both(shape)), full_matrices=False)
    return gain * (u @ vt).reshape(shape)


@EXERCISE.variant("QR with random signs")
def random_signs(shape, rng, gain=1.0):
    rows, columns = _both(shape)
    q, _ = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q = q * rng.choice([-1.0, 1.0], q.shape[1])
    q = q * rng.choice([-1.0, 1.0], (q.shape[0], 1))
    return (gain * (q if rows >= columns else q.T)).reshape(shape)


@EXERCISE.variant("Gram and Schmidt, twice, vector by vector")
def gram_schmidt(shape, rng, gain=1.0):
    rows, columns = _both(shape)
    found = np.empty((0, max(rows, columns)))
    for _ in range(min(rows, columns)):
        v = rng.normal(size=max(rows, columns))
        for _ in range(2):
            v = v - found.T @ (found @ v)
        found = np.vstack([found, v / np.linalg.norm(v)])
    return (gain * (found if rows <= columns else found.T)).reshape(shape)


@EXERCISE.variant("float32")
def single_precision(shape, rng, gain=1.0):
    return orthogonal(shape, rng, gain).astype(np.float32)
