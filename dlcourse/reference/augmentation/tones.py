"""Twin of ``scratch.augmentation.tones``: ``torch.bucketize``, ``F.conv2d``, searches."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from dlcourse.images import images, number_each, whole_each
from dlcourse.reference.augmentation.sampling import Tensor, each_image, spread


def invert(x: Tensor) -> Tensor:
    """``torch.rsub``."""
    images(x, Tensor, unit=True)
    return torch.rsub(x, 1)


def solarize(x: Tensor, threshold: Any) -> Tensor:
    """``torch.where``."""
    images(x, Tensor, unit=True)
    lead, flat, (least,) = spread(x, number_each("threshold", threshold, x, 0, 1))
    dark = flat < least.to(x)[:, None, None, None]
    return torch.where(dark, flat, 1 - flat).reshape(*lead, *x.shape[-3:])


def posterize(x: Tensor, bits: Any) -> Tensor:
    """``torch.bucketize``: how many edges lie below."""
    images(x, Tensor, unit=True)

    def one(image: Tensor, kept: int) -> Tensor:
        edges = torch.arange(1, 2**kept, device=x.device).to(x.dtype) / 2**kept
        return torch.bucketize(image.contiguous(), edges, right=True).to(x.dtype) / 2**kept

    return each_image(one, x, whole_each("bits", bits, x, 0, 8))


def sharpness(x: Tensor, factor: Any) -> Tensor:
    """``F.conv2d``, channel by channel."""
    images(x, Tensor, unit=True)
    lead, flat, (weight,) = spread(x, number_each("factor", factor, x, 0))
    c, h, w = x.shape[-3:]
    blurred = flat.clone()
    if h > 2 and w > 2:
        kernel = torch.tensor([1.0, 1, 1, 1, 5, 1, 1, 1, 1]).to(x).reshape(1, 1, 3, 3) / 13
        smooth = F.conv2d(flat, kernel.expand(c, 1, 3, 3), groups=c)
        blurred[..., 1:-1, 1:-1] = smooth
    y = torch.lerp(blurred, flat, weight.to(x)[:, None, None, None])
    return y.clamp(0, 1).reshape(*lead, c, h, w)


def autocontrast(x: Tensor) -> Tensor:
    """``torch.aminmax``."""
    images(x, Tensor, unit=True)
    low, high = torch.aminmax(x.flatten(-2), dim=-1, keepdim=True)
    y = (x.flatten(-2) - low) / (high - low)
    return torch.where(high > low, y, x.flatten(-2)).clamp(0, 1).reshape(x.shape)


def equalize(x: Tensor) -> Tensor:
    """``torch.searchsorted``: how many pixels are darker, channel by channel."""
    images(x, Tensor, unit=True)
    grey = (x * 255.999).clamp(0, 255).long().flatten(0, -3).flatten(1)
    return (torch.stack([_spread(one) for one in grey]).to(x) / 255).reshape(x.shape)


def _spread(values: Tensor) -> Tensor:
    ordered = values.sort().values
    step = int((values < ordered[-1]).sum()) // 255
    if step == 0:
        return values
    return ((torch.searchsorted(ordered, values) + step // 2) // step).clamp(0, 255)
