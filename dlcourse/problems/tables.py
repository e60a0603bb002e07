"""Tables whose columns have units, and the losses on which a unit can be seen at work.

Least squares is where theory knows the answer: its Hessian is made of the columns alone. The rest
is for the question what it costs to look at the test rows before they are judged.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from dlcourse.arrays import Array, Generators, draw_runs, run_generators
from dlcourse.checks import fail, integer, number
from dlcourse.problems.words import word_slope
from dlcourse.scratch.optimizers import SGD


def draw_people(rng: Generators, n: int = 200, runs: int | None = None) -> tuple[Array, Array]:
    """Age in years and salary in euros of n people, (…, n, 2), and what they spend, (…, n).

    Both columns count alike: one standard deviation of either moves the spending by one, up or
    down, by a sign drawn for each table. To that comes noise of deviation 0.5.
    """
    integer("n", n, 2)
    top = np.array([65.0, 100_000.0])

    def draw(rng: np.random.Generator) -> Array:
        share = rng.uniform(size=(n, 2))  # of the range; its deviation is the root of a twelfth
        sign = rng.choice([-1.0, 1.0], size=2)
        spent = 3 + (share - 0.5) @ (sign * np.sqrt(12)) + 0.5 * rng.normal(size=n)
        return np.column_stack([share * top, spent])

    table = draw_runs(draw, run_generators(rng, runs), runs)
    return table[..., :2], table[..., 2]


def with_ones(x: Array) -> Array:
    """The table with a column of ones at its end, whose weight is the bias.

    Examples
    --------
    >>> with_ones(np.array([[3.0], [5.0]]))
    array([[3., 1.],
           [5., 1.]])
    """
    return np.concatenate([x, np.ones((*x.shape[:-1], 1))], axis=-1)


def condition(hessian: Array) -> Array:
    """κ, largest over smallest eigenvalue of symmetric matrices (…, d, d): (…).

    Examples
    --------
    >>> condition(np.diag([4.0, 1.0, 2.0])).round(3)
    np.float64(4.0)
    """
    values = np.linalg.eigvalsh(hessian)
    return np.asarray(values[..., -1] / values[..., 0])[()]


class LeastSquares:
    r"""Mean squared error :math:`L(w) = \frac{1}{2N} \lVert Xw - y \rVert^2` on one table, or many.

    Parameters
    ----------
    x : (…, n, d), every column that gets a weight; see ``with_ones`` for the bias
    y : (…, n)

    Examples
    --------
    >>> loss = LeastSquares(np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([4.0, 1.0]))
    >>> loss.hessian, loss.best, loss.limit
    (array([[2. , 0. ],
           [0. , 0.5]]), array([2., 1.]), np.float64(1.0))
    """

    def __init__(self, x: Array, y: Array) -> None:
        if x.ndim < 2 or y.shape != x.shape[:-1]:
            fail("x and y", "of shapes (…, n, d) and (…, n)", (x.shape, y.shape))
        self.x, self.y = x, y

    @cached_property
    def hessian(self) -> Array:
        """XᵀX / N: one number for each pair of columns, and none of them knows y."""
        return np.asarray(self.x.mT @ self.x / self.x.shape[-2])

    @cached_property
    def best(self) -> Array:
        """The weights (…, d) at the minimum."""
        pull = (self.y[..., None, :] @ self.x)[..., 0, :] / self.x.shape[-2]
        return np.asarray(np.linalg.solve(self.hessian, pull[..., None])[..., 0])

    @property
    def limit(self) -> Array:
        """2 / λmax, the largest stable rate of gradient descent."""
        return np.asarray(2 / np.linalg.eigvalsh(self.hessian)[..., -1])[()]

    @property
    def kappa(self) -> Array:
        """The condition number of the loss."""
        return condition(self.hessian)

    def grad(self, w: Array) -> Array:
        """The gradient, in the shape of w (…, d)."""
        return np.asarray((self.hessian @ (w - self.best)[..., None])[..., 0])

    def excess(self, w: Array) -> Array:
        """The loss of w (…, d) above that of the best weights: (…)."""
        off = w - self.best
        return np.asarray((off * self.grad(w)).sum(-1) / 2)[()]

    def value(self, w: Array) -> Array:
        """The loss of w (…, d), straight from the rows: (…)."""
        miss = (self.x @ w[..., None])[..., 0] - self.y
        return np.asarray((miss**2).mean(-1) / 2)[()]


def steps_below(excess: Array, share: float = 1e-3) -> Array:
    """Steps until the excess (steps + 1, …) is below a share of the first one *and stays*.

    nan where it takes longer, or where the run has diverged.

    Examples
    --------
    >>> steps_below(np.array([8.0, 0.1, 2.0, 0.5, 0.1]), 0.1)
    array(3.)
    """
    share = number("share", share, 0, 1, low_open=True)
    above = ~(excess < share * excess[0])
    count = len(excess) - np.argmax(above[::-1], axis=0)
    return np.where(above[-1], np.nan, count).astype(float)


def draw_mixtures(rng: np.random.Generator, d: int, runs: int, decades: float = 3.0) -> Array:
    """Covariances (runs, d, d) of columns that are random mixtures, all in one unit.

    The variances along the axes of each are spread over so many decades, the axes turned at random.
    """
    turn = np.linalg.qr(rng.normal(size=(runs, d, d)))[0]
    variance = 10 ** rng.uniform(0, decades, size=(runs, 1, d))
    return np.asarray((turn * variance) @ turn.mT)


def in_units(covariance: Array, unit: Array) -> Array:
    """The covariance (…, d, d) of the same columns, each multiplied by its unit (…, d).

    Examples
    --------
    >>> in_units(np.array([[4.0, 2.0], [2.0, 4.0]]), np.array([1.0, 10.0]))
    array([[  4.,  20.],
           [ 20., 400.]])
    """
    return np.asarray(unit[..., :, None] * covariance * unit[..., None, :])


def draw_shoppers(rng: np.random.Generator, n: int, d: int = 10) -> tuple[Array, Array]:
    """What n shoppers spend on d things (n, d), log-normal, and whether they come again (n,)."""
    taste = rng.normal(size=d) * 2 / np.sqrt(d)
    z = rng.normal(size=(n, d))
    again = rng.random(n) < 1 / (1 + np.exp(-z @ taste))
    return np.exp(z), again.astype(float)


def log_loss(w: Array, x: Array, y: Array) -> Array:
    """Mean logistic loss (…) of weights w (…, d) on rows x (…, n, d) with labels y (…, n).

    Examples
    --------
    >>> log_loss(np.zeros(1), np.ones((4, 1)), np.ones(4)).round(4)  # ln 2
    np.float64(0.6931)
    """
    score = (x @ w[..., None])[..., 0]
    return np.asarray((np.logaddexp(0, score) - y * score).mean(-1))[()]


def judged(x: Array, y: Array, n: int, seen: int, lr: float = 0.5) -> Any:
    """Ten steps on the first n rows of x (runs, rows, d): loss on the next n, and on the others.

    The columns are standardized by the first ``seen`` rows: n of them is honest, 2n is a peek at
    the rows of the test.

    Returns
    -------
    (test, new), (runs,) each
    """
    mean, scale = x[:, :seen].mean(1), x[:, :seen].std(1)
    z = with_ones((x - mean[:, None]) / scale[:, None])
    w = np.zeros((len(z), z.shape[-1]))
    descent = SGD(w, lr=lr)
    for _ in range(10):
        descent.step(word_slope(w, z[:, :n], y[:, :n]))
    test, new = slice(n, 2 * n), slice(2 * n, None)
    return [log_loss(w, z[:, rows], y[:, rows]) for rows in (test, new)]
