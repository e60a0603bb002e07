"""Exercise ``random_erasing``: a rectangle by its share of the image and by its shape."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import photos
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="random_erasing",
    title="Random erasing",
    chapter="7-regularization",
    position=19,
    entry="erase",
    parameters=("x", "area", "ratio", "u", "v", "fill"),
    conventions=(
        "x is one image (C, H, W); area is the share of it that is erased, ratio is height over "
        "width",
        "h = round(√(area·H·W·ratio)), w = round(√(area·H·W/ratio)); if h >= H or w >= W nothing "
        "is erased",
        "u and v in [0, 1) say where: top = floor(u·(H − h + 1)), left = floor(v·(W − w + 1)), so "
        "that the rectangle lies inside",
        "`fill` is (C, H, W): the rectangle shows it; returns a new array",
    ),
    hints=(
        "Two equations for two unknowns: what do h·w and h/w have to be?",
        "h·w = area·H·W and h/w = ratio, so h² = area·H·W·ratio. There are H − h + 1 places for "
        "the first row.",
        "By hand, 6 × 8, area 0.25, ratio 3: h = round(√36) = 6 is not below 6, so nothing is "
        "erased. With ratio 0.75, h = 3, w = 4; u = 0.9 gives top = floor(3.6) = 3, v = 0.5 gives "
        "left = floor(2.5) = 2.",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def erase(x, area, ratio, u, v, fill):
    H, W = x.shape[1:]
    h = round(np.sqrt(area * H * W * ratio))
    w = round(np.sqrt(area * H * W / ratio))
    y = x.copy()
    if h < H and w < W:
        top, left = int(u * (H - h + 1)), int(v * (W - w + 1))
        y[:, top : top + h, left : left + w] = fill[:, top : top + h, left : left + w]
    return y


def _near(side, size):
    """A side that no rounding can move."""
    return abs(side - np.floor(side) - 0.5) > 0.1 and 1 <= round(side) < size


def _case(rng, c, H, W, tall, u=None, v=None):
    while True:
        area = round(float(rng.uniform(0.1, 0.3)), 3)
        ratio = round(float(rng.uniform(1.6, 2.4)), 2)
        ratio = ratio if tall else round(1 / ratio, 3)
        h, w = np.sqrt(area * H * W * ratio), np.sqrt(area * H * W / ratio)
        if _near(h, H) and _near(w, W) and round(h) != round(w):
            break
    u = round(float(rng.uniform(0.3, 0.7)), 2) if u is None else u
    v = round(float(rng.uniform(0.3, 0.7)), 2) if v is None else v
    return Case((photos(rng, 1, c, H, W)[0], area, ratio, u, v, 2 + photos(rng, 1, c, H, W)[0]))


@EXERCISE.probe("a high rectangle", group="core")
def high(rng):
    return _case(rng, 2, 9, 9, True)


@EXERCISE.probe("a wide rectangle", group="core")
def wide(rng):
    return _case(rng, 3, 8, 8, False)


@EXERCISE.probe("not square", group="edge")
def not_square(rng):
    return _case(rng, 1, 7, 12, True)


@EXERCISE.probe("in the last corner", group="edge")
def last_corner(rng):
    return _case(rng, 2, 8, 10, False, 0.99, 0.98)


@EXERCISE.probe("in the first corner", group="edge")
def first_corner(rng):
    return _case(rng, 2, 10, 8, True, 0.0, 0.0)


def _given(rng, area, ratio):
    x, _, _, u, v, fill = _case(rng, 1, 6, 8, True).args
    return Case((x, area, ratio, u, v, fill))


@EXERCISE.probe("higher than the image", group="edge")
def no_room(rng):
    return _given(rng, 0.3, round(float(rng.uniform(3.8, 4.2)), 2))


@EXERCISE.probe("just as high as the image", group="edge")
def as_high(rng):
    return _given(rng, 0.25, 3.0)


@EXERCISE.probe("just as wide as the image", group="edge")
def as_wide(rng):
    return _given(rng, 1 / 3, 0.25)


def _sides(x, area, ratio):
    H, W = x.shape[1:]
    return round(np.sqrt(area * H * W * ratio)), round(np.sqrt(area * H * W / ratio))


def _erased(x, h, w, u, v, fill):
    H, W = x.shape[1:]
    y = x.copy()
    if h < H and w < W:
        r, c = int(u * (H - h + 1)), int(v * (W - w + 1))
        y[:, r : r + h, c : c + w] = fill[:, r : r + h, c : c + w]
    return y


@EXERCISE.mistake(
    "wide",
    kind="convention",
    says="takes the ratio for width over height",
    hint="High rectangles lie on their side: ratio is height over width.",
)
def on_its_side(x, area, ratio, u, v, fill):
    return erase(x, area, 1 / ratio, u, v, fill)


@EXERCISE.mistake(
    "no_root",
    kind="logic",
    says="makes the ratio of the sides its square",
    hint="The rectangle is too long: its sides are in the ratio squared. h² = area·H·W·ratio, so "
    "the root takes in the ratio as well.",
)
def too_long(x, area, ratio, u, v, fill):
    return erase(x, area, ratio**2, u, v, fill)


@EXERCISE.mistake(
    "side",
    kind="logic",
    says="takes the area for the share of a side",
    hint="The rectangle is too small: `area` was taken for the share of a side.",
)
def share_of_side(x, area, ratio, u, v, fill):
    return erase(x, area**2, ratio, u, v, fill)


@EXERCISE.mistake(
    "down",
    kind="off-by-one",
    says="rounds the sides down",
    hint="Some sides are one too short: they were cut, not rounded.",
)
def cut_sides(x, area, ratio, u, v, fill):
    H, W = x.shape[1:]
    h, w = int(np.sqrt(area * H * W * ratio)), int(np.sqrt(area * H * W / ratio))
    return _erased(x, h, w, u, v, fill)


@EXERCISE.mistake(
    "places",
    kind="off-by-one",
    says="never reaches the last row and column",
    hint="The last place is never taken: there are H − h + 1 places for the first row, not H − h.",
)
def one_place_less(x, area, ratio, u, v, fill):
    h, w = _sides(x, area, ratio)
    H, W = x.shape[1:]
    if not (h < H and w < W):
        return x.copy()
    r, c = int(u * (H - h)), int(v * (W - w))
    y = x.copy()
    y[:, r : r + h, c : c + w] = fill[:, r : r + h, c : c + w]
    return y


@EXERCISE.mistake(
    "sticks_out",
    kind="edge-case",
    says="puts the corner anywhere in the image",
    hint="The rectangle sticks out of the image, and less is erased than asked for: u and v choose "
    "among the places where it fits.",
)
def sticks_out(x, area, ratio, u, v, fill):
    h, w = _sides(x, area, ratio)
    if not (h < x.shape[1] and w < x.shape[2]):
        return x.copy()
    r, c = int(u * x.shape[1]), int(v * x.shape[2])
    y = x.copy()
    y[:, r : r + h, c : c + w] = fill[:, r : r + h, c : c + w]
    return y


@EXERCISE.mistake(
    "clipped",
    kind="edge-case",
    says="shortens what does not fit",
    hint="A rectangle that does not fit was shortened. Then nothing is erased; in practice one "
    "draws again.",
)
def shortened(x, area, ratio, u, v, fill):
    h, w = _sides(x, area, ratio)
    H, W = x.shape[1:]
    h, w = min(h, H), min(w, W)
    r, c = int(u * (H - h + 1)), int(v * (W - w + 1))
    y = x.copy()
    y[:, r : r + h, c : c + w] = fill[:, r : r + h, c : c + w]
    return y


@EXERCISE.mistake(
    "whole_side",
    kind="edge-case",
    says="erases what is as high or wide as the image",
    hint="Only a rectangle with a side just as long as the image is wrong: it has to be shorter.",
)
def whole_side(x, area, ratio, u, v, fill):
    h, w = _sides(x, area, ratio)
    H, W = x.shape[1:]
    return shortened(x, area, ratio, u, v, fill) if h <= H and w <= W else x.copy()


@EXERCISE.mistake(
    "corner_fill",
    kind="logic",
    says="shows the corner of fill",
    hint="The rectangle is filled from the corner of `fill`: take the same rows and columns there.",
)
def corner_of_fill(x, area, ratio, u, v, fill):
    h, w = _sides(x, area, ratio)
    H, W = x.shape[1:]
    y = x.copy()
    if h < H and w < W:
        r, c = int(u * (H - h + 1)), int(v * (W - w + 1))
        y[:, r : r + h, c : c + w] = fill[:, :h, :w]
    return y


@EXERCISE.mistake(
    "exchanged",
    kind="axis",
    says="exchanges u and v",
    hint="Rows and columns are exchanged: u says how far down, v how far right.",
)
def exchanged(x, area, ratio, u, v, fill):
    return erase(x, area, ratio, v + 0.25 * (u == v), u, fill)


@EXERCISE.variant("by a mask")
def by_mask(x, area, ratio, u, v, fill):
    _, H, W = x.shape
    w = np.rint((area * H * W / ratio) ** 0.5)
    h = np.rint(w and (area * H * W * ratio) ** 0.5)
    if h >= H or w >= W:
        return x.tolist()
    rows = np.arange(H)[:, None] - np.floor(u * (H - h + 1))
    columns = np.arange(W) - np.floor(v * (W - w + 1))
    return np.where((rows >= 0) & (rows < h) & (columns >= 0) & (columns < w), fill, x)


@EXERCISE.variant("pixel by pixel")
def by_pixel(x, area, ratio, u, v, fill):
    h, w = _sides(x, area, ratio)
    y = np.array(x, copy=True)
    if h >= x.shape[1] or w >= x.shape[2]:
        return y
    top = u * (x.shape[1] - h + 1) // 1
    left = v * (x.shape[2] - w + 1) // 1
    for r in range(h):
        for c in range(w):
            y[:, int(top) + r, int(left) + c] = fill[:, int(top) + r, int(left) + c]
    return y


@EXERCISE.variant("float32")
def single_precision(x, area, ratio, u, v, fill):
    return erase(x.astype(np.float32), area, ratio, u, v, fill.astype(np.float32))
