"""Is this backward the derivative of this forward? One directional difference an input tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array

VACUOUS = 1e-3


class VacuousCheck(AssertionError):
    """The exact number is about zero: a backward that returned nothing would pass too."""


def check_vjp(
    forward: Callable[..., tuple[Array, Any]],
    backward: Callable[[Array, Any], Any],
    inputs: Sequence[Array],
    rng: np.random.Generator,
    *,
    step: float = 1e-6,
    tolerance: float = 1e-7,
) -> float:
    r"""Compare ``backward`` with central differences of ``forward`` along one random direction
    each.

    .. math:: \langle dy,\ f(x + hu) - f(x - hu) \rangle / 2h \;\approx\; \langle dx, u \rangle

    Parameters
    ----------
    forward : function of ``inputs`` returning (y, cache)
    backward : function of (dy, cache) returning the gradient of each input
    inputs : float64 arrays, or arrays of integers, whose gradient must be None
    rng : Generator for the cotangent dy and the directions u (never ones: they hide sums of zero)
    step, tolerance : h, and the largest relative difference allowed

    Returns
    -------
    float, the largest relative difference found.

    Raises
    ------
    AssertionError if a gradient has the wrong shape or value; VacuousCheck if the number compared
    is below 1e-3, because then the check could not fail.
    """
    checks.generator("rng", rng)
    y, cache = forward(*inputs)
    dy = rng.standard_normal(np.shape(y))
    gradients = backward(dy, cache)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    if len(gradients) != len(inputs):
        raise AssertionError(f"{len(inputs)} inputs, but {len(gradients)} gradients")
    worst = 0.0
    for i, (x, dx) in enumerate(zip(inputs, gradients, strict=True)):
        if x.dtype.kind in "iu":
            if dx is not None:
                raise AssertionError(f"input {i} is of integers, but has a gradient")
            continue
        if dx.shape != x.shape:
            raise AssertionError(f"gradient {i} has shape {dx.shape}, its input {x.shape}")
        u = rng.standard_normal(x.shape)
        ahead, behind = ([*inputs[:i], x + sign * step * u, *inputs[i + 1 :]] for sign in (1, -1))
        numeric = np.sum(dy * (forward(*ahead)[0] - forward(*behind)[0])) / (2 * step)
        if abs(numeric) < VACUOUS:
            raise VacuousCheck(f"input {i}: the derivative checked is {numeric:.1e}, about zero")
        difference = float(abs(np.sum(dx * u) - numeric) / abs(numeric))
        if not difference <= tolerance:
            raise AssertionError(
                f"gradient {i} is off by {difference:.1e} relative to {numeric:.6g}"
            )
        worst = max(worst, difference)
    return worst
