"""What the exercises on normalization share: batches whose features have units of their own."""

from __future__ import annotations

from typing import Any

import numpy as np


def batch(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers (n, c) or (n, c, h, w); every channel has its own mean and unit."""
    trailing = (1,) * (len(shape) - 2)
    unit = np.arange(1, shape[1] + 1) * rng.uniform(0.8, 1.2, shape[1])
    mean = unit * rng.uniform(1, 2, shape[1]) * rng.choice([-1, 1], shape[1])
    x = mean.reshape(-1, *trailing) + unit.reshape(-1, *trailing) * rng.normal(size=shape)
    return np.round(x, 3)


def affine(rng: np.random.Generator, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """A gain about 1 and a shift, one a channel, none like another."""
    gain = 0.6 + 0.3 * np.arange(channels) + rng.uniform(0, 0.2, channels)
    return np.round(gain, 3), np.round(rng.normal(size=channels), 3)


def by_channel(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One number a channel, shaped to go with x (n, c) or (n, c, h, w)."""
    return np.reshape(a, (1, -1) + (1,) * (x.ndim - 2))


def normalized(x: np.ndarray, axes: Any, eps: float, ddof: int = 0) -> np.ndarray:
    """To mean 0 and variance 1 over these axes, eps inside the root."""
    variance = x.var(axes, keepdims=True, ddof=ddof)
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(variance + eps)


def outside(x: np.ndarray, axes: Any, eps: float) -> np.ndarray:
    """As ``normalized``, with eps beside the root: the mistake that many exercises know."""
    return (x - x.mean(axes, keepdims=True)) / (x.std(axes, keepdims=True) + eps)


def named(*names: str) -> Any:
    """Where in the result: its parts by name."""

    def place(path: tuple[Any, ...]) -> str:
        if not path:
            return ""
        return names[path[0]] + "".join(f"[{index}]" for index in path[1:])

    return place
