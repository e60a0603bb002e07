"""Networks that each learn from digits of their own draw, with right labels or with wrong ones.

Where the question is what a network makes of the few images it was given, ten networks on the same
images are one observation. Here every run draws anew which images it learns from, which it is
validated on, and which it is tested on.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks, data
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import AdamW

VAL, TEST = 400, 500


class Drawn(NamedTuple):
    """Three parts, (x, y) each, every run's own: x (runs, n, 64) and y (runs, n).

    ``wrong`` (runs, n) says which training labels are not those of their images.
    """

    train: tuple[Array, Array]
    val: tuple[Array, Array]
    test: tuple[Array, Array]
    wrong: Array


@functools.cache
def pool() -> tuple[Array, Array]:
    """All 1796 digits as one set, float32, standardized by one mean and one deviation."""
    digits = data.load("digits", dtype=np.float32)
    parts = (digits.train, digits.validation, digits.test)
    x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return (x - x.mean()) / x.std(), y


def draw_digits(rngs: Sequence[np.random.Generator], n: int, wrong: float = 0.0) -> Drawn:
    """``n`` images to train on, 400 to validate, 500 to test, no image twice in a run.

    Parameters
    ----------
    n : at most 896; a generator that draws more of them has the same first, and the same others
    wrong : the chance of a training or validation label to be replaced by one of the nine others;
        with 0.9 labels are drawn at random from all ten. Test labels are right.

    Examples
    --------
    >>> drawn = draw_digits([np.random.default_rng(0)], 100, wrong=0.3)
    >>> drawn.train[0].shape, drawn.test[1].shape, float(drawn.wrong.mean())
    ((1, 100, 64), (1, 500), 0.33)
    """
    x, y = pool()
    checks.integer("n", n, 1)
    if n > (most := len(x) - VAL - TEST):
        checks.fail("n", f"at most {most}", n)
    checks.number("wrong", wrong, 0.0, 1.0)
    held = {"val": slice(-VAL - TEST, -TEST), "test": slice(-TEST, None)}
    found: dict[str, list[Array]] = {}
    for rng in rngs:
        order, noisy = rng.permutation(len(x)), rng.random(len(x)) < wrong
        right = y[order]
        told = np.where(noisy, (right + rng.integers(1, 10, len(x))) % 10, right)
        for name, rows in {"train": slice(n), **held}.items():
            found.setdefault(f"{name}_x", []).append(x[order[rows]])
            found.setdefault(name, []).append((right if name == "test" else told)[rows])
        found.setdefault("wrong", []).append(noisy[:n])
    stacked = {name: np.stack(arrays) for name, arrays in found.items()}
    train, val, test = ((stacked[f"{k}_x"], stacked[k]) for k in ("train", "val", "test"))
    return Drawn(train, val, test, stacked["wrong"])


def learn(
    net: Any, optimizer: Any, loss: Any, train: tuple[Array, Array],
    rngs: Sequence[np.random.Generator], epochs: int, batch_size: int,
) -> None:  # fmt: skip
    """Train every run on its own (x, y), in an order of its own."""
    x, y = train
    runs, n = y.shape[:2]
    run = np.arange(runs)[:, None]
    for _ in range(epochs):
        order = np.stack([rng.permutation(n) for rng in rngs])
        for start in range(0, n, batch_size):
            now = order[:, start : start + batch_size]
            loss.forward(net.forward(x[run, now], True), y[run, now])
            net.backward(loss.backward(), input_grad=False)
            optimizer.step(net.grad)


def misread(net: Any, x: Array, y: Array) -> Array:
    """Which samples each run gives another label than ``y``, (runs, n)."""
    return np.asarray(net.forward(x).argmax(axis=-1) != y)


def trained_on_digits(
    rng: Generators, runs: int, lr: Any = 0.01, decay: Any = 0.0, *, n: int = 200,
    wrong: float = 0.0, width: int = 64, scale: float = 1.0, epochs: int = 60, batch_size: int = 50,
) -> tuple[MLP, Drawn]:  # fmt: skip
    """Networks 64-width-10 with ReLUs after training, and the digits that each was given.

    Parameters
    ----------
    lr, decay : of AdamW; numbers, or (runs, 1)
    n, wrong : as in ``draw_digits``
    scale : a factor on all weights and biases at the start
    """
    rngs = run_generators(rng, runs)
    drawn = draw_digits(rngs, n, wrong)
    net = MLP([64, width, 10], rngs, runs=runs, dtype=np.float32)
    net.theta *= np.float32(scale)
    adam = AdamW(net.theta, lr=lr, weight_decay=decay)
    learn(net, adam, SoftmaxCrossEntropy(), drawn.train, rngs, epochs, batch_size)
    return net, drawn


def learn_digits(rng: Generators, runs: int, **settings: Any) -> dict[str, Array]:
    """What ``trained_on_digits`` leads to, for ``try_all``.

    Returns
    -------
    ``…_error``, the share misread, and ``…_loss`` of the training, validation and test set, and
    ``train_fooled``, the share of the wrongly labelled training images that are given the wrong
    label (0 where there are none)
    """
    net, drawn = trained_on_digits(rng, runs, **settings)
    loss, found = SoftmaxCrossEntropy(), {}
    for name, (x, y) in zip(("train", "val", "test"), drawn[:3], strict=True):
        out = net.forward(x)
        found[f"{name}_loss"] = loss.forward(out, y)
        found[f"{name}_error"] = (out.argmax(axis=-1) != y).mean(axis=-1)
    fooled = ~misread(net, *drawn.train) & drawn.wrong
    found["train_fooled"] = fooled.sum(axis=-1) / np.maximum(drawn.wrong.sum(axis=-1), 1)
    return found
