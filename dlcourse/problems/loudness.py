"""Vectors of two kinds that point anywhere: the only difference is how long they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers import Linear, ReLU
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm, LayerNorm, RMSNorm

NORMS = {"layer": LayerNorm, "rms": RMSNorm, "batch": BatchNorm}
SIZE = 16


def soft_and_loud(rng: np.random.Generator, n: int, times: float = 3.0) -> tuple[Array, Array]:
    """x (n, 16), standard normal where y = 0 and ``times`` that where y = 1.

    >>> x, y = soft_and_loud(np.random.default_rng(0), 1000)
    >>> bool(2.9 < x[y == 1].std() / x[y == 0].std() < 3.1)
    True
    """
    y = rng.integers(0, 2, n)
    x = rng.normal(size=(n, SIZE)) * np.where(y, times, 1.0)[:, None]
    return x.astype(np.float32), y


def listener(
    rng: Generators,
    runs: int | None = None,
    *,
    norm: str = "layer",
    bias: bool = False,
    dtype: npt.DTypeLike = np.float32,
) -> Sequential:
    """Two hidden layers of 32 ReLUs, each normalized before its ReLU, and two outputs.

    Parameters
    ----------
    rng, runs, dtype : as in ``MLP``
    norm : "layer", "rms", "batch" or "none"
    bias : whether something is added to the hidden layers before they are normalized; the output
        has a bias in any case

    >>> net = listener(np.random.default_rng(0), norm="none")
    >>> [type(layer).__name__ for layer in net.layers]
    ['Linear', 'ReLU', 'Linear', 'ReLU', 'Linear']
    """
    checks.choice("norm", norm, ("none", *NORMS))
    rngs, made = run_generators(rng, runs), dict[str, Any](runs=runs, dtype=dtype)
    layers: list[Any] = []
    for into in (SIZE, 32):
        layers += [Linear(into, 32, bias, rng=rngs, **made)]
        layers += [NORMS[norm](32, **made)] if norm != "none" else []
        layers += [ReLU()]
    return Sequential(*layers, Linear(32, 2, rng=rngs, **made))
