"""A hyper-parameter found by descent: the penalty of a linear model, by its validation loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.arrays import Array


def validation_loss(log_lam: float, train: Any, held: Any) -> tuple[float, float]:
    """Loss on the held rows of ridge regression, and its derivative by the logarithm of λ.

    The weights solve (XᵀX + nλI) w = Xᵀy; so they have a derivative by λ, and the loss with them.

    Parameters
    ----------
    log_lam : the natural logarithm of λ
    train, held : (X, y), rows to fit and rows to choose by
    """
    (x, y), (held_x, held_y) = train, held
    lam, n = np.exp(log_lam), len(x)
    system = x.T @ x + n * lam * np.eye(x.shape[1])
    w = np.linalg.solve(system, x.T @ y)
    change = -np.linalg.solve(system, n * lam * w)
    off = held_x @ w - held_y
    return float((off**2).mean()), float(2 * (off * (held_x @ change)).mean())


def descend(start: float, train: Any, held: Any, lr: float = 2.0, steps: int = 300) -> Array:
    """Gradient descent on log λ: the values of λ on the way, (steps + 1,)."""
    at = [start]
    for _ in range(steps):
        at.append(at[-1] - lr * validation_loss(at[-1], train, held)[1])
    return np.exp(at)
