"""Weights that were trained on five classes of digits, and two new tasks to start on with them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from dlcourse import checks, data
from dlcourse.arrays import Array
from dlcourse.scratch.initialization import transfer
from dlcourse.scratch.layers import Layer
from dlcourse.scratch.losses import SoftmaxCrossEntropy, accuracy
from dlcourse.scratch.models import MLP, Sequential
from dlcourse.scratch.optimizers import SGD

LENT, HIDDEN, BATCH = 40, 32, 25
"""Images of each of its five classes that a donor sees; hidden units; images in a batch."""
BODY = ("0.weight", "0.bias")
"""What is borrowed: the first layer. The last one belongs to the old classes."""
STARTS = ("drawn", "borrowed", "shuffled", "scaled")
LOOKS = (10, 20, 40, 80, 160, 320, 640)
"""After so many updates the held-out images are looked at."""


@dataclass(frozen=True)
class Task:
    """Images and classes of one task, a row a seed: pairs x (seeds, n, 64), y (seeds, n).

    Attributes
    ----------
    train, val, test : the pairs
    classes : number of classes
    """

    train: tuple[Array, Array]
    val: tuple[Array, Array]
    test: tuple[Array, Array]
    classes: int


def old_classes(seeds: Sequence[int]) -> Task:
    """Five classes of digits, which ones each seed draws for itself, with 40 images of each.

    Examples
    --------
    >>> task = old_classes([0, 1])
    >>> [part[0].shape for part in (task.train, task.val, task.test)], task.classes
    ([(2, 200, 64), (2, 200, 64), (2, 250, 64)], 5)
    """
    return _task(seeds, slice(0, 5), slice(0, LENT))


def new_classes(seeds: Sequence[int], images: int) -> Task:
    """The other five classes of each seed, with so many training images of each (at most 80)."""
    return _task(seeds, slice(5, 10), slice(0, images))


def new_question(seeds: Sequence[int], images: int, donors_too: bool = False) -> Task:
    """The old five classes, in images the donor has not seen: is it one of the first two of them?

    ``images`` is the number of training images of each old class, at most 40. With ``donors_too``
    the donor's 40 of each come on top, and the new question is asked of them as well.
    """
    task = _task(seeds, slice(0, 5), slice(0 if donors_too else LENT, LENT + images))
    asked = [(x, (y < 2).astype(int)) for x, y in (task.train, task.val, task.test)]
    return Task(asked[0], asked[1], asked[2], classes=2)


def _task(seeds: Sequence[int], which: slice, images: slice) -> Task:
    digits = data.load("digits")
    checks.integer("images", images.stop - images.start, 1)
    parts: dict[str, list[tuple[Array, Array]]] = {"train": [], "validation": [], "test": []}
    for seed in seeds:
        rng = np.random.default_rng([seed, 5])
        order = rng.permutation(10)
        for name, found in parts.items():
            x, y = getattr(digits, name)
            rows = [rng.permutation(np.flatnonzero(y == c)) for c in order]
            if name == "train":
                if min(map(len, rows)) < images.stop:
                    checks.fail("images", f"at most {84 - images.start}", images.stop)
                rows = [row[images] for row in rows]
            kept = rows[which]
            labels = np.repeat(np.arange(len(kept)), [len(row) for row in kept])
            found.append((x[np.concatenate(kept)], labels))
    train, val, test = (_stacked(found) for found in parts.values())
    return Task(train, val, test, classes=5)


def _stacked(pairs: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    return np.stack([x for x, _ in pairs]), np.stack([y for _, y in pairs])


def tiled(model: Sequential, runs: int) -> Sequential:
    """Copies of a model's runs, side by side and again from the first, with memory of their own."""
    one = model.repeat(1) if model.runs is None else model
    other, again = copy.copy(one), np.arange(runs) % len(one.theta)
    state = {name: a[again] for name, a in one.buffers.items()}
    other.bind(one.theta[again], np.zeros_like(one.theta[again]), state)
    return other


def shuffled(model: Sequential, rng: Sequence[np.random.Generator]) -> Sequential:
    """A model with the same weights in other places: each parameter's entries, run by run.

    Their size and distribution are what training made them; what they said together is gone.

    Examples
    --------
    >>> net = MLP([2, 3, 2], np.random.default_rng(0), runs=1)
    >>> other = shuffled(net, [np.random.default_rng(1)])
    >>> a, b = (np.sort(m.params["0.weight"], axis=None) for m in (net, other))
    >>> bool((a == b).all())
    True
    """
    other = tiled(model, model.runs or 1)
    for w in other.params.values():
        for run, one in zip(w, rng, strict=True):
            run[...] = one.permutation(run.ravel()).reshape(run.shape)
    return other


