"""One symbol to remember through silent moments, with dropout of what is read or carried."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.initialization import orthogonal
from dlcourse.scratch.layers import Linear
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.optimizers import Adam, clip_grad_norm
from dlcourse.scratch.regularization import DroppedRNN

KINDS, UNITS, BATCH = 4, 24, 12
DROPPED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "inputs": {"p_x": 1.0},
    "state, each step": {"p_h": 1.0, "each_step": True},
    "state, one mask": {"p_h": 1.0},
}
"""What is dropped; in place of 1, with probability p."""


def recall_rnn(rng: Generators, runs: int, dropped: str, p: float) -> Sequential:
    """24 units, an orthogonal recurrent matrix, and input weights five times the usual size.

    In double precision: over long delays single precision differs sooner between processors.
    """
    rngs = run_generators(rng, runs)
    made: Any = {"runs": runs, "dtype": np.float64}
    told = DROPPED[checks.choice("dropped", dropped, DROPPED)]
    rates: Any = {name: value if name == "each_step" else p * value for name, value in told.items()}
    rnn = DroppedRNN(KINDS, UNITS, **rates, rng=rngs, **made)
    net = Sequential(rnn, Linear(UNITS, KINDS, rng=rngs, **made))
    rnn.params["weight_hh"][...] = orthogonal((UNITS, UNITS), rngs, runs=runs)
    rnn.params["weight_ih"][...] *= 5
    return net


def learn_to_keep(
    rng: Generators, runs: int, lr: Any, *, dropped: str, p: float = 0.2, wait: int = 12,
    steps: int = 150,
) -> dict[str, Array]:  # fmt: skip
    """One of four symbols, ``wait`` silent moments, and the symbol is asked for; Adam, norm 1.

    Returns
    -------
    ``right`` and ``loss`` on 200 new sequences each, nothing dropped; ``val_loss`` on 200 others
    """
    rngs, loss = run_generators(rng, runs), SoftmaxCrossEntropy()
    net = recall_rnn(rngs, runs, dropped, p)
    rnn, head = net.layers
    adam = Adam(net.theta, lr=lr)
    for _ in range(steps):
        x, told = _sequences(rngs, BATCH, wait)
        y = rnn.forward(x, True)
        loss.forward(head.forward(y[..., -1, :], True), told)
        dy = np.zeros_like(y)
        dy[..., -1, :] = head.backward(loss.backward())
        rnn.backward(dy, input_grad=False)
        adam.step(clip_grad_norm(net.grad, max_norm=1.0)[0])
    found: dict[str, Array] = {}
    for name in ("val_", ""):
        x, told = _sequences(rngs, 200, wait)
        out = head.forward(rnn.forward(x)[..., -1, :])
        found |= {f"{name}loss": loss.forward(out, told)}
        found |= {f"{name}right": (out.argmax(-1) == told).mean(-1)}
    return found


def _sequences(rngs: list[np.random.Generator], n: int, wait: int) -> tuple[Array, Array]:
    told = np.stack([g.integers(0, KINDS, n) for g in rngs])
    x = np.zeros((*told.shape, wait + 1, KINDS))
    x[:, :, 0] = np.eye(KINDS)[told]
    return x, told
