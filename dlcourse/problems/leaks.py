"""Does a network that predicts what comes next know it already?"""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.arrays import Array


def one_by_one(model: Any, x: Array, training: bool) -> Array:
    """The outputs for windows (n, t) that come alone, each a batch of its own.

    Returns
    -------
    (..., n, t, k), as ``model.forward`` gives them for all windows together
    """
    return np.concatenate([model.forward(x[i : i + 1], training) for i in range(len(x))], axis=-3)


def swapped_ends(x: Array, place: int) -> Array:
    """Windows (n, t) that go on, behind ``place``, as another one of them does.

    >>> swapped_ends(np.array([[1, 2, 3], [4, 5, 6]]), 0)
    array([[1, 5, 6],
           [4, 2, 3]])
    """
    ends = np.roll(x, 1, axis=0)
    return np.concatenate([x[:, : place + 1], ends[:, place + 1 :]], axis=1)
