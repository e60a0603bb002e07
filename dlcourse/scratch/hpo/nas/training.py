"""Cells trained from scratch, each in a network of its own: hundreds along the runs axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo.nas.cells import cell_network, checked_cells
from dlcourse.scratch.losses import SoftmaxCrossEntropy, accuracy
from dlcourse.scratch.models import Sequential

Part = tuple[Array, Array]
MakeOptimizer = Callable[[Array], Any]
"""``lambda theta: Adam(theta, lr=0.01)``: this room imports no optimizers."""
BLOCK = 64
"""Runs that train side by side: more leave the cache and are slower."""


def odd_digits(part: Part) -> Part:
    """The task of the table: is the digit odd? On the pixels no straight line can tell.

    >>> x, y = odd_digits((np.zeros((3, 64)), np.array([0, 7, 4])))
    >>> y
    array([0, 1, 0])
    """
    x, y = checked_part("part", tuple(part))
    return x, y % 2


def checked_part(name: str, part: Any) -> Part:
    """Inputs (n, d) and labels (n,)."""
    if not isinstance(part, tuple) or len(part) != 2:
        checks.fail(name, "a pair (x, y)", part, error=TypeError)
    x, y = map(np.asarray, part)
    if x.ndim != 2 or y.shape != x.shape[:1] or not len(y):
        checks.fail(name, "inputs (n, d) and as many labels (n,)", (x.shape, y.shape))
    return x, y


def batches(part: Part, size: int, rng: np.random.Generator) -> Iterator[Part]:
    """One pass in random order; what is left over at the end is not used."""
    x, y = part
    order = rng.permutation(len(y))
    for start in range(0, len(y) - size + 1, size):
        rows = order[start : start + size]
        yield x[rows], y[rows]


def checked_batch(size: Any, *parts: Part) -> int:
    """A whole batch fits into every part."""
    least = min(len(y) for _, y in parts)
    if checks.integer("batch_size", size, 1) > least:
        checks.fail("batch_size", f"<= {least}, the samples there are", size)
    return int(size)


def weight_step(net: Sequential, optimizer: Any, loss: Any, batch: Part) -> Array:
    """One step of the weights; the loss before it, one a run."""
    value = loss.forward(net.forward(batch[0], True), batch[1])
    net.backward(loss.backward(), input_grad=False)
    optimizer.step(net.grad)
    return value


def train_cells(
    cells: npt.ArrayLike,
    train: Part,
    parts: Sequence[Part],
    optimizer: MakeOptimizer,
    rng: np.random.Generator,
    epochs: int,
    batch_size: int = 64,
    width: int = 16,
    at: Sequence[int] = (),
) -> Array:
    """Train every cell from scratch, side by side; their accuracies on each of the parts.

    Parameters
    ----------
    cells : (n, 5) operations
    train : the pair (x, y) to train on
    parts : pairs to report on
    optimizer : function theta -> optimizer, as ``lambda theta: Adam(theta, lr=0.01)``
    rng : all cells start at the same weights and see the same batches
    at : epochs after which to report; () is the last alone

    Returns
    -------
    (epochs reported, parts, n) accuracies

    Notes
    -----
    In blocks of 64 runs, which changes nothing: what a cell comes to does not depend on the others.
    """
    rows = np.atleast_2d(checked_cells("cells", cells))
    train = checked_part("train", train)
    shown = [checked_part(f"parts[{i}]", part) for i, part in enumerate(parts)]
    epochs, size = checks.integer("epochs", epochs, 1), checked_batch(batch_size, train)
    seed, when = int(checks.generator("rng", rng).integers(2**63)), [*at] or [epochs]
    if any(not 1 <= one <= epochs for one in when):
        checks.fail("at", f"epochs in 1 .. {epochs}", when)
    found = [
        _block(rows[i : i + BLOCK], train, shown, optimizer, seed, epochs, size, width, when)
        for i in range(0, len(rows), BLOCK)
    ]
    return np.concatenate(found, axis=-1)


def _block(
    cells: Array, train: Part, parts: Sequence[Part], make: MakeOptimizer,
    seed: int, epochs: int, size: int, width: int, when: Sequence[int],
) -> Array:  # fmt: skip
    rng, runs = np.random.default_rng(seed), len(cells)
    net = cell_network(width, [rng] * runs, runs, train[0].shape[1], int(train[1].max()) + 1)
    net.layers[1].cells = cells  # type: ignore[attr-defined]
    optimizer, loss, found = make(net.theta), SoftmaxCrossEntropy(), []
    for epoch in range(1, epochs + 1):
        for batch in batches(train, size, rng):
            weight_step(net, optimizer, loss, batch)
        if epoch in when:
            found.append([accuracy(net.forward(x), y) for x, y in parts])
    return np.array(found)
