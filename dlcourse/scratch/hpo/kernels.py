"""Kernels: how much two configurations have to do with each other, by their distance alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array

PullBack = Callable[[Array], Array]


def points(name: str, value: Any, columns: int | None = None) -> Array:
    """An array (n, d) of finite numbers, n and d at least 1, as float64."""
    found = checks.number(name, value)
    if not isinstance(found, np.ndarray) or found.ndim != 2 or 0 in found.shape:
        fix = "One row a point: write x[:, None] for points on a line, x[None] for a single one."
        checks.fail(name, "shaped (n, d), with at least one row and one column", value, fix)
    if columns is not None and found.shape[1] != columns:
        checks.fail(name, f"shaped (n, {columns})", value)
    return found


def squared_distance(X: Array, Z: Array, length_scale: float | npt.ArrayLike) -> Array:
    r"""The squared distances between all rows of X and of Z, each axis in its own unit of length.

    .. math:: r^2_{ij} = \sum_k \Bigl(\frac{x_{ik} - z_{jk}}{\ell_k}\Bigr)^2

    Parameters
    ----------
    X : (n, d) · Z : (m, d) · length_scale : ℓ > 0, a number or (d,)

    Returns
    -------
    array (n, m), >= 0

    Notes
    -----
    The square is multiplied out, |a|² + |b|² − 2ab, so that one matrix product does the work. What
    this loses to rounding is kept small by measuring from the mean of Z, and is cut off below 0.

    Examples
    --------
    >>> squared_distance(np.array([[0.0, 0.0]]), np.array([[3.0, 8.0]]), [1.0, 2.0])
    array([[25.]])
    """
    away = Z.mean(0)
    a, b = (X - away) / length_scale, (Z - away) / length_scale
    squares = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * (a @ b.T)
    return np.maximum(squares, 0.0)


def matern52(r2: Array) -> tuple[Array, Array]:
    r"""Matérn's kernel of order 5/2 and its slope: functions that can be differentiated twice.

    .. math:: k(r) = \bigl(1 + s + \tfrac13 s^2\bigr) e^{-s}, \qquad
              \frac{dk}{d r^2} = -\tfrac56 (1 + s) e^{-s}, \qquad s = \sqrt5\, r

    Parameters
    ----------
    r2 : r² >= 0, array

    Returns
    -------
    k and dk/dr², shaped as r2

    Notes
    -----
    The slope is taken by r², not by r: it is finite at 0, where r itself has a kink.

    Examples
    --------
    >>> k, slope = matern52(np.array([0.0, 0.2]))
    >>> k / np.array([1, 7 / 3 * np.exp(-1)]), slope / np.array([5 / 6, 5 / 3 * np.exp(-1)])
    (array([1., 1.]), array([-1., -1.]))

    References
    ----------
    Rasmussen and Williams (2006), eq. 4.17.
    """
    s = np.sqrt(5.0 * r2)
    decay = np.exp(-s)
    return (1 + s + s * s / 3) * decay, -5 / 6 * (1 + s) * decay


def rbf(r2: Array) -> tuple[Array, Array]:
    r"""The squared exponential kernel and its slope: functions smoother than most that we tune.

    .. math:: k(r) = e^{-r^2/2}, \qquad \frac{dk}{d r^2} = -\tfrac12 e^{-r^2/2}

    Parameters
    ----------
    r2 : r² >= 0, array

    Returns
    -------
    k and dk/dr², shaped as r2

    Examples
    --------
    >>> rbf(np.array([0.0]))
    (array([1.]), array([-0.5]))

    References
    ----------
    Rasmussen and Williams (2006), eq. 4.9.
    """
    k = np.exp(-r2 / 2)
    return k, -k / 2


@dataclass(frozen=True)
class Kernel:
    """A covariance: ``variance`` times a profile of the distance in units of ``length_scale``."""

    length_scale: Any = 1.0
    variance: float = 1.0

    def __post_init__(self) -> None:
        lengths = checks.number("length_scale", self.length_scale, 0, low_open=True)
        if isinstance(lengths, np.ndarray):
            if lengths.ndim != 1 or not lengths.size:
                checks.fail("length_scale", "a number or an array (d,)", self.length_scale)
            lengths = tuple(lengths.tolist())
        object.__setattr__(self, "length_scale", lengths)
        value = checks.scalar("variance", self.variance, low_open=True)
        object.__setattr__(self, "variance", value)

    def profile(self, r2: Array) -> tuple[Array, Array]:
        """k and dk/dr² at squared distances; a subclass writes it."""
        raise TypeError(f"profile must be written by the subclass {type(self).__name__}.")

    def lengths(self, columns: int) -> Array:
        """One length scale a column."""
        found = np.asarray(self.length_scale)
        if found.ndim and len(found) != columns:
            fix = "A number serves all columns."
            checks.fail("length_scale", f"{columns} numbers, one a column", self.length_scale, fix)
        return np.broadcast_to(found, columns)

    def __call__(self, X: Array, Z: Array | None = None) -> Array:
        """The covariances of the rows of X (n, d) and of Z (m, d), or of X with itself: (n, m)."""
        if Z is None:
            return self.linearized(X)[0]
        r2 = squared_distance(X, Z, self.lengths(X.shape[1]))
        return self.variance * self.profile(r2)[0]

    def linearized(self, X: Array) -> tuple[Array, PullBack]:
        r"""The covariances K of X with itself, and a function that differentiates by the logs.

        ``pull_back(W)`` is the gradient of ΣWK, for a symmetric W, by the logarithms of the length
        scales (one entry, where one serves all columns) and of the variance.

        .. math:: \frac{\partial K_{ij}}{\partial \log \ell_k}
                  = -2 \sigma^2 \frac{dk}{dr^2} \frac{(x_{ik} - x_{jk})^2}{\ell_k^2}

        The sum over all pairs is a product: Σ V_ij (x_i − x_j)² = 2 (Σ v_i x_i² − xᵀVx), where
        v_i are the sums of V's rows.
        """
        a = (X - X.mean(0)) / self.lengths(X.shape[1])
        r2 = squared_distance(a, a, 1.0)
        np.fill_diagonal(r2, 0.0)
        k, slope = self.profile(r2)
        K = self.variance * k

        def pull_back(W: Array) -> Array:
            V = -2 * self.variance * slope * W
            of_lengths = 2 * (V.sum(1) @ (a * a) - (a * (V @ a)).sum(0))
            if not isinstance(self.length_scale, tuple):
                of_lengths = of_lengths.sum(keepdims=True)
            return np.append(of_lengths, np.vdot(W, K))

        return K, pull_back

    def slopes(self, x: Array, Z: Array) -> tuple[Array, Array]:
        """k(x, Z), (n, m), and its gradient by each row of x, (n, m, d)."""
        lengths = self.lengths(x.shape[1])
        away = (x[:, None] - Z) / lengths
        k, slope = self.profile((away * away).sum(-1))
        return self.variance * k, (2 * self.variance * slope)[..., None] * away / lengths


class Matern52(Kernel):
    r"""Matérn 5/2 with a length scale for each column: the usual choice for hyper-parameters.

    .. math:: K_{ij} = \sigma^2 \bigl(1 + s + \tfrac13 s^2\bigr) e^{-s}, \qquad
              s^2 = 5 \sum_k (x_{ik} - z_{jk})^2 / \ell_k^2

    Symbols
    -------
    ℓ ``length_scale`` · σ² ``variance``

    Parameters
    ----------
    length_scale : > 0, a number, or one a column (ARD); in the units of the columns
    variance : > 0, the prior variance of the function, in squared units of its values

    Notes
    -----
    A column with a large ℓ hardly matters. scikit-learn:
    ``variance * Matern(length_scale, nu=2.5)``.

    Examples
    --------
    >>> kernel = Matern52(variance=2.0)
    >>> kernel(np.array([[0.0], [1.0]])).round(3)
    array([[2.   , 1.048],
           [1.048, 2.   ]])

    References
    ----------
    Rasmussen and Williams (2006), eq. 4.17; Snoek, Larochelle and Adams (2012), section 3.1.
    """

    def profile(self, r2: Array) -> tuple[Array, Array]:
        """``matern52``."""
        return matern52(r2)


class RBF(Kernel):
    r"""The squared exponential with a length scale for each column.

    .. math:: K_{ij} = \sigma^2 \exp\Bigl(-\tfrac12 \sum_k (x_{ik} - z_{jk})^2 / \ell_k^2\Bigr)

    Symbols
    -------
    ℓ ``length_scale`` · σ² ``variance``

    Parameters
    ----------
    length_scale, variance : as of ``Matern52``

    Notes
    -----
    Its functions can be differentiated without end, which makes the posterior too sure of itself
    where the objective has kinks; and its matrix is nearly singular for points close together.

    Examples
    --------
    >>> RBF()(np.array([[0.0]]), np.array([[2.0]])) / np.exp(-2)
    array([[1.]])

    References
    ----------
    Rasmussen and Williams (2006), eq. 4.9.
    """

    def profile(self, r2: Array) -> tuple[Array, Array]:
        """``rbf``."""
        return rbf(r2)
