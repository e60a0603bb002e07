"""Descent in noise that every setting shares, so that they differ in nothing but the setting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse.arrays import Array
from dlcourse.checks import fail
from dlcourse.problems.quadratics import walk


def noisy_walk(optimizer: Any, grad: Callable[[Array], Array], noise: Array) -> Array:
    """The places an optimizer visits when its gradient at step t is off by ``noise[t]``.

    Parameters
    ----------
    optimizer : of one array (settings * draws, d), the draws of a setting next to each other
    grad : function of the current parameters, as in ``walk``
    noise : (steps, draws, d), the same for every setting

    Returns
    -------
    Array (steps + 1, settings * draws, d), the start among the places

    Examples
    --------
    Two settings, one draw: the gradients at the first step are 8 - 2.

    >>> from dlcourse.scratch.optimizers import SGD
    >>> ball = SGD(np.full((2, 1), 8.0), lr=np.array([[0.5], [1.0]]))
    >>> noisy_walk(ball, lambda x: x, np.array([[[-2.0]], [[0.0]]]))[..., 0]
    array([[8. , 8. ],
           [5. , 2. ],
           [2.5, 0. ]])
    """
    (theta,) = optimizer.params
    draws = noise.shape[1]
    settings, rest = divmod(len(theta), draws)
    if rest:
        fix = "The runs are settings times draws."
        fail("noise", f"of a number of draws that divides the {len(theta)} runs", draws, fix)
    shakes = iter(noise)
    return walk(optimizer, lambda x: grad(x) + np.tile(next(shakes), (settings, 1)), len(noise))
