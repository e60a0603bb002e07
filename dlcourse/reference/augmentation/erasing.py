"""Twin of ``scratch.augmentation.erasing``: slices, one image after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from dlcourse import augmented, checks
from dlcourse.images import image_shape, images

Tensor = torch.Tensor
Box = tuple[Tensor, Tensor, Tensor, Tensor]
ATTEMPTS = 10


def each_one(function: Callable[..., Tensor], x: Tensor, *each: Any) -> Tensor:
    """``torch.stack`` of ``function(image, *numbers)``, for all runs that any of them has."""
    lead = torch.broadcast_shapes(x.shape[:-3], *(np.shape(one) for one in each))
    flat = x.expand(*lead, *x.shape[-3:]).reshape(-1, *x.shape[-3:])
    rows = [torch.as_tensor(one).expand(lead).reshape(-1).tolist() for one in each]
    return torch.stack([function(*row) for row in zip(flat, *rows, strict=True)]).reshape(
        *lead, *x.shape[-3:]
    )


def cut(top: int, left: int, bottom: int, right: int) -> tuple[slice, slice]:
    """Rows and columns as slices that do not count from the end."""
    return slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))


def draw_center(shape: Any, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """NumPy's numbers: both rooms draw the same."""
    lead, h, w = image_shape(shape)
    checks.generator("rng", rng)
    cy = torch.as_tensor(rng.integers(h, size=lead))
    return cy, torch.as_tensor(rng.integers(w, size=lead))


def cutout(x: Tensor, cy: Any, cx: Any, size: int, fill: float = 0.0) -> Tensor:
    """A slice of each image."""
    images(x, Tensor)
    lead = tuple(x.shape[:-3])
    cy, cx = (augmented.whole(n, augmented.array(a), lead) for n, a in (("cy", cy), ("cx", cx)))
    size = checks.integer("size", size, 0)
    fill = checks.scalar("fill", fill, -math.inf)

    def one(image: Tensor, row: int, column: int) -> Tensor:
        top, left = row - size // 2, column - size // 2
        y = image.clone()
        y[(slice(None), *cut(top, left, top + size, left + size))] = fill
        return y

    return each_one(one, x, cy, cx)


def draw_box(
    shape: Any,
    rng: np.random.Generator,
    area: tuple[float, float] = (0.02, 0.33),
    ratio: tuple[float, float] = (0.3, 3.3),
) -> Box:
    """As ``torchvision.transforms.RandomErasing.get_params``, with NumPy's numbers."""
    lead, h, w = image_shape(shape)
    checks.generator("rng", rng)
    area, ratio = augmented.span("area", area, 0, 1), augmented.span("ratio", ratio, 0)
    shares = rng.random((ATTEMPTS, *lead)) * (area[1] - area[0]) + area[0]
    forms = rng.random((ATTEMPTS, *lead)) * math.log(ratio[1] / ratio[0]) + math.log(ratio[0])
    columns = zip(*(a.reshape(ATTEMPTS, -1).T.tolist() for a in (shares, forms)), strict=True)
    sides = np.array([_sides(h, w, *column) for column in columns]).T.reshape(2, *lead)
    top = torch.as_tensor(rng.integers(h - sides[0] + 1))
    left = torch.as_tensor(rng.integers(w - sides[1] + 1))
    return top, left, torch.as_tensor(sides[0]), torch.as_tensor(sides[1])


def _sides(h: int, w: int, shares: list[float], forms: list[float]) -> tuple[int, int]:
    for share, form in zip(shares, forms, strict=True):
        pixels, form = share * h * w, math.exp(form)
        height, width = round(math.sqrt(pixels * form)), round(math.sqrt(pixels / form))
        if height < h and width < w:
            return height, width
    return 0, 0


def random_erasing(x: Tensor, box: Any, fill: Any = 0.0) -> Tensor:
    """As ``torchvision.transforms.functional.erase``."""
    images(x, Tensor)
    given = [augmented.array(a) for a in box] if isinstance(box, tuple | list) else box
    top, left, height, width = augmented.box(given, x.shape)
    fill = np.asarray(checks.number("fill", augmented.array(fill)))
    augmented.fits("fill", fill, x.shape, "as x")
    lead = np.broadcast_shapes(x.shape[:-3], top.shape, height.shape, fill.shape[:-3])
    shown = torch.as_tensor(fill).to(x).expand(*lead, *x.shape[-3:]).reshape(-1, *x.shape[-3:])
    place = torch.arange(len(shown)).reshape(lead)

    def one(image: Tensor, i: int, top: int, left: int, height: int, width: int) -> Tensor:
        part = slice(None), *cut(top, left, top + height, left + width)
        y = image.clone()
        y[part] = shown[i][part]
        return y

    return each_one(one, x, place, top, left, height, width)
