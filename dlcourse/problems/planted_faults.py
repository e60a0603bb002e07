"""A program that learns digits, with a fault planted in it: what each check of it sees."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.problems.tuned_digits import BLOCK, CLASSES, Task
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD

SOUND = "none"
FAULTS = {
    SOUND: "the program as it should be",
    "pixels × 16": "images go in as they are stored, 0 to 16, instead of 0 to 1",
    "last layer × 30": "the weights of the last layer are drawn far too large",
    "loss summed": "the loss and its gradient are summed over the batch, not averaged",
    "softmax twice": "probabilities are handed to a loss that takes a softmax itself",
    "weights zero": "all weights begin at zero",
    "sign": "the step goes up the gradient",
    "pixels lost": "all images are black",
    "labels mixed": "images and labels were shuffled apart",
    "held × 16": "the images to choose by, and no others, are in 0 to 16",
    "held leaked": "the images to choose by are among those that are learned",
}


class Curves(NamedTuple):
    """What was seen of each run: ``batch_loss`` (runs, updates), the others (runs, looks).

    ``active`` is the share of hidden units that are not 0 for every image that is learned.
    """

    batch_loss: Array
    train_loss: Array
    train_error: Array
    val_loss: Array
    val_error: Array
    test_error: Array
    active: Array


class TwiceSoftmax:
    """Softmax cross-entropy of what has been through a softmax already.

    Examples
    --------
    >>> loss = TwiceSoftmax()
    >>> z = np.array([[900.0] + [0.0] * 9])  # as sure and as right as one can be
    >>> round(float(loss.forward(z, np.array([0]))), 3)
    1.461
    """

    def __init__(self) -> None:
        self.inner = SoftmaxCrossEntropy()

    def forward(self, z: Array, y: Array) -> Any:
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        self.p = e / e.sum(axis=-1, keepdims=True)
        return self.inner.forward(self.p, y)

    def backward(self) -> Array:
        dp = self.inner.backward()
        return self.p * (dp - (self.p * dp).sum(axis=-1, keepdims=True))


def damage(task: Task, fault: str) -> Task:
    """The task as the faulty program hands it to its network.

    Examples
    --------
    >>> task = Task(np.ones((4, 2)), np.arange(4), np.ones((2, 2)), np.arange(2), seed=0)
    >>> worn = damage(task, "held × 16")
    >>> float(worn.held_x.max()), float(worn.x.max())
    (16.0, 1.0)
    """
    checks.choice("fault", fault, FAULTS)
    if fault == "pixels × 16":
        return task._replace(x=task.x * 16, held_x=task.held_x * 16)
    if fault == "pixels lost":
        return task._replace(x=task.x * 0, held_x=task.held_x * 0)
    if fault == "labels mixed":
        order = np.random.default_rng([task.seed, 5]).permutation(len(task.y))
        return task._replace(y=task.y[order])
    if fault == "held × 16":
        return task._replace(held_x=task.held_x * 16)
    if fault == "held leaked":
        n = min(len(task.held_y), len(task.y))
        return task._replace(held_x=task.x[:n], held_y=task.y[:n])
    return task


def learn(
    tasks: Sequence[Task], lr: Any, *, test: Any, looks: Collection[int], fault: str = SOUND,
    few: int | None = None, momentum: float = 0.9, weight_decay: Any = 0.0, width: int = 24,
    batch_size: int = 20, drop: int | None = None, init: Any = None, last: float = 1.0,
) -> Curves:  # fmt: skip
    """Train an MLP 64-width-10 on each task by SGD, side by side, and keep all that one could plot.

    Parameters
    ----------
    tasks : of ``draw_task``; a run each, with weights and batches of its own seed
    lr, weight_decay : a number, or one a run
    test : (x, y), new images
    looks : after how many updates the networks are looked at; 0 is before the first
    fault : a key of ``FAULTS``
    few : the number of images learned; None for all of the task's
    drop : the update from which the rate is a tenth; None for never
    init : of the network, see ``MLP``
    last : by which the weights of the last layer are multiplied before training

    Returns
    -------
    Curves. A run whose gradient is no longer finite has losses of nan from then on, and guesses
    """
    checks.choice("fault", fault, FAULTS)
    rate, decay = (_column(value, len(tasks)) for value in (lr, weight_decay))
    cut = [slice(start, start + BLOCK) for start in range(0, len(tasks), BLOCK)]
    parts = [
        _learn(
            tasks[i], rate[i], decay[i], test, sorted({*looks}), fault, few, momentum, width,
            batch_size, drop, init, last,
        )
        for i in cut
    ]  # fmt: skip
    return Curves(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _learn(
    tasks: Any, rate: Array, decay: Array, test: Any, wanted: list[int], fault: str,
    few: int | None, momentum: float, width: int, batch_size: int, drop: int | None, init: Any,
    last: float,
) -> Curves:  # fmt: skip
    runs, sign = len(tasks), -1 if fault == "sign" else 1
    worn: list[Any] = [damage(task, fault) for task in tasks]
    x, y = (np.stack([task[i][:few] for task in worn]) for i in (0, 1))
    held = [np.stack([task[i] for task in worn]) for i in (2, 3)]
    fresh = test[0] * {"pixels × 16": 16, "pixels lost": 0}.get(fault, 1)
    rngs = [np.random.default_rng([task.seed, 1]) for task in tasks]
    net = MLP([64, width, CLASSES], rngs, runs=runs, dtype=np.float32, init=init)
    net.params["2.weight"][:] *= 30 * last if fault == "last layer × 30" else last
    if fault == "weights zero":
        net.theta[:] = 0
    step = SGD(net.theta, rate, momentum, weight_decay=decay)
    loss = TwiceSoftmax() if fault == "softmax twice" else SoftmaxCrossEntropy()
    scale = batch_size if fault == "loss summed" else 1
    run, n = np.arange(runs)[:, None], x.shape[1]
    per_epoch = max(n // batch_size, 1)
    alive = np.ones(runs, bool)
    order: Array = np.zeros((runs, n), int)
    seen, batch_losses = [], []
    with np.errstate(all="ignore"):
        for t in range(wanted[-1] + 1):
            if t in wanted:
                seen.append(_look(net, loss, scale, alive, (x, y), held, (fresh, test[1])))
            if t == wanted[-1]:
                break
            if t % per_epoch == 0:
                order = np.stack([g.permutation(n) for g in rngs])
            if t == drop:
                step.lr = step.lr / 10
            now = order[:, t % per_epoch * batch_size :][:, :batch_size]
            batch_losses.append(scale * loss.forward(net.forward(x[run, now], True), y[run, now]))
            net.backward(scale * loss.backward(), input_grad=False)
            alive &= np.isfinite(net.grad).all(-1) & np.isfinite(batch_losses[-1])
            batch_losses[-1] = np.where(alive, batch_losses[-1], np.nan)
            if not alive.all():
                net.theta[~alive] = net.grad[~alive] = 0
            step.step(sign * net.grad)
    updates = np.stack(batch_losses, -1) if batch_losses else np.zeros((runs, 0))
    return Curves(updates, *(np.stack(column, axis=-1) for column in zip(*seen, strict=True)))


def table_says(seen: Curves) -> list[str]:
    """What the table of step 2 reads off the curves of each run, or "no row".

    Exploded is a last loss that is no number or more than twice the first; one that does not fall
    is above nine tenths of it.

    Parameters
    ----------
    seen : with a look before the first update
    """
    lost = ~(seen.train_loss[:, -1] <= 2 * seen.train_loss[:, 0])
    stuck = seen.train_loss[:, -1] > 0.9 * seen.train_loss[:, 0]
    fitted = seen.train_error.min(axis=-1) == 0
    rows = np.select([lost, stuck, fitted], ["exploded", "does not fall", "over-fits"], "no row")
    return [str(row) for row in rows]


CHECKS = ("initial loss", "50 images", "10 batches", "validation")


def seen_by(fault: str, tasks: Sequence[Task], test: Any, lr: float = 0.1) -> Array:
    """Whether each of ``CHECKS`` sees a fault, (runs, checks).

    Seen is: an initial loss more than a tenth off ln 10; an image not learned after forty epochs of
    the first 50, in batches of 10; one after twenty epochs of the first 200, ten batches of 20; a
    validation loss that is not below 1 after three epochs of all images.
    """
    plan = {"lr": lr, "test": test, "fault": fault}
    whole = learn(tasks, looks=[0, 3 * len(tasks[0].y) // 20], **plan)
    few = learn(tasks, looks=[200], few=50, batch_size=10, **plan)
    more = learn(tasks, looks=[200], few=200, **plan)
    off = np.abs(whole.train_loss[:, 0] / np.log(CLASSES) - 1)
    learned = [~(one.train_error[:, -1] == 0) for one in (few, more)]
    return np.stack([off > 0.1, *learned, ~(whole.val_loss[:, -1] < 1)], axis=-1)


def _column(value: Any, runs: int) -> Array:
    return np.broadcast_to(np.asarray(value, np.float32), (runs,))[:, None].copy()


def _look(net: Any, loss: Any, scale: int, alive: Array, *parts: Any) -> tuple[Array, ...]:
    """Loss and error on what is learned and on what is held, error on new images."""
    outs = [net.forward(x) for x, _ in parts]
    losses = [scale * loss.forward(out, y) for out, (_, y) in zip(outs, parts, strict=True)]
    errors = [(out.argmax(-1) != y).mean(-1) for out, (_, y) in zip(outs, parts, strict=True)]
    losses = [np.where(alive, one, np.nan) for one in losses]
    errors = [np.where(alive, one, 1 - 1 / CLASSES) for one in errors]
    hidden = net.layers[1].forward(net.layers[0].forward(parts[0][0]))
    active = (hidden > 0).any(axis=-2).mean(axis=-1)
    return losses[0], errors[0], losses[1], errors[1], errors[2], active
