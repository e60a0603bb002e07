"""What dropout draws: who is kept. True is kept; ``p`` is the probability of being dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array


def draw_dropout_mask(shape: Sequence[int], p: float, rng: np.random.Generator) -> Array:
    """Every entry is kept with probability 1 − p, whatever happens to the others.

    Parameters
    ----------
    shape : tuple of int >= 1, as of the x that is to be dropped from
    p : probability of *dropping*, 0 <= p < 1
    rng : Generator; it moves on by as many numbers whatever p is

    Returns
    -------
    mask : array of bool; True is kept

    Notes
    -----
    A number u, uniform in [0, 1), is drawn for each entry, which is kept if u >= p. With the same
    generator a larger p therefore drops the same entries and more.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> draw_dropout_mask((2, 4), 0.5, rng)
    array([[ True,  True,  True, False],
           [False, False, False, False]])
    >>> draw_dropout_mask((100, 100), 0.25, rng).mean().round(2)
    np.float64(0.75)

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), section 4.
    """
    shape, p, rng = _checked(shape, p, rng)
    return rng.random(shape, np.float32) >= p


def draw_spatial_mask(shape: Sequence[int], p: float, rng: np.random.Generator) -> Array:
    """One draw a channel of each image: ``shape`` (..., n, c, h, w), mask (..., n, c, 1, 1).

    Examples
    --------
    >>> draw_spatial_mask((2, 3, 8, 8), 0.5, np.random.default_rng(0)).shape
    (2, 3, 1, 1)

    References
    ----------
    Tompson, Goroshin, Jain, LeCun and Bregler (2015), section 3.2.
    """
    shape, p, rng = _checked(shape, p, rng, 4)
    return rng.random((*shape[:-2], 1, 1), np.float32) >= p


def draw_sequence_mask(shape: Sequence[int], p: float, rng: np.random.Generator) -> Array:
    """One draw a feature of each sequence: ``shape`` (..., n, t, d), mask (..., n, 1, d).

    The same features are missing at all places, so that nothing that a state has to carry is
    dropped anew at every place.

    Examples
    --------
    >>> draw_sequence_mask((2, 16, 5), 0.5, np.random.default_rng(0)).shape
    (2, 1, 5)

    References
    ----------
    Gal and Ghahramani (2016b), section 4.
    """
    shape, p, rng = _checked(shape, p, rng, 3)
    return rng.random((*shape[:-2], 1, shape[-1]), np.float32) >= p


def draw_gaussian_noise(shape: Sequence[int], p: float, rng: np.random.Generator) -> Array:
    """Factors 1 + N(0, p / (1 − p)): mean and variance are those of a kept share, mask / (1 − p).

    Examples
    --------
    >>> noise = draw_gaussian_noise((1000, 100), 0.2, np.random.default_rng(0))
    >>> bool(abs(noise.mean() - 1) < 0.01), bool(abs(noise.var() - 0.2 / 0.8) < 0.01)
    (True, True)

    References
    ----------
    Srivastava et al. (2014), section 10.
    """
    shape, p, rng = _checked(shape, p, rng)
    return 1 + (p / (1 - p)) ** 0.5 * rng.standard_normal(shape)


def rate(p: Any) -> Any:
    """A probability of dropping: 0 <= p < 1, a number or one a run."""
    if p.__class__ is float and 0 <= p < 1:
        return p
    return checks.number("p", p, 0, 1, high_open=True)


def rates(name: str, p: Any, runs: int | None) -> Any:
    """A probability of dropping, or an array (runs,), which may come as a column (runs, 1)."""
    p = checks.number(name, p, 0, 1, high_open=True)
    if isinstance(p, np.ndarray):
        if runs is None or p.shape not in ((runs,), (runs, 1)):
            kinds = (
                "a number" if runs is None else f"a number or an array ({runs},), one entry a run"
            )
            checks.fail(name, kinds, p)
        return p.reshape(runs)
    return p


def _checked(shape: Any, p: Any, rng: Any, axes: int = 0) -> tuple[tuple[int, ...], float, Any]:
    p = rate(p)
    if not isinstance(p, float):
        checks.fail("p", "a number", p, "Draw for one run after the other.")
    return checks.sizes("shape", shape, axes), p, checks.generator("rng", rng)
