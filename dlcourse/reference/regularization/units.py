"""Twin of ``scratch.regularization.units``: ``torch.where``, differentiated by autograd."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from dlcourse import checks, inputs
from dlcourse.arrays import Generators
from dlcourse.reference.layers.base import Cache, Tensor, pull_back, record
from dlcourse.reference.layers.chance import Drawing
from dlcourse.reference.regularization.masks import (
    draw_dropout_mask,
    draw_gaussian_noise,
    draw_sequence_mask,
    draw_spatial_mask,
    rates,
    share,
)


def factored(x: Tensor, factor: Tensor) -> tuple[Tensor, Cache]:
    """``torch.mul``, with the runs that only one of them has."""
    return record(lambda leaf: leaf * factor, *torch.broadcast_tensors(x, factor)[:1])


def back(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd, for each of the runs that only dy has."""
    if dy.ndim > cache[0].ndim:
        return torch.stack([back(one, cache) for one in dy])
    return pull_back(dy, cache)[0]


def dropout(x: Tensor, mask: Tensor, p: Any) -> tuple[Tensor, Cache]:
    """``F.dropout`` with a mask that is given."""
    return factored(x, share(mask, p, max(x.ndim, mask.ndim), x))


def dropout_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return back(dy, cache)


def spatial_dropout(x: Tensor, mask: Tensor, p: Any) -> tuple[Tensor, Cache]:
    """``F.dropout2d`` with a mask that is given."""
    return dropout(x, mask, p)


def spatial_dropout_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return back(dy, cache)


def gaussian_dropout(x: Tensor, noise: Tensor) -> tuple[Tensor, Cache]:
    """``torch.mul``."""
    return factored(x, noise.to(x))


def gaussian_dropout_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return back(dy, cache)


class Dropping(Drawing):
    """``F.dropout`` in training, nothing otherwise."""

    axes: tuple[str, ...] = ()

    def __init__(self, p: Any, *, rng: Generators, runs: int | None = None) -> None:
        super().__init__(rng, runs)
        self.p = rates("p", p, runs)
        self.mask: Any = None
        self.sampling = False

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        shape = self.one_run(x)
        if not training and not self.sampling:
            return x
        self.mask = self.each(shape, self.p)
        return self.dropped(x, self.mask)

    def one_run(self, x: Tensor) -> tuple[int, ...]:
        """The shape of what one run has of x, or of what all share."""
        inputs.values("x", x, Tensor, "float")
        if self.axes:
            inputs.batch(x, self.axes, () if self.runs is None else (self.runs,), Tensor)
            return tuple(x.shape[-len(self.axes) :])
        if self.runs is None or x.ndim < 3:
            return tuple(x.shape)
        if x.shape[0] not in (1, self.runs):
            checks.fail("x", f"shaped (n, d) or ({self.runs}, ...), one entry a run", x)
        return tuple(x.shape[1:])

    def each(self, shape: tuple[int, ...], p: Any) -> Tensor:
        """The mask of every run."""
        if self.runs is None:
            return self.drawn(shape, p, self.generators[0])
        ps = [p] * self.runs if isinstance(p, float) else p.tolist()
        given = zip(ps, self.generators, strict=True)
        return torch.stack([self.drawn(shape, *one) for one in given])

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Tensor:
        return draw_dropout_mask(shape, p, rng)

    def dropped(self, x: Tensor, mask: Tensor) -> Tensor:
        return x * share(mask, self.p, max(x.ndim, mask.ndim), x)


class Dropout(Dropping):
    """``torch.nn.Dropout``, with a generator for each run."""


class SpatialDropout(Dropping):
    """``torch.nn.Dropout2d``, with a generator for each run."""

    axes = ("n", "c", "h", "w")

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Tensor:
        return draw_spatial_mask(shape, p, rng)


class SequenceDropout(Dropping):
    """As ``torch.nn.Dropout1d`` of (n, d, t)."""

    axes = ("n", "t", "d")

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Tensor:
        return draw_sequence_mask(shape, p, rng)


class GaussianDropout(Dropping):
    """``torch.mul`` by noise."""

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Tensor:
        return draw_gaussian_noise(shape, p, rng)

    def dropped(self, x: Tensor, mask: Tensor) -> Tensor:
        return x * mask.to(x)
