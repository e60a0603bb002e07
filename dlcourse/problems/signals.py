"""A signal on its way through many layers and a gradient on its way back: measured, and predicted.

What is followed is the mean square over the units of a layer: of its activations forward, of the
gradient at its pre-activations backward. An activation is a layer of the package, as ``Tanh()``.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.layers import Layer


@functools.cache
def _quadrature() -> tuple[Array, Array]:
    """Nodes and weights for a mean over N(0, 1), each side of 0 by itself: there may be a kink."""
    x, w = np.polynomial.legendre.leggauss(160)
    x = 5 * (x + 1)  # beyond 10 lies 1e-23
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return np.concatenate([-x, x]), np.tile(5 * w * density, 2)


def gaussian_mean(f: Callable[[Array], Array], q: Any = 1.0) -> Any:
    """E f(z) for z ~ N(0, q), by quadrature; ``q`` is a number or an array.

    >>> float(round(gaussian_mean(lambda z: z**4, 2.0), 10))  # 3 q²
    12.0
    """
    nodes, weights = _quadrature()
    return f(np.sqrt(np.asarray(q))[..., None] * nodes) @ weights


def slope(activation: Layer, z: Array) -> Array:
    """The derivative of an activation at ``z``."""
    return activation.pair_backward(np.ones_like(z), activation.pair(z)[1])


def second_moment(activation: Layer, q: Any = 1.0) -> Any:
    """E f(z)² for z ~ N(0, q): what an activation lets through.

    >>> from dlcourse.scratch.layers import ReLU
    >>> float(round(second_moment(ReLU(), 2.0), 10))  # half of it
    1.0
    """
    return gaussian_mean(lambda z: activation.pair(z)[0] ** 2, q)


def squared_slope(activation: Layer, q: Any = 1.0) -> Any:
    """E f'(z)² for z ~ N(0, q): what an activation lets back.

    >>> from dlcourse.scratch.layers import ReLU
    >>> float(round(squared_slope(ReLU(), 2.0), 10))
    0.5
    """
    return gaussian_mean(lambda z: slope(activation, z) ** 2, q)


def there_and_back(
    weights: Sequence[Array],
    x: Array,
    dy: Array,
    activation: Layer,
) -> tuple[Array, Array, list[Array]]:
    """Mean squares on the way through layers a = f(W a), and of the gradient on the way back.

    Parameters
    ----------
    weights : matrices (n_l, n_{l-1}), the first layer's first
    x : input (n_0,)
    dy : gradient (n_L,) at the last layer's activations

    Returns
    -------
    forward, backward : arrays (L,), of aˡ and of the gradient at zˡ, for l = 1 … L
    activations : the L arrays aˡ

    Examples
    --------
    >>> from dlcourse.scratch.layers import ReLU
    >>> two = [np.array([[3.0], [-1.0]]), np.array([[2.0, 5.0]])]
    >>> there_and_back(two, np.ones(1), np.ones(1), ReLU())[:2]  # 3² / 2, 6²; 2² / 2, 1
    (array([ 4.5, 36. ]), array([2., 1.]))
    """
    forward, backward, caches, activations = [], [], [], []
    for w in weights:
        x, cache = activation.pair(w @ x)
        forward.append(np.mean(x**2))
        caches.append(cache)
        activations.append(x)
    for w, cache in zip(reversed(weights), reversed(caches), strict=True):
        dz = activation.pair_backward(dy, cache)
        backward.append(np.mean(dz**2))
        dy = dz @ w
    return np.array(forward), np.array(backward[::-1]), activations


def measure(
    activation: Layer,
    init: Callable[..., Array],
    sizes: Sequence[int],
    rngs: Sequence[np.random.Generator],
) -> tuple[Array, Array]:
    """``there_and_back`` for one network a generator: two arrays (runs, layers).

    The input is drawn from N(0, 1) and scaled to mean square 1, the gradient from N(0, 1).

    Parameters
    ----------
    init : function of shape and rng, as ``kaiming_normal``
    sizes : widths, inputs first

    Examples
    --------
    >>> from dlcourse.scratch.initialization import kaiming_normal
    >>> from dlcourse.scratch.layers import ReLU
    >>> rngs = np.random.default_rng(0).spawn(2)
    >>> forward, backward = measure(ReLU(), kaiming_normal, [500] * 4, rngs)
    >>> forward.shape, bool(np.all(abs(forward - 1) < 0.5))
    ((2, 3), True)
    """
    found = []
    for rng in rngs:
        weights = [init((k, d), rng=rng) for d, k in pairwise(sizes)]
        x = rng.standard_normal(sizes[0])
        x /= np.sqrt(np.mean(x**2))
        dy = rng.standard_normal(sizes[-1])
        found.append(there_and_back(weights, x, dy, activation)[:2])
    forward, backward = map(np.array, zip(*found, strict=True))
    return forward, backward


def saturated(
    activation: Layer,
    init: Callable[..., Array],
    sizes: Sequence[int],
    rngs: Sequence[np.random.Generator],
    share: float = 0.1,
) -> Array:
    """Of each network, the part of its last layer whose slope is below that share of the steepest.

    >>> from dlcourse.scratch.initialization import constant
    >>> from dlcourse.scratch.layers import Tanh
    >>> rngs = [np.random.default_rng(0)] * 2
    >>> saturated(Tanh(), partial(constant, val=90.0), [1, 4], rngs)
    array([1., 1.])
    """
    steepest = slope(activation, np.linspace(-3, 3, 601)).max()
    found = []
    for rng in rngs:
        x = rng.standard_normal(sizes[0])
        for d, k in pairwise(sizes):
            z = init((k, d), rng=rng) @ x
            x = activation.pair(z)[0]
        found.append(np.mean(slope(activation, z) < share * steepest))
    return np.array(found)


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


class Step(NamedTuple):
    """One layer in the logarithm y of the mean square, to first order in 1 / width.

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
    >>> ahead, pull, noise, *_ = step(ReLU(), 2**0.5, 100, 0.0)
    >>> round(ahead, 6), round(pull, 6), round(noise, 6)  # -5/2n, 1, 5/n
    (-0.025, 1.0, 0.05)
    """
    q = gain**2 * np.exp(y + np.array([-H, 0, H]))
    f2, d2 = second_moment(activation, q), squared_slope(activation, q)
    forward, pull, bend = expanded(np.log(f2))
    back, sway, twist = expanded(np.log(gain**2 * d2))
    f, d = lambda z: activation.pair(z)[0], partial(slope, activation)
    mean, q, f2, d2 = partial(gaussian_mean, q=q[1]), q[1], f2[1], d2[1]
    noise = (mean(lambda z: f(z) ** 4) / f2**2 - 1) / width
    echo = (3 * mean(lambda z: d(z) ** 4) / d2**2 - 1) / width
    both = (mean(lambda z: (f(z) * d(z)) ** 2) / (f2 * d2) - 1) / width
    ahead = forward + (bend * variance - noise) / 2
    # Of the n directions of dz W the one along the layer's input knows z.
    along = mean(lambda z: (z * d(z)) ** 2) / (q * d2)
    back += (twist * variance - echo) / 2 + (along - 1) / width
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
    >>> forward, backward = predict(ReLU(), 2**0.5, 100, 3)
    >>> forward.middle.round(3), (forward.spread**2).round(3)
    (array([-0.025, -0.05 , -0.075]), array([0.05, 0.1 , 0.15]))
    >>> (backward.spread**2).round(3)
    array([0.15, 0.1 , 0.05])
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
