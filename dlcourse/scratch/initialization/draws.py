"""Independent entries: each from one distribution, whose width ``scales`` may have computed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators, draw_runs, run_generators
from dlcourse.scratch.initialization.scales import kaiming_std, uniform_bound, xavier_std

Float = npt.DTypeLike


def drawn(
    draw: Callable[[np.random.Generator], Array],
    rng: Generators,
    runs: int | None,
    dtype: Float,
) -> Array:
    """One draw, or one a run by the generator of that run."""
    kind = checks.float_kind("dtype", dtype)
    return draw_runs(draw, run_generators(rng, runs), runs).astype(kind)


def normal(
    shape: Sequence[int],
    rng: Generators,
    mean: float = 0.0,
    std: float = 1.0,
    runs: int | None = None,
    dtype: Float = np.float64,
) -> Array:
    """Entries w ~ N(μ, σ²), with μ ``mean`` and σ ``std``: the root of the variance.

    Parameters
    ----------
    shape : (out, in, *kernel)
    rng : Generator, or a sequence of them, one a run
    mean, std : finite numbers, std >= 0
    runs : None for an array of ``shape``, or how many to stack on a leading axis
    dtype : float64 or float32

    Examples
    --------
    >>> w = normal((100, 100), np.random.default_rng(0), std=0.01, runs=3)
    >>> w.shape, bool(abs(w.std() - 0.01) < 2e-4)
    ((3, 100, 100), True)

    References
    ----------
    Krizhevsky, Sutskever and Hinton (2012), section 5, with σ = 0.01.
    """
    shape = checks.sizes("shape", shape)
    mean = checks.scalar("mean", mean, -math.inf)
    std = checks.scalar("std", std)
    return drawn(lambda one: one.normal(mean, std, shape), rng, runs, dtype)


def uniform(
    shape: Sequence[int],
    rng: Generators,
    a: float = 0.0,
    b: float = 1.0,
    runs: int | None = None,
    dtype: Float = np.float64,
) -> Array:
    """Entries w ~ U(a, b), of variance (b − a)²/12; parameters otherwise as of ``normal``.

    Examples
    --------
    >>> w = uniform((100, 100), np.random.default_rng(0), -0.6, 0.6)
    >>> bool(abs(w).max() <= 0.6), bool(abs(w.var() - 1.2**2 / 12) < 2e-3)
    (True, True)

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), section 4.6.
    """
    shape = checks.sizes("shape", shape)
    a, b = inputs.bounds(a, b)
    return drawn(lambda one: one.uniform(a, b, shape), rng, runs, dtype)


def truncated_normal(
    shape: Sequence[int],
    rng: Generators,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    runs: int | None = None,
    dtype: Float = np.float64,
) -> Array:
    """Entries of N(μ, σ²) that lie in [a, b]: those outside are drawn again, not clipped.

    Parameters
    ----------
    mean, std : of the distribution *before* it is cut; std > 0
    a, b : where it is cut, a < b: weights themselves, as in PyTorch, no multiples of ``std``
    shape, rng, runs, dtype : as of ``normal``

    Notes
    -----
    Cut at ±2σ the standard deviation is 0.880 σ. With PyTorch's defaults and a small ``std``, say
    0.02, the bounds ±2 are a hundred σ away and nothing is cut.

    Examples
    --------
    >>> w = truncated_normal((100, 100), np.random.default_rng(0))
    >>> bool(abs(w).max() <= 2), round(float(w.std()), 2)
    (True, 0.88)
    """
    shape = checks.sizes("shape", shape)
    mean = checks.scalar("mean", mean, -math.inf)
    std = checks.scalar("std", std, low_open=True)
    a, b = inputs.bounds(a, b)
    inputs.near(mean, std, a, b)

    def draw(one: np.random.Generator) -> Array:
        return truncated(one, math.prod(shape), mean, std, a, b).reshape(shape)

    return drawn(draw, rng, runs, dtype)


def truncated(
    rng: np.random.Generator,
    size: int,
    mean: float,
    std: float,
    a: float,
    b: float,
) -> Array:
    """Rejection: propose, keep what lies inside, propose again for the rest.

    Where [a, b] holds little of the normal distribution the proposals are uniform on it, kept with
    a probability as the density, and what is e⁻⁴⁰ times as likely as the likeliest is left out.
    """
    z_a, z_b = (a - mean) / std, (b - mean) / std
    inside = math.erf(z_b / math.sqrt(2)) - math.erf(z_a / math.sqrt(2))
    peak = min(max(z_a, 0.0), z_b)  # the likeliest z
    reach = math.hypot(peak, math.sqrt(80))  # z² / 2 is larger by 40
    low, high = max(z_a, -reach), min(z_b, reach)
    z, todo = np.empty(size), np.arange(size)
    while todo.size:
        if inside > 0.6:  # twice the probability
            x = rng.standard_normal(todo.size)
            kept = (z_a <= x) & (x <= z_b)
        else:
            x = rng.uniform(low, high, todo.size)
            kept = rng.random(todo.size) < np.exp((peak**2 - x**2) / 2)
        z[todo] = x
        todo = todo[~kept]
    return np.clip(mean + std * z, a, b)  # against the last rounding


def xavier_normal(
    shape: Sequence[int],
    rng: Generators,
    gain: float = 1.0,
    runs: int | None = None,
    dtype: Float = np.float64,
) -> Array:
    r"""Glorot's initialization, w ~ N(0, σ²): between what the two directions of a layer ask for.

    .. math:: \sigma = g \sqrt{2 / (n_{in} + n_{out})}

    Parameters
    ----------
    shape : (out, in, *kernel), at least two axes
    gain : g > 0, see ``calculate_gain``
    rng, runs, dtype : as of ``normal``

    Examples
    --------
    >>> w = xavier_normal((300, 500), np.random.default_rng(0))
    >>> round(float(w.std()), 3)  # √(2/800)
    0.05

    References
    ----------
    Glorot and Bengio (2010), eq. 12.
    """
    return normal(shape, rng, 0.0, xavier_std(shape, gain), runs, dtype)


def xavier_uniform(
    shape: Sequence[int],
    rng: Generators,
    gain: float = 1.0,
    runs: int | None = None,
    dtype: Float = np.float64,
) -> Array:
    """Glorot's initialization as it was printed: uniform on ±√3 σ, with the σ of ``xavier_normal``.

    Examples
    --------
    >>> w = xavier_uniform((3, 3), np.random.default_rng(0))
    >>> bool(abs(w).max() < 1)  # √(6/(3 + 3))
    True

    References
    ----------
    Glorot and Bengio (2010), eq. 16.
    """
    bound = uniform_bound(xavier_std(shape, gain))
    return uniform(shape, rng, -bound, bound, runs, dtype)


def kaiming_normal(
    shape: Sequence[int],
    rng: Generators,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    runs: int | None = None,
    dtype: Float = np.float64,
) -> Array:
    r"""He's initialization, w ~ N(0, σ²): for layers behind which ReLU keeps half of all squares.

    .. math:: \sigma = \sqrt{2 / ((1 + a^2)\, n)}, \quad n = n_{in} \text{ or } n_{out}

    Parameters
    ----------
    shape : (out, in, *kernel), at least two axes
    a : slope of a leaky ReLU below 0
    mode : "fan_in" keeps the scale on the way forward, "fan_out" on the way back
    nonlinearity : a name that ``calculate_gain`` knows; as it is a ReLU, with its slope ``a`` of 0
    rng, runs, dtype : as of ``normal``

    Notes
    -----
    Nothing is truncated, as in PyTorch; Keras's ``he_normal`` is cut at two standard deviations.

    Examples
    --------
    >>> w = kaiming_normal((500, 200), np.random.default_rng(0))
    >>> round(float(w.std()), 3)  # √(2/200)
    0.1

    References
    ----------
    He, Zhang, Ren and Sun (2015), eq. 10, 14 and 15.
    """
    std = kaiming_std(shape, a, mode, nonlinearity)
    return normal(shape, rng, 0.0, std, runs, dtype)


def kaiming_uniform(
    shape: Sequence[int],
    rng: Generators,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    runs: int | None = None,
    dtype: Float = np.float64,
) -> Array:
    """He's initialization, uniform on ±√3 σ with the σ of ``kaiming_normal``.

    Notes
    -----
    With a = √5 the bound is 1/√n, which is how PyTorch draws the weights of a linear layer: a third
    of the variance that a linear layer needs, a sixth of He's.

    Examples
    --------
    >>> w = kaiming_uniform((50, 6), np.random.default_rng(0))
    >>> bool(abs(w).max() < 1)  # √(6/6)
    True
    """
    bound = uniform_bound(kaiming_std(shape, a, mode, nonlinearity))
    return uniform(shape, rng, -bound, bound, runs, dtype)
