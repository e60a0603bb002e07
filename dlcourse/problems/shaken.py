"""Gradient descent on all images at once, whose every step is shaken by noise of a chosen size."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.batch_minima import LOSS
from dlcourse.problems.drawn_digits import draw_digits
from dlcourse.scratch.landscape import Objective, sharpness
from dlcourse.scratch.models import MLP


def shaken_descent(
    rng: Generators, runs: int, lr: Any, noise: Any = 0.0, *, steps: int = 400, calm: int = 100,
    n: int = 128, width: int = 32, epsilon: float = 5e-3,
) -> dict[str, Array]:  # fmt: skip
    r"""Networks 64-width-10 under gradient descent with noise, :math:`-\eta\,(g + \sigma\xi)`.

    Parameters
    ----------
    lr : the rate η, a number or (runs, 1)
    noise : the deviation σ of every coordinate, likewise; ξ is normal
    calm : steps without noise at the end, so that the weights are not looked at while they shake
    epsilon : of the box in which the sharpness is searched for

    Returns
    -------
    ``train_loss``, ``val_error``, ``test_error``, and ``box``, the sharpness at the end
    """
    rngs = run_generators(rng, runs)
    drawn = draw_digits(rngs, n)
    net = MLP([64, width, 10], rngs, runs=runs, dtype=np.float32)
    x, y = drawn.train
    rate = np.asarray(lr, np.float32)
    spread = np.broadcast_to(np.asarray(noise, np.float32), (runs, 1))
    for step in range(steps):
        LOSS.forward(net.forward(x, True), y)
        net.backward(LOSS.backward(), input_grad=False)
        if step < steps - calm and spread.any():
            drawn_noise = [one.standard_normal(net.theta.shape[-1], np.float32) for one in rngs]
            net.grad[...] += spread * np.stack(drawn_noise)
        net.theta[...] -= rate * net.grad
    loss = Objective(net, LOSS, x, y)
    found = {"train_loss": loss(net.theta)}
    for name, (image, label) in zip(("val", "test"), drawn[1:3], strict=True):
        found[f"{name}_error"] = (net.forward(image).argmax(-1) != label).mean(-1)
    found["box"] = sharpness(loss, net.theta.copy(), epsilon, loss.grad, rngs, steps=8)
    return found
