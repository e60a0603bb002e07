"""A recurrent network that shall sing one wave from memory: the smallest task on which it falls."""

from __future__ import annotations

import numpy as np

from dlcourse.arrays import Array

UNITS = 16


def song_network(seed: int | np.random.Generator) -> Array:
    """W (16, 16), b and v (16,) and c of a network, in one vector (289,).

    W is drawn a fifth too large for a network that neither forgets nor explodes.
    """
    rng = np.random.default_rng(seed)
    W = 1.2 * rng.normal(size=(UNITS, UNITS)) / UNITS**0.5
    b = rng.normal(size=UNITS)
    return np.concatenate([W.ravel(), b, rng.normal(size=UNITS) / UNITS**0.5, [0]])


def song_loss(theta: Array, wave: Array) -> tuple[Array, Array]:
    r"""Loss and gradient of networks that shall sing ``wave``; backpropagation through time.

    .. math:: h_t = \tanh(W h_{t-1} + b), \quad h_0 = 0, \quad
              L = \tfrac1T \sum_t (v^\top h_t + c - \text{wave}_t)^2

    Parameters
    ----------
    theta : (runs, 289), each run as ``song_network`` draws it
    wave : (T,)

    Returns
    -------
    L (runs,) and its gradient (runs, 289)
    """
    W, b, v, c = parts(theta)
    b, v = b[..., None], v[..., None]  # columns
    h = np.zeros((len(wave) + 1, *b.shape), theta.dtype)
    for t in range(len(wave)):  # forward in time
        h[t + 1] = np.tanh(W @ h[t] + b)
    said = (v.mT @ h[1:])[..., 0, 0] + c
    pull = 2 * (said - wave[:, None]) / len(wave)
    a, slope, later = pull[..., None, None] * v, 1 - h[1:] ** 2, 0.0
    for t in reversed(range(len(wave))):  # and backward
        a[t] = (a[t] + later) * slope[t]
        later = W.mT @ a[t]
    by_W = a[..., 0].transpose(1, 2, 0) @ h[:-1, ..., 0].swapaxes(0, 1)
    by_v = (pull[..., None] * h[1:, ..., 0]).sum(0)
    by_b, by_c = a.sum(0)[..., 0], pull.sum(0)[:, None]
    grad = np.hstack([by_W.reshape(len(theta), -1), by_b, by_v, by_c])
    return ((said - wave[:, None]) ** 2).mean(0), grad


def parts(theta: Array) -> tuple[Array, Array, Array, Array]:
    """W, b, v and c of every run, as views of ``theta`` (runs, 289)."""
    k, squares = UNITS, UNITS**2
    W = theta[:, :squares].reshape(-1, k, k)
    return W, theta[:, squares : squares + k], theta[:, -k - 1 : -1], theta[:, -1]


def song_influence(theta: Array, moments: int = 30) -> list[float]:
    """How strongly a state acts on the last one, 0, 1, … moments later: ‖Π ∂hₜ/∂hₜ₋₁‖₂.

    Parameters
    ----------
    theta : (289,), one network, run freely for so many ``moments``
    """
    (W,), (b,), *_ = parts(theta[None])
    h = np.zeros(UNITS, theta.dtype)
    factors: list[Array] = []
    for _ in range(moments):
        h = np.tanh(W @ h + b)
        factors = [(1 - h[:, None] ** 2) * W, *factors]
    product, norms = np.eye(UNITS), [1.0]
    for factor in factors[:-1]:
        product = product @ factor
        norms += [float(np.linalg.norm(product, 2))]
    return norms


def song_fall(losses: Array) -> Array:
    """The step at which each network first falls, or the number of steps where none does.

    To fall is to be worse than silence, 0.5, after having been better than half of it.

    Parameters
    ----------
    losses : (steps, …), before each step

    Examples
    --------
    >>> song_fall(np.array([[0.9, 0.4], [0.2, 0.3], [0.4, 0.7], [0.6, 0.8]]))
    array([3, 4])
    """
    fallen = (np.minimum.accumulate(losses) < 0.25) & (losses > 0.5)
    return np.where(fallen.any(axis=0), fallen.argmax(axis=0), len(losses))
