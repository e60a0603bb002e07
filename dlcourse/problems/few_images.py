"""Very few training images for each network, all networks side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.normalized import normed_mlp
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.optimizers import Adam


def learn_few(
    rng: Generators, runs: int, lr: Any, *, norm: str, sets: Sequence[Any], parts: int,
    epochs: int = 18, batch_size: int = 16, few: int = 64,
) -> dict[str, Array]:  # fmt: skip
    """Train MLPs 64-32-32-10 on disjoint parts of the training data, a part for each seed.

    Parameters
    ----------
    norm : as in ``normed_mlp``
    sets : training, validation and test data, (x, y) each
    parts : of ``few`` training images; as many as there are seeds, which lie next to each other,
        so that the i-th seed of every setting has the i-th part

    Returns
    -------
    ``train_loss``, the mean over the last epoch; ``val_error`` and ``test_error``, the shares of
    images misread
    """
    rngs, loss = run_generators(rng, runs), SoftmaxCrossEntropy()
    if parts * few > len(sets[0][0]) or runs % parts:
        checks.fail("parts", f"at most {len(sets[0][0]) // few}, and one a seed", parts)
    x, y = (np.stack([a[few * (i % parts) :][:few] for i in range(runs)]) for a in sets[0])
    net = normed_mlp([64, 32, 32, 10], rngs, norm=norm, runs=runs, dtype=np.float32)
    adam, run = Adam(net.theta, lr=lr), np.arange(runs)[:, None]
    losses: list[Array] = []
    for _ in range(epochs):
        order, losses = np.stack([g.permutation(few) for g in rngs]), []
        for start in range(0, few, batch_size):
            now = order[:, start : start + batch_size]
            losses.append(loss.forward(net.forward(x[run, now], True), y[run, now]))
            net.backward(loss.backward(), input_grad=False)
            adam.step(net.grad)
    found = {"train_loss": np.mean(losses, axis=0)}
    for name, (seen, label) in zip(("val", "test"), sets[1:], strict=True):
        read = net.forward(np.broadcast_to(seen, (runs, *seen.shape))).argmax(axis=-1)
        found[f"{name}_error"] = (read != label).mean(axis=-1)
    return found
