"""Networks that descend with all their images at once, and how steep the ground is on their way.

Nothing is left to chance but start and images: every step is the whole gradient, and whatever a
loss does from step to step is the ground's doing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.problems.drawn_digits import draw_digits, pool
from dlcourse.scratch.landscape import (
    Eigenpairs,
    ExactHessian,
    spectral_density,
    top_eigenvalues,
)
from dlcourse.scratch.losses import MSE, SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP, Sequential

LOST = 100.0
"""A run whose loss is so many times its first is lost, and stays where it is."""
LOSSES = {"squares": MSE, "cross-entropy": SoftmaxCrossEntropy}
Rngs = Sequence[np.random.Generator]


class Ground:
    """The loss of networks side by side, each on digits of its own, around where they stand.

    Attributes
    ----------
    net : MLP with runs; x, y : (runs, n, 64) and what the loss asks for
    first : (runs,), the loss at the start

    Examples
    --------
    >>> at = Ground([np.random.default_rng(0), np.random.default_rng(1)], n=20)
    >>> at.net.theta.shape, at.slope().shape, at.hessian().dim
    ((2, 1482), (2, 1482), 1482)
    """

    def __init__(
        self, rngs: Rngs, n: int = 100, sizes: Sequence[int] = (64, 16, 16, 10),
        activation: str = "tanh", scale: float = 0.7, loss: str = "squares",
        change: Callable[[Array], Array] | None = None, init: Any = None,
    ) -> None:  # fmt: skip
        """``scale`` multiplies the weights drawn, ``change`` is done to the pixels."""
        self.loss = LOSSES[checks.choice("loss", loss, LOSSES)]()
        (x, labels), runs = draw_digits(rngs, n).train, len(rngs)
        self.x = x.astype(float) if change is None else change(x.astype(float))
        self.y = np.eye(10)[labels] if loss == "squares" else labels
        self.net: Sequential = MLP(sizes, rngs, activation, runs, init=init)
        self.net.theta *= scale
        self.first = self.value()

    def value(self) -> Array:
        """The loss of every run."""
        return np.asarray(self.loss.forward(self.net.forward(self.x, True), self.y))

    def slope(self) -> Array:
        """The gradient there, (runs, d); ``height`` is then the loss."""
        self.height = self.value()
        self.net.backward(self.loss.backward(), input_grad=False)
        return np.asarray(self.net.grad)

    def hessian(self) -> ExactHessian:
        """The Hessian there, of which products are asked."""
        return ExactHessian(self.net, self.loss, self.x, self.y)

    def steepest(self, k: int = 1, tol: float = 1e-3) -> Eigenpairs:
        """The k largest curvatures there and their directions, by Lanczos."""
        product, rngs = self.hessian(), [np.random.default_rng(i) for i in range(len(self.x))]
        return top_eigenvalues(product, product.dim, k, rngs, runs=product.runs, tol=tol)

    def some(self, runs: slice = slice(None)) -> Ground:
        """The same ground for some of the networks, in memory of their own."""
        other = object.__new__(Ground)
        other.__dict__ |= self.__dict__
        for name in ("x", "y", "first"):
            setattr(other, name, getattr(self, name)[runs])
        theta = self.net.theta[runs].copy()
        other.net, other.loss = self.net.rows(runs), type(self.loss)()
        other.net.bind(theta, np.zeros_like(theta))
        return other

    def moved_to(self, theta: Array) -> Ground:
        """The same ground for networks that stand at ``theta`` (runs, d)."""
        other = self.some()
        other.net.theta[...] = theta
        return other


class Descent(NamedTuple):
    """``loss`` (steps + 1, runs); ``steep`` (looks, runs), the largest curvature, and when."""

    loss: Array
    steep: Array
    looks: Array


def descend(
    at: Ground, lr: Any, steps: int, every: int = 0,
    keep: Callable[[Array, int], Array] | None = None, until: float = 0.0,
) -> Descent:  # fmt: skip
    """Gradient descent with all images, from where the networks stand to where they then stand.

    Parameters
    ----------
    lr : > 0, or a column (runs, 1)
    every : steps between two looks at the largest curvature; 0: never
    keep : what is done to the gradient (runs, d) of step t before it is followed
    until : a run whose loss is no longer above this stays where it is; with all of them it ends

    Examples
    --------
    >>> way = descend(Ground([np.random.default_rng(0)], n=20), lr=1.0, steps=4, every=2)
    >>> way.loss.shape, way.steep.shape, way.looks, bool(way.loss[-1, 0] < way.loss[0, 0])
    ((5, 1), (3, 1), array([0, 2, 4]), True)
    """
    losses, steep, looks = [], [], []
    for t in range(checks.integer("steps", steps, 0) + 1):
        if every and t % every == 0:
            steep.append(at.steepest(tol=1e-2).values[:, 0])
            looks.append(t)
        slope = at.slope()
        losses.append(at.height)
        rests = (at.height <= until) | (at.height > LOST * at.first)
        if t == steps or rests.all():
            break
        step = slope if keep is None else keep(slope, t)
        at.net.theta -= np.where(rests[:, None], 0.0, lr * step)
    return Descent(np.array(losses), np.array(steep), np.array(looks))


def steep_part(slope: Array, directions: Array) -> Array:
    """What of a gradient (runs, d) lies along directions (runs, k, d) of length 1, at right angles.

    >>> steep_part(np.array([[3.0, 4.0]]), np.array([[[1.0, 0.0]]]))
    array([[3., 0.]])
    """
    shares = directions @ slope[..., None]
    return np.asarray((shares * directions).sum(-2))


class Part:
    """Follow only the steep part of each gradient, or only the rest: ``keep`` of ``descend``.

    Parameters
    ----------
    at : the ground that is walked on
    k : how many directions count as steep
    side : "steep" or "rest"
    every : steps after which the directions are looked for again, as they turn on the way
    """

    def __init__(self, at: Ground, k: int, side: str, every: int = 10) -> None:
        self.at, self.k, self.every = at, k, every
        self.steep = checks.choice("side", side, ("steep", "rest")) == "steep"

    def __call__(self, slope: Array, t: int) -> Array:
        if t % self.every == 0:
            self.directions = self.at.steepest(self.k, tol=1e-2).vectors
        along = steep_part(slope, self.directions)
        return along if self.steep else slope - along


def flat_share(at: Ground, below: float = 0.01, probes: int = 2, steps: int = 60) -> Array:
    """The share of directions that curve less than ``below`` times the steepest, by quadrature."""
    product, rngs = at.hessian(), [np.random.default_rng(i) for i in range(len(at.x))]
    found = spectral_density(product, product.dim, rngs, probes, steps, runs=product.runs)
    bar = below * found.nodes.max((-2, -1), keepdims=True)
    return np.asarray((found.weights * (abs(found.nodes) < bar)).sum(-1).mean(-1))


def without_one(at: Ground, count: int) -> Array:
    """How far the loss moves when one parameter is set to 0: (count, runs), evenly spaced ones."""
    places = np.linspace(0, at.net.theta.shape[1] - 1, checks.integer("count", count, 1)).astype(
        int
    )
    before, found = at.value(), []
    for place in places:
        kept = at.net.theta[:, place].copy()
        at.net.theta[:, place] = 0.0
        found.append(abs(at.value() - before))
        at.net.theta[:, place] = kept
    return np.array(found)


def watch_steps(at: Ground, lr: Any, steps: int = 21, k: int = 5) -> tuple[Array, Array]:
    """What lies in the k steepest directions of here, on a descent that starts here, on a copy.

    Returns
    -------
    along : (steps, k, runs), the part of each gradient along each direction, with its sign
    share : (runs,), of the squared gradient that lies in all k, the mean over the steps
    """
    directions, along, share = at.steepest(k).vectors, [], []

    def look(slope: Array, t: int) -> Array:
        inside = steep_part(slope, directions)
        along.append((directions @ slope[..., None])[..., 0].T)
        share.append(np.vecdot(inside, inside) / np.vecdot(slope, slope))
        return slope

    descend(at.some(), lr, steps, keep=look)
    return np.array(along), np.mean(share, axis=0)


def standardized(x: Array) -> Array:
    """Every pixel with mean 0 and deviation 1 over the images (..., n, 64); constant ones are 0."""
    spread = x.std(-2, keepdims=True)
    return np.asarray((x - x.mean(-2, keepdims=True)) / np.where(spread > 1e-6, spread, 1))


def centred(x: Array) -> Array:
    """Every pixel with mean 0 over the images (..., n, 64), and nothing else changed."""
    return np.asarray(x - x.mean(-2, keepdims=True))


def gray(x: Array, most: float = 1.0) -> Array:
    """The pixels as shades from 0 to ``most`` again, which ``draw_digits`` gives in one unit.

    >>> at = Ground([np.random.default_rng(0)], n=20, change=lambda x: gray(x, 16.0))
    >>> round(float(at.x.min()), 3), round(float(at.x.max()), 3)
    (0.0, 16.0)
    """
    low, high = pool()[0].min(), pool()[0].max()
    return (x - low) / (high - low) * most


PIXELS: dict[str, Callable[[Array], Array]] = {
    "0 to 1": gray,
    "0 to 16": lambda x: gray(x, 16.0),
    "standardized": standardized,
}


def sides(path: Array) -> Array:
    """Of each pair of neighbouring steps of (steps, …, runs), whether they go opposite ways: mean.

    >>> sides(np.array([[1.0], [-2.0], [-1.0], [3.0]]))
    array([0.66666667])
    """
    return np.asarray((path[1:] * path[:-1] < 0).mean(0))
