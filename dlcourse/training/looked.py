"""Trainings that are looked at on the way, as runs for ``try_all``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.training.loop import as_numpy, steps

Run = Callable[..., dict[str, Array]]


def looked_at(
    make: tuple[Any, Any],
    loss: Any,
    train: Any,
    *,
    looks: Sequence[int],
    see: Callable[[Any, Any], Mapping[str, Array]],
    batch_size: int = 32,
    last: str = "refuse",
) -> Run:
    """A training with a look after some steps.

    Parameters
    ----------
    make : (model, optimizer), called as ``model(rng, runs=runs)`` and ``optimizer(theta, lr=lr)``
    looks : after so many steps, ascending; 0 is the start, the last one ends the training
    see : called with the model and ``train`` at each look; returns {name: (runs,)}
    last : as in ``sweep``

    Returns
    -------
    ``run(rng, runs, lr)`` with a curve for each name, a value for each look
    """

    def run(rng: Any, runs: int, lr: Any) -> dict[str, Array]:
        seen = _walk(make, loss, train, looks, see, batch_size, last, (rng, runs, lr))[1]
        return {name: np.stack([one[name] for one in seen], axis=-1) for name in seen[0]}

    return run


def compared(
    make: tuple[Any, Any],
    loss: Any,
    train: Any,
    *,
    looks: tuple[int, int],
    see: Callable[[Any, Any], Any],
    compare: Callable[[Any, Any], Mapping[str, Array]],
    batch_size: int = 32,
    last: str = "refuse",
) -> Run:
    """A training that is looked at twice, and what has changed between the looks.

    Parameters
    ----------
    make, looks, last : as in ``looked_at``
    see : called with the model and the inputs of ``train`` at each look
    compare : called with what was seen first and second; returns {name: (runs,)}

    Returns
    -------
    ``run(rng, runs, lr)`` with what ``compare`` finds, and with ``loss``: on all of ``train``, as
    the model meets it in training
    """

    def run(rng: Any, runs: int, lr: Any) -> dict[str, Array]:
        look: Any = lambda net, data: see(net, data[0])  # noqa: E731
        net, seen = _walk(make, loss, train, looks, look, batch_size, last, (rng, runs, lr))
        ends = as_numpy(loss.forward(net.forward(train[0], True), train[1]))
        return {"loss": ends, **compare(*seen)}

    return run


def _walk(
    make: tuple[Any, Any],
    loss: Any,
    train: Any,
    looks: Sequence[int],
    see: Callable[[Any, Any], Any],
    batch_size: int,
    last: str,
    given: tuple[Any, int, Any],
) -> tuple[Any, list[Any]]:
    """The trained model, and what was seen at each look."""
    if [*looks] != sorted({*looks}) or not looks or looks[0] < 0:
        checks.fail("looks", "numbers of steps >= 0, ascending", looks)
    rng, runs, lr = given
    model, optimizer = make
    net = model(rng, runs=runs)
    seen = [see(net, train)] if looks[0] == 0 else []
    plan: Any = {"epochs": max(-(-looks[-1] * batch_size // len(train[0])), 1), "rng": rng}
    plan |= {"batch_size": batch_size, "nonfinite": "freeze", "last": last}
    for step in steps(net, optimizer(net.theta, lr=lr), loss, train, **plan):
        if step.t in looks:
            seen.append(see(net, train))
        if step.t >= looks[-1]:
            break
    return net, seen
