"""A signal on its way through many layers and a gradient on its way back, and what lets them pass.

What is followed is the mean square over the units of a layer: of its activations forward, of the
gradient at its pre-activations backward. An activation is a layer of the package, as ``Tanh()``.
``bands`` says beforehand what ``measure`` will find.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from dlcourse.arrays import Array
from dlcourse.scratch.layers import Layer, Sigmoid


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


class CenteredSigmoid(Layer):
    """sigmoid(z) − ½ = ½ tanh(z / 2): the sigmoid, slopes and all, without its mean of one half.

    >>> CenteredSigmoid().forward(np.array([0.0, np.log(3)]))
    array([0.  , 0.25])
    """

    @staticmethod
    def pair(x: Array) -> tuple[Array, Any]:
        y, cache = Sigmoid.pair(x)
        return y - 0.5, cache

    pair_backward = staticmethod(Sigmoid.pair_backward)


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
        forward.append(x @ x / len(x))
        caches.append(cache)
        activations.append(x)
    for w, cache in zip(reversed(weights), reversed(caches), strict=True):
        dz = activation.pair_backward(dy, cache)
        backward.append(dz @ dz / len(dz))
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

    >>> from functools import partial
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
