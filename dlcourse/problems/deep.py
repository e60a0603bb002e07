"""A deep plain network on the digits, begun too small, right or too large, and what to read off it.

Its weights are drawn with the variance c/n, n inputs a unit: c = 2 is what He and others asked for.
Nothing in it holds the signal's size, so that whatever the start does wrong is left to training.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dlcourse import checks, data
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.initialization import kaiming_normal
from dlcourse.scratch.layers import Layer, ReLU
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP, Sequential

Pair = tuple[Array, Array]


def five_digits(dtype: npt.DTypeLike = np.float64) -> tuple[Pair, Pair, Pair]:
    """The digits 0 to 4: 448 images to train on, 200 and 250 for validation and test.

    They are centered, less the mean of the training images, and in units of what then is left.

    >>> (x, y), _, _ = five_digits()
    >>> x.shape, bool(abs(x.mean(axis=0)).max() < 1e-6), round(float((x**2).mean()), 3)
    ((448, 64), True, 1.0)
    """
    digits = data.load("digits")
    parts = [(x[y < 5], y[y < 5]) for x, y in (digits.train, digits.validation, digits.test)]
    parts[0] = parts[0][0][:448], parts[0][1][:448]  # fourteen batches of 32
    mean = parts[0][0].mean(axis=0)
    unit = np.sqrt(np.square(parts[0][0] - mean).mean())
    train, val, test = [(((x - mean) / unit).astype(dtype), y) for x, y in parts]
    return train, val, test


class Standardize(Layer):
    """Batch normalization without memory or parameters: every feature with mean 0, variance 1.

    It always uses the batch at hand, in evaluation too, where that is the whole set.

    >>> y = Standardize().forward(np.array([[1.0, 10.0], [3.0, 30.0]]))
    >>> y.round(2).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """

    def pair(self, x: Array) -> tuple[Array, Any]:
        y = x - along_batch(x)
        std = np.sqrt(along_batch(y * y) + x.dtype.type(1e-5))
        y /= std
        return y, (y, std)

    def pair_backward(self, dy: Array, cache: Any) -> Array:
        y, std = cache
        return (dy - along_batch(dy) - y * along_batch(dy * y)) / std


def along_batch(a: Array) -> Array:
    """The mean over the batch, (…, n, d) to (…, 1, d)."""
    return np.einsum("...nd->...d", a)[..., None, :] / a.dtype.type(a.shape[-2])


class Whole(Sequential):
    """A model whose runs are trained all at once, not in blocks that fit into a cache.

    Its layers are so small and so many that a third of the time would go into calling NumPy.
    """

    @property
    def rows(self) -> Any:
        raise AttributeError("rows")  # what the training loop asks for


def deep_network(
    rng: Generators,
    runs: int | None = None,
    c: Any = 2.0,
    layers: int = 20,
    width: int = 32,
    tilt: Any = 1.0,
    norm: bool = False,
    dtype: npt.DTypeLike = np.float64,
) -> Whole:
    r"""A ReLU network 64-n-…-n-5 whose weights are drawn from N(0, c/n), n their inputs.

    Parameters
    ----------
    rng, runs : as in ``MLP``
    c : > 0, or a column (runs, 1): runs of one generator have the same draw, times :math:`\sqrt c`
    layers, width : how many hidden layers, of how many units
    tilt : > 0, or a column: the variance is ``tilt`` times as large in the first half of the
        matrices between hidden layers, and smaller by the same factor in the second half, so that
        the network computes the same function
    norm : whether every hidden layer is standardized over the batch before its ReLU
    dtype : float64 or float32

    Examples
    --------
    >>> net = deep_network(np.random.default_rng(0), c=3.0, layers=2, width=500)
    >>> round(float(net.params["2.weight"].var()) * 500, 1)
    3.0
    """
    checks.number("c", c, 0, low_open=True)
    checks.number("tilt", tilt, 0, low_open=True)
    sizes = [64, *[width] * checks.integer("layers", layers, 1), 5]
    mlp = MLP(sizes, rng, runs=runs, dtype=dtype, init=kaiming_normal)
    net = Whole(*_layers(mlp, norm))
    parts = weights_of(net)
    half = (len(parts) - 2) // 2
    for place, part in enumerate(parts):
        up = (1 <= place <= half) * 1 - (half < place <= 2 * half) * 1
        factor = np.sqrt(np.asarray(c) / 2 * np.asarray(tilt, float) ** up)
        net.theta[..., part] *= factor.astype(dtype)
    return net


def _layers(net: Sequential, norm: bool) -> list[Layer]:
    """The layers of a network, with a standardization before each ReLU if so wished."""
    found: list[Layer] = []
    for layer in net.layers:
        found += [Standardize(), layer] if norm and isinstance(layer, ReLU) else [layer]
    return found


def some_runs(net: Sequential, runs: slice) -> Sequential:
    """A copy of some of the runs, with memory of its own."""
    part, theta = copy.copy(net), net.theta[runs].copy()
    part.bind(theta, np.zeros_like(theta), {k: a[runs].copy() for k, a in net.buffers.items()})
    return part


def weights_of(net: Sequential) -> list[slice]:
    """The places of the weight matrices in ``net.theta``, the first layer's first."""
    return [part for name, part in net.slices.items() if name.endswith("weight")]


