"""Gaussian processes: a guess at a function between its known values, and how sure it is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo.kernels import Kernel, points
from dlcourse.scratch.hpo.lbfgs import lbfgs

REACH, QUIET = 14.0, -20.0
"""How far logarithms of hyper-parameters go. Distances in a unit of e^-20 are lost to rounding."""


def observations(X: Any, y: Any) -> tuple[Array, Array]:
    """Points (n, d) and as many values (n,), all finite, as float64."""
    X = points("X", X)
    found = checks.number("y", y)
    if not isinstance(found, np.ndarray) or found.shape != X.shape[:1]:
        checks.fail("y", f"shaped ({len(X)},), one value a row of X", y)
    return X, found


def cholesky(K: Array) -> tuple[Array, float]:
    r"""The lower factor L of K = L Lᵀ, and what had to be added to the diagonal to find it.

    Parameters
    ----------
    K : (n, n), symmetric, positive definite but for rounding

    Returns
    -------
    L (n, n) and the jitter: 0 where none was needed

    Notes
    -----
    Points that coincide make a covariance without noise singular. Then 1e-12 of the mean of the
    diagonal is added, and ten times as much until it works; beyond 1e-4 an error is raised, for
    that would no longer be the model that was asked for. Nothing is added in silence: the
    ``jitter`` of a ``GaussianProcess`` says how much it was.

    Examples
    --------
    >>> cholesky(np.array([[4.0, 2.0], [2.0, 5.0]]))
    (array([[2., 0.], [1., 2.]]), 0.0)
    >>> cholesky(np.ones((2, 2)))[1]
    1e-12
    """
    jitter, unit = 0.0, float(K.diagonal().mean())
    for power in (None, *range(-12, -3)):
        jitter = 0.0 if power is None else unit * 10.0**power
        try:
            return np.linalg.cholesky(K + jitter * np.eye(len(K)) if jitter else K), jitter
        except np.linalg.LinAlgError:
            continue
    fix = "Points lie too close for so little noise: raise noise, or shorten length_scale."
    checks.fail("the covariance", "positive definite within 1e-4 of its diagonal", K, fix)


def log_marginal_likelihood(
    kernel: Kernel, noise: float, X: Array, y: Array
) -> tuple[float, Array]:
    r"""How likely the observations are under these hyper-parameters; the gradient by their logs.

    .. math:: \log p(y) = -\tfrac12 y^\top \alpha - \sum_i \log L_{ii} - \tfrac n2 \log 2\pi, \qquad
              \frac{\partial \log p}{\partial \theta}
              = \tfrac12 \operatorname{tr}\Bigl((\alpha \alpha^\top - C^{-1})
                \frac{\partial C}{\partial \theta}\Bigr)

    Symbols
    -------
    C = K + σₙ² I = L Lᵀ · σₙ² ``noise`` · α = C⁻¹ y

    Parameters
    ----------
    kernel : with its hyper-parameters · noise : variance >= 0
    X : (n, d) · y : (n,), with mean 0 under the model

    Returns
    -------
    value; gradient (k,): by log of each length scale, of the variance, of the noise

    Notes
    -----
    Fit and complexity are weighed against each other: the first term rewards a kernel that explains
    y, the second one that does not allow for everything.

    Examples
    --------
    One observation of a function with variance 1 and noise 1: a normal density of variance 2.

    >>> from dlcourse.scratch.hpo.kernels import Matern52
    >>> value, grad = log_marginal_likelihood(Matern52(), 1.0, np.zeros((1, 1)), np.array([2.0]))
    >>> bool(np.isclose(value, -1 - np.log(4 * np.pi) / 2)), grad
    (True, array([0.  , 0.25, 0.25]))

    References
    ----------
    Rasmussen and Williams (2006), eqs. 5.8 and 5.9.
    """
    K, pull_back = kernel.linearized(X)
    n = len(y)
    L, _ = cholesky(K + noise * np.eye(n))
    inverse = np.linalg.inv(L)
    alpha = inverse.T @ (inverse @ y)
    value = -y @ alpha / 2 - np.log(L.diagonal()).sum() - n / 2 * np.log(2 * np.pi)
    W = (np.outer(alpha, alpha) - inverse.T @ inverse) / 2
    return float(value), np.append(pull_back(W), noise * np.trace(W))


@dataclass(frozen=True)
class Prior:
    r"""What we think of hyper-parameters before we have seen a value: a normal of each logarithm.

    .. math:: \log p(\theta) = -\sum_k \frac{(\theta_k - \mu_k)^2}{2 s_k^2}

    Each pair is (μ, s): the logarithm of a typical value, and how many powers of e it may be off.
    They are meant for columns in [0, 1] and values with mean 0 and variance 1. Without a prior, few
    points make the likelihood flat or put its maximum at infinity; and trials that crowd around one
    summit would soon be sure that a column which hardly matters there matters nowhere.
    """

    length_scale: tuple[float, float] = (-0.5, 0.6)
    variance: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (-6.0, 2.5)

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            mean, deviation = checks.pair(name, value)
            checks.scalar(f"{name}[0]", mean, -np.inf)
            checks.scalar(f"{name}[1]", deviation, low_open=True)

    def log_density(self, theta: Array) -> tuple[float, Array]:
        """Up to a constant, and its gradient; θ = logs of length scales (k,), variance, noise."""
        pairs = [self.length_scale] * (len(theta) - 2) + [self.variance, self.noise]
        mean, deviation = np.array(pairs).T
        z = (theta - mean) / deviation
        return float(-z @ z / 2), -z / deviation


def fit_hyperparameters(
    kernel: Kernel,
    noise: float,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    prior: Prior | None = Prior(),
    steps: int = 100,
) -> tuple[Kernel, float]:
    """The hyper-parameters that make the observations most likely, times a prior.

    Parameters
    ----------
    kernel, noise : where to start; ``noise`` > 0
    X : (n, d) · y : (n,), with mean 0 under the model
    prior : None for none: the maximum of ``log_marginal_likelihood`` itself
    steps : evaluations of the likelihood at most, of O(n³) each

    Returns
    -------
    kernel, noise : of the same kind, with new hyper-parameters

    Notes
    -----
    A maximum near the start: the likelihood may have several. Logarithms are kept within ± 14
    (a factor of a million); there the maximum is at infinity. That of the noise may be −20.

    Examples
    --------
    Values of size 3 that have nothing to do with each other: as a variance, all of it is noise.

    >>> from dlcourse.scratch.hpo.kernels import RBF
    >>> X, y = np.arange(4.0)[:, None] * 100, np.array([3.0, -3.0, 3.0, -3.0])
    >>> kernel, noise = fit_hyperparameters(RBF(), 1.0, X, y, prior=None)
    >>> round(kernel.variance + noise, 3)
    9.0
    """
    X, y = observations(X, y)
    noise = checks.scalar("noise", noise, low_open=True)
    checks.integer("steps", steps, 1)
    start = np.log(np.append(np.atleast_1d(kernel.length_scale), [kernel.variance, noise]))

    def loss(thetas: Array) -> tuple[Array, Array]:
        value, grad = log_marginal_likelihood(*with_logs(kernel, thetas[0]), X, y)
        more, pull = (0.0, 0.0) if prior is None else prior.log_density(thetas[0])
        return np.array([-value - more]), -(grad + pull)[None]

    low, high = np.full((2, len(start)), [[-REACH], [REACH]])
    low[-1] = QUIET
    theta, _ = lbfgs(loss, start[None], low, high, steps)
    return with_logs(kernel, theta[0])


def with_logs(kernel: Kernel, theta: Array) -> tuple[Kernel, float]:
    """The kernel and the noise whose length scales, variance and noise have the logarithms θ."""
    *lengths, variance, noise = np.exp(theta).tolist()
    scale = lengths if isinstance(kernel.length_scale, tuple) else lengths[0]
    return type(kernel)(scale, variance), noise


class GaussianProcess:
    r"""A distribution over functions, conditioned on noisy values of one of them.

    .. math:: \mu(x) = k(x)^\top C^{-1} y, \qquad
              \sigma^2(x) = k(x, x) - k(x)^\top C^{-1} k(x), \qquad C = K + \sigma_n^2 I

    Symbols
    -------
    k(x) ``kernel(Xs, X)``, covariances with what was observed · σₙ² ``noise``

    Parameters
    ----------
    kernel : ``Matern52`` or ``RBF``, with its hyper-parameters (``fit_hyperparameters`` finds some)
    noise : variance >= 0 of what is added to each value; scikit-learn: ``alpha``

    Attributes
    ----------
    jitter : what ``cholesky`` had to add, 0 as a rule
    X, y : the observations

    Notes
    -----
    Its mean before the first observation is 0: standardize y. ``std`` is that of the function, not
    of a new noisy value. Fitting costs O(n³), a prediction O(n²).

    Examples
    --------
    Halfway to what was seen, with as much noise as signal:

    >>> from dlcourse.scratch.hpo.kernels import Matern52
    >>> gp = GaussianProcess(Matern52(), noise=1.0).fit([[0.0]], [2.0])
    >>> mean, std = gp.predict([[0.0], [100.0]])
    >>> mean.round(3), std.round(3)
    (array([1., 0.]), array([0.707, 1.   ]))

    References
    ----------
    Rasmussen and Williams (2006), algorithm 2.1.
    """

    def __init__(self, kernel: Kernel, noise: float) -> None:
        if not isinstance(kernel, Kernel):
            checks.fail("kernel", "a kernel, as Matern52()", kernel, error=TypeError)
        self.kernel, self.noise = kernel, checks.scalar("noise", noise)
        self.jitter = 0.0
        self.X: Any = None

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> GaussianProcess:
        """Condition on values y (n,) at points X (n, d); what was seen before is forgotten."""
        self.X, self.y = observations(X, y)
        K, _ = self.kernel.linearized(self.X)
        L, self.jitter = cholesky(K + self.noise * np.eye(len(K)))
        self.inverse = np.linalg.inv(L)
        # many rows times a view of it are slow
        self.whiten = np.ascontiguousarray(self.inverse.T)
        self.alpha = self.whiten @ (self.inverse @ self.y)
        return self

    def predict(self, Xs: npt.ArrayLike) -> tuple[Array, Array]:
        """Mean and standard deviation of the function at points Xs (m, d): (m,) and (m,)."""
        k = self.kernel(self._asked(Xs), self.X)
        v = k @ self.whiten
        return k @ self.alpha, self._std((v * v).sum(1))

    def joint(self, Xs: npt.ArrayLike) -> tuple[Array, Array]:
        """Mean (m,) and covariance (m, m) of the function at all points Xs (m, d) at once."""
        k = self.kernel(self._asked(Xs), self.X)
        v = k @ self.whiten
        return k @ self.alpha, self.kernel(self._asked(Xs)) - v @ v.T

    def slopes(self, Xs: Array) -> tuple[Array, Array, Array, Array]:
        """Mean, std (m,), and their gradients by Xs, (m, d) each."""
        k, dk = self.kernel.slopes(Xs, self.X)
        v = k @ self.whiten
        std = self._std((v * v).sum(1))
        dmean, dvar = np.einsum("mnd,n->md", dk, self.alpha), -2 * _rows(v @ self.inverse, dk)
        return k @ self.alpha, std, dmean, dvar / (2 * np.maximum(std, 1e-12))[:, None]

    def _std(self, explained: Array) -> Array:
        return np.sqrt(np.maximum(self.kernel.variance - explained, 0.0))

    def _asked(self, Xs: npt.ArrayLike) -> Array:
        if self.X is None:
            raise RuntimeError("a GaussianProcess must be fitted before it predicts. Call fit.")
        return points("Xs", Xs, self.X.shape[1])


def _rows(a: Array, dk: Array) -> Array:
    """Σ_j a_ij dk_ijk."""
    return (a[:, None, :] @ dk)[:, 0]
