"""Does flatness tell which network reads new images well? Many minima, measured and ranked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators
from dlcourse.problems.batch_minima import Descent, descend
from dlcourse.scratch.landscape import sharpness, worst_case_sharpness


def ranks(values: Array) -> Array:
    """The place of each value along the last axis, counted from 1; equal ones share the mean.

    >>> ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    below = (values[..., None] > values[..., None, :]).sum(-1)
    alike = (values[..., None] == values[..., None, :]).sum(-1)
    return np.asarray(below + (alike + 1) / 2)


def rank_correlation(a: Array, b: Array) -> Array:
    r"""Spearman's ρ along the last axis: the correlation of the ranks.

    0 where all values of one side are equal: it then tells nothing about the other.

    >>> round(float(rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([10.0, 30.0, 20.0]))), 9)
    0.5
    """
    x, y = (r - r.mean(-1, keepdims=True) for r in (ranks(a), ranks(b)))
    both = np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)
    return np.divide(np.vecdot(x, y), both, out=np.zeros(both.shape), where=both > 0)


def agreement(a: Array, b: Array) -> dict[str, Array]:
    """Rank correlations of two measures (batches, rates, runs), one a run.

    Returns
    -------
    ``all``: over all networks of a run; ``batch``: over the rates, with the same batch, averaged
    over the batches; ``rate``: over the batches, at the same rate, averaged over the rates
    """
    a, b = (np.moveaxis(np.asarray(m, float), -1, 0) for m in (a, b))
    flat = (len(a), -1)
    return {
        "all": rank_correlation(a.reshape(flat), b.reshape(flat)),
        "batch": rank_correlation(a, b).mean(-1),
        "rate": rank_correlation(a.swapaxes(1, 2), b.swapaxes(1, 2)).mean(-1),
    }


def examine(found: Descent, theta: Array, rng: Generators, epsilon: float = 5e-3) -> dict[str, Any]:
    """Training loss, test error, Keskar's box and a box in units of each weight (ten ε wide)."""
    loss = found.loss()
    near: Any = {"loss_grad": loss.grad, "rng": rng, "starts": 1, "steps": 5}
    wide: Any = {"adaptive": True, "region": "box"}
    relative = worst_case_sharpness(loss, theta, 10 * epsilon, **wide, **near)
    return {
        "loss": loss(theta),
        "error": found.error(theta),
        "box": sharpness(loss, theta, epsilon, **near),
        "relative": relative,
    }


def grid_of_minima(
    rng: Callable[[], Generators], runs: int, batch_sizes: Sequence[int], rates: Sequence[float],
    *, until: float = 0.05, epochs: int = 40, patience: int = 3,
) -> tuple[dict[str, Array], dict[str, Array]]:  # fmt: skip
    """Every batch size at every rate on the same images from the same starts, examined twice.

    Parameters
    ----------
    rng : makes the generators anew, so that all networks of a run share images and start
    until : the training loss at which all are looked at
    epochs : after which all are looked at; a net that has not reached ``until`` goes on, for up
        to ``patience`` times as many

    Returns
    -------
    After equal epochs, and at equal loss: ``loss``, ``error``, ``box`` and ``relative`` of
    ``examine``, (batches, rates, runs). That a net never reaches it is an error.
    """
    ends, equals = [], []
    for size in batch_sizes:
        for rate in rates:
            plan: Any = {"batch_size": size, "until": until, "every": max(1, 64 // size)}
            net = descend(rng(), runs, rate, epochs=epochs, **plan)
            ends.append(examine(net, net.end, rng()))
            if (net.when < 0).any():
                net = descend(rng(), runs, rate, epochs=patience * epochs, stop=True, **plan)
            if (net.when < 0).any():
                fix = "Pass more patience."
                checks.fail("until", f"a loss that batch {size} reaches at {rate}", until, fix)
            equals.append(examine(net, net.reached, rng()))
    shape = (len(batch_sizes), len(rates), runs)
    both = [
        {name: np.stack([one[name] for one in found]).reshape(shape) for name in found[0]}
        for found in (ends, equals)
    ]
    return both[0], both[1]
