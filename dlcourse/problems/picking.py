"""Many classifiers of which the best is picked, on images that then flatter it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlcourse.arrays import Array
from dlcourse.problems.drawn_digits import VAL, draw_digits
from dlcourse.problems.random_features import relu_features, smallest


class Field(NamedTuple):
    """Which images each candidate misreads: 400 of the validation set, 500 of the test set."""

    val: Array  # (runs, candidates, 400)
    test: Array  # (runs, candidates, 500)


def candidates(rngs: Sequence[np.random.Generator], count: int, n: int = 100) -> Field:
    """``count`` classifiers a run, all from the same ``n`` images, each with settings of its own.

    A setting is a number of random features, 50 to 150, the features themselves, and a ridge
    between 0.001 and 1, even on a logarithmic scale.
    """
    drawn = draw_digits(rngs, n)
    (x, y), told = drawn.train, np.eye(10, dtype=np.float32) - np.float32(0.1)
    others, labels = (np.concatenate(parts, axis=1) for parts in zip(*drawn[1:3], strict=True))
    wrong = np.empty((len(rngs), count, labels.shape[1]), bool)
    for run, rng in enumerate(rngs):
        for i in range(count):
            width = int(rng.integers(50, 151))
            ridge = 10.0 ** rng.uniform(-3, 0)
            directions = rng.normal(size=(64, width)).astype(np.float32) / 8
            weights = smallest(relu_features(x[run], directions), told[y[run]], ridge)
            out = relu_features(others[run], directions) @ weights.astype(np.float32)
            wrong[run, i] = out.argmax(axis=-1) != labels[run]
    return Field(*np.split(wrong, [VAL], axis=-1))


def picked(seen: Array, fresh: Array, tried: int) -> tuple[Array, Array]:
    """The error of the best of the first ``tried`` candidates: where it was picked, and elsewhere.

    Parameters
    ----------
    seen, fresh : bool (runs, candidates, images), which are misread

    Examples
    --------
    Two candidates; the second is right on both images that were seen, and wrong on the other two.

    >>> seen = np.array([[[True, False], [False, False]]])
    >>> picked(seen, ~seen, tried=2)
    (array([0.]), array([1.]))
    """
    errors, others = (part[:, :tried].mean(axis=-1) for part in (seen, fresh))
    best, run = errors.argmin(axis=-1), np.arange(len(errors))
    return errors[run, best], others[run, best]
