"""Fifty steps one after another, through time or through depth, with and without normalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers.activations import relu, relu_backward, tanh, tanh_backward
from dlcourse.scratch.normalization import layer_norm, layer_norm_backward

ACTIVATIONS = {"tanh": (tanh, tanh_backward), "relu": (relu, relu_backward)}
WIDTH, SAMPLES, STEPS = 48, 8, 50


def far_gradient(
    rng: Generators, runs: int, scale: Any, gain: Any = 1.0, drive: Any = 0.0, *,
    norm: bool = True, through: str = "time", activation: str = "tanh", constant: bool = False,
) -> dict[str, Array]:  # fmt: skip
    r"""How long a gradient is when it has come back through fifty steps.

    .. math:: h_t = \varphi\bigl(\gamma\,\mathrm{norm}(s W_t h_{t-1} + x_t)\bigr)

    Parameters
    ----------
    scale : s; W_t is N(0, 1/48)
    gain : γ, for all units
    drive : standard deviation of x_t, new at every step; 0: silence
    norm : layer normalization, or none (then γ is not used)
    through : "time": W is the same at every step; "depth": each has its own
    activation : "tanh" or "relu"
    constant : hold mean and deviation for constants on the way back: only the forward pass is
        normalized

    Returns
    -------
    ``decades``, log₁₀ of |∂L/∂h₀| over |∂L/∂h₅₀|; ``input``, log₁₀ of the size of what enters the
    last step over the same at step ten; ``first``, the length of the gradient by sW₁; ``size``,
    the root mean square of what leaves the normalization at the last step
    """
    checks.choice("through", through, ("time", "depth"))
    forward, backward = ACTIVATIONS[checks.choice("activation", activation, ACTIVATIONS)]
    rngs = run_generators(rng, runs)
    s, gain, drive = (
        np.broadcast_to(np.asarray(v, float), (runs, 1)) for v in (scale, gain, drive)
    )
    draw = lambda *shape: np.stack([g.normal(size=shape) for g in rngs])  # noqa: E731
    h, back = draw(SAMPLES, WIDTH), draw(SAMPLES, WIDTH)
    weights = [draw(WIDTH, WIDTH) for _ in range(STEPS if through == "depth" else 1)]
    weights = [s[..., None] * w / WIDTH**0.5 for w in weights]
    gains, no_bias, kept, sizes = np.repeat(gain, WIDTH, 1), np.zeros((runs, WIDTH)), [], []
    for t in range(STEPS):
        w = weights[t % len(weights)]
        z = h @ w.mT + drive[..., None] * draw(SAMPLES, WIDTH)
        sizes.append(_size(z))
        before, cache = h, None
        if norm:
            z, cache = layer_norm(z, gains, no_bias, eps=0.0)
        h, slope = forward(z)
        kept.append((w, before, cache, slope))
    left = _size(back)
    for w, before, cache, slope in reversed(kept):
        pulled = backward(back, slope)
        if cache is not None:
            root = cache[1]
            pulled = gain[..., None] * pulled / root if constant else (
                layer_norm_backward(pulled, cache)[0])  # fmt: skip
        first = np.linalg.norm(pulled.mT @ before, axis=(-2, -1))
        back = pulled @ w
    return {
        "decades": np.log10(_size(back) / left),
        "input": np.log10(sizes[-1] / sizes[9]),
        "first": first,
        "size": _size(z),
    }


def _size(x: Array) -> Array:
    """The root mean square of a run, (runs,)."""
    return np.asarray(np.sqrt((x**2).mean(axis=(-2, -1))))
