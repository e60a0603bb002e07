"""Networks that begin with zeros in the right or the wrong place: biases, last layers, blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from dlcourse import checks, data
from dlcourse.arrays import Array, Generators
from dlcourse.problems.symmetric import descend
from dlcourse.scratch.initialization import identity, kaiming_normal, kaiming_uniform, zeros
from dlcourse.scratch.layers import Layer, Linear, ReLU
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import MLP, Residual, Sequential
from dlcourse.scratch.optimizers import SGD

COUNTS = (80, 50, 30, 18, 11, 7, 5, 3, 2, 2)
"""Images of the ten classes in the unbalanced digits, the most frequent class first."""
zero_biases = partial(kaiming_uniform, a=5**0.5)
"""The weights that ``Linear`` draws by default, with biases of zero."""


def wave(points: int) -> tuple[Array, Array]:
    """sin(4x) on [0, 2], as a column x and a column y.

    Examples
    --------
    >>> x, y = wave(3)
    >>> x.T, y.T.round(2)
    (array([[0., 1., 2.]]), array([[ 0.  , -0.76,  0.99]]))
    """
    x = np.linspace(0, 2, checks.integer("points", points, 2))[:, None]
    return x, np.sin(4 * x)


def learn_wave(
    rng: Sequence[np.random.Generator],
    runs: int,
    lr: Any,
    init: Any = None,
    shift: float = 0.0,
    updates: int = 600,
) -> Mapping[str, Array]:
    """A net of 32 ReLU units learns the wave; its loss on 41 points, and on 40 between them.

    Parameters
    ----------
    rng, runs, lr : as ``try_all`` gives them
    init : as of ``MLP``: ``zero_biases``, or None for biases that are drawn
    shift : is taken off the inputs before the network sees them
    """
    net = MLP([1, 32, 1], rng, runs=runs, init=init)
    (x, y), (between, there), loss = wave(41), (part[1::2] for part in wave(81)), MSE()
    descend(net, SGD(net.theta, lr=lr), loss, x - shift, y, updates)
    found = {"train_loss": (x, y), "test_loss": (between, there)}
    return {name: loss.forward(net.forward(a - shift), b) for name, (a, b) in found.items()}


def unbalanced_digits(seeds: Sequence[int]) -> tuple[Array, Array]:
    """208 digits a run, ``COUNTS`` of each class; which class is how frequent the seed decides.

    Returns
    -------
    x (runs, n, 64), y (runs, n)

    Examples
    --------
    >>> x, y = unbalanced_digits([0, 1])
    >>> x.shape, np.sort(np.bincount(y[0]))[::-1].tolist()
    ((2, 208, 64), [80, 50, 30, 18, 11, 7, 5, 3, 2, 2])
    """
    digits, rows = data.load("digits").train, []
    for seed in seeds:
        rng = np.random.default_rng([seed, sum(COUNTS)])
        of = [np.flatnonzero(digits.y == c) for c in rng.permutation(10)]
        picked = [rng.choice(some, n, replace=False) for some, n in zip(of, COUNTS, strict=True)]
        rows.append(np.concatenate(picked))
    return digits.x[np.array(rows)], digits.y[np.array(rows)]


def log_shares(y: Array, classes: int = 10) -> Array:
    """The logarithm of the share of each class among the labels (..., n), as a bias (..., classes).

    Examples
    --------
    >>> np.exp(log_shares(np.array([0, 0, 0, 1]), classes=2))
    array([0.75, 0.25])
    """
    shares = (y[..., None] == np.arange(classes)).mean(-2)
    if not shares.all():
        checks.fail("y", f"labels among which each of {classes} classes occurs", y)
    return np.log(shares)


def ones_and_zeros(rng: Generators, runs: int | None = None) -> MLP:
    """A net 64-64-10 in which nothing is drawn: the first layer the identity, all else zero.

    Examples
    --------
    >>> net = ones_and_zeros(np.random.default_rng(0))
    >>> sorted({*net.theta.tolist()}), int(net.theta.sum())
    ([0.0, 1.0], 64)
    """
    net = MLP([64, 64, 10], rng, runs=runs, init=identity)
    net.params["2.weight"][...] = 0
    return net


def residual_network(
    rng: Generators,
    runs: int | None = None,
    depth: int = 8,
    width: int = 16,
    last: Any = zeros,
) -> Sequential:
    """64 inputs, ``depth`` blocks x + W₂ relu(W₁ x), 10 outputs; all drawn as He and others do.

    Parameters
    ----------
    last : how the second layer of each block is drawn instead; by ``zeros`` each block begins as
        the identity

    Examples
    --------
    >>> net = residual_network(np.random.default_rng(0), depth=2)
    >>> h = net.layers[0].forward(np.ones((1, 64)))
    >>> block = net.layers[2]
    >>> bool((block.forward(h) == h).all())
    True
    """
    linear = partial(Linear, rng=rng, runs=runs, init=kaiming_normal)
    layers: list[Layer] = [linear(64, width), ReLU()]
    for _ in range(checks.integer("depth", depth, 1)):
        end = Linear(width, width, rng=rng, runs=runs, init=last)
        layers.append(Residual(linear(width, width), ReLU(), end))
    return Sequential(*layers, linear(width, 10))
