"""Searches apart, and what searches are measured by: halves of the table, prices, ranks, volume."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo import nas
from dlcourse.scratch.hpo.nas import EDGES, CellTable, all_cells
from dlcourse.scratch.hpo.nas.cells import cell_index
from dlcourse.scratch.hpo.nas.relaxing import Relaxed, the_cell
from dlcourse.scratch.hpo.nas.training import MakeOptimizer, Part, weight_step
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Sequential

FEATURES, WIDTH, CLASSES = 64, 16, 2
"""Of the networks in the table."""
DENSE_FROM = 2
"""Operations from this one on multiply by a matrix."""
BATCH, STEPS = 64, 252
"""Images a step, and steps of one training in the table: 18 epochs of 14."""


def halves(table: CellTable) -> tuple[CellTable, CellTable]:
    """The trainings that a search may ask for, and other trainings of the same cells to judge by.

    >>> from dlcourse.scratch.hpo.nas import digits_cells
    >>> [part.seeds for part in halves(digits_cells())]
    [(0, 1, 2, 3), (4, 5, 6, 7)]
    """
    k = len(table.seeds) // 2
    return (
        dataclasses.replace(
            table, validation=table.validation[:, :k], test=table.test[:k], seeds=table.seeds[:k]
        ),
        dataclasses.replace(
            table, validation=table.validation[:, k:], test=table.test[k:], seeds=table.seeds[k:]
        ),
    )


class Splits:
    """Every way to halve the trainings of a table, for searches side by side: one split a search.

    Search ``r`` asks the trainings of split ``r`` modulo the number of splits, and is judged by the
    others. So with 70 splits ``70 * k`` searches are ``k`` runs, each the mean over all splits, and
    no training judges more often than another.

    Attributes
    ----------
    asked, judge : (splits, cells), test accuracies: the mean of the trainings that a search may
        ask for, and of the others
    rows, others : (splits, half the trainings), the trainings that may be asked, and the others

    Examples
    --------
    >>> from dlcourse.scratch.hpo.nas import digits_cells
    >>> every = Splits(digits_cells())
    >>> every.rows.shape, every.asked.shape
    ((70, 4), (70, 1024))
    >>> rng = np.random.default_rng(0)
    >>> search = nas.random_nas(lambda cells: every.reward(cells, rng), rng, 12, runs=2 * 70)
    >>> every.judged(search.best).shape
    (2,)
    """

    def __init__(self, table: CellTable) -> None:
        n = len(table.seeds)
        self.rows = np.array(list(itertools.combinations(range(n), n // 2)))
        self.others = np.array([np.setdiff1d(range(n), one) for one in self.rows])
        pair = self.rows, self.others
        self.asked, self.judge = (table.test[k].mean(1).round(9) for k in pair)
        self._rewards = table.validation[-1]

    def reward(self, cells: npt.ArrayLike, rng: np.random.Generator | None = None) -> Array:
        """Validation accuracy of one training that the search may ask for; without rng the mean."""
        at = cell_index(cells)
        if rng is None:
            rows = self.rows[self._split(at)]
            return self._rewards[rows, at[..., None]].mean(-1)
        which = rng.integers(self.rows.shape[1], size=at.shape)
        return self._rewards[self.rows[self._split(at), which], at]

    def judged(self, cells: npt.ArrayLike) -> Array:
        """Test accuracy by trainings it could not ask for: (..., searches, 5) to (..., k)."""
        return self._mean(self.judge, cells)

    def told(self, cells: npt.ArrayLike) -> Array:
        """Test accuracy by the very trainings that the search could ask for, likewise."""
        return self._mean(self.asked, cells)

    def _split(self, at: Array) -> Array:
        searches = at.shape[-1] if at.ndim else 0
        if not searches or searches % len(self.rows):
            checks.fail("cells", f"of a multiple of {len(self.rows)} searches", searches)
        return np.arange(searches) % len(self.rows)

    def _mean(self, known: Array, cells: npt.ArrayLike) -> Array:
        at = cell_index(cells)
        values = known[self._split(at), at]
        return values.reshape(*at.shape[:-1], -1, len(self.rows)).mean(-1)


def multiplications(cells: npt.ArrayLike) -> Array:
    """Multiplications for one image, forward, in the network around each cell: (..., 5) to (...).

    >>> int(multiplications([1, 0, 2, 0, 3]))  # 64·16 + 2·16·16 + 16·2
    1568
    """
    dense = (np.asarray(cells) >= DENSE_FROM).sum(-1)
    return WIDTH * (FEATURES + CLASSES) + WIDTH**2 * dense


def mixture_multiplications() -> int:
    """The same for the network in which every edge does everything.

    >>> mixture_multiplications()  # 64·16 + 10·16·16 + 16·2
    3616
    """
    return WIDTH * (FEATURES + CLASSES) + WIDTH**2 * 2 * len(EDGES)


def price(steps: int, judged: int = 0, mixture: bool = False) -> float:
    """What a search costs, in trainings of a cell of middling size.

    Parameters
    ----------
    steps : gradients of one batch; a gradient is three forward passes' worth of multiplications
    judged : images that are only read, forward
    mixture : whether all operations of every edge are computed

    Examples
    --------
    >>> price(252), price(0, judged=3 * 64 * 252)
    (1.0, 1.0)
    """
    checks.integer("steps", steps, 0)
    checks.integer("judged", judged, 0)
    one = float(multiplications(all_cells()).mean())
    size = mixture_multiplications() / one if mixture else 1.0
    return (steps + judged / (3 * BATCH)) / STEPS * size


def rank_correlation(a: Array, b: Array) -> Array:
    """Spearman's, along the last axis; equal values share their mean rank.

    >>> float(rank_correlation(np.array([1.0, 2, 3]), np.array([10.0, 30, 20])))
    0.5
    """
    x, y = (_ranks(np.asarray(v, dtype=float)) for v in (a, b))
    x, y = (v - v.mean(-1, keepdims=True) for v in (x, y))
    return (x * y).sum(-1) / np.sqrt((x**2).sum(-1) * (y**2).sum(-1))


def _ranks(values: Array) -> Array:
    below = (values[..., None] > values[..., None, :]).sum(-1)
    return below + ((values[..., None] == values[..., None, :]).sum(-1) - 1) / 2


class AtVolume:
    """Cross-entropy of outputs that are multiplied by ``volume``, one for all or one a run.

    Below 1 the network says the same less loudly; which class is largest does not change.
    """

    def __init__(self, volume: npt.ArrayLike) -> None:
        self.volume = np.asarray(volume, dtype=float)[..., None, None]
        self.loss = SoftmaxCrossEntropy()

    def forward(self, logits: Array, y: Array) -> Array:
        return np.asarray(self.loss.forward(self.volume * logits, y))

    def backward(self) -> Array:
        return self.volume * self.loss.backward()


def best_volume(net: Sequential, part: Part, volumes: Array) -> Array:
    """The one of ``volumes`` (m,) at which the loss on ``part`` is smallest, one a run."""
    logits = net.forward(part[0])
    losses = np.array([AtVolume(v).forward(logits, part[1]) for v in volumes])
    return np.asarray(volumes)[losses.argmin(0)]


def darts_apart(
    train: Part, validation: Part, optimizer: MakeOptimizer, alpha_optimizer: MakeOptimizer,
    rng: np.random.Generator, epochs: int, runs: int,
) -> Relaxed:  # fmt: skip
    """``nas.darts`` at first order, but each of the runs side by side has batches of its own.

    So the runs share nothing but the data. Starts, batches of ``train`` and batches of
    ``validation`` come from three streams: with another part for the logits, starts and batches of
    the weights stay what they were.
    """
    starts, for_weights, for_logits = (one.spawn(runs) for one in rng.spawn(3))
    net = nas.cell_network(WIDTH, starts, runs, train[0].shape[1], CLASSES)
    the_cell(net).alpha = alpha = np.zeros((runs, len(EDGES), len(nas.OPERATIONS)))
    weights, logits, loss = optimizer(net.theta), alpha_optimizer(alpha), SoftmaxCrossEntropy()
    told, asked = own_batches(train, for_weights), own_batches(validation, for_logits)
    path = [alpha.copy()]
    for _ in range(epochs):
        for _ in range(len(train[1]) // BATCH):
            batch = next(told)
            logits.step(nas.darts_gradient(net, loss, batch, next(asked)))
            weight_step(net, weights, loss, batch)
        path.append(alpha.copy())
    return Relaxed(nas.discretize(alpha), np.array(path), net)


def own_batches(part: Part, rngs: Sequence[np.random.Generator]) -> Iterator[Part]:
    """Batches (runs, 64, d) and labels (runs, 64), without end: each run reads in its own order."""
    x, y = part
    while True:
        order = np.stack([rng.permutation(len(y)) for rng in rngs])
        for start in range(0, len(y) - BATCH + 1, BATCH):
            rows = order[:, start : start + BATCH]
            yield x[rows], y[rows]
