"""Exercise ``drop_block``: squares that are missing, and the share that is left."""
# ruff: noqa: D103 - each function is described by its decorator

import numpy as np

from dlcourse.grading.bank.regularization._masks import about
from dlcourse.grading.spec import Case, Exercise

EXERCISE = Exercise(
    id="drop_block",
    title="Dropping blocks",
    chapter="7-regularization",
    position=9,
    entry="drop_block",
    parameters=("x", "begun", "size"),
    conventions=(
        "x is (N, C, H, W); begun is (N, C, H − size + 1, W − size + 1), of 0 and 1: where a block "
        "has its upper left corner",
        "a block covers size · size entries, and all that it covers become 0; blocks may overlap",
        "what is left is divided by the share of entries that are left, counted over the whole "
        "batch",
        "if nothing is left, y is 0 everywhere",
    ),
    hints=(
        "The factor is not 1/(1 − p) here: nobody knows beforehand how many entries the blocks "
        "will cover. Who does know it, and when?",
        "Make a mask of ones in the shape of x. For each i and j below size, set the mask to 0 "
        "where `begun`, moved down by i and right by j, is 1. Then y = x·mask/mean(mask).",
        "By hand, one image 2 × 3, x = (1, 2, 3; 4, 5, 6), size 2, begun = (0, 1): the block "
        "covers 2, 3, 5, 6. Two of six entries are left, so y = (3, 0, 0; 12, 0, 0).",
    ),
    result="One array comes back, shaped as x.",
)


@EXERCISE.solution
def drop_block(x, begun, size):
    mask = np.ones(x.shape)
    rows, columns = begun.shape[2:]
    for i in range(size):
        for j in range(size):
            mask[:, :, i : i + rows, j : j + columns] *= 1 - begun
    share = mask.mean()
    return x * (mask / share if share else mask)


def _case(rng, n, c, h, w, size, blocks=1):
    begun = np.zeros((n, c, h - size + 1, w - size + 1))
    for _ in range(blocks):
        begun[tuple(rng.integers(0, begun.shape))] = 1.0
    return Case((about(rng, (n, c, h, w)), begun, size))


@EXERCISE.probe("two images", group="core")
def two_images(rng):
    return _case(rng, 2, 2, 5, 5, 2, blocks=3)


@EXERCISE.probe("images that are not square", group="core")
def not_square(rng):
    return _case(rng, 2, 1, 4, 7, 3, blocks=2)


@EXERCISE.probe("blocks that overlap", group="edge")
def overlap(rng):
    x, begun, size = _case(rng, 1, 2, 6, 5, 3).args
    begun[...] = 0.0
    r, c = rng.integers(0, 3), rng.integers(0, 2)
    begun[0, 0, r, c] = begun[0, 0, r + 1, c + 1] = 1.0
    return Case((x, begun, size))


@EXERCISE.probe("blocks of one entry", group="edge")
def single(rng):
    return _case(rng, 2, 2, 3, 4, 1, blocks=5)


@EXERCISE.probe("no block", group="edge")
def none(rng):
    return _case(rng, 1, 2, 4, 3, 2, blocks=0)


@EXERCISE.probe("nothing is left", group="edge")
def nothing_left(rng):
    return Case((about(rng, (1, 1, 3, 3)), np.ones((1, 1, 1, 1)), 3))


def _mask(x, begun, size):
    mask = np.ones(x.shape)
    rows, columns = begun.shape[2:]
    for i in range(size):
        for j in range(size):
            mask[:, :, i : i + rows, j : j + columns] *= 1 - begun
    return mask


def _over(x, mask, share):
    return np.divide(x * mask, share, out=np.zeros(x.shape), where=(share != 0) & (mask != 0))


@EXERCISE.mistake(
    "unscaled",
    kind="factor",
    says="does not pay for what is missing",
    hint="The holes are right, the rest is as it was: divide by the share that is left.",
)
def unscaled(x, begun, size):
    return x * _mask(x, begun, size)


