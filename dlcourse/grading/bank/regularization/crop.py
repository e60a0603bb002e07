"""Exercise ``crop``: an image shifted by a few pixels, by padding it and cutting it out again."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import photos
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="crop",
    title="Padding and cropping",
    chapter="7-regularization",
    position=13,
    entry="crop",
    parameters=("x", "top", "left", "size", "padding"),
    conventions=(
        "x is (N, C, H, W); `padding` zeros are put on all four sides first",
        "top and left are (N,) whole numbers, counted in the padded image: where the crop of each "
        "image begins",
        "size is (height, width) of the crops; all lie wholly in the padded image",
        "returns (N, C, height, width), a new array",
    ),
    hints=(
        "With padding 1 and top 0, which row of the image is the first that is seen?",
        "np.pad with ((0, 0), (0, 0), (p, p), (p, p)); then for each n a slice of rows and of "
        "columns.",
        "By hand, one image (1, 2; 3, 4), padding 1, top 1, left 0, size (2, 2): the padded rows "
        "are (0, 0, 0, 0), (0, 1, 2, 0), (0, 3, 4, 0), (0, 0, 0, 0), and the crop is "
        "(0, 1; 0, 3).",
    ),
    result="One array comes back, (N, C, height, width).",
)


@EXERCISE.solution
def crop(x, top, left, size, padding):
    h, w = size
    wide = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    y = np.empty((*x.shape[:2], h, w))
    for n, image in enumerate(wide):
        y[n] = image[:, top[n] : top[n] + h, left[n] : left[n] + w]
    return y


def _case(rng, n, c, h, w, size, padding):
    x = photos(rng, n, c, h, w)
    room = [side + 2 * padding - part + 1 for side, part in zip((h, w), size, strict=True)]
    top, left = (rng.permutation(np.arange(max(n, free)) % free)[:n] for free in room)
    return Case((x, top, left, size, padding))


@EXERCISE.probe("shifted by up to two pixels", group="core")
def shifted(rng):
    return _case(rng, 4, 2, 5, 5, (5, 5), 2)


@EXERCISE.probe("a part of each", group="core")
def part(rng):
    return _case(rng, 3, 1, 6, 7, (3, 4), 0)


@EXERCISE.probe("not square", group="edge")
def not_square(rng):
    return _case(rng, 3, 3, 4, 6, (5, 3), 1)


@EXERCISE.probe("as large as the padded image", group="edge")
def everything(rng):
    return _case(rng, 2, 2, 3, 4, (5, 6), 1)


@EXERCISE.probe("one image", group="edge")
def one(rng):
    return _case(rng, 1, 2, 4, 4, (3, 3), 2)


def _cut(wide, top, left, size):
    h, w = size
    rows = np.clip(np.asarray(top)[:, None] + np.arange(h), 0, wide.shape[2] - 1)
    columns = np.clip(np.asarray(left)[:, None] + np.arange(w), 0, wide.shape[3] - 1)
    n = np.arange(len(wide))
    return wide[n[:, None, None], :, rows[:, :, None], columns[:, None, :]].transpose(0, 3, 1, 2)


def _padded(x, padding, **how):
    return np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), **how)


@EXERCISE.mistake(
    "unpadded",
    kind="logic",
    says="does not pad",
    hint="There are no zeros at the borders: the image was cut without its padding, and `top` "
    "counts from the padding.",
)
def unpadded(x, top, left, size, padding):
    return _cut(x, top, left, size)


@EXERCISE.mistake(
    "from_image",
    kind="off-by-one",
    says="counts from the corner of the image",
    hint="Every crop lies too far down and right, by `padding`: top and left were counted from "
    "the corner of the image. They begin in the padding.",
)
def from_image(x, top, left, size, padding):
    wide = np.pad(x, ((0, 0), (0, 0), (padding, 3 * padding), (padding, 3 * padding)))
    return _cut(wide, top + padding, left + padding, size)


@EXERCISE.mistake(
    "exchanged",
    kind="axis",
    says="exchanges top and left",
    hint="Rows and columns are exchanged: `top` chooses rows, the third axis.",
)
def exchanged(x, top, left, size, padding):
    return _cut(_padded(x, padding), left, top, size)


@EXERCISE.mistake(
    "first",
    kind="logic",
    says="cuts all images where the first is cut",
    hint="All images are cut at the place of the first: each has its own top and left.",
)
def all_as_first(x, top, left, size, padding):
    same_top, same_left = np.full_like(top, top[0]), np.full_like(left, left[0])
    return _cut(_padded(x, padding), same_top, same_left, size)


@EXERCISE.mistake(
    "edge",
    kind="convention",
    says="pads with the pixels of the edge",
    hint="The border repeats the last pixels. Here it is filled with zeros.",
)
def edge(x, top, left, size, padding):
    return _cut(_padded(x, padding, mode="edge"), top, left, size)


@EXERCISE.mistake(
    "center",
    kind="convention",
    says="takes top and left for the center",
    hint="Every crop lies too far up and left: top and left were taken for its center. They are "
    "its first row and column.",
)
def centers(x, top, left, size, padding):
    h, w = size
    return _cut(_padded(x, padding), top - h // 2, left - w // 2, size)


@EXERCISE.mistake(
    "bottom",
    kind="axis",
    says="counts rows from below",
    hint="Crops were counted from the bottom. Row 0 is the uppermost, as in every array.",
)
def from_below(x, top, left, size, padding):
    wide = _padded(x, padding)
    return _cut(wide, wide.shape[2] - size[0] - top, left, size)


@EXERCISE.mistake(
    "twice",
    kind="factor",
    says="pads twice as much",
    hint="The padding is twice as wide as asked: `padding` zeros on every side, not in all.",
)
def padded_twice(x, top, left, size, padding):
    return _cut(_padded(x, 2 * padding), top, left, size) if padding else crop(
        x, top, left, size, padding
    )  # fmt: skip


@EXERCISE.variant("zeros, and the image pasted into them")
def pasted(x, top, left, size, padding):
    n, c, h, w = x.shape
    y = np.zeros((n, c, *size))
    for i in range(n):
        for r in range(size[0]):
            for k in range(size[1]):
                a, b = r + top[i] - padding, k + left[i] - padding
                if 0 <= a < h and 0 <= b < w:
                    y[i, :, r, k] = x[i, :, a, b]
    return y


@EXERCISE.variant("rows, then columns, by index")
def by_index(x, top, left, size, padding):
    wide = np.zeros((*x.shape[:2], x.shape[2] + 2 * padding, x.shape[3] + 2 * padding))
    wide[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]] = x
    rows = (top[:, None] + np.arange(size[0]))[:, None, :, None]
    columns = (left[:, None] + np.arange(size[1]))[:, None, None, :]
    return np.take_along_axis(np.take_along_axis(wide, rows, 2), columns, 3)


@EXERCISE.variant("float32")
def single_precision(x, top, left, size, padding):
    return crop(x.astype(np.float32), top, left, size, padding)
