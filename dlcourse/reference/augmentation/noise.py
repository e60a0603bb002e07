"""Twin of ``scratch.augmentation.noise``: ``torch.addcmul``."""

from __future__ import annotations

from typing import Any

import torch

from dlcourse.images import images, noise_for, number_each
from dlcourse.reference.augmentation.sampling import Tensor, spread


def add_noise(x: Tensor, noise: Tensor, sigma: Any) -> Tensor:
    """``torch.addcmul``."""
    images(x, Tensor)
    noise_for(x, noise, Tensor)
    lead, flat, (strength,) = spread(noise, number_each("sigma", sigma, noise, 0))
    base = x.expand(*lead, *x.shape[-3:]).reshape(flat.shape)
    y = torch.addcmul(base, flat.to(x), strength.to(x)[:, None, None, None])
    return y.reshape(*lead, *x.shape[-3:])