def falling(make: Any, steps: int, **settings: Any) -> Callable[..., Any]:
    """An optimizer's maker whose rate falls in a line from ``lr`` to 0 over so many steps.

    >>> from dlcourse.scratch.optimizers import SGD
    >>> opt = falling(SGD, 4, momentum=0.9)(np.zeros(1), lr=0.1)
    >>> [round(float(opt.lr(t)), 3) for t in range(4)]
    [0.1, 0.075, 0.05, 0.025]
    """
    checks.integer("steps", steps, 1)

    def optimizer(theta: Array, lr: Any) -> Any:
        first = np.asarray(lr, theta.dtype)
        return make(theta, lr=lambda t: first * theta.dtype.type(1 - t / steps), **settings)

    return optimizer


class Scales(NamedTuple):
    """Of every hidden layer, first to last: arrays (layers,) or (layers, runs).

    ``activations``: root mean square, over the images, of the norm of what the layer says.
    ``gradients``: the norm of the loss's gradient with respect to its weights.
    ``weights``: inputs times mean square of its weights, which began near c.
    """

    activations: Array
    gradients: Array
    weights: Array


def scales(net: Sequential, batch: Pair) -> Scales:
    """The three scales of a network on a batch; ``net.grad`` is then the gradient there."""
    h, labels = batch
    said, loss = [], SoftmaxCrossEntropy()
    with np.errstate(all="ignore"):  # a run that has diverged has no scale
        for layer in net.layers:
            h = layer.forward(h, True)
            if isinstance(layer, ReLU):
                said.append(np.sqrt(np.vecdot(h, h).mean(-1)))
        loss.forward(h, labels)
        net.backward(loss.backward(), input_grad=False)
        steep, spread = [], []
        for part, (out, _) in hidden(net):
            g, w = net.grad[..., part], net.theta[..., part]
            steep.append(np.sqrt(np.vecdot(g, g)))
            spread.append(np.vecdot(w, w) / out)  # times inputs, over all
    return Scales(np.array(said), np.array(steep), np.array(spread))


def hidden(net: Sequential) -> list[tuple[slice, tuple[int, ...]]]:
    """Place and shape (out, in) of every weight matrix, the output layer's left out."""
    shapes = [shape for name, shape in net.shapes.items() if name.endswith("weight")]
    return [*zip(weights_of(net), shapes, strict=True)][:-1]


