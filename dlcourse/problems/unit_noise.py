"""Noise at the units of a network: dropout, batch statistics of small groups, and few images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.problems.deep import Whole
from dlcourse.problems.moving_inputs import unit_digits
from dlcourse.problems.normalized import normed_mlp
from dlcourse.scratch.layers import Layer, ReLU
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.normalization import BatchNorm, batch_norm, batch_norm_backward
from dlcourse.scratch.optimizers import SGD


class Silence(Layer):
    """In training every unit is 0 with probability p, and otherwise 1/(1 - p) times what it was.

    That is dropout, as barely as this page needs it: a mask for each run, unit and sample, drawn
    anew at each step.

    Parameters
    ----------
    p : in [0, 1); an array goes with the runs axis as (runs, 1, 1)
    rng : one generator, which draws for all runs

    Examples
    --------
    >>> layer, x = Silence(0.5, np.random.default_rng(0)), np.ones((1, 6))
    >>> layer.forward(x, training=True), layer.forward(x)
    (array([[2., 2., 2., 0., 0., 0.]]), array([[1., 1., 1., 1., 1., 1.]]))
    """

    def __init__(self, p: Any, rng: np.random.Generator) -> None:
        super().__init__()
        self.p, self.rng = checks.number("p", p, 0, 1, high_open=True), rng
        self.training = False

    def forward(self, x: Array, training: bool = False) -> Array:
        self.training = training
        return super().forward(x, training)

    def pair(self, x: Array) -> tuple[Array, Any]:
        if not self.training:
            return x, 1.0
        mask = ((self.rng.random(x.shape, np.float32) >= self.p) / (1 - self.p)).astype(x.dtype)
        return x * mask, mask

    def pair_backward(self, dy: Array, cache: Any) -> Array:
        return np.asarray(dy * cache)


class GroupedBatchNorm(BatchNorm):
    """Batch normalization that takes its statistics from groups of the batch, not from all of it.

    The gradient is still that of the whole batch: of what a small batch brings, only the noise of
    its statistics is here. Afterwards ``settle`` sets the running values, which training leaves.

    Parameters
    ----------
    num_features, runs, dtype : as in ``BatchNorm``
    group : samples a group; divides the batch

    Examples
    --------
    >>> layer = GroupedBatchNorm(1, 2, runs=1)
    >>> x = np.array([[[1.0], [3.0], [10.0], [30.0]]])
    >>> layer.forward(x, training=True).ravel().round(2)
    array([-1.,  1., -1.,  1.])
    """

    def __init__(self, num_features: int, group: int, **settings: Any) -> None:
        super().__init__(num_features, **settings)
        self.group = checks.integer("group", group, 2)

    def pair(self, x: Array) -> tuple[Array, Any]:
        if not self.training:
            return super().pair(x)
        if x.shape[-2] % self.group:
            checks.fail("group", f"a divisor of the batch, {x.shape[-2]}", self.group)
        parts = x.reshape(-1, self.group, x.shape[-1])
        groups = x.shape[-2] // self.group
        weight, bias = (np.repeat(p, groups, axis=0) for p in self.params.values())
        y, cache = batch_norm(parts, weight, bias, self.eps)
        return y.reshape(x.shape).astype(x.dtype, copy=False), (True, cache)

    def pair_backward(self, dy: Array, cache: Any, input_grad: bool = True) -> Any:
        training, kept = cache
        if not training:
            return super().pair_backward(dy, cache, input_grad)
        runs, n, d = dy.shape
        dx, *grads = batch_norm_backward(dy.reshape(-1, self.group, d), kept)
        dweight, dbias = (g.reshape(runs, n // self.group, d).sum(axis=1) for g in grads)
        return dx.reshape(dy.shape), dweight, dbias


def settle(net: Any, x: Array, training: bool = False) -> None:
    """Set every batch normalization's running values to the statistics of all of ``x``.

    With ``training`` all other layers are as they are in training, dropout on: the statistics
    that training would have remembered, without the noise of its batches.
    """
    for layer in net.layers:
        if isinstance(layer, BatchNorm):
            layer.running_mean[...] = x.mean(axis=-2)
            layer.running_var[...] = x.var(axis=-2)
            x = layer.forward(x, False)
        else:
            x = layer.forward(x, training)


def few_images(seeds: Sequence[int], images: int = 48) -> tuple[Array, Array]:
    """Training images of each seed's own, (seeds, images, 64), and their classes.

    >>> few_images([0, 1], 5)[0].shape
    (2, 5, 64)
    """
    x, y = unit_digits(np.float32)[0]
    rows = np.array([np.random.default_rng((31, s)).permutation(len(x))[:images] for s in seeds])
    return x[rows], y[rows]


def noisy_mlp(
    rng: Any,
    runs: int,
    group: int | None = None,
    p: Any = 0.0,
    last: bool = False,
    sizes: Sequence[int] = (64, 16, 16, 10),
) -> Whole:
    """A ReLU network with grouped batch normalization before its ReLUs and dropout after them.

    Parameters
    ----------
    group : of ``GroupedBatchNorm``; None: no normalization
    p : of ``Silence``; 0 adds no such layer
    last : whether there is dropout only after the last hidden layer, where no normalization follows

    Examples
    --------
    >>> net = noisy_mlp([np.random.default_rng(0)], 1, group=8, p=0.3, sizes=[2, 3, 1])
    >>> [type(layer).__name__ for layer in net.layers]
    ['Linear', 'GroupedBatchNorm', 'ReLU', 'Silence', 'Linear']
    """

    def make(width: int, **settings: Any) -> Layer:
        return GroupedBatchNorm(width, checks.integer("group", group, 2), **settings)

    norm: Any = "none" if group is None else make
    net = normed_mlp(sizes, rng, norm, runs=runs, dtype=np.float32)
    layers: list[Layer] = []
    for place, layer in enumerate(net.layers):
        layers.append(layer)
        if np.any(p) and isinstance(layer, ReLU) and (place == len(net.layers) - 2 or not last):
            layers.append(Silence(p, np.random.default_rng((8, place))))
    return Whole(*layers)


def learn_few(
    seeds: Sequence[int],
    lr: float,
    steps: int = 50,
    images: int = 48,
    **settings: Any,
) -> tuple[Whole, tuple[Array, Array]]:
    """Networks that have learned few images each, with the whole gradient, and these images.

    The images are put into new groups at every step. Running values are settled, dropout off. A run
    that has diverged is nan from then on.

    Parameters
    ----------
    seeds : one network a seed, with images, weights and noise of its own
    lr : of gradient descent
    settings : of ``noisy_mlp``
    """
    x, y = few_images(seeds, images)
    rngs = [np.random.default_rng((32, seed)) for seed in seeds]
    net = noisy_mlp(rngs, len(seeds), **settings)
    optimizer, loss = SGD(net.theta, lr=lr), SoftmaxCrossEntropy()
    which = np.arange(len(seeds))[:, None]
    for _ in range(steps):
        rows = np.array([rng.permutation(images) for rng in rngs])
        with np.errstate(all="ignore"):
            loss.forward(net.forward(x[which, rows], True), y[which, rows])
            net.backward(loss.backward(), input_grad=False)
            lost = ~np.isfinite(net.grad).all(axis=-1)
        net.grad[lost] = 0  # where a run has diverged it stays nan
        optimizer.step(net.grad)
        net.theta[lost] = np.nan
    settle(net, x)
    return net, (x, y)


class Tried(NamedTuple):
    """Networks at several rates: losses and accuracies (rates, seeds), and the rate that won.

    ``best`` is the place of the rate whose validation loss, the mean over the seeds, is smallest.
    """

    rates: Sequence[float]
    train: Array
    validation: Array
    test: Array
    accuracy: Array

    @property
    def best(self) -> int:
        mean = self.validation.mean(axis=-1)
        return int(np.where(np.isnan(mean), np.inf, mean).argmin())

    @property
    def gap(self) -> Array:
        return self.test - self.train


def try_few(
    seeds: Sequence[int], rates: Sequence[float], passes: Sequence[bool] = (False,), **settings: Any
) -> list[Tried]:
    """``learn_few`` at each of the rates, judged on its own, on validation and on test images.

    Parameters
    ----------
    passes : how running values are settled, one result for each: from a pass without dropout,
        False, or from one with it, True, as training would remember them
    settings : of ``learn_few``
    """
    _, val, test = unit_digits(np.float32)
    rows: list[list[Any]] = [[] for _ in passes]
    for rate in rates:
        net, own = learn_few(seeds, rate, **settings)
        for training, found in zip(passes, rows, strict=True):
            settle(net, own[0], training)
            (train_loss, _), (val_loss, _), (test_loss, right) = (
                judged(net, images) for images in (own, val, test)
            )
            found.append((train_loss, val_loss, test_loss, right))
    return [Tried(rates, *np.array(found).swapaxes(0, 1)) for found in rows]


def judged(net: Any, images: tuple[Array, Array]) -> tuple[Array, Array]:
    """Loss and accuracy on images, in evaluation: (runs,) each."""
    x, y = images
    out = net.forward(x, False)
    return SoftmaxCrossEntropy().forward(out, y), (out.argmax(axis=-1) == y).mean(axis=-1)


def variance_ratio(x: Array, p: float) -> float:
    """Variance in evaluation over variance in training of x under dropout, as Li et al. derive it.

    (E x² - (E x)²) / (E x² / (1 - p) - (E x)²), which is 1 - p if the mean of x is zero.

    >>> variance_ratio(np.array([-1.0, 1.0]), 0.5)
    0.5
    >>> round(variance_ratio(np.array([0.0, 2.0]), 0.5), 3)
    0.333
    """
    square, mean = np.square(x).mean(), x.mean()
    return float((square - mean**2) / (square / (1 - p) - mean**2))
