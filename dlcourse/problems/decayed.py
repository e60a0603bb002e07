"""What weight decay moves, told from what the gradients move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators


def moved_by_decay(
    build: Callable[[Array, float], Any],
    rng: Generators,
    runs: int,
    coef: float,
    sizes: Sequence[float] = (0.1, 1.0, 10.0),
    steps: int = 400,
    each: int = 20,
) -> Array:
    """How far decay brings weights that start at 1 towards 0, by the size of their gradients.

    The gradients are nothing but noise, the same with and without decay; what the weights differ by
    in the end is what decay has done.

    Parameters
    ----------
    build : ``build(theta, coef)``, an optimizer
    sizes : of the gradients, their standard deviations; ``each`` weights have the same

    Returns
    -------
    (runs, len(sizes)), the mean over the weights of a size

    Examples
    --------
    >>> from dlcourse.scratch.optimizers import SGD
    >>> sgd = lambda theta, coef: SGD(theta, lr=0.1, weight_decay=coef)
    >>> moved_by_decay(sgd, np.random.default_rng(0), 1, coef=0.5, steps=1).round(6)
    array([[0.05, 0.05, 0.05]])
    """
    checks.integer("steps", steps, 1)
    checks.integer("each", each, 1)
    rngs = run_generators(rng, runs)
    size = np.repeat(np.asarray(sizes, float), each)
    free, decayed = np.ones((2, runs, size.size))
    pair = build(free, 0.0), build(decayed, coef)
    for _ in range(steps):
        grad = size * np.stack([g.normal(size=size.size) for g in rngs])
        for optimizer in pair:
            optimizer.step(grad)
    return (free - decayed).reshape(runs, len(sizes), each).mean(axis=-1)
