"""Networks whose layers are given inputs that wander while they train, and how far inputs drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, data
from dlcourse.arrays import Array, Generators
from dlcourse.problems.deep import Whole
from dlcourse.problems.normalized import normed_mlp
from dlcourse.scratch.layers import Layer, Linear
from dlcourse.scratch.models import MLP
from dlcourse.scratch.normalization import BatchNorm

SIZES = (64, *[16] * 8, 10)
"""Eight hidden layers: the network of the lesson *why*."""


class Wander(Layer):
    r"""Shift and stretch every unit by amounts that change at each training step.

    .. math:: y = e^{s z_t} x + s z'_t, \qquad z_{t+1} = \rho z_t + \sqrt{1 - \rho^2}\,\xi_t

    z and z' are standard normal, one each a unit, the same for all samples of a step. In
    evaluation nothing happens.

    Parameters
    ----------
    size : s >= 0, how far; an array goes with the runs axis as (runs, 1, 1)
    rng : one generator, which draws for all units of all runs
    memory : ρ in [0, 1): 0 draws anew at each step, 0.97 wanders with a memory of about 30 steps
    wide : runs whose inputs may be shared, (n, d); None: the inputs have their runs axis, or none

    Examples
    --------
    >>> layer = Wander(0.5, np.random.default_rng(0))
    >>> x = np.ones((3, 2))
    >>> y = layer.forward(x, training=True)
    >>> bool((y == y[0]).all()), bool((layer.forward(x) == x).all())
    (True, True)
    """

    def __init__(
        self, size: Any, rng: np.random.Generator, memory: float = 0.97, wide: int | None = None
    ) -> None:
        super().__init__()
        self.size, self.rng = checks.number("size", size, 0), rng
        self.memory = float(checks.number("memory", memory, 0, 1, high_open=True))
        self.wide = wide
        self.z: Any = None
        self.training = False

    def forward(self, x: Array, training: bool = False) -> Array:
        self.training = training
        return super().forward(x, training)

    def pair(self, x: Array) -> tuple[Array, Any]:
        if not self.training:
            return x, 1.0
        lead = x.shape[:-2] if self.wide is None else (self.wide,)
        fresh = self.rng.standard_normal((2, *lead, 1, x.shape[-1]))
        far = np.sqrt(1 - self.memory**2)
        self.z = fresh if self.z is None else self.memory * self.z + far * fresh
        log_stretch, shift = (self.size * self.z).astype(x.dtype)
        stretch = np.exp(log_stretch)
        return x * stretch + shift, stretch

    def pair_backward(self, dy: Array, cache: Any) -> Array:
        return np.asarray(dy * cache)


def unit_digits(dtype: npt.DTypeLike = np.float64) -> tuple[Any, Any, Any]:
    """The digits' three sets, less the mean of the training images, in units of what is left.

    >>> (x, y), _, _ = unit_digits()
    >>> x.shape, bool(abs(x.mean(axis=0)).max() < 1e-6), round(float((x**2).mean()), 3)
    ((896, 64), True, 1.0)
    """
    digits = data.load("digits")
    mean = digits.train.x.mean(axis=0)
    unit = np.sqrt(np.square(digits.train.x - mean).mean())
    sets = (digits.train, digits.validation, digits.test)
    train, val, test = [(((x - mean) / unit).astype(dtype), y) for x, y in sets]
    return train, val, test


def wandering_mlp(
    rng: Generators,
    runs: int | None = None,
    norm: str = "none",
    size: Any = 0.0,
    memory: float = 0.97,
    sizes: Sequence[int] = SIZES,
    dtype: npt.DTypeLike = np.float64,
    **settings: Any,
) -> Whole:
    """A tanh network whose hidden units wander, after the normalization and before the tanh.

    Parameters
    ----------
    rng, runs, norm, sizes, dtype, settings : as in ``normed_mlp``; weights as PyTorch draws them
    size, memory : of ``Wander``; a size of 0 adds no such layer

    Examples
    --------
    >>> net = wandering_mlp(np.random.default_rng(0), size=0.3, norm="batch", sizes=[2, 3, 1])
    >>> [type(layer).__name__ for layer in net.layers]
    ['Linear', 'BatchNorm', 'Wander', 'Tanh', 'Linear']
    """
    net = normed_mlp(sizes, rng, norm, activation="tanh", runs=runs, dtype=dtype, **settings)
    layers: list[Layer] = []
    for layer in net.layers:
        if np.any(size) and type(layer).__name__ == "Tanh":
            layers.append(Wander(size, np.random.default_rng((7, len(layers))), memory))
        layers.append(layer)
    return Whole(*layers)


def even_start(net: Any, x: Array) -> None:
    """Set the hidden layers' weights and biases once: on ``x`` every unit has mean 0, variance 1.

    >>> net, x = wandering_mlp([np.random.default_rng(0)], 1, sizes=[64, 5, 3]), unit_digits()[0][0]
    >>> even_start(net, x)
    >>> z = net.layers[0].forward(x)
    >>> bool(abs(z.mean(-2)).max() < 1e-5), bool(abs(z.std(-2) - 1).max() < 1e-5)
    (True, True)
    """
    for layer in net.layers[:-1]:
        if isinstance(layer, Linear):
            z = layer.forward(x)
            mean, std = z.mean(axis=-2), z.std(axis=-2)
            layer.params["weight"] /= std[..., None]
            layer.params["bias"] -= mean
            layer.params["bias"] /= std
        x = layer.forward(x, True)


def evenly_started(rng: Generators, runs: int | None = None, **settings: Any) -> Whole:
    """``wandering_mlp`` with the ``even_start`` that the training images give it."""
    net = wandering_mlp(rng, runs, **settings)
    even_start(net, unit_digits()[0][0])
    return net


def moving_digits(dtype: npt.DTypeLike = np.float32) -> tuple[Array, Array]:
    """The training images' pixels that are not nearly always alike, each with mean 0, variance 1.

    >>> moving_digits()[0].shape
    (896, 51)
    """
    x, y = unit_digits(np.float64)[0]
    x = x[:, x.std(axis=0) > 0.2]
    return (x / x.std(axis=0)).astype(dtype), y


def moving_mlp(
    rng: Generators, runs: int | None = None, size: Any = 0.0, norm: bool = False
) -> Whole:
    """A small tanh network for ``moving_digits`` whose inputs wander, and nothing else does.

    Parameters
    ----------
    size : of ``Wander``
    norm : whether the inputs are normalized over the batch after they have wandered

    Examples
    --------
    >>> net = moving_mlp(np.random.default_rng(0), size=0.25, norm=True)
    >>> [type(layer).__name__ for layer in net.layers[:3]]
    ['Wander', 'BatchNorm', 'Linear']
    """
    net = MLP([51, 16, 16, 10], rng, "tanh", runs, np.float32)
    front: list[Layer] = [Wander(size, np.random.default_rng(5), wide=runs)]
    if norm:
        front.append(BatchNorm(51, affine=False, runs=runs, dtype=np.float32))
    return Whole(*front, *net.layers)


def layer_inputs(net: Any, x: Array) -> list[Array]:
    """What every linear layer but the first is given, (runs, n, d) each, in training."""
    found = []
    for layer in net.layers:
        if isinstance(layer, Linear):
            found.append(x)
        x = layer.forward(x, True)
    return found[1:]


def drift(before: Sequence[Array], after: Sequence[Array]) -> dict[str, Array]:
    """How far the inputs of layers have moved: their means, and their sizes.

    Parameters
    ----------
    before, after : of each layer the inputs (runs, n, d) for the same n samples

    Returns
    -------
    ``shift``, |change of the mean| / std before, and ``stretch``, |change of log std|: of the
    middle one of all units, one a run

    Examples
    --------
    >>> x = np.array([[[-1.0], [1.0]]])
    >>> {name: float(far[0].round(3)) for name, far in drift([x], [2 * x + 0.5]).items()}
    {'shift': 0.5, 'stretch': 0.693}
    """
    shift, stretch = [], []
    for old, new in zip(before, after, strict=True):
        std = old.std(axis=-2)
        shift.append(abs(new.mean(axis=-2) - old.mean(axis=-2)) / std)
        stretch.append(abs(np.log(new.std(axis=-2) / std)))
    moved = {"shift": shift, "stretch": stretch}
    return {name: np.median(np.concatenate(far, -1), axis=-1) for name, far in moved.items()}


def quantile_drift(before: Sequence[Array], after: Sequence[Array]) -> dict[str, Array]:
    """How far the distributions of units have moved, and how far apart two halves of one are.

    The distance is the mean distance of the quantiles (that of Wasserstein), in units of the
    standard deviation, the mean over units and layers: ``moved`` for all samples before and after,
    ``halves`` for every second sample after and the others.

    >>> x = np.array([[[-1.0], [-1.0], [1.0], [1.0]]])
    >>> quantile_drift([x], [x[:, ::-1] + 0.25])
    {'moved': array([0.25]), 'halves': array([0.])}
    """
    pairs = [*zip(before, after, strict=True)], [(h[:, ::2], h[:, 1::2]) for h in after]
    return dict(zip(("moved", "halves"), map(_apart, pairs), strict=True))


def _apart(pairs: Sequence[tuple[Array, Array]]) -> Array:
    far = []
    for old, new in pairs:
        gap = abs(np.sort(new, axis=-2) - np.sort(old, axis=-2)).mean(axis=-2)
        far.append((gap / old.std(axis=-2)).mean(axis=-1))
    return np.asarray(np.mean(far, axis=0))


def normed(net: Any, x: Array) -> list[Array]:
    """What every batch normalization says, (runs, n, d) each, in training."""
    found = []
    for layer in net.layers:
        x = layer.forward(x, True)
        if isinstance(layer, BatchNorm):
            found.append(x)
    return found
