"""Networks that train with dropout."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import dlcourse.scratch
from dlcourse import checks
from dlcourse.arrays import Generators, run_generators


def dropout_mlp(
    sizes: Sequence[int],
    rng: Generators,
    p: Any = 0.5,
    p_input: Any = 0.0,
    activation: str = "relu",
    runs: int | None = None,
    dtype: npt.DTypeLike = np.float64,
    init: Any = None,
    room: Any = dlcourse.scratch,
) -> Any:
    """An ``MLP`` with dropout behind each hidden activation, none behind the output.

    Parameters
    ----------
    sizes, rng, activation, runs, dtype, init : as in ``MLP``; the same weights are drawn, and what
        draws batches with ``rng`` afterwards draws the same
    p : probability of *dropping* a hidden unit; a number, or (runs,) or (runs, 1), as ``sweep``
        hands it over
    p_input : likewise, of an input; there is no such layer if it is the number 0
    room : ``dlcourse.scratch`` or ``dlcourse.reference``

    Examples
    --------
    >>> net = dropout_mlp([2, 3, 1], np.random.default_rng(0), p_input=0.2)
    >>> [type(layer).__name__ for layer in net.layers]
    ['Dropout', 'Linear', 'ReLU', 'Dropout', 'Linear']
    """
    models = importlib.import_module(f"{room.__name__}.models")
    kinds = importlib.import_module(f"{room.__name__}.regularization")
    generators: Any = run_generators(rng, runs)
    bare = models.MLP(sizes, generators, activation, runs, dtype, init=init)
    layers: list[Any] = []
    for linear, active in zip(bare.layers[::2], bare.layers[1::2], strict=False):
        layers += [linear, active, kinds.Dropout(p, rng=generators, runs=runs)]
    if np.ndim(p_input) or p_input:
        rate = checks.number("p_input", p_input, 0, 1, high_open=True)
        layers.insert(0, kinds.Dropout(rate, rng=generators, runs=runs))
    return models.Sequential(*layers, bare.layers[-1])
