"""A small convolutional network for the digits, whose channels are normalized in one of five ways.

Unless asked for nothing is added before a normalization: what it forgets of its input, the network
never hears of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers import Conv2d, Flatten, Linear, ReLU
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm, GroupNorm, InstanceNorm

CHANNELS, GROUPS, PLACES, PART = 8, 2, 16, 100
"""Of both convolutions; of "group"; what is left of 8 x 8 pixels; images looked at at a time."""
NORMS = ("none", "batch", "layer", "group", "instance", "place")


class Places(Sequential):
    """Layers that see every place of every channel as a feature, (..., n, c h w).

    So ``BatchNorm`` has a mean and a variance for each place, over the samples alone.

    Examples
    --------
    >>> layer = Places(BatchNorm(4, eps=0.0, affine=False))
    >>> images = np.arange(8.0).reshape(2, 1, 2, 2) ** 2
    >>> layer.forward(images, training=True).ravel()
    array([-1., -1., -1., -1.,  1.,  1.,  1.,  1.])
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        inputs.batch(x, ("n", "c", "h", "w"), None, np.ndarray)
        self.image = x.shape[-3:]
        y = super().forward(x.reshape(*x.shape[:-3], -1), training)
        return y.reshape(*y.shape[:-1], *self.image)

    def backward(self, dy: Array, input_grad: bool = True) -> Any:
        dx = super().backward(dy.reshape(*dy.shape[:-3], -1), input_grad)
        return dx if dx is None else dx.reshape(*dx.shape[:-1], *self.image)


class InParts(Sequential):
    """A ``Sequential`` that, once trained, looks at a hundred images at a time: far sooner done."""

    def forward(self, x: Array, training: bool = False) -> Array:
        if training or x.shape[-4] <= PART:
            return super().forward(x, training)
        starts = range(0, x.shape[-4], PART)
        parts = [super(InParts, self).forward(x[..., i : i + PART, :, :, :]) for i in starts]
        return np.concatenate(parts, axis=-2)


def normed_cnn(
    rng: Generators,
    runs: int | None = None,
    *,
    norm: str = "batch",
    bias: bool = False,
    dtype: npt.DTypeLike = np.float32,
) -> Sequential:
    """Two convolutions of eight channels, 4 x 4 places each, and a linear layer.

    Parameters
    ----------
    rng, runs, dtype : as in ``MLP``; the same weights are drawn for every ``norm`` but "none"
    norm : "batch", "layer" (all channels and places of an image together), "group" (two groups of
        channels), "instance", "place" (like batch, but every place for itself), or "none", which
        has biases instead. Each has a γ and a β a channel, "place" one a place
    bias : whether the convolutions add one a channel before it is normalized, PyTorch's default

    Examples
    --------
    >>> net = normed_cnn(np.random.default_rng(0), norm="layer", dtype=np.float64)
    >>> [type(layer).__name__ for layer in net.layers[:3]]
    ['Conv2d', 'GroupNorm', 'ReLU']
    >>> image = np.random.default_rng(1).random((1, 1, 8, 8))
    >>> bool(np.allclose(net.forward(image), net.forward(100 * image), atol=1e-2))
    True
    """
    checks.choice("norm", norm, NORMS)
    rngs, layers = run_generators(rng, runs), list[Any]()
    made = dict[str, Any](runs=runs, dtype=dtype)
    for into, stride in ((1, 2), (CHANNELS, 1)):
        layers += [Conv2d(into, CHANNELS, 3, stride, 1, bias or norm == "none", rng=rngs, **made)]
        layers += [*_norm(norm, made), ReLU()]
    return InParts(*layers, Flatten(-3), Linear(CHANNELS * PLACES, 10, rng=rngs, **made))


def _norm(norm: str, made: Any) -> list[Any]:
    """The normalization after one convolution, if there is one."""
    if norm == "batch":
        return [BatchNorm(CHANNELS, **made)]
    if norm == "place":
        return [Places(BatchNorm(CHANNELS * PLACES, **made))]
    if norm == "instance":
        return [InstanceNorm(CHANNELS, affine=True, **made)]
    groups = {"layer": 1, "group": GROUPS}
    return [GroupNorm(groups[norm], CHANNELS, **made)] if norm in groups else []


def wrong(
    model: Any, x: Array, y: Array, training: bool = False, among: slice = slice(None)
) -> Array:
    """The share of the images ``among`` these that each run reads wrongly, (runs,).

    ``training`` is the mode in which the model sees them, a hundred at a time.
    """
    parts = [x[i : i + PART].astype(model.theta.dtype) for i in range(0, len(x), PART)]
    shared = [np.broadcast_to(part, (model.runs, *part.shape)) for part in parts]
    out = np.concatenate([model.forward(part, training) for part in shared], axis=-2)
    return np.asarray((out.argmax(axis=-1) != y)[:, among].mean(axis=-1))


def rates_of(found: Any, *methods: str) -> dict[str, list[float]]:
    """The rate at which each method was run in the end, as ``sweep`` takes it, to run it again.

    Parameters
    ----------
    found : what ``tuned_then_fresh`` gives
    """
    lr = found.axes["lr"]  # where all have the same rate it is said once
    return {name: list(lr[name] if isinstance(lr, Mapping) else lr) for name in methods}


def by_light(epoch: Any, x: Array, y: Array, light: float = 0.2) -> dict[str, Array]:
    """The shares of test images misread by day, and with every pixel times ``light``.

    Parameters
    ----------
    epoch : what ``sweep`` hands to its ``measure``
    x, y : the test images and their labels

    Returns
    -------
    ``test_day_error`` and ``test_dim_error``, as the model is in use; ``test_own_error``, all dim
    and in training mode, where batch normalization takes the statistics of these images; and
    ``test_mixed_error``, of the dim ones if every second image is, in that mode (without running
    statistics these two are ``test_dim_error``)
    """
    dim = (light * x).astype(x.dtype)
    mixed, second = x.copy(), slice(None, None, 2)
    mixed[second] = dim[second]
    day, dark = wrong(epoch.model, x, y), wrong(epoch.model, dim, y)
    own, among = dark, dark
    if epoch.model.buffers:  # else the mode makes no difference, nor do the other images
        own = wrong(epoch.model, dim, y, training=True)
        among = wrong(epoch.model, mixed, y, training=True, among=second)
    named = {"day": day, "dim": dark, "own": own, "mixed": among}
    return {f"test_{name}_error": share for name, share in named.items()}
