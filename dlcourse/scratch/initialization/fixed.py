"""Weights without chance: they take an ``rng`` as the others do, and leave it alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.initialization.draws import drawn

Float = npt.DTypeLike


def stacked(
    w: Array,
    rng: Generators | None,
    runs: int | None,
    dtype: Float,
) -> Array:
    """The same weights for every run."""
    unused = np.random.default_rng(0) if rng is None else rng
    return drawn(lambda one: w, unused, runs, dtype)


def constant(
    shape: Sequence[int],
    val: float,
    rng: Generators | None = None,
    runs: int | None = None,
    dtype: Float = np.float64,
) -> Array:
    """Every entry ``val``: all units of a layer are then alike, and stay so.

    As an ``init`` of a model it is written ``partial(constant, val=0.5)``.

    Examples
    --------
    >>> constant((2, 3), 0.5)
    array([[0.5, 0.5, 0.5],
           [0.5, 0.5, 0.5]])
    """
    shape = checks.sizes("shape", shape)
    w = np.full(shape, checks.scalar("val", val, -math.inf))
    return stacked(w, rng, runs, dtype)


def zeros(
    shape: Sequence[int],
    rng: Generators | None = None,
    runs: int | None = None,
    dtype: Float = np.float64,
) -> Array:
    """Every entry 0: right for biases; for weights the worst of all constants.

    Examples
    --------
    >>> zeros((2,))
    array([0., 0.])
    """
    return constant(shape, 0.0, rng, runs, dtype)


def identity(
    shape: Sequence[int],
    rng: Generators | None = None,
    runs: int | None = None,
    dtype: Float = np.float64,
) -> Array:
    """The i-th output is the i-th input, as far as both reach; all other weights are 0.

    Of a convolution it is the middle of the kernel that is 1, as in ``torch.nn.init.dirac_``; of
    ``(out, in)`` this is ``torch.nn.init.eye_``. Two to five axes.

    Examples
    --------
    >>> identity((2, 3))
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """
    shape = checks.sizes("shape", shape, 2)
    if len(shape) > 5:
        checks.fail("shape", "of at most 5 axes, as (out, in, *kernel)", shape)
    w = np.zeros(shape)
    middle = tuple(size // 2 for size in shape[2:])
    for i in range(min(shape[:2])):
        w[i, i, *middle] = 1.0
    return stacked(w, rng, runs, dtype)
