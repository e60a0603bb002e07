"""Many small networks on few digits that stop and go on: what halving is tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.problems.tuned_digits import CLASSES, LOSS, Task
from dlcourse.scratch.hpo import Float, Together
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD

BATCH, WIDTH = 20, 24
USUAL = {"lr": 0.1, "momentum": 0.0, "weight_decay": 0.0, "smoothing": 0.0, "cosine": 0.0}
SPACE = {
    "lr": Float(1e-3, 10, log=True),
    "momentum": Float(0, 0.95),
    "weight_decay": Float(1e-6, 0.1, log=True),
    "smoothing": Float(0, 0.5),
    "cosine": Float(0, 1, step=1),
}


class Classroom:
    """Networks that learn one task; some leave, the others go on as if nobody had left.

    Parameters
    ----------
    task : images to learn and to choose by
    end : updates after which a cosine schedule has come to a rate of 0
    unit : updates in one unit of the resource

    Attributes
    ----------
    together : the objective for ``successive_halving`` and ``Hyperband``; its values are shares of
        the task's held images misread

    Notes
    -----
    The networks are 64-24-10, trained by SGD on batches of 20, a new order each epoch; all begin
    with the same weights and see the same batches. Each configuration says what differs from
    ``USUAL``; ``cosine`` 1 lets the rate fall along half a cosine, 0 keeps it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(40, 64)).astype(np.float32), np.arange(40) % 10
    >>> room = Classroom(Task(x, y, x, y, 0), end=40)
    >>> room.together.start([{"lr": 0.5}, {"lr": 0.0}])
    >>> early, late = room.together.train([0, 1], 4), room.together.train([0, 1], 40)
    >>> bool(late[0] < early[0]), bool(late[1] == early[1])
    (True, True)
    """

    def __init__(self, task: Task, end: int, unit: int = 1) -> None:
        self.task = task
        self.end = checks.integer("end", end, 1)
        self.unit = checks.integer("unit", unit, 1)
        self.together = Together(self.build, self.train)
        self.column: dict[str, Array] = {}
        self.net_updates = 0

    def build(self, configs: Sequence[Mapping[str, float]]) -> tuple[Any, Any]:
        """One network for each configuration, and their optimizer."""
        for i, config in enumerate(configs):
            for name in config:
                checks.choice(f"the names of configs[{i}]", name, USUAL)
        full = [{**USUAL, **config} for config in configs]
        c = {name: np.array([[one[name]] for one in full], np.float32) for name in USUAL}
        rngs = [np.random.default_rng([self.task.seed, 1]) for _ in full]
        net = MLP([64, WIDTH, CLASSES], rngs, runs=len(full), dtype=np.float32)
        self.column = c
        return net, SGD(net.theta, c["lr"], c["momentum"], weight_decay=c["weight_decay"])

    def train(self, net: Any, optimizer: Any, done: int, resource: int) -> Array:
        """Train on to ``resource`` units; the share of held images that each then misreads."""
        runs, c, (x, y) = net.theta.shape[0], self.column, self.task[:2]
        share = c["smoothing"][..., None]
        target = (1 - share) * np.eye(CLASSES, dtype=np.float32)[y] + share / CLASSES
        per_epoch = len(x) // BATCH
        with np.errstate(all="ignore"):
            for update in range(done * self.unit, resource * self.unit):
                epoch, place = divmod(update, per_epoch)
                if place == 0 or update == done * self.unit:
                    rng = np.random.default_rng([self.task.seed, 2, epoch])
                    order = rng.permutation(per_epoch * BATCH)
                now = order[place * BATCH : (place + 1) * BATCH]
                seen = np.broadcast_to(x[now], (runs, *x[now].shape))
                LOSS.forward(net.forward(seen, True), target[:, now])
                net.backward(LOSS.backward(), input_grad=False)
                fall = 0.5 * (1 + np.cos(np.pi * update / self.end))
                optimizer.lr = c["lr"] * (1 - c["cosine"] * (1 - np.float32(fall)))
                halt(net, optimizer)
                optimizer.step(net.grad)
        self.net_updates += runs * (resource - done) * self.unit
        return self.misread(net, self.task.held_x, self.task.held_y)

    def misread(self, net: Any, x: Array, y: Array) -> Array:
        """Share of the images that each network misreads; one that has diverged guesses, 0.9."""
        with np.errstate(all="ignore"):
            out = net.forward(np.broadcast_to(x, (len(net.theta), *x.shape)))
        fine = np.isfinite(out).all((-2, -1)) & net.theta.any(-1)
        return np.where(fine, (out.argmax(-1) != y).mean(-1), 0.9)


def halt(net: Any, optimizer: Any) -> None:
    """A network that has diverged stands at zero from now on, so that the others go on."""
    lost = ~(np.isfinite(net.grad).all(-1) & np.isfinite(net.theta).all(-1))
    if lost.any():
        for array in (net.theta, net.grad, *(a for one in optimizer.state for a in one.values())):
            array[lost] = 0


def curves(
    configs: Sequence[Mapping[str, float]], task: Task, looks: Sequence[int], test: Any = None
) -> tuple[Array, Array | None]:
    """Learning curves of all configurations, trained side by side to the last look.

    Parameters
    ----------
    configs, task : as of ``Classroom``
    looks : after how many updates they are looked at; the last is also a cosine's end
    test : (x, y), new images

    Returns
    -------
    Shares of held images misread, (configurations, looks), and of new images at the end
    """
    room = Classroom(task, end=looks[-1])
    room.together.start([dict(config) for config in configs])
    everyone = range(len(configs))
    seen = [room.together.train(everyone, look) for look in looks]
    return np.stack(seen, -1), None if test is None else room.misread(room.together.model, *test)


def ranks(values: npt.ArrayLike) -> Array:
    """Places from 1, the smallest first, along the first axis; equals share their mean place.

    >>> ranks(np.array([0.3, 0.1, 0.3, 0.2]))
    array([3.5, 1. , 3.5, 2. ])
    """
    v = np.asarray(values)
    below = (v[None] < v[:, None]).sum(1)
    equal = (v[None] == v[:, None]).sum(1)
    return below + (equal + 1) / 2


def rank_correlation(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Spearman's: the correlation of the places; ties have their mean place.

    >>> rank_correlation([1, 2, 3], [10, 40, 20]), rank_correlation([1, 2], [2, 1])
    (0.5, -1.0)
    """
    return round(float(np.corrcoef(ranks(a), ranks(b))[0, 1]), 12)


def place(value: npt.ArrayLike, end: npt.ArrayLike, own: Sequence[int]) -> Array:
    """Share of the others that end better than a network, task by task.

    Parameters
    ----------
    value : (tasks,), what the network came to
    end : (tasks, draws), what everybody came to
    own : columns of ``end`` that are no judges, as they took part in the search

    Examples
    --------
    >>> place([0.2], [[0.0, 0.1, 0.2, 0.3, 0.1]], [0])
    array([0.5])
    """
    others = np.delete(np.asarray(end), list(own), axis=1)
    return np.asarray((others < np.asarray(value)[:, None]).mean(1))


def with_wrong_labels(task: Task, share: float) -> Task:
    """The task with a share of its labels, those to learn from, replaced by digits drawn at random.

    A tenth of the replaced ones is right by chance.
    """
    if checks.scalar("share", share) > 1:
        checks.fail("share", "at most 1", share)
    rng = np.random.default_rng([task.seed, 5])
    wrong = rng.random(len(task.y)) < share
    return task._replace(y=np.where(wrong, rng.integers(0, CLASSES, len(task.y)), task.y))
