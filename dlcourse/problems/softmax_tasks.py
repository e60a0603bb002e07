"""Small tasks for softmax regression, whose optimum can be found: where whitening meets a loss
that is no quadratic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse.arrays import Array, draw_runs, run_generators
from dlcourse.checks import fail
from dlcourse.problems.whitening import second_moment
from dlcourse.scratch.losses import softmax_cross_entropy, softmax_cross_entropy_backward

INPUTS, CLASSES, SAMPLES, KAPPA = 5, 3, 200, 100.0


def softmax_tasks(rng: Any, runs: int) -> tuple[Array, Array]:
    """Inputs (runs, 200, 5) and classes (runs, 200), every run another task.

    Normal inputs z are stretched by 1 to 10, so that their covariance has a condition number of
    100, and turned at random. The classes are drawn from a softmax of V z, V normal: no task can be
    learned without error, and each has an optimum.
    """
    generators = run_generators(rng, runs)
    z = draw_runs(lambda g: g.normal(size=(SAMPLES, INPUTS)), generators, runs)
    turn = draw_runs(_rotation, generators, runs)
    truth = draw_runs(lambda g: g.normal(size=(INPUTS, CLASSES)), generators, runs)
    share = draw_runs(lambda g: g.random((SAMPLES, 1)), generators, runs)
    labels = (probabilities(z @ truth).cumsum(-1)[..., :-1] < share).sum(-1)
    stretch = np.geomspace(1.0, np.sqrt(KAPPA), INPUTS)
    return (z * stretch) @ turn, labels


def _rotation(rng: np.random.Generator) -> Array:
    q, r = np.linalg.qr(rng.normal(size=(INPUTS, INPUTS)))
    return np.asarray(q * np.sign(np.diagonal(r)))


def probabilities(logits: Array) -> Array:
    """The softmax over the last axis."""
    p = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(p / p.sum(-1, keepdims=True))


def with_bias(x: Array) -> Array:
    """A last column of ones."""
    return np.concatenate([x, np.ones((*x.shape[:-1], 1), x.dtype)], axis=-1)


def softmax_grad(x: Array, labels: Array, w: Array) -> tuple[Array, Array]:
    """The loss of softmax regression and its gradient, (...,) and in the shape of w (..., d, k)."""
    value, cache = softmax_cross_entropy(x @ w, labels)
    return value, np.asarray(x.swapaxes(-1, -2) @ softmax_cross_entropy_backward(1.0, cache))


def softmax_hessian(x: Array, w: Array) -> Array:
    r"""The Hessian of softmax regression at w, (..., k d, k d), class by class.

    .. math:: H_{kl} = \frac1n \sum_i p_{ik} (\delta_{kl} - p_{il})\, x_i x_i^\top

    At w = 0 all p are 1/K, and it is :math:`(\frac1K I - \frac1{K^2} 11^\top) \otimes X^\top X/n`.
    """
    p = probabilities(x @ w)
    k, d = p.shape[-1], x.shape[-1]
    rows = []
    for i in range(k):
        weights = (p[..., i : i + 1] * (np.eye(k)[i] - p)).swapaxes(-1, -2)[..., None]
        turned = x.swapaxes(-1, -2)[..., None, :, :] @ (weights * x[..., None, :, :])
        rows.append(turned.swapaxes(-3, -2).reshape(*x.shape[:-2], d, k * d))
    return np.concatenate(rows, axis=-2) / x.shape[-2]


def softmax_condition(x: Array, w: Array) -> Array:
    """Condition number of that Hessian, without the directions that move all classes alike.

    Those are d of the k d directions; the probabilities do not notice them, so the Hessian is 0.
    """
    values = np.linalg.eigvalsh(softmax_hessian(x, w))
    return np.asarray(values[..., -1] / values[..., x.shape[-1]])


def softmax_optimum(x: Array, labels: Array, classes: int = CLASSES) -> Array:
    """The weights (..., d, k) of least loss, by Newton's method, their mean over the classes 0.

    A step that does not lower a run's loss is halved until it does.
    """
    w = np.zeros((*x.shape[:-2], x.shape[-1], classes))
    for _ in range(60):
        value, g = softmax_grad(x, labels, w)
        hessian = softmax_hessian(x, w)
        if np.abs(g).max() < 1e-12:
            flattest = np.linalg.eigvalsh(hessian)[..., x.shape[-1]]
            if flattest.min() > 1e-9 * np.square(x).mean():
                return w
            break  # on the way to infinity
        inverse = np.linalg.pinv(hessian, rcond=1e-10, hermitian=True)
        flat = g.swapaxes(-1, -2).reshape(*g.shape[:-2], -1, 1)
        step = (inverse @ flat).reshape(*g.shape[:-2], classes, -1).swapaxes(-1, -2)
        size = np.ones(value.shape)
        for _ in range(30):
            worse = softmax_grad(x, labels, w - size[..., None, None] * step)[0] > value + 1e-15
            if not worse.any():
                break
            size = np.where(worse, size / 2, size)
        w = w - size[..., None, None] * step
    fail("labels", "of a task that has an optimum", labels.shape, "Can the classes be separated?")


def way_as_long(optimum: Array, rng: np.random.Generator) -> Array:
    """A way in a random direction, for each run as long as the one from zero to its optimum.

    Like the optimum it has the mean 0 over the classes: no probability would notice another part.

    Parameters
    ----------
    optimum : (..., d, k)
    """
    way = rng.normal(size=optimum.shape)
    way -= way.mean(-1, keepdims=True)
    far, long = (np.linalg.norm(w, axis=(-2, -1), keepdims=True) for w in (optimum, way))
    return np.asarray(way * (far / long))


def softmax_steps(preprocessor: Callable[[], Any], most: int, left: float = 0.01) -> Any:
    """A run for ``try_all``: steps of gradient descent until a share of the excess loss is left.

    Parameters
    ----------
    preprocessor : makes what the inputs go through, as ``Standardizer``
    most : the run ends there; a task that takes longer counts as so many
    left : share of the excess loss, over the optimum's, to get below and stay below

    Returns
    -------
    ``run(rng, runs, rate)`` with the metric ``steps`` (runs,). A rate of 1 is one over the largest
    curvature at zero weights, where every descent starts.
    """

    def run(rng: Any, runs: int, rate: Any) -> dict[str, Array]:
        x, labels = softmax_tasks(rng, runs)
        x = with_bias(preprocessor().fit_transform(x))
        # Runs at several rates share their tasks; the optimum of each is looked for once.
        _, one, same = np.unique(x[:, 0, 0], return_index=True, return_inverse=True)
        least = softmax_grad(x[one], labels[one], softmax_optimum(x[one], labels[one]))[0][same]
        steepest = np.linalg.eigvalsh(second_moment(x))[..., -1] / CLASSES
        lr = (np.ravel(rate) / steepest)[:, None, None]
        w, needed = np.zeros((runs, x.shape[-1], CLASSES)), np.zeros(runs)
        first = softmax_grad(x, labels, w)[0] - least
        for t in range(most):
            value, g = softmax_grad(x, labels, w)
            needed[value - least >= left * first] = t + 1
            w -= lr * g
        return {"steps": needed}

    return run
