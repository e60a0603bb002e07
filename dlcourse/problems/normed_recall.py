"""The task of memory of ``recall``, for a recurrent network that is normalized or is not."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.recall import KINDS, TOLD, UNITS
from dlcourse.scratch.layers.base import unflatten
from dlcourse.scratch.layers.recurrent import rnn, rnn_backward
from dlcourse.scratch.normalization import layer_norm_rnn, layer_norm_rnn_backward
from dlcourse.scratch.optimizers import Adam, clip_grad_norm

SHAPES = {
    "U": (UNITS, KINDS),
    "W": (UNITS, UNITS),
    "bias": (UNITS,),
    "gain": (UNITS,),
    "V": (TOLD * KINDS, UNITS),
}


def learn_to_recall(
    rng: Generators, runs: int, scale: Any, gain: Any, lr: Any, *, norm: bool, wait: int = 30,
    steps: int = 120, batch: int = 10,
) -> dict[str, Array]:  # fmt: skip
    """Three symbols of four kinds, thirty silent moments, and all three are asked for.

    Trained with Adam, gradients clipped at norm 1, every batch new.

    Parameters
    ----------
    scale : of the recurrent weights at the start, times N(0, 1/24)
    gain : γ of layer normalization at the start; without ``norm`` it is not used
    norm : h_t = tanh(γ norm(U x_t + W h_{t-1}) + b), or h_t = tanh(U x_t + W h_{t-1} + b)

    Returns
    -------
    ``error``, the share of wrong answers in the last twenty batches before their step
    """
    rngs = run_generators(rng, runs)
    theta = _start(rngs, runs, scale, gain)
    p, adam, errors = unflatten(theta, SHAPES), Adam(theta, lr=np.asarray(lr)), []
    kinds = np.eye(KINDS, dtype=theta.dtype)
    for _ in range(steps):
        told = np.stack([one.integers(0, KINDS, (batch, TOLD)) for one in rngs])
        x = np.zeros((runs, batch, TOLD + wait, KINDS), theta.dtype)
        x[:, :, :TOLD] = kinds[told]
        last, cache = _read(x, p, norm)
        said = (last @ p["V"].mT).reshape(*told.shape, KINDS)
        share = np.exp(said - said.max(axis=-1, keepdims=True))
        share /= share.sum(axis=-1, keepdims=True)
        errors.append((share.argmax(axis=-1) != told).mean(axis=(1, 2)))
        pull = ((share - kinds[told]) / told[0].size).reshape(runs, batch, -1)
        dy = np.zeros((*x.shape[:-1], UNITS), theta.dtype)
        dy[..., -1, :] = pull @ p["V"]
        grads = [*_backward(dy, cache, norm), pull.mT @ last]
        flat = [g.reshape(runs, -1) for g in grads]
        grad = np.concatenate(flat, axis=1).astype(theta.dtype)
        adam.step(clip_grad_norm(grad, max_norm=1.0)[0])
    return {"error": np.mean(errors[-20:], axis=0)}


def _start(rngs: list[np.random.Generator], runs: int, scale: Any, gain: Any) -> Array:
    """All parameters in one vector a run; every setting of a seed begins with the same draws."""
    drawn = {name: np.stack([g.normal(size=SHAPES[name]) for g in rngs]) for name in "UWV"}
    column = np.broadcast_to(np.asarray(scale, float), (runs, 1))
    drawn["W"] *= column[..., None] / UNITS**0.5
    drawn["V"] /= UNITS**0.5
    drawn["bias"] = np.zeros((runs, UNITS))
    drawn["gain"] = np.zeros((runs, UNITS)) + np.asarray(gain, float)
    flat = [drawn[name].reshape(runs, -1) for name in SHAPES]
    return np.concatenate(flat, axis=1).astype(np.float32)


def _read(x: Array, p: dict[str, Array], norm: bool) -> tuple[Array, Any]:
    """The state after the last moment, and what the way back needs."""
    if norm:
        y, cache = layer_norm_rnn(x, p["U"], p["W"], p["bias"], p["gain"])
    else:
        y, cache = rnn(x, p["U"], p["W"], p["bias"])
    return y[..., -1, :], cache


def _backward(dy: Array, cache: Any, norm: bool) -> list[Array]:
    """Gradients of U, W, bias and gain; that of a gain which is not used is 0."""
    if norm:
        _, by_u, by_w, by_bias, by_gain, _ = layer_norm_rnn_backward(dy, cache, False)
        return [by_u, by_w, by_bias, by_gain]
    _, by_u, by_w, by_bias, _ = rnn_backward(dy, cache, False)
    return [by_u, by_w, by_bias, np.zeros_like(by_bias)]
