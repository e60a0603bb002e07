"""Weight normalization: the length of each weight vector apart from its direction."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.layers import Conv2d, Linear
from dlcourse.scratch.layers.base import Cache, Layer


def lengths(rows: Array) -> Array:
    """‖v‖ of each row.

    Where a square leaves the range of the dtype the largest entry is divided out first.
    """
    with np.errstate(over="ignore"):
        squares = np.vecdot(rows, rows)
    range_ = np.finfo(rows.dtype)
    if range_.tiny / range_.eps < squares.min() and squares.max() <= range_.max:
        return np.sqrt(squares)
    largest = abs(rows).max(-1)
    scaled = rows / largest[..., None]
    return largest * np.sqrt(np.vecdot(scaled, scaled))


def weight_norm(v: Array, g: Array) -> tuple[Array, Cache]:
    r"""Weights of length g in the direction of v: one length and one direction for each output.

    .. math:: w = g\, \frac{v}{\lVert v \rVert}

    Parameters
    ----------
    v : (..., k, d) or (..., k, c, i, j); a row of zeros has no direction and becomes NaN
    g : (k,), or (runs, k) where v has runs

    Returns
    -------
    w, shaped as v, and the cache.

    Notes
    -----
    ‖v‖ is over all axes but that of the outputs: PyTorch's ``weight_norm`` with ``dim=0``. The
    gradient of v has no part along v, so a step of plain SGD can only make v longer.

    Examples
    --------
    >>> weight_norm(np.array([[3.0, 4.0]]), np.array([10.0]))[0]
    array([[6., 8.]])

    References
    ----------
    Salimans and Kingma (2016), equation 2.
    """
    rows = v.reshape(*g.shape, -1)  # one output, one row
    norm = lengths(rows)
    u = rows / norm[..., None]
    w = g[..., None] * u
    return w.reshape(v.shape), (u, g / norm, v.shape)


def weight_norm_backward(dw: Array, cache: Cache) -> tuple[Array, Array]:
    """dg = u·dw and dv = (g/‖v‖) (dw - u (u·dw)) with u = v/‖v‖: what lies along v is removed."""
    u, scale, shape = cache
    runs = dw.shape[: dw.ndim - len(shape)]  # those that only dw has
    rows = dw.reshape(*runs, *u.shape)
    dg = np.vecdot(u, rows)
    dv = scale[..., None] * (rows - u * dg[..., None])
    return dv.reshape(dw.shape), dg


class WeightNorm(Layer):
    """A linear or convolutional layer whose weights are ``weight_norm(weight_v, weight_g)``.

    Parameters
    ----------
    layer : Linear or Conv2d; its weights are the first v, and their lengths the first g, so that
        nothing changes at the start

    Attributes
    ----------
    params : ``weight_g`` (k,), ``weight_v`` shaped as the weights, and ``bias`` if there was one

    Examples
    --------
    >>> plain = Linear(3, 2, rng=np.random.default_rng(0))
    >>> layer = WeightNorm(plain)
    >>> layer.shapes
    {'weight_g': (2,), 'weight_v': (2, 3), 'bias': (2,)}
    >>> bool(np.allclose(layer.folded().params["weight"], plain.params["weight"]))
    True

    References
    ----------
    Salimans and Kingma (2016).
    """

    def __init__(self, layer: Linear | Conv2d) -> None:
        super().__init__()
        given: Any = layer
        if not isinstance(given, Linear | Conv2d):
            kinds = "a Linear or a Conv2d"
            checks.fail("layer", kinds, type(given).__name__, "Wrap each by itself.", TypeError)
        v, lead = layer.params["weight"], 1 if layer.runs is None else 2
        g = np.sqrt(np.square(v, dtype=np.float64).sum(tuple(range(lead, v.ndim)))).astype(v.dtype)
        if not g.all():
            fix = "Zero has no direction; draw the weights."
            checks.fail("layer", "without an output whose weights are all zero", "one", fix)
        self.runs, self.layer = layer.runs, copy.copy(layer)
        self.params = {"weight_g": g, "weight_v": v.copy()}
        if "bias" in layer.params:
            self.params["bias"] = layer.params["bias"].copy()
        self.grads = {name: np.zeros_like(p) for name, p in self.params.items()}

    def __copy__(self) -> WeightNorm:
        """A layer of the same parameters that remembers its own input."""
        other = object.__new__(type(self))
        other.__dict__ |= self.__dict__ | {"layer": copy.copy(self.layer)}
        return other

    def pair(self, x: Array) -> tuple[Array, Cache]:
        w, cache = weight_norm(self.params["weight_v"], self.params["weight_g"])
        self.layer.params = {"weight": w}
        if "bias" in self.params:
            self.layer.params["bias"] = self.params["bias"]
        y, inner = self.layer.pair(x)
        return y, (inner, cache)

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        inner, cache = cache
        self.layer.grads = {"weight": np.empty_like(self.params["weight_v"])}
        dx, dw, *dbias = self.layer.pair_backward(dy, inner, input_grad)
        dv, dg = weight_norm_backward(dw, cache)
        return dx, dg, dv, *dbias

    def folded(self) -> Linear | Conv2d:
        """The plain layer with these weights: what is left of the two parts after training."""
        w, _ = weight_norm(self.params["weight_v"], self.params["weight_g"])
        plain = copy.copy(self.layer)
        plain.params = {"weight": w}
        if "bias" in self.params:
            plain.params["bias"] = self.params["bias"].copy()
        plain.grads = {name: np.zeros_like(p) for name, p in plain.params.items()}
        plain.runs, plain.cache = self.runs, None
        return plain


def data_dependent_init(layer: WeightNorm, x: Array) -> Array:
    r"""Set g and bias so that on the batch x every output has mean 0 and variance 1.

    .. math:: t = \frac{v \cdot x}{\lVert v \rVert}, \qquad
        g \leftarrow \frac{1}{\sigma[t]}, \quad b \leftarrow -\frac{\mu[t]}{\sigma[t]}

    Parameters
    ----------
    layer : WeightNorm with a bias; v stays
    x : a batch, as the layer takes it

    Returns
    -------
    The outputs for x, which are what the next layer is to be started with.

    Notes
    -----
    Mean and (biased) variance are over samples and, of images, places. PyTorch has no such start.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> layer, x = WeightNorm(Linear(3, 2, rng=rng)), 5 * rng.standard_normal((100, 3)) + 7
    >>> y = data_dependent_init(layer, x)
    >>> bool(np.allclose(y.mean(0), 0) and np.allclose(y.var(0), 1))
    True

    References
    ----------
    Salimans and Kingma (2016), section 3.
    """
    given: Any = layer
    if not isinstance(given, WeightNorm):
        kinds = "a WeightNorm, as WeightNorm(Linear(3, 2, rng=rng))"
        checks.fail("layer", kinds, type(given).__name__, error=TypeError)
    if "bias" not in layer.params:
        checks.fail("layer", "with a bias", "none", "The mean cannot be taken away without one.")
    g, bias = layer.params["weight_g"], layer.params["bias"]
    unit = copy.copy(layer)
    unit.params = {**layer.params, "weight_g": np.ones_like(g), "bias": np.zeros_like(bias)}
    t = unit.forward(x)
    axes = (-4, -2, -1) if isinstance(layer.layer, Conv2d) else tuple(range(g.ndim - 1, t.ndim - 1))
    mean, std = t.mean(axes, dtype=np.float64), t.std(axes, dtype=np.float64)
    if not (std > 8 * np.finfo(t.dtype).eps * abs(t).max()).all():
        fix = "Start with more samples, or drop what is constant."
        checks.fail("x", "a batch on which every output varies", x, fix)
    g[...], bias[...] = 1 / std, -mean / std
    return layer.forward(x)
