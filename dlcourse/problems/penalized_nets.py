"""Small networks on few digits with a flaw, wrong labels or useless inputs, and a penalty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.initialization import kaiming_normal
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.scratch.regularization import (
    Penalized,
    Proximal,
    coefficients,
    l1_penalty,
    l2_penalty,
)

HIDDEN = 32
PENALTIES = {"l2": l2_penalty, "l1": l1_penalty}
WHERE = {
    "all": {"0": 1.0, "2": 1.0},
    "late": {"0": 3**-0.5, "2": 3**0.5},
    "first": {"0": 1.0},
    "last": {"2": 1.0},
}
"""Which layers are penalized, by their places in the network, and by how many times the
coefficient: "late" by three times as much at the output, at the same product of the two."""


def learn_flawed(
    rng: Generators, runs: int, coef: Any, *, sets: Sequence[Any], penalty: str = "l2",
    where: str = "all", few: int = 128, wrong: float = 0.0, useless: int = 0, epochs: int = 60,
    probe: bool = False,
) -> dict[str, Array]:  # fmt: skip
    """Train an MLP with one hidden layer of 32 a run, by heavy ball at rate 0.2, batches of 64.

    Parameters
    ----------
    coef : of the penalty, a number or a column (runs, 1)
    sets : training, validation and test digits, float32
    penalty : "l2" or "l1", whose gradient is added to the loss's; "proximal": L1 by its proximal
        step
    where : a key of ``WHERE``
    few : training images, drawn for every run by its own generator
    wrong : the share of their labels that is replaced by another digit
    useless : how many inputs of pure noise stand beside the pixels, in all three sets
    probe : whether a linear reader is put on the hidden units after training, by least squares on
        *all* training images with their right labels

    Returns
    -------
    ``val_error``, ``test_error``: shares misread; ``val_loss``, ``test_loss``; ``train_loss``, the
    mean over the last epoch; ``zeros``, the share of the penalized weights that are exactly 0; with
    ``probe`` also ``test_probe``, the share of the test images that the reader misreads
    """
    checks.choice("penalty", penalty, (*PENALTIES, "proximal"))
    checks.choice("where", where, WHERE)
    rngs, loss = run_generators(rng, runs), SoftmaxCrossEntropy()
    x, y = _flawed(rngs, sets[0], few, wrong, useless)
    net = MLP([x.shape[-1], HIDDEN, 10], rngs, runs=runs, dtype=np.float32)
    each = coefficients(net, 0.0, **{at: k * coef for at, k in WHERE[where].items()})
    sgd = SGD(net.theta, lr=0.2, momentum=0.9)
    around: Any = Proximal(sgd, each)
    if penalty != "proximal":
        around = Penalized(sgd, lambda theta: PENALTIES[penalty](theta, each))
    run = np.arange(runs)[:, None]
    for _ in range(epochs):
        order, losses = np.stack([g.permutation(few) for g in rngs]), []
        for start in range(0, few, 64):
            now = order[:, start : start + 64]
            losses.append(loss.forward(net.forward(x[run, now], True), y[run, now]))
            net.backward(loss.backward(), input_grad=False)
            around.step(net.grad)
    held = coefficients(net, 0.0, **dict.fromkeys(WHERE[where], 1.0)) > 0
    found = {"train_loss": np.mean(losses, axis=0)}
    found["zeros"] = (net.theta[:, held] == 0).mean(axis=-1)
    for k, name in enumerate(("val", "test"), start=1):
        seen, label = sets[k]
        out = net.forward(_beside(np.random.default_rng(k), seen, useless))
        found[f"{name}_loss"] = loss.forward(out, label)
        found[f"{name}_error"] = (out.argmax(axis=-1) != label).mean(axis=-1)
    if probe:
        parts = [_beside(np.random.default_rng(k), sets[k][0], useless) for k in (0, 2)]
        wrongly = _read_off(net, parts[0], sets[0][1], parts[1]) != sets[2][1]
        found["test_probe"] = wrongly.mean(axis=-1)
    return found


def deep_network(rng: Generators, runs: int | None = None, *, scale: float = 1.0) -> MLP:
    """Six layers of 32 ReLUs for the digits, all weights ``scale`` times as large as He's.

    Examples
    --------
    >>> small, usual = (deep_network(np.random.default_rng(0), scale=s) for s in (0.5, 1.0))
    >>> bool(np.allclose(small.theta, usual.theta / 2))
    True
    """
    net = MLP([64, *[32] * 5, 10], rng, runs=runs, dtype=np.float32, init=kaiming_normal)
    net.theta *= scale
    return net


def _flawed(
    rngs: list[np.random.Generator], train: Any, few: int, wrong: float, useless: int
) -> tuple[Array, Array]:
    """The images and labels of every run, (runs, few, d) and (runs, few)."""
    checks.integer("few", few, 1)
    if few > len(train[0]):
        checks.fail("few", f"at most {len(train[0])}", few)
    checks.number("wrong", wrong, 0.0, 1.0)
    x, y = [], []
    for g in rngs:
        mine = g.permutation(len(train[0]))[:few]
        label = train[1][mine].copy()
        bad = g.random(few) < wrong
        label[bad] = (label[bad] + g.integers(1, 10, bad.sum())) % 10
        x.append(_beside(g, train[0][mine], useless))
        y.append(label)
    return np.stack(x), np.stack(y)


def _beside(rng: np.random.Generator, x: Array, useless: int) -> Array:
    """The pixels, and beside them normal numbers of deviation 0.5 that say nothing."""
    noise = 0.5 * rng.normal(size=(len(x), useless))
    return np.concatenate([x, noise.astype(x.dtype)], axis=-1)


def _read_off(net: MLP, x: Array, y: Array, fresh: Array) -> Array:
    """What least squares on the hidden units, fitted to (x, y), says of ``fresh``: (runs, n)."""
    answers = []
    for w, b in zip(net.params["0.weight"], net.params["0.bias"], strict=True):
        known, new = (
            np.column_stack([np.maximum(seen @ w.T + b, 0.0), np.ones(len(seen))]).astype(float)
            for seen in (x, fresh)
        )
        answers.append((new @ np.linalg.lstsq(known, np.eye(10)[y])[0]).argmax(axis=-1))
    return np.stack(answers)
