"""What a trained network loses when hidden units are taken away from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.dropped import dropout_mlp
from dlcourse.problems.mislabelled import LOSS, Drawn, draw_few, noisy_mlp, updates
from dlcourse.scratch.losses import MSE

PAIRS, THIRDS, MOST = 60, 20, 1500


def trained_to(
    level: float, rng: Generators, runs: int, p: Any, *, train: Any, few: int = 256,
    lr: float = 0.004, **net: Any,
) -> tuple[Any, Drawn]:  # fmt: skip
    """Networks of one hidden layer, each as it was when its training loss first fell to ``level``.

    The loss is that of the whole network, looked at every ten updates.
    """
    rngs = run_generators(rng, runs)
    drawn = draw_few(rngs, runs, train, few, 0.0)
    model = noisy_mlp(rngs, runs, p, **net)
    kept, there = model.theta.copy(), np.zeros(runs, bool)
    for t in updates(model, lr, drawn, rngs):
        if t % 10:
            continue
        new = ~there & (LOSS.forward(model.forward(drawn.x), drawn.y) <= level)
        kept[new], there = model.theta[new], there | new
        if there.all():
            break
        if t >= MOST:
            checks.fail("level", f"reached in {MOST} updates", level, "Ask for less.")
    model.theta[...] = kept
    return model, drawn


def last_hidden(model: Any, x: Array) -> Array:
    """What goes into the last linear layer, (runs, n, width), nothing dropped."""
    for layer in model.layers[:-1]:
        x = layer.forward(x)
    return x


def output(model: Any, h: Array, without: Sequence[int] | Array = ()) -> Array:
    """The outputs, from the last hidden layer and without some of its units."""
    linear = model.layers[-1]
    weight = linear.params["weight"].copy()
    weight[..., list(without)] = 0
    return np.asarray(h @ weight.mT + linear.params["bias"][:, None])


def learn_and_miss(
    rng: Generators, runs: int, p: Any, *, level: float, sets: Sequence[Any], width: int = 64,
    **net: Any,
) -> dict[str, Array]:  # fmt: skip
    """Train to equal training loss, then take units away.

    Returns
    -------
    ``train_loss``; ``rise``, a curve: how much that loss rises without each unit, in order of size;
    ``alone``, their mean; ``pair``, how far the rise without two units is from the sum of the rises
    without each, the mean of 60 pairs; ``test_error``; ``third_error`` without 30% of the units,
    the mean of 20 draws; ``noise_error`` on images with N(0, 0.3²) added to every pixel
    """
    rngs = run_generators(rng, runs)
    model, (x, y, _) = trained_to(level, rngs, runs, p, train=sets[0], width=width, **net)
    h, dice = last_hidden(model, x), np.random.default_rng(0)
    full = LOSS.forward(output(model, h), y)
    rise = np.stack([LOSS.forward(output(model, h, [j]), y) - full for j in range(width)], axis=-1)
    pairs = [dice.permutation(width)[:2] for _ in range(PAIRS)]
    both = np.stack([LOSS.forward(output(model, h, pair), y) - full for pair in pairs], axis=-1)
    new, label = sets[2]
    grey = new + np.float32(0.3) * dice.normal(size=new.shape).astype(np.float32)
    h, noisy = (last_hidden(model, np.broadcast_to(a, (runs, *a.shape))) for a in (new, grey))
    some = [dice.permutation(width)[: round(0.3 * width)] for _ in range(THIRDS)]
    return {
        "train_loss": full,
        "rise": np.sort(rise, axis=-1),
        "alone": rise.mean(-1),
        "pair": abs(both - np.stack([rise[:, pair].sum(-1) for pair in pairs], axis=-1)).mean(-1),
        "test_error": _misread(output(model, h), label),
        "third_error": np.mean([_misread(output(model, h, out), label) for out in some], axis=0),
        "noise_error": _misread(output(model, noisy), label),
    }


def _misread(out: Array, label: Array) -> Array:
    return np.asarray((out.argmax(-1) != label).mean(-1))


def moved_while_missing(make: Any, batch: int, steps: int = 10) -> float:
    """How far the weights into dropped units move, as a share of how far those into others do.

    A small regression network trains with p = ½ for some steps; at the last one the weights of the
    units that no sample of the batch had are compared with those of the others.

    Parameters
    ----------
    make : function of theta that returns the optimizer
    batch : samples a step, each with a mask of its own
    """
    rng = np.random.default_rng(5)
    x, y, loss = rng.normal(size=(batch * steps, 4)), rng.normal(size=(batch * steps, 1)), MSE()
    net = dropout_mlp([4, 64, 1], np.random.default_rng(6), p=0.5)
    step, weight = make(net.theta), net.layers[0].params["weight"]
    for now in np.split(np.arange(batch * steps), steps):
        before = weight.copy()
        loss.forward(net.forward(x[now], True), y[now])
        net.backward(loss.backward())
        step.step(net.grad)
    missing = ~net.layers[2].mask.any(axis=0)
    far = abs(weight - before).mean(axis=1)
    return float(far[missing].mean() / far[~missing].mean()) if missing.any() else np.nan
