"""Symmetries of a network: other weights that compute the same function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import geometry
from dlcourse.arrays import Array
from dlcourse.scratch.layers import (
    GELU,
    AvgPool2d,
    Conv2d,
    Flatten,
    GlobalAvgPool2d,
    LeakyReLU,
    Linear,
    MaxPool2d,
    ReLU,
    Sigmoid,
    Tanh,
)

WEIGHTED = (Linear, Conv2d)
MEANS = (AvgPool2d, GlobalAvgPool2d, Flatten)
"""Layers that pass on any factor of a unit."""
POSITIVE = (ReLU, LeakyReLU, MaxPool2d, *MEANS)
ODD = (Tanh, *MEANS)
APART = (ReLU, LeakyReLU, Tanh, Sigmoid, GELU, MaxPool2d, *MEANS)


def permute_units(
    model: Any, theta: Array, permutations: Sequence[npt.ArrayLike | None]
) -> Array:  # fmt: skip
    r"""Renumber the units of every hidden layer; the network computes what it did.

    .. math:: W_l \leftarrow P_l W_l, \qquad b_l \leftarrow P_l b_l, \qquad
              W_{l+1} \leftarrow W_{l+1} P_l^\top

    Parameters
    ----------
    model : a row of Linear or Conv2d layers with activations between, as ``MLP``; not changed
    theta : its parameters, (d,) or (runs, d)
    permutations : for each hidden layer (units,) or (runs, units): new unit i is the old unit
        ``permutations[l][i]``. None leaves a layer as it is

    Returns
    -------
    A new array, shaped as ``theta``

    Notes
    -----
    A layer of k units has k! orders. Whatever is between the weights has to treat all units alike;
    a residual connection would tie the orders of two layers together and is refused.

    Examples
    --------
    >>> from dlcourse.scratch.models import MLP
    >>> model = MLP([1, 2, 1], np.random.default_rng(0))
    >>> permute_units(model, np.array([1.0, 2.0, 10.0, 20.0, 5.0, 6.0, 7.0]), [[1, 0]])
    array([ 2.,  1., 20., 10.,  6.,  5.,  7.])

    References
    ----------
    Hecht-Nielsen (1990); the letters are those of Ainsworth et al. (2023), section 2.
    Lesson: surface.
    """
    hidden = geometry.hidden_layers(model, WEIGHTED, APART)
    geometry.vector_of(model, "theta", theta, np.ndarray)
    name, check = "permutations", geometry.permutation
    given = geometry.one_a_layer(name, permutations, hidden, theta, check)
    found = theta.copy()
    for rows, columns, p in _moved(model, found, hidden, given):
        for part in rows:
            part[...] = np.take_along_axis(part, p[..., None], -2)
        columns[...] = np.take_along_axis(columns, p[..., None, :, None], -2)
    return found


def flip_signs(model: Any, theta: Array, signs: Sequence[npt.ArrayLike | None]) -> Array:
    r"""Turn units around: an odd activation, as tanh, passes the sign on to the next weights.

    .. math:: \tanh(-z) = -\tanh z: \qquad W_l \leftarrow S_l W_l, \qquad
              b_l \leftarrow S_l b_l, \qquad W_{l+1} \leftarrow W_{l+1} S_l, \qquad
              S_l = \operatorname{diag}(\pm 1)

    Parameters
    ----------
    model, theta : as of ``permute_units``, with tanh, or nothing, between the weights
    signs : for each hidden layer (units,) or (runs, units) of 1 and -1; None: all 1

    Returns
    -------
    A new array, shaped as ``theta``

    Examples
    --------
    >>> from dlcourse.scratch.models import MLP
    >>> model = MLP([1, 2, 1], np.random.default_rng(0), "tanh")
    >>> flip_signs(model, np.array([1.0, 2.0, 10.0, 20.0, 5.0, 6.0, 7.0]), [[1, -1]])
    array([  1.,  -2.,  10., -20.,   5.,  -6.,   7.])

    References
    ----------
    Chen, Lu and Hecht-Nielsen (1993); Sussmann (1992): with the permutations these are all
    symmetries of a minimal tanh network with one hidden layer. Lesson: surface.
    """
    hidden = geometry.hidden_layers(model, WEIGHTED, ODD, "signs")
    geometry.vector_of(model, "theta", theta, np.ndarray)
    given = geometry.one_a_layer("signs", signs, hidden, theta, geometry.signs)
    return _scaled(model, theta, hidden, given)


def rescale_units(model: Any, theta: Array, factors: Sequence[npt.ArrayLike | None]) -> Array:
    r"""Make what enters a unit larger and what leaves it smaller: ReLU passes a > 0 on.

    .. math:: \max(a z, 0) = a \max(z, 0): \qquad W_l \leftarrow A_l W_l, \qquad
              b_l \leftarrow A_l b_l, \qquad W_{l+1} \leftarrow W_{l+1} A_l^{-1}, \qquad
              A_l = \operatorname{diag}(a), \; a > 0

    Parameters
    ----------
    model, theta : as of ``permute_units``, with ReLU, leaky ReLU or nothing between the weights
    factors : for each hidden layer a > 0, (units,) or (runs, units); None: all 1

    Returns
    -------
    A new array, shaped as ``theta``

    Notes
    -----
    The same function, but other curvature, other gradients, other lengths: no measure that this
    changes can tell by itself how well a network generalizes.

    Examples
    --------
    >>> from dlcourse.scratch.models import MLP
    >>> model = MLP([1, 2, 1], np.random.default_rng(0))
    >>> rescale_units(model, np.array([1.0, 2.0, 10.0, 20.0, 5.0, 6.0, 7.0]), [[1, 4]])
    array([ 1. ,  8. , 10. , 80. ,  5. ,  1.5,  7. ])

    References
    ----------
    Neyshabur, Salakhutdinov and Srebro (2015); Dinh et al. (2017), the α-scale transformation.
    Lesson: sharp-and-flat.
    """
    hidden = geometry.hidden_layers(model, WEIGHTED, POSITIVE, "factors")
    geometry.vector_of(model, "theta", theta, np.ndarray)
    given = geometry.one_a_layer("factors", factors, hidden, theta, geometry.factors)
    return _scaled(model, theta, hidden, given)


def _scaled(model: Any, theta: Array, hidden: Any, given: Sequence[Any]) -> Array:
    found = theta.copy()
    for rows, columns, a in _moved(model, found, hidden, given):
        for part in rows:
            part *= a[..., None]
        columns /= a[..., None, :, None]
    return found


def _moved(model: Any, theta: Array, hidden: Any, given: Sequence[Any]) -> Iterator[Any]:
    """For each layer that changes: its rows (..., units, -1), the columns (..., k, units, -1) of
    the next one, both views of ``theta``, and what is given for it.
    """
    parts, lead = model.unflatten(theta), theta.shape[:-1]
    for layer, change in zip(hidden, given, strict=True):
        if change is not None:
            rows = [parts[name].reshape(*lead, layer.units, -1) for name in layer.incoming]
            after = parts[layer.outgoing]
            k = after.shape[len(lead)]
            yield rows, after.reshape(*lead, k, layer.units, -1), change
