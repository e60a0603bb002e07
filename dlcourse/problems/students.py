"""Networks that learn from a network: the smallest possible loss is known, and it is zero."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import Adam

GRID = np.linspace(-3, 3, 41)


class Students(NamedTuple):
    """The trained networks, their samples x (runs, n, d), y (runs, n, 1), and the last losses."""

    net: MLP
    x: Array
    y: Array
    loss: Array


def students(
    rng: Generators, runs: int, width: int, lr: Any = 0.05, *, activation: str = "relu",
    inputs: int = 3, teacher: int = 4, n: int = 60, steps: int = 2_000, scale: float = 1.0,
) -> Students:  # fmt: skip
    """Networks d-width-1 that learn what one of ``teacher`` units says, all samples at once.

    Every run has a teacher of its own, whose weights are normal with standard deviation ``scale``,
    on n normal points, its answers divided by their standard deviation. From ``width == teacher``
    on a loss of zero is possible. Adam, for the last third of the steps at a fifth of the rate.

    Parameters
    ----------
    lr : the rate, a number or (runs, 1)

    Examples
    --------
    >>> found = students(np.random.default_rng(0), 2, 6, teacher=1, steps=300)
    >>> found.net.theta.shape, bool((found.loss < 0.5).all())
    ((2, 31), True)
    """
    checks.integer("width", width, 1)
    rngs = run_generators(rng, runs)
    x = np.stack([g.normal(size=(n, inputs)) for g in rngs])
    master = MLP([inputs, teacher, 1], rngs, activation, runs)
    for theta, g in zip(master.theta, rngs, strict=True):
        theta[...] = scale * g.normal(size=theta.shape)
    y = master.forward(x)
    y /= y.std(axis=1, keepdims=True)
    net, loss = MLP([inputs, width, 1], rngs, activation, runs), MSE()
    first = np.asarray(lr, float)
    rate: Any = lambda t: first * (1 if t < 2 * steps / 3 else 0.2)  # noqa: E731
    step = Adam(net.theta, lr=rate)
    for _ in range(steps):
        loss.forward(net.forward(x, True), y)
        net.backward(loss.backward(), input_grad=False)
        step.step(net.grad)
    return Students(net, x, y, np.asarray(loss.forward(net.forward(x), y)))


def two_units(w: Array, a: float, b: float) -> Array:
    r"""The loss of two tanh units with weights w (..., 2) that learn two with weights a and b.

    .. math:: L(w_1, w_2) = \tfrac12 \operatorname{mean}_x
        \bigl(\tanh w_1 x + \tanh w_2 x - \tanh a x - \tanh b x\bigr)^2

    x runs from -3 to 3.

    Examples
    --------
    >>> two_units(np.array([[1.0, 2.0], [2.0, 1.0]]), 1.0, 2.0).round(20)
    array([0., 0.])
    """
    said = np.tanh(np.asarray(w)[..., None] * GRID).sum(-2)
    return np.asarray(((said - np.tanh(a * GRID) - np.tanh(b * GRID)) ** 2).mean(-1) / 2)


def two_units_slope(w: Array, a: float, b: float) -> Array:
    """The gradient of ``two_units`` at w (..., 2)."""
    t = np.tanh(np.asarray(w)[..., None] * GRID)
    gap = t.sum(-2) - np.tanh(a * GRID) - np.tanh(b * GRID)
    return np.asarray((gap[..., None, :] * (1 - t**2) * GRID).mean(-1))
