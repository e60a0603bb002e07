"""What searches of architectures are measured by: halves of the table, prices, ranks, volume."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo.nas import EDGES, CellTable, all_cells
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


def loss_at_volume(net: Sequential, part: tuple[Array, Array], volume: float) -> Array:
    """Cross-entropy of a network whose outputs are multiplied by ``volume``, one a run.

    Below 1 the network says the same less loudly; which class is largest does not change.
    """
    loss = SoftmaxCrossEntropy()
    return np.asarray(loss.forward(volume * net.forward(part[0]), part[1]))
