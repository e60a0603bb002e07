"""A small convolutional network for few digits, with dropout in one of several places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.mislabelled import CLASSES, LOSS, draw_few, updates
from dlcourse.scratch.layers import Conv2d, Flatten, Linear, ReLU
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.regularization import Dropout

CHANNELS, PLACES, HIDDEN = 8, 16, 64
WHERE = "nowhere", "fully connected", "pixels"


def dropped_cnn(rng: Generators, runs: int, p: Any, where: str) -> Sequential:
    """Two convolutions of 8 channels, 4 x 4 places each, a hidden layer of 64, ten outputs.

    Parameters
    ----------
    where : "fully connected": behind the hidden layer; "pixels": behind both convolutions;
        "nowhere"; the same weights are drawn for each

    >>> net = dropped_cnn(np.random.default_rng(0), 1, 0.5, "pixels")
    >>> [type(layer).__name__ for layer in net.layers][:4]
    ['Conv2d', 'ReLU', 'Dropout', 'Conv2d']
    """
    checks.choice("where", where, WHERE)
    chance: Any = {"rng": run_generators(rng, runs), "runs": runs}
    made = {**chance, "dtype": np.float32}
    pixels, units = (
        (lambda: [Dropout(p, **chance)]) if where == place else list
        for place in ("pixels", "fully connected")
    )
    return Sequential(
        *[Conv2d(1, CHANNELS, 3, 2, 1, **made), ReLU(), *pixels()],
        *[Conv2d(CHANNELS, CHANNELS, 3, 1, 1, **made), ReLU(), *pixels(), Flatten(-3)],
        *[Linear(CHANNELS * PLACES, HIDDEN, **made), ReLU()],
        *units(),
        Linear(HIDDEN, CLASSES, **made),
    )


def learn_images(
    rng: Generators, runs: int, lr: Any, p: Any, *, where: str, sets: Sequence[Any],
    few: int = 128, steps: int = 160,
) -> dict[str, Array]:  # fmt: skip
    """Train on ``few`` images of one's own; ``…_error`` and ``…_nll`` on the other two sets."""
    rngs = run_generators(rng, runs)
    drawn = draw_few(rngs, runs, sets[0], few, 0.0)
    net = dropped_cnn(rngs, runs, p, where)
    for t in updates(net, lr, drawn, rngs):
        if t == steps:
            break
    found = {}
    for name, (x, y) in zip(("val", "test"), sets[1:], strict=True):
        out = net.forward(np.broadcast_to(x, (runs, *x.shape)))
        found[f"{name}_error"] = (out.argmax(-1) != y).mean(-1)
        found[f"{name}_nll"] = LOSS.forward(out, y)
    return found
