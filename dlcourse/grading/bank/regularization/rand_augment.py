"""Exercise ``rand_augment``: which operations, drawn for each image; how strong, said once."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import photos
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="rand_augment",
    title="RandAugment",
    chapter="7-regularization",
    position=22,
    entry="rand_augment",
    parameters=("x", "low", "high", "signed", "picks", "signs", "magnitude"),
    conventions=(
        "x is (N, H, W); operation 0 adds its value to the image, 1 multiplies the image by "
        "1 + value, 2 moves it right by round(value) pixels, what enters being 0",
        "at magnitude 0 … 30 the value of operation k is low[k] + (high[k] − low[k])·magnitude/30; "
        "where signed[k] is True it is multiplied by the sign",
        "picks is (N, T) whole numbers, signs (N, T) of −1 and 1: image n goes through operations "
        "picks[n, 0], picks[n, 1], … in this order, each with its own sign",
        "returns (N, H, W), a new array; nothing is cut off",
    ),
    hints=(
        "Two numbers are chosen by hand, how many operations and how strong. What is drawn, and "
        "for whom?",
        "For each image, for each t: k = picks[n, t]; the value from low, high and magnitude, "
        "times signs[n, t] if signed[k]; then one of three cases. A move to the left is one with a "
        "negative value.",
        "By hand, image (1, 2, 3), low = (0, 0, 0), high = (0.6, 0.9, 2), all signed, magnitude "
        "15, picks (2, 0), signs (-1, 1): values 1 and 0.3; moved left (2, 3, 0), then "
        "(2.3, 3.3, 0.3).",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def rand_augment(x, low, high, signed, picks, signs, magnitude):
    values = low + (high - low) * magnitude / 30
    out = x.copy()
    for n, image in enumerate(out):
        for k, sign in zip(picks[n], signs[n], strict=True):
            value = sign * values[k] if signed[k] else values[k]
            if k == 0:
                image += value
            elif k == 1:
                image *= 1 + value
            else:
                move = round(value)
                old = image.copy()
                image[...] = 0
                for c in range(image.shape[1]):
                    if 0 <= c - move < image.shape[1]:
                        image[:, c] = old[:, c - move]
    return out


def _case(rng, n, h, w, picks, magnitude=None, signed=(True, True, True)):
    low = np.round(rng.uniform(0.05, 0.2, 3), 2)
    high = np.round(low + [0.4, 0.6, 2.3] * rng.uniform(0.9, 1.1, 3), 2)
    low[2] = 0.4
    magnitude = round(float(rng.uniform(20, 24)), 1) if magnitude is None else magnitude
    picks = np.array(picks)
    signs = np.where((np.arange(picks.size).reshape(picks.shape) + rng.integers(2)) % 2, 1, -1)
    return Case((photos(rng, 1, n, h, w)[0], low, high, np.array(signed), picks, signs, magnitude))


@EXERCISE.probe("one operation each", group="core")
def single(rng):
    return _case(rng, 3, 2, 5, [[0], [1], [2]])


@EXERCISE.probe("two in a row", group="core")
def two(rng):
    return _case(rng, 4, 3, 4, [[0, 1], [1, 0], [2, 0], [0, 2]])


@EXERCISE.probe("the same twice", group="edge")
def twice(rng):
    return _case(rng, 3, 2, 6, [[2, 2], [0, 0], [1, 1]])


@EXERCISE.probe("some without a sign", group="edge")
def unsigned(rng):
    return _case(rng, 4, 2, 4, [[0, 2], [2, 1], [1, 0], [0, 1]], signed=(False, True, False))


@EXERCISE.probe("magnitude 0", group="edge")
def weakest(rng):
    return _case(rng, 3, 2, 4, [[0, 1], [2, 0], [1, 2]], 0.0)


@EXERCISE.probe("magnitude 30, three in a row", group="edge")
def strongest(rng):
    return _case(rng, 3, 3, 6, [[0, 1, 2], [2, 1, 0], [1, 2, 0]], 30.0)


def _moved(image, move):
    width = image.shape[1]
    wide = np.pad(image, ((0, 0), (width, width)))
    start = width - int(np.clip(move, -width, width))
    return wide[:, start : start + width]


def _apply(image, k, value, move=_moved):
    if k == 0:
        return image + value
    return image * (1 + value) if k == 1 else move(image, round(value))


def _run(x, values, signed, picks, signs, move=_moved):
    out = []
    for n, image in enumerate(x):
        for k, sign in zip(picks[n], signs[n], strict=True):
            image = _apply(image, k, values[k] * sign if signed[k] else values[k], move)
        out.append(image)
    return np.array(out)


def _values(low, high, magnitude):
    return low + (high - low) * magnitude / 30


@EXERCISE.mistake(
    "first",
    kind="logic",
    says="sends all images through the operations of the first",
    hint="All images went through the operations of the first. They are drawn anew for each.",
)
def as_the_first(x, low, high, signed, picks, signs, magnitude):
    picks = np.broadcast_to(picks[:1], picks.shape)
    return _run(x, _values(low, high, magnitude), signed, picks, signs)


@EXERCISE.mistake(
    "backwards",
    kind="order",
    says="applies the last operation first",
    hint="With one operation all is right, with several the order is reversed. Adding and then "
    "multiplying is not multiplying and then adding.",
)
def backwards(x, low, high, signed, picks, signs, magnitude):
    return _run(x, _values(low, high, magnitude), signed, picks[:, ::-1], signs[:, ::-1])


@EXERCISE.mistake(
    "fresh",
    kind="logic",
    says="applies every operation to the original",
    hint="Only the last operation of each image shows: each was applied to the original. It gets "
    "what the one before has left.",
)
def from_the_original(x, low, high, signed, picks, signs, magnitude):
    return _run(x, _values(low, high, magnitude), signed, picks[:, -1:], signs[:, -1:])


@EXERCISE.mistake(
    "unsigned",
    kind="logic",
    says="leaves the signs out",
    hint="Nothing is made darker or moved left: the signs were not used.",
)
def no_signs(x, low, high, signed, picks, signs, magnitude):
    return _run(x, _values(low, high, magnitude), signed & False, picks, signs)


@EXERCISE.mistake(
    "all_signed",
    kind="logic",
    says="gives every operation a sign",
    hint="Operations without a sign got one: `signed` says which have it.",
)
def all_signed(x, low, high, signed, picks, signs, magnitude):
    return _run(x, _values(low, high, magnitude), signed | True, picks, signs)


@EXERCISE.mistake(
    "low",
    kind="factor",
    says="takes magnitude 0 for no change",
    hint="At magnitude 0 nothing is done: the value was high·magnitude/30. At 0 it is low, at 30 "
    "it is high.",
)
def from_zero(x, low, high, signed, picks, signs, magnitude):
    return _run(x, high * magnitude / 30, signed, picks, signs)


@EXERCISE.mistake(
    "scale",
    kind="factor",
    says="counts magnitude from 0 to 10",
    hint="Everything is three times too strong, except at magnitude 0: magnitude was counted to "
    "10. Here 30 is the strongest.",
)
def to_ten(x, low, high, signed, picks, signs, magnitude):
    return _run(x, _values(low, high, 3 * magnitude), signed, picks, signs)


@EXERCISE.mistake(
    "wraps",
    kind="edge-case",
    says="lets pixels come in on the other side",
    hint="What leaves on one side comes in on the other: np.roll. What enters is 0.",
)
def rolled(x, low, high, signed, picks, signs, magnitude):
    roll = lambda image, move: np.roll(image, move, 1)  # noqa: E731
    return _run(x, _values(low, high, magnitude), signed, picks, signs, roll)


@EXERCISE.mistake(
    "left",
    kind="sign",
    says="moves left where it should move right",
    hint="Images are moved the wrong way: a positive value moves to the right.",
)
def leftwards(x, low, high, signed, picks, signs, magnitude):
    back = lambda image, move: _moved(image, -move)  # noqa: E731
    return _run(x, _values(low, high, magnitude), signed, picks, signs, back)


@EXERCISE.mistake(
    "down",
    kind="axis",
    says="moves down",
    hint="Images are moved up and down: rows were shifted. Right is along the last axis.",
)
def downwards(x, low, high, signed, picks, signs, magnitude):
    down = lambda image, move: _moved(image.T, move).T  # noqa: E731
    return _run(x, _values(low, high, magnitude), signed, picks, signs, down)


@EXERCISE.mistake(
    "trunc",
    kind="off-by-one",
    says="cuts the pixels of a move",
    hint="Some moves are a pixel short: the value was cut, not rounded.",
)
def cut_moves(x, low, high, signed, picks, signs, magnitude):
    values = _values(low, high, magnitude)
    values[2] = np.trunc(values[2])
    return _run(x, values, signed, picks, signs)


@EXERCISE.variant("operation by operation, all images that picked it")
def by_operation(x, low, high, signed, picks, signs, magnitude):
    share = magnitude / 30
    values = (1 - share) * low + share * high
    out = x.copy()
    for t in range(picks.shape[1]):
        value = np.where(signed[picks[:, t]], signs[:, t], 1) * values[picks[:, t]]
        add, times = picks[:, t] == 0, picks[:, t] == 1
        out[add] += value[add, None, None]
        out[times] *= 1 + value[times, None, None]
        for n in np.flatnonzero(~add & ~times):
            out[n] = _moved(out[n], int(np.rint(value[n])))
    return out


@EXERCISE.variant("image by image, in lists")
def by_lists(x, low, high, signed, picks, signs, magnitude):
    values = _values(low, high, magnitude)
    out = []
    for image, ks, ss in zip(x.tolist(), picks.tolist(), signs.tolist(), strict=True):
        for k, s in zip(ks, ss, strict=True):
            v = float(values[k]) * (s if signed[k] else 1)
            if k < 2:
                image = [[a + v if k == 0 else a * (1 + v) for a in row] for row in image]
            else:
                m, w = round(v), len(image[0])
                image = [[row[c - m] if 0 <= c - m < w else 0.0 for c in range(w)] for row in image]
        out.append(image)
    return out


@EXERCISE.variant("float32")
def single_precision(x, low, high, signed, picks, signs, magnitude):
    low, high = low.astype(np.float32), high.astype(np.float32)
    return rand_augment(x.astype(np.float32), low, high, signed, picks, signs, magnitude)
