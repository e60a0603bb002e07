"""Twin of ``scratch.regularization.blocks``: ``F.max_pool2d`` makes squares of single pixels."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from dlcourse import checks
from dlcourse.arrays import Generators
from dlcourse.reference.layers.base import Cache, Tensor
from dlcourse.reference.regularization.units import Dropping, back, factored


def block_rate(p: float, block_size: int, size: tuple[int, int]) -> float:
    """In whole numbers but for p."""
    b, p = checks.integer("block_size", block_size, 1), checks.number("p", p, 0, 1, high_open=True)
    if b > min(size):
        checks.fail("block_size", f"at most {min(size)}, the smaller side of the image", b)
    h, w = size
    return p * float(Fraction(h, b * (h - b + 1)) * Fraction(w, b * (w - b + 1)))


def draw_block_mask(
    shape: Sequence[int], p: float, block_size: int, rng: np.random.Generator
) -> Tensor:
    """``F.max_pool2d`` of where blocks begin."""
    *lead, h, w = checks.sizes("shape", shape, 4)
    b, gamma = block_size, block_rate(p, block_size, (h, w))
    places = (*lead, h - b + 1, w - b + 1)
    u = torch.as_tensor(checks.generator("rng", rng).random(places, dtype=np.float32))
    begun = F.pad((u < gamma).float().flatten(0, -3), [b - 1] * 4)
    return F.max_pool2d(begun, b, stride=1).eq(0).unflatten(0, lead)


def drop_block(x: Tensor, mask: Tensor) -> tuple[Tensor, Cache]:
    """``torchvision.ops.drop_block2d`` with a mask that is given."""
    return factored(x, _share(mask, x))


def drop_block_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return back(dy, cache)


def _share(mask: Tensor, like: Tensor) -> Tensor:
    kept = mask.to(like)
    mean = kept.mean((-4, -3, -2, -1), keepdim=True)
    return torch.where(mean > 0, kept / mean, kept)


class DropBlock(Dropping):
    """``torchvision.ops.DropBlock2d``, with a generator for each run."""

    axes = ("n", "c", "h", "w")

    def __init__(
        self, p: Any, block_size: int, *, rng: Generators, runs: int | None = None
    ) -> None:
        super().__init__(p, rng=rng, runs=runs)
        self.block_size = checks.integer("block_size", block_size, 1)

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Tensor:
        return draw_block_mask(shape, p, self.block_size, rng)

    def dropped(self, x: Tensor, mask: Tensor) -> Tensor:
        return x * _share(mask, x)
