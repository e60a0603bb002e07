"""Pairs of networks that learned the same images from two starts, and the ground between them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import Adam

LOSS = SoftmaxCrossEntropy()
CLASSES = 10
UNITS = {"0.weight": -2, "0.bias": -1, "2.weight": -1}
"""On which axis the hidden units of such a network lie."""


class Pairs(NamedTuple):
    """Two models of as many runs, and the images (runs, n, d) with labels that both learned."""

    a: MLP
    b: MLP
    x: Array
    y: Array


def draw_images(rng: Generators, runs: int, pool: Any, n: int) -> tuple[Array, Array]:
    """For each run its own n images of the pool, none twice: x (runs, n, d), y (runs, n)."""
    x, y = pool
    which = np.stack([g.permutation(len(x))[:n] for g in run_generators(rng, runs)])
    return x[which], y[which]


def learn(
    model: Any, x: Array, y: Array, rng: Generators, epochs: int, lr: float = 0.01,
    batch: int = 60, optimizer: Any = Adam,
) -> None:  # fmt: skip
    """Train every run of a model on its own images, in batches of an order of its own."""
    rngs, n, run = run_generators(rng, len(x)), x.shape[1], np.arange(len(x))[:, None]
    step = optimizer(model.theta, lr=lr)
    for _ in range(epochs):
        order = np.stack([g.permutation(n) for g in rngs])
        for start in range(0, n, batch):
            now = order[:, start : start + batch]
            LOSS.forward(model.forward(x[run, now], True), y[run, now])
            model.backward(LOSS.backward(), input_grad=False)
            step.step(model.grad)


def trained_pairs(
    rng: Generators, runs: int, width: int, *, pool: Any, n: int = 600, epochs: int = 20,
    activation: str = "relu",
) -> Pairs:  # fmt: skip
    """Two networks 64-width-10 a run: the same images, another start, another order of batches."""
    rngs = run_generators(rng, runs)
    x, y = draw_images(rngs, runs, pool, n)
    sizes = [x.shape[-1], width, CLASSES]
    a, b = (MLP(sizes, rngs, activation, runs, np.float32) for _ in range(2))
    for model in (a, b):
        learn(model, x, y, rngs, epochs)
    return Pairs(a, b, x, y)


def misread(model: Any, theta: Array, test: Any) -> Array:
    """The share of the test images that each run's network, at ``theta``, gives a wrong class."""
    return (said(model, theta, test[0]) != test[1]).mean(-1)


def said(model: Any, theta: Array, x: Array) -> Array:
    """The classes that each run gives the images ``x`` (n, d): (runs, n)."""
    part = model.rows(slice(None))
    part.bind(theta, np.zeros_like(theta))
    return np.asarray(part.forward(x).argmax(-1))


def precise(model: MLP) -> MLP:
    """The same one-hidden-layer network, and the same weights, in double precision."""
    width, inputs = model.shapes["0.weight"]
    kind = type(model.layers[1]).__name__.lower()
    rngs = [np.random.default_rng(0)] * (model.runs or 1)  # what is drawn is overwritten
    twin = MLP([inputs, width, CLASSES], rngs, kind, model.runs)
    twin.theta[...] = model.theta
    return twin


def mean_of_copies(model: Any) -> Array:
    """The mean of all n! networks that differ from this one in the order of their hidden units.

    Every unit gets the mean of all units' weights, incoming, bias and outgoing.
    """
    theta = model.theta.copy()
    parts = model.unflatten(theta)
    for name, axis in UNITS.items():
        parts[name][...] = parts[name].mean(axis, keepdims=True)
    return theta


def half_way(a: Array, b: Array) -> Array:
    """The mean of two vectors of weights, as single as they are."""
    return ((a + b) / 2).astype(a.dtype)


def apart(a: Array, b: Array) -> Array:
    """How far b is from a, in lengths of a; one number a run."""
    return np.asarray(np.linalg.norm(b - a, axis=-1) / np.linalg.norm(a, axis=-1))


def with_twins(model: Any, first: int = 0, second: int = 1) -> Array:
    """The weights of a one-hidden-layer network after one hidden unit was made the same as another.

    >>> small = MLP([1, 2, 1], np.random.default_rng(0))
    >>> twins = with_twins(small)
    >>> bool(twins[0] == twins[1] == small.theta[1])
    True
    """
    theta = model.theta.copy()
    parts = model.unflatten(theta)
    for name, axis in UNITS.items():
        units = np.moveaxis(parts[name], axis, 0)
        units[first] = units[second]
    return theta


def outputs(model: Any, theta: Array, x: Array) -> Array:
    """What a network without runs says at several weights, (points, d): (points, n, k)."""
    several = model.repeat(len(theta))
    several.bind(theta, np.zeros_like(theta))
    return np.asarray(several.forward(x))


def direction_of_length_one(model: Any, rng: Generators) -> Array:
    """A random direction with no regard to the weights: (d,) or (runs, d), each of length 1."""
    rngs = run_generators(rng, model.runs)
    drawn = np.stack([g.normal(size=model.theta.shape[-1]) for g in rngs])
    drawn = drawn.reshape(model.theta.shape)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=-1, keepdims=True))
