"""Twin of ``scratch.augmentation.mixing``: ``torch.lerp`` and slices, one run after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from dlcourse import augmented, checks
from dlcourse.reference.augmentation.erasing import cut

Tensor = torch.Tensor


def draw_mix(n: int, alpha: float, rng: np.random.Generator, each: bool = False) -> Any:
    """NumPy's numbers: both rooms draw the same."""
    n, alpha = checks.integer("n", n, 1), checks.scalar("alpha", alpha)
    size = (n,) if each else ()
    checks.generator("rng", rng)
    lam = torch.ones(size, dtype=torch.float64)
    if alpha > 0:
        lam = torch.as_tensor(rng.beta(alpha, alpha, size))
    partner = torch.as_tensor(rng.permutation(n))
    return (lam if each else float(lam)), partner


def runs_of(a: Tensor, axis: int, *others: Tensor) -> list[Tensor]:
    """One tensor a run of all that have runs, or a single one; ``axis`` of a is the samples."""
    lead = torch.broadcast_shapes(a.shape[:axis], *(one.shape[:-1] for one in others))
    return [*a.expand(*lead, *a.shape[axis:]).reshape(-1, *a.shape[axis:])]


def blended(a: Tensor, lam: Tensor, partner: Tensor, axis: int) -> Tensor:
    """``torch.lerp`` from ``torch.index_select``, run by run."""
    lead = torch.broadcast_shapes(a.shape[:axis], lam.shape[:-1], partner.shape[:-1])
    n = a.shape[axis]
    shares = lam.to(a).expand(*lead, n).reshape(-1, n)
    mates = partner.to(a.device).expand(*lead, n).reshape(-1, n)
    made = []
    for one, share, mate in zip(runs_of(a, axis, lam, partner), shares, mates, strict=True):
        weight = share.reshape(n, *[1] * (one.ndim - 1))
        made.append(torch.lerp(one.index_select(0, mate), one, weight))
    return torch.stack(made).reshape(*lead, *a.shape[axis:])


def pasted(
    x: Tensor, lam: Tensor, partner: Tensor, cy: Tensor, cx: Tensor, axis: int
) -> tuple[Tensor, Tensor]:
    """The images, and the share (…, n) of each that is its own."""
    shapes = [one.shape for one in (lam, partner, cy, cx)]
    wide = torch.broadcast_shapes(x.shape[: axis + 1], *shapes)
    given = [one.cpu().expand(wide).reshape(-1, wide[-1]) for one in (lam, partner, cy, cx)]
    mixed, kept = [], []
    runs = runs_of(x.expand(*wide, *x.shape[-3:]), len(wide) - 1)
    for run, *rows in zip(runs, *given, strict=True):
        each = zip(run, *(row.tolist() for row in rows), strict=True)
        for image, share, mate, row, column in each:
            h, w = (int(size * math.sqrt(1 - share)) // 2 for size in x.shape[-2:])
            own = torch.ones_like(image)
            own[(slice(None), *cut(row - h, column - w, row + h, column + w))] = 0
            kept.append(own[0].mean(dtype=torch.float64))
            mixed.append(image * own + run[mate] * (1 - own))
    return torch.stack(mixed).reshape(*wide, *x.shape[-3:]), torch.stack(kept).reshape(wide)


def _given(x: Any, y: Any, lam: Any, partner: Any) -> tuple[Tensor, Tensor]:
    given = augmented.mixed(x, y, augmented.array(lam), augmented.array(partner), Tensor)
    lam, partner = map(torch.as_tensor, given)
    return (lam if lam.ndim else lam[None]), partner


def _floats(y: Tensor, x: Tensor) -> Tensor:
    return y if y.is_floating_point() else y.to(x.dtype)


def mixup(x: Tensor, y: Tensor, lam: Any, partner: Any) -> tuple[Tensor, Tensor]:
    """``torch.lerp``, of both."""
    lam, partner = _given(x, y, lam, partner)
    axis = y.ndim - 2
    return blended(x, lam, partner, axis), blended(_floats(y, x), lam, partner, axis)


def cutmix(x: Tensor, y: Tensor, lam: Any, partner: Any, cy: Any, cx: Any) -> tuple[Tensor, Tensor]:
    """A slice of another image; ``torch.lerp`` of the labels."""
    lam, partner = _given(x, y, lam, partner)
    axis, lead = y.ndim - 2, tuple(y.shape[:-1])
    augmented.four_axes(x, axis)
    named = (("cy", cy), ("cx", cx))
    centre = [augmented.whole(n, augmented.array(a), lead) for n, a in named]
    cy, cx = (torch.as_tensor(np.atleast_1d(one)) for one in centre)
    mixed, share = pasted(x, lam, partner, cy, cx, axis)
    return mixed, blended(_floats(y, x), share, partner, axis)
