"""Group and instance normalization: the statistics are those of some channels of one sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache, Layer, ones, zeros
from dlcourse.scratch.normalization.core import (
    batch_axes,
    inverse,
    moments,
    parts,
    per_channel,
    room_for_y,
    stretch,
    times,
    total,
    unbuffered,
    values,
)

SAMPLE, GROUP, PLACES = -5, (-3, -2, -1), (-2, -1)
"""The axes of (..., n, groups, channels of a group, h, w)."""


def grouped(num_groups: int, *arrays: Array | None) -> list[Any]:
    """Images, or features as images of one pixel, with an axis of groups: views."""
    found: list[Any] = []
    for a in arrays:
        if a is None:
            found.append(a)
        else:
            a = a if a.ndim > 3 else a[..., None, None]
            found.append(a.reshape(*a.shape[:-3], num_groups, -1, *a.shape[-2:]))
    return found


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
    axes, behind = batch_axes(x), x.shape[-1 if x.ndim < 4 else -3 :]
    x, gain, shift = grouped(num_groups, x, *per_channel(axes, weight, bias))
    d, y = np.empty_like(x), room_for_y(x, gain, shift)
    inv_std = np.empty((*x.shape[:-3], 1, 1, 1), x.dtype)
    for part in parts(x, SAMPLE):
        _, std = moments(x[part], GROUP, out=d[part])
        inv_std[part] = inverse(std, eps, x.dtype)
        stretch(d[part], times(inv_std[part], gain), shift, PLACES, out=y[part])
    return y.reshape(*y.shape[:-4], *behind), (d, inv_std, weight, bias)


def group_norm_backward(dy: Array, cache: Cache) -> tuple[Array, Any, Any]:
    r"""What would only shift or stretch a group has no effect: that part of g is taken out.

    .. math:: dx = \frac{1}{\sqrt{\sigma_g^2 + \epsilon}} \left(g - \operatorname{mean}(g)
              - \hat x \operatorname{mean}(g \, \hat x)\right), \quad g = \gamma \, dy
    """
    d, inv_std, weight, bias = cache  # d / std is x̂
    shape, (gain,) = dy.shape, per_channel(batch_axes(dy), weight)
    dy, gain = grouped(d.shape[-4], dy, gain)
    dx, n, grads = np.empty_like(dy), values(d, GROUP), np.zeros(())
    for part in parts(d, SAMPLE):
        g, own, scale = dy[part], d[part], inv_std[part]
        found = np.stack([total(PLACES, g), total(PLACES, g, own) * scale])  # of each channel
        grads = grads + found.sum(SAMPLE)
        found = times(found, gain)
        mean, along = (found.sum(GROUP[0], keepdims=True) * scale / n).astype(dy.dtype)
        with unbuffered():
            out = np.multiply(g, times(scale, gain), out=dx[part])
            out -= own * (along * scale)
            out -= mean
    given = zip(grads.reshape(*grads.shape[:-4], -1), (bias, weight), strict=True)
    dbias, dweight = (None if p is None else grad.astype(p.dtype) for grad, p in given)
    return dx.reshape(shape), dweight, dbias


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
        inputs.values_a_channel(x, image=True)
        return super().pair(x)
