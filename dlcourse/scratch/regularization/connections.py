"""DropConnect: weights are missing in place of units."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers.base import Cache, Init, initial, uniform, zeros
from dlcourse.scratch.layers.dense import linear, linear_backward
from dlcourse.scratch.regularization.units import Dropping, scaled


def drop_connect(
    x: Array, weight: Array, bias: Array | None, mask: Array, p: Any
) -> tuple[Array, Cache]:
    r"""A linear layer with part of its weights, scaled up: the mean over masks is the whole layer.

    .. math:: y = x \left(\frac{M \odot W}{1 - p}\right)^{\!\top} + b

    Parameters
    ----------
    x : (..., n, d)
    weight, bias : (..., k, d) and (..., k) or None; the bias is never dropped
    mask : M, bool (..., k, d): one draw a weight for the whole batch; True is kept
    p : probability with which the mask was drawn to *drop*, 0 <= p < 1; a number, or (runs,)

    Examples
    --------
    >>> weight, mask = np.array([[1.0, 2.0]]), np.array([[False, True]])
    >>> drop_connect(np.array([[3.0, 4.0]]), weight, None, mask, 0.5)[0]
    array([[16.]])

    References
    ----------
    Wan, Zeiler, Zhang, LeCun and Fergus (2013), section 3, which has one mask a sample.
    """
    kept = scaled(mask, p, max(weight.ndim, mask.ndim), weight.dtype)
    y, cache = linear(x, weight * kept, bias)
    return y, (cache, kept)


def drop_connect_backward(
    dy: Array, cache: Cache, input_grad: bool = True
) -> tuple[Any, Array, Array]:
    """dx = dy (M W / (1 − p)), dW = M (dyᵀ x) / (1 − p), db = Σₙ dy, with that very mask."""
    inner, kept = cache
    dx, dweight, dbias = linear_backward(dy, inner, input_grad)
    return dx, dweight * kept, dbias


class DropConnect(Dropping):
    """``drop_connect`` as a layer: a ``Linear`` that trains with a fresh mask in every pass.

    Parameters
    ----------
    in_features, out_features, dtype, init : as in ``Linear``; the same weights are drawn
    p, rng, runs : as in ``Dropout``

    Notes
    -----
    After training all weights are used, the mean of what they were in it. Wan et al. draw the
    inputs of the next nonlinearity from a normal distribution instead, and average.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        p: Any,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        init: Init | None = None,
    ) -> None:
        generators: Any = run_generators(rng, runs)
        super().__init__(p, rng=generators, runs=runs)
        d = checks.integer("in_features", in_features, 1)
        k = checks.integer("out_features", out_features, 1)
        draws = {"weight": uniform(1 / np.sqrt(d), k, d), "bias": uniform(1 / np.sqrt(d), k)}
        if init is not None:
            draws = {"weight": initial(init, (k, d)), "bias": zeros(k)}
        self.draw(draws, generators, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        *lead, k, d = self.params["weight"].shape
        inputs.batch(x, ("n", d), tuple(lead), np.ndarray)
        weight, bias = self.params.values()
        if not self.training:
            y, inner = linear(x, weight, bias)
            return y, (inner, np.ones((), weight.dtype))
        self.mask = self.each((k, d), self.p)
        return drop_connect(x, weight, bias, self.mask, self.p)

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        return drop_connect_backward(dy, cache, input_grad)
