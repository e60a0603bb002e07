"""The linear layer, and joining axes before it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array, Generators, draw_runs, run_generators
from dlcourse.scratch.layers.base import Cache, Layer


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
    return x.reshape(*x.shape[:start], -1), x.shape


def flatten_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy in the shape of x."""
    return dy.reshape(dy.shape[: dy.ndim - 1] + cache[dy.ndim - 1 :])


def _uniform(rng: np.random.Generator, bound: float, shape: tuple[int, ...]) -> Array:
    return rng.uniform(-bound, bound, shape)


class Linear(Layer):
    r"""A linear layer, :math:`y = x W^\top + b`.

    Parameters
    ----------
    in_features, out_features : int >= 1
    bias : bool
    rng : Generator, or one for each run
    runs : None for one network, or the number of runs: then ``weight`` is (runs, k, d)
    dtype : float64 or float32

    Notes
    -----
    Drawn as ``torch.nn.Linear`` draws: W and b uniform in ±1/√d, d the number of inputs.
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
    ) -> None:
        super().__init__()
        d = checks.integer("in_features", in_features, 1)
        k = checks.integer("out_features", out_features, 1)
        self.runs = runs
        bound, generators = 1 / np.sqrt(d), run_generators(rng, runs)
        shapes = {"weight": (k, d), "bias": (k,)} if bias else {"weight": (k, d)}
        for name, shape in shapes.items():
            draw = partial(_uniform, bound=bound, shape=shape)
            drawn = draw_runs(draw, generators, runs)
            self.params[name] = drawn.astype(checks.float_kind("dtype", dtype))
            self.grads[name] = np.zeros_like(self.params[name])

    def pair(self, x: Array) -> tuple[Array, Cache]:
        *runs, _, d = self.params["weight"].shape
        if not isinstance(x, np.ndarray):
            checks.fail("x", "an array", x, error=TypeError)
        if x.ndim < 2 or x.shape[-1] != d:
            checks.fail("x", f"shaped (..., n, {d})", x, "Samples are rows, features columns.")
        if runs and x.ndim > 2 and x.shape[-3] not in (1, *runs):
            checks.fail("x", f"shaped (n, {d}) or ({runs[0]}, n, {d}), one entry a run", x)
        return linear(x, self.params["weight"], self.params.get("bias"))

    def backward(self, dy: Array, input_grad: bool = True) -> Any:
        cache = self.kept()
        n, k = cache[0].shape[-2], cache[1].shape[-2]
        if dy.shape[-2:] != (n, k):
            checks.fail("dy", f"shaped (..., {n}, {k}) as y", dy.shape)
        dx, _, dbias = linear_backward(dy, cache, input_grad, out=self.grads["weight"])
        if "bias" in self.grads:
            self.grads["bias"][...] = dbias
        return dx


class Flatten(Layer):
    """``flatten`` as a layer."""

    def __init__(self, start_dim: int = 1) -> None:
        super().__init__()
        self.start_dim = start_dim

    def pair(self, x: Array) -> tuple[Array, Cache]:
        return flatten(x, self.start_dim)

    pair_backward = staticmethod(flatten_backward)
