"""Batch normalization: the statistics are those of a channel, over the samples of a batch."""

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
    narrowed,
    outermost,
    parts,
    per_channel,
    project,
    room_for_y,
    squared,
    stretch,
    times,
    total,
    values,
    widened,
)


def batch_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float = 1e-5
) -> tuple[Array, Cache]:
    r"""Give every channel mean 0 and variance 1 over the batch, then the scale it learns.

    .. math:: y = \gamma \frac{x - \mu_B}{\sqrt{\sigma_B^2 + \epsilon}} + \beta

    Parameters
    ----------
    x : features (n, c) or (runs, n, c), images (n, c, h, w) or (runs, n, c, h, w)
    weight, bias : γ and β, (c,) or (runs, c), or None
    eps : ε, so that a constant channel becomes 0

    Returns
    -------
    y, and what ``batch_norm_backward`` needs

    Notes
    -----
    The variance is the biased one, the mean of the squares. Images have one pair of statistics a
    channel: every pixel of every image is a sample of it.

    Examples
    --------
    Two samples of two channels:

    >>> batch_norm(np.array([[1.0, 10.0], [3.0, 30.0]]), None, None, eps=0.0)[0]
    array([[-1., -1.],
           [ 1.,  1.]])

    References
    ----------
    Ioffe and Szegedy (2015), algorithm 1.
    """
    axes, d = batch_axes(x), np.empty_like(x)
    mean, std = moments(x, axes, out=d)
    inv_std = inverse(std, eps, x.dtype)
    gain, shift = per_channel(axes, weight, bias)
    y = room_for_y(d, gain, shift)
    stretch(d, times(inv_std, gain), shift, axes, out=y)
    return y, (d, inv_std, weight, bias, (mean.squeeze(axes), squared(std).squeeze(axes)))


def batch_norm_backward(dy: Array, cache: Cache) -> tuple[Array, Any, Any]:
    r"""What would only shift or stretch a channel has no effect: that part of dy is taken out.

    .. math:: dx = \frac{\gamma}{\sqrt{\sigma_B^2 + \epsilon}} \left(dy - \operatorname{mean}(dy)
              - \hat x \operatorname{mean}(dy \, \hat x)\right), \quad
              d\gamma = \sum dy \, \hat x, \quad d\beta = \sum dy
    """
    d, inv_std, weight, bias, _ = cache  # d / std is x̂
    axes, dx = batch_axes(d), np.empty_like(dy)
    n, dbias, along = values(d, axes), np.zeros(()), np.zeros(())
    for part in parts(dy, outermost(dy, axes)):
        dbias, along = dbias + total(axes, dy[part]), along + total(axes, dy[part], d[part])
    dweight = along * inv_std
    scale = times(inv_std, *per_channel(axes, weight))
    project(dy, d, dbias / n, dweight / n * inv_std, scale, axes, out=dx)
    return dx, narrowed(axes, dweight, weight), narrowed(axes, dbias, bias)


def batch_norm_inference(
    x: Array,
    mean: Array,
    var: Array,
    weight: Array | None,
    bias: Array | None,
    eps: float = 1e-5,
) -> tuple[Array, Cache]:
    """``batch_norm`` with statistics that are given, (c,) or (runs, c): no sample sees another.

    Examples
    --------
    >>> batch_norm_inference(np.array([[5.0]]), np.array([1.0]), np.array([4.0]), None, None, 0)[0]
    array([[2.]])
    """
    axes = batch_axes(x)
    inv_std, d = widened(inverse(np.sqrt(var), eps, var.dtype), axes), x - widened(mean, axes)
    gain, shift = per_channel(axes, weight, bias)
    y = room_for_y(d, inv_std, gain, shift)
    stretch(d, times(inv_std, gain), shift, axes, out=y)
    return y, (d, inv_std, weight, bias)


def batch_norm_inference_backward(dy: Array, cache: Cache) -> tuple[Array, Any, Any]:
    """dx = γ dy / √(σ² + ε): the statistics are constants."""
    d, inv_std, weight, bias = cache
    axes = batch_axes(d)
    dx = dy * times(inv_std, *per_channel(axes, weight))
    dweight, dbias = total(axes, dy, d) * inv_std, total(axes, dy)
    return dx, narrowed(axes, dweight, weight), narrowed(axes, dbias, bias)


