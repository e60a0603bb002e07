"""ENAS: one set of weights for all cells, so that a cell is judged without being trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, run_generators
from dlcourse.scratch.hpo.nas.cells import cell_network
from dlcourse.scratch.hpo.nas.policy import Controller, Found
from dlcourse.scratch.hpo.nas.relaxing import the_cell
from dlcourse.scratch.hpo.nas.training import (
    MakeOptimizer,
    Part,
    batches,
    checked_batch,
    checked_part,
    weight_step,
)
from dlcourse.scratch.losses import SoftmaxCrossEntropy, accuracy
from dlcourse.scratch.models import Sequential


def shared_accuracy(net: Sequential, cells: Array, part: Part) -> Array:
    """How right each cell is with the weights of ``net``: (m, [runs,] edges) to (m, [runs])."""
    cell, found = the_cell(net), []
    kept, cell.alpha = (cell.cells, cell.alpha), None
    for one in cells:
        cell.cells = one
        found.append(accuracy(net.forward(part[0]), part[1]))
    cell.cells, cell.alpha = kept
    return np.array(found)


@dataclass(eq=False)
class Shared(Found):
    """What sharing came to: ``cells`` and ``rewards`` are of the candidates at the end.

    Attributes
    ----------
    net : with the shared weights
    """

    net: Sequential


def weight_sharing_nas(
    train: Part,
    validation: Part,
    optimizer: MakeOptimizer,
    rng: np.random.Generator,
    epochs: int,
    batch_size: int = 64,
    width: int = 16,
    controller_steps: int = 20,
    lr: float = 3.0,
    baseline_decay: float = 0.9,
    candidates: int = 50,
    runs: int | None = None,
) -> Shared:
    """Train one set of weights under cells that a controller draws, and the controller on them.

    Parameters
    ----------
    train, validation : the parts (x, y): weights learn on the one, the controller on the other
    optimizer : function theta -> optimizer, of the shared weights
    epochs : passes over ``train``, one drawn cell a batch
    controller_steps : REINFORCE updates after every epoch, each on one cell and one batch; 0: the
        controller never learns, which is random search with shared weights
    lr, baseline_decay : of the controller, as of ``reinforce_nas``
    candidates : cells drawn at the end, to be compared on the whole validation part
    runs : None for one search, or how many side by side; they share the batches

    Notes
    -----
    Costs as much as training one network for that many epochs, however many cells are judged.
    What a cell gets with shared weights need not rank as what it gets with weights of its own.

    References
    ----------
    Pham, Guan, Zoph, Le and Dean (2018), section 2.2; Li and Talwalkar (2019) without a controller.
    Lesson: architectures.
    """
    train, validation = checked_part("train", train), checked_part("validation", validation)
    size, epochs = checked_batch(batch_size, train, validation), checks.integer("epochs", epochs, 1)
    steps, m = checks.integer("controller_steps", controller_steps, 0), candidates
    checks.integer("candidates", m, 1)
    controller = Controller(rng, runs, lr, baseline_decay)
    generators: Any = rng if runs is None else run_generators(rng, runs)
    shape = train[0].shape[1], int(train[1].max()) + 1
    net, loss = cell_network(width, generators, runs, *shape), SoftmaxCrossEntropy()
    weights = optimizer(net.theta)
    for _ in range(epochs):
        for batch in batches(train, size, rng):
            the_cell(net).cells = controller.draw(1, rng)[0]
            weight_step(net, weights, loss, batch)
        for _ in range(steps):
            rows = rng.integers(len(validation[1]), size=size)
            cells = controller.draw(1, rng)
            batch = validation[0][rows], validation[1][rows]
            controller.learn(cells, shared_accuracy(net, cells, batch))
    cells = controller.draw(m, rng)
    return Shared(cells, shared_accuracy(net, cells, validation), controller.logits, net)
