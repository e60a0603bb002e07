"""Exercise ``cutout``: a square of every image is hidden, each at its own place."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import photos
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="cutout",
    title="Cutout",
    chapter="7-regularization",
    position=18,
    entry="cutout",
    parameters=("x", "cy", "cx", "size", "fill"),
    conventions=(
        "x is (N, C, H, W); cy and cx are (N,) whole numbers: one center an image",
        "rows cy − size//2 to cy − size//2 + size (end excluded), columns likewise, clipped to the "
        "image; size is the full side",
        "all channels become `fill` there; returns a new array",
    ),
    hints=(
        "What does Python make of the slice x[-2:2]?",
        "Go through the images; the first row is max(cy[n] − size//2, 0), so that it cannot be "
        "negative. An end beyond the image does no harm.",
        "By hand, 5 × 5, center (0, 3), size 3: rows -1 to 2 become 0 and 1, columns 2, 3, 4: six "
        "pixels are hidden.",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def cutout(x, cy, cx, size, fill=0.0):
    hidden = x.copy()
    for image, r, c in zip(hidden, cy - size // 2, cx - size // 2, strict=True):
        image[:, max(r, 0) : r + size, max(c, 0) : c + size] = fill
    return hidden


def _case(rng, c, h, w, centers, size, **settings):
    cy, cx = np.array(rng.permutation(centers)).T
    return Case((photos(rng, len(cy), c, h, w), cy, cx, size), settings)


@EXERCISE.probe("squares inside", group="core")
def inside(rng):
    return _case(rng, 2, 8, 8, [(4, 3), (3, 5), (5, 4)], 4)


@EXERCISE.probe("squares in the corners", group="core")
def corners(rng):
    return _case(rng, 1, 8, 8, [(0, 0), (0, 7), (7, 1), (7, 7)], 4)


@EXERCISE.probe("an odd side", group="edge")
def odd(rng):
    return _case(rng, 3, 7, 7, [(3, 2), (0, 4), (6, 6)], 3)


@EXERCISE.probe("not square", group="edge")
def not_square(rng):
    return _case(rng, 2, 4, 9, [(1, 7), (3, 5)], 2)


@EXERCISE.probe("another filling", group="edge")
def filled(rng):
    return _case(rng, 3, 5, 6, [(2, 2), (4, 0)], 3, fill=round(float(rng.uniform(1, 2)), 2))


@EXERCISE.probe("a single pixel", group="edge")
def pixel(rng):
    return _case(rng, 2, 4, 5, [(0, 4), (2, 1)], 1)


def _filled(x, tops, lefts, h, w, fill, channels=slice(None)):
    y = x.copy()
    for image, r, c in zip(y, tops, lefts, strict=True):
        image[channels, max(r, 0) : max(r + h, 0), max(c, 0) : max(c + w, 0)] = fill
    return y


@EXERCISE.mistake(
    "half",
    kind="factor",
    says="takes size for half of the side",
    hint="The squares are twice as wide as asked: size is the full side.",
)
def half(x, cy, cx, size, fill=0.0):
    return _filled(x, cy - size, cx - size, 2 * size, 2 * size, fill)


@EXERCISE.mistake(
    "wraps",
    kind="edge-case",
    says="lets a negative row count from the end",
    hint="At the upper and left border nothing is hidden: a negative index counts from the end. "
    "Clip it at 0.",
)
def wraps(x, cy, cx, size, fill=0.0):
    y = x.copy()
    for image, r, c in zip(y, cy - size // 2, cx - size // 2, strict=True):
        image[:, r : r + size, c : c + size] = fill
    return y


@EXERCISE.mistake(
    "first",
    kind="logic",
    says="hides the same square of all images",
    hint="All images are hidden at the place of the first: each has its own cy[n], cx[n].",
)
def one_place(x, cy, cx, size, fill=0.0):
    return cutout(x, np.full_like(cy, cy[0]), np.full_like(cx, cx[0]), size, fill)


@EXERCISE.mistake(
    "corner",
    kind="convention",
    says="takes the center for the corner",
    hint="The squares lie too far down and right: cy, cx was taken for the upper left corner. It "
    "is the center.",
)
def corner(x, cy, cx, size, fill=0.0):
    return _filled(x, cy, cx, size, size, fill)


@EXERCISE.mistake(
    "exchanged",
    kind="axis",
    says="exchanges rows and columns",
    hint="Rows and columns are exchanged: cy is a row, the third axis.",
)
def exchanged(x, cy, cx, size, fill=0.0):
    return cutout(x, cx, cy, size, fill)


@EXERCISE.mistake(
    "even",
    kind="off-by-one",
    says="makes odd squares one smaller",
    hint="Squares with an odd side are one row and column too small: from cy − size//2 to "
    "cy + size//2 there are only 2·(size//2). Add size to the first row.",
)
def even(x, cy, cx, size, fill=0.0):
    side = size // 2 * 2
    return _filled(x, cy - size // 2, cx - size // 2, side, side, fill)


@EXERCISE.mistake(
    "zero",
    kind="logic",
    says="fills with zeros always",
    hint="The squares are 0 where `fill` asks for something else.",
)
def always_zero(x, cy, cx, size, fill=0.0):
    return cutout(x, cy, cx, size)


@EXERCISE.mistake(
    "channel",
    kind="axis",
    says="hides the first channel only",
    hint="Only the first channel is hidden; in colour the other two still show what was there.",
)
def first_channel(x, cy, cx, size, fill=0.0):
    return _filled(x, cy - size // 2, cx - size // 2, size, size, fill, slice(0, 1))


@EXERCISE.mistake(
    "outside",
    kind="logic",
    says="hides all but the square",
    hint="Only the square is left: what lies outside was hidden.",
)
def outside(x, cy, cx, size, fill=0.0):
    hidden = cutout(np.zeros(x.shape), cy, cx, size, 1.0)
    return np.where(hidden == 1, x, fill)


@EXERCISE.mistake(
    "inwards",
    kind="edge-case",
    says="pushes squares at the border inwards",
    hint="Squares at the border are whole: they were pushed inwards. They are clipped, so that the "
    "border is hidden as often as the middle.",
)
def inwards(x, cy, cx, size, fill=0.0):
    tops = np.clip(cy - size // 2, 0, x.shape[2] - size)
    lefts = np.clip(cx - size // 2, 0, x.shape[3] - size)
    return _filled(x, tops, lefts, size, size, fill)


@EXERCISE.variant("by distances from the first row and column")
def by_mask(x, cy, cx, size, fill=0.0):
    r = np.arange(x.shape[2]) - (cy - size // 2)[:, None]
    c = np.arange(x.shape[3]) - (cx - size // 2)[:, None]
    rows, columns = (r >= 0) & (r < size), (c >= 0) & (c < size)
    return np.where(rows[:, None, :, None] & columns[:, None, None, :], fill, x)


@EXERCISE.variant("pixel by pixel")
def by_pixel(x, cy, cx, size, fill=0.0):
    y = x.tolist()
    for n, (r0, c0) in enumerate(zip(cy.tolist(), cx.tolist(), strict=True)):
        for r in range(r0 - size // 2, r0 - size // 2 + size):
            for c in range(c0 - size // 2, c0 - size // 2 + size):
                if 0 <= r < x.shape[2] and 0 <= c < x.shape[3]:
                    for channel in y[n]:
                        channel[r][c] = fill
    return y


@EXERCISE.variant("float32")
def single_precision(x, cy, cx, size, fill=0.0):
    return cutout(x.astype(np.float32), cy, cx, size, np.float32(fill))
