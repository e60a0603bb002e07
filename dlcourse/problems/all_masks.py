"""Every mask there is, where units are so few that they can be gone through."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.mislabelled import draw_few, noisy_mlp, updates
from dlcourse.scratch.regularization import softmax

BLOCK, COUNTED = 256, 60


def all_masks(n: int, p: float) -> tuple[Array, Array]:
    """The 2ⁿ masks of n units, (2ⁿ, n), and the probability of each when p is dropped.

    Examples
    --------
    >>> masks, chance = all_masks(2, p=0.25)
    >>> masks.tolist()
    [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> chance.tolist()
    [0.0625, 0.1875, 0.1875, 0.5625]
    """
    masks = np.array([*product((0.0, 1.0), repeat=n)])
    return masks, np.prod(np.where(masks == 1, 1 - p, p), axis=1)


def outputs_under(model: Any, x: Array, masks: Array, p: float) -> Array:
    """What ``noisy_mlp`` of one run gives for x under each mask of all its hidden units.

    Parameters
    ----------
    x : (n, 64)
    masks : (m, units), those of the first hidden layer first

    Returns
    -------
    (m, n, 10), in double precision
    """
    linear = [layer for layer in model.layers if "weight" in getattr(layer, "params", {})]
    parts = [[a.astype(float) for a in layer.params.values()] for layer in linear]
    sizes = np.cumsum([len(bias) for _, bias in parts])[:-1]
    found = []
    for start in range(0, len(masks), BLOCK):
        h: Array = x.astype(float)[None]
        for (weight, bias), mask in zip(
            parts, np.split(masks[start : start + BLOCK], sizes, axis=1), strict=True
        ):
            h = h @ weight.T + bias
            if mask.shape[1]:
                h = h.clip(0) * mask[:, None] / (1 - p)
        found.append(h)
    return np.concatenate(found)


def means(out: Array, chance: Array) -> tuple[Array, Array]:
    """The geometric and the arithmetic mean of the softmax over all masks, (n, 10) each."""
    q = softmax(out)
    log_q = out - out.max(-1, keepdims=True)
    log_q -= np.log(np.exp(log_q).sum(-1, keepdims=True))
    return softmax(np.tensordot(chance, log_q, 1)), np.tensordot(chance, q, 1)


def apart(q: Array, other: Array) -> Array:
    """Total variation: how much probability lies elsewhere, the mean over the samples."""
    return np.asarray(abs(q - other).sum(-1).mean(-1) / 2)


def of_all_masks(
    model: Any, x: Array, y: Array, p: float, drawn: int | None = None
) -> dict[str, float]:
    """How far the whole network of one run is from the means over all its parts.

    Parameters
    ----------
    drawn : so many masks, drawn, in place of all

    Returns
    -------
    ``geometric``, ``arithmetic``: total variation between the whole network and these means;
    ``single``, ``single_arithmetic``: between a part and these means, on average over the parts;
    ``error``, ``error_mean``, ``error_single``: shares misread by the whole network, by the
    arithmetic mean, and by a part on average
    """
    units = sum(layer.params["weight"].shape[0] for layer in model.layers[:-1:3])
    if drawn is None:
        masks, chance = all_masks(units, p)
    else:
        masks = (np.random.default_rng(0).random((drawn, units)) >= p).astype(float)
        chance = np.full(drawn, 1 / drawn)
    out = outputs_under(model, x, masks, p)
    full = softmax(outputs_under(model, x, np.full((1, units), 1 - p), p)[0])
    geometric, arithmetic = means(out, chance)
    return {
        "geometric": float(apart(full, geometric)),
        "arithmetic": float(apart(full, arithmetic)),
        "single": float(chance @ apart(softmax(out), geometric)),
        "single_arithmetic": float(chance @ apart(softmax(out), arithmetic)),
        "error": float((full.argmax(-1) != y).mean()),
        "error_mean": float((arithmetic.argmax(-1) != y).mean()),
        "error_single": float(chance @ (out.argmax(-1) != y).mean(-1)),
    }


def learn_and_average(
    rng: Generators, runs: int, *, sets: Sequence[Any], depth: int, width: int, p: float,
    seen: int = 100, masks: int | None = None, read: int = 250,
) -> dict[str, Array]:  # fmt: skip
    """Train on all training images, 450 updates, then ``of_all_masks`` on ``seen`` test images.

    With ``masks`` so many are drawn in place of all. What is misread is counted on ``read`` test
    images, under 60 drawn masks: a share of a few images would be too coarse.
    """
    rngs, (x, y) = run_generators(rng, runs), sets[2]
    drawn = draw_few(rngs, runs, sets[0], len(sets[0][0]), 0.0)
    model = noisy_mlp(rngs, runs, p, width=width, depth=depth)
    for t in updates(model, 0.012, drawn, rngs):
        if t == 450:
            break
    found = []
    for run in range(runs):
        one = model.rows(run)
        counted = of_all_masks(one, x[:read], y[:read], p, COUNTED)
        found.append(
            of_all_masks(one, x[:seen], y[:seen], p, masks)
            | {name: share for name, share in counted.items() if name.startswith("error")}
        )
    return {name: np.array([one[name] for one in found]) for name in found[0]}
