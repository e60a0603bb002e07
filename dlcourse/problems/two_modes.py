"""One network, two functions: asked in training mode or in use, and with statistics made anew."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers import Conv2d, Flatten, Linear, ReLU
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import (
    BatchNorm,
    batch_statistics,
    unbiased,
)


def twin(model: Any) -> Any:
    """The same network with running statistics of its own: what is done to it leaves no trace."""
    other = copy.copy(model)
    other.bind(model.theta, model.grad, {name: a.copy() for name, a in model.buffers.items()})
    return other


def in_batches(model: Any, x: Array, size: int, order: Array | None = None) -> Array:
    """Outputs in *training* mode, in the order of x, the images cut into batches of ``size``.

    Training mode also writes the running statistics; those of ``model`` stay as they are.

    Parameters
    ----------
    model : Sequential
    x : (n, d), n a multiple of ``size``
    order : a permutation of n, in which the images are cut into batches; None: as they come

    Examples
    --------
    In batches of two a normalized unit says no more than which of the two is larger:

    >>> net = Sequential(BatchNorm(1, eps=0.0))
    >>> x = np.array([[1.0], [2.0], [100.0], [-7.0]])
    >>> in_batches(net, x, 2).ravel(), in_batches(net, x, 2, np.array([1, 2, 0, 3])).ravel()
    (array([-1.,  1.,  1., -1.]), array([ 1., -1.,  1., -1.]))
    >>> net.layers[0].running_mean
    array([0.])
    """
    if checks.integer("size", size, 1) and len(x) % size:
        checks.fail("size", f"a divisor of the {len(x)} samples", size)
    other = twin(model)
    places = (np.arange(len(x)) if order is None else order).reshape(-1, size)
    found = np.concatenate([other.forward(x[batch], True) for batch in places], axis=-2)
    return np.asarray(found[..., np.argsort(places.ravel()), :])


def recomputed(model: Any, x: Array) -> Any:
    """The network with the statistics of x in place of its running ones, layer by layer.

    Every layer sees x as the layers before it, already mended, pass it on.

    Examples
    --------
    >>> net = Sequential(BatchNorm(1))
    >>> mended = recomputed(net, np.array([[1.0], [3.0]]))
    >>> mended.layers[0].running_mean, mended.layers[0].running_var, net.layers[0].running_mean
    (array([2.]), array([2.]), array([0.]))
    """
    mended = twin(model)
    for layer in mended.layers:
        if isinstance(layer, BatchNorm):
            mean, var = batch_statistics(x)
            layer.running_mean[...] = mean
            layer.running_var[...] = unbiased(var, x[..., 0].size // mean[..., 0].size)
        x = layer.forward(x, False)
    return mended


def accuracy(outputs: Array, y: Array) -> Array:
    """The share of right answers of outputs (…, n, classes), one number a run."""
    return np.asarray((outputs.argmax(axis=-1) == y).mean(axis=-1))


def rise(model: Any, loss: Any, data: Any, rng: np.random.Generator, share: float = 0.3) -> Array:
    """How far the training loss rises when every weight matrix is moved, one number a run.

    Each matrix is moved in a random direction by ``share`` of its own length, so that a network
    whose loss does not depend on the length of its weights looks neither sharp nor flat by it.
    The mean of four directions; networks with batch statistics use those of all of ``data``.
    """
    x, y = data
    moved = twin(model)
    moved.theta, before = moved.theta.copy(), loss.forward(moved.forward(x, True), y)
    found = []
    for _ in range(4):
        moved.bind(model.theta.copy(), model.grad)
        for p in moved.params.values():
            if p.ndim == 3:  # (runs, out, in)
                step = rng.normal(size=p.shape)
                length = np.sqrt((p**2).sum((1, 2)) / (step**2).sum((1, 2)))
                p += (share * length[:, None, None] * step).astype(p.dtype)
        found.append(loss.forward(moved.forward(x, True), y) - before)
    return np.mean(found, axis=0)


def convolutional(
    rng: Generators, runs: int | None = None, dtype: npt.DTypeLike = np.float32
) -> Sequential:
    """Two small convolutions with batch normalization, for images (n, 1, 8, 8) of ten classes."""
    kept: Mapping[str, Any] = {"runs": runs, "dtype": dtype}
    rngs = run_generators(rng, runs)
    first = Conv2d(1, 4, 3, padding=1, rng=rngs, **kept)
    second = Conv2d(4, 8, 3, stride=2, padding=1, rng=rngs, **kept)
    last = Linear(8 * 4 * 4, 10, rng=rngs, **kept)
    return Sequential(
        first, BatchNorm(4, **kept), ReLU(), second, BatchNorm(8, **kept), ReLU(),
        Flatten(-3), last,
    )  # fmt: skip
