"""Sigmoid networks on nearly level ground, and where in a deep network the slope is lost."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.steepness import Ground, Rngs, descend
from dlcourse.scratch.initialization import xavier_normal


def sigmoid_ground(rngs: Rngs, *, times: float = 1.0, shift: float = 0.0, n: int = 50) -> Ground:
    """Networks 64-16-16-10 of sigmoids from Xavier's start, under cross-entropy.

    Parameters
    ----------
    times : factor on the weights of both hidden layers: units saturate, each its own way
    shift : taken from the biases of the second hidden layer: units saturate, all the same way
    n : images for each run
    """
    at = Ground(rngs, n, activation="sigmoid", scale=1.0, loss="cross-entropy", init=xavier_normal)
    for name in ("0.weight", "2.weight"):
        at.net.theta[:, at.net.slices[name]] *= times
    at.net.theta[:, at.net.slices["2.bias"]] -= shift
    at.first = at.value()
    return at


def steps_needed(
    rng: Generators, runs: int, lr: Any, *, times: float = 1.0, shift: float = 0.0,
    bar: float = 1.0, most: int = 400, frozen: bool = False,
) -> dict[str, Array]:  # fmt: skip
    """How many steps until the loss is ``bar``: ``most`` for runs that need more, for ``try_all``.

    Parameters
    ----------
    lr : of gradient descent with all images
    times, shift : of ``sigmoid_ground``
    frozen : whether the hidden layers stay as they were drawn, and the output layer learns alone
    """
    at = sigmoid_ground(run_generators(rng, runs), times=times, shift=shift)
    first = at.net.slices["4.weight"].start if frozen else 0
    learns = np.arange(at.net.theta.shape[1]) >= first
    losses = descend(at, lr, most, until=bar, keep=lambda slope, t: slope * learns).loss
    there = losses <= bar
    return {"steps": np.where(there.any(0), there.argmax(0), most).astype(float)}


def hidden_outputs(at: Ground) -> Array:
    """What both hidden layers say: (2, runs, n, 16)."""
    h, said = at.x, []
    for place, layer in enumerate(at.net.layers[:4]):
        h = layer.forward(h, False)
        if place % 2:
            said.append(h)
    return np.array(said)


def saturated_share(at: Ground, share: float = 0.1) -> Array:
    """Of each hidden layer's units, over all images: slope below a share of the steepest.

    >>> at = sigmoid_ground([np.random.default_rng(0)], shift=6.0)
    >>> saturated_share(at).shape, bool(saturated_share(at)[1, 0] > 0.95)
    ((2, 1), True)
    """
    h = hidden_outputs(at)
    return np.asarray((4 * h * (1 - h) < checks.scalar("share", share)).mean((-2, -1)))


def settled(at: Ground, steps: int = 60, lr: float = 3.0) -> Ground:
    """The ground after the output's biases alone have learned, which are at rest then."""
    moved = at.some()
    part = moved.net.slices["4.bias"]
    learns = np.isin(np.arange(moved.net.theta.shape[1]), np.r_[part])
    descend(moved, lr, steps, keep=lambda slope, t: slope * learns)
    return moved


def far_off(at: Ground, distance: float, rng: np.random.Generator) -> Ground:
    """The ground that far away, in a random direction for each run."""
    along = rng.standard_normal(at.net.theta.shape)
    along *= distance / np.linalg.norm(along, axis=-1, keepdims=True)
    return at.moved_to(at.net.theta + along)


def layer_slopes(
    rngs: Rngs, activation: str, init: Any, depth: int = 20, width: int = 32, n: int = 32
) -> Array:
    """The norm of each hidden layer's weight gradient at the start, first to last: (depth, runs).

    >>> rngs = np.random.default_rng(0).spawn(3)
    >>> layer_slopes(rngs, "sigmoid", xavier_normal, depth=4).shape
    (4, 3)
    """
    sizes = [64, *[width] * checks.integer("depth", depth, 1), 10]
    at = Ground(rngs, n, sizes, activation, scale=1.0, loss="cross-entropy", init=init)
    slope = at.slope()
    parts = [part for name, part in at.net.slices.items() if name.endswith("weight")][:-1]
    return np.array([np.linalg.norm(slope[:, part], axis=-1) for part in parts])
