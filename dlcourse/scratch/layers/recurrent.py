"""The Elman network: one state, carried from place to place of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.layers.activations import relu, relu_backward, tanh, tanh_backward
from dlcourse.scratch.layers.base import Cache, Layer, uniform
from dlcourse.scratch.layers.dense import linear, linear_backward

NONLINEARITIES = {"tanh": (tanh, tanh_backward), "relu": (relu, relu_backward)}


def rnn(
    x: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias: Array | None = None,
    h0: Array | None = None,
    nonlinearity: str = "tanh",
) -> tuple[Array, Cache]:
    r"""Read a sequence place by place; what was read before is known by the state alone.

    .. math:: h_t = \tanh(W_{ih} x_t + W_{hh} h_{t-1} + b), \qquad t = 1, \dots, T

    Parameters
    ----------
    x : (..., n, t, d)
    weight_ih, weight_hh, bias : (..., k, d), (..., k, k) and (..., k)
    h0 : the state before the first place, (..., n, k); zeros unless given
    nonlinearity : "tanh" or "relu"

    Returns
    -------
    y (..., n, t, k), the states of all places, and what ``rnn_backward`` needs.

    Notes
    -----
    PyTorch has two biases, which are only ever added up; here there is their sum.

    Examples
    --------
    A state that adds up what it reads:

    >>> one = np.ones((1, 1))
    >>> rnn(np.array([[[1.0], [2.0], [3.0]]]), one, one, nonlinearity="relu")[0].ravel()
    array([1., 3., 6.])
    """
    activation, _ = NONLINEARITIES[nonlinearity]
    *lead, n, t, d = x.shape
    driven, ih = linear(x.reshape(*lead, n * t, d), weight_ih, bias)
    driven = driven.reshape(*driven.shape[:-2], n, t, -1)
    h = np.zeros_like(driven[..., 0, :]) if h0 is None else h0
    states, slopes = [h], []
    for i in range(t):
        h, slope = activation(driven[..., i, :] + h @ weight_hh.swapaxes(-1, -2))
        states.append(h)
        slopes.append(slope)
    y = np.stack(states[1:], axis=-2)
    return y, (ih, weight_hh, states, slopes, nonlinearity)


def rnn_backward(
    dy: Array, cache: Cache, input_grad: bool = True
) -> tuple[Any, Array, Array, Array, Array]:
    """Back through time: dh at a place is dy there, and what comes from the next place.

    Gradients of x, of both weights, of the bias and of the state before the first place.
    """
    ih, weight_hh, states, slopes, nonlinearity = cache
    _, activation_backward = NONLINEARITIES[nonlinearity]
    *lead, n, t, k = dy.shape
    dh, da = np.zeros_like(dy[..., 0, :]), np.empty_like(dy)
    dweight_hh = np.zeros_like(weight_hh)
    for i in reversed(range(t)):
        now = activation_backward(dy[..., i, :] + dh, slopes[i])
        dweight_hh = dweight_hh + now.swapaxes(-1, -2) @ states[i]
        dh = now @ weight_hh
        da[..., i, :] = now
    dx, dweight_ih, dbias = linear_backward(da.reshape(*lead, n * t, k), ih, input_grad)
    dx = dx if dx is None else dx.reshape(*lead, n, t, -1)
    return dx, dweight_ih, dweight_hh, dbias, dh


class RNN(Layer):
    """``rnn`` as a layer; every sequence begins with a state of zeros.

    Parameters
    ----------
    input_size, hidden_size : int >= 1
    nonlinearity : "tanh" or "relu"
    rng, runs, dtype : as in ``Linear``

    Notes
    -----
    Drawn as ``torch.nn.RNN`` draws: uniform in ±1/√k, k the size of the state.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: str = "tanh",
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        d = checks.integer("input_size", input_size, 1)
        k = checks.integer("hidden_size", hidden_size, 1)
        self.nonlinearity = checks.choice("nonlinearity", nonlinearity, NONLINEARITIES)
        shapes = {"weight_ih": (k, d), "weight_hh": (k, k), "bias": (k,)}
        bound = 1 / np.sqrt(k)
        draws = {name: uniform(bound, *shape) for name, shape in shapes.items()}
        self.draw(draws, rng, runs, dtype)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        *lead, _, d = self.params["weight_ih"].shape
        inputs.batch(x, ("n", "t", d), tuple(lead), np.ndarray)
        weight_ih, weight_hh, bias = self.params.values()
        return rnn(x, weight_ih, weight_hh, bias, nonlinearity=self.nonlinearity)

    def pair_backward(self, dy: Array, cache: Cache, input_grad: bool = True) -> Any:
        *grads, _ = rnn_backward(dy, cache, input_grad)
        return grads
