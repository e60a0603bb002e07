"""Twin of ``scratch.normalization.core``: ``F.layer_norm`` of axes brought together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch.nn.functional as F

from dlcourse.reference.layers.base import (
    Cache,
    Tensor,
    each_run,
    expanded,
    pull_back,
    record,
)

Axes = tuple[int, ...]


def standardize(x: Tensor, axes: Axes, eps: float) -> tuple[Tensor, Cache]:
    """``F.layer_norm`` over the axes, moved to the end for it."""
    ends = tuple(range(-len(axes), 0))

    def function(leaf: Tensor) -> Tensor:
        last = leaf.movedim(axes, ends)
        return F.layer_norm(last, last.shape[-len(axes) :], eps=eps).movedim(ends, axes)

    return record(function, x)


def standardize_backward(dxhat: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    return pull_back(dxhat, cache)[0]


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
    dx, *found = pull_back(dy, recorded)
    dweight, dbias = (found.pop(0) if there else None for there in present)
    return dx, dweight, dbias
