"""Normalization of each sample by its own features: no other sample matters, and no mode."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache, Layer, ones, zeros
from dlcourse.scratch.normalization.rows import (
    affine,
    as_params,
    as_rows,
    mean,
    over_samples,
    parts,
    rms,
    room_for_y,
    standardize_rows,
)


def layer_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float = 1e-5, axes: int = 1
) -> tuple[Array, Cache]:
    r"""Shift and stretch the features of each sample to mean 0 and variance 1.

    .. math::
        y = \gamma \odot \hat x + \beta, \qquad
        \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad
        \mu = \frac1d \sum_i x_i, \quad \sigma^2 = \frac1d \sum_i (x_i - \mu)^2

    Parameters
    ----------
    x : (..., d), or with several last ``axes`` that are normalized together
    weight, bias : γ and β, shaped as those axes, or None. With one more axis in front they are of
        runs, (runs, d) or (1, d): then so are x (runs, ..., d) and the gradients, one a run
    eps : number >= 0
    axes : int >= 1

    Notes
    -----
    Equal features give β exactly, in float32 too: the mean is taken off twice where rounding left
    some of it. Nothing overflows before the sum of the features does.

    Examples
    --------
    >>> layer_norm(np.array([[1.0, 3.0], [100.0, 300.0]]), None, None, eps=0.0)[0]
    array([[-1.,  1.],
           [-1.,  1.]])

    References
    ----------
    Ba, Kiros and Hinton (2016), eq. 3.
    """
    rows, gain, shift, shape, runs = as_rows(axes, x, weight, bias)
    xhat, std = np.empty_like(rows), np.empty((*rows.shape[:2], 1), rows.dtype)
    y = room_for_y(xhat, gain, shift)
    for part in parts(y):
        standardize_rows(rows[:, part], eps, xhat[:, part], std[:, part])
        affine(xhat[:, part], gain, shift, y[:, part])
    return y.reshape(shape), (xhat, std, gain, shift, shape, runs, axes)


def layer_norm_backward(dy: Array, cache: Cache) -> tuple[Array, Any, Any]:
    """dx = (g − mean(g) − x̂ mean(g x̂)) / σ with g = γ dy: no mean is left, and no part along x̂."""
    xhat, std, gain, shift, *layout = cache
    d = np.ascontiguousarray(dy).reshape(-1, *xhat.shape[1:])
    dx, sums = np.empty_like(d), np.zeros((2, len(d), d.shape[-1]), d.dtype)
    for part in parts(d):
        g, along, rest = d[:, part], xhat[:, part], dx[:, part]
        if gain is not None:
            sums[0] += over_samples(g, along)
        if shift is not None:
            sums[1] += over_samples(g)
        g = g if gain is None else g * gain
        np.multiply(along, -mean(g, along), out=rest)
        rest += g
        rest -= mean(g)
        rest /= std[:, part]
    dweight, dbias = as_params(dy, sums, *layout)
    dweight, dbias = None if gain is None else dweight, None if shift is None else dbias
    return dx.reshape(dy.shape), dweight, dbias


def rms_norm(
    x: Array, weight: Array | None, eps: float | None = None, axes: int = 1
) -> tuple[Array, Cache]:
    r"""Stretch the features of each sample to a root mean square of 1; their mean stays.

    .. math:: y = \gamma \odot \frac{x}{\sqrt{\frac1d \sum_i x_i^2 + \varepsilon}}

    Parameters
    ----------
    x, weight, axes : as in ``layer_norm``
    eps : number >= 0; None: the distance from 1 to the next number of this precision

    Examples
    --------
    >>> rms_norm(np.array([[3.0, 4.0, 0.0, 0.0]]), None, eps=0.0)[0]
    array([[1.2, 1.6, 0. , 0. ]])

    References
    ----------
    Zhang and Sennrich (2019), eq. 4.
    """
    eps = float(np.finfo(x.dtype).eps) if eps is None else eps
    rows, gain, _, shape, runs = as_rows(axes, x, weight)
    xhat, root = np.empty_like(rows), np.empty((*rows.shape[:2], 1), rows.dtype)
    y = room_for_y(xhat, gain, None)
    for part in parts(y):
        np.hypot(rms(rows[:, part]), math.sqrt(eps), out=root[:, part])
        np.divide(rows[:, part], root[:, part], out=xhat[:, part])
        affine(xhat[:, part], gain, None, y[:, part])
    return y.reshape(shape), (xhat, root, gain, shape, runs, axes)


def rms_norm_backward(dy: Array, cache: Cache) -> tuple[Array, Any]:
    """dx = (g − x̂ mean(g x̂)) / rms with g = γ dy: no part along x̂ is left."""
    xhat, root, gain, *layout = cache
    d = np.ascontiguousarray(dy).reshape(-1, *xhat.shape[1:])
    dx, dgain = np.empty_like(d), np.zeros((1, len(d), d.shape[-1]), d.dtype)
    for part in parts(d):
        g, along, rest = d[:, part], xhat[:, part], dx[:, part]
        if gain is not None:
            dgain[0] += over_samples(g, along)
            g = g * gain
        np.multiply(along, -mean(g, along), out=rest)
        rest += g
        rest /= root[:, part]
    dweight = None if gain is None else as_params(dy, dgain, *layout)[0]
    return dx.reshape(dy.shape), dweight


class LayerNorm(Layer):
    """``layer_norm`` as a layer; in training and in use it does the same.

    Parameters
    ----------
    normalized_shape : int >= 1, or a tuple of them: the last axes, normalized together
    eps : number >= 0
    affine : bool, whether there are γ ``weight``, at first 1, and β ``bias``, at first 0
    runs, dtype : as in ``Linear``
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        affine: bool = True,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        shape = self.normalized_shape = checks.last_axes("normalized_shape", normalized_shape)
        self.eps = checks.scalar("eps", eps)
        draws = {"weight": ones(*shape), "bias": zeros(*shape)}
        self.fill(draws if affine else {}, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        samples(x, self.normalized_shape, self.params.get("weight"))
        weight, bias = self.params.get("weight"), self.params.get("bias")
        return layer_norm(x, weight, bias, self.eps, len(self.normalized_shape))

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        dx, *grads = layer_norm_backward(dy, cache)
        return (dx, *grads) if self.params else dx


class RMSNorm(Layer):
    """``rms_norm`` as a layer; parameters as in ``LayerNorm``, without β."""

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float | None = None,
        affine: bool = True,
        *,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        shape = self.normalized_shape = checks.last_axes("normalized_shape", normalized_shape)
        self.eps = eps if eps is None else checks.scalar("eps", eps)
        self.fill({"weight": ones(*shape)} if affine else {}, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        samples(x, self.normalized_shape, self.params.get("weight"))
        return rms_norm(x, self.params.get("weight"), self.eps, len(self.normalized_shape))

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        dx, *grads = rms_norm_backward(dy, cache)
        return (dx, *grads) if self.params else dx


def samples(x: Array, shape: tuple[int, ...], p: Array | None) -> None:
    """Samples shaped so, and shared by the runs of the parameter or with them on a first axis."""
    inputs.values("x", x, np.ndarray, "float")
    lead = () if p is None else p.shape[: p.ndim - len(shape)]
    places = max(x.ndim - len(shape) - len(lead), 1)
    inputs.batch(x, ("n", *"t" * (places - 1), *shape), lead, np.ndarray)
