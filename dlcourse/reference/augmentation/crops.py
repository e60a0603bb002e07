"""Twin of ``scratch.augmentation.crops``: slices, ``F.interpolate``, boxes drawn one by one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from dlcourse import checks
from dlcourse.images import box, extent, image_shape, image_size, images, whole_each, window
from dlcourse.reference.augmentation.geometry import pad
from dlcourse.reference.augmentation.sampling import Tensor, each_image

TRIES = 10


def generator(rng: np.random.Generator) -> torch.Generator:
    """PyTorch's chance, from ours."""
    seed = int(checks.generator("rng", rng).integers(2**63))
    return torch.Generator().manual_seed(seed)


def crop(x: Tensor, top: Any, left: Any, size: Any) -> Tensor:
    """A slice of each image."""
    images(x, Tensor)
    (h, w), (height, width) = x.shape[-2:], window(x.shape[-2:], size)
    top, left = whole_each("top", top, x, 0, h - height), whole_each("left", left, x, 0, w - width)
    return each_image(lambda one, i, j: one[:, i : i + height, j : j + width], x, top, left)


def draw_crop(shape: Any, size: Any, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """``torch.randint``."""
    lead, h, w = image_shape(shape)
    (height, width), chance = window((h, w), size), generator(rng)
    top = torch.randint(h - height + 1, lead, generator=chance)
    return top, torch.randint(w - width + 1, lead, generator=chance)


def random_crop(x: Tensor, size: Any, rng: np.random.Generator, padding: Any = 0) -> Tensor:
    """``pad``, ``draw_crop``, ``crop``."""
    x = pad(x, padding)
    return crop(x, *draw_crop(tuple(x.shape), size, rng), size)


def five_crop(x: Tensor, size: Any) -> Tensor:
    """``F.pad`` by less than nothing: it cuts off."""
    images(x, Tensor)
    height, width = window(x.shape[-2:], size)
    down, right = x.shape[-2] - height, x.shape[-1] - width
    above, before = round(down / 2), round(right / 2)
    cut = [(0, 0), (right, 0), (0, down), (right, down), (before, above)]
    return torch.stack([F.pad(x, (-j, j - right, -i, i - down)) for j, i in cut])


def ten_crop(x: Tensor, size: Any) -> Tensor:
    """``five_crop`` of the images and of ``torch.fliplr``."""
    images(x, Tensor)
    return torch.cat([five_crop(x, size), five_crop(x.flip(-1), size)])


def resize(x: Tensor, size: Any) -> Tensor:
    """``F.interpolate``."""
    images(x, Tensor)
    new = image_size("size", size)
    y = F.interpolate(x.reshape(-1, *x.shape[-3:]), new, mode="bilinear", align_corners=False)
    return y.reshape(*x.shape[:-2], *new)


def draw_resized_crop(
    shape: Any,
    rng: np.random.Generator,
    scale: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One box after the other, each tried at most ten times."""
    lead, h, w = image_shape(shape)
    scale, ratio, chance = extent("scale", scale, 1.0), extent("ratio", ratio), generator(rng)
    boxes = [_box(h, w, chance, scale, ratio) for _ in range(math.prod(lead))]
    top, left, height, width = torch.tensor(boxes).reshape(-1, 4).T.reshape(4, *lead)
    return top, left, height, width


def _box(h: int, w: int, chance: torch.Generator, scale: Any, ratio: Any) -> list[int]:
    for _ in range(TRIES):
        share, form = torch.rand(2, generator=chance, dtype=torch.float64).tolist()
        area = h * w * (scale[0] + share * (scale[1] - scale[0]))
        form = ratio[0] * (ratio[1] / ratio[0]) ** form
        width, height = round(math.sqrt(area * form)), round(math.sqrt(area / form))
        if 0 < width <= w and 0 < height <= h:
            top = int(torch.randint(h - height + 1, (), generator=chance))
            return [top, int(torch.randint(w - width + 1, (), generator=chance)), height, width]
    height, width = h, w
    if w / h < ratio[0]:
        height = max(round(w / ratio[0]), 1)
    elif w / h > ratio[1]:
        width = max(round(h * ratio[1]), 1)
    return [(h - height) // 2, (w - width) // 2, height, width]


def resized_crop(x: Tensor, top: Any, left: Any, height: Any, width: Any, size: Any) -> Tensor:
    """``F.interpolate`` of a slice of each image."""
    images(x, Tensor)
    new, corners = image_size("size", size), box(x, top, left, height, width)

    def one(image: Tensor, i: int, j: int, rows: int, cols: int) -> Tensor:
        part = image[None, :, i : i + rows, j : j + cols]
        return F.interpolate(part, new, mode="bilinear", align_corners=False)[0]

    return each_image(one, x, *corners)
