"""DropBlock: squares of an image's channels are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.layers.base import Cache
from dlcourse.scratch.regularization.masks import rate
from dlcourse.scratch.regularization.units import Dropping

IMAGES = (-4, -3, -2, -1)


def block_rate(p: float, block_size: int, size: tuple[int, int]) -> float:
    r"""How often a block must begin, so that about the share p is dropped.

    .. math:: \gamma = \frac{p}{b^2} \cdot \frac{h\, w}{(h - b + 1)(w - b + 1)}

    Blocks that overlap drop less than they would apart: the share falls short of p, the more the
    larger p is.

    Parameters
    ----------
    p : 0 <= p < 1
    block_size : b, from 1 to the smaller side of the image
    size : (h, w)

    Examples
    --------
    One block of 2 × 2 in an image of 2 × 2: dropped whole, or not at all.

    >>> block_rate(0.3, 2, (2, 2)), block_rate(0.3, 1, (8, 8))
    (0.3, 0.3)

    References
    ----------
    Ghiasi, Lin and Le (2018), eq. 1.
    """
    (h, w), b = size, fitting(block_size, size)
    return float(rate(p)) * h * w / (b**2 * (h - b + 1) * (w - b + 1))


def fitting(block_size: Any, size: tuple[int, int]) -> int:
    """A block that there is room for."""
    b, most = checks.integer("block_size", block_size, 1), min(size)
    if b > most:
        checks.fail("block_size", f"at most {most}, the smaller side of the image", b)
    return b


def draw_block_mask(
    shape: Sequence[int], p: float, block_size: int, rng: np.random.Generator
) -> Array:
    """Blocks lie wholly in the image, each begun with probability ``block_rate``; may overlap.

    Parameters
    ----------
    shape : (..., n, c, h, w), also of the mask: every channel of every image has its own blocks
    p : share to be *dropped*, 0 <= p < 1
    block_size : int >= 1, at most h and w
    rng : Generator

    Returns
    -------
    mask : array of bool; True is kept

    Examples
    --------
    >>> draw_block_mask((1, 1, 4, 6), 0.3, 2, np.random.default_rng(1))[0, 0].astype(int)
    array([[1, 1, 1, 1, 0, 0],
           [1, 1, 1, 1, 0, 0],
           [1, 1, 1, 1, 1, 1],
           [1, 1, 1, 1, 1, 1]])

    References
    ----------
    Ghiasi, Lin and Le (2018), algorithm 1.
    """
    *lead, h, w = checks.sizes("shape", shape, 4)
    b, gamma = block_size, block_rate(p, block_size, (h, w))
    places = (*lead, h - b + 1, w - b + 1)
    begun = checks.generator("rng", rng).random(places, np.float32) < gamma
    tall, wide = np.zeros((*lead, h, w - b + 1), bool), np.zeros((*lead, h, w), bool)
    for i in range(b):
        tall[..., i : i + h - b + 1, :] |= begun
    for j in range(b):
        wide[..., j : j + w - b + 1] |= tall
    return ~wide


def drop_block(x: Array, mask: Array) -> tuple[Array, Cache]:
    r"""Drop what is not in the mask, and divide by the share that was kept, of all images together.

    .. math:: y = x \odot m \cdot \frac{\text{entries of}\ m}{\sum m}

    Parameters
    ----------
    x, mask : (..., n, c, h, w); the share is one number a run

    Notes
    -----
    Divided is by the share in fact kept, not by 1 − p: the number of blocks is left to chance, and
    they overlap. So the factors of a batch have the mean 1, but not those of each pixel: a corner
    lies under fewer blocks than the middle. Where nothing is kept, y is 0.

    Examples
    --------
    >>> mask = np.array([True, False, True, True]).reshape(1, 1, 2, 2)
    >>> drop_block(np.full((1, 1, 2, 2), 3.0), mask)[0][0, 0]
    array([[4., 0.],
           [4., 4.]])

    References
    ----------
    Ghiasi, Lin and Le (2018), algorithm 1; ``torchvision.ops.drop_block2d``.
    """
    count = mask.sum(IMAGES, keepdims=True)
    size = mask[(0,) * (mask.ndim - 4)].size
    kept = np.multiply(mask, size / np.maximum(count, 1), dtype=x.dtype)
    return x * kept, kept


def drop_block_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy m / share, with the mask of the forward pass."""
    return dy * cache


class DropBlock(Dropping):
    """``drop_block`` as a layer, for images (n, c, h, w).

    Parameters
    ----------
    p : share to be dropped, as in ``Dropout``
    block_size : int >= 1; at most the side of the images
    rng, runs : as in ``Dropout``
    """

    axes = ("n", "c", "h", "w")

    def __init__(
        self, p: Any, block_size: int, *, rng: Generators, runs: int | None = None
    ) -> None:
        super().__init__(p, rng=rng, runs=runs)
        self.block_size = checks.integer("block_size", block_size, 1)

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Array:
        return draw_block_mask(shape, p, self.block_size, rng)

    def dropped(self, x: Array, mask: Array) -> tuple[Array, Cache]:
        return drop_block(x, mask)
