"""Few digits, some of their labels wrong: a network that over-fits, and all that may be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.dropped import dropout_mlp
from dlcourse.scratch.augmentation import Augment
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm
from dlcourse.scratch.optimizers import SGD
from dlcourse.scratch.regularization import (
    Dropout,
    Penalized,
    calibration_error,
    coefficients,
    fit_temperature,
    l1_penalty,
    l2_penalty,
    nll,
    reliability,
    smooth_labels,
    softmax,
)

WIDTH, CLASSES = 64, 10


def shifted(pixels: Any) -> Any:
    """For ``Augment``: each image moved along each axis by up to so many pixels.

    Between pixels an image is the mixture of both neighbours, as ``translate`` has it.

    Parameters
    ----------
    pixels : >= 0, a number or a column (runs, 1)

    Examples
    --------
    >>> draw, apply = shifted(0.5)
    >>> apply(np.eye(3)[None, None], np.array([1.0]), np.array([0.0]))[0, 0]  # half a pixel down
    array([[0.5, 0. , 0. ],
           [0.5, 0.5, 0. ],
           [0. , 0.5, 0.5]])
    """
    most = int(np.ceil(np.max(pixels)))

    def draw(shape: Any, rng: np.random.Generator) -> Any:
        return tuple(rng.uniform(-1, 1, (2, shape[0])).astype(np.float32))

    def apply(x: Array, dy: Array, dx: Array) -> Array:
        down, right = (np.asarray(pixels, x.dtype) * way for way in (dy, dx))
        x = along_rows(x.swapaxes(-1, -2), down[..., None, None, None], most).swapaxes(-1, -2)
        return along_rows(x, right[..., None, None, None], most)

    return draw, apply


def along_rows(x: Array, by: Array, most: int) -> Array:
    """Images moved to the right by as many pixels, ``most`` at most, zeros at the edge."""
    width = x.shape[-1]
    wide = np.zeros((*x.shape[:-1], width + 2 * most), x.dtype)
    wide[..., most : most + width] = x
    shares = ((k, np.maximum(0, 1 - abs(by - k))) for k in range(-most, most + 1))
    return sum((w * wide[..., most - k :][..., :width] for k, w in shares), np.zeros_like(x))


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
    rngs: Sequence[np.random.Generator], drop: Any = 0.0, shift: Any = 0.0, norm: str = "none"
) -> Sequential:
    """64 pixels, one hidden layer of 64 ReLUs, ten classes; for each generator one.

    Parameters
    ----------
    drop : share of hidden units dropped, a number or a column (runs, 1)
    shift : by how many pixels images are moved, at most; likewise
    norm : "none", or "batch": batch normalization before the ReLU
    """
    runs, checked = len(rngs), checks.choice("norm", norm, ("none", "batch"))
    net = dropout_mlp([64, WIDTH, CLASSES], rngs, p=drop, runs=runs, dtype=np.float32)
    first, *rest = net.layers
    if not np.any(drop):  # the masks, all ones, would be drawn for nothing
        rest = [layer for layer in rest if not isinstance(layer, Dropout)]
    if np.any(shift):
        first = Sequential(Augment(shifted(shift), rng=rngs, runs=runs, shape=(1, 8, 8)), first)
    norms = [BatchNorm(WIDTH, runs=runs, dtype=np.float32)] if checked == "batch" else []
    return Sequential(first, *norms, *rest)


def learn(
    rng: Generators, runs: int, *, sets: Sequence[Any], few: int = 100, wrong: float = 0.0,
    alpha: Any = 0.0, decay: Any = 0.0, sparse: Any = 0.0, drop: Any = 0.0, shift: Any = 0.0,
    norm: str = "none", redrawn: bool = False, lr: Any = 0.1, steps: int = 200,
    looks: int = 1, batch_size: int = 25, detail: bool = False,
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
    detail : whether it is measured how sure the networks are, too; a temperature needs networks
        that are better than a guess

    Returns
    -------
    {metric: (runs, looks)} of ``looked``; ``unlearned``, the share of the training labels, right
    and wrong ones, that the network does not give; with ``detail``, {metric: (runs,)} of
    ``measured`` and ``tempered``, and ``train_spread``, ``train_uneven`` of the training images
    """
    rngs = run_generators(rng, runs)
    x, labels = drawn(sets, rngs, few, wrong)
    net, loss = network(rngs, drop, shift, norm), SoftmaxCrossEntropy()
    optimizer: Any = SGD(net.theta, lr=lr, momentum=0.9)
    for kind, coef in ((l2_penalty, decay), (l1_penalty, sparse)):
        if np.any(coef):
            optimizer = penalized(optimizer, kind, coefficients(net, coef))
    amount = np.broadcast_to(np.asarray(alpha, np.float32), (runs, 1))
    sure = np.broadcast_to(np.eye(CLASSES, dtype=np.float32), (runs, CLASSES, CLASSES))
    soft = sure if redrawn else smooth_labels(sure, amount[..., None])
    others = [g.spawn(1)[0] for g in rngs]
    run, found = np.arange(runs)[:, None], []
    for step in range(steps):
        start = step * batch_size % (few - few % batch_size)
        if start == 0:
            order = np.stack([g.permutation(few) for g in rngs])
        now = order[:, start : start + batch_size]
        given = labels[run, now]
        if redrawn:
            given = relabelled(given, amount, others)
        loss.forward(net.forward(x[run, now], True), soft[run, given])
        net.backward(loss.backward(), input_grad=False)
        optimizer.step(net.grad)
        if (step + 1) % (steps // looks) == 0:
            found.append(looked(net, sets[1:]))
    curves = {name: np.stack([one[name] for one in found], axis=-1) for name in found[0]}
    curves["unlearned"] = (net.forward(x).argmax(-1) != labels).mean(-1)
    if not detail:
        return curves
    inner = {f"train_{name}": value for name, value in clusters(hidden(net, x), labels).items()}
    return curves | inner | measured(net, sets[2]) | tempered(net, sets[1:])


def penalized(optimizer: Any, kind: Any, coef: Array) -> Penalized:
    """The optimizer with a penalty beside the loss."""
    return Penalized(optimizer, lambda theta: kind(theta, coef))


def relabelled(labels: Array, alpha: Any, rngs: Sequence[np.random.Generator]) -> Array:
    """Labels (runs, n), each with probability alpha replaced by any class, its own among them."""
    lots = np.stack([g.random(labels.shape[1]) for g in rngs])
    any_class = np.stack([g.integers(0, CLASSES, labels.shape[1]) for g in rngs])
    return np.where(lots < alpha, any_class, labels)


def looked(net: Any, held_out: Sequence[Any]) -> dict[str, Array]:
    """``val_nll`` and ``val_error``, ``nll`` and ``error`` of the test data, one a run."""
    found: dict[str, Array] = {}
    for name, (x, y) in zip(("val_", ""), held_out, strict=True):
        logits = net.forward(np.broadcast_to(x, (net.runs, *x.shape)))
        found |= {f"{name}nll": nll(logits, y), f"{name}error": (logits.argmax(-1) != y).mean(-1)}
    return found


def measured(net: Any, test: Any) -> dict[str, Array]:
    """How sure a network is of its answers, and how right.

    Returns
    -------
    ``ece``; ``sure``, the mean largest probability; ``bin_count``, ``bin_sure``, ``bin_right``
    (runs, 10): in each bin of ``reliability`` how many, and the sums of what they said and of what
    was true; ``spread``, ``uneven`` of ``clusters``
    """
    x, y = test
    p = softmax(net.forward(np.broadcast_to(x, (net.runs, *x.shape))))
    said, true, count = reliability(p, y, bins=10)
    found = {"ece": calibration_error(p, y), "sure": p.max(-1).mean(-1), "bin_count": count}
    found |= {"bin_sure": np.nan_to_num(said) * count, "bin_right": np.nan_to_num(true) * count}
    return found | clusters(hidden(net, x), np.broadcast_to(y, (net.runs, len(y))))


def tempered(net: Any, held_out: Sequence[Any]) -> dict[str, Array]:
    """``temperature``, fitted on the validation data; with it, ``val_scaled_nll`` and, of the test
    data, ``scaled_nll`` and ``scaled_ece``.
    """
    (seen, known), (x, y) = held_out
    val, test = (net.forward(np.broadcast_to(a, (net.runs, *a.shape))) for a in (seen, x))
    warm = fit_temperature(val, known)
    val, test = (logits / warm[:, None, None] for logits in (val, test))
    found = {"temperature": warm, "val_scaled_nll": nll(val, known)}
    return found | {"scaled_nll": nll(test, y), "scaled_ece": calibration_error(softmax(test), y)}


def hidden(net: Any, x: Array) -> Array:
    """What the last layer is given, (runs, n, width)."""
    z = np.broadcast_to(x, (net.runs, *x.shape[-2:]))
    for layer in net.layers[:-1]:
        z = layer.forward(z)
    return z


def clusters(features: Array, labels: Array) -> dict[str, Array]:
    """How tight the classes are, and how unevenly apart.

    Parameters
    ----------
    features : (runs, n, d); labels : (runs, n), every class among them

    Returns
    -------
    spread : the mean squared distance to the class mean, in units of that between two class means
    uneven : the standard deviation of the distances between class means, in units of their mean

    Examples
    --------
    Two pairs, 2 wide each and 10 apart: every point is 1 from its mean.

    >>> x = np.array([[[0.0], [2.0], [10.0], [12.0]]])
    >>> clusters(x, np.array([[0, 0, 1, 1]]))
    {'spread': array([0.01]), 'uneven': array([0.])}
    """
    inside = np.asarray(labels[:, None] == np.arange(labels.max() + 1)[:, None], float)
    count = inside.sum(-1, keepdims=True)
    means = inside @ features / count
    within = np.square(features - np.take_along_axis(means, labels[..., None], 1)).sum(-1).mean(-1)
    i, j = np.triu_indices(means.shape[1], 1)
    apart = np.sqrt(np.square(means[:, i] - means[:, j]).sum(-1))
    return {
        "spread": within / np.square(apart).mean(-1),
        "uneven": apart.std(-1) / apart.mean(-1),
    }
