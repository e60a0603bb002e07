"""One network, two functions: asked in training mode or in use, and with statistics made anew."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
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
    update_running,
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
    normed = [isinstance(layer, BatchNorm) for layer in model.layers]
    after = max((i + 1 for i, is_one in enumerate(normed) if is_one), default=0)
    for layer in mended.layers[:after]:  # what comes later has nothing to mend
        if isinstance(layer, BatchNorm):
            mean, var = batch_statistics(x)
            layer.running_mean[...] = mean
            layer.running_var[...] = unbiased(var, x[..., 0].size // mean[..., 0].size)
        x = layer.forward(x, False)
    return mended


def right_anew(model: Any, seen: Any, asked: Any) -> Array:
    """The share of right answers on ``asked`` by the statistics of ``seen``, both pairs (x, y)."""
    return accuracy(recomputed(model, seen[0]).forward(asked[0], False), asked[1])


def accuracy(outputs: Array, y: Array) -> Array:
    """The share of right answers of outputs (…, n, classes), one number a run."""
    return np.asarray((outputs.argmax(axis=-1) == y).mean(axis=-1))


def rise(model: Any, loss: Any, data: Any, rng: np.random.Generator, share: float = 0.3) -> Array:
    """How far the training loss rises when every weight matrix is moved, one number a run.

    Each matrix is moved in a random direction by ``share`` of its own length, so that a network
    whose loss does not depend on the length of its weights looks neither sharp nor flat by it.
    The mean of two directions; networks with batch statistics use those of all of ``data``.
    """
    x, y = data
    moved = twin(model)
    moved.theta, before = moved.theta.copy(), loss.forward(moved.forward(x, True), y)
    found = []
    for _ in range(2):
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


def remember(log: Sequence[Mapping[str, Array]], momentum: float | None) -> dict[str, Array]:
    """Running statistics after the batches of ``log``, for any momentum.

    A ``BatchNorm`` of momentum 1 keeps its last batch and nothing else, so that its buffers, copied
    after each step, are such a log. Training does not hang on running statistics: one log serves
    for all momenta.

    Parameters
    ----------
    log : one {name: array} a step; of each, what is called running is averaged
    momentum : weight of the new batch; None: all alike

    Examples
    --------
    >>> log = [{"0.running_mean": np.array(4.0)}, {"0.running_mean": np.array(8.0)}]
    >>> remember(log, 0.5), remember(log, None)
    ({'0.running_mean': array(5.)}, {'0.running_mean': array(6.)})
    """
    names = [name for name in log[0] if "running_" in name]
    found = {n: np.full_like(log[0][n], 1.0 if n.endswith("var") else 0.0) for n in names}
    for t, batch in enumerate(log, start=1):
        weight = 1 / t if momentum is None else momentum
        found = {n: np.asarray(update_running(found[n], batch[n], weight)) for n in names}
    return found


def with_state(model: Any, state: Mapping[str, Array]) -> Any:
    """The same network with these running statistics."""
    other = twin(model)
    for name, value in state.items():
        other.buffers[name][...] = value
    return other


def folded(model: Any) -> Sequential:
    r"""The network in use without its normalization: each ``BatchNorm`` goes into the layer before.

    .. math:: W' = \mathrm{diag}(\gamma / \sigma)\, W, \qquad
              b' = \beta + (b - \mu)\, \gamma / \sigma

    Parameters
    ----------
    model : Sequential of one run in which every ``BatchNorm`` comes right after a ``Linear``

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> net = Sequential(Linear(2, 3, rng=rng), BatchNorm(3), ReLU())
    >>> [type(layer).__name__ for layer in folded(net).layers]
    ['Linear', 'ReLU']
    """
    layers: list[Any] = []
    for layer in copy.deepcopy(model).layers:
        if not isinstance(layer, BatchNorm):
            layers.append(layer)
            continue
        if not (layers and isinstance(layers[-1], Linear)):
            fix = "After an activation it goes into the layer that follows."
            wanted = "a BatchNorm right after a Linear"
            checks.fail("model", wanted, type(layer).__name__, fix)
        w, b = layers[-1].params["weight"], layers[-1].params["bias"]
        gamma, beta = layer.params["weight"], layer.params["bias"]
        gain = gamma / np.sqrt(layer.running_var + layer.eps)
        w *= gain[..., None]
        b[...] = beta + gain * (b - layer.running_mean)
    return Sequential(*layers)


def mode_losses(
    model: Any, loss: Any, val: Any, train: Any, order: Array, size: int
) -> dict[str, Array]:
    """What the validation loss in use does not tell, as ``sweep`` takes it from its ``measure``.

    Parameters
    ----------
    order, size : how the validation images are cut into batches

    Returns
    -------
    ``val_batches_loss``, of validation images by the statistics of their own batches, and
    ``train_use_loss``, of the training images in use: each (runs,)
    """
    by_batches = in_batches(model, val[0], size, order)
    in_use = model.forward(train[0], False)
    return {
        "val_batches_loss": loss.forward(by_batches, val[1]),
        "train_use_loss": loss.forward(in_use, train[1]),
    }
