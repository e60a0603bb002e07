"""Exercise ``cutmix``: a window into another image, and a label by what is really seen."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._images import cycle, named, one_hot, photos
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="cutmix",
    title="CutMix",
    chapter="7-regularization",
    position=21,
    entry="cutmix",
    parameters=("x", "y", "lam", "perm", "cy", "cx"),
    conventions=(
        "x is (N, C, H, W), y (N, K); lam, perm, cy and cx are the same for the whole batch",
        "box: height h = int(H·√(1 − lam)), width w = int(W·√(1 − lam)), rows cy − h//2 to "
        "cy + h//2 (end excluded), columns likewise, clipped to the image",
        "inside of the box x_mix shows x[perm], outside x",
        "the label of the sample itself weighs 1 − (area of the clipped box)/(H·W), that of its "
        "partner the rest; returns (x_mix, y_mix), new arrays",
    ),
    hints=(
        "The box may stick out of the image. How much of the partner is seen then?",
        "Compute the four edges and clip them to 0 … H and 0 … W; copy x, then assign the window "
        "from x[perm]. The area comes from the clipped edges.",
        "By hand, 8 × 8, lam = 0.75, center (0, 4): h = w = 4, rows -2 to 2 become 0 to 2, columns "
        "2 to 6. Eight of 64 pixels are the partner's: the sample's own label weighs 0.875, its "
        "partner's 0.125.",
    ),
    result="Two arrays come back, shaped as x and y.",
    places=named("x_mix", "y_mix"),
)


@EXERCISE.solution
def cutmix(x, y, lam, perm, cy, cx):
    H, W = x.shape[2:]
    h, w = int(H * np.sqrt(1 - lam)), int(W * np.sqrt(1 - lam))
    top, bottom = max(cy - h // 2, 0), min(cy + h // 2, H)
    left, right = max(cx - w // 2, 0), min(cx + w // 2, W)
    mixed = x.copy()
    mixed[:, :, top:bottom, left:right] = x[perm][:, :, top:bottom, left:right]
    own = 1 - (bottom - top) * (right - left) / (H * W)
    return mixed, own * y + (1 - own) * y[perm]


def _case(rng, n, h, w, lam, cy, cx, k=3):
    return Case((photos(rng, n, 2, h, w), one_hot(rng, n, k), lam, cycle(rng, n), cy, cx))


@EXERCISE.probe("a box inside", group="core")
def inside(rng):
    return _case(rng, 3, 8, 8, round(float(rng.uniform(0.7, 0.75)), 2), 4, 3)


@EXERCISE.probe("a box in the corner", group="core")
def corner(rng):
    return _case(rng, 4, 8, 8, round(float(rng.uniform(0.4, 0.5)), 2), 0, 7)


@EXERCISE.probe("not square", group="edge")
def not_square(rng):
    return _case(rng, 3, 6, 11, round(float(rng.uniform(0.5, 0.6)), 2), 2, 6)


@EXERCISE.probe("odd sides", group="edge")
def odd(rng):
    return _case(rng, 3, 9, 7, round(float(rng.uniform(0.36, 0.42)), 2), 8, 0)


@EXERCISE.probe("no box", group="edge")
def no_box(rng):
    return _case(rng, 3, 5, 5, 1.0, 2, 2)


@EXERCISE.probe("all of the image, off center", group="edge")
def whole(rng):
    return _case(rng, 3, 6, 6, 0.0, 1, 5)


def _edges(x, h, w, cy, cx):
    H, W = x.shape[2:]
    return max(cy - h // 2, 0), min(cy + h // 2, H), max(cx - w // 2, 0), min(cx + w // 2, W)


def _pasted(x, y, perm, edges, own=None):
    top, bottom, left, right = edges
    mixed = x.copy()
    mixed[:, :, top:bottom, left:right] = x[perm][:, :, top:bottom, left:right]
    seen = 1 - (bottom - top) * (right - left) / (x.shape[2] * x.shape[3])
    own = seen if own is None else own
    return mixed, own * y + (1 - own) * y[perm]


def _box(x, lam, cy, cx):
    root = np.sqrt(1 - lam)
    return _edges(x, int(x.shape[2] * root), int(x.shape[3] * root), cy, cx)


@EXERCISE.mistake(
    "nominal",
    kind="edge-case",
    says="weighs the labels by lam",
    hint="The images are right, the labels have lam itself: but the box is whole pixels, and "
    "clipped at the border. Weigh by the area that is really seen.",
)
def nominal(x, y, lam, perm, cy, cx):
    return _pasted(x, y, perm, _box(x, lam, cy, cx), lam)


@EXERCISE.mistake(
    "unclipped",
    kind="edge-case",
    says="weighs the labels by the box before clipping",
    hint="Only boxes at the border have wrong labels: the area was taken before clipping.",
)
def unclipped(x, y, lam, perm, cy, cx):
    root = np.sqrt(1 - lam)
    h, w = int(x.shape[2] * root) // 2 * 2, int(x.shape[3] * root) // 2 * 2
    own = 1 - h * w / (x.shape[2] * x.shape[3])
    return _pasted(x, y, perm, _box(x, lam, cy, cx), own)


@EXERCISE.mistake(
    "no_root",
    kind="logic",
    says="takes 1 − lam for the share of a side",
    hint="The box is too small: its *area* is to be about 1 − lam of the image, so its sides are "
    "the root of that.",
)
def no_root(x, y, lam, perm, cy, cx):
    h, w = int(x.shape[2] * (1 - lam)), int(x.shape[3] * (1 - lam))
    return _pasted(x, y, perm, _edges(x, h, w, cy, cx))


@EXERCISE.mistake(
    "lam_area",
    kind="convention",
    says="makes the box as large as lam",
    hint="The box has the area lam. lam is what stays of the sample itself; the box takes 1 − lam.",
)
def lam_area(x, y, lam, perm, cy, cx):
    return cutmix(x, y, 1 - lam, perm, cy, cx)


@EXERCISE.mistake(
    "inside_out",
    kind="logic",
    says="shows the partner outside",
    hint="The partner is seen outside of the box and the sample inside: paste x[perm] into x, not "
    "the other way round.",
)
def inside_out(x, y, lam, perm, cy, cx):
    top, bottom, left, right = _box(x, lam, cy, cx)
    mixed = x[perm]
    mixed[:, :, top:bottom, left:right] = x[:, :, top:bottom, left:right]
    return mixed, _pasted(x, y, perm, (top, bottom, left, right))[1]


@EXERCISE.mistake(
    "label_weights",
    kind="logic",
    says="exchanges the weights of the labels",
    hint="The labels have the weights of each other: the area of the box belongs to the partner.",
)
def label_weights(x, y, lam, perm, cy, cx):
    mixed, labels = cutmix(x, y, lam, perm, cy, cx)
    return mixed, y + y[perm] - labels


@EXERCISE.mistake(
    "labels",
    kind="logic",
    says="does not mix the labels",
    hint="The images are mixed, the labels are not.",
)
def labels_kept(x, y, lam, perm, cy, cx):
    return cutmix(x, y, lam, perm, cy, cx)[0], y.copy()


@EXERCISE.mistake(
    "exchanged",
    kind="axis",
    says="exchanges rows and columns of the center",
    hint="The box lies elsewhere: cy is a row, cx a column, and rows come first in the array.",
)
def exchanged(x, y, lam, perm, cy, cx):
    return cutmix(x, y, lam, perm, cx, cy)


@EXERCISE.mistake(
    "wraps",
    kind="edge-case",
    says="does not clip the upper and left edge",
    hint="At the upper or left border nothing is pasted: a negative row counts from the end. Clip "
    "at 0.",
)
def wraps(x, y, lam, perm, cy, cx):
    root = np.sqrt(1 - lam)
    h, w = int(x.shape[2] * root), int(x.shape[3] * root)
    rows, columns = slice(cy - h // 2, cy + h // 2), slice(cx - w // 2, cx + w // 2)
    mixed = x.copy()
    mixed[:, :, rows, columns] = x[perm][:, :, rows, columns]
    return mixed, cutmix(x, y, lam, perm, cy, cx)[1]


@EXERCISE.mistake(
    "blended",
    kind="logic",
    says="lays the box over the image half transparent",
    hint="Inside of the box both images shine through: that is mixup in a window. The partner "
    "replaces what was there.",
)
def blended(x, y, lam, perm, cy, cx):
    mixed, labels = cutmix(x, y, lam, perm, cy, cx)
    return (mixed + x) / 2, labels


@EXERCISE.variant("by a mask")
def by_mask(x, y, lam, perm, cy, cx):
    H, W = x.shape[2:]
    h, w = (int(side * (1 - lam) ** 0.5) // 2 for side in (H, W))
    rows, columns = np.arange(H)[:, None], np.arange(W)[None, :]
    box = (rows >= cy - h) & (rows < cy + h) & (columns >= cx - w) & (columns < cx + w)
    share = box.mean()
    return np.where(box, x[perm], x), y + share * (y[perm] - y)


@EXERCISE.variant("pixel by pixel")
def by_pixel(x, y, lam, perm, cy, cx):
    H, W = x.shape[2:]
    h, w = int(H * np.sqrt(1 - lam)) // 2, int(W * np.sqrt(1 - lam)) // 2
    mixed, count = x.copy(), 0
    for r in range(H):
        for c in range(W):
            if cy - h <= r < cy + h and cx - w <= c < cx + w:
                mixed[:, :, r, c] = x[perm, :, r, c]
                count += 1
    labels = [[((H * W - count) * a + count * b) / (H * W) for a, b in zip(p, q, strict=True)]
              for p, q in zip(y.tolist(), y[perm].tolist(), strict=True)]  # fmt: skip
    return mixed.tolist(), labels


@EXERCISE.variant("float32")
def single_precision(x, y, lam, perm, cy, cx):
    return cutmix(x.astype(np.float32), y.astype(np.float32), lam, perm, cy, cx)
