"""Noise on every pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.arrays import Array
from dlcourse.images import images, noise_for, number_each
from dlcourse.scratch.augmentation.sampling import per_image


def add_noise(x: Array, noise: Array, sigma: Any) -> Array:
    """x + σ · noise: what the noise is, the caller draws, ``rng.normal(size=x.shape)`` say.

    Parameters
    ----------
    x : images (..., c, h, w)
    noise : shaped as x, or with axes in front, one entry a run
    sigma : σ >= 0, a number or one an image

    Notes
    -----
    Nothing is cut off: in images of values in [0, 1] some lie outside afterwards.

    Examples
    --------
    >>> add_noise(np.array([[[1.0, 2.0]]]), np.array([[[1.0, -1.0]]]), 0.5)
    array([[[1.5, 1.5]]])
    """
    images(x, np.ndarray)
    noise_for(x, noise, np.ndarray)
    strength = number_each("sigma", sigma, noise, 0)
    lead, flat, (strength,) = per_image(noise, strength)
    scaled = flat * strength.reshape(-1, 1, 1, 1)
    return x + scaled.reshape(lead + x.shape[-3:]).astype(x.dtype)
