"""DARTS: the choice made continuous, and its gradient through one step of the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, run_generators
from dlcourse.scratch.hpo.nas.cells import Cell, cell_network
from dlcourse.scratch.hpo.nas.mixing import discretize, softmax
from dlcourse.scratch.hpo.nas.policy import start
from dlcourse.scratch.hpo.nas.training import (
    MakeOptimizer,
    Part,
    batches,
    checked_batch,
    checked_part,
    weight_step,
)
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Sequential


def the_cell(net: Sequential) -> Cell:
    """The cell of a network."""
    found = [leaf for leaf in net.leaves if isinstance(leaf, Cell)]
    if len(found) != 1:
        checks.fail("net", "a network with one Cell, as cell_network makes", f"{len(found)} cells")
    return found[0]


def gradients(net: Sequential, loss: Any, batch: Part) -> tuple[Array, Array]:
    """Of one batch's loss: with respect to the weights, and to the logits of the mixture."""
    loss.forward(net.forward(batch[0], True), batch[1])
    net.backward(loss.backward(), input_grad=False)
    return net.grad.copy(), the_cell(net).dalpha.copy()


def darts_gradient(
    net: Sequential,
    loss: Any,
    train: Part,
    validation: Part,
    xi: float = 0.0,
    eps: float = 0.01,
) -> Array:
    r"""The gradient of the validation loss with respect to the logits, weights taken along.

    .. math::
        w' &= w - ξ\, \nabla_w L_{train}(w, α) \\
        dα &= \nabla_α L_{val}(w', α) - ξ\,
            \frac{\nabla_α L_{train}(w^+, α) - \nabla_α L_{train}(w^-, α)}{2 ε'}, \qquad
        w^\pm = w \pm ε'\, \nabla_{w'} L_{val}(w', α)

    Parameters
    ----------
    net : with a cell whose ``alpha`` is set; its weights are as before when it returns
    train, validation : one batch each, (x, y); the logits are for the *validation* loss
    xi : ξ >= 0, the rate of the imagined step; 0: first order, the weights held fixed
    eps : ε > 0; ε' = ε / ‖∇L_val‖, one a run

    Notes
    -----
    The difference quotient stands for the product of a second derivative and a vector; its error
    falls as ε². Cost: one pass at first order, four at second.

    References
    ----------
    Liu, Simonyan and Yang (2019), eq. 6 to 8.
    """
    w = net.theta.copy()
    if not xi:
        return gradients(net, loss, validation)[1]
    net.theta[...] = w - xi * gradients(net, loss, train)[0]
    v, dalpha = gradients(net, loss, validation)
    norm = np.sqrt(np.vecdot(v, v))[..., None]
    step = eps / np.where(norm > 0, norm, 1)
    sides = []
    for sign in (1, -1):
        net.theta[...] = w + sign * step * v
        sides.append(gradients(net, loss, train)[1])
    net.theta[...] = w
    return dalpha - xi * (sides[0] - sides[1]) / (2 * step[..., None])


@dataclass(eq=False)
class Relaxed:
    """What DARTS came to.

    Attributes
    ----------
    cells : the strongest operation of each edge, ([runs,] edges)
    alpha : (epochs + 1, [runs,] edges, operations), the logits after each epoch
    net : the mixture, trained
    """

    cells: Array
    alpha: Array
    net: Sequential

    @property
    def shares(self) -> Array:
        """Of each operation in the mixture, as ``alpha``."""
        return softmax(self.alpha)


def darts(
    train: Part,
    validation: Part,
    optimizer: MakeOptimizer,
    alpha_optimizer: MakeOptimizer,
    rng: np.random.Generator,
    epochs: int,
    batch_size: int = 64,
    width: int = 16,
    xi: float = 0.0,
    runs: int | None = None,
    zero: bool = False,
) -> Relaxed:
    """Train one network in which every edge does everything, and its shares; keep the strongest.

    Parameters
    ----------
    train, validation : the parts (x, y): weights learn on the one, logits on the other
    optimizer, alpha_optimizer : functions array -> optimizer, of weights and of logits
    xi : rate of the imagined step of ``darts_gradient``; 0 is first order
    runs : None for one search, or how many side by side; they share the batches
    zero : whether an edge may be dropped in the end, see ``discretize``

    Notes
    -----
    Logits move first, on a batch of validation data, then weights on a batch of training data.
    Cost in passes, a step: 2 at first order, 5 at second; every pass computes all operations.

    References
    ----------
    Liu, Simonyan and Yang (2019), algorithm 1. Lesson: architectures.
    """
    parts = [checked_part("train", train), checked_part("validation", validation)]
    size, epochs = checked_batch(batch_size, *parts), checks.integer("epochs", epochs, 1)
    xi, alpha = checks.scalar("xi", xi), start(rng, runs)
    generators: Any = rng if runs is None else run_generators(rng, runs)
    shape = parts[0][0].shape[1], int(parts[0][1].max()) + 1
    net = cell_network(width, generators, runs, *shape)
    the_cell(net).alpha = alpha
    w_opt, a_opt, loss = optimizer(net.theta), alpha_optimizer(alpha), SoftmaxCrossEntropy()
    path, held_out = [alpha.copy()], batches(parts[1], size, rng)
    for _ in range(epochs):
        for batch in batches(parts[0], size, rng):
            other = next(held_out, None)
            if other is None:
                held_out = batches(parts[1], size, rng)
                other = next(held_out)
            a_opt.step(darts_gradient(net, loss, batch, other, xi))
            weight_step(net, w_opt, loss, batch)
        path.append(alpha.copy())
    return Relaxed(discretize(alpha, zero), np.array(path), net)
