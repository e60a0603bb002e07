"""Exercise ``filter_direction``: a direction in which a plot can be compared with another."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers
from dlcourse.grading.spec import Case, Exercise


def _place(path):
    return f"unit {path[0]}" if path else ""


EXERCISE = Exercise(
    id="filter_direction",
    title="A direction in units of the weights",
    chapter="1-landscape",
    position=2,
    entry="normalize",
    parameters=("direction", "weights"),
    conventions=(
        "both are shaped alike: (out, in) of a dense layer, (out, in, kh, kw) of a convolution",
        "a filter is all that belongs to one index of the first axis, i.e. to one unit",
        "d_i ← d_i ‖w_i‖ / ‖d_i‖ for every filter i, with the Euclidean norm of all its numbers",
        "where a filter of direction is 0 it stays 0, and where one of weights is 0 it becomes 0",
    ),
    hints=(
        "How many lengths are there? One for every filter, over all its other axes, of which a "
        "convolution has three.",
        "Sum the squares over axes 1, 2, … with keepdims, so that the lengths line up with the "
        "filters. Divide by the length of d, multiply with that of w; 0/0 must not happen.",
        "By hand, direction = ((3, 4), (0, 2)) and weights = ((0.6, 0.8), (5, 12)): the lengths "
        "are 5 and 2, and 1 and 13. The first row is divided by 5, the second multiplied with "
        "6.5: ((0.6, 0.8), (0, 13)).",
    ),
    result="One array comes back, shaped as direction.",
    places=_place,
)


@EXERCISE.solution
def normalize(direction, weights):
    axes = tuple(range(1, direction.ndim))
    length = np.sqrt((direction**2).sum(axis=axes, keepdims=True))
    size = np.sqrt((weights**2).sum(axis=axes, keepdims=True))
    return direction * size / np.maximum(length, 1e-30)


def _case(rng, *shape):
    """A direction, and weights whose filters are of unlike sizes."""
    sizes = rng.permutation(np.linspace(0.2, 1.6, shape[0])).reshape(-1, *[1] * (len(shape) - 1))
    return Case((numbers(rng, shape), np.round(sizes * numbers(rng, shape), 3)))


@EXERCISE.probe("a dense layer", group="core")
def dense(rng):
    return _case(rng, 4, 3)


@EXERCISE.probe("a convolution", group="core")
def convolution(rng):
    return _case(rng, 3, 2, 3, 2)


@EXERCISE.probe("as many units as inputs", group="core")
def square(rng):
    return _case(rng, 3, 3)


@EXERCISE.probe("a filter of zero weights", group="edge")
def zero_weights(rng):
    case = _case(rng, 3, 4)
    case.args[1][rng.integers(3)] = 0
    return case


@EXERCISE.probe("a filter that does not move", group="edge")
def zero_direction(rng):
    case = _case(rng, 3, 2, 2, 2)
    case.args[0][rng.integers(3)] = 0
    return case


@EXERCISE.probe("one unit", group="edge")
def one_unit(rng):
    return _case(rng, 1, 5)


@EXERCISE.probe("a short direction", group="edge")
def short(rng):
    direction, weights = _case(rng, 4, 2).args
    return Case((np.round(0.01 * direction, 6), weights))


def _lengths(a, axes):
    return np.sqrt((a**2).sum(axis=axes, keepdims=True))


def _others(a):
    return tuple(range(1, a.ndim))


def _safe(length):
    return np.where(length > 0, length, 1.0)


@EXERCISE.mistake(
    "layer",
    kind="logic",
    says="takes the length of the whole layer",
    hint="The whole layer has the right length, its filters have not: one norm was taken over all "
    "of it. Every filter has a length of its own: sum over all axes but the first.",
)
def whole_layer(direction, weights):
    return direction * np.linalg.norm(weights) / np.linalg.norm(direction)


@EXERCISE.mistake(
    "columns",
    kind="axis",
    says="takes the lengths over the first axis",
    hint="The numbers of one input have the length of its weights, those of a unit have not. A "
    "filter is what enters a unit: the first axis counts filters and is the one to keep.",
)
def columns(direction, weights):
    axes = (0, *range(2, direction.ndim))
    return direction * _lengths(weights, axes) / _safe(_lengths(direction, axes))


@EXERCISE.mistake(
    "kernels",
    kind="axis",
    says="takes each kernel of a convolution by itself",
    hint="Dense layers are right, convolutions are not: each kernel got a length of its own. A "
    "filter is all that enters one unit, so its input channels belong to it.",
)
def kernels(direction, weights):
    axes = (2, 3) if direction.ndim == 4 else (1,)
    return direction * _lengths(weights, axes) / _safe(_lengths(direction, axes))


@EXERCISE.mistake(
    "unit",
    kind="logic",
    says="gives every filter the length 1",
    hint="Every filter has the length 1: the weights were not used. A step in it is to be in "
    "proportion to what it moves: multiply with the length of the weights.",
)
def unit_length(direction, weights):
    return direction / _safe(_lengths(direction, _others(direction)))


@EXERCISE.mistake(
    "not_divided",
    kind="logic",
    says="does not divide by the length of the direction",
    hint="Twice the direction gives twice the answer: its own length is still in it. Divide by "
    "that, so that only the weights say how far to go.",
)
def not_divided(direction, weights):
    return direction * _lengths(weights, _others(weights))


@EXERCISE.mistake(
    "squares",
    kind="factor",
    says="forgets the root",
    hint="The ratio of the lengths was taken in squares: the root is missing. ‖w‖ is the root of "
    "the sum of squares.",
)
def squares(direction, weights):
    axes = _others(direction)
    return (
        direction
        * (weights**2).sum(axis=axes, keepdims=True)
        / _safe((direction**2).sum(axis=axes, keepdims=True))
    )


@EXERCISE.mistake(
    "absolute",
    kind="logic",
    says="takes the sum of the absolute values for a length",
    hint="The filters have the right sum of absolute values, not the right length. The norm meant "
    "is Euclidean: the root of the sum of squares.",
)
def absolute(direction, weights):
    axes = _others(direction)
    size, length = (abs(a).sum(axis=axes, keepdims=True) for a in (weights, direction))
    return direction * size / _safe(length)


@EXERCISE.mistake(
    "exchanged",
    kind="convention",
    says="gives the weights the lengths of the direction",
    hint="What comes back points where the weights do: the two were exchanged. The direction keeps "
    "where it points, filter by filter, and takes its length from the weights.",
)
def exchanged(direction, weights):
    return normalize(weights, direction)


@EXERCISE.mistake(
    "nan",
    kind="edge-case",
    says="divides by a length of 0",
    hint="A filter that does not move became nan: 0/0. It has no direction that a length could "
    "be given to, so it stays 0: do not divide there.",
)
def not_a_number(direction, weights):
    axes = _others(direction)
    return direction / _lengths(direction, axes) * _lengths(weights, axes)


@EXERCISE.variant("filter by filter")
def by_loop(direction, weights):
    found = np.zeros(direction.shape)
    for i, (d, w) in enumerate(zip(direction, weights, strict=True)):
        if d.any():
            found[i] = np.linalg.norm(w) * d / np.linalg.norm(d)
    return found


@EXERCISE.variant("as a matrix, by root mean squares")
def by_matrix(direction, weights):
    d, w = (a.reshape(len(a), -1) for a in (direction, weights))
    spread = np.sqrt((d * d).mean(axis=1))
    factor = np.sqrt((w * w).mean(axis=1)) / np.where(spread > 0, spread, 1)
    return (factor[:, None] * d).reshape(direction.shape)


@EXERCISE.variant("float32")
def single_precision(direction, weights):
    return normalize(direction.astype(np.float32), weights.astype(np.float32))
