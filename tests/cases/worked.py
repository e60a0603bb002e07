"""What worked hints are handed: draws that are known beforehand, and small images."""

import numpy as np


class Draws:
    """Stands for a generator: what comes out of it is written down beforehand."""

    def __init__(self, *values):
        self.values = iter(values)

    def normal(self, loc=0.0, scale=1.0, size=()):
        return np.reshape(next(self.values), size)

    def random(self, size):
        return np.reshape(next(self.values), size)


def images(*pixels, shape=None):
    """Images (n, c, h, w) of these numbers, one row each if no shape is said."""
    return np.array(pixels, float).reshape(shape or (len(pixels), 1, 1, -1))
