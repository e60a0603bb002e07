"""Networks whose weights do not begin at the size that is drawn by default."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.scratch.models import MLP


def he_network(sizes: list[int], rng: Any, runs: int | None = None, gain: Any = 1.0) -> MLP:
    """A float32 MLP whose weights have the variance ``2 gain² / inputs`` of He and others.

    ``MLP`` draws weights and biases uniformly, with the variance 1 / (3 inputs). The biases begin
    at zero.

    >>> net = he_network([64, 32, 10], np.random.default_rng(0))
    >>> weights = net.theta[net.slices["0.weight"]]
    >>> round(float(weights.var()) * 64, 1)
    2.0
    """
    net = MLP(sizes, rng, runs=runs, dtype=np.float32)
    for name, part in net.slices.items():
        net.theta[..., part] *= gain * np.sqrt(6) if name.endswith("weight") else 0
    return net
