"""Training that is looked at between its steps, as a run for ``dlcourse.training.try_all``."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.landscape import per_sample_gradients
from dlcourse.training.batches import Shuffles
from dlcourse.training.loop import evaluate, fit, steps

Run = Callable[..., dict[str, Array]]


def race(
    make: tuple[Any, Any],
    loss: Any,
    train: Any,
    target: float,
    *,
    batch_size: int,
    looks: Collection[int],
    seeds: int = 10,
    last: str = "refuse",
) -> Run:
    """How many steps until the loss on all of ``train`` is below a target.

    Parameters
    ----------
    make : (model, optimizer), called as ``model(rng, runs=runs)`` and ``optimizer(theta, lr=lr)``
    target : the loss to reach
    batch_size : samples a step
    looks : the steps after which the loss is computed; the last one ends the race
    seeds : as in ``try_all``
    last : as in ``sweep``

    Returns
    -------
    ``run(rng, runs, lr)`` with the metric ``steps`` (runs,), inf for a run that did not arrive

    Notes
    -----
    A race ends as soon as its winner is certain: when all seeds of one rate have arrived, and no
    other rate can still have a smaller mean. The losers' late seeds then have not arrived.
    """
    model, optimizer = make
    checks.integer("seeds", seeds, 1)

    def run(rng: Any, runs: int, lr: Any) -> dict[str, Array]:
        net = model(rng, runs=runs)
        arrived = np.full(runs, np.inf)
        plan: Any = {"batch_size": batch_size, "rng": rng, "nonfinite": "freeze", "last": last}
        epochs = -(-max(looks) * batch_size // len(train[0]))
        for step in steps(net, optimizer(net.theta, lr=lr), loss, train, epochs=epochs, **plan):
            if step.t in looks:
                there = evaluate(net, loss, train)["loss"] < target
                arrived[there & np.isinf(arrived)] = step.t
                earliest = np.minimum(arrived, step.t).reshape(-1, seeds).mean(axis=-1)
                if np.isfinite(arrived.reshape(-1, seeds)[earliest.argmin()]).all():
                    break
            if step.t == max(looks):
                break
        return {"steps": arrived}

    return run


def saw(
    make: tuple[Any, Any],
    loss: Any,
    train: Any,
    *,
    batch_size: int,
    start: int = 300,
    end: int = 450,
    every_step: bool = False,
    frozen: Collection[int] = (),
    last: str = "refuse",
) -> Run:
    """The loss that a training reports, step by step, beside the loss on all of ``train``.

    Parameters
    ----------
    make : (model, optimizer), called as ``model(rng, runs=runs)`` and ``optimizer(theta, lr=lr)``
    batch_size : samples a step
    start, end : the reports of the steps start + 1 to end are kept
    every_step : compute the loss on all of ``train`` after each of these, not only at the end
    frozen : for each n the same batches are also reported by a model that stands still from step
        ``start`` on, at the mean of its last n places (1: where it is)
    last : as in ``sweep``

    Returns
    -------
    ``run(rng, runs, lr)`` with the curve ``reported`` and with ``whole_loss``, a curve too if
    ``every_step``; and for each n in ``frozen`` with ``reported_n`` and ``whole_loss_n``.
    """
    model, optimizer = make
    checks.integer("start", start, 1)
    checks.integer("end", end, start + 1)
    if not isinstance(frozen, Collection):
        checks.fail("frozen", "a list of numbers of places", frozen, error=TypeError)
    for n in frozen:
        if checks.integer("frozen", n, 1) > start:
            checks.fail("frozen", f"<= {start}, the steps that there are places of", n)

    def run(rng: Any, runs: int, lr: Any) -> dict[str, Array]:
        net = model(rng, runs=runs)
        opt, again = optimizer(net.theta, lr=lr), copy.deepcopy(rng)
        middle = {n: np.zeros_like(net.theta) for n in frozen}
        seen: dict[str, list[Array]] = {"reported": [], "whole_loss": []}
        epochs = -(-end * batch_size // len(train[0]))
        plan: Any = {"epochs": epochs, "batch_size": batch_size, "rng": rng, "last": last}
        for step in steps(net, opt, loss, train, **plan):
            for n in middle:
                if start - n < step.t <= start:
                    middle[n] += net.theta / n
            if step.t > start:
                seen["reported"].append(step.loss)
                if every_step or step.t == end:
                    seen["whole_loss"].append(evaluate(net, loss, train)["loss"])
            if step.t == end:
                break
        found = {name: np.stack(rows, axis=-1) for name, rows in seen.items()}
        for n, theta in middle.items():
            net.theta[...] = theta
            batches = [*_batches(copy.deepcopy(again), runs, train, batch_size, end)][start:]
            found[f"reported_{n}"] = np.stack([_reported(net, loss, *b) for b in batches], -1)
            found[f"whole_loss_{n}"] = evaluate(net, loss, train)["loss"]
        return found

    return run


def spread(
    make: tuple[Any, Any],
    loss: Any,
    train: Any,
    *,
    batch_size: int,
    looks: Collection[int],
    last: str = "refuse",
) -> Run:
    """How far the losses of single samples are apart while a model trains.

    Parameters
    ----------
    make : (model, optimizer), called as ``model(rng, runs=runs)`` and ``optimizer(theta, lr=lr)``
    train : (x, y); the loss takes one target a sample
    batch_size : samples a step
    looks : the steps after which all of ``train`` is looked at; the last one ends the training
    last : as in ``sweep``

    Returns
    -------
    ``run(rng, runs, lr)`` with ``spread``, the deviation of the loss among the samples, and with
    ``whole_loss``, their mean; both (runs,) are means over the looks
    """
    model, optimizer = make
    for look in looks:
        checks.integer("looks", look, 1)

    def run(rng: Any, runs: int, lr: Any) -> dict[str, Array]:
        net, (x, y) = model(rng, runs=runs), train
        epochs, found = -(-max(looks) * batch_size // len(x)), []
        plan: Any = {"epochs": epochs, "batch_size": batch_size, "rng": rng, "last": last}
        for step in steps(net, optimizer(net.theta, lr=lr), loss, train, **plan):
            if step.t in looks:  # every sample is a batch of its own
                each = loss.forward(net.forward(x, False)[:, :, None], y[:, None])
                found.append((each.std(axis=-1), each.mean(axis=-1)))
            if step.t == max(looks):
                break
        apart, whole = np.mean(found, axis=0)
        return {"spread": apart, "whole_loss": whole}

    return run


def _batches(rng: Any, runs: int, train: Any, size: int, end: int) -> Iterator[tuple[Any, Any]]:
    """The batches of the first ``end`` steps, as a training draws them from ``rng``."""
    x, y = train
    shuffles, drawn = Shuffles(rng, runs, len(x), size, 1), 0
    while drawn < end:
        shuffles.draw()
        for start in shuffles.starts[: end - drawn]:
            (rows,) = shuffles.batches(start, slice(None))
            yield x[rows], y[rows]
        drawn += len(shuffles.starts)


def _reported(net: Any, loss: Any, x: Array, y: Array) -> Array:
    return np.asarray(loss.forward(net.forward(x, True), y))


def gradients_at(
    ages: Collection[int],
    model: Any,
    optimizer: Any,
    loss: Any,
    train: Any,
    *,
    batch_size: int,
    rng: Any,
    last: str = "refuse",
) -> Iterator[list[Array]]:
    """The gradients of all samples (n, d) of each run, after so many epochs; ``ages`` ascend."""
    now = 0
    for age in ages:
        if age > now:
            plan: Any = {"epochs": age - now, "batch_size": batch_size, "rng": rng, "last": last}
            fit(model, optimizer, loss, train, progress=False, **plan)
            now = age
        alone = [model] if model.runs is None else [*map(model.rows, range(model.runs))]
        yield [per_sample_gradients(one, loss, *train) for one in alone]


def in_order(
    make: tuple[Any, Any],
    loss: Any,
    train: Any,
    test: Any,
    *,
    shuffle: Callable[[], np.random.Generator],
    epochs: int,
    batch_size: int,
    last: str = "refuse",
) -> Run:
    """A training in which all runs see the samples in one order, whatever their seeds are.

    Parameters
    ----------
    make : (model, optimizer), called as ``model(rng, runs=runs)`` and ``optimizer(theta, lr=lr)``
    train, test : (x, y)
    shuffle : makes the generator that orders the samples anew in every epoch, as ``FileOrder``
    epochs, batch_size : as in ``fit``
    last : as in ``sweep``

    Returns
    -------
    ``run(rng, runs, lr)`` with the curve ``reported``, the loss of every step, and with
    ``test_loss`` and ``test_accuracy`` after the last
    """
    model, optimizer = make

    def run(rng: Any, runs: int, lr: Any) -> dict[str, Array]:
        net = model(rng, runs=runs)
        opt, order = optimizer(net.theta, lr=lr), [shuffle()] * runs
        plan: Any = {"epochs": epochs, "batch_size": batch_size, "rng": order, "last": last}
        reported = [step.loss for step in steps(net, opt, loss, train, **plan)]
        ends = evaluate(net, loss, test)
        tested = {f"test_{name}": value for name, value in ends.items()}
        return {"reported": np.stack(reported, axis=-1), **tested}

    return run


class FileOrder(np.random.Generator):
    """A generator that shuffles nothing: training then reads its samples as they stand.

    >>> FileOrder().permutation(3)
    array([0, 1, 2])
    """

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))

    def permutation(self, x: Any, axis: int = 0) -> Any:
        """The samples in the order of the file, in every epoch."""
        return np.arange(x)
