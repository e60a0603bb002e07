"""What norms of a sample share: x as rows of features, in parts that fit into a cache."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from dlcourse.arrays import BLOCK, Array


def standardize_rows(x: Array, eps: float, xhat: Array, std: Array) -> None:
    """Write x̂ and σ of rows x (..., d): the heart of ``layer_norm``."""
    np.subtract(x, mean(x), out=xhat)
    rest, size = mean(xhat), rms(xhat)
    moved = (abs(rest) > np.finfo(x.dtype).eps * size)[..., 0]  # the mean was rounded by so much
    if moved.any():
        xhat[moved] -= rest[moved]
        size[moved] = rms(xhat[moved])
    np.hypot(size, math.sqrt(eps), out=std)  # √(σ² + ε), even where σ² would be no number
    xhat /= std


def mean(a: Array, b: Array | None = None) -> Array:
    """The mean of a, or of a b, over the last axis, which stays: the same however many rows."""
    total = np.einsum("...d->...", a) if b is None else np.einsum("...d,...d->...", a, b)
    return (total / total.dtype.type(a.shape[-1]))[..., None]


def rms(x: Array) -> Array:
    """The root of the mean square over the last axis, which stays; infinite only where x is."""
    with np.errstate(over="ignore"):
        size = np.sqrt(mean(x, x))
    over = (size == np.inf)[..., 0]
    if over.any():
        over &= np.isfinite(x).all(-1)
        largest = abs(x[over]).max(-1, keepdims=True)
        size[over] = largest * np.sqrt(mean(x[over] / largest, x[over] / largest))
    return size


def affine(xhat: Array, gain: Array | None, shift: Array | None, y: Array) -> None:
    """Write γ x̂ + β, where there are any."""
    if gain is not None:
        np.multiply(xhat, gain, out=y)
    if shift is not None:
        np.add(xhat if gain is None else y, shift, out=y)


def as_rows(axes: int, x: Array, *params: Array | None) -> tuple[Any, ...]:
    """x as (runs, samples, features), γ and β to go with it, the shape of y, whether it has runs.

    Of runs only the parameters tell.
    """
    runs = any(p is not None and p.ndim > axes for p in params)
    own = runs and x.ndim > axes + 1  # else all runs share x
    d = math.prod(x.shape[x.ndim - axes :])
    gain, shift = ([p if p is None else p.reshape(-1, 1, d) for p in params] + [None])[:2]
    rows = np.ascontiguousarray(x).reshape(len(x) if own else 1, -1, d)
    most = max(len(p) for p in (rows, gain, shift) if p is not None)
    return rows, gain, shift, (most, *x.shape[own:]) if runs else x.shape, runs


def room_for_y(xhat: Array, gain: Array | None, shift: Array | None) -> Array:
    """x̂ itself where nothing is done to it, else an array for it with the runs of all."""
    found = [p for p in (gain, shift) if p is not None]
    if not found:
        return xhat
    runs = max(map(len, (xhat, *found)))
    return np.empty((runs, *xhat.shape[1:]), np.result_type(xhat, *found))


def parts(y: Array) -> Iterator[slice]:
    """Slices of the samples of (runs, samples, features), each small enough for a cache."""
    n = y.shape[1]
    count = min(max(round(y.size / (4 * BLOCK)), 1), n)
    for i in range(count):
        yield slice(n * i // count, n * (i + 1) // count)


def over_samples(a: Array, b: Array | None = None) -> Array:
    """The sum of a, or of a b, over the samples of (runs, samples, features)."""
    return np.einsum("...nd->...d", a) if b is None else np.einsum("...nd,...nd->...d", a, b)


def as_params(dy: Array, sums: Array, shape: tuple[int, ...], runs: bool, axes: int) -> Array:
    """Sums (k, runs, features) in the shape of parameters, with the runs that only dy has."""
    lead = dy.shape[: dy.ndim - len(shape) + runs]
    return sums.reshape(len(sums), *lead, *shape[len(shape) - axes :])
