"""Batch normalization with one thing about its statistics changed: the controls of its lesson."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache
from dlcourse.scratch.normalization import (
    BatchNorm,
    batch_norm_inference,
    batch_statistics,
)


class HeldNorm(BatchNorm):
    """The statistics are those of the first batch and stay: preprocessing, once, in every layer.

    Examples
    --------
    >>> layer = HeldNorm(1, eps=0.0)
    >>> x = np.array([[1.0], [3.0]])
    >>> layer.forward(x, training=True)[:, 0], layer.forward(x + 10, training=True)[:, 0]
    (array([-1.,  1.]), array([ 9., 11.]))
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        first = training and not self.buffers["num_batches_tracked"].any()
        return super().forward(x, first)

    def remember(self, mean: Array, var: Array, count: int) -> None:
        """Keep the batch's statistics as they are, the variance biased as it was used."""
        self.buffers["num_batches_tracked"] += 1
        self.running_mean[...], self.running_var[...] = mean, var


class BlindNorm(BatchNorm):
    """The batch's statistics on the way forward; on the way back they are taken as constants.

    Examples
    --------
    What shifts the whole batch changes nothing, and this gradient does not know it:

    >>> x, same = np.array([[1.0], [3.0]]), np.ones((2, 1))
    >>> for layer in (BatchNorm(1, eps=0.0), BlindNorm(1, eps=0.0)):
    ...     _ = layer.forward(x, training=True)
    ...     print(layer.backward(same)[:, 0])
    [0. 0.]
    [1. 1.]
    """

    def pair(self, x: Array) -> tuple[Array, Cache]:
        y, kept = super().pair(x)
        if self.training:
            mean, var = (a.astype(x.dtype) for a in batch_statistics(x))
            given = self.params.get("weight"), self.params.get("bias"), self.eps
            kept = False, batch_norm_inference(x, mean, var, *given)[1]  # as out of training
        return y, kept


def size_of(model: Any, kind: str) -> Array:
    """The norm of all hidden layers' parameters of a kind, "weight" or "bias", one number a run.

    Of the linear layers; γ and β, which belong to a norm, are not counted, nor the last layer.

    >>> from dlcourse.problems.normalized import normed_mlp
    >>> net = normed_mlp([2, 3, 1], np.random.default_rng(0), runs=1)
    >>> net.params["0.weight"][...] = 2.0
    >>> size_of(net, "weight").round(3)
    array([4.899])
    """
    linear = [i for i, layer in enumerate(model.layers) if type(layer).__name__ == "Linear"]
    found = [model.params[f"{i}.{kind}"] for i in linear[:-1]]
    return np.sqrt(sum((p.reshape(len(p), -1) ** 2).sum(axis=1) for p in found))


def skewness(x: Array) -> Array:
    """The mean cube of the standardized values along axis -2: 0 for what is symmetric.

    >>> skewness(np.array([[-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [1.0, 3.0]])).round(3)
    array([0.   , 1.155])
    """
    centred = x - x.mean(axis=-2, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-2, keepdims=True))
    return np.asarray(((centred / np.where(spread > 0, spread, 1)) ** 3).mean(axis=-2))


def scale_of(model: Any) -> Array:
    """The median size of all γ of the model's norms, one number a run; 1 where there is none.

    >>> from dlcourse.problems.normalized import normed_mlp
    >>> scale_of(normed_mlp([2, 3, 1], np.random.default_rng(0), runs=2))
    array([1., 1.])
    """
    norms = [layer.params for layer in model.layers if isinstance(layer, BatchNorm)]
    scales = [params["weight"] for params in norms if params] or [np.ones((model.runs, 1))]
    return np.median(np.abs(np.concatenate(scales, axis=1)), axis=1)


def signals(model: Any, x: Array) -> list[Array]:
    """What each layer of the model gives for x, a single batch, in training.

    >>> from dlcourse.problems.normalized import normed_mlp
    >>> [y.shape for y in signals(normed_mlp([2, 3, 1], np.random.default_rng(0)), np.eye(2))]
    [(2, 3), (2, 3), (2, 3), (2, 1)]
    """
    found = []
    for layer in model.layers:
        found.append(x := layer.forward(x, training=True))
    return found
