"""Twin of ``scratch.augmentation.elastic``: ``F.conv2d`` with a Gaussian, ``F.grid_sample``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from dlcourse import checks
from dlcourse.images import common, displaced, fill_of, image_shape, images, number_each
from dlcourse.reference.augmentation.crops import generator
from dlcourse.reference.augmentation.sampling import Tensor, read, spread


def draw_displacement(shape: Any, alpha: Any, sigma: float, rng: np.random.Generator) -> Tensor:
    """``torch.rand``, and a convolution with a Gaussian of two axes."""
    lead, h, w = image_shape(shape)
    chance = generator(rng)
    strength = number_each("alpha", alpha, np.empty((*lead, 0, 0, 0)), 0)
    lead, sigma = common(lead, strength), checks.scalar("sigma", sigma)
    reach = int(4 * sigma + 0.5)
    t = torch.arange(-reach, reach + 1, dtype=torch.float64)
    kernel = (-(t[:, None] ** 2 + t**2) / (2 * max(sigma, 1e-150) ** 2)).exp()
    size = h + 2 * reach, w + 2 * reach
    noise = torch.rand(*lead, 2, *size, generator=chance, dtype=torch.float64) * 2 - 1
    field = F.conv2d(noise.reshape(-1, 1, *size), (kernel / kernel.sum())[None, None])
    return torch.as_tensor(strength)[..., None, None, None] * field.reshape(*lead, 2, h, w)


def elastic_deformation(
    x: Tensor, displacement: Tensor, interpolation: str = "bilinear", fill: Any = 0.0
) -> Tensor:
    """``F.grid_sample`` of the identity's grid and the displacement."""
    images(x, Tensor)
    checks.choice("interpolation", interpolation, ("bilinear", "nearest"))
    displaced(x, displacement, Tensor)
    h, w = x.shape[-2:]
    lead, flat, _ = spread(x, np.empty(tuple(displacement.shape[:-3])))
    same = torch.eye(2, 3, dtype=x.dtype, device=x.device)[None]
    grid = F.affine_grid(same, [1, 1, h, w], align_corners=False)
    pulled = displacement.to(x).reshape(-1, 2, h, w).movedim(1, -1).flip(-1)
    grid = grid + pulled * torch.tensor([2 / w, 2 / h], dtype=x.dtype, device=x.device)
    return read(flat, grid, interpolation, fill_of(fill, x)).reshape(*lead, *x.shape[-3:])
