"""Twin of ``scratch.augmentation.geometry``: ``F.affine_grid`` and ``F.grid_sample``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from dlcourse import checks
from dlcourse.images import axis_of, fill_of, flags_each, frame, images, number_each
from dlcourse.reference.augmentation.sampling import Tensor, read, spread


def flip(x: Tensor, flipped: Any, axis: int = -1) -> Tensor:
    """``torch.flip``, where it is asked for."""
    images(x, Tensor)
    axis_of(axis)
    lead, flat, (mirrored,) = spread(x, flags_each("flipped", flipped, x))
    y = torch.where(mirrored[:, None, None, None].to(x.device), flat.flip(axis), flat)
    return y.reshape(*lead, *x.shape[-3:])


def pad(x: Tensor, width: Any, fill: Any = 0.0, mode: str = "constant") -> Tensor:
    """``F.pad``, channel by channel."""
    images(x, Tensor)
    checks.choice("mode", mode, ("constant", "reflect"))
    down, right = frame("width", width, x, mode == "reflect")
    around, c = (right, right, down, down), x.shape[-3]
    if mode == "reflect":
        return F.pad(x.flatten(0, -3), around, mode).unflatten(0, x.shape[:-2])
    fills = np.broadcast_to(fill_of(fill, x).ravel(), c).tolist()
    channels = zip(x.unbind(-3), fills, strict=True)
    return torch.stack([F.pad(one, around, value=value) for one, value in channels], -3)


def affine(
    x: Tensor,
    angle: Any = 0.0,
    translate: Any = (0, 0),
    scale: Any = 1.0,
    shear: Any = (0, 0),
    interpolation: str = "bilinear",
    fill: Any = 0.0,
) -> Tensor:
    """``torch.linalg.inv`` of a product of matrices, ``F.affine_grid`` and ``F.grid_sample``."""
    images(x, Tensor)
    checks.choice("interpolation", interpolation, ("bilinear", "nearest"))
    moved, sheared = checks.pair("translate", translate), checks.pair("shear", shear)
    given = [
        number_each("angle", angle, x),
        *(number_each(f"translate[{i}]", one, x, -1e6, 1e6) for i, one in enumerate(moved)),
        number_each("scale", scale, x, 1e-6, 1e6),
        *(number_each(f"shear[{i}]", one, x, -89, 89) for i, one in enumerate(sheared)),
    ]
    lead, flat, (turn, right, down, size, along, across) = spread(x, *given)
    turn, along, across = (one.double().deg2rad() for one in (turn, along, across))
    h, w = x.shape[-2:]
    forward = (
        _matrix(1, 0, right, 0, 1, down)
        @ _matrix(turn.cos(), turn.sin(), 0, -turn.sin(), turn.cos(), 0)
        @ _matrix(size, 0, 0, 0, size, 0)
        @ _matrix(1, 0, 0, -across.tan(), 1, 0)
        @ _matrix(1, -along.tan(), 0, 0, 1, 0)
    )
    pixels = torch.diag(torch.tensor([w / 2, h / 2, 1.0], dtype=torch.float64))
    back = torch.linalg.inv(pixels) @ torch.linalg.inv(forward) @ pixels
    theta = back[:, :2].to(x.device, x.dtype)
    grid = F.affine_grid(theta, [len(flat), *x.shape[-3:]], align_corners=False)
    return read(flat, grid, interpolation, fill_of(fill, x)).reshape(*lead, *x.shape[-3:])


def _matrix(*entries: Any) -> Tensor:
    """Matrices (n, 3, 3) of the first two rows' entries, numbers or (n,)."""
    rows = torch.broadcast_tensors(*(torch.as_tensor(e, dtype=torch.float64) for e in entries))
    zero = torch.zeros_like(rows[0])
    return torch.stack([*rows, zero, zero, zero + 1], -1).unflatten(-1, (3, 3))


def rotate(x: Tensor, angle: Any, interpolation: str = "bilinear", fill: Any = 0.0) -> Tensor:
    """``affine`` of an angle alone."""
    return affine(x, angle, interpolation=interpolation, fill=fill)


def shear(
    x: Tensor, degrees: Any, axis: int = -1, interpolation: str = "bilinear", fill: Any = 0.0
) -> Tensor:
    """``affine`` of a shear along one axis."""
    axis_of(axis)
    both = (degrees, 0) if axis == -1 else (0, degrees)
    return affine(x, shear=both, interpolation=interpolation, fill=fill)


def translate(
    x: Tensor, dy: Any, dx: Any, interpolation: str = "bilinear", fill: Any = 0.0
) -> Tensor:
    """``affine`` of a shift."""
    return affine(x, translate=(dx, dy), interpolation=interpolation, fill=fill)
