"""Few digits, some of their labels wrong: a network that over-fits, and all that may be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.dropped import dropout_mlp
from dlcourse.scratch.augmentation import Augment, crop, draw_crop, pad
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.scratch.optimizers import SGD
from dlcourse.scratch.regularization import (
    Penalized,
    calibration_error,
    coefficients,
    fit_temperature,
    l1_penalty,
    l2_penalty,
    nll,
    smooth_labels,
    softmax,
)

WIDTH, CLASSES = 64, 10


def shifted(pixels: int) -> Any:
    """For ``Augment``: each image moved by up to so many pixels along each axis.

    >>> draw, apply = shifted(1)
    >>> apply(np.ones((2, 1, 8, 8)), *draw((2, 1, 8, 8), np.random.default_rng(0))).shape
    (2, 1, 8, 8)
    """

    def draw(shape: Any, rng: np.random.Generator) -> Any:
        *lead, height, width = shape
        return draw_crop((*lead, height + 2 * pixels, width + 2 * pixels), (height, width), rng)

    def apply(x: Array, top: Array, left: Array) -> Array:
        return crop(pad(x, pixels), top, left, x.shape[-2:])

    return draw, apply


def drawn(sets: Any, rngs: Sequence[np.random.Generator], few: int, wrong: float) -> Any:
    """Training images for each run, ``few`` of them, of which the share ``wrong`` is mislabelled.

    Returns
    -------
    x (runs, few, d); the labels as given, (runs, few), the last ``few · wrong`` of them wrong
    """
    x, y = sets[0]
    if few > len(x):
        checks.fail("few", f"at most {len(x)}, the training images", few)
    picks = np.stack([g.choice(len(x), few, replace=False) for g in rngs])
    labels, amount = y[picks], round(few * wrong)
    other = np.stack([g.integers(1, CLASSES, few) for g in rngs])
    labels[:, few - amount :] += other[:, few - amount :]
    return x[picks], labels % CLASSES


def network(
    rngs: Sequence[np.random.Generator], drop: Any = 0.0, shift: int = 0, norm: str = "none"
) -> Sequential:
    """64 pixels, one hidden layer of 64 ReLUs, ten classes; for each generator one.

    Parameters
    ----------
    drop : share of hidden units dropped, a number or a column (runs, 1)
    shift : by how many pixels images are moved, at most
    norm : "none", or "batch": batch normalization before the ReLU
    """
    runs, checked = len(rngs), checks.choice("norm", norm, ("none", "batch"))
    net = dropout_mlp([64, WIDTH, CLASSES], rngs, p=drop, runs=runs, dtype=np.float32)
    first, *rest = net.layers
    if shift:
        first = Sequential(Augment(shifted(shift), rng=rngs, runs=runs, shape=(1, 8, 8)), first)
    norms = [BatchNorm(WIDTH, runs=runs, dtype=np.float32)] if checked == "batch" else []
    return Sequential(first, *norms, *rest)


def learn(
    rng: Generators, runs: int, *, sets: Sequence[Any], few: int = 100, wrong: float = 0.0,
    alpha: Any = 0.0, decay: Any = 0.0, sparse: Any = 0.0, drop: Any = 0.0, shift: int = 0,
    norm: str = "none", redrawn: bool = False, lr: Any = 0.1, steps: int = 240,
    looks: int = 1, batch_size: int = 25,
) -> dict[str, Array]:  # fmt: skip
    """Train with any of the methods, each run on images of its own, and measure.

    A run's generator draws its images, the wrong labels, the weights, then the batches: whatever
    the methods are, a seed sees the same.

    Parameters
    ----------
    sets : training, validation and test data, (x, y) each; each run draws from the first
    few, wrong : as of ``drawn``
    alpha : of label smoothing
    redrawn : instead of smoothed labels, labels that are drawn anew at every step: with
        probability alpha one of all classes, whichever
    decay, sparse : λ of ``l2_penalty`` and ``l1_penalty``; weights only
    drop, shift, norm : as of ``network``
    lr : of SGD with momentum 0.9
    steps, looks : how many updates, and how often it is measured, at equal distances

    Returns
    -------
    {metric: (runs, looks)}, as of ``measured``
    """
    rngs = run_generators(rng, runs)
    x, labels = drawn(sets, rngs, few, wrong)
    net, loss = network(rngs, drop, shift, norm), SoftmaxCrossEntropy()
    two, one = coefficients(net, decay), coefficients(net, sparse)
    plain = SGD(net.theta, lr=lr, momentum=0.9)
    optimizer = Penalized(
        plain, lambda theta: (0.0, l2_penalty(theta, two)[1] + l1_penalty(theta, one)[1])
    )
    sure = np.eye(CLASSES, dtype=np.float32)
    amount = np.broadcast_to(np.asarray(alpha, np.float32), (runs, 1))
    others = [g.spawn(1)[0] for g in rngs]
    run, found = np.arange(runs)[:, None], []
    for step in range(steps):
        start = step * batch_size % (few - few % batch_size)
        if start == 0:
            order = np.stack([g.permutation(few) for g in rngs])
        now = order[:, start : start + batch_size]
        given = labels[run, now]
        target = smooth_labels(sure[given], amount[..., None])
        if redrawn:
            target = sure[relabelled(given, amount, others)]
        loss.forward(net.forward(x[run, now], True), target)
        net.backward(loss.backward(), input_grad=False)
        optimizer.step(net.grad)
        if (step + 1) % (steps // looks) == 0:
            found.append(measured(net, sets[1:]))
    return {name: np.stack([one[name] for one in found], axis=-1) for name in found[0]}


def relabelled(labels: Array, alpha: Any, rngs: Sequence[np.random.Generator]) -> Array:
    """Labels (runs, n), each with probability alpha replaced by any class, its own among them."""
    lots = np.stack([g.random(labels.shape[1]) for g in rngs])
    any_class = np.stack([g.integers(0, CLASSES, labels.shape[1]) for g in rngs])
    return np.where(lots < alpha, any_class, labels)


def measured(net: Any, held_out: Sequence[Any]) -> Mapping[str, Array]:
    """What a network is worth on validation and test data, and with a temperature of its own.

    Returns
    -------
    ``val_nll``, ``val_error``; ``error``, ``nll``, ``ece``, ``sure`` (the mean largest
    probability) of the test data; ``temperature`` fitted on the validation data, ``scaled_nll`` and
    ``scaled_ece`` of the test data with it; ``spread`` and ``uneven`` of ``clusters``
    """
    (seen, known), (x, y) = held_out
    val, logits = (net.forward(np.broadcast_to(a, (net.runs, *a.shape))) for a in (seen, x))
    found = {"val_nll": nll(val, known), "val_error": (val.argmax(-1) != known).mean(-1)}
    found |= {"error": (logits.argmax(-1) != y).mean(-1), "nll": nll(logits, y)}
    p = softmax(logits)
    found |= {"ece": calibration_error(p, y), "sure": p.max(-1).mean(-1)}
    warm = fit_temperature(val, known)
    scaled = logits / warm[:, None, None]
    found |= {"temperature": warm, "scaled_nll": nll(scaled, y)}
    found |= {"scaled_ece": calibration_error(softmax(scaled), y)}
    return found
