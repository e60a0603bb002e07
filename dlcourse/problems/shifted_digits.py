"""Digits that stand anywhere on a larger canvas, and two networks that are to read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.drawn_digits import Drawn, draw_digits, learn
from dlcourse.scratch.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.optimizers import AdamW

SIDE, KERNEL, POOL, CHANNELS, HIDDEN = 12, 5, 4, 16, 64
KINDS = ("dense", "convolution")


def on_canvas(x: Array, top: Array, left: Array, side: int = SIDE) -> Array:
    """Images (n, 64) on black canvases (n, 1, side, side), at the places given."""
    n = len(x)
    canvas = np.full((n, 1, side, side), x.min(), x.dtype)
    rows, columns = top[:, None] + np.arange(8), left[:, None] + np.arange(8)
    image = np.arange(n)[:, None, None]
    canvas[image, 0, rows[:, :, None], columns[:, None, :]] = x.reshape(n, 8, 8)
    return canvas


def draw_shifted(
    rngs: Sequence[np.random.Generator], n: int, shuffled: bool = False, wrong: float = 0.0
) -> Drawn:
    """As ``draw_digits``, but x (runs, n, 1, 12, 12): each digit at a place of its own.

    Parameters
    ----------
    shuffled : whether the pixels of all images change places, by one and the same order for all
        images of a run
    """
    drawn = draw_digits(rngs, n, wrong)
    orders = [rng.permutation(SIDE * SIDE) for rng in rngs]
    pairs: list[Any] = []
    for x, y in drawn[:3]:
        parts = []
        for one, rng, order in zip(x, rngs, orders, strict=True):
            top, left = rng.integers(0, SIDE - 7, (2, len(one)))
            canvas = on_canvas(one, top, left)
            if shuffled:
                canvas = canvas.reshape(len(one), -1)[:, order].reshape(canvas.shape)
            parts.append(canvas)
        pairs.append((np.stack(parts), y))
    train, val, test = pairs
    return Drawn(train, val, test, drawn.wrong)


def reader(rng: Generators, runs: int, kind: str) -> Sequential:
    """A network with one hidden layer for images (1, 12, 12).

    "dense": 64 ReLUs that see all pixels, 9,930 parameters. "convolution": 16 kernels of 5 x 5,
    ReLU, the largest of 4 x 4 places, and a linear layer: 1,066 parameters.
    """
    checks.choice("kind", kind, KINDS)
    rngs = run_generators(rng, runs)
    made: Any = {"rng": rngs, "runs": runs, "dtype": np.float32}
    if kind == "dense":
        hidden = Linear(SIDE * SIDE, HIDDEN, **made)
        return Sequential(Flatten(-3), hidden, ReLU(), Linear(HIDDEN, 10, **made))
    left = CHANNELS * ((SIDE - KERNEL + 1) // POOL) ** 2
    conv = Conv2d(1, CHANNELS, KERNEL, **made)
    rest = (ReLU(), MaxPool2d(POOL), Flatten(-3), Linear(left, 10, **made))
    return Sequential(conv, *rest)


def learn_shifted(
    rng: Generators, runs: int, lr: Any = 0.03, decay: Any = 0.0, *, kind: str = "dense",
    shuffled: bool = False, wrong: float = 0.0, n: int = 200, epochs: int = 20,
    batch_size: int = 50,
) -> dict[str, Array]:  # fmt: skip
    """Train on shifted digits, with AdamW; ``…_error`` and ``…_loss`` of all three sets."""
    rngs = run_generators(rng, runs)
    drawn, loss = draw_shifted(rngs, n, shuffled, wrong), SoftmaxCrossEntropy()
    net = reader(rngs, runs, kind)
    adam = AdamW(net.theta, lr=lr, weight_decay=decay)
    learn(net, adam, loss, drawn.train, rngs, epochs, batch_size)
    found = {}
    for name, (x, y) in zip(("train", "val", "test"), drawn[:3], strict=True):
        out = np.concatenate(
            [net.forward(part) for part in np.split(x, range(100, x.shape[1], 100), 1)], -2
        )
        found[f"{name}_loss"] = loss.forward(out, y)
        found[f"{name}_error"] = (out.argmax(axis=-1) != y).mean(axis=-1)
    return found