def enlarge(model: Sequential, donor: Sequential) -> None:
    """Multiply the first layer's weights and biases by what gives its weights the donor's spread.

    Examples
    --------
    >>> net, donor = (MLP([2, 3, 2], np.random.default_rng(s), runs=1) for s in (0, 1))
    >>> enlarge(net, donor)
    >>> float(net.params["0.weight"].std() / donor.params["0.weight"].std()).__round__(9)
    1.0
    """
    factor = [np.std(m.params[BODY[0]], axis=(1, 2), keepdims=True) for m in (donor, model)]
    for name in BODY:
        ratio = factor[0] / factor[1]
        model.params[name][...] *= ratio if name == BODY[0] else ratio[..., 0]


def pretrain(
    seeds: Sequence[int],
    updates: int = 300,
    lr: float = 0.3,
    labels: str = "true",
) -> MLP:
    """A donor a seed: a net 64-32-5 that has learned its five old classes.

    With ``labels="shuffled"`` it sees the same images, and which class is which is left to chance.
    """
    task = old_classes(seeds)
    x, y = task.train
    rng = [np.random.default_rng([seed, 6]) for seed in seeds]
    net = MLP([64, HIDDEN, task.classes], rng, runs=len(seeds))
    rows = batches(task, updates, rng)
    if checks.choice("labels", labels, ("true", "shuffled")) == "shuffled":
        y = np.stack([one.permutation(row) for one, row in zip(rng, y, strict=True)])
    train(net, SGD(net.theta, lr=lr), (x, y), rows)
    return net


def batches(task: Task, updates: int, rng: Sequence[np.random.Generator]) -> Array:
    """Rows of the images of each update, (updates, runs, batch): every epoch shuffled anew."""
    n = task.train[1].shape[1]
    size = min(BATCH, n)
    each = n // size
    epochs = -(-updates // each)
    rows = [[one.permutation(n)[: each * size] for _ in range(epochs)] for one in rng]
    return np.array(rows).reshape(len(rng), epochs * each, size).swapaxes(0, 1)[:updates]


def train(net: Sequential, optimizer: Any, pair: tuple[Array, Array], rows: Array) -> None:
    """One update a row of ``rows``."""
    (x, y), loss = pair, SoftmaxCrossEntropy()
    data_of = np.arange(net.runs or 1)[:, None] % len(x)
    with np.errstate(over="ignore", invalid="ignore"):
        for batch in rows:
            loss.forward(net.forward(x[data_of, batch]), y[data_of, batch])
            net.backward(loss.backward(), input_grad=False)
            optimizer.step(net.grad)


def seen_through(layers: Sequence[Layer], task: Task, runs: int) -> Task:
    """The task as layers that learn nothing hand it on: their outputs for its images, run by run.

    What is frozen is computed once.
    """
    each = np.arange(runs) % len(task.train[0])
    parts = []
    for x, y in (task.train, task.val, task.test):
        h = x[each]
        for layer in layers:
            h = layer.forward(h)
        parts.append((h, y[each]))
    return Task(parts[0], parts[1], parts[2], task.classes)


def finetune(
    rng: Sequence[np.random.Generator],
    runs: int,
    lr: Any,
    *,
    task: Task,
    donors: MLP,
    start: str = "borrowed",
    frozen: bool = False,
    updates: int = 320,
) -> Mapping[str, Array]:
    """Start on a new task, and look at the held-out images after 10, 20, 40, … updates.

    Parameters
    ----------
    rng, runs, lr : as ``try_all`` gives them, the seeds of a setting side by side
    donors : what ``pretrain`` made for these seeds
    start : how the first layer begins; the last layer is drawn
        "drawn": as PyTorch draws it; "borrowed": as the donor's; "shuffled": as the donor's, its
        entries in other places; "scaled": as PyTorch draws it, times what gives its weights the
        spread of the donor's
    frozen : the first layer stays as it begins
    updates : one of ``LOOKS``

    Returns
    -------
    {"val_loss", "test_loss", "test_accuracy": (runs, looks)}
    """
    checks.choice("start", start, STARTS)
    if updates not in LOOKS:
        checks.fail("updates", f"one of {LOOKS}", updates)
    rows = batches(task, updates, rng)
    net: Sequential = MLP([64, HIDDEN, task.classes], rng, runs=runs)
    lender = tiled(donors, runs)
    if start == "scaled":
        enlarge(net, lender)
    elif start != "drawn":
        transfer(net, shuffled(lender, rng) if start == "shuffled" else lender, BODY)
    if frozen:
        *body, last = net.layers
        task, net = seen_through(body, task, runs), Sequential(last)
    optimizer, loss = SGD(net.theta, lr=lr), SoftmaxCrossEntropy()
    found: dict[str, list[Array]] = {"val_loss": [], "test_loss": [], "test_accuracy": []}
    each, ends = np.arange(runs) % len(task.train[0]), LOOKS[: LOOKS.index(updates) + 1]
    for begin, end in pairwise((0, *ends)):
        train(net, optimizer, task.train, rows[begin:end])
        for name, (x, y) in (("val", task.val), ("test", task.test)):
            out = net.forward(x[each])
            found[f"{name}_loss"].append(loss.forward(out, y[each]))
        found["test_accuracy"].append(accuracy(out, y[each]))
    return {name: np.stack(values, axis=1) for name, values in found.items()}
