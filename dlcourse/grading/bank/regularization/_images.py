"""What the exercises on augmentation share: images in which no two pixels are alike."""

from __future__ import annotations

from typing import Any

import numpy as np


def photos(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Images (n, c, h, w) between 0.1 and 0.9, every entry another."""
    values = 0.1 + 0.8 * (np.arange(np.prod(shape)) + rng.uniform(0.2, 0.8)) / np.prod(shape)
    return np.round(rng.permutation(values), 4).reshape(shape)


def one_hot(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Labels (n, k) of which neighbors differ."""
    return np.eye(k)[(np.arange(n) + rng.integers(k)) % k]


def cycle(rng: np.random.Generator, n: int) -> np.ndarray:
    """A permutation that leaves nobody in place and, above two, is not its own inverse."""
    order = rng.permutation(n)
    partner = np.empty(n, int)
    partner[order] = np.roll(order, 1)
    return partner


def named(*names: str) -> Any:
    """Where in the result: its parts by name."""

    def place(path: tuple[Any, ...]) -> str:
        if not path:
            return ""
        return names[path[0]] + "".join(f"[{index}]" for index in path[1:])

    return place
