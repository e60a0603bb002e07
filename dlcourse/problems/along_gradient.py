"""What a network's loss and gradient do along the gradient: how smooth the way is that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dlcourse.arrays import Array


class Way(NamedTuple):
    """Of steps against the gradient, (lengths, runs): the loss there, and how the gradient changed.

    ``start`` (runs,) is the loss before them; ``turn`` the change of the gradient over its norm.
    """

    start: Array
    loss: Array
    turn: Array

    @property
    def range(self) -> Array:
        """The largest loss on the way less the smallest, the start included: (runs,)."""
        every = np.concatenate([self.start[None], self.loss])
        return np.asarray(every.max(axis=0) - every.min(axis=0))


def along(
    net: Any,
    loss: Any,
    batch: Any,
    rates: npt.ArrayLike,
    relative: bool = False,
) -> Way:
    """Look along the gradient of a network on a batch, in training; it stays where it is.

    Parameters
    ----------
    net : with a runs axis
    rates : how far: times the gradient, or if ``relative`` in shares of the norm of all parameters

    Examples
    --------
    >>> from dlcourse.scratch.layers import Linear
    >>> from dlcourse.scratch.losses import MSE
    >>> from dlcourse.scratch.models import Sequential
    >>> net = Sequential(Linear(1, 1, False, rng=[np.random.default_rng(0)], runs=1))
    >>> way = along(net, MSE(), (np.ones((1, 1)), np.ones((1, 1))), [0.25, 0.5])
    >>> way.turn.ravel().round(3), way.loss.ravel().round(3)  # the loss is (w - 1)²
    (array([0.5, 1. ]), array([0.132, 0.   ]))
    """
    here = net.theta.copy()
    start, slope = _slope(net, loss, batch)
    size = _length(slope)
    unit = _length(here) / size if relative else 1.0
    losses, turns = [], []
    for rate in np.asarray(rates):
        net.theta[...] = here - (rate * unit * slope).astype(here.dtype)
        value, there = _slope(net, loss, batch)
        losses.append(value)
        turns.append((_length(there - slope) / size)[:, 0])
    net.theta[...] = here
    return Way(start, np.array(losses), np.array(turns))


def _length(vectors: Array) -> Array:
    with np.errstate(all="ignore"):  # a long step may leave the numbers
        return np.asarray(np.linalg.norm(vectors, axis=-1, keepdims=True))


def _slope(net: Any, loss: Any, batch: Any) -> tuple[Array, Array]:
    x, y = batch
    with np.errstate(all="ignore"):
        value = np.asarray(loss.forward(net.forward(x, True), y))
        net.backward(loss.backward(), input_grad=False)
    return value, net.grad.copy()


def smoothness(
    net: Any,
    train: Any,
    loss: Any,
    rates: Sequence[float] = (0.1, 0.2, 0.4),
    share: float = 0.02,
    images: int = 128,
) -> dict[str, Array]:
    """What lies along the gradient of the first ``images`` of ``train``: (runs,) each.

    Parameters
    ----------
    rates : of the steps along the gradient, the same for all networks
    share : of one more step, whose length is this share of the parameters' norm

    Returns
    -------
    ``loss`` where the network is, its ``range`` over the steps, the ``turn`` of the gradient at the
    middle rate, and ``relative``, the turn at ``share``
    """
    batch = (train[0][:images], train[1][:images])
    way = along(net, loss, batch, rates)
    own = along(net, loss, batch, [share], relative=True)
    middle = way.turn[len(rates) // 2]
    return {"loss": way.start, "range": way.range, "turn": middle, "relative": own.turn[0]}


def at_loss(curve: Array, loss: Array, levels: Sequence[float]) -> Array:
    """A curve where the loss is closest, by ratio, to each level: the geometric mean of the values.

    Parameters
    ----------
    curve, loss : (runs, looks), positive

    >>> at_loss(np.array([[1.0, 2.0, 8.0]]), np.array([[2.0, 1.1, 0.1]]), [1.0, 0.1])
    array([4.])
    """
    places = np.array([abs(np.log(loss / level)).argmin(axis=-1) for level in levels])
    values = curve[np.arange(len(curve)), places]  # (levels, runs)
    return np.asarray(np.exp(np.log(values).mean(axis=0)))


def when_as_far(trials: Any, what: str, levels: Sequence[float] = (1.0, 0.5, 0.25)) -> Array:
    """``at_loss`` of a curve of ``smoothness`` in training: (runs,)."""
    return at_loss(trials.curve(what), trials.curve("loss"), levels)
