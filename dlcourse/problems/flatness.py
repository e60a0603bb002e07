"""How sharply the loss curves where training ended, and what the size of the batch does to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.drawn_digits import draw_digits, learn
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD


def gradient_at(net: Any, loss: Any, theta: Array, x: Array, y: Array) -> Array:
    """The gradient of every run's loss at ``theta``; the net's own parameters stay as they are."""
    mine = net.theta.copy()
    net.theta[...] = theta
    loss.forward(net.forward(x, True), y)
    net.backward(loss.backward(), input_grad=False)
    net.theta[...] = mine
    return np.asarray(net.grad.copy())


def sharpness(
    net: Any, loss: Any, x: Array, y: Array, rng: np.random.Generator, steps: int = 20,
    reach: float = 1e-3,
) -> Array:  # fmt: skip
    r"""The largest curvature of the loss: the largest eigenvalue of its Hessian H, one a run.

    .. math:: H v \approx \frac{\nabla L(\theta + h v) - \nabla L(\theta - h v)}{2 h}

    Multiplied by H again and again a vector turns into the direction of the largest eigenvalue.

    Parameters
    ----------
    net : a model with runs
    steps : multiplications by H
    reach : h, for a direction v of length 1

    Notes
    -----
    It is the largest in size; where training has ended that is a positive one.
    """
    v = rng.normal(size=net.theta.shape).astype(net.theta.dtype)
    found = np.zeros(len(v))
    for _ in range(steps):
        v /= np.linalg.norm(v, axis=-1, keepdims=True)
        ahead, behind = (gradient_at(net, loss, net.theta + h * v, x, y) for h in (reach, -reach))
        turned = (ahead - behind) / (2 * reach)
        found, v = np.vecdot(turned, v), turned
    return found


def rescaled(net: Any, factor: float) -> None:
    """Multiply what enters the ReLUs of a 2-layer MLP by ``factor``, divide what leaves by it.

    max(a z, 0) = a max(z, 0) for a > 0, so that the network computes what it did.
    """
    for name, part in net.params.items():
        if name.startswith("0."):
            part *= part.dtype.type(factor)
        elif name.endswith("weight"):
            part /= part.dtype.type(factor)


def learn_in_batches(
    rng: Generators, runs: int, lr: Any, *, batch_size: int, updates: int = 400, n: int = 200,
    width: int = 32, stretch: float = 1.0,
) -> dict[str, Array]:  # fmt: skip
    """Networks 64-width-10 by plain SGD on squared error, equally many updates whatever the batch.

    Squared error, since its curvature does not vanish when every sample is fitted, as that of the
    cross-entropy does.

    Parameters
    ----------
    batch_size : divides n, the size of each run's own training set
    stretch : of ``rescaled``, once training has ended

    Returns
    -------
    ``train_loss``, ``train_error``, ``val_error``, ``val_loss``, ``test_error`` and
    ``train_sharpness``
    """
    rngs, loss = run_generators(rng, runs), MSE()
    drawn = draw_digits(rngs, n)
    net = MLP([64, width, 10], rngs, runs=runs, dtype=np.float32)
    told = np.eye(10, dtype=np.float32)
    x, y = drawn.train
    train = x, told[y]
    with np.errstate(over="ignore", invalid="ignore"):
        learn(net, SGD(net.theta, lr=lr), loss, train, rngs, updates * batch_size // n, batch_size)
    if stretch != 1:
        rescaled(net, stretch)
    found = {}
    for name, (seen, label) in zip(("train", "val", "test"), drawn[:3], strict=True):
        out = net.forward(seen)
        found[f"{name}_loss"] = loss.forward(out, told[label])
        found[f"{name}_error"] = (out.argmax(axis=-1) != label).mean(axis=-1)
    reach = 1e-3 / stretch
    found["train_sharpness"] = sharpness(net, loss, *train, np.random.default_rng(1), reach=reach)
    return found
