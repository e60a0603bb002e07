"""Exercise ``flip``: some images are mirrored, the others stay, and none is the wrong way up."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import photos
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="flip",
    title="Mirroring some of the images",
    chapter="7-regularization",
    position=12,
    entry="flip",
    parameters=("x", "flipped"),
    conventions=(
        "x is (N, C, H, W), flipped (N,) of True and False: which images are mirrored",
        "mirrored is left to right, as in a mirror on the wall",
        "returns a new array; x stays as it is",
    ),
    hints=(
        "Which of the four axes runs from left to right?",
        "x[..., ::-1] mirrors all; take from it those images that are to be mirrored.",
        "By hand, two images of one row, (1, 2, 3) and (4, 5, 6), flipped = (False, True): "
        "(1, 2, 3) and (6, 5, 4).",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def flip(x, flipped):
    return np.where(flipped[:, None, None, None], x[..., ::-1], x)


def _case(rng, n, c, h, w):
    flipped = np.arange(n) % 3 != 1
    return Case((photos(rng, n, c, h, w), rng.permutation(flipped) if n > 1 else flipped))


@EXERCISE.probe("five images in colour", group="core")
def five(rng):
    return _case(rng, 5, 3, 4, 5)


@EXERCISE.probe("as many of everything", group="core")
def alike(rng):
    return _case(rng, 4, 4, 4, 4)


@EXERCISE.probe("one image", group="edge")
def one(rng):
    return _case(rng, 1, 1, 3, 6)


@EXERCISE.probe("nobody is mirrored", group="edge")
def nobody(rng):
    return Case((photos(rng, 3, 2, 3, 2), np.zeros(3, bool)))


@EXERCISE.probe("higher than wide", group="edge")
def high(rng):
    return _case(rng, 4, 2, 6, 3)


def _turned(x, flipped, axes):
    return np.where(flipped[:, None, None, None], np.flip(x, axes), x)


@EXERCISE.mistake(
    "upside_down",
    kind="axis",
    says="turns images upside down",
    hint="The images stand on their heads: rows were exchanged. Columns run along the last axis.",
)
def upside_down(x, flipped):
    return _turned(x, flipped, 2)


@EXERCISE.mistake(
    "half_turn",
    kind="axis",
    says="turns images by half a turn",
    hint="Rows and columns were exchanged: that is half a turn, not a mirror. Reverse the "
    "last axis alone.",
)
def half_turn(x, flipped):
    return _turned(x, flipped, (2, 3))


@EXERCISE.mistake(
    "channels",
    kind="axis",
    says="reverses the channels",
    hint="Red and blue were exchanged: the channels were reversed.",
)
def channels(x, flipped):
    return _turned(x, flipped, 1)


@EXERCISE.mistake(
    "everybody",
    kind="logic",
    says="mirrors all images",
    hint="All images are mirrored: `flipped` was not used.",
)
def everybody(x, flipped):
    return x[..., ::-1]


@EXERCISE.mistake(
    "others",
    kind="logic",
    says="mirrors the others",
    hint="The others are mirrored: True means that an image is to be.",
)
def others(x, flipped):
    return _turned(x, ~flipped, 3)


@EXERCISE.mistake(
    "batch",
    kind="axis",
    says="reverses the order of the images",
    hint="The images have changed places in the batch, and none is mirrored: the first axis was "
    "reversed.",
)
def batch(x, flipped):
    return _turned(x, flipped, 0)


@EXERCISE.mistake(
    "diagonal",
    kind="axis",
    says="mirrors along the diagonal",
    hint="The images were transposed: rows became columns. A mirror leaves every row where it is.",
)
def diagonal(x, flipped):
    h, w = x.shape[2:]
    order = np.arange(h * w).reshape(w, h).T.reshape(h, w) if h != w else np.arange(h * w)
    turned = x.swapaxes(2, 3) if h == w else x.reshape(*x.shape[:2], -1)[..., order.ravel()]
    return np.where(flipped[:, None, None, None], turned.reshape(x.shape), x)


@EXERCISE.mistake(
    "first",
    kind="logic",
    says="does with all images what the first asks for",
    hint="What `flipped` says of the first image was done with all. Each has its own entry.",
)
def as_the_first(x, flipped):
    return _turned(x, np.broadcast_to(flipped[:1], flipped.shape), 3)


@EXERCISE.variant("assigned where true")
def assigned(x, flipped):
    y = x.copy()
    y[flipped] = y[flipped][..., ::-1]
    return y


@EXERCISE.variant("image by image")
def by_image(x, flipped):
    pairs = zip(x, flipped.tolist(), strict=True)
    return [np.fliplr(a.swapaxes(0, 1).swapaxes(1, 2)).transpose(2, 0, 1) if turn else a
            for a, turn in pairs]  # fmt: skip


@EXERCISE.variant("float32, by an index of columns")
def by_columns(x, flipped):
    w = x.shape[-1]
    columns = np.where(flipped[:, None], np.arange(w)[::-1], np.arange(w))
    return np.take_along_axis(x.astype(np.float32), columns[:, None, None, :], -1)
