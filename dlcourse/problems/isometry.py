"""Matrices one after another: what a deep network is before it has learned anything.

Weights come as a list, first layer first; each is ``(out, in)`` or, for many networks side by
side, ``(runs, out, in)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators
from dlcourse.checks import choice, fail, integer
from dlcourse.scratch.initialization import orthogonal
from dlcourse.scratch.layers.activations import relu, tanh
from dlcourse.scratch.models import MLP

SLOPES: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    "linear": lambda z: (z, np.ones_like(z)),
    "tanh": lambda z: ((h := tanh(z)[0]), 1 - h * h),
    "relu": lambda z: (relu(z)[0], (z > 0).astype(z.dtype)),
}
"""Value and slope of an activation."""


def isometric(w: Array) -> Array:
    r"""The same matrix with every singular value set to its root mean square.

    .. math:: W = U \Sigma V^\top \quad\to\quad \sqrt{\overline{\sigma^2}}\; U V^\top

    The size of the matrix, the mean square of its entries, stays, and so do its directions; only
    the spread of the singular values goes. Of a square Gaussian matrix this is a random orthogonal
    one, times its size.

    Parameters
    ----------
    w : (..., out, in)

    Examples
    --------
    >>> isometric(np.diag([1.0, 7.0]))  # of mean square 25
    array([[5., 0.],
           [0., 5.]])
    """
    u, s, vt = np.linalg.svd(w, full_matrices=False)
    return np.sqrt((s**2).mean(axis=-1))[..., None, None] * (u @ vt)


def chain(
    weights: Sequence[Array], x: Array, activation: str = "linear", drive: Any = 0.0,
) -> tuple[Array, Array]:  # fmt: skip
    r"""The states of a network without biases, and the derivative of each by its input.

    .. math:: h_l = \varphi(W_l h_{l-1} + d_l), \qquad
              J_l = \mathrm{diag}(\varphi'_l)\, W_l\, J_{l-1}, \qquad J_0 = I

    Parameters
    ----------
    weights : square ones, (runs, n, n) each; the same one again and again for a recurrent network
    x : h_0, (runs, n)
    activation : "linear", "tanh" or "relu"
    drive : what comes in from outside at each layer, (layers, runs, n)

    Returns
    -------
    h (layers + 1, runs, n), the input first, and J (layers, runs, n, n)

    Examples
    --------
    >>> double = np.array([[[2.0, 0.0], [0.0, 2.0]]])
    >>> h, J = chain([double] * 3, np.array([[1.0, -1.0]]), "relu")
    >>> h[-1, 0], J[-1, 0].diagonal()
    (array([8., 0.]), array([8., 0.]))
    """
    h, slopes = forward(weights, x, activation, drive)
    J = np.empty((len(weights), *np.broadcast_shapes((*x.shape, 1), weights[0].shape)))
    before = np.broadcast_to(np.eye(x.shape[-1]), J.shape[1:])
    for w, slope, now in zip(weights, slopes, J, strict=True):
        np.matmul(w, before, out=now)
        now *= slope[..., None]
        before = now
    return h, J


def forward(
    weights: Sequence[Array], x: Array, activation: str = "linear", drive: Any = 0.0,
) -> tuple[Array, Array]:  # fmt: skip
    """The states of ``chain``, the input first, and the slopes of the activations at each layer.

    >>> h, slopes = forward([np.array([[[-2.0]]])], np.array([[3.0]]), "relu")
    >>> h.ravel(), slopes.ravel()
    (array([3., 0.]), array([0.]))
    """
    value_and_slope = SLOPES[choice("activation", activation, SLOPES)]
    drive = np.broadcast_to(drive, (len(weights), *x.shape))
    h, slopes = np.empty((len(weights) + 1, *x.shape)), np.empty((len(weights), *x.shape))
    h[0] = x
    for t, w in enumerate(weights):
        z = (w @ h[t][..., None])[..., 0] + drive[t]
        h[t + 1], slopes[t] = value_and_slope(z)
    return h, slopes


def decades(jacobian: Array) -> Array:
    """By how many powers of ten a gradient grows in the root mean square over its directions.

    Parameters
    ----------
    jacobian : (..., n, n)

    Examples
    --------
    >>> float(decades(np.diag([0.01, 0.01])))
    -2.0
    """
    size = np.sqrt((jacobian**2).sum(axis=(-2, -1)) / jacobian.shape[-1])
    return np.log10(size)


def linear_loss(weights: Sequence[Array], target: Array) -> tuple[Array, list[Array]]:
    r"""Loss and gradients of a deep linear network that shall become ``target``.

    .. math:: L = \tfrac12 \lVert W_L \cdots W_1 - T \rVert^2

    the squared error on inputs whose covariance is the identity, up to a constant.

    Examples
    --------
    >>> two, three = np.array([[2.0]]), np.array([[3.0]])
    >>> loss, (by_first, by_second) = linear_loss([two, three], np.array([[7.0]]))
    >>> float(loss), by_first.item(), by_second.item()  # an error of -1 times the other weight
    (0.5, -3.0, -2.0)
    """
    before = [weights[0]]
    for w in weights[1:]:
        before.append(w @ before[-1])
    error = before[-1] - target
    back, grads = error, []
    for w, x in zip(weights[:0:-1], before[-2::-1], strict=True):
        grads.append(back @ x.mT)
        back = w.mT @ back
    return (error**2).sum(axis=(-2, -1)) / 2, [back, *grads[::-1]]


def flow(weights: Sequence[Array], target: Array, step: float, steps: int) -> list[list[Array]]:
    """Gradient flow, dW/dt = −∂L/∂W, from ``weights``: gradient descent with endless small steps.

    Integrated by the classical Runge–Kutta rule, whose error is of the order of ``step`` ⁴.

    Returns
    -------
    the weights at t = 0, ``step``, 2 ``step``, …: ``steps`` + 1 lists
    """
    path = [[*weights]]
    for _ in range(integer("steps", steps, 1)):
        now = path[-1]
        pulls = [linear_loss(now, target)[1]]
        for share in (0.5, 0.5, 1.0):
            there = [w - share * step * g for w, g in zip(now, pulls[-1], strict=True)]
            pulls.append(linear_loss(there, target)[1])
        mean = [(a + 2 * b + 2 * c + d) / 6 for a, b, c, d in zip(*pulls, strict=True)]
        path.append([w - step * g for w, g in zip(now, mean, strict=True)])
    return path


def mode_strength(t: Any, s: Any, start: float) -> Array:
    r"""How much a two-layer linear network has of a mode of strength ``s``, at time ``t``.

    .. math:: \frac{du}{dt} = 2u(s - u), \qquad u(t) = \frac{s}{1 + (s/u_0 - 1)\,e^{-2st}}

    Examples
    --------
    Half of it is there at ln(s/u₀ − 1) / 2s.

    >>> round(float(mode_strength(np.log(9) / 4, s=2.0, start=0.2)), 12)
    1.0

    References
    ----------
    Saxe, McClelland and Ganguli (2014).
    """
    return s / (1 + (s / start - 1) * np.exp(-2 * s * t))


def learn_map(
    rng: Generators, runs: int, rate: Any, *, init: Any, depth: int, steps: int,
    width: int = 16, outputs: int = 4, strengths: Any = (2.0, 1.5, 1.0, 0.5),
) -> dict[str, Array]:  # fmt: skip
    """Teach deep linear networks a random map from ``width`` numbers to ``outputs``.

    The map has the singular values ``strengths``; all hidden layers have ``width`` units, and
    the learning rate is ``rate`` / ``depth``. ``init`` draws every weight.

    Returns
    -------
    ``steps``: how many, to the fraction of one, until a hundredth of the loss is left; as many as
    were allowed where that does not happen
    """
    shapes = [(width, width)] * (depth - 1) + [(outputs, width)]
    u, v = (orthogonal((outputs, n), rng, runs=runs) for n in (outputs, width))
    target = u * np.asarray(strengths) @ v
    weights = [init(shape, rng, runs=runs) for shape in shapes]
    lr, losses = np.asarray(rate)[..., None] / depth, []
    with np.errstate(over="ignore", invalid="ignore"):  # some rates are too long for some
        for _ in range(steps):
            loss, grads = linear_loss(weights, target)
            losses.append(loss)
            if (~np.isfinite(loss) | (loss <= 0.01 * losses[0])).all():
                break  # all have arrived, or never will
            weights = [w - lr * g for w, g in zip(weights, grads, strict=True)]
    arrived = crossing(np.array(losses), 0.01)
    return {"steps": np.where(np.isnan(arrived), steps, arrived)}


def crossing(losses: Array, share: float) -> Array:
    """When a loss first falls to a share of its start, on a straight line in log between steps.

    nan where it does not.

    Parameters
    ----------
    losses : (steps, runs)

    Examples
    --------
    >>> crossing(np.array([[1.0, 1.0], [0.1, 0.9], [0.001, 0.8]]), 0.01)
    array([1.5, nan])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        height = np.log(losses / (share * losses[0]))
        below = height <= 0
        at = below.argmax(axis=0)
        last, now = (np.take_along_axis(height, i[None], 0)[0] for i in (at - 1, at))
        place = at - 1 + last / (last - now)
    return np.where(below.any(axis=0), place, np.nan)


def deep_network(
    rng: Generators, runs: int | None = None, gain: Any = 1.0, *, init: Any, depth: int = 30,
    width: int = 32, activation: str = "tanh",
) -> MLP:  # fmt: skip
    """A float32 MLP for the digits, ``depth`` hidden layers, every weight ``gain`` times ``init``.

    >>> net = deep_network(np.random.default_rng(0), gain=1.5, init=orthogonal, depth=3)
    >>> w = net.params["2.weight"]
    >>> bool(np.allclose(w @ w.T, 2.25 * np.eye(32), atol=1e-5))
    True
    """
    if depth < 1:
        fail("depth", "at least one hidden layer", depth)
    sizes = [64, *[width] * depth, 10]
    net = MLP(sizes, rng, activation, runs=runs, dtype=np.float32, init=init)
    net.theta *= gain
    return net


def spread(weights: Sequence[Array]) -> Array:
    """How unequal the singular values are: standard deviation over mean, the mean over layers.

    Parameters
    ----------
    weights : (runs, n, n) each

    Examples
    --------
    >>> spread([np.diag([1.0, 3.0])[None], np.diag([2.0, 2.0])[None]])
    array([0.25])
    """
    values = np.linalg.svdvals(np.stack(weights).astype(float))
    return (values.std(axis=-1) / values.mean(axis=-1)).mean(axis=0)
