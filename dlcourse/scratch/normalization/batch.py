"""Batch normalization: the statistics are those of a channel, over the samples of a batch."""

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
    channels,
    moments,
    spread,
    standardize_backward,
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
    axes = batch_axes(x)
    xhat, mu, var = moments(x, axes)
    inv_std = 1 / np.sqrt(var + var.dtype.type(eps))
    xhat *= inv_std
    seen = channels(mu, axes), channels(var, axes)
    return affine(xhat, weight, bias, axes), ((xhat, inv_std, axes), weight, bias, seen)


def batch_norm_backward(dy: Array, cache: Cache) -> tuple[Array, Any, Any]:
    """Back through γ and β, then through the statistics, which depend on every sample."""
    standard, weight, bias, _ = cache
    xhat, _, axes = standard
    dxhat, dweight, dbias = affine_backward(dy, xhat, weight, bias, axes)
    return standardize_backward(dxhat, standard), dweight, dbias


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
    inv_std = spread(1 / np.sqrt(var + var.dtype.type(eps)), axes)
    xhat = (x - spread(mean, axes)) * inv_std
    return affine(xhat, weight, bias, axes), (xhat, inv_std, weight, bias, axes)


def batch_norm_inference_backward(dy: Array, cache: Cache) -> tuple[Array, Any, Any]:
    """dx = γ dy / √(σ² + ε): the statistics are constants."""
    xhat, inv_std, weight, bias, axes = cache
    dxhat, dweight, dbias = affine_backward(dy, xhat, weight, bias, axes)
    return dxhat * inv_std, dweight, dbias


def batch_statistics(x: Array) -> tuple[Array, Array]:
    """Mean and biased variance of each channel, (c,) or (runs, c).

    >>> batch_statistics(np.array([[1.0], [3.0]]))
    (array([2.]), array([1.]))
    """
    axes = batch_axes(x)
    _, mu, var = moments(x, axes)
    return channels(mu, axes), channels(var, axes)


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
    momentum : weight of the new batch in the running statistics, a number in [0, 1] or an array
        (runs, 1); None: all batches count alike
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
        momentum: Any = 0.1,
        affine: bool = True,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        c = checks.integer("num_features", num_features, 1)
        self.eps = checks.scalar("eps", eps)
        self.momentum = checks.momentum(momentum, runs)
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
        if not self.training:
            y, cache = batch_norm_inference(x, self.running_mean, self.running_var, *given)
            return y, (batch_norm_inference_backward, cache)
        count = int(np.prod([x.shape[axis] for axis in batch_axes(x)]))
        inputs.values_a_channel(x, count)
        y, cache = batch_norm(x, *given)
        mean, var = cache[-1]
        self.remember(mean, var, count)
        if self.runs and y.ndim % 2 == 0:  # of inputs and parameters without runs: alike in all
            y = np.broadcast_to(y, (self.runs, *y.shape))
        return y, (batch_norm_backward, cache)

    def remember(self, mean: Array, var: Array, count: int) -> None:
        """Update the running statistics with those of a batch of ``count`` values a channel."""
        seen = self.buffers["num_batches_tracked"]
        seen += 1
        weight = 1 / seen[..., None] if self.momentum is None else self.momentum
        for running, value in ((self.running_mean, mean), (self.running_var, unbiased(var, count))):
            running[...] = update_running(running, value, weight)

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        backward, kept = cache
        found = backward(dy, kept)
        return found if self.params else found[0]
