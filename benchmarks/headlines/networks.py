"""The network that two of the experiments train."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from benchmarks.headlines.frame import Room


def normed_relu(room: Room, sizes: Sequence[int], rng: Any, runs: int) -> Any:
    """Rectifiers with batch normalization before each, weights by He's rule."""
    own: dict[str, Any] = {"rng": rng, "runs": runs, "init": room.initialization.kaiming_normal}
    layers: list[Any] = []
    for d, k in pairwise(sizes):
        layers += [room.layers.Linear(d, k, **own, **room.plan)]
        layers += [room.normalization.BatchNorm(k, runs=runs, **room.plan), room.layers.ReLU()]
    return room.models.Sequential(*layers[:-2])
