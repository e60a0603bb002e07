"""A small network on few digits with five hyper-parameters: many configurations trained at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo import Float
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD

CLASSES, BLOCK = 10, 64
USUAL = {"lr": 0.1, "momentum": 0.0, "weight_decay": 0.0, "gain": 1.0, "smoothing": 0.0}
LOSS = SoftmaxCrossEntropy()


class Task(NamedTuple):
    """Images to learn and to choose by, none twice, and the seed of weights and batches."""

    x: Array
    y: Array
    held_x: Array
    held_y: Array
    seed: int


class Looks(NamedTuple):
    """What was seen of every configuration, (configurations, looks); nan where it had diverged."""

    train_loss: Array
    val_loss: Array
    val_error: Array
    test_error: Array


def draw_task(seed: int, pool: Any, few: int = 200, held: int = 100) -> Task:
    """Some images of the pool to learn, others to choose by.

    Examples
    --------
    >>> pool = np.arange(30.0)[:, None], np.arange(30) % 10
    >>> task = draw_task(1, pool, few=20, held=5)
    >>> task.x.shape, task.held_y.shape, len({*task.x[:, 0], *task.held_x[:, 0]})
    ((20, 1), (5,), 25)
    """
    x, y = pool
    if few + held > len(x):
        checks.fail("few + held", f"at most {len(x)}, the images of the pool", few + held)
    which = np.random.default_rng(seed).permutation(len(x))[: few + held]
    cut = which[:few], which[few:]
    return Task(x[cut[0]], y[cut[0]], x[cut[1]], y[cut[1]], seed)


def draw_table(seed: int, n: int, unlike: bool) -> tuple[Array, Array]:
    """Ten classes of rows with 64 columns, normal around their means: (n, 64) and (n,).

    Parameters
    ----------
    unlike : whether each column has a unit of its own, between a tenth and ten; the numbers drawn
        are the same
    """
    rng = np.random.default_rng([seed, 2])
    means, units = 0.35 * rng.normal(size=(CLASSES, 64)), 10 ** rng.uniform(-1, 1, 64)
    y = np.arange(n) % CLASSES
    x = (means[y] + rng.normal(size=(n, 64))) * (units if unlike else 1)
    return x.astype(np.float32), y


def guessed_space(seed: int) -> dict[str, Float]:
    """What somebody searches who knows the rate to a factor of 10,000, and not where that lies.

    Examples
    --------
    >>> space = guessed_space(0)
    >>> round(space["lr"].high / space["lr"].low), list(space)
    (10000, ['lr', 'momentum', 'weight_decay'])
    """
    u, v = np.random.default_rng([seed, 7]).random(2)
    low, decay = 10 ** (-4 + 2 * u), 10 ** (-7 + 2 * v)
    return {
        "lr": Float(low, 1e4 * low, log=True),
        "momentum": Float(0, 0.9),
        "weight_decay": Float(decay, 1e4 * decay, log=True),
    }


def train_all(
    configs: Sequence[Mapping[str, float]], tasks: Sequence[Task], *, test: Any,
    looks: Sequence[int], batch_size: int = 20, width: int = 24,
) -> Looks:  # fmt: skip
    """Train an MLP 64-width-10 by SGD for every configuration, side by side.

    Parameters
    ----------
    configs : what differs from ``USUAL``: ``lr``; ``momentum``; ``weight_decay``, coupled, of all
        parameters; ``gain``, by which the first weights are multiplied; ``smoothing`` of the labels
    tasks : the task of each configuration; on the same one, all begin with the same weights and see
        the same batches
    test : (x, y), new images
    looks : after how many updates the networks are looked at; the last ends the training

    Returns
    -------
    Looks, in the order given. A network that diverges counts as one that guesses: errors of 0.9
    and losses of infinity from then on
    """
    if len(tasks) != len(configs):
        checks.fail("tasks", f"{len(configs)} of them, one a configuration", len(tasks))
    for i, config in enumerate(configs):
        for name in config:
            checks.choice(f"the names of configs[{i}]", name, USUAL)
    cut = [slice(start, start + BLOCK) for start in range(0, len(configs), BLOCK)]
    parts = [_train(configs[i], tasks[i], test, looks, batch_size, width) for i in cut]
    return Looks(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _train(
    configs: Any, tasks: Any, test: Any, looks: Sequence[int], batch_size: int, width: int
) -> Looks:
    runs = len(configs)
    full = [{**USUAL, **config} for config in configs]
    column = {name: np.array([[one[name]] for one in full], np.float32) for name in USUAL}
    rngs = [np.random.default_rng([task.seed, 1]) for task in tasks]
    net = MLP([64, width, CLASSES], rngs, runs=runs, dtype=np.float32)
    net.theta *= column["gain"]
    decay = column["weight_decay"]
    optimizer = SGD(net.theta, column["lr"], column["momentum"], weight_decay=decay)
    x, y = (np.stack([task[i] for task in tasks]) for i in (0, 1))
    share = column["smoothing"][..., None]
    target = (1 - share) * np.eye(CLASSES, dtype=np.float32)[y] + share / CLASSES
    alive, run = np.ones(runs, bool), np.arange(runs)[:, None]
    n, seen = x.shape[1], []
    per_epoch = n // batch_size
    with np.errstate(all="ignore"):
        for update in range(max(looks)):
            if update % per_epoch == 0:
                order = np.stack([g.permutation(n) for g in rngs])
            place = update % per_epoch * batch_size
            now = order[:, place : place + batch_size]
            LOSS.forward(net.forward(x[run, now], True), target[run, now])
            net.backward(LOSS.backward(), input_grad=False)
            alive &= np.isfinite(net.grad).all(-1)
            _revive(net, optimizer, alive)
            optimizer.step(net.grad)
            if update + 1 in looks:
                alive &= np.isfinite(net.theta).all(-1)
                _revive(net, optimizer, alive)
                seen.append(_look(net, x, y, tasks, test, alive))
    return Looks(*(np.stack(column, axis=-1) for column in zip(*seen, strict=True)))


def _revive(net: Any, optimizer: Any, alive: Array) -> None:
    """A run that is lost stands at zero from now on, so that the others go on."""
    if not alive.all():
        for array in (net.theta, net.grad, *(a for kept in optimizer.state for a in kept.values())):
            array[~alive] = 0


def _look(net: Any, x: Array, y: Array, tasks: Any, test: Any, alive: Array) -> tuple[Array, ...]:
    held_x, held_y = (np.stack([task[i] for task in tasks]) for i in (2, 3))
    outs = net.forward(x), net.forward(held_x), net.forward(test[0])
    train_loss, val_loss = LOSS.forward(outs[0], y), LOSS.forward(outs[1], held_y)
    errors = [
        (o.argmax(-1) != t).mean(-1) for o, t in zip(outs[1:], (held_y, test[1]), strict=True)
    ]
    losses = [np.where(alive, loss, np.inf) for loss in (train_loss, val_loss)]
    return (*losses, *(np.where(alive, error, 0.9) for error in errors))
