"""Normalization of each sample by its own features: neither the batch nor the mode matters."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array
from dlcourse.scratch.layers.base import Cache, Layer, zeros


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
    weight, bias : γ and β, shaped as those axes, or None; with a runs axis in front, (runs, d),
        they go with x (runs, ..., d) or with x (n, d), which all runs then share
    eps : number >= 0, or one a run, (runs, 1)
    axes : int >= 1

    Examples
    --------
    >>> layer_norm(np.array([[1.0, 3.0], [100.0, 300.0]]), None, None, eps=0.0)[0]
    array([[-1.,  1.],
           [-1.,  1.]])

    References
    ----------
    Ba, Kiros and Hinton (2016), eq. 3.
    """
    flat = x.reshape(*x.shape[: x.ndim - axes], -1)
    xhat = flat - flat.mean(-1, keepdims=True)
    root = np.sqrt(np.vecdot(xhat, xhat)[..., None] / xhat.dtype.type(xhat.shape[-1]) + eps)
    xhat /= root
    xhat = xhat.reshape(x.shape)
    y = xhat if weight is None else xhat * facing(weight, x, axes)
    y = y if bias is None else y + facing(bias, x, axes)
    return y, (xhat, root, weight, bias, axes, y.ndim)


def layer_norm_backward(dy: Array, cache: Cache) -> tuple[Array, Any, Any]:
    """dx = (g − mean(g) − x̂ mean(g x̂)) / σ with g = γ dy: no mean is left, and no part along x̂."""
    xhat, root, weight, bias, axes, y_ndim = cache
    g = dy if weight is None else dy * facing(weight, xhat, axes)
    dweight = None if weight is None else over_samples(dy * xhat, weight, axes, y_ndim)
    dbias = None if bias is None else over_samples(dy, bias, axes, y_ndim)
    g = g.reshape(*g.shape[: g.ndim - axes], -1)
    xhat = xhat.reshape(*root.shape[:-1], -1)
    dx = g - g.mean(-1, keepdims=True) - xhat * (g * xhat).mean(-1, keepdims=True)
    dx /= root
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
    eps = np.finfo(x.dtype).eps if eps is None else eps
    flat = x.reshape(*x.shape[: x.ndim - axes], -1)
    root = np.sqrt(np.vecdot(flat, flat)[..., None] / x.dtype.type(flat.shape[-1]) + eps)
    xhat = (flat / root.astype(x.dtype)).reshape(x.shape)
    y = xhat if weight is None else xhat * facing(weight, x, axes)
    return y, (xhat, root, weight, axes, y.ndim)


def rms_norm_backward(dy: Array, cache: Cache) -> tuple[Array, Any]:
    """dx = (g − x̂ mean(g x̂)) / rms with g = γ dy."""
    xhat, root, weight, axes, y_ndim = cache
    g = dy if weight is None else dy * facing(weight, xhat, axes)
    dweight = None if weight is None else over_samples(dy * xhat, weight, axes, y_ndim)
    g = g.reshape(*g.shape[: g.ndim - axes], -1)
    xhat = xhat.reshape(*root.shape[:-1], -1)
    dx = (g - xhat * (g * xhat).mean(-1, keepdims=True)) / root
    return dx.reshape(dy.shape).astype(dy.dtype, copy=False), dweight


def facing(p: Array, x: Array, axes: int) -> Array:
    """A parameter with the runs axis, if it has one, where that of x is or would be."""
    if p.ndim == axes:
        return p
    return p.reshape(len(p), *(1,) * max(x.ndim - axes - 1, 1), *p.shape[1:])


def over_samples(g: Array, p: Array, axes: int, y_ndim: int) -> Array:
    """The sum over all but the runs, those of the parameter or those that only ``dy`` has."""
    keep = p.ndim - axes + g.ndim - y_ndim
    return g.sum(tuple(range(keep, g.ndim - axes)))


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
        self.normalized_shape = last_axes(normalized_shape)
        self.eps = checks.scalar("eps", eps)
        draws = {"weight": ones(*self.normalized_shape), "bias": zeros(*self.normalized_shape)}
        self.draw(draws if affine else {}, NO_CHANCE, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        fits(x, self.normalized_shape, self.params)
        weight, bias = self.params.get("weight"), self.params.get("bias")
        return layer_norm(x, weight, bias, self.eps, len(self.normalized_shape))

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        dx, *grads = layer_norm_backward(dy, cache)
        return (dx, *grads) if self.params else dx


class RMSNorm(Layer):
    """``rms_norm`` as a layer; parameters as in ``LayerNorm``, without a bias."""

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
        self.normalized_shape = last_axes(normalized_shape)
        self.eps = eps if eps is None else checks.scalar("eps", eps)
        draws = {"weight": ones(*self.normalized_shape)}
        self.draw(draws if affine else {}, NO_CHANCE, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        fits(x, self.normalized_shape, self.params)
        return rms_norm(x, self.params.get("weight"), self.eps, len(self.normalized_shape))

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        dx, *grads = rms_norm_backward(dy, cache)
        return (dx, *grads) if self.params else dx


NO_CHANCE = np.random.default_rng(0)


def ones(*shape: int) -> Any:
    """No draw: the generator stays where it is."""
    return lambda rng: np.ones(shape)


def last_axes(normalized_shape: Any) -> tuple[int, ...]:
    """The sizes of the axes that are normalized together."""
    if not isinstance(normalized_shape, tuple | list):
        normalized_shape = (normalized_shape,)
    return checks.sizes("normalized_shape", normalized_shape, 1)


def fits(x: Array, shape: tuple[int, ...], params: Any) -> None:
    """Samples whose last axes are those, with the runs of the parameters if x has any."""
    inputs.values("x", x, np.ndarray, "float")
    axes = len(shape)
    if x.ndim <= axes or x.shape[-axes:] != shape:
        checks.fail("x", f"shaped (..., {', '.join(map(str, shape))})", x)
    lead = {p.shape[: p.ndim - axes] for p in params.values()}
    runs = lead.pop() if lead else ()
    if runs and x.ndim > axes + 1 and x.shape[0] not in (1, *runs):
        checks.fail("x", f"of {runs[0]} runs on its first axis, or of one", x)
