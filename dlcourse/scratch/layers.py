"""Layers: a pure pair ``f`` / ``f_backward`` each, and a class that is memory around the pair.

Shapes: ``x`` is ``(..., n, d)``: any leading axes are runs, which never mix. A gradient therefore
has the runs axis of whatever it was computed with: weights ``(k, d)`` shared by inputs ``(s, n,
d)`` get one gradient a run, ``(s, k, d)``, and summing them is the caller's choice.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array, Generators, draw_runs, run_generators

Cache = Any


def linear(x: Array, weight: Array, bias: Array | None = None) -> tuple[Array, Cache]:
    """y = x Wᵀ + b with ``weight`` (..., k, d) and ``bias`` (..., k), PyTorch's (out, in) order."""
    y = x @ weight.swapaxes(-1, -2)
    if bias is not None:
        y += bias[..., None, :]
    return y, (x, weight)


def linear_backward(dy: Array, cache: Cache, input_grad: bool = True) -> tuple[Any, Array, Array]:
    """dx = dy W (None without ``input_grad``), dW = dyᵀ x, db = Σₙ dy."""
    x, weight = cache
    return dy @ weight if input_grad else None, dy.swapaxes(-1, -2) @ x, dy.sum(-2)


def relu(x: Array) -> tuple[Array, Cache]:
    """y = max(x, 0)."""
    y = np.maximum(x, 0)
    return y, y


def relu_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy where y > 0, else 0; the slope at 0 is taken as 0."""
    return dy * (cache > 0)


def leaky_relu(x: Array, negative_slope: float = 0.01) -> tuple[Array, Cache]:
    """y = x where x > 0, else ``negative_slope`` x."""
    slope = np.where(x > 0, x.dtype.type(1), x.dtype.type(negative_slope))
    return slope * x, slope


def leaky_relu_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy times the slope of the side that x was on."""
    return dy * cache


def tanh(x: Array) -> tuple[Array, Cache]:
    """y = tanh x."""
    y = np.tanh(x)
    return y, y


def tanh_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy (1 - y²)."""
    return dy * (1 - cache**2)


def sigmoid(x: Array) -> tuple[Array, Cache]:
    """y = 1 / (1 + exp(-x)), through exp(-|x|), which cannot overflow."""
    z = np.exp(-np.abs(x))
    y = np.where(x >= 0, 1, z) / (1 + z)
    return y, y


def sigmoid_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy y (1 - y)."""
    return dy * cache * (1 - cache)


def flatten(x: Array, start_dim: int = 1) -> tuple[Array, Cache]:
    """Join the axes from ``start_dim`` on; below a runs axis count it from the end, as -3."""
    start = start_dim % x.ndim
    return x.reshape(*x.shape[:start], -1), x.shape


def flatten_backward(dy: Array, cache: Cache) -> Array:
    """dx = dy in the shape of x."""
    return dy.reshape(dy.shape[: dy.ndim - 1] + cache[dy.ndim - 1 :])


def _uniform(rng: np.random.Generator, bound: float, shape: tuple[int, ...]) -> Array:
    return rng.uniform(-bound, bound, shape)


class Layer:
    """Memory around a pair: parameters, their gradients, and what ``backward`` needs.

    ``forward(x, training)`` keeps a cache; ``backward(dy)`` writes ``grads`` and returns dx. A
    model re-homes ``params`` and ``grads`` as views of its one vector.
    """

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}
        self.runs: int | None = None
        self.cache: Cache = None

    def forward(self, x: Array, training: bool = False) -> Array:
        """y; ``training`` matters only to layers that behave differently in the two modes."""
        y, self.cache = self.pair(x)
        return y

    def backward(self, dy: Array, input_grad: bool = True) -> Any:
        """dx for the latest ``forward``; RuntimeError if there was none.

        Without ``input_grad`` nobody will read dx: where it is dear the layer returns None instead.
        """
        return self.pair_backward(dy, self.kept())

    def pair(self, x: Array) -> tuple[Array, Cache]:
        """The pure function of this layer, with its parameters filled in."""
        raise TypeError(f"pair must be written by the subclass {type(self).__name__}.")

    def pair_backward(self, dy: Array, cache: Cache) -> Array:
        """The pure backward function of this layer."""
        raise TypeError(f"pair_backward must be written by the subclass {type(self).__name__}.")

    def kept(self) -> Cache:
        """What the latest ``forward`` kept."""
        if self.cache is None:
            fix = "Nothing is known about its input yet."
            checks.fail("backward", "called after forward", type(self).__name__, fix, RuntimeError)
        return self.cache


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
        dx, dweight, dbias = linear_backward(dy, cache, input_grad)
        self.grads["weight"][...] = dweight
        if "bias" in self.grads:
            self.grads["bias"][...] = dbias
        return dx


class ReLU(Layer):
    """``relu`` as a layer."""

    pair = staticmethod(relu)
    pair_backward = staticmethod(relu_backward)


class LeakyReLU(Layer):
    """``leaky_relu`` as a layer."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = checks.number("negative_slope", negative_slope)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        return leaky_relu(x, self.negative_slope)

    pair_backward = staticmethod(leaky_relu_backward)


class Tanh(Layer):
    """``tanh`` as a layer."""

    pair = staticmethod(tanh)
    pair_backward = staticmethod(tanh_backward)


class Sigmoid(Layer):
    """``sigmoid`` as a layer."""

    pair = staticmethod(sigmoid)
    pair_backward = staticmethod(sigmoid_backward)


class Flatten(Layer):
    """``flatten`` as a layer."""

    def __init__(self, start_dim: int = 1) -> None:
        super().__init__()
        self.start_dim = start_dim

    def pair(self, x: Array) -> tuple[Array, Cache]:
        return flatten(x, self.start_dim)

    pair_backward = staticmethod(flatten_backward)
