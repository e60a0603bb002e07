"""Doing without normalization: what else keeps a deep network trainable."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache, Layer, ones, zeros
from dlcourse.scratch.normalization.sample import samples


def gate(x: Array, alpha: Array) -> tuple[Array, Cache]:
    r"""y = α x with one learned number α: at 0 a branch is shut, and opens as far as it helps.

    Parameters
    ----------
    x : (..., d)
    alpha : (1,), or (runs, 1) for x (runs, ..., d)

    Examples
    --------
    >>> gate(np.array([[1.0, 2.0]]), np.array([0.5]))[0]
    array([[0.5, 1. ]])

    References
    ----------
    Bachlechner, Majumder, Mao, Cottrell and McAuley (2021), ReZero, eq. 2.
    """
    y = x * facing(alpha, x)
    return y, (x, alpha, y.ndim)


def gate_backward(dy: Array, cache: Cache) -> tuple[Array, Array]:
    """dx = α dy, dα = Σ x dy."""
    x, alpha, y_ndim = cache
    dalpha = over_samples((dy * x).sum(-1, keepdims=True), alpha, y_ndim)
    return dy * facing(alpha, x), dalpha


def dynamic_tanh(x: Array, alpha: Array, weight: Array, bias: Array) -> tuple[Array, Cache]:
    r"""Squash each number by itself, with one learned scale: no mean, no variance.

    .. math:: y = \gamma \odot \tanh(\alpha x) + \beta

    Parameters
    ----------
    x : (..., d)
    alpha : (1,), or (runs, 1)
    weight, bias : γ and β, (d,) or (runs, d)

    Examples
    --------
    >>> one = np.ones(1)
    >>> dynamic_tanh(np.array([[0.0], [100.0]]), one, 2 * one, one)[0]
    array([[1.],
           [3.]])

    References
    ----------
    Zhu, Chen, He, LeCun and Liu (2025), eq. 2.
    """
    t = np.tanh(x * facing(alpha, x))
    y = t * facing(weight, x) + facing(bias, x)
    return y, (x, t, alpha, weight, bias, y.ndim)


def dynamic_tanh_backward(dy: Array, cache: Cache) -> tuple[Array, Array, Array, Array]:
    """Through tanh with g = γ (1 − tanh²) dy: dx = α g and dα = Σ x g."""
    x, t, alpha, weight, bias, y_ndim = cache
    g = dy * facing(weight, x) * (1 - t * t)
    dalpha = over_samples((g * x).sum(-1, keepdims=True), alpha, y_ndim)
    dweight, dbias = over_samples(dy * t, weight, y_ndim), over_samples(dy, bias, y_ndim)
    return g * facing(alpha, x), dalpha, dweight, dbias


def facing(p: Array, x: Array) -> Array:
    """A parameter (k,), or (runs, k) with its runs on the axis where x has them."""
    return p if p.ndim == 1 else p.reshape(len(p), *(1,) * max(x.ndim - 2, 1), -1)


def over_samples(g: Array, p: Array, y_ndim: int) -> Array:
    """The sum over all but the last axis and the runs, those of p or those that only dy has."""
    keep = p.ndim - 1 + g.ndim - y_ndim
    return g.sum(tuple(range(keep, g.ndim - 1)))


class Gate(Layer):
    """``gate`` as a layer, at the end of a branch; ``start`` is α at first."""

    def __init__(
        self, start: float = 0.0, *, runs: int | None = None, dtype: npt.DTypeLike = np.float64
    ) -> None:
        super().__init__()
        start = checks.scalar("start", start, -np.inf)
        self.fill({"alpha": lambda rng: np.full(1, start)}, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        inputs.values("x", x, np.ndarray, "float")
        samples(x, x.shape[-1:], self.params["alpha"])
        return gate(x, self.params["alpha"])

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        return gate_backward(dy, cache)


class DynamicTanh(Layer):
    """``dynamic_tanh`` as a layer in the place of ``LayerNorm``; ``start`` is α at first."""

    def __init__(
        self,
        normalized_shape: int,
        start: float = 0.5,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        self.num_features = checks.integer("normalized_shape", normalized_shape, 1)
        start = checks.scalar("start", start, -np.inf)
        draws = {
            "alpha": lambda rng: np.full(1, start),
            "weight": ones(normalized_shape),
            "bias": zeros(normalized_shape),
        }
        self.fill(draws, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        samples(x, (self.num_features,), self.params["weight"])
        return dynamic_tanh(x, *self.params.values())

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        return dynamic_tanh_backward(dy, cache)
