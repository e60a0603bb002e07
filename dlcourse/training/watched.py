"""Training that is looked at between its steps, as a run for ``dlcourse.training.try_all``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.landscape import per_sample_gradients
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
) -> Run:
    """How many steps until the loss on all of ``train`` is below a target.

    Parameters
    ----------
    make : (model, optimizer), called as ``model(rng, runs=runs)`` and ``optimizer(theta, lr=lr)``
    target : the loss to reach
    batch_size : samples a step
    looks : the steps after which the loss is computed; the last one ends the race
    seeds : as in ``try_all``

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
        plan: Any = {"batch_size": batch_size, "rng": rng, "nonfinite": "freeze"}
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
) -> Run:
    """The loss that a training reports, step by step, beside the loss on all of ``train``.

    Parameters
    ----------
    make : (model, optimizer), called as ``model(rng, runs=runs)`` and ``optimizer(theta, lr=lr)``
    batch_size : samples a step
    start, end : the reports of the steps start + 1 to end are kept
    every_step : compute the loss on all of ``train`` after each of these, not only at the end

    Returns
    -------
    ``run(rng, runs, lr, last=0)`` with the curves ``reported`` and ``whole_loss``. ``last`` freezes
    the model after step ``start``: 1 where it is, n at the mean of its last n places; 0 lets it
    learn on.
    """
    model, optimizer = make
    checks.integer("start", start, 1)
    checks.integer("end", end, start + 1)

    def run(rng: Any, runs: int, lr: Any, last: int = 0) -> dict[str, Array]:
        checks.integer("last", last, 0)
        net = model(rng, runs=runs)
        opt, middle = optimizer(net.theta, lr=lr), np.zeros_like(net.theta)
        reported: list[Array] = []
        whole: list[Array] = []
        epochs = -(-end * batch_size // len(train[0]))
        plan: Any = {"epochs": epochs, "batch_size": batch_size, "rng": rng}
        for step in steps(net, opt, loss, train, **plan):
            if start - last < step.t <= start:
                middle += net.theta / last
            if step.t == start and last:
                net.theta[...] = middle
                opt.lr = 0.0
            if step.t > start:
                reported.append(step.loss)
                if every_step or step.t == end:
                    stands_still = last and whole
                    whole.append(whole[-1] if stands_still else evaluate(net, loss, train)["loss"])
            if step.t == end:
                break
        return {"reported": np.stack(reported, axis=-1), "whole_loss": np.stack(whole, axis=-1)}

    return run


def gradients_at(
    ages: Collection[int],
    model: Any,
    optimizer: Any,
    loss: Any,
    train: Any,
    *,
    batch_size: int,
    rng: np.random.Generator,
) -> Iterator[Array]:
    """The gradients of all samples (n, d) after so many epochs each; ``ages`` ascend."""
    now = 0
    for age in ages:
        if age > now:
            plan: Any = {"epochs": age - now, "batch_size": batch_size, "rng": rng}
            fit(model, optimizer, loss, train, progress=False, **plan)
            now = age
        yield per_sample_gradients(model, loss, *train)


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
