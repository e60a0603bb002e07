"""Few digits, some of them under a wrong label, and networks that learn them with dropout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP, Sequential
from dlcourse.scratch.optimizers import Adam
from dlcourse.scratch.regularization import Dropout, GaussianDropout

CLASSES, BATCH = 10, 32


class TwoPoint(GaussianDropout):
    """Noise of the same mean and variance in two values: ½ (80%) or 3 (20%) at p = ½."""

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Array:
        return 1 + (p / (1 - p)) ** 0.5 * np.where(rng.random(shape) < 0.8, -0.5, 2.0)


NOISES: dict[str, Any] = {"dropout": Dropout, "gaussian": GaussianDropout, "two-point": TwoPoint}
LOSS = SoftmaxCrossEntropy()


class Drawn(NamedTuple):
    """Training images of every run, (runs, n, d), their labels, and which of these are wrong."""

    x: Array
    y: Array
    wrong: Array


def draw_few(rng: Generators, runs: int, train: Any, few: int, wrong: float) -> Drawn:
    """``few`` training images for each run, none twice, a share of them under another label.

    Examples
    --------
    >>> x, y = np.arange(8.0).reshape(4, 2), np.array([1, 2, 3, 4])
    >>> drawn = draw_few(np.random.default_rng(0), 1, (x, y), 4, wrong=0.5)
    >>> drawn.x[0, :, 0], drawn.y[0], drawn.wrong
    (array([2., 0., 6., 4.]), array([9, 8, 4, 3]), array([ True,  True, False, False]))
    """
    x, y = train
    if few > len(x):
        checks.fail("few", f"at most {len(x)}, the training images", few)
    which, labels, changed = [], [], np.arange(few) < round(wrong * few)
    for g in run_generators(rng, runs):
        which.append(g.permutation(len(x))[:few])
        away = g.integers(1, CLASSES, few)
        labels.append((y[which[-1]] + away * changed) % CLASSES)
    return Drawn(x[np.array(which)], np.array(labels), changed)


def noisy_mlp(
    rng: Generators, runs: int, p: Any, *, width: int = 96, depth: int = 1, p_input: float = 0.0,
    p_output: float = 0.0, p_later: float | None = None, noise: str = "dropout",
) -> Sequential:  # fmt: skip
    """64-width-10 with dropout behind each hidden ReLU, in front of it all, and behind it all.

    Parameters
    ----------
    p, p_input, p_output : probabilities of dropping; there is no such layer in front or behind if
        it is the number 0
    p_later : in place of p behind all hidden layers but the first
    noise : "dropout", or "gaussian" or "two-point" of the same mean and variance
    """
    made = NOISES[checks.choice("noise", noise, NOISES)]
    rngs = run_generators(rng, runs)
    bare = MLP([64, *[width] * depth, CLASSES], rngs, runs=runs, dtype=np.float32)
    layers = [made(p_input, rng=rngs, runs=runs)] if p_input else []
    for linear, active in zip(bare.layers[::2], bare.layers[1::2], strict=False):
        layers += [linear, active, made(p, rng=rngs, runs=runs)]
        p = p if p_later is None else p_later
    behind = [made(p_output, rng=rngs, runs=runs)] if p_output else []
    return Sequential(*layers, bare.layers[-1], *behind)


def updates(net: Any, lr: Any, drawn: Drawn, rng: Generators) -> Iterator[int]:
    """Train with Adam on batches of 32, every run on its own images; a yield an update, from 1."""
    (runs, few), rngs = drawn.y.shape, run_generators(rng, len(drawn.y))
    if few % BATCH:
        checks.fail("few", f"a multiple of {BATCH}, the batch", few)
    adam, run, t = Adam(net.theta, lr=lr), np.arange(runs)[:, None], 0
    while True:
        order = np.stack([g.permutation(few) for g in rngs])
        for start in range(0, few, BATCH):
            now = order[:, start : start + BATCH]
            LOSS.forward(net.forward(drawn.x[run, now], True), drawn.y[run, now])
            net.backward(LOSS.backward(), input_grad=False)
            adam.step(net.grad)
            yield (t := t + 1)


def learn_few(
    rng: Generators, runs: int, lr: Any, p: Any, *, sets: Sequence[Any], looks: Sequence[int],
    few: int = 128, wrong: float = 0.3, **net: Any,
) -> dict[str, Array]:  # fmt: skip
    """Learn images of one's own, and look at new ones after some updates.

    Parameters
    ----------
    sets : training, validation and test data, (x, y) each
    looks : after so many updates, ascending; the last one ends the training
    net : of ``noisy_mlp``

    Returns
    -------
    Curves, a value a look: ``train_loss`` of the whole network, ``memorized``, the share of the
    wrong labels that it gives, ``…_error`` and ``…_nll`` on validation and test images. And, one
    number a run: ``stopped_error`` and ``stopped_nll``, of the test images at the look with the
    best validation error, or loss; ``holes_error``, at the end, on test images of which every
    fifth pixel, by chance, is 0
    """
    rngs = run_generators(rng, runs)
    drawn, seen = draw_few(rngs, runs, sets[0], few, wrong), []
    model = noisy_mlp(rngs, runs, p, **net)
    for t in updates(model, lr, drawn, rngs):
        if t in looks:
            seen.append(_look(model, drawn, sets))
        if t == max(looks):
            break
    found = {name: np.stack([one[name] for one in seen], axis=-1) for name in seen[0]}
    x, y = sets[2]
    holes = (x * (np.random.default_rng(0).random(x.shape) >= 0.2)).astype(x.dtype)
    read = model.forward(np.broadcast_to(holes, (runs, *x.shape))).argmax(-1)
    found["holes_error"] = (read != y).mean(-1)
    for what in ("error", "nll"):
        stop = found[f"val_{what}"].argmin(axis=-1)
        found[f"stopped_{what}"] = found[f"test_{what}"][np.arange(runs), stop]
    return found


def _look(model: Any, drawn: Drawn, sets: Sequence[Any]) -> dict[str, Array]:
    out = model.forward(drawn.x)
    found = {"train_loss": LOSS.forward(out, drawn.y)}
    if drawn.wrong.any():
        found["memorized"] = (out.argmax(-1) == drawn.y)[:, drawn.wrong].mean(-1)
    for name, (x, y) in zip(("val", "test"), sets[1:], strict=True):
        out = model.forward(np.broadcast_to(x, (len(drawn.y), *x.shape)))
        found[f"{name}_nll"] = LOSS.forward(out, y)
        found[f"{name}_error"] = (out.argmax(-1) != y).mean(-1)
    return found
