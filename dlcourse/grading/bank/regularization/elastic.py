"""Exercise ``elastic``: every pixel looks a little beside its place, between four others."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import photos
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="elastic",
    title="Elastic deformation",
    chapter="7-regularization",
    position=15,
    entry="deform",
    parameters=("x", "dr", "dc"),
    conventions=(
        "x is (H, W); pixel (r, c) of the result is the value of x at the place (r + dr, c + dc), "
        "with dr and dc (H, W) arrays of real numbers",
        "between pixels the value is bilinear: by rows and by columns in proportion",
        "outside of the image x is 0; a place between the border and the outside takes part of "
        "each",
        "returns (H, W), a new array",
    ),
    hints=(
        "A place between pixels has four of them around it. How much does each count, if the place "
        "lies 0.2 below one row and 0.7 right of one column?",
        "Let r0 = floor of the row, f = the rest, likewise c0 and g: (1 − f)(1 − g)·x[r0, c0] + "
        "f(1 − g)·x[r0 + 1, c0] + (1 − f)g·x[r0, c0 + 1] + f·g·x[r0 + 1, c0 + 1]. Put zeros around "
        "x first, so that every index is there.",
        "By hand, x = (10, 20; 30, 40), dr = 0.5 and dc = 0.5 everywhere: pixel (0, 0) is the mean "
        "of all four, 25; (0, 1) lies half outside, (20 + 40)/4 = 15; (1, 0) is (30 + 40)/4 = "
        "17.5; (1, 1) is 40/4 = 10.",
    ),
    result="One array comes back, (H, W).",
)


@EXERCISE.solution
def deform(x, dr, dc):
    h, w = x.shape
    rows, columns = np.arange(h)[:, None] + dr, np.arange(w) + dc
    r0, c0 = np.floor(rows), np.floor(columns)
    y = np.zeros((h, w))
    for r, part in ((r0, r0 + 1 - rows), (r0 + 1, rows - r0)):
        for c, share in ((c0, c0 + 1 - columns), (c0 + 1, columns - c0)):
            seen = (r >= 0) & (r < h) & (c >= 0) & (c < w)
            y += part * share * np.where(seen, x[r.astype(int) % h, c.astype(int) % w], 0)
    return y


def _case(rng, h, w, reach):
    x = photos(rng, 1, 1, h, w)[0, 0]
    return Case((x, *np.round(rng.uniform(-reach, reach, (2, h, w)), 3)))


@EXERCISE.probe("a fraction of a pixel", group="core")
def fraction(rng):
    return _case(rng, 5, 5, 0.8)


@EXERCISE.probe("several pixels", group="core")
def several(rng):
    return _case(rng, 6, 6, 2.4)


@EXERCISE.probe("not square", group="edge")
def not_square(rng):
    return _case(rng, 4, 7, 1.5)


@EXERCISE.probe("whole pixels", group="edge")
def whole(rng):
    x, dr, dc = _case(rng, 5, 4, 1.4).args
    return Case((x, np.round(dr), np.round(dc)))


@EXERCISE.probe("far outside", group="edge")
def far(rng):
    return _case(rng, 4, 4, 5.0)


@EXERCISE.probe("only downwards", group="edge")
def downwards(rng):
    x, dr, _ = _case(rng, 5, 5, 1.0).args
    return Case((x, abs(dr) + 0.1, np.zeros(x.shape)))


def _at(x, rows, columns, mode="constant"):
    """Bilinear, the image continued as ``mode`` says."""
    reach = 2 + int(max(x.shape) + max(abs(rows).max(), abs(columns).max()))
    wide = np.pad(x, reach, mode=mode)
    rows, columns = rows + reach, columns + reach
    r, c = np.floor(rows).astype(int), np.floor(columns).astype(int)
    f, g = rows - r, columns - c
    upper = (1 - g) * wide[r, c] + g * wide[r, c + 1]
    return (1 - f) * upper + f * ((1 - g) * wide[r + 1, c] + g * wide[r + 1, c + 1])


def _places(x, dr, dc):
    rows, columns = np.indices(x.shape)
    return rows + dr, columns + dc


@EXERCISE.mistake(
    "nearest",
    kind="logic",
    says="takes the nearest pixel",
    hint="The values are those of whole pixels: the nearest was taken. Between pixels all four "
    "around it count, in proportion.",
)
def nearest(x, dr, dc):
    rows, columns = _places(x, dr, dc)
    return _at(x, np.round(rows), np.round(columns))


@EXERCISE.mistake(
    "floor",
    kind="logic",
    says="takes the pixel above and left",
    hint="The values are those of whole pixels: the place was rounded down. Between pixels all "
    "four around it count, in proportion.",
)
def rounded_down(x, dr, dc):
    rows, columns = _places(x, dr, dc)
    return _at(x, np.floor(rows), np.floor(columns))


@EXERCISE.mistake(
    "minus",
    kind="sign",
    says="looks in the opposite direction",
    hint="Every pixel looks the other way: its value stands at (r + dr, c + dc), not before.",
)
def minus(x, dr, dc):
    return deform(x, -dr, -dc)


@EXERCISE.mistake(
    "exchanged",
    kind="axis",
    says="exchanges dr and dc",
    hint="Down and right are exchanged: dr moves along the first axis.",
)
def exchanged(x, dr, dc):
    return deform(x, dc, dr)


@EXERCISE.mistake(
    "clamped",
    kind="edge-case",
    says="continues the border outwards",
    hint="Inside all is right; outside the pixels of the border go on. There the image is 0.",
)
def clamped(x, dr, dc):
    rows, columns = _places(x, dr, dc)
    return _at(x, rows, columns, "edge")


@EXERCISE.mistake(
    "wraps",
    kind="edge-case",
    says="comes in again on the other side",
    hint="What leaves on one side comes in on the other: a negative index counts from the end. "
    "Outside the image is 0.",
)
def wraps(x, dr, dc):
    rows, columns = _places(x, dr, dc)
    return _at(x, rows, columns, "wrap")


@EXERCISE.mistake(
    "cut",
    kind="edge-case",
    says="counts nothing near the border",
    hint="Places with one neighbor outside became 0. The neighbors inside still count, with their "
    "share.",
)
def cut(x, dr, dc):
    h, w = x.shape
    rows, columns = _places(x, dr, dc)
    inside = (rows >= 0) & (rows <= h - 1) & (columns >= 0) & (columns <= w - 1)
    return np.where(inside, deform(x, dr, dc), 0)


@EXERCISE.mistake(
    "weights",
    kind="logic",
    says="gives the shares to the wrong neighbors",
    hint="The nearer neighbor counts less: the shares are exchanged. A place 0.2 below a row takes "
    "0.8 of it.",
)
def far_ones(x, dr, dc):
    rows, columns = _places(x, dr, dc)
    r, c = np.floor(rows), np.floor(columns)
    return _at(x, 2 * r + 1 - rows, 2 * c + 1 - columns)


@EXERCISE.mistake(
    "absolute",
    kind="logic",
    says="takes dr and dc for places",
    hint="Nearly all comes from the upper left corner: dr and dc were taken for places. They are "
    "distances from the pixel itself.",
)
def absolute(x, dr, dc):
    return _at(x, dr, dc)


@EXERCISE.mistake(
    "truncated",
    kind="edge-case",
    says="rounds negative places towards zero",
    hint="Only above and left of the image is it wrong: int() rounds −0.3 to 0. Take the floor, "
    "−1.",
)
def truncated(x, dr, dc):
    rows, columns = _places(x, dr, dc)
    y = deform(x, dr, dc)
    r, c = rows.astype(int), columns.astype(int)
    low = ((rows < 0) & (rows > -1)) | ((columns < 0) & (columns > -1))
    inside = (rows > -1) & (columns > -1) & (rows < x.shape[0]) & (columns < x.shape[1])
    wide = np.pad(x, ((0, 2), (0, 2)))
    f, g = rows - r, columns - c
    r, c = np.clip(r, 0, x.shape[0]), np.clip(c, 0, x.shape[1])
    mine = (1 - f) * ((1 - g) * wide[r, c] + g * wide[r, c + 1])
    mine += f * ((1 - g) * wide[r + 1, c] + g * wide[r + 1, c + 1])
    return np.where(low & inside, mine, y)


@EXERCISE.variant("a frame of zeros, four corners")
def by_frame(x, dr, dc):
    return _at(x, *_places(x, dr, dc))


@EXERCISE.variant("every pixel a tent over all of the image")
def by_tents(x, dr, dc):
    h, w = x.shape
    y = []
    for r in range(h):
        for c in range(w):
            a = np.maximum(1 - abs(np.arange(h) - (r + dr[r, c])), 0)
            b = np.maximum(1 - abs(np.arange(w) - (c + dc[r, c])), 0)
            y.append(float(a @ x @ b))
    return np.reshape(y, (h, w)).tolist()


@EXERCISE.variant("float32")
def single_precision(x, dr, dc):
    return deform(*(a.astype(np.float32) for a in (x, dr, dc))).astype(np.float32)
