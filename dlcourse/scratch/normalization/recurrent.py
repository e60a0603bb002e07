"""The Elman network whose every step is normalized over its own units."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.layers.base import Cache, Layer, ones, uniform
from dlcourse.scratch.layers.dense import linear, linear_backward
from dlcourse.scratch.layers.recurrent import NONLINEARITIES
from dlcourse.scratch.normalization.sample import layer_norm, layer_norm_backward


def layer_norm_rnn(
    x: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array,
    gain: Array,
    h0: Array | None = None,
    nonlinearity: str = "tanh",
    eps: float = 1e-5,
) -> tuple[Array, Cache]:
    r"""Read a sequence place by place; what enters the nonlinearity has mean 0 and variance 1.

    .. math:: h_t = \tanh(\gamma \odot \mathrm{norm}(W_{ih} x_t + W_{hh} h_{t-1}) + b)

    Parameters
    ----------
    x, weight_ih, weight_hh, bias, h0, nonlinearity : as in ``rnn``
    gain : γ, (..., k)
    eps : number >= 0

    Notes
    -----
    Each place has a mean and a variance of its own, over the k units. Statistics of a batch would
    be others at each place, and unknown for places beyond the longest sequence of training.

    Examples
    --------
    Of two units one is above their mean, one below, however large the input:

    >>> pull, one = np.array([[1.0], [3.0]]), np.ones(2)
    >>> layer_norm_rnn(np.array([[[7.0]]]), pull, np.eye(2), 0 * one, one, None, "relu", 0.0)[0]
    array([[[0., 1.]]])

    References
    ----------
    Ba, Kiros and Hinton (2016), eq. 4.
    """
    activation, _ = NONLINEARITIES[nonlinearity]
    *lead, n, t, d = x.shape
    driven, ih = linear(x.reshape(*lead, n * t, d), weight_ih)
    driven = driven.reshape(*driven.shape[:-2], n, t, -1)
    h = np.zeros_like(driven[..., 0, :]) if h0 is None else h0
    states, norms, slopes = [h], [], []
    for i in range(t):
        a = driven[..., i, :] + h @ weight_hh.swapaxes(-1, -2)
        xhat, norm = layer_norm(a, None, None, eps)
        h, slope = activation(xhat * gain[..., None, :] + bias[..., None, :])
        states.append(h)
        norms.append((xhat, norm))
        slopes.append(slope)
    y = np.stack(states[1:], axis=-2)
    return y, (ih, weight_hh, gain, states, norms, slopes, nonlinearity)


def layer_norm_rnn_backward(
    dy: Array, cache: Cache, input_grad: bool = True
) -> tuple[Any, Array, Array, Array, Array, Array]:
    """Back through time, and at each place back through the normalization.

    Gradients of x, of both weights, of bias and gain, and of the state before the first place.
    """
    ih, weight_hh, gain, states, norms, slopes, nonlinearity = cache
    _, activation_backward = NONLINEARITIES[nonlinearity]
    *lead, n, t, k = dy.shape
    dh, da = np.zeros_like(dy[..., 0, :]), np.empty_like(dy)
    dweight_hh = np.zeros_like(weight_hh)
    dbias, dgain = np.zeros((2, k), dy.dtype)
    for i in reversed(range(t)):
        now = activation_backward(dy[..., i, :] + dh, slopes[i])
        xhat, norm = norms[i]
        dgain = dgain + np.einsum("...nk,...nk->...k", now, xhat)
        dbias = dbias + np.einsum("...nk->...k", now)
        now, *_ = layer_norm_backward(now * gain[..., None, :], norm)
        dweight_hh = dweight_hh + now.swapaxes(-1, -2) @ states[i]
        dh = now @ weight_hh
        da[..., i, :] = now
    dx, dweight_ih, _ = linear_backward(da.reshape(*lead, n * t, k), ih, input_grad)
    dx = dx if dx is None else dx.reshape(*lead, n, t, -1)
    return dx, dweight_ih, dweight_hh, dbias, dgain, dh


class LayerNormRNN(Layer):
    """``layer_norm_rnn`` as a layer; every sequence begins with a state of zeros.

    Parameters
    ----------
    input_size, hidden_size, nonlinearity, rng, runs, dtype : as in ``RNN``
    eps : number >= 0

    Notes
    -----
    Drawn as ``RNN`` is, number for number; ``gain`` is 1 at first.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: str = "tanh",
        eps: float = 1e-5,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        d = checks.integer("input_size", input_size, 1)
        k = checks.integer("hidden_size", hidden_size, 1)
        self.nonlinearity = checks.choice("nonlinearity", nonlinearity, NONLINEARITIES)
        self.eps = checks.scalar("eps", eps)
        shapes = {"weight_ih": (k, d), "weight_hh": (k, k), "bias": (k,)}
        bound = 1 / np.sqrt(k)
        draws = {name: uniform(bound, *shape) for name, shape in shapes.items()}
        self.draw(draws | {"gain": ones(k)}, rng, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        *lead, _, d = self.params["weight_ih"].shape
        inputs.batch(x, ("n", "t", d), tuple(lead), np.ndarray)
        w_ih, w_hh, bias, gain = self.params.values()
        return layer_norm_rnn(x, w_ih, w_hh, bias, gain, None, self.nonlinearity, self.eps)

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        *grads, _ = layer_norm_rnn_backward(dy, cache, input_grad)
        return grads
