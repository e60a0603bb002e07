"""What worked hints are handed: draws that are known beforehand, and small images."""

import numpy as np


class Draws:
    """Stands for a generator: what comes out of it is written down beforehand."""

    def __init__(self, *values):
        self.values = iter(values)

    def normal(self, loc=0.0, scale=1.0, size=()):
        if np.ndim(loc):
            return loc + scale * np.reshape(next(self.values), np.shape(loc))
        return np.reshape(next(self.values), size)

    def binomial(self, n, p, size):
        """One coin each: what was drawn below 1 − p is dropped."""
        assert n == 1
        return np.reshape(np.asarray(next(self.values)) >= 1 - p, size).astype(float)


def images(*pixels, shape=None):
    """Images (n, c, h, w) of these numbers, one row each if no shape is said."""
    return np.array(pixels, float).reshape(shape or (len(pixels), 1, 1, -1))