class Watch:
    """A callback for ``fit``: the scales before training and after every epoch.

    Attributes
    ----------
    track : {"activations": array (epochs + 1, layers, runs), "gradients": …, "weights": …}
    start : ``theta`` as it was when the watch began
    """

    def __init__(self, net: Sequential, batch: Pair) -> None:
        self.batch, self.start = batch, net.theta.copy()
        self.seen = [scales(net, batch)]

    def __call__(self, epoch: Any) -> None:
        self.seen.append(scales(epoch.model, self.batch))

    @property
    def track(self) -> dict[str, Array]:
        return {
            name: np.array([getattr(one, name) for one in self.seen]) for name in Scales._fields
        }


def unit_products(net: Sequential, batch: Pair) -> tuple[Array, Array]:
    """Of every hidden unit, weights times their gradients: summed coming in, summed going out.

    Two arrays (layers, …, width); what comes in counts the bias.
    """
    scales(net, batch)  # writes the gradients
    params, grads = list(net.params.values()), list(net.grads.values())
    incoming, outgoing = [], []
    for i in range(0, len(params) - 2, 2):  # weight, bias, the next weight
        bias = params[i + 1] * grads[i + 1]
        incoming.append((params[i] * grads[i]).sum(-1) + bias)
        outgoing.append((params[i + 2] * grads[i + 2]).sum(-2))
    return np.array(incoming), np.array(outgoing)


def gain_at(net: Sequential, theta: Array, batch: Pair) -> Array:
    """The last hidden layer's activations over the first's, at ``theta``, as log10.

    The network keeps its own parameters.
    """
    own = net.theta.copy()
    net.theta[...] = theta
    sizes = scales(net, batch).activations
    net.theta[...] = own
    with np.errstate(all="ignore"):  # a run that is dead or has diverged
        return np.asarray(np.log10(sizes[-1] / sizes[0]))


def thin_change(
    net: Sequential, start: Array, rank: int, rng: np.random.Generator | None = None
) -> Array:
    """The start, and of what training changed in each hidden matrix the largest directions only.

    Parameters
    ----------
    net : trained; its theta is only read
    start : theta before training
    rank : how many singular directions of each matrix's change are kept
    rng : where given, the directions are drawn at random, and the singular values kept

    Biases and output layer are in the result as they were at the start.
    """
    theta = start.copy()
    for part, shape in hidden(net):
        before = start[..., part].astype(float)
        change = (net.theta[..., part] - before).reshape(*before.shape[:-1], *shape)
        u, s, v = np.linalg.svd(change, full_matrices=False)
        if rng is not None:
            u = np.linalg.qr(rng.normal(size=u.shape))[0]
            v = np.linalg.qr(rng.normal(size=v.mT.shape))[0].mT
        kept = (u[..., :rank] * s[..., None, :rank]) @ v[..., :rank, :]
        theta[..., part] = before + kept.reshape(before.shape)
    return theta


def moved(net: Sequential, start: Array) -> Array:
    """How far each weight matrix is from ``start``, as a share of its norm there: (matrices, …)."""
    shares = []
    with np.errstate(all="ignore"):  # a run that has diverged is nowhere
        for part in weights_of(net):
            w, before = net.theta[..., part], start[..., part]
            far = np.linalg.norm(w - before, axis=-1)
            shares.append(far / np.linalg.norm(before, axis=-1))
    return np.array(shares)


def auroc(score: npt.ArrayLike, bad: npt.ArrayLike) -> float:
    """The share of pairs, a bad one and a good one, in which the bad one has the higher score.

    >>> auroc([0.9, 0.2, 0.5, 0.1], [True, True, False, False])
    0.75
    """
    score, bad = np.asarray(score, float), np.asarray(bad, bool)
    if bad.all() or not bad.any():
        checks.fail("bad", "true for some and false for some", bad.tolist())
    above = score[bad][:, None] - score[~bad]
    return float(((above > 0) + 0.5 * (above == 0)).mean())
