"""Attention: every place of a sequence reads a mean of the places that it chooses."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.layers.base import Cache, Layer, uniform
from dlcourse.scratch.layers.dense import linear, linear_backward


def scaled_dot_product_attention(
    query: Array, key: Array, value: Array, is_causal: bool = False
) -> tuple[Array, Cache]:
    r"""A mean of the values, with weights that say how well each key answers the query.

    .. math:: Y = \mathrm{softmax}\!\left(\frac{Q K^\top}{\sqrt d}\right) V

    Parameters
    ----------
    query, key, value : (..., t, d), (..., u, d) and (..., u, e)
    is_causal : place t then reads the places up to itself alone: later scores are -∞

    Examples
    --------
    Keys all alike: a place reads the mean of those it sees.

    >>> value = np.array([[2.0], [4.0], [9.0]])
    >>> scaled_dot_product_attention(value, 0 * value, value, is_causal=True)[0].ravel()
    array([2., 3., 5.])

    References
    ----------
    Vaswani, Shazeer, Parmar et al. (2017), eq. 1.
    """
    scale = query.shape[-1] ** -0.5
    scores = scale * (query @ key.swapaxes(-1, -2))
    if is_causal:
        later = np.triu(np.ones(scores.shape[-2:], bool), 1)
        scores[..., later] = -np.inf
    weight = np.exp(scores - scores.max(-1, keepdims=True))
    weight /= weight.sum(-1, keepdims=True)
    return weight @ value, (query, key, value, weight, scale)


def scaled_dot_product_attention_backward(dy: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """dV = Pᵀ dY; dS = P (dP - Σ P dP) with dP = dY Vᵀ; dQ = dS K / √d and dK = dSᵀ Q / √d."""
    query, key, value, weight, scale = cache
    dweight = dy @ value.swapaxes(-1, -2)
    dscores = weight * (dweight - (weight * dweight).sum(-1, keepdims=True)) * scale
    dkey, dvalue = (a.swapaxes(-1, -2) @ b for a, b in ((dscores, query), (weight, dy)))
    return dscores @ key, dkey, dvalue


def causal_self_attention(
    x: Array,
    in_weight: Array,
    in_bias: Array,
    out_weight: Array,
    out_bias: Array,
    num_heads: int = 1,
) -> tuple[Array, Cache]:
    """Queries, keys and values are all made of ``x`` (..., n, t, d); each head has d / heads each.

    Parameters
    ----------
    in_weight, in_bias : (..., 3d, d) and (..., 3d): the queries first, then keys, then values
    out_weight, out_bias : (..., d, d) and (..., d): what mixes the heads
    """
    *_, n, t, d = x.shape
    made, in_cache = linear(_samples(x), in_weight, in_bias)
    heads = made.reshape(*made.shape[:-2], n, t, 3, num_heads, d // num_heads)
    q, k, v = np.moveaxis(heads, (-3, -2), (0, -3))  # each (..., n, heads, t, d / heads)
    read, cache = scaled_dot_product_attention(q, k, v, is_causal=True)
    joined = _samples(read.swapaxes(-3, -2).reshape(*made.shape[:-2], n, t, d))
    y, out_cache = linear(joined, out_weight, out_bias)
    return y.reshape(*y.shape[:-2], n, t, d), (in_cache, cache, out_cache, num_heads)


def causal_self_attention_backward(
    dy: Array, cache: Cache, input_grad: bool = True
) -> tuple[Any, Array, Array, Array, Array]:
    """The three steps in reverse."""
    in_cache, attention_cache, out_cache, num_heads = cache
    *lead, n, t, d = dy.shape
    djoined, dout_weight, dout_bias = linear_backward(_samples(dy), out_cache)
    dread = djoined.reshape(*lead, n, t, num_heads, -1).swapaxes(-3, -2)
    dqkv = np.stack(scaled_dot_product_attention_backward(dread, attention_cache))
    dmade = np.moveaxis(dqkv, (0, -3), (-3, -2)).reshape(*lead, n * t, 3 * d)
    dx, din_weight, din_bias = linear_backward(dmade, in_cache, input_grad)
    dx = dx if dx is None else dx.reshape(dy.shape)
    return dx, din_weight, din_bias, dout_weight, dout_bias


def _samples(x: Array) -> Array:
    """The places of all sequences as samples: (..., n, t, d) to (..., n t, d)."""
    return x.reshape(*x.shape[:-3], -1, x.shape[-1])


class CausalSelfAttention(Layer):
    """``causal_self_attention`` as a layer.

    Parameters
    ----------
    embed_dim : int >= 1, a multiple of ``num_heads``
    num_heads : int >= 1
    rng, runs, dtype : as in ``Linear``

    Notes
    -----
    Parameters are shaped, in the order, and drawn as those of ``torch.nn.MultiheadAttention``:
    ``in_proj_weight`` uniform in ±√(6 / 4d), ``out_proj.weight`` in ±1/√d, the biases zero.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int = 1,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        d = checks.integer("embed_dim", embed_dim, 1)
        self.num_heads = checks.integer("num_heads", num_heads, 1)
        if d % num_heads:
            checks.fail("embed_dim", f"a multiple of num_heads, {num_heads}", d)
        draws = {
            "in_proj_weight": uniform(np.sqrt(6 / (4 * d)), 3 * d, d),
            "in_proj_bias": uniform(0.0, 3 * d),
            "out_proj.weight": uniform(1 / np.sqrt(d), d, d),
            "out_proj.bias": uniform(0.0, d),
        }
        self.draw(draws, rng, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        *lead, _, d = self.params["in_proj_weight"].shape
        inputs.batch(x, ("n", "t", d), tuple(lead), np.ndarray)
        in_weight, in_bias, out_weight, out_bias = self.params.values()
        return causal_self_attention(x, in_weight, in_bias, out_weight, out_bias, self.num_heads)

    pair_backward = staticmethod(causal_self_attention_backward)
