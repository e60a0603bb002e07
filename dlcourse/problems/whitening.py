"""What whitening is tried on: least squares, digits in small sets, one step, and a slow descent."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from dlcourse.arrays import Array, indicators
from dlcourse.checks import fail, integer, number
from dlcourse.scratch.preprocessing import principal_axes


class LeastSquares:
    r"""Half the mean squared error of a linear map, :math:`f(w) = \frac{1}{2n} \|Xw - t\|^2`.

    Its Hessian is :math:`X^\top X / n`, everywhere the same: the covariance, if X is centered.

    Parameters
    ----------
    x, t : (n, d), and the targets (n,) or (n, k); then ``w`` is (d,) or (d, k)

    Examples
    --------
    >>> valley = LeastSquares(np.array([[3.0, 0.0], [0.0, 1.0]]), np.array([3.0, 2.0]))
    >>> valley.curvatures, valley.optimum, valley.grad(np.zeros(2))
    (array([0.5, 4.5]), array([1., 2.]), array([-4.5, -1. ]))
    """

    def __init__(self, x: Array, t: Array) -> None:
        if x.ndim != 2 or len(t) != len(x):
            fail("x, t", "(n, d), and as many targets as rows", (x.shape, t.shape))
        self.x, self.t = x, t
        self.hessian = second_moment(x)
        self.curvatures = np.linalg.eigvalsh(self.hessian)
        self.optimum = np.linalg.lstsq(x, t, rcond=None)[0]

    def value(self, w: Array) -> Array:
        """f at w, one number."""
        return np.square(self.x @ w - self.t).sum() / (2 * len(self.x))

    def grad(self, w: Array) -> Array:
        """The gradient, in the shape of w."""
        return self.x.T @ (self.x @ w - self.t) / len(self.x)

    def __call__(self, *w: Array) -> Array:
        """f less its minimum, from one array a weight, as ``plots.plot_trajectory`` asks for it."""
        away = np.stack(w, axis=-1) - self.optimum
        return np.einsum("...i,ij,...j->...", away, self.hessian, away) / 2


def second_moment(x: Array) -> Array:
    r""":math:`X^\top X / n` of (..., n, d): the covariance, if x is centered."""
    return np.asarray(x.swapaxes(-1, -2) @ x / x.shape[-2])


def covariance(x: Array) -> Array:
    """The covariance of the columns of (..., n, d), with 1/n."""
    return second_moment(x - x.mean(-2, keepdims=True))


def correlations(x: Array) -> Array:
    """The correlations of the columns of (..., n, d), (..., d, d)."""
    matrix = covariance(x)
    root = np.sqrt(np.diagonal(matrix, axis1=-2, axis2=-1))
    return np.asarray(matrix / (root[..., :, None] * root[..., None, :]))


def condition_number(matrix: Array) -> Array:
    """Largest over smallest eigenvalue of symmetric matrices (..., d, d).

    Examples
    --------
    >>> condition_number(np.array([[1.0, 0.5], [0.5, 1.0]]))
    np.float64(3.0)
    """
    values = np.linalg.eigvalsh(matrix)
    return np.asarray(values[..., -1] / values[..., 0])[()]


def angle(a: Array, b: Array) -> Array:
    """The angle between arrays (..., d, k), taken as vectors, in degrees.

    Examples
    --------
    >>> angle(np.array([[1.0], [0.0]]), np.array([[1.0], [1.0]])).round(6)
    np.float64(45.0)
    """
    dot = np.sum(a * b, axis=(-2, -1))
    size = np.sqrt(np.sum(a * a, axis=(-2, -1)) * np.sum(b * b, axis=(-2, -1)))
    return np.asarray(np.degrees(np.arccos(np.clip(dot / size, -1, 1))))[()]


def explained(x: Array) -> Array:
    r"""The share of a column's variance that the best linear prediction from the others explains.

    .. math:: R^2_j = 1 - \frac{1}{C_{jj}\, (C^{-1})_{jj}}

    Examples
    --------
    Two columns with a correlation of 0.6 explain 0.36 of each other.

    >>> explained(np.array([[2.0, 2.0], [1.0, -1.0], [-2.0, -2.0], [-1.0, 1.0]])).round(6)
    array([0.36, 0.36])
    """
    matrix = covariance(x)
    return np.asarray(1 - 1 / (np.diagonal(matrix) * np.diagonal(np.linalg.inv(matrix))))


def disjoint_sets(x: Array, labels: Array, size: int, rng: np.random.Generator) -> Any:
    """Shuffle, and deal out sets of ``size`` samples that share none: (sets, size, d) and labels.

    Samples that do not fill a set are left out.

    Examples
    --------
    >>> x, labels = disjoint_sets(np.eye(7), np.arange(7), 3, np.random.default_rng(0))
    >>> x.shape, len(set(labels.ravel().tolist()))
    ((2, 3, 7), 6)
    """
    sets = len(x) // integer("size", size, 1)
    if not sets:
        fail("size", f"at most the {len(x)} samples", size)
    rows = rng.permutation(len(x))[: sets * size].reshape(sets, size)
    return x[rows], labels[rows]


def first_step(z: Array, labels: Array, classes: int = 10) -> Any:
    r"""Where one step of rate 1 from zero weights ends, for half the mean squared error.

    .. math:: W = -\nabla f(0) = Z^\top (T - \bar t) / n, \qquad b = \bar t

    Parameters
    ----------
    z, labels : (..., n, d) of mean zero, and classes (..., n); T has a 1 where the class is

    Returns
    -------
    W (..., d, classes) and b (..., 1, classes): z belongs to the class where z W + b is largest

    Examples
    --------
    >>> first_step(np.array([[1.0], [-1.0]]), np.array([0, 1]), classes=2)
    (array([[ 0.5, -0.5]]), array([[0.5, 0.5]]))
    """
    target = _one_hot(z, labels, classes)
    bias = target.mean(-2, keepdims=True)
    weight = z.swapaxes(-1, -2) @ (target - bias) / z.shape[-2]
    return weight, bias


def errors(scores: Array, labels: Array) -> Array:
    """The share of samples whose largest score is not at the label, one number a run."""
    return np.asarray((scores.argmax(-1) != labels).mean(-1))


def one_step_errors(whitening: Any, x: Array, labels: Array, *new: Any) -> Any:
    """Errors of the one-step classifier on new data: whiten, ``first_step``, compare.

    Parameters
    ----------
    whitening : what learns from ``x`` and transforms, as ``PCAWhitening(eps=0.1)``
    x, labels : training sets (sets, n, d) and (sets, n)
    new : any number of pairs (images (m, d), labels (m,)), the same for all sets

    Returns
    -------
    A list with an array (sets,) for each pair
    """
    weight, bias = first_step(whitening.fit_transform(x), labels)
    found = []
    for images, truth in new:
        z = whitening.transform(np.stack([images] * len(x)))
        found.append(errors(z @ weight + bias, truth))
    return found


def descent_errors(x: Array, labels: Array, new: Any, steps: Any) -> Array:
    r"""Errors of plain gradient descent on centered data after so many steps, (steps, sets).

    From zero, at rate η = 1/λ of the steepest axis, t steps take the share
    :math:`1 - (1 - \eta\lambda)^t` of the way along the axis of curvature λ: no step is run.

    Parameters
    ----------
    x, labels, new : as in ``one_step_errors``, one pair
    steps : numbers of steps, (steps,)
    """
    values, axes = principal_axes(x)
    mean = x.mean(-2, keepdims=True)
    pull, bias = first_step(x - mean, labels)
    pull = axes.swapaxes(-1, -2) @ pull
    slope = values / values[..., :1]  # ηλ
    alive = slope > 1e-13
    found = []
    for t in np.asarray(steps, dtype=float):
        gone = -np.expm1(t * np.log1p(-np.minimum(slope, 1 - 1e-16)))
        share = np.where(alive, gone / np.where(alive, values, 1.0), 0.0)
        weight = axes @ (share[..., None] * pull)
        found.append(errors((new[0] - mean) @ weight + bias, new[1]))
    return np.array(found)


def _one_hot(z: Array, labels: Array, classes: int) -> Array:
    if labels.shape != z.shape[:-1]:
        fail("labels", f"one a sample: {z.shape[:-1]}", labels.shape)
    return indicators(labels, classes, z.dtype).swapaxes(-1, -2)


def fit_time(tool: Any, x: Array, repeats: int = 3) -> float:
    """Processor's seconds that ``tool().fit(x)`` takes on one thread: the least of a few.

    One thread, where threadpoolctl knows the BLAS (Apple's it does not), because several wait for
    each other more than they work on small arrays; the least,
    because whatever else the machine does can only add to it. Some clocks tick sixty times a
    second, so each time is the mean of as many fits as fill 0.05 s.
    """
    times = []
    with threadpool_limits(1, user_api="blas"):
        for _ in range(integer("repeats", repeats, 1)):
            start, spent, fits = time.thread_time(), 0.0, 0
            while spent < 0.05:
                tool().fit(x)
                fits += 1
                spent = time.thread_time() - start
            times.append(spent / fits)
    return min(times)


def small_turn(d: int, degrees: float, rng: np.random.Generator) -> Array:
    r"""A random rotation (d, d) whose largest angle is as large as asked for.

    .. math:: Q = (I - A)^{-1} (I + A), \qquad A^\top = -A

    turns by :math:`2 \arctan a` in the plane where A has the eigenvalues :math:`\pm ia` (Cayley).

    Examples
    --------
    >>> small_turn(2, 90.0, np.random.default_rng(0)).round(9)
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    angle = number("degrees", degrees, 0, 180, low_open=True, high_open=True)
    skew = np.triu(rng.normal(size=(d, d)), 1)
    skew -= skew.T
    skew *= np.tan(np.radians(angle) / 2) / np.linalg.norm(skew, 2)
    return np.asarray(np.linalg.solve(np.eye(d) - skew, np.eye(d) + skew))
