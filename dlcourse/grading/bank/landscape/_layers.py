"""What the exercises on symmetries share: two layers, and orders of their units."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.grading.bank._draw import numbers

Layers = tuple[np.ndarray, np.ndarray, np.ndarray]


def place(path: tuple[Any, ...]) -> str:
    """Where in what comes back: ``W1[0]``."""
    return ("W1", "b1", "W2")[path[0]] + "".join(f"[{i}]" for i in path[1:]) if path else ""


def two_layers(rng: np.random.Generator, d: int, h: int, k: int) -> Layers:
    """W1 (h, d), b1 (h,) and W2 (k, h)."""
    return numbers(rng, (h, d)), numbers(rng, h), numbers(rng, (k, h))


def single(W1: np.ndarray, b1: np.ndarray, W2: np.ndarray) -> Layers:
    """The same in float32."""
    return W1.astype(np.float32), b1.astype(np.float32), W2.astype(np.float32)
