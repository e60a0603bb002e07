"""The linear layer, and joining axes before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.layers.base import Cache, Init, Layer, initial, uniform, zeros, zeros_for


def linear(x: Array, weight: Array, bias: Array | None = None) -> tuple[Array, Cache]:
    """y = x Wᵀ + b with ``weight`` (..., k, d) and ``bias`` (..., k), PyTorch's (out, in) order."""
    y = x @ weight.swapaxes(-1, -2)
    if bias is not None:
        y += bias[..., None, :]
    return y, (x, weight)


def linear_backward(
    dy: Array, cache: Cache, input_grad: bool = True, out: Array | None = None
) -> tuple[Any, Array, Array]:
    """dx = dy W (None without ``input_grad``), dW = dyᵀ x (in ``out`` if given), db = Σₙ dy."""
    x, weight = cache
    dx = dy @ weight if input_grad else None
    dweight = np.matmul(dy.swapaxes(-1, -2), x, out=out)
    return dx, dweight, np.einsum("...nk->...k", dy)


def flatten(x: Array, start_dim: int = 1) -> tuple[Array, Cache]:
    """Join the axes from ``start_dim`` on; below a runs axis count it from the end, as -3."""
    start = start_dim % x.ndim
    y = x.reshape(*x.shape[:start], -1)
    return y, (x, y.ndim)


def flatten_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy in the shape of x, and in its order in memory, for what comes before is in it."""
    x, y_ndim = cache
    dx = zeros_for(x, dy, y_ndim)
    dx[...] = dy.reshape(dx.shape)
    return dx


class Linear(Layer):
    r"""A linear layer, :math:`y = x W^\top + b`.

    Parameters
    ----------
    in_features, out_features : int >= 1
    bias : bool
    rng : Generator, or one for each run
    runs : None for one network, or the number of runs: then ``weight`` is (runs, k, d)
    dtype : float64 or float32
    init : how W is drawn, ``init((k, d), rng=rng)``, as of ``scratch.initialization``; b is then 0

    Notes
    -----
    Without ``init`` drawn as ``torch.nn.Linear`` draws: W and b uniform in ±1/√d, d the number of
    inputs.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        init: Init | None = None,
    ) -> None:
        super().__init__()
        d = checks.integer("in_features", in_features, 1)
        k = checks.integer("out_features", out_features, 1)
        bound = 1 / np.sqrt(d)
        draws = {"weight": uniform(bound, k, d), "bias": uniform(bound, k)}
        if init is not None:
            draws = {"weight": initial(init, (k, d)), "bias": zeros(k)}
        if not bias:
            del draws["bias"]
        self.draw(draws, rng, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        *runs, _, d = self.params["weight"].shape
        if x.__class__ is not np.ndarray or x.dtype.kind != "f":
            inputs.values("x", x, np.ndarray, "float")
        if x.ndim < 2 or x.shape[-1] != d:
            checks.fail("x", f"shaped (..., n, {d})", x, "Samples are rows, features columns.")
        if runs and x.ndim > 2 and x.shape[0] not in (1, *runs):
            checks.fail("x", f"shaped (n, {d}) or ({runs[0]}, n, {d}), one entry a run", x)
        rows = self._rows(x)
        y, cache = linear(rows, self.params["weight"], self.params.get("bias"))
        shape = (*y.shape[:-2], *x.shape[len(runs) : -1], y.shape[-1])
        return y if rows is x else y.reshape(shape), cache

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        rows = self._rows(dy)
        dx, *grads = linear_backward(rows, cache, input_grad, self.grads["weight"])
        return dx if dx is None or rows is dy else dx.reshape(*dy.shape[:-1], dx.shape[-1]), *grads

    def _rows(self, x: Array) -> Array:
        """The places of sequences as samples, (n, t, d) to (n t, d): all axes but that of runs."""
        lead = self.params["weight"].ndim - 2
        return x.reshape(*x.shape[:lead], -1, x.shape[-1]) if x.ndim > lead + 2 else x


class Flatten(Layer):
    """``flatten`` as a layer."""

    def __init__(self, start_dim: int = 1) -> None:
        super().__init__()
        self.start_dim = checks.integer("start_dim", start_dim)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        inputs.values("x", x, np.ndarray)
        inputs.axis("start_dim", self.start_dim, x)
        return flatten(x, self.start_dim)

    pair_backward = staticmethod(flatten_backward)
