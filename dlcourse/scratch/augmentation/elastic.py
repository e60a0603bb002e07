"""A sheet of rubber, pulled at random: neighbours move alike, places far apart do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.images import common, displaced, fill_of, image_shape, images, number_each
from dlcourse.scratch.augmentation.sampling import READ, per_image, sample


def draw_displacement(shape: Any, alpha: Any, sigma: float, rng: np.random.Generator) -> Array:
    r"""How far every pixel is pulled down and to the right, (..., 2, h, w), in pixels.

    .. math:: d = \alpha\; G_\sigma * U, \quad U \sim \mathrm{Uniform}(-1, 1)
              \text{ for every pixel and direction}

    Parameters
    ----------
    shape : that of the images, (..., c, h, w)
    alpha : α >= 0, a number or one an image
    sigma : σ >= 0, the width of the Gaussian in pixels

    Notes
    -----
    Averaging shrinks the field: its standard deviation is close to α / (σ √(12 π)) for σ above 1.
    U is drawn beyond the image's edges as far as the Gaussian reaches, 4 σ, so that this holds for
    every pixel. torchvision's α is twice ours.

    Examples
    --------
    Without a Gaussian, noise in [-α, α]; down and to the right, for each of 2 × 3 pixels:

    >>> d = draw_displacement((1, 2, 3), 2.0, 0.0, np.random.default_rng(0))
    >>> d.shape, bool(1.0 < abs(d).max() <= 2.0)
    ((2, 2, 3), True)

    References
    ----------
    Simard, Steinkraus and Platt (2003), section 2.
    """
    lead, h, w = image_shape(shape)
    checks.generator("rng", rng)
    strength = number_each("alpha", alpha, np.empty((*lead, 0, 0, 0)), 0)
    kernel = gaussian(checks.scalar("sigma", sigma))
    reach = len(kernel) - 1
    noise = rng.uniform(-1, 1, (*common(lead, strength), 2, h + reach, w + reach))
    blurred = _windows(kernel, h) @ noise @ _windows(kernel, w).T
    return strength[..., None, None, None] * blurred


def gaussian(sigma: float) -> Array:
    """Weights of a Gaussian at whole numbers up to 4 σ away, of sum 1.

    >>> gaussian(0.0)
    array([1.])
    """
    reach = int(4 * sigma + 0.5)
    t = np.arange(-reach, reach + 1) / max(sigma, 1e-300)
    k = np.exp(-0.5 * t * t)
    return k / k.sum()


def _windows(kernel: Array, size: int) -> Array:
    """A matrix (size, size + reach) each row of which is the kernel, one place further."""
    band = np.zeros((size, size + len(kernel) - 1))
    for i in range(size):
        band[i, i : i + len(kernel)] = kernel
    return band


def elastic_deformation(
    x: Array, displacement: Array, interpolation: str = "bilinear", fill: Any = 0.0
) -> Array:
    """Read every pixel where its displacement points: y(p) = x(p + d(p)).

    Parameters
    ----------
    x : images (..., c, h, w)
    displacement : d in pixels, down and to the right, (2, h, w) for all or (..., 2, h, w)
    interpolation : "bilinear" or "nearest"
    fill : what stands outside of the image, a number or one a channel

    Examples
    --------
    All pixels look half a pixel to the right:

    >>> d = np.zeros((2, 1, 3))
    >>> d[1] = 0.5
    >>> elastic_deformation(np.array([[[0.0, 10.0, 20.0]]]), d)
    array([[[ 5., 15., 10.]]])
    """
    images(x, np.ndarray)
    checks.choice("interpolation", interpolation, READ)
    displaced(x, displacement, np.ndarray)
    h, w = x.shape[-2:]
    field = displacement.astype(x.dtype, copy=False)
    lead, flat, _ = per_image(x, np.empty(displacement.shape[:-3]))
    field = field.reshape(-1, 2, h, w)
    rows = field[:, 0] + np.arange(h, dtype=x.dtype)[:, None]
    cols = field[:, 1] + np.arange(w, dtype=x.dtype)
    y = sample(flat, rows, cols, interpolation, fill_of(fill, x))
    return y.reshape(lead + x.shape[-3:])
