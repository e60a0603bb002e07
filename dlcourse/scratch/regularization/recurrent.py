"""Dropout in a recurrent network: of what it reads, and of the state that it carries."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers.base import Cache, uniform
from dlcourse.scratch.layers.dense import linear, linear_backward
from dlcourse.scratch.layers.recurrent import NONLINEARITIES
from dlcourse.scratch.regularization.masks import draw_dropout_mask, draw_sequence_mask, rates
from dlcourse.scratch.regularization.units import Dropping, scaled


def dropped_rnn(
    x: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array,
    mask_x: Array | None = None,
    mask_h: Array | None = None,
    p_x: Any = 0.0,
    p_h: Any = 0.0,
    nonlinearity: str = "tanh",
) -> tuple[Array, Cache]:
    r"""``rnn`` that reads and remembers with part of its features.

    .. math:: h_t = \tanh\!\left(W_{ih} \frac{m^x_t \odot x_t}{1 - p_x}
        + W_{hh} \frac{m^h_t \odot h_{t-1}}{1 - p_h} + b\right)

    Parameters
    ----------
    x : (..., n, t, d)
    weight_ih, weight_hh, bias : (..., k, d), (..., k, k) and (..., k)
    mask_x, mask_h : (..., n, t, d) and (..., n, t, k), or with 1 for t: one mask for all places,
        as Gal and Ghahramani have it; None: nothing is dropped
    p_x, p_h : probabilities of *dropping*, numbers or (runs,)
    nonlinearity : "tanh" or "relu"

    Examples
    --------
    A sum of what was read, which is forgotten where the state is dropped:

    >>> one, mask = np.ones((1, 1)), np.array([[[True], [True], [False]]])
    >>> x = np.array([[[1.0], [2.0], [3.0]]])
    >>> dropped_rnn(x, one, one, np.zeros(1), mask_h=mask, nonlinearity="relu")[0].ravel()
    array([1., 3., 3.])

    References
    ----------
    Gal and Ghahramani (2016b), section 4.
    """
    activation, _ = NONLINEARITIES[nonlinearity]
    kept = [_kept("x", mask_x, p_x, x), _kept("h", mask_h, p_h, x)]
    read = x * kept[0]
    *lead, n, t, d = read.shape
    driven, ih = linear(read.reshape(*lead, n * t, d), weight_ih, bias)
    driven = driven.reshape(*driven.shape[:-2], n, t, -1)
    h, carried, slopes, states = np.zeros_like(driven[..., 0, :]), [], [], []
    for i in range(t):
        carried.append(h * _at(kept[1], i))
        h, slope = activation(driven[..., i, :] + carried[i] @ weight_hh.swapaxes(-1, -2))
        states.append(h)
        slopes.append(slope)
    return np.stack(states, axis=-2), (ih, weight_hh, carried, slopes, kept, nonlinearity)


def dropped_rnn_backward(
    dy: Array, cache: Cache, input_grad: bool = True
) -> tuple[Any, Array, Array, Array]:
    """Back through time, with the masks of the way there: of x, of both weights, of the bias."""
    ih, weight_hh, carried, slopes, kept, nonlinearity = cache
    _, activation_backward = NONLINEARITIES[nonlinearity]
    *lead, n, t, k = dy.shape
    dh, da = np.zeros_like(dy[..., 0, :]), np.empty_like(dy)
    dweight_hh = np.zeros_like(weight_hh)
    for i in reversed(range(t)):
        now = activation_backward(dy[..., i, :] + dh, slopes[i])
        dweight_hh = dweight_hh + now.swapaxes(-1, -2) @ carried[i]
        dh = (now @ weight_hh) * _at(kept[1], i)
        da[..., i, :] = now
    dx, dweight_ih, dbias = linear_backward(da.reshape(*lead, n * t, k), ih, input_grad)
    dx = dx if dx is None else dx.reshape(*lead, n, t, -1) * kept[0]
    return dx, dweight_ih, dweight_hh, dbias


def _kept(name: str, mask: Array | None, p: Any, x: Array) -> Array:
    """m / (1 − p), or ones."""
    if mask is not None:
        return scaled(mask, p, max(x.ndim, mask.ndim), x.dtype)
    if np.any(p):
        checks.fail(f"mask_{name}", f"given where p_{name} is not 0", mask)
    return np.ones((1, 1), x.dtype)


def _at(kept: Array, i: int) -> Array:
    """The mask of a place, which may be that of all."""
    return kept[..., min(i, kept.shape[-2] - 1), :]


class DroppedRNN(Dropping):
    """``dropped_rnn`` as a layer; every sequence begins with a state of zeros.

    Parameters
    ----------
    input_size, hidden_size, nonlinearity, dtype : as in ``RNN``; the same weights are drawn
    p_x, p_h : probabilities of dropping what is read and what is carried; numbers, or (runs,)
    each_step : a fresh mask at every place, in place of one for all
    rng, runs : as in ``Dropout``

    Attributes
    ----------
    mask : (mask_x, mask_h) of the latest training pass
    """

    per_run: ClassVar[tuple[str, ...]] = ("p_x", "p_h")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        p_x: Any = 0.0,
        p_h: Any = 0.0,
        each_step: bool = False,
        nonlinearity: str = "tanh",
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        generators: Any = run_generators(rng, runs)
        super().__init__(0.0, rng=generators, runs=runs)
        self.p_x, self.p_h = rates("p_x", p_x, runs), rates("p_h", p_h, runs)
        d = checks.integer("input_size", input_size, 1)
        k = checks.integer("hidden_size", hidden_size, 1)
        self.each_step = each_step
        self.nonlinearity = checks.choice("nonlinearity", nonlinearity, NONLINEARITIES)
        shapes = {"weight_ih": (k, d), "weight_hh": (k, k), "bias": (k,)}
        bound = 1 / np.sqrt(k)
        draws = {name: uniform(bound, *shape) for name, shape in shapes.items()}
        self.draw(draws, generators, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        *lead, k, d = self.params["weight_ih"].shape
        inputs.batch(x, ("n", "t", d), tuple(lead), np.ndarray)
        weight_ih, weight_hh, bias = self.params.values()
        if not self.training:
            return dropped_rnn(x, weight_ih, weight_hh, bias, nonlinearity=self.nonlinearity)
        places = x.shape[-3:-1]
        self.mask = tuple(
            self.each((*places, size), p) for size, p in ((d, self.p_x), (k, self.p_h))
        )
        told: Any = (*self.mask, self.p_x, self.p_h, self.nonlinearity)
        return dropped_rnn(x, weight_ih, weight_hh, bias, *told)

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        return dropped_rnn_backward(dy, cache, input_grad)

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Array:
        return (draw_dropout_mask if self.each_step else draw_sequence_mask)(shape, p, rng)
