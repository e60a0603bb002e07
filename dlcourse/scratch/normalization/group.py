"""Group and instance normalization: the statistics are those of some channels of one sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache, Layer, ones, zeros
from dlcourse.scratch.normalization.core import (
    affine,
    affine_backward,
    batch_axes,
    standardize,
    standardize_backward,
)


def grouped(x: Array, num_groups: int) -> Array:
    """All values of a group side by side: (..., n, groups, values)."""
    before = x.shape[: -1 if x.ndim < 4 else -3]
    return x.reshape(*before, num_groups, -1)


def group_norm(
    x: Array, weight: Array | None, bias: Array | None, num_groups: int, eps: float = 1e-5
) -> tuple[Array, Cache]:
    r"""Give every group of channels mean 0 and variance 1, sample by sample.

    .. math:: y = \gamma \frac{x - \mu_g}{\sqrt{\sigma_g^2 + \epsilon}} + \beta

    Parameters
    ----------
    x : features (n, c) or (runs, n, c), images (n, c, h, w) or (runs, n, c, h, w)
    weight, bias : γ and β, one a channel, (c,) or (runs, c), or None
    num_groups : a divisor of c; neighbouring channels are a group
    eps : ε

    Returns
    -------
    y, and what ``group_norm_backward`` needs

    Examples
    --------
    One sample of four channels, the last two a thousand times larger:

    >>> group_norm(np.array([[1.0, 3.0, 1000.0, 3000.0]]), None, None, 2, eps=0.0)[0]
    array([[-1.,  1., -1.,  1.]])

    References
    ----------
    Wu and He (2018), eq. 7.
    """
    axes = batch_axes(x)
    xhat, standard = standardize(grouped(x, num_groups), (-1,), eps)
    xhat = xhat.reshape(x.shape)
    return affine(xhat, weight, bias, axes), (standard, xhat, weight, bias, axes)


def group_norm_backward(dy: Array, cache: Cache) -> tuple[Array, Any, Any]:
    """Back through γ and β, channel by channel, then through the statistics of the groups."""
    standard, xhat, weight, bias, axes = cache
    dxhat, dweight, dbias = affine_backward(dy, xhat, weight, bias, axes)
    lead, (*_, num_groups, size) = dxhat.shape[: dxhat.ndim - xhat.ndim], standard[0].shape
    before = xhat.shape[: -1 if len(axes) == 1 else -3]
    dx = standardize_backward(dxhat.reshape(*lead, *before, num_groups, size), standard)
    return dx.reshape(dxhat.shape), dweight, dbias


def instance_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float = 1e-5
) -> tuple[Array, Cache]:
    """``group_norm`` of images in which every channel is a group of its own.

    Examples
    --------
    >>> instance_norm(np.array([[[[1.0, 3.0]], [[10.0, 30.0]]]]), None, None, eps=0.0)[0]
    array([[[[-1.,  1.]],
            [[-1.,  1.]]]])

    References
    ----------
    Ulyanov, Vedaldi and Lempitsky (2016), eq. 4.
    """
    return group_norm(x, weight, bias, x.shape[-3], eps)


def instance_norm_backward(dy: Array, cache: Cache) -> tuple[Array, Any, Any]:
    """``group_norm_backward``: an instance is a group."""
    return group_norm_backward(dy, cache)


class GroupNorm(Layer):
    """``group_norm`` as a layer: it does the same in training and afterwards.

    Parameters
    ----------
    num_groups, num_channels : int >= 1, the second a multiple of the first
    eps : >= 0
    affine : whether there are γ ``weight`` and β ``bias``, which start as 1 and 0
    runs, dtype : as in ``Linear``
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        self.num_groups = checks.integer("num_groups", num_groups, 1)
        self.num_channels = c = checks.integer("num_channels", num_channels, 1)
        if c % num_groups:
            checks.fail("num_channels", f"a multiple of num_groups, {num_groups}", c)
        self.eps = checks.scalar("eps", eps)
        self.fill({"weight": ones(c), "bias": zeros(c)} if affine else {}, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        inputs.channels(x, self.num_channels, self.runs, np.ndarray)
        weight, bias = self.params.get("weight"), self.params.get("bias")
        return group_norm(x, weight, bias, self.num_groups, self.eps)

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        found = group_norm_backward(dy, cache)
        return found if self.params else found[0]


class InstanceNorm(GroupNorm):
    """``instance_norm`` as a layer, for images; without running statistics.

    Parameters
    ----------
    num_features : channels, int >= 1
    others : as in ``GroupNorm``; γ and β are absent by default, as in PyTorch
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        affine: bool = False,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        checks.integer("num_features", num_features, 1)
        super().__init__(num_features, num_features, eps, affine, runs=runs, dtype=dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        inputs.channels(x, self.num_channels, self.runs, np.ndarray, images=True)
        return super().pair(x)
