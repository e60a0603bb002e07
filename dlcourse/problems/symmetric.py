"""Networks whose units begin alike, wholly or nearly: what tells them apart, and what does not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.initialization import constant, kaiming_uniform, uniform, zeros
from dlcourse.scratch.layers import Layer, Linear, ReLU
from dlcourse.scratch.models import MLP, Sequential


def descend(
    model: Any,
    optimizer: Any,
    loss: Any,
    x: Array,
    y: Array,
    steps: int,
) -> Array:
    """Gradient descent on all samples at once: the loss before each step and after the last.

    Parameters
    ----------
    x, y : (n, …) for all runs, or (runs, n, …), to each its own

    Returns
    -------
    (steps + 1,) or (steps + 1, runs)

    Examples
    --------
    >>> from dlcourse.scratch.losses import MSE
    >>> from dlcourse.scratch.optimizers import SGD
    >>> line = MLP([1, 1], np.random.default_rng(0), init=zeros)
    >>> descend(line, SGD(line.theta, lr=0.25), MSE(), np.ones((1, 1)), np.ones((1, 1)), 1)
    array([1., 0.])
    """
    seen = []
    for _ in range(checks.integer("steps", steps, 0)):
        seen.append(loss.forward(model.forward(x, True), y))
        model.backward(loss.backward(), input_grad=False)
        optimizer.step(model.grad)
    return np.array([*seen, loss.forward(model.forward(x), y)])


def apart(weight: Array) -> Array:
    """The largest difference of two units, over all the weights that come into them.

    Parameters
    ----------
    weight : (..., units, inputs)

    Examples
    --------
    >>> apart(np.array([[1.0, 2.0], [1.5, 2.0]]))
    np.float64(0.5)
    """
    return np.ptp(weight, axis=-2).max(-1)


def distinct(h: Array) -> Array:
    r"""How many units a layer is worth: (Σλ)² / Σλ², λ the eigenvalues of its outputs' covariance.

    One if all units are multiples of one another, k for k uncorrelated ones that vary alike.

    Parameters
    ----------
    h : (..., n, units), the layer's outputs for n inputs

    Examples
    --------
    >>> h = np.array([[1.0, 2.0], [3.0, 6.0], [0.0, 0.0]])
    >>> round(float(distinct(h)), 6)
    1.0
    """
    centered = h - h.mean(-2, keepdims=True)
    gram = centered.mT @ centered
    total = np.trace(gram, axis1=-2, axis2=-1)
    return total**2 / np.square(gram).sum((-2, -1))


def swap_units(model: MLP, order: Array) -> Array:
    """Where each parameter stands once the hidden units are in another order.

    Parameters
    ----------
    model : an MLP with one hidden layer
    order : (units,), a permutation

    Returns
    -------
    index (d,): ``model.theta[..., index]`` is the same network, its units in that order

    Examples
    --------
    >>> net = MLP([1, 2, 1], np.random.default_rng(0))
    >>> swap_units(net, np.array([1, 0]))
    array([1, 0, 3, 2, 5, 4, 6])
    """
    place = one_hidden(model).unflatten(np.arange(model.theta.shape[-1]))
    rows = [place["0.weight"][order], place["0.bias"][order], place["2.weight"][:, order]]
    return np.concatenate([part.ravel() for part in (*rows, place["2.bias"])])


def one_hidden(model: MLP) -> MLP:
    """The model, if it is an MLP with one hidden layer."""
    if list(model.shapes) != ["0.weight", "0.bias", "2.weight", "2.bias"]:
        checks.fail("model", "an MLP with one hidden layer", list(model.shapes))
    return model


class Dropout(Layer):
    """Each output is left out with probability ``p`` in training, and divided by 1 − p if kept.

    Parameters
    ----------
    p : in [0, 1)
    rng : the generators of the runs, each draws the masks of its own

    Examples
    --------
    >>> half = Dropout(0.5, [np.random.default_rng(0)])
    >>> half.forward(np.ones((1, 1, 4)), training=True)
    array([[[2., 0., 0., 0.]]])
    """

    def __init__(self, p: float, rng: Sequence[np.random.Generator]) -> None:
        super().__init__()
        self.p, self.rng = checks.number("p", p, 0.0, 1.0, high_open=True), rng

    def forward(self, x: Array, training: bool = False) -> Array:
        self.training = training
        return super().forward(x, training)

    def pair(self, x: Array) -> tuple[Array, Array]:
        mask = np.ones_like(x)
        if self.training:
            if len(x) != len(self.rng):
                fix = "Train few enough runs at once, as by sweep(…, block=20)."
                checks.fail("x", f"of all {len(self.rng)} runs", x, fix)
            kept = [rng.random(x.shape[1:]) >= self.p for rng in self.rng]
            mask = np.stack(kept) / (1 - self.p)
        return x * mask, mask

    def pair_backward(self, dy: Array, mask: Array) -> Array:
        return dy * mask


TOLD = ("nothing", "hidden biases", "output weights", "dropout", "all weights")


def nearly_equal(
    rng: Generators,
    runs: int | None = None,
    told: str = "nothing",
    value: float = 0.1,
) -> Sequential:
    """A net 64-32-10 whose weights are all ``value``, except for what tells its units apart.

    Parameters
    ----------
    told : "nothing"; "hidden biases", "output weights" or "all weights", which are then drawn as
        PyTorch draws them; "dropout", of half of the hidden units. All other biases are 0

    Examples
    --------
    >>> net = nearly_equal(np.random.default_rng(0), told="output weights")
    >>> [float(apart(net.params[name]).round(1)) for name in ("0.weight", "2.weight")]
    [0.0, 0.4]
    """
    checks.choice("told", told, TOLD)
    alike = partial(constant, val=value)
    if told == "all weights":
        return MLP([64, 32, 10], rng, runs=runs, init=partial(kaiming_uniform, a=5**0.5))
    first = Linear(64, 32, rng=rng, runs=runs, init=alike)
    if told == "hidden biases":
        bound = 1 / np.sqrt(64)
        first.params["bias"][...] = uniform((32,), rng, -bound, bound, runs=runs)
    drawn = told == "output weights"
    last = Linear(32, 10, rng=rng, runs=runs, init=None if drawn else alike)
    last.params["bias"][...] = 0
    masks = [Dropout(0.5, children(rng, runs))] if told == "dropout" else []
    return Sequential(first, ReLU(), *masks, last)


def children(rng: Generators, runs: int | None) -> list[np.random.Generator]:
    """Generators beside those given, which go on as if nothing had been drawn."""
    return [one.spawn(1)[0] for one in run_generators(rng, runs)]


def widened(model: MLP) -> MLP:
    """The same function by twice the hidden units: each unit stands twice, and says half as much.

    Parameters
    ----------
    model : an MLP with one hidden layer

    Examples
    --------
    >>> net = MLP([3, 4, 2], np.random.default_rng(0))
    >>> x = np.ones((1, 3))
    >>> bool(np.allclose(widened(net).forward(x), net.forward(x)))
    True

    References
    ----------
    Chen, Goodfellow and Shlens (2016), section 2.2.
    """
    old = one_hidden(model).params
    units, inputs = model.shapes["0.weight"]
    sizes = [inputs, 2 * units, model.shapes["2.weight"][0]]
    wide = MLP(sizes, np.random.default_rng(0), runs=model.runs, init=zeros)
    new = wide.params
    for name, axis in (("0.weight", -2), ("0.bias", -1)):
        new[name][...] = np.concatenate([old[name], old[name]], axis=axis)
    new["2.weight"][...] = np.concatenate([old["2.weight"], old["2.weight"]], axis=-1) / 2
    new["2.bias"][...] = old["2.bias"]
    return wide
