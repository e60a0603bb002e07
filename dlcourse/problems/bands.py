"""Where theory expects the mean squares of signal and gradient, before any network is drawn.

With normal weights a layer's pre-activations are independent normal variables, given the layer
before, and all that matters of that layer is its mean square. So the logarithm of the mean square
makes steps whose mean and variance are integrals over one normal variable.
"""

from __future__ import annotations

import math
import statistics
from functools import partial
from typing import NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.problems.signals import gaussian_mean, second_moment, slope, squared_slope
from dlcourse.scratch.layers import Layer


class Band(NamedTuple):
    """Where theory expects the logarithm of a mean square, layer by layer: (layers,) each."""

    middle: Array
    spread: Array

    def edges(self, share: float = 0.9) -> tuple[Array, Array]:
        """The mean squares between which that share of all networks lies, at each layer.

        >>> low, high = Band(np.zeros(1), np.ones(1)).edges(0.95)
        >>> np.log([low, high]).round(2).ravel()
        array([-1.96,  1.96])
        """
        share = checks.number("share", share, 0, 1, high_open=True)
        reach = statistics.NormalDist().inv_cdf((1 + share) / 2) * self.spread
        return np.exp(self.middle - reach), np.exp(self.middle + reach)

    def holds(self, measured: Array, share: float = 0.9) -> Array:
        """Whether measured mean squares (..., layers) lie between the edges."""
        low, high = self.edges(share)
        return (low < measured) & (measured < high)


def log_average(m1: float, m2: float, m3: float, n: int) -> tuple[float, float]:
    r"""Mean and variance of the logarithm of an average of n values over what they are expected.

    .. math:: -\tfrac12 r + \tfrac13 s - \tfrac34 r^2, \qquad r - s + \tfrac52 r^2

    to the second order in 1 / n, with the relative variance r and the third relative cumulant s of
    the average.

    Parameters
    ----------
    m1, m2, m3 : E Y, E Y², E Y³ of one value Y
    n : how many independent ones are averaged

    Examples
    --------
    Y = ξ², ξ standard normal, sixty of them: the digamma and trigamma functions of 30 know better.

    >>> mean, variance = log_average(1.0, 3.0, 15.0, 60)
    >>> round(mean, 5), round(variance, 4)  # ψ(30) - log(30), ψ'(30)
    (-0.01676, 0.0339)
    """
    r = (m2 / m1**2 - 1) / n
    s = (m3 / m1**3 - 3 * m2 / m1**2 + 2) / n**2
    return -r / 2 + s / 3 - 3 * r**2 / 4, r - s + 5 * r**2 / 2


class Step(NamedTuple):
    """One layer in the logarithm y of the mean square.

    y becomes ``ahead`` plus ``pull`` times its deviation plus noise of variance ``noise``; the
    gradient's gains ``back`` plus ``sway`` times that deviation plus noise of variance ``echo``,
    and ``both`` is the covariance of the two noises, for they come from the same units.
    """

    ahead: float
    pull: float
    noise: float
    back: float
    sway: float
    echo: float
    both: float


def step(
    activation: Layer,
    gain: float,
    width: int,
    y: float,
    variance: float = 0.0,
) -> Step:
    """The step from a layer whose log mean square has mean ``y`` and that variance.

    The pre-activations are drawn from N(0, q), q = gain² eʸ. Forward they give the mean of f²,
    backward that of f'² times the square of a normal gradient.

    >>> from dlcourse.scratch.layers import ReLU
    >>> ahead, pull, noise, *_ = step(ReLU(), 2**0.5, 10_000, 0.0)
    >>> round(ahead, 6), round(pull, 6), round(noise, 6)  # -5/2n, 1, 5/n
    (-0.00025, 1.0, 0.0005)
    """
    q = gain**2 * np.exp(y + np.array([-H, 0, H]))
    f2, d2 = second_moment(activation, q), squared_slope(activation, q)
    forward, pull, bend = expanded(np.log(f2))
    back, sway, twist = expanded(np.log(gain**2 * d2))
    f, d = lambda z: activation.pair(z)[0], partial(slope, activation)
    mean, q, f2, d2 = partial(gaussian_mean, q=q[1]), q[1], f2[1], d2[1]
    f4, f6 = mean(lambda z: f(z) ** 4), mean(lambda z: f(z) ** 6)
    d4, d6 = mean(lambda z: d(z) ** 4), mean(lambda z: d(z) ** 6)
    lean, noise = log_average(f2, f4, f6, width)
    slip, echo = log_average(d2, 3 * d4, 15 * d6, width)
    both = (mean(lambda z: (f(z) * d(z)) ** 2) / (f2 * d2) - 1) / width
    ahead = forward + bend * variance / 2 + lean
    # Of the n directions of dz W the one along the layer's input knows z.
    along = mean(lambda z: (z * d(z)) ** 2) / (q * d2)
    back += twist * variance / 2 + slip + (along - 1) / width
    return Step(*map(float, (ahead, pull, noise, back, sway, echo, both)))


H = 1e-3


def expanded(values: Array) -> tuple[float, float, float]:
    """Value, first and second derivative from three values, ``H`` apart.

    >>> [round(float(one), 6) for one in expanded((1 + H * np.array([-1, 0, 1])) ** 2)]
    [1.0, 2.0, 2.0]
    """
    low, middle, high = values
    return middle, (high - low) / (2 * H), (high + low - 2 * middle) / H**2


def predict(
    activation: Layer, gain: float, width: int, depth: int, start: float = 1.0
) -> tuple[Band, Band]:
    """Bands for what ``measure`` finds in networks of one width: forward, backward.

    The weights are independent, normal, of variance gain² / width. ``start`` is the mean square of
    the input; the gradient comes in at the end with mean square 1.

    Notes
    -----
    A layer's logarithm is a linear combination of the noises so far, ``paths`` holds its
    coefficients. The gradient's adds up from the end: its own noises, and what those of the way
    forward change in the slopes.

    Examples
    --------
    >>> from dlcourse.scratch.layers import ReLU
    >>> forward, backward = predict(ReLU(), 2**0.5, 1000, 3)
    >>> forward.middle.round(4), (forward.spread**2).round(4)
    (array([-0.0025, -0.005 , -0.0075]), array([0.005 , 0.01  , 0.0151]))
    >>> (backward.spread**2).round(4)
    array([0.0151, 0.01  , 0.005 ])
    """
    steps: list[Step] = []
    paths, y = np.zeros((depth + 1, depth)), math.log(start)
    for k in range(depth):
        noise = np.array([one.noise for one in steps])
        now = step(activation, gain, width, y, float(paths[k, :k] ** 2 @ noise))
        paths[k + 1] = now.pull * paths[k]
        paths[k + 1, k] = 1
        steps.append(now)
        y = now.ahead
    ahead, _, noise, back, sway, echo, both = np.array(steps).T
    moved = sway[:, None] * paths[:-1]
    mixed = both * moved
    each = noise * moved @ moved.T + np.diag(echo) + mixed + mixed.T
    total = each[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    summed = back[::-1].cumsum()[::-1] - 2 * math.log(gain)  # the last layer has no W behind it
    forward = Band(ahead, np.sqrt(paths[1:] ** 2 @ noise))
    return forward, Band(summed, np.sqrt(np.diag(total)))
