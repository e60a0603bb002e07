"""Digit networks: their gradient and their extreme curvatures while they learn, or do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlcourse import checks, data
from dlcourse.arrays import Array
from dlcourse.scratch.landscape import ExactHessian, top_eigenvalues
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP

IMAGES, UNITS, PRODUCTS = 100, 16, 20


def some_digits(seeds: Sequence[int]) -> tuple[Array, Array]:
    """For each seed 100 training images of its own: ``x`` (runs, 100, 64), ``y`` (runs, 100)."""
    images, labels = data.load("digits").train
    which = [np.random.default_rng([s, 3]).permutation(len(images))[:IMAGES] for s in seeds]
    return images[np.stack(which)], labels[np.stack(which)]


def digit_nets(
    seeds: Sequence[int], activation: str = "tanh", scale: float = 1.0, units: int = UNITS,
    depth: int = 1,
) -> MLP:  # fmt: skip
    """Networks 64-units-10, with ``depth`` hidden layers: weights of PyTorch, times ``scale``."""
    rngs = [np.random.default_rng([seed, 4]) for seed in seeds]
    net = MLP([64, *[units] * depth, 10], rngs, activation, runs=len(rngs))
    net.theta *= scale
    return net


def at_zero(seeds: Sequence[int], units: int = UNITS) -> tuple[MLP, Array, Array]:
    """Networks whose weights are all 0 and whose output biases are the logs of the class shares.

    Every gradient is 0 there, and the loss the best that can be had without looking at the images.
    """
    x, y = some_digits(seeds)
    net = digit_nets(seeds, scale=0.0, units=units)
    net.params["2.bias"][...] = np.log(shares(y))
    return net, x, y


def shares(y: Array) -> Array:
    """How often each class occurs in each run: (runs, 10)."""
    return np.asarray((y[..., None] == np.arange(10)).mean(1))


def pull(x: Array, y: Array) -> Array:
    r"""How each class goes with each pixel, :math:`C = \frac1n \sum (e_y - p) x^\top`.

    Returns
    -------
    (runs, 10, 64)
    """
    beyond = (y[..., None] == np.arange(10)) - shares(y)[:, None]
    return np.asarray(beyond.mT @ x / y.shape[1])


def curvatures_at_zero(x: Array, y: Array, units: int = UNITS) -> Array:
    r"""All curvatures at ``at_zero`` by theory, in rising order: (runs, d).

    Each singular value σ of C gives σ and -σ, once for every hidden unit; the output biases give
    those of diag(p) - ppᵀ; all others are 0.
    """
    p, sigma = shares(y), np.linalg.svd(pull(x, y), compute_uv=False)
    of_biases = np.linalg.eigvalsh(p[..., None] * np.eye(10) - p[..., None] * p[:, None])
    each = np.repeat(sigma, units, axis=1)
    rest = np.zeros((len(x), units * (64 + 1 + 10) - 2 * each.shape[1]))
    return np.sort(np.concatenate([each, -each, of_biases, rest], 1), axis=1)


class Course(NamedTuple):
    """What was seen of a training: before every update, and at some of them.

    ``loss``, ``grad_norm`` and ``moved`` (by the update): (updates, runs). ``looks`` (n,);
    ``lowest`` and ``highest`` curvature there: (n, runs). ``net``: the networks at the end.
    """

    loss: Array
    grad_norm: Array
    moved: Array
    looks: Array
    lowest: Array
    highest: Array
    net: MLP


def extremes(net: MLP, x: Array, y: Array, decay: float = 0.0) -> tuple[Array, Array]:
    """The lowest and the highest curvature of each run, by 20 products of a Lanczos run."""
    product = ExactHessian(net, SoftmaxCrossEntropy(), x, y)
    rngs = [np.random.default_rng(i) for i in range(len(net.theta))]
    found = top_eigenvalues(
        product, net.theta.shape[-1], 1, rngs, "both", runs=len(rngs), max_steps=PRODUCTS
    )
    return found.values[:, 1] + decay, found.values[:, 0] + decay


def watch(
    net: MLP, x: Array, y: Array, lr: float, updates: int, looks: Sequence[int] = (),
    decay: float = 0.0, last_lr: float | None = None, until: int = 0,
) -> Course:  # fmt: skip
    """Gradient descent on all images, with an eye on gradient and curvature.

    Parameters
    ----------
    looks : the updates before which the curvatures are measured
    decay : λ of a penalty ½λ‖θ‖², part of the loss
    last_lr, until : if given, the rate from update ``until`` on
    """
    if looks and max(looks) >= updates:
        checks.fail("looks", f"below updates, {updates}", max(looks))
    criterion, theta = SoftmaxCrossEntropy(), net.theta.copy()
    seen: list[tuple[Array, Array, Array]] = []
    ends: list[tuple[Array, Array]] = []
    for t in range(updates):
        rate = lr if last_lr is None or t < until else last_lr
        net.bind(theta.copy(), np.zeros_like(theta))
        loss = criterion.forward(net.forward(x), y) + decay * np.vecdot(theta, theta) / 2
        net.backward(criterion.backward(), input_grad=False)
        g = net.grad + decay * theta
        size = np.linalg.norm(g, axis=-1)
        seen.append((loss, size, rate * size))
        if t in looks:
            ends.append(extremes(net, x, y, decay))
        theta = theta - rate * g
    net.bind(theta, np.zeros_like(theta))
    lowest, highest = (np.array([e[i] for e in ends]) for i in (0, 1))
    losses, sizes, moved = (np.array([s[i] for s in seen]) for i in (0, 1, 2))
    return Course(losses, sizes, moved, np.array(looks), lowest, highest, net)


def near_saddle(course: Course, short: float = 1 / 3, bent: float = 1 / 10) -> Array:
    """At which looks a run is close to one: (looks, runs).

    Its gradient is below ``short`` of the longest on its path, and the lowest curvature below
    -``bent`` of the highest.
    """
    still = course.grad_norm[course.looks] < course.grad_norm.max(0) * short
    return np.asarray(still & (course.lowest < -course.highest * bent))


STALLS = ("small weights", "same, with a penalty", "dead ReLUs", "saturated sigmoids")


def stalled(kind: str, seeds: Sequence[int]) -> tuple[Course, float]:
    """120 updates of a network that does not learn, and the penalty in its loss.

    Parameters
    ----------
    kind : one of ``STALLS``. "small weights": drawn, then divided by 10⁸, close to the saddle at
        zero. "same, with a penalty": with ½ · 0.5 ‖θ‖² in the loss. "dead ReLUs": hidden biases
        of -20. "saturated sigmoids": hidden biases of 6
    """
    checks.choice("kind", kind, STALLS)
    x, y = some_digits(seeds)
    activation = {"dead ReLUs": "relu", "saturated sigmoids": "sigmoid"}.get(kind, "tanh")
    net = digit_nets(seeds, activation, 1e-8 if activation == "tanh" else 1.0)
    bias = {"dead ReLUs": -20.0, "saturated sigmoids": 6.0}.get(kind)
    if bias is not None:
        net.params["0.bias"][...] = bias
        net.params["2.weight"][...] *= 1e-3  # else their sum is a bias of chance
    decay = 0.5 if kind == STALLS[1] else 0.0
    lr = 0.05 if kind == "saturated sigmoids" else 0.2  # 16 units of 1 are one more bias each
    updates = 120
    return watch(net, x, y, lr, updates, (updates - 1,), decay), decay


def symptoms(course: Course, span: int = 50) -> dict[str, Array]:
    """What a practitioner sees, over the last ``span`` updates: booleans (runs,) each.

    ``loss stands``: it fell by less than 1 % and is above half of ln 10; ``no gradient``: below
    0.05 throughout; ``hovers``: the parameters have moved by less than 1 in all.
    """
    loss = course.loss[-span:]
    return {
        "loss stands": (loss[0] - loss[-1] < 0.01 * loss[0]) & (loss[-1] > np.log(10) / 2),
        "no gradient": course.grad_norm[-span:].max(0) < 0.05,
        "hovers": course.moved[-span:].sum(0) < 1,
    }