def batch_statistics(x: Array) -> tuple[Array, Array]:
    """Mean and biased variance of each channel, (c,) or (runs, c).

    >>> batch_statistics(np.array([[1.0], [3.0]]))
    (array([2.]), array([1.]))
    """
    axes = batch_axes(x)
    mean, std = moments(x, axes, out=np.empty_like(x))
    return mean.squeeze(axes).astype(x.dtype), squared(std).squeeze(axes).astype(x.dtype)


def update_running(running: Array, value: Array, momentum: Any) -> Array:
    """(1 - momentum) · running + momentum · value: momentum is the weight of the new batch.

    >>> float(update_running(np.array(1.0), np.array(2.0), 0.1))
    1.1
    """
    return (1 - momentum) * running + momentum * value


def unbiased(var: Array, count: int) -> Array:
    """The variance of a population, of which ``count`` values have the variance ``var``.

    >>> unbiased(np.array([1.0]), 2)
    array([2.])
    """
    return var * (count / (count - 1))


class BatchNorm(Layer):
    """``batch_norm`` as a layer, which remembers statistics for the time after training.

    Parameters
    ----------
    num_features : channels, int >= 1
    eps : >= 0
    momentum : weight of the new batch in the running statistics, in [0, 1]; None: all batches
        count alike
    affine : whether there are γ ``weight`` and β ``bias``, which start as 1 and 0
    runs, dtype : as in ``Linear``

    Attributes
    ----------
    running_mean, running_var : (c,) or (runs, c), which start as 0 and 1

    Notes
    -----
    In training the batch's own statistics are used and the running ones are updated; else the
    running ones are used. The batch is normalized with its biased variance, the running variance is
    updated with the unbiased one, both as in PyTorch.

    Examples
    --------
    >>> layer = BatchNorm(1, momentum=0.5)
    >>> layer.forward(np.array([[1.0], [3.0]]), training=True).round(4)
    array([[-1.],
           [ 1.]])
    >>> layer.running_mean, layer.running_var
    (array([1.]), array([1.5]))
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        c = checks.integer("num_features", num_features, 1)
        self.eps = checks.scalar("eps", eps)
        self.momentum = checks.momentum(momentum)
        self.fill({"weight": ones(c), "bias": zeros(c)} if affine else {}, runs, dtype)
        lead, kind = () if runs is None else (runs,), checks.float_kind("dtype", dtype)
        self.buffers["running_mean"] = np.zeros((*lead, c), kind)
        self.buffers["running_var"] = np.ones((*lead, c), kind)
        self.buffers["num_batches_tracked"] = np.zeros(lead, np.int64)
        self.training = False

    @property
    def running_mean(self) -> Array:
        return self.buffers["running_mean"]

    @property
    def running_var(self) -> Array:
        return self.buffers["running_var"]

    def forward(self, x: Array, training: bool = False) -> Array:
        self.training = training
        return super().forward(x, training)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        inputs.channels(x, self.running_mean.shape[-1], self.runs, np.ndarray)
        given = self.params.get("weight"), self.params.get("bias"), self.eps
        if self.training:
            count = inputs.values_a_channel(x)
            y, cache = batch_norm(x, *given)
            *_, (mean, var) = cache
            self.remember(mean, var, count)
        else:
            y, cache = batch_norm_inference(x, self.running_mean, self.running_var, *given)
        whole = (self.runs, *y.shape[-2 if x.ndim < 4 else -4 :])
        if self.runs and y.shape != whole:  # what has no runs comes out alike in all of them
            y = np.broadcast_to(y, whole).copy()
        return y.astype(np.result_type(x, self.running_mean), copy=False), (self.training, cache)

    def remember(self, mean: Array, var: Array, count: int) -> None:
        """Update the running statistics with those of a batch of ``count`` values a channel."""
        seen = self.buffers["num_batches_tracked"]
        seen += 1
        weight = 1 / seen[..., None] if self.momentum is None else self.momentum
        for running, value in ((self.running_mean, mean), (self.running_var, unbiased(var, count))):
            running[...] = update_running(running, value, weight)

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        training, kept = cache
        found = (batch_norm_backward if training else batch_norm_inference_backward)(dy, kept)
        return found if self.params else found[0].astype(self.dtypes[0], copy=False)
