"""Embedding: a row of a table for every integer, and one for every place of a sequence."""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.layers.base import Cache, Layer, normal


def embedding(ids: Array, weight: Array) -> tuple[Array, Cache]:
    """The rows of ``weight`` (..., v, d) that ``ids`` (..., n, t) name: (..., n, t, d).

    It is the linear layer on one-hot rows, without the multiplications by zero.

    Examples
    --------
    >>> embedding(np.array([[2, 0, 2]]), np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))[0]
    array([[[5., 6.],
            [1., 2.],
            [5., 6.]]])
    """
    *lead, v, d = weight.shape
    ids = ids.astype(np.intp, copy=False)  # NumPy would make floats of uint64 and int64
    rows = ids + v * np.arange(prod(lead)).reshape(*lead, 1, 1)  # in the tables of all runs
    return weight.reshape(-1, d)[rows], (ids, v)


def embedding_backward(dy: Array, cache: Cache, input_grad: bool = True) -> tuple[None, Array]:
    """dW: the sum of dy over all places where a row was taken. Integers have no gradient."""
    ids, v = cache
    *lead, _, _, d = dy.shape
    rows = ids + v * np.arange(prod(lead)).reshape(*lead, 1, 1)
    places = rows[..., None] * d + np.arange(d)
    dweight = np.bincount(places.ravel(), dy.ravel(), prod(lead) * v * d)  # sums in float64
    return None, dweight.reshape(*lead, v, d).astype(dy.dtype, copy=False)


def position_embedding(x: Array, weight: Array) -> tuple[Array, Cache]:
    """y = x + W: row t of ``weight`` (..., l, d) at place t of ``x`` (..., n, t, d).

    Attention sees a set; this tells it the order.
    """
    return x + weight[..., None, : x.shape[-2], :], weight.shape[-2]


def position_embedding_backward(
    dy: Array, cache: Cache, input_grad: bool = True
) -> tuple[Array, Array]:
    """dx = dy; dW = Σₙ dy, and 0 for places beyond the sequence."""
    *lead, _, t, d = dy.shape
    dweight = np.zeros((*lead, cache, d), dy.dtype)
    dweight[..., :t, :] = dy.sum(-3)
    return dy, dweight


class Embedding(Layer):
    """``embedding`` as a layer: the first of a model, for its inputs are integers.

    Parameters
    ----------
    num_embeddings, embedding_dim : int >= 1
    rng, runs, dtype : as in ``Linear``

    Notes
    -----
    Drawn as ``torch.nn.Embedding`` draws, from the standard normal distribution.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        v = checks.integer("num_embeddings", num_embeddings, 1)
        d = checks.integer("embedding_dim", embedding_dim, 1)
        self.draw({"weight": normal(v, d)}, rng, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        *lead, v, _ = self.params["weight"].shape
        inputs.batch(x, ("n", "t"), tuple(lead), np.ndarray, "int")
        inputs.indices("x", x, v)
        return embedding(x, self.params["weight"])

    pair_backward = staticmethod(embedding_backward)


class PositionEmbedding(Layer):
    """``position_embedding`` as a layer, for sequences of at most ``length`` places."""

    def __init__(
        self,
        length: int,
        embedding_dim: int,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        length = checks.integer("length", length, 1)
        d = checks.integer("embedding_dim", embedding_dim, 1)
        self.draw({"weight": normal(length, d)}, rng, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        *lead, length, d = self.params["weight"].shape
        inputs.batch(x, ("n", "t", d), tuple(lead), np.ndarray)
        if x.shape[-2] > length:
            checks.fail("x", f"of at most {length} places", x.shape[-2])
        return position_embedding(x, self.params["weight"])

    pair_backward = staticmethod(position_embedding_backward)