@EXERCISE.mistake(
    "corner",
    kind="logic",
    says="drops the corners only",
    hint="Single entries are missing: only the corners were dropped. Each block covers size · size "
    "entries.",
)
def corner(x, begun, size):
    mask = np.ones(x.shape)
    mask[:, :, : begun.shape[2], : begun.shape[3]] -= begun
    return _over(x, mask, mask.mean())


@EXERCISE.mistake(
    "centered",
    kind="convention",
    says="takes the corner for the center",
    hint="The holes lie too far up and left: `begun` was taken for the centers of the blocks. It "
    "has their upper left corners.",
)
def centered(x, begun, size):
    whole = _mask(x, begun, size)
    move = size // 2
    mask = np.ones(x.shape)
    h, w = x.shape[2:]
    mask[:, :, : h - move, : w - move] = whole[:, :, move:, move:]
    return _over(x, mask, mask.mean())


@EXERCISE.mistake(
    "image",
    kind="axis",
    says="counts what is left image by image",
    hint="The images have factors of their own: what is left was counted in each of them. It is "
    "counted over the whole batch.",
)
def image_by_image(x, begun, size):
    mask = _mask(x, begun, size)
    return _over(x, mask, np.broadcast_to(mask.mean((1, 2, 3), keepdims=True), x.shape))


@EXERCISE.mistake(
    "channel",
    kind="axis",
    says="counts what is left channel by channel",
    hint="Channels have factors of their own: what is left was counted in each of them. It is "
    "counted over the whole batch.",
)
def channel_by_channel(x, begun, size):
    mask = _mask(x, begun, size)
    return _over(x, mask, np.broadcast_to(mask.mean((2, 3), keepdims=True), x.shape))


@EXERCISE.mistake(
    "expected",
    kind="factor",
    says="takes overlaps for more holes",
    hint="Where blocks overlap the factor is too large: size² entries were counted for each block. "
    "An entry that is covered twice is missing once.",
)
def by_blocks(x, begun, size):
    share = max(1 - begun.sum() * size**2 / x.size, 0.0)
    return _over(x, _mask(x, begun, size), share)


@EXERCISE.mistake(
    "all_channels",
    kind="axis",
    says="drops a block from all channels",
    hint="A hole goes through all channels. Each channel has blocks of its own.",
)
def all_channels(x, begun, size):
    mask = np.broadcast_to(_mask(x, begun, size).min(1, keepdims=True), x.shape)
    return _over(x, mask, mask.mean())


@EXERCISE.mistake(
    "inverse",
    kind="logic",
    says="keeps the blocks and drops the rest",
    hint="The blocks are what is left, and the rest is missing: 1 in `begun` says where something "
    "is dropped.",
)
def inverse(x, begun, size):
    mask = 1 - _mask(x, begun, size)
    return _over(x, mask, mask.mean())


@EXERCISE.mistake(
    "empty",
    kind="edge-case",
    says="divides by zero when nothing is left",
    hint="Only where a block covers everything: 0/0 is no number. If nothing is left, y is 0.",
)
def divides_by_zero(x, begun, size):
    mask = _mask(x, begun, size)
    with np.errstate(all="ignore"):
        return x * mask / mask.mean()


@EXERCISE.variant("block by block")
def by_block(x, begun, size):
    y = x.copy()
    for n, c, r, k in np.argwhere(begun):
        y[n, c, r : r + size, k : k + size] = 0.0
    left = np.count_nonzero(y)
    return y * (x.size / left) if left else y


@EXERCISE.variant("the largest of a window, as in pooling")
def by_windows(x, begun, size):
    around = ((0, 0), (0, 0), (size - 1, size - 1), (size - 1, size - 1))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(begun, around), (size, size), (2, 3))
    mask = windows.max((-2, -1)) == 0
    return np.where(mask, x, 0) / max(mask.mean(), 1 / x.size)


@EXERCISE.variant("float32")
def single_precision(x, begun, size):
    return drop_block(x.astype(np.float32), begun.astype(np.float32), size).astype(np.float32)
