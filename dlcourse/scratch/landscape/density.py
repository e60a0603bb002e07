"""All curvatures at once, as a few random directions see them: their density and their sum."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dlcourse import checks, curved
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.landscape.krylov import Lanczos, Product, asked, random_signs

WIDTH = 10**-2.5
"""Of a bump, as a share of half the spectrum: σ² = 1e-5 where the spectrum is [-1, 1]."""


def smoothed(grid: Array, nodes: Array, weights: Array, sigma: float) -> Array:
    """A normal density of width σ around each node, in the share of its weight, at each point."""
    z = (grid[:, None] - nodes[..., None, :]) / sigma
    bumps = np.exp(-np.square(z) / 2) / (sigma * np.sqrt(2 * np.pi))
    return np.vecdot(bumps, weights[..., None, :])


class SpectralDensity(NamedTuple):
    """What ``spectral_density`` finds: for each probe places on the line, and their shares.

    ``nodes`` and ``weights`` are (n_probes, n_steps), with the runs axis in front if there is one;
    the weights of a probe sum up to 1.
    """

    nodes: Any
    weights: Any

    def moment(self, power: int) -> Any:
        """The mean of λ^power over all eigenvalues, tr(H^power) / d, as the probes see it."""
        return (self.weights * self.nodes ** checks.integer("power", power, 0)).sum(-1).mean(-1)

    def at(self, grid: npt.ArrayLike, sigma: float | None = None) -> Any:
        """The density at each point of ``grid`` (g,); its integral is 1.

        ``sigma`` > 0 is the width of the bump that each node becomes; None: 0.3% of half the span
        of the nodes, σ² = 1e-5 of its square, as in the paper.
        """
        points = np.asarray(checks.number("grid", grid))
        if points.ndim != 1:
            checks.fail("grid", "shaped (g,)", points)
        if sigma is None:
            sigma = WIDTH * float(np.ptp(self.nodes)) / 2
            if sigma == 0:
                checks.fail("sigma", "given where all nodes are one", None, "Pass sigma=0.01.")
        sigma = checks.scalar("sigma", sigma, low_open=True)
        return smoothed(points, self.nodes, self.weights, sigma).mean(-2)


class TraceEstimate(NamedTuple):
    """What ``hessian_trace`` finds: tr H, and the standard error of that; one number a run."""

    value: Any
    standard_error: Any


def spectral_density(
    hvp: Product,
    dim: int,
    rng: Generators,
    n_probes: int = 10,
    n_steps: int = 90,
    runs: int | None = None,
) -> SpectralDensity:
    r"""How the eigenvalues of a Hessian lie, all d of them, at the price of some hundred products.

    .. math:: \phi(t) = \frac1d \sum_i \delta(t - \lambda_i) \approx
              \frac1p \sum_{l=1}^{p} \sum_{i=1}^{m} (s_{1i}^{(l)})^2\, \delta(t - \theta_i^{(l)})

    Symbols
    -------
    p ``n_probes`` · m ``n_steps`` · θ ``nodes`` · s₁² ``weights``, of T after m steps of Lanczos

    Parameters
    ----------
    hvp, dim, runs : as in ``top_eigenvalues``
    rng : Generator, or one for each run: of the probes, whose entries are 1 or -1
    n_probes, n_steps : int >= 1; more than d steps are d

    Notes
    -----
    For each probe the quadrature is exact for polynomials of degree 2m - 1: the first m places
    tell where eigenvalues end and how much lies between, not each of them. What a probe of ±1
    sees of an eigenvector is its share u·v squared over d; the mean over probes tends to 1/d. A
    single large eigenvalue weighs 1/d, and its bump vanishes beside those of the many.

    Examples
    --------
    Of a diagonal matrix each probe of ±1 sees every entry alike, and d steps see them all:

    >>> curvatures = np.array([4.0, 1.0, -2.0])
    >>> found = spectral_density(lambda v: curvatures * v, 3, np.random.default_rng(0), n_probes=1)
    >>> found.nodes.round(6), found.weights.round(6), round(float(found.moment(2)), 6)
    (array([[-2.,  1.,  4.]]), array([[0.333333, 0.333333, 0.333333]]), 7.0)

    References
    ----------
    Ghorbani, Krishnan and Xiao (2019); Golub and Welsch (1969). Lesson: valleys.
    """
    curved.function("hvp", hvp)
    dim = checks.integer("dim", dim, 1)
    checks.integer("n_probes", n_probes, 1)
    m = min(checks.integer("n_steps", n_steps, 1), dim)
    rngs, product = run_generators(rng, runs), asked(hvp, "hvp", runs is None)
    nodes, weights = [], []
    for _ in range(n_probes):
        krylov = Lanczos(product, random_signs(rngs, runs, dim), m)
        for _ in range(m):
            krylov.step()
        theta, s = np.linalg.eigh(krylov.matrix(m))
        nodes.append(theta)
        weights.append(s[:, 0] ** 2)
    found = np.stack(nodes, 1), np.stack(weights, 1)
    return SpectralDensity(*(a[0] if runs is None else a for a in found))


def hessian_trace(
    hvp: Product, dim: int, rng: Generators, n_probes: int = 100, runs: int | None = None
) -> TraceEstimate:
    r"""The sum of all curvatures, without any of them: random directions see it on average.

    .. math:: \operatorname{tr} H = \mathbb{E}\, v^\top H v, \qquad v_i = \pm 1, \qquad
              \operatorname{Var} v^\top H v = 2 \sum_{i \ne j} H_{ij}^2

    Parameters
    ----------
    hvp, dim, runs : as in ``top_eigenvalues``
    rng : Generator, or one for each run: of the probes
    n_probes : int >= 2, products

    Returns
    -------
    value, standard_error : of the mean over the probes, with n - 1; one number a run

    Notes
    -----
    The diagonal costs no variance, so that a diagonal H has its trace after one probe; normal
    probes would have twice the sum over all entries.

    Examples
    --------
    >>> curvatures = np.array([4.0, 1.0, -2.0])
    >>> hessian_trace(lambda v: curvatures * v, 3, np.random.default_rng(0), n_probes=2)
    TraceEstimate(value=np.float64(3.0), standard_error=np.float64(0.0))

    References
    ----------
    Hutchinson (1989). Lesson: valleys.
    """
    curved.function("hvp", hvp)
    dim = checks.integer("dim", dim, 1)
    checks.integer("n_probes", n_probes, 2)
    rngs, product = run_generators(rng, runs), asked(hvp, "hvp", runs is None)
    seen = []
    for _ in range(n_probes):
        v = random_signs(rngs, runs, dim)
        seen.append(np.vecdot(v, product(v)))
    each = np.stack(seen)
    found = each.mean(0), each.std(0, ddof=1) / np.sqrt(n_probes)
    return TraceEstimate(*(a[0] if runs is None else a for a in found))
