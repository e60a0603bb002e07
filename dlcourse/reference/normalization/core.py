"""Twin of ``scratch.normalization.core``: ``F.layer_norm`` of axes brought together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from dlcourse.reference.layers.base import (
    Cache,
    Tensor,
    each_run,
    expanded,
    pull_back,
    record,
)


def cores(x: Tensor, vectors: int) -> tuple[int, ...]:
    """Axes without those of the runs: of x, two of features or four of images, and of vectors."""
    return (2 if x.ndim < 4 else 4, *[1] * vectors)


def record_affine(
    function: Callable[..., Tensor],
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    *constants: Tensor,
) -> tuple[Tensor, Cache]:
    """Run by run a function of x, weight, bias and what has no gradient."""
    axes = cores(x, 2 + len(constants))
    x, weight, bias, *fixed = expanded(axes, x, weight, bias, *constants)  # type: ignore[assignment]
    each = partial(each_run, function, axes)
    y, cache = record(lambda *leaves: each(*leaves, *fixed), x, weight, bias)
    return y, (cache, [weight is not None, bias is not None])


def affine_backward(dy: Tensor, cache: Cache) -> tuple[Tensor, Any, Any]:
    """Autograd; None for a weight or a bias that is None."""
    recorded, present = cache
    if dy.ndim > recorded[0].ndim:  # runs that only dy has
        each = zip(*(affine_backward(one, cache) for one in dy), strict=True)
        stacked: Any = [None if g[0] is None else torch.stack(g) for g in each]
        return tuple(stacked)
    dx, *found = pull_back(dy, recorded)
    dweight, dbias = (found.pop(0) if there else None for there in present)
    return dx, dweight, dbias
