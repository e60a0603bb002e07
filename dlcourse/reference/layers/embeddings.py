"""Twin of ``scratch.layers.embeddings``: ``F.embedding``, for each run in turn."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import checks, inputs
from dlcourse.arrays import Generators
from dlcourse.reference.layers.base import (
    Cache,
    Layer,
    Tensor,
    each_run,
    expanded,
    normal,
    promoted,
    pull_back,
    record,
)


def embedding(ids: Tensor, weight: Tensor) -> tuple[Tensor, Cache]:
    """``F.embedding``."""
    operands = expanded((2, 2), ids.long(), weight)
    return record(partial(each_run, F.embedding, (2, 2)), *operands)


def embedding_backward(dy: Tensor, cache: Cache, input_grad: bool = True) -> tuple[None, Tensor]:
    """Autograd; integers have no gradient."""
    y, (_, weight) = cache
    return None, pull_back(dy, (y, (weight,)))[0]


def position_embedding(x: Tensor, weight: Tensor) -> tuple[Tensor, Cache]:
    """``F.embedding`` of the places, added."""
    return record(_with_places, *expanded((3, 2), x, weight))


def position_embedding_backward(
    dy: Tensor, cache: Cache, input_grad: bool = True
) -> tuple[Tensor, Tensor]:
    """Autograd."""
    dx, dweight = pull_back(dy, cache)
    return dx, dweight


def _with_places(x: Tensor, weight: Tensor) -> Tensor:
    def one(x: Tensor, weight: Tensor) -> Tensor:
        return x + F.embedding(torch.arange(x.shape[-2], device=x.device), weight)

    return each_run(one, (3, 2), x, weight)


class Embedding(Layer):
    """``F.embedding``."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        v = checks.integer("num_embeddings", num_embeddings, 1)
        d = checks.integer("embedding_dim", embedding_dim, 1)
        self.draw({"weight": normal(v, d)}, rng, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        *lead, v, _ = params["weight"].shape
        inputs.batch(x, ("n", "t"), tuple(lead), Tensor, "int")
        x = x.long()  # F.embedding knows no other widths but 32 bits
        with suppress(RuntimeError):  # vmap lets nobody look at values; F.embedding refuses them
            inputs.indices("x", x, v)
        return each_run(F.embedding, (2, 2), x, params["weight"])


class PositionEmbedding(Layer):
    """``F.embedding`` of the places, added."""

    def __init__(
        self,
        length: int,
        embedding_dim: int,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        length = checks.integer("length", length, 1)
        d = checks.integer("embedding_dim", embedding_dim, 1)
        self.draw({"weight": normal(length, d)}, rng, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        *lead, length, d = params["weight"].shape
        inputs.batch(x, ("n", "t", d), tuple(lead), Tensor)
        if x.shape[-2] > length:
            checks.fail("x", f"of at most {length} places", x.shape[-2])
        x, params = promoted(x, params)
        return _with_places(x, params["weight"])
