"""Exercise ``clipping``: one norm over all gradients, and one factor for all of them."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank._draw import numbers
from dlcourse.grading.spec import Case, Exercise


def _place(path):
    """Which of the two results: ``clipped[1]`` or ``total_norm``."""
    if not path:
        return ""
    if path[0] == 1:
        return "total_norm"
    return "clipped" + "".join(f"[{index}]" for index in path[1:])


EXERCISE = Exercise(
    id="clipping",
    title="Clipping by the global norm",
    chapter="2-optimizers",
    position=3,
    entry="clip",
    parameters=("grads", "max_norm"),
    conventions=(
        "total_norm = √(Σ of all squared entries of all arrays), before clipping",
        "above max_norm every array is multiplied by max_norm / total_norm, else none is changed",
        "PyTorch divides by total_norm + 1e-6 instead: accepted",
        "returns (clipped, total_norm), new arrays; gradients of zero stay zero",
    ),
    hints=(
        "Look at what has to stay the same when a gradient is clipped: its direction, in the space "
        "of all parameters together. How many factors may there be?",
        "There is one number for the whole list: square all entries of all arrays, add them, take "
        "the root. If it is larger than max_norm, multiply every array by max_norm / total_norm; "
        "if not, by 1. Divide in the first case only.",
        "By hand, with arrays [3, 4] and [12] and max_norm = 6.5: the squares add up to 169, the "
        "norm is 13, the factor 0.5, and what comes back is [1.5, 2] and [6], with 13.",
    ),
    result="Two things come back: the list of clipped arrays, shaped as grads, and total_norm.",
    places=_place,
)


@EXERCISE.solution
def clip(grads, max_norm):
    total_norm = np.sqrt(sum(np.sum(g**2) for g in grads))
    factor = max_norm / total_norm if total_norm > max_norm else 1.0
    return [g * factor for g in grads], total_norm


def _case(rng, share, scales=(1.0, 1.0, 1.0)):
    """Three arrays, and a limit that is ``share`` of their norm."""
    shapes: tuple[int | tuple[int, int], ...] = (3, (2, 2), 1)
    grads = [numbers(rng, shape, scale) for shape, scale in zip(shapes, scales, strict=True)]
    norm = np.sqrt(sum(float(np.sum(g**2)) for g in grads))
    return Case((grads, float(round(share * norm, 3))))


@EXERCISE.probe("above the limit", group="core")
def above_the_limit(rng):
    return _case(rng, 0.4)


@EXERCISE.probe("below the limit", group="core")
def below_the_limit(rng):
    return _case(rng, 3.0)


@EXERCISE.probe("one huge array", group="core")
def one_huge_array(rng):
    return _case(rng, 0.1, (100.0, 1.0, 1.0))


@EXERCISE.probe("each below but together above", group="edge")
def each_below_together_above(rng):
    grads = [numbers(rng, 2), numbers(rng, (1, 2)), numbers(rng, 2)]
    norms = [float(np.linalg.norm(g)) for g in grads]
    return Case((grads, float(np.sqrt(max(norms) * np.linalg.norm(norms)))))  # between the two


@EXERCISE.probe("small gradients", group="edge")
def small_gradients(rng):
    return _case(rng, 0.5, (0.1, 0.1, 0.1))


@EXERCISE.probe("all zero", group="edge")
def all_zero(rng):
    return Case(([np.zeros(3), np.zeros((2, 2))], float(np.round(rng.uniform(0.5, 2.0), 2))))


def _norm(grads):
    return np.sqrt(sum(np.sum(g**2) for g in grads))


@EXERCISE.mistake(
    "per_tensor",
    kind="logic",
    says="clips every array by its own norm",
    hint="The arrays no longer have their old proportions, so the whole gradient points elsewhere: "
    "each was clipped by a norm of its own. One norm over all, one factor for all.",
)
def per_tensor(grads, max_norm):
    own = [max(np.linalg.norm(g), 1e-12) for g in grads]
    return [g * min(1.0, max_norm / n) for g, n in zip(grads, own, strict=True)], _norm(grads)


@EXERCISE.mistake(
    "always",
    kind="edge-case",
    says="always rescales to max_norm",
    hint="Gradients below the limit came back enlarged: they were stretched to max_norm. Rescale "
    "only if the norm is larger than the limit; a limit is no target.",
)
def always(grads, max_norm):
    norm = _norm(grads)
    return [g * (max_norm / norm if norm > 0 else 1.0) for g in grads], norm


@EXERCISE.mistake(
    "value",
    kind="logic",
    says="clips the entries, one by one",
    hint="Entries were cut off at ± max_norm one by one, which turns the gradient. That is "
    "clipping by value. By norm, all entries are multiplied by the same factor.",
)
def value(grads, max_norm):
    return [np.clip(g, -max_norm, max_norm) for g in grads], _norm(grads)


@EXERCISE.mistake(
    "nan",
    kind="edge-case",
    says="divides by the norm even if it is zero",
    hint="All agrees until every gradient is zero; then there is a NaN, from 0 / 0. Divide only if "
    "the norm is larger than max_norm, or put a tiny number beside it.",
)
def nan(grads, max_norm):
    norm = _norm(grads)
    return [g / norm * min(norm, max_norm) for g in grads], norm


@EXERCISE.mistake(
    "norm_after",
    kind="convention",
    says="returns the norm after clipping",
    hint="The gradients are right; the number is the norm after clipping, which is never above "
    "max_norm and so tells nothing. What one wants to watch is the norm before.",
)
def norm_after(grads, max_norm):
    clipped, norm = clip(grads, max_norm)
    return clipped, min(norm, max_norm)


@EXERCISE.mistake(
    "no_root",
    kind="logic",
    says="uses the sum of squares for the norm",
    hint="The number that came is the square of the norm, ‖g‖², and the limit was held against it. "
    "The root is missing: √(Σ g²) has the unit of g, as max_norm has.",
)
def no_root(grads, max_norm):
    square = sum(np.sum(g**2) for g in grads)
    return [g * (max_norm / square if square > max_norm else 1.0) for g in grads], square


@EXERCISE.mistake(
    "sum_of_norms",
    kind="logic",
    says="adds the norms of the arrays",
    hint="The number that came is the sum of the arrays' norms, which is larger than the norm of "
    "the whole. Squares add up, norms do not: add Σ g² of all arrays, one root at the end.",
)
def sum_of_norms(grads, max_norm):
    norm = sum(np.linalg.norm(g) for g in grads)
    return [g * (max_norm / norm if norm > max_norm else 1.0) for g in grads], norm


@EXERCISE.mistake(
    "unit_length",
    kind="factor",
    says="rescales to norm 1 instead of max_norm",
    hint="Clipped gradients came back with norm 1, whatever max_norm is: they were divided by the "
    "norm and no more. The factor is max_norm / total_norm.",
)
def unit_length(grads, max_norm):
    norm = _norm(grads)
    return [g * (1 / norm if norm > max_norm else 1.0) for g in grads], norm


@EXERCISE.variant("PyTorch's way: the factor is max_norm / (norm + 1e-6), at most 1")
def with_tiny(grads, max_norm):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads]))
    factor = np.minimum(max_norm / (norm + 1e-6), 1.0)
    return [factor * g for g in grads], norm


@EXERCISE.variant("the norm of the norms, which is the same; an early return; a list of two")
def norm_of_norms(grads, max_norm):
    norm = np.linalg.norm([np.linalg.norm(g) for g in grads])
    if norm <= max_norm:
        return [[g.copy() for g in grads], float(norm)]
    return [[g / (norm / max_norm) for g in grads], float(norm)]


@EXERCISE.variant("float32 throughout")
def single_precision(grads, max_norm):
    return clip([g.astype(np.float32) for g in grads], np.float32(max_norm))


@EXERCISE.variant("loops over single numbers, returned as nested lists")
def plain_lists(grads, max_norm):
    norm = sum(x * x for g in grads for x in g.ravel().tolist()) ** 0.5
    factor = 1.0 if norm <= max_norm else max_norm / norm
    flat = [[x * factor for x in g.ravel().tolist()] for g in grads]
    shaped = [np.reshape(f, g.shape).tolist() for f, g in zip(flat, grads, strict=True)]
    return tuple(shaped), norm
