"""A recurrent network that is told a few symbols, waits, and is then asked for all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.initialization import normal
from dlcourse.scratch.optimizers import Adam, clip_grad_norm

UNITS, KINDS, TOLD = 24, 4, 3  # of the state; of symbols; symbols to be remembered
SHAPES = {"W": (UNITS, UNITS), "U": (UNITS, KINDS), "V": (TOLD * KINDS, UNITS)}


def recall_network(rng: Generators, runs: int, gain: Any, init: Any) -> Array:
    """W, U and V of networks, in one vector a run: W ``gain`` times what ``init`` draws.

    U is N(0, 1), V is N(0, 1/24), the same for every ``init`` that draws as many numbers.
    """
    generators = run_generators(rng, runs)
    U, V = (normal(SHAPES[name], generators, runs=runs) for name in "UV")
    W = np.asarray(gain)[..., None] * init(SHAPES["W"], generators, runs=runs)
    flat = [w.reshape(runs, -1) for w in (W, U, V / UNITS**0.5)]
    return np.concatenate(flat, axis=1)


def recall_loss(
    theta: Array,
    told: Array,
    wait: int,
) -> tuple[Array, Array, Array]:
    r"""Cross-entropy of the answers, its gradient, and the share of right answers.

    .. math:: h_t = \tanh(W h_{t-1} + U x_t), \qquad \text{answers } V h_T

    Parameters
    ----------
    theta : (runs, 960), as ``recall_network`` draws it
    told : (runs, n, 3), the symbols 0 to 3 that n sequences begin with; x_t shows them one by one
    wait : moments without any input that follow
    """
    W, U, V = parts(theta)
    x = np.eye(KINDS, dtype=theta.dtype)[told]
    h = np.zeros((TOLD + wait + 1, *told.shape[:2], UNITS), theta.dtype)
    on = W.mT.copy()  # in the order that a product reads it
    for t in range(TOLD + wait):
        z = h[t] @ on
        h[t + 1] = np.tanh(z + x[:, :, t] @ U.mT if t < TOLD else z)
    said = (h[-1] @ V.mT).reshape(x.shape)
    log_p = said - np.log(np.exp(said).sum(axis=-1, keepdims=True))
    right = (log_p.argmax(axis=-1) == told).mean(axis=(1, 2))
    loss = -(log_p * x).sum(axis=(1, 2, 3)) / told[0].size
    pull = ((np.exp(log_p) - x) / told[0].size).reshape(*told.shape[:2], -1)
    by_W, by_U = np.zeros_like(W), np.zeros_like(U)
    by_V, back = pull.mT @ h[-1], pull @ V
    for t in reversed(range(TOLD + wait)):
        back = back * (1 - h[t + 1] ** 2)
        by_W += back.mT @ h[t]
        if t < TOLD:
            by_U += back.mT @ x[:, :, t]
        back = back @ W
    grads = [g.reshape(len(theta), -1) for g in (by_W, by_U, by_V)]
    return loss, np.concatenate(grads, axis=1), right


def parts(theta: Array) -> list[Array]:
    """W, U and V of every run, as views of ``theta`` (runs, 960)."""
    found, end = [], 0
    for shape in SHAPES.values():
        part = slice(end, end := end + shape[0] * shape[1])
        found.append(theta[:, part].reshape(-1, *shape))
    return found


def learn_to_recall(
    rng: Generators, runs: int, gain: Any, lr: Any, *, init: Any, wait: int = 30, steps: int = 120,
    batch: int = 10,
) -> dict[str, Array]:  # fmt: skip
    """Train with Adam, gradients clipped at norm 1, every batch new.

    Returns
    -------
    ``error``, the share of wrong answers in the last twenty batches before their step, and
    ``spread`` of the singular values of W at the end
    """
    generators = run_generators(rng, runs)
    theta = recall_network(generators, runs, gain, init)
    adam, wrong = Adam(theta, lr=np.asarray(lr)), []
    for _ in range(steps):
        told = np.stack([one.integers(0, KINDS, (batch, TOLD)) for one in generators])
        _, grad, right = recall_loss(theta, told, wait)
        wrong.append(1 - right)
        adam.step(clip_grad_norm(grad, max_norm=1.0)[0])
    values = np.linalg.svdvals(parts(theta)[0])
    return {
        "error": np.mean(wrong[-20:], axis=0),
        "spread": values.std(axis=-1) / values.mean(axis=-1),
    }
