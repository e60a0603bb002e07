"""Twin of ``scratch.augmentation.sampling``: ``F.grid_sample``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from dlcourse.images import Numbers, common

Tensor = torch.Tensor


def spread(x: Tensor, *each: Numbers) -> tuple[tuple[int, ...], Tensor, list[Tensor]]:
    """The leading axes of the outcome; images (n, c, h, w); parameters (n,), as tensors."""
    lead = common(tuple(x.shape[:-3]), *each)
    flat = x.expand(*lead, *x.shape[-3:]).flatten(0, -4) if lead else x[None]
    return lead, flat, [torch.as_tensor(one).expand(lead).reshape(-1) for one in each]


def each_image(function: Callable[..., Tensor], x: Tensor, *each: Numbers) -> Tensor:
    """``function(image, *parameters)`` of one image after another."""
    lead, flat, tensors = spread(x, *each)
    rows = zip(flat, *(one.tolist() for one in tensors), strict=True)
    made = torch.stack([function(*row) for row in rows])
    return made.reshape(*lead, *made.shape[1:])


def read(x: Tensor, grid: Tensor, interpolation: str, fill: Any) -> Tensor:
    """``F.grid_sample`` of what is left when the fill is taken off: outside of it there are 0.

    Of two pixels that are equally near it takes the even one, the scratch room the lower one.
    """
    outside = torch.as_tensor(fill, dtype=x.dtype, device=x.device)
    grid = grid.expand(len(x), *grid.shape[1:])
    inside = F.grid_sample(x - outside, grid, interpolation, "zeros", align_corners=False)
    return inside + outside
