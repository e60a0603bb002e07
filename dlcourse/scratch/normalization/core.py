"""Standardizing an array over some of its axes: the arithmetic of every method of this room."""

from __future__ import annotations

import numpy as np

from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache

Axes = tuple[int, ...]


def mean(x: Array, axes: Axes) -> Array:
    """The mean over these axes, which stay with length one, in the dtype of x."""
    return np.asarray(x.mean(axes, keepdims=True))


def moments(x: Array, axes: Axes) -> tuple[Array, Array, Array]:
    """x without its mean over ``axes``, the mean, and the biased variance."""
    mu = mean(x, axes)
    d = x - mu
    rest = mean(d, axes)  # what rounding left of it: all there is where x is constant
    d -= rest
    return d, mu + rest, mean(d * d, axes)


def standardize(x: Array, axes: Axes, eps: float) -> tuple[Array, Cache]:
    r"""Shift and stretch x to mean 0 and variance 1 over ``axes``, which count from the end.

    .. math:: \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad
              \mu = \operatorname{mean}(x), \quad \sigma^2 = \operatorname{mean}((x - \mu)^2)

    Returns
    -------
    xhat, in the shape and dtype of x, and (xhat, inv_std, axes) for the way back

    Examples
    --------
    >>> standardize(np.array([[1.0, 3.0]]), (-1,), eps=0.0)[0]
    array([[-1.,  1.]])
    """
    xhat, _, var = moments(x, axes)
    inv_std = 1 / np.sqrt(var + var.dtype.type(eps))
    xhat *= inv_std
    return xhat, (xhat, inv_std, axes)


def standardize_backward(dxhat: Array, cache: Cache) -> Array:
    r"""What would only shift or stretch x has no effect: that part of ``dxhat`` is taken out.

    .. math:: dx = \frac{1}{\sqrt{\sigma^2 + \epsilon}} \left(d\hat x - \operatorname{mean}(d\hat x)
              - \hat x \operatorname{mean}(d\hat x \, \hat x)\right)
    """
    xhat, inv_std, axes = cache
    dx = dxhat - mean(dxhat, axes)
    dx -= xhat * mean(dxhat * xhat, axes)
    dx *= inv_std
    return dx


def batch_axes(x: Array) -> Axes:
    """What is no channel and no run: n of features (..., n, c), n, h and w of images."""
    return (-2,) if x.ndim < 4 else (-4, -2, -1)


def spread(a: Array, axes: Axes) -> Array:
    """One number a channel, (c,) or (runs, c), with the axes of which it is the same."""
    return a[..., None, :] if axes == (-2,) else a[..., None, :, None, None]


def channels(a: Array, axes: Axes) -> Array:
    """``spread`` undone."""
    return a[..., 0, :] if axes == (-2,) else a[..., 0, :, 0, 0]


def affine(xhat: Array, weight: Array | None, bias: Array | None, axes: Axes) -> Array:
    """y = weight · xhat + bias, channel by channel; xhat itself where there is neither."""
    y = xhat if weight is None else xhat * spread(weight, axes)
    return y if bias is None else y + spread(bias, axes)


def affine_backward(
    dy: Array, xhat: Array, weight: Array | None, bias: Array | None, axes: Axes
) -> tuple[Array, Array | None, Array | None]:
    """dxhat = weight · dy, dweight = Σ dy xhat, dbias = Σ dy."""
    dweight = None if weight is None else (dy * xhat).sum(axes)
    dbias = None if bias is None else dy.sum(axes)
    return dy if weight is None else dy * spread(weight, axes), dweight, dbias
