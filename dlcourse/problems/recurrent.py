"""One recurrent unit, run for many steps: the smallest loss with a cliff in it."""

from __future__ import annotations

import numpy as np

from dlcourse.arrays import Array

TARGET, TIME = 0.6, 50


def one_unit(theta: Array, time: int = TIME) -> tuple[Array, Array]:
    r"""Loss and gradient of one recurrent unit that shall be at 0.6 after ``time`` steps.

    .. math:: h_t = \sigma(w h_{t-1} + b), \quad h_0 = 1/2, \quad L = (h_T - 0.6)^2, \quad
              \sigma(z) = \tfrac12 (1 + z / \sqrt{1 + z^2})

    This squash, unlike the logistic one, is the same to the last digit on every processor.

    Parameters
    ----------
    theta : (..., 2), the pairs (w, b)

    Examples
    --------
    >>> loss, grad = one_unit(np.array([2.0, -1.0]), time=1)
    >>> loss.round(3), grad.round(3)
    (np.float64(0.01), array([-0.05, -0.1 ]))
    """
    w, b = theta[..., 0], theta[..., 1]
    h, by_w, by_b = np.full(w.shape, 0.5), 0.0, 0.0
    for _ in range(time):
        z = w * h + b
        q = 1 / np.sqrt(1 + z * z)
        slope = 0.5 * q * q * q
        by_w, by_b = slope * (h + w * by_w), slope * (1 + w * by_b)
        h = 0.5 * (1 + z * q)
    grad = 2 * (h - TARGET)[..., None] * np.stack([by_w, by_b], axis=-1)
    return (h - TARGET) ** 2, grad
