"""Networks whose hidden layer is whitened once, before training, and keeps that whitening."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.whitening import condition_number, covariance
from dlcourse.scratch.layers import Linear, ReLU
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import Sequential

WIDTH, CLASSES, BATCH = 16, 10, 64
HELD = 2  # the place of the layer that does not learn


class HeldNetwork(Sequential):
    """Inputs, 16 ReLU units, what is held, ten outputs; nets side by side on the runs axis.

    Between the hidden units and the output layer stands a linear map that ``prepare`` sets and
    training leaves alone. It is the identity until then.

    Parameters
    ----------
    inputs : number of features
    rng, runs : as of ``MLP``
    """

    def __init__(self, inputs: int, rng: Generators, runs: int) -> None:
        own: Any = run_generators(rng, runs)
        sizes = ((inputs, WIDTH), (WIDTH, WIDTH), (WIDTH, CLASSES))
        first, held, last = (Linear(d, k, rng=own, runs=runs) for d, k in sizes)
        super().__init__(first, ReLU(), held, last)
        held.params["weight"][...] = np.eye(WIDTH)
        held.params["bias"][...] = 0
        self.fixed = [self.slices[f"{HELD}.{name}"] for name in ("weight", "bias")]

    def hidden(self, x: Array) -> Array:
        """The activations of the hidden units, (runs, n, 16)."""
        return self.layers[1].forward(self.layers[0].forward(x))

    def seen(self, x: Array) -> Array:
        """What the output layer sees, (runs, n, 16): the activations, through what is held."""
        return self.layers[HELD].forward(self.hidden(x))

    def prepare(self, preprocessor: Any, x: Array) -> None:
        """Hold what the preprocessor learns from the activations of now: z = W (h - μ)."""
        h = self.hidden(x)
        unit = np.stack([np.vstack([np.zeros(WIDTH), np.eye(WIDTH)])] * len(h))
        z = preprocessor.fit(h).transform(unit)  # of zero, and of every unit
        held = self.layers[HELD].params
        held["bias"][...] = z[:, 0]
        held["weight"][...] = (z[:, 1:] - z[:, :1]).swapaxes(-1, -2)

    def step(self, x: Array, labels: Array, lr: Array) -> Array:
        """One step of gradient descent on a batch of each net; the loss of each before it."""
        loss = SoftmaxCrossEntropy()
        value = loss.forward(self.forward(x, True), labels)
        self.backward(loss.backward(), input_grad=False)
        for part in self.fixed:
            self.grad[..., part] = 0
        self.theta -= lr * self.grad
        return value


class EqualLength:
    """One number for all units: it gives the activations the mean square length of white ones.

    Examples
    --------
    >>> h = np.array([[[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]]])  # mean square length 25/3
    >>> np.square(EqualLength().fit(h).transform(h)).sum(-1).mean().round(9)
    np.float64(2.0)
    """

    def fit(self, h: Array) -> EqualLength:
        """Learn it from (..., n, d)."""
        length = np.square(h).sum(-1).mean(-1)[..., None, None]
        self.scale_ = np.sqrt(h.shape[-1] / length)
        return self

    def transform(self, h: Array) -> Array:
        """Multiply by it."""
        return np.asarray(self.scale_ * h)


def held_training(
    train: tuple[Array, Array], preprocessor: Callable[[], Any] | None, looks: Sequence[int]
) -> Any:
    """A run for ``try_all``: prepare once, train, and look in between.

    Parameters
    ----------
    train : images (n, d) and classes (n,)
    preprocessor : makes what is held, as ``PCAWhitening``; None holds the identity
    looks : steps after which the nets are measured, rising; the last one ends the run

    Returns
    -------
    ``run(rng, runs, lr)`` with two curves (runs, looks): ``loss`` on all of ``train``, inf where a
    net has diverged, and ``kappa``, the condition number of the covariance of what the output
    layer sees, inf where that has no full rank. Batches are 64 images drawn with replacement, by
    the generator of each net.
    """
    x, labels = train

    def run(rng: Any, runs: int, lr: Any) -> dict[str, Array]:
        net = HeldNetwork(x.shape[-1], rng, runs)
        if preprocessor is not None:
            net.prepare(preprocessor(), x)
        found = []
        with np.errstate(all="ignore"):  # a net that diverges counts as inf
            for t in range(max(looks) + 1):
                if t in looks:
                    found.append(_measured(net, x, labels))
                rows = np.stack([g.integers(0, len(x), BATCH) for g in rng])
                net.step(x[rows], labels[rows], lr)
        curves: Array = np.moveaxis(np.array(found), 0, -1)
        return {"kappa": curves[0], "loss": curves[1]}

    return run


def _measured(net: HeldNetwork, x: Array, labels: Array) -> tuple[Array, Array]:
    z = net.seen(x)
    loss = SoftmaxCrossEntropy().forward(net.layers[HELD + 1].forward(z), labels)
    matrix = covariance(z)
    good = np.asarray(np.isfinite(matrix).all((-1, -2), keepdims=True))
    kappa = condition_number(np.where(good, matrix, np.eye(WIDTH)))
    full = good[:, 0, 0] & (kappa > 0) & (kappa < 1e12)
    return np.where(full, kappa, np.inf), np.where(np.isfinite(loss), loss, np.inf)
