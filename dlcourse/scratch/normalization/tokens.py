"""The places of sequences as samples, for layers that know samples alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import inputs
from dlcourse.arrays import Array
from dlcourse.scratch.models import Sequential


class Tokens(Sequential):
    """Layers that see every place of every sequence as one sample: (..., n, t, d) as (..., n t, d).

    So ``BatchNorm`` has the statistics of all places of the batch. All sequences are of one length:
    none is filled up, and no filling is counted.

    Examples
    --------
    >>> from dlcourse.scratch.layers import Flatten
    >>> Tokens(Flatten(-2)).forward(np.ones((2, 3, 4))).shape  # of 6 samples and 4 features
    (24,)
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        inputs.batch(x, ("n", "t", "d"), None, np.ndarray)
        y = super().forward(_joined(x), training)
        self.places = x.shape[-3:-1]
        return y if y.ndim < 2 else y.reshape(*y.shape[:-2], *self.places, y.shape[-1])

    def backward(self, dy: Array, input_grad: bool = True) -> Any:
        dx = super().backward(_joined(dy), input_grad)
        return dx if dx is None else dx.reshape(*dx.shape[:-2], *self.places, dx.shape[-1])


def _joined(x: Array) -> Array:
    return x.reshape(*x.shape[:-3], -1, x.shape[-1])
