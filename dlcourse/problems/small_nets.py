"""Networks so small that all of their curvature can be written down: critical points, and ways out.

Each net has its own 50 images of four digits, seen as eight numbers, and a penalty ½λ‖θ‖² in its
loss, without which no minimum would lie at a finite distance.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks, data
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.landscape import (
    ExactHessian,
    find_critical_point,
    hessian_from_products,
    loss_gradient,
)
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP

CLASSES, IMAGES, NUMBERS, UNITS = 4, 50, 8, 4
DECAY = 0.01
TOL, ROUNDS, PER_ROUND, INNER = 1e-8, 2, 8, 30


def eight_numbers(rng: Generators, runs: int) -> tuple[Array, Array]:
    """For each run 50 training digits 0 to 3: ``x`` (runs, 50, 8) and ``y`` (runs, 50).

    Pixels are averaged in squares of four, and the first eight principal components of a run's own
    images scaled to variance 1.

    Examples
    --------
    >>> x, y = eight_numbers(np.random.default_rng(0), 2)
    >>> x.shape, y.shape, bool(np.allclose(x.std(1), 1))
    ((2, 50, 8), (2, 50), True)
    """
    images, labels = data.load("digits").train
    kept = np.flatnonzero(labels < CLASSES)
    xs, ys = [], []
    for one in run_generators(rng, runs):
        which = one.permutation(kept)[:IMAGES]
        coarse = images[which].reshape(-1, 4, 2, 4, 2).mean((2, 4)).reshape(IMAGES, -1)
        coarse = coarse - coarse.mean(0)
        axes = np.linalg.svd(coarse, full_matrices=False)[2][:NUMBERS]
        seen = coarse @ (axes * np.sign(axes.sum(1, keepdims=True))).T
        xs.append(seen / seen.std(0))
        ys.append(labels[which])
    return np.stack(xs), np.stack(ys)


class SmallNets:
    """Networks 8-4-4 of tanh, one a row of ``x``, in which a row of theta is one of 56 parameters.

    Attributes
    ----------
    x, y : the images of every row
    dim : 56
    decay : λ, a number or a column (rows, 1)
    """

    dim = (NUMBERS + 1) * UNITS + (UNITS + 1) * CLASSES

    def __init__(self, x: Array, y: Array, decay: Any = DECAY) -> None:
        self.x, self.y, self.decay = x, y, decay
        self.rows = len(x)
        rng = np.random.default_rng(0)
        self.net = MLP([NUMBERS, UNITS, CLASSES], rng, "tanh", runs=self.rows)
        self.criterion = SoftmaxCrossEntropy()
        self.plain = loss_gradient(self.net, self.criterion, x, y)

    def start(self, rng: Generators, scale: float = 1.0) -> Array:
        """Weights as PyTorch draws them, times ``scale``: (rows, 56)."""
        rngs = run_generators(rng, self.rows)
        return scale * MLP([NUMBERS, UNITS, CLASSES], rngs, "tanh", runs=self.rows).theta

    def at(self, theta: Array) -> MLP:
        """The networks with these parameters."""
        self.net.bind(theta.copy(), np.zeros_like(theta))
        return self.net

    def loss(self, theta: Array, decay: bool = True) -> Array:
        """The loss of every row, with its penalty or without."""
        fit = self.criterion.forward(self.at(theta).forward(self.x), self.y)
        size = np.vecdot(theta, theta)[:, None]
        return np.asarray(fit + (self.decay * size / 2)[:, 0] * decay)

    def grad(self, theta: Array) -> Array:
        """Its gradient."""
        return self.plain(theta) + self.decay * theta

    def batch_grad(self, theta: Array, rng: np.random.Generator, size: int) -> Array:
        """The gradient of so many of its images, drawn anew for every row."""
        which = rng.permuted(np.tile(np.arange(IMAGES), (self.rows, 1)), axis=1)[:, :size]
        row = np.arange(self.rows)[:, None]
        part = loss_gradient(self.net, self.criterion, self.x[row, which], self.y[row, which])
        return part(theta) + self.decay * theta

    def products(self, theta: Array) -> Callable[[Array], Array]:
        """Vectors to their products with the Hessian there."""
        exact = ExactHessian(self.at(theta), self.criterion, self.x, self.y)
        return lambda v: exact(v) + self.decay * v

    def product(self, theta: Array, v: Array) -> Array:
        """One product with the Hessian there."""
        return self.products(theta)(v)

    def bend(self, theta: Array, u: Array, reach: float = 1e-3) -> Array:
        """The curvature along a unit vector u, by three values of the loss alone."""
        ahead, behind = self.loss(theta + reach * u), self.loss(theta - reach * u)
        return (ahead + behind - 2 * self.loss(theta)) / reach**2

    def eigh(self, theta: Array) -> tuple[Array, Array]:
        """All 56 curvatures of every row, the lowest first, and their directions as columns."""
        whole = hessian_from_products(self.products(theta), self.dim, self.rows)
        values, vectors = np.linalg.eigh(whole)
        return values, vectors

    def pick(self, rows: Array) -> SmallNets:
        """The same for some rows, or for rows that stand several times."""
        decay = self.decay if np.ndim(self.decay) == 0 else self.decay[rows]
        return SmallNets(self.x[rows], self.y[rows], decay)

    def walk(self, theta: Array, lr: float, looks: Sequence[int]) -> Array:
        """Gradient descent on all images: where it is after each of ``looks``: (rows, looks, d)."""
        seen, theta = [], theta.copy()
        for step in range(max(looks) + 1):
            if step in looks:
                seen.append(theta.copy())
            theta = theta - lr * self.grad(theta)
        return np.stack(seen, 1)


class Points(NamedTuple):
    """The critical points that were found, one a row, and how many were looked for.

    ``net``, whose; ``start``, from which of its starts; ``theta``; ``loss``, with the penalty;
    ``eigenvalues``, (points, 56), in rising order; ``tried``, the number of searches.
    """

    net: Array
    start: Array
    theta: Array
    loss: Array
    eigenvalues: Array
    tried: int

    @property
    def down(self) -> Array:
        """How many directions go down."""
        return np.asarray((self.eigenvalues < 0).sum(1))

    def distinct(self) -> Array:
        """One row of each point: same net, loss to six digits and index are the same point."""
        same = np.stack([self.net, self.loss.round(6), self.down], 1)
        return np.sort(np.unique(same, axis=0, return_index=True)[1])


def critical_points(nets: SmallNets, starts: Array) -> Points:
    """Walk from each start to where the gradient is zero, by Newton-MR; keep those that arrive.

    Parameters
    ----------
    starts : (nets, starts, 56)
    """
    if starts.ndim != 3 or len(starts) != nets.rows:
        checks.fail("starts", f"shaped ({nets.rows}, starts, {nets.dim})", starts)
    per = starts.shape[1]
    net = np.repeat(np.arange(nets.rows), per)
    theta, left = starts.reshape(-1, nets.dim).copy(), np.arange(len(net))
    arrived = np.zeros(len(net), bool)
    for _ in range(ROUNDS):  # those that have arrived, or are stuck, need not be carried on
        some = nets.pick(net[left])
        found = find_critical_point(some.grad, some.product, theta[left], TOL, PER_ROUND, INNER)
        theta[left], arrived[left] = found.theta, found.converged
        left = left[~found.converged & (found.steps == PER_ROUND)]
        if not len(left):
            break
    kept = np.flatnonzero(arrived)
    if not len(kept):
        checks.fail("starts", "near critical points", "starts from which no search arrives")
    some = nets.pick(net[kept])
    loss, values = some.loss(theta[kept]), some.eigh(theta[kept])[0]
    return Points(net[kept], kept % per, theta[kept], loss, values, len(net))


def updates_until(
    nets: SmallNets, theta: Array, goal: Array, make: Callable[[Array], Any], most: int, *,
    noise: float = 0.0, batch: int | None = None, rng: np.random.Generator | None = None,
    turn: Array | None = None, decay: bool = False,
) -> Array:  # fmt: skip
    """How many updates until the loss of each net is below its goal.

    Parameters
    ----------
    theta : the start, (rows, 56); goal : (rows,); most : what is counted if it never gets there
    make : parameters to an optimizer of them, as ``lambda theta: SGD(theta, lr=0.1)``
    noise : standard deviation of what is added to every component of the gradient
    batch : how many of the 50 images make a gradient; None: all
    turn : (56, 56) or (rows, 56, 56), orthogonal: the optimizer sees the parameters in axes turned
        by it
    decay : whether the penalty is part of the loss that is looked at
    """
    axes = np.eye(nets.dim) if turn is None else turn
    seen = (theta[:, None] @ axes)[:, 0]
    optimizer, count = make(seen), np.full(nets.rows, most)
    for t in range(most):
        here = (seen[:, None] @ axes.mT)[:, 0]
        g = nets.grad(here) if batch is None or rng is None else nets.batch_grad(here, rng, batch)
        if noise and rng is not None:
            g = g + noise * rng.standard_normal(g.shape)
        optimizer.step((g[:, None] @ axes)[:, 0])
        below = nets.loss((seen[:, None] @ axes.mT)[:, 0], decay) < goal
        count = np.where(below & (count == most), t + 1, count)
        if (count < most).all():
            break
    return count


def leave_zero(
    rng: Generators, runs: int, lr: Any, *, method: Callable[..., Any], turned: bool = False,
    scale: float = 1e-6, goal: float = 0.7, most: int = 300,
) -> dict[str, Array]:  # fmt: skip
    """Updates that nets of small weights, near the saddle at zero, need to a loss of ``goal``.

    Parameters
    ----------
    method : an optimizer, as ``SGD``
    turned : whether it sees the parameters in axes drawn by chance, others in every run

    Returns
    -------
    ``updates``, (runs,)
    """
    rngs = run_generators(rng, runs)
    nets = SmallNets(*eight_numbers(rngs, runs))
    theta = nets.start(rngs, scale)
    drawn = [rng.standard_normal((nets.dim, nets.dim)) for rng in rngs if turned]
    turn = np.linalg.qr(np.stack(drawn))[0] if turned else None
    goals = np.full(runs, goal)
    make = functools.partial(method, lr=lr)
    return {"updates": updates_until(nets, theta, goals, make, most, turn=turn)}


def highest_saddles(points: Points, below: float) -> Array:
    """For every net the row of its highest saddle below a loss of ``below``, if it has any."""
    rows = []
    for net in np.unique(points.net):
        own = np.flatnonzero((points.net == net) & (points.down > 0) & (points.loss < below))
        if len(own):
            rows.append(own[points.loss[own].argmax()])
    return np.array(rows)
