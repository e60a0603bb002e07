"""Losses: the mean over a batch, one number a run; a pure pair each, and a class that remembers.

Predictions are ``(..., n, k)``; leading axes are runs. Losses return ``(...)``: one value a run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, indicators

Cache = Any


def mse(y: Array, target: Array) -> tuple[Array, Cache]:
    r"""Mean squared error, :math:`\frac{1}{nk}\sum (y - t)^2`, over samples and outputs."""
    residual = y - target
    return np.square(residual).mean((-2, -1)), residual


def mse_backward(dvalue: npt.ArrayLike, cache: Cache) -> Array:
    r""":math:`dy = \frac{2}{nk}(y - t)`, times the cotangent of each run's loss."""
    n, k = cache.shape[-2:]
    return np.asarray(dvalue, cache.dtype)[..., None, None] * (2 / (n * k)) * cache


def softmax_cross_entropy(logits: Array, target: Array) -> tuple[Array, Cache]:
    r"""Cross-entropy, :math:`-\frac1n \sum_i \sum_k t_{ik} \log \mathrm{softmax}(z_i)_k`.

    ``target`` holds class indices ``(..., n)`` or probabilities ``(..., n, k)`` (soft targets).
    """
    z = logits.swapaxes(-1, -2).copy()  # classes first: NumPy sums a few long rows faster
    z -= z.max(-2, keepdims=True)
    p = np.exp(z)
    total = p.sum(-2, keepdims=True)
    p /= total
    if target.dtype.kind in "iu":
        residual = p - indicators(target, logits.shape[-1], p.dtype)
        z, _ = np.broadcast_arrays(z, residual)  # either side may share its runs
        labels = np.broadcast_to(target, residual[..., 0, :].shape)[..., None, :]
        told = np.take_along_axis(z, labels, -2) - np.log(total)
    else:
        t = np.array(target.swapaxes(-1, -2), p.dtype, order="C")
        residual, told = p * t.sum(-2, keepdims=True) - t, t * (z - np.log(total))
    return -told.sum((-2, -1)) / p.shape[-1], residual


def softmax_cross_entropy_backward(dvalue: npt.ArrayLike, cache: Cache) -> Array:
    r""":math:`dz = \frac1n (p \sum_k t_k - t)`, times the cotangent of each run's loss."""
    scale = np.asarray(dvalue, cache.dtype)[..., None, None] / cache.shape[-1]
    return (scale * cache).swapaxes(-1, -2)


def accuracy(logits: Array, labels: Array) -> Array:
    """Share of samples whose largest logit is at the label, one number a run."""
    return (logits.argmax(-1) == labels).mean(-1)


class Loss:
    """Memory around a pair: ``forward(y, target)`` keeps what ``backward()`` needs."""

    def __init__(self) -> None:
        self.cache: Cache = None

    def forward(self, y: Array, target: Array) -> Array:
        """The loss of each run, ``(...)``."""
        raise TypeError(f"forward must be written by the subclass {type(self).__name__}.")

    def backward(self) -> Array:
        """The gradient of each run's loss with respect to its predictions."""
        raise TypeError(f"backward must be written by the subclass {type(self).__name__}.")

    def kept(self) -> Cache:
        """What the latest ``forward`` kept; RuntimeError if there was none."""
        if self.cache is None:
            checks.fail("backward", "called after forward", type(self).__name__, "", RuntimeError)
        return self.cache


class MSE(Loss):
    """``mse`` with memory; y and target alike in their last two axes."""

    def forward(self, y: Array, target: Array) -> Array:
        inputs.batch(y, ("n", "k"), None, np.ndarray, name="y")
        inputs.outputs(y, target := inputs.target(np.asarray, target))
        value, self.cache = mse(y, target.astype(y.dtype, copy=False))  # float32 stays float32
        return value

    def backward(self) -> Array:
        return mse_backward(1.0, self.kept())


class SoftmaxCrossEntropy(Loss):
    """``softmax_cross_entropy`` with memory; labels (..., n) or soft targets (..., n, k)."""

    def forward(self, y: Array, target: Array) -> Array:
        inputs.batch(y, ("n", "k"), None, np.ndarray, name="y")
        inputs.classes(y, target := inputs.target(np.asarray, target))
        value, self.cache = softmax_cross_entropy(y, target)
        return value

    def backward(self) -> Array:
        return softmax_cross_entropy_backward(1.0, self.kept())


class SequenceCrossEntropy(SoftmaxCrossEntropy):
    """The mean over all places of all sequences: y (..., n, t, k) and labels (..., n, t).

    ``SoftmaxCrossEntropy`` would take each sequence for a run: the axes do not say what they are.

    Examples
    --------
    >>> y, labels = np.zeros((2, 3, 5)), np.zeros((2, 3), int)
    >>> [loss().forward(y, labels).shape for loss in (SoftmaxCrossEntropy, SequenceCrossEntropy)]
    [(2,), ()]
    """

    def forward(self, y: Array, target: Array) -> Array:
        inputs.batch(y, ("n", "t", "k"), None, np.ndarray, name="y")
        inputs.classes(y, target := inputs.target(np.asarray, target), sequences=True)
        *lead, n, t, k = y.shape
        value = super().forward(y.reshape(*lead, n * t, k), target.reshape(*target.shape[:-2], -1))
        self.places = n, t, k  # not before the labels have been accepted
        return value

    def backward(self) -> Array:
        dy = super().backward()
        return dy.reshape(*dy.shape[:-2], *self.places)
