"""Networks whose hidden layers are normalized, by a layer of ``normalization`` or a barer one."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

import dlcourse.scratch.normalization
from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers import Layer, Linear, ReLU
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import RMSNorm

NORMS = {
    "batch": "BatchNorm",
    "layer": "LayerNorm",
    "rms": "RMSNorm",
    "group": "GroupNorm",
}
"""What ``norm`` may be in ``normed_mlp``, with the layer's name in the room ``normalization``."""
GROUPS = 4
"""Groups of "group" unless ``num_groups`` is given."""


def normed_mlp(
    sizes: Sequence[int],
    rng: Generators,
    norm: Any = "batch",
    where: str = "before",
    activation: str = "relu",
    init: Any = None,
    runs: int | None = None,
    dtype: npt.DTypeLike = np.float64,
    room: Any = dlcourse.scratch,
    **settings: Any,
) -> Any:
    """An ``MLP`` with a normalization at each hidden layer, none at the output.

    Parameters
    ----------
    sizes, rng, activation, init, runs, dtype : as in ``MLP``; the same weights are drawn
    norm : "none", "batch", "layer", "rms", "group", or ``make(width, runs=…, dtype=…)``
    where : "before" or "after" the activation
    room : ``dlcourse.scratch`` or ``dlcourse.reference``
    settings : for the norm, as ``eps``; without "num_groups" there are 4 groups

    Examples
    --------
    >>> net = normed_mlp([2, 3, 1], np.random.default_rng(0), momentum=0.5)
    >>> [type(layer).__name__ for layer in net.layers]
    ['Linear', 'BatchNorm', 'ReLU', 'Linear']
    """
    checks.choice("where", where, ("before", "after"))
    make = _norm(norm, room, settings)
    models = importlib.import_module(f"{room.__name__}.models")
    bare = models.MLP(sizes, rng, activation, runs, dtype, init=init)
    layers: list[Any] = []
    for linear, active in zip(bare.layers[::2], bare.layers[1::2], strict=False):
        normed = [make(linear.shapes["bias"][0], runs=runs, dtype=dtype)] if make else []
        layers += [linear, *normed, active] if where == "before" else [linear, active, *normed]
    return models.Sequential(*layers, bare.layers[-1])


def _norm(norm: Any, room: Any, settings: dict[str, Any]) -> Any:
    """What makes the normalization of one hidden layer from its width; None if there is none."""
    if callable(norm):
        return partial(norm, **settings)
    checks.choice("norm", norm, ("none", *NORMS))
    if norm == "none":
        if settings:
            checks.fail("settings", "absent where norm is 'none'", settings)
        return None
    kinds = importlib.import_module(f"{room.__name__}.normalization")
    kind = getattr(kinds, NORMS[norm])
    if norm == "group":
        return partial(kind, settings.pop("num_groups", GROUPS), **settings)
    return partial(kind, **settings)


def normalize(x: Array) -> tuple[Array, Any]:
    """y = (x − mean) / std over the units of one layer, the last axis; nothing is added to the std.

    >>> y, _ = normalize(np.array([[1.0, 3.0]]))
    >>> y, normalize(100 * y)[0]
    (array([[-1.,  1.]]), array([[-1.,  1.]]))
    """
    y = x - _mean(x)
    std = np.sqrt(_mean(y, y))
    y /= std
    return y, (y, std)


def normalize_backward(dy: Array, cache: Any) -> Array:
    """dx = (dy − mean(dy) − y mean(dy y)) / std: what shifts or stretches x has no effect."""
    y, std = cache
    return (dy - _mean(dy) - y * _mean(dy, y)) / std


def _mean(a: Array, b: Any = 1.0) -> Array:
    """Mean of a b over the last axis: of so short ones ``vecdot`` is the quickest."""
    b = np.broadcast_to(np.asarray(b, dtype=a.dtype), a.shape)
    return np.asarray(np.vecdot(a, b) / a.shape[-1])[..., None]


class HalfOff(RMSNorm):
    """RMS normalization of x − ½: what sigmoids put out, moved so that 0 is in its middle.

    >>> HalfOff(2, eps=0.0).forward(np.array([[0.25, 0.75]]))
    array([[-1.,  1.]])
    """

    def pair(self, x: Array) -> tuple[Array, Any]:
        return super().pair(x - 0.5)


class Normalize(Layer):
    """``normalize`` as a layer."""

    pair = staticmethod(normalize)
    pair_backward = staticmethod(normalize_backward)


def normalized_network(
    sizes: Sequence[int],
    rng: Generators,
    init: Any,
    runs: int | None = None,
    dtype: npt.DTypeLike = np.float64,
) -> Sequential:
    """An ``MLP`` of ReLUs, with ``Normalize`` between each hidden layer and its ReLU.

    >>> from dlcourse.scratch.initialization import normal
    >>> net = normalized_network([2, 3, 1], np.random.default_rng(0), normal)
    >>> [type(layer).__name__ for layer in net.layers]
    ['Linear', 'Normalize', 'ReLU', 'Linear']
    """
    rngs, layers = run_generators(rng, runs), []
    for d, k in pairwise(sizes):
        layers += [Linear(d, k, rng=rngs, runs=runs, dtype=dtype, init=init), Normalize(), ReLU()]
    return Sequential(*layers[:-2])


def when_scaled(network: Sequential, a: float, x: Array) -> list[Array]:
    """Outputs for ``x``, and a times the gradients, with all weights but the last multiplied by a.

    The last layer is not normalized. The gradient comes in as the cosine of the outputs; any would
    do. Nothing of what is returned depends on a > 0 if each layer is normalized and no bias is
    added before.

    >>> from dlcourse.scratch.initialization import normal
    >>> twice = [normalized_network([3, 4, 1], np.random.default_rng(0), normal) for _ in range(2)]
    >>> one, two = (when_scaled(net, a, np.eye(3)) for net, a in zip(twice, (1.0, 8.0)))
    >>> len(one), [bool(np.allclose(new, old)) for new, old in zip(two, one)]
    (2, [True, True])
    """
    scaled = [name for name in network.params if "weight" in name][:-1]
    for name in scaled:
        network.params[name][...] *= a
    out = network.forward(x)
    network.backward(np.cos(out))
    return [out, *(a * network.grads[name] for name in scaled)]
