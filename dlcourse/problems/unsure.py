"""How sure a network is of what it reads, as it stands and averaged over masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.mislabelled import draw_few, noisy_mlp, updates
from dlcourse.scratch.regularization import calibration_error, mc_dropout_predict, softmax


def entropy(q: Array) -> Array:
    """−Σ q log q over the classes, 0 for a network that is sure.

    >>> float(entropy(np.array([0.5, 0.5, 0.0])) / np.log(2))
    1.0
    """
    return np.asarray(-(q * np.log(np.where(q > 0, q, 1.0))).sum(-1))


def ranked(score: Array, wrong: Array) -> float:
    """The chance that a wrong answer has a larger score than a right one (ties count half).

    >>> ranked(np.array([0.1, 0.4, 0.3, 0.9]), np.array([False, False, True, True]))
    0.75
    """
    ahead = score[wrong][:, None] - score[~wrong]
    return float((np.sign(ahead).mean() + 1) / 2)


def learn_and_ask(
    rng: Generators, runs: int, p: Any, *, sets: Sequence[Any], few: int = 128, wrong: float = 0.0,
    width: int = 96, depth: int = 1, samples: int = 20, seen: int = 250, lr: float = 0.005,
    steps: int = 240,
) -> dict[str, Array]:  # fmt: skip
    """Train with dropout, then read test images with the whole network, and averaged over masks.

    Returns
    -------
    For each of the two, ``whole_…`` and ``masks_…``: ``error``, ``nll``, ``ece`` (the calibration
    error), ``hit`` and ``miss`` (the mean entropy where the answer is right, and where it is
    wrong), and ``rank``, the chance that the entropy of a wrong answer is the larger one
    """
    rngs = run_generators(rng, runs)
    x, y = sets[2][0][:seen], sets[2][1][:seen]
    drawn = draw_few(rngs, runs, sets[0], few, wrong)
    model = noisy_mlp(rngs, runs, p, width=width, depth=depth)
    for t in updates(model, lr, drawn, rngs):
        if t == steps:
            break
    images = np.broadcast_to(x, (runs, *x.shape))
    over_masks, _ = mc_dropout_predict(model, images, samples)
    found: dict[str, Array] = {}
    for name, q in (("whole", softmax(model.forward(images))), ("masks", over_masks)):
        q = q.astype(float) / q.sum(-1, keepdims=True, dtype=float)
        lost, unsure = q.argmax(-1) != y, entropy(q)
        pairs = [*zip(unsure, lost, strict=True)]
        found |= {
            f"{name}_error": lost.mean(-1),
            f"{name}_nll": -np.log(q[:, np.arange(len(y)), y]).mean(-1),
            f"{name}_ece": calibration_error(q, y),
            f"{name}_hit": np.array([h[~w].mean() for h, w in pairs]),
            f"{name}_miss": np.array([h[w].mean() for h, w in pairs]),
            f"{name}_rank": np.array([ranked(h, w) for h, w in pairs]),
        }
    return found
