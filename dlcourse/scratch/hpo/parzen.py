"""Parzen windows: a density drawn from a few points in the unit cube, a small bump around each."""

from __future__ import annotations

import math

import numpy as np

from dlcourse.arrays import Array

_STEP = 1 / 256
_NODES = np.arange(-9.0, 9.0 + _STEP / 2, _STEP)
_CDF = np.array([math.erfc(-z / math.sqrt(2)) / 2 for z in _NODES.tolist()])
_PDF = np.exp(-_NODES * _NODES / 2) / math.sqrt(2 * math.pi)


def normal_cdf(z: Array) -> Array:
    r"""Φ for many numbers at once: from the nearest of 4,609 known values, by Taylor's series.

    .. math:: \Phi(z_0 + h) \approx \Phi(z_0) + \phi(z_0)\Bigl(h - \tfrac{z_0 h^2}2
              + \tfrac{(z_0^2 - 1) h^3}6 - \tfrac{(z_0^3 - 3 z_0) h^4}{24}\Bigr), \quad
              |h| \le \tfrac1{512}

    Notes
    -----
    Off by less than 1e-15, absolutely; beyond ±9 it is 0 or 1. NumPy has no Φ, and one call of
    ``math.erfc`` for each number takes as long as all the rest of a suggestion.

    Examples
    --------
    >>> normal_cdf(np.array([-np.inf, 0.0, 1.0])).round(6)
    array([0.      , 0.5     , 0.841345])
    """
    z = np.minimum(np.maximum(z, -9.0), 9.0)
    k = np.rint((z + 9.0) / _STEP).astype(np.intp)
    a = _NODES[k]
    h = z - a
    tail = h * (1 / 6 * (a * a - 1) - h * a * (a * a - 3) / 24)
    return _CDF[k] + _PDF[k] * h * (1 - h * (a / 2 - tail))


def default_gamma(n: int) -> int:
    """How many of n trials count as good: a tenth, rounded up, at most 25.

    Examples
    --------
    >>> default_gamma(11), default_gamma(1000)
    (2, 25)
    """
    return min(math.ceil(0.1 * n), 25)


def default_weights(n: int) -> Array:
    """Weights of n trials, oldest first: the latest 25 count fully, older ones less and less.

    Examples
    --------
    >>> default_weights(3), default_weights(27)[:3].round(3)
    (array([1., 1., 1.]), array([0.037, 1.   , 1.   ]))
    """
    found = np.ones(n)
    if n > 25:
        found[: n - 25] = np.linspace(1 / n, 1.0, n - 25)
    return found


def split(y: Array, below: int) -> tuple[Array, Array]:
    """The places of the ``below`` smallest values, and of the others; both in their old order.

    Examples
    --------
    >>> split(np.array([3.0, 1.0, 2.0, 1.0]), 2)
    (array([1, 3]), array([0, 2]))
    """
    good = np.zeros(len(y), bool)
    good[np.argsort(y, kind="stable")[:below]] = True
    return np.flatnonzero(good), np.flatnonzero(~good)


def bandwidths(mu: Array) -> Array:
    r"""The width of the bump around each point: as far as its farther neighbour, in each column.

    .. math:: \sigma_i = \operatorname{clip}\Bigl(\max(\mu_i - \mu_{i-1}, \mu_{i+1} - \mu_i),
              \ \tfrac1{\min(100,\, n + 2)},\ 1\Bigr) \quad \text{for sorted } \mu

    Parameters
    ----------
    mu : (n, d) in [0, 1], the points; NaN where one does not have a parameter, n of each column
        are those that do

    Returns
    -------
    array (n, d), NaN where mu is

    Notes
    -----
    As Optuna: the ends 0 and 1 count as neighbours of a point that is alone; the outermost of
    several looks inwards only. The lower bound keeps bumps from becoming spikes where points fall
    together.

    Examples
    --------
    >>> bandwidths(np.array([[0.5], [0.2], [0.9]])).T
    array([[0.4, 0.3, 0.4]])

    References
    ----------
    Bergstra et al. (2011), section 4; Watanabe (2023), section 3.3.
    """
    n, d = mu.shape
    order, columns = np.argsort(mu, axis=0), np.arange(d)  # NaN last
    ranked = mu[order, columns]
    gaps = np.full((n + 1, d), np.nan)
    np.subtract(ranked[1:], ranked[:-1], out=gaps[1:n])
    wide = np.fmax(gaps[:-1], gaps[1:])  # of the outermost, the gap that there is
    alone = np.maximum(ranked, 1 - ranked)
    least = 1 / np.minimum(100, (mu == mu).sum(0) + 2)
    found = np.empty((n, d))
    found[order, columns] = np.minimum(np.maximum(np.where(wide == wide, wide, alone), least), 1.0)
    return found


def with_prior(mu: Array, sigma: Array, prior_weight: float = 1.0) -> tuple[Array, Array, Array]:
    r"""The mixture's centers, widths and weights: one bump a trial, and a wide one in the middle.

    .. math:: p(u) = \frac{\sum_i w_i\, \mathcal N_{[0,1]}(u; \mu_i, \sigma_i)
              + w_0\, \mathcal N_{[0,1]}(u; \tfrac12, 1)}{\sum_i w_i + w_0}

    Parameters
    ----------
    mu, sigma : (n, d), oldest first; NaN where a trial does not have a parameter: there, its bump
        is the wide one
    prior_weight : w₀ > 0

    Returns
    -------
    mu, sigma : (n + 1, d), the last row is the prior · weights : (n + 1,), of sum 1

    Examples
    --------
    >>> mu, sigma, weights = with_prior(np.array([[0.2]]), np.array([[0.1]]), 3.0)
    >>> mu.T, sigma.T, weights
    (array([[0.2, 0.5]]), array([[0.1, 1. ]]), array([0.25, 0.75]))
    """
    n, d = mu.shape
    centers, widths = np.full((n + 1, d), 0.5), np.ones((n + 1, d))
    known = mu == mu
    np.copyto(centers[:-1], mu, where=known)
    np.copyto(widths[:-1], sigma, where=known)
    weights = np.full(n + 1, prior_weight)
    weights[:-1] = default_weights(n)
    return centers, widths, weights / weights.sum()


def log_bumps(u: Array, mu: Array, sigma: Array) -> Array:
    r"""The logarithm of each bump at each point: products of normals cut off at 0 and 1.

    .. math:: \log \prod_j \frac{\phi\bigl((u_j - \mu_{ij}) / \sigma_{ij}\bigr)}
              {\sigma_{ij} \bigl(\Phi\bigl(\tfrac{1 - \mu_{ij}}{\sigma_{ij}}\bigr)
              - \Phi\bigl(\tfrac{-\mu_{ij}}{\sigma_{ij}}\bigr)\bigr)}

    Parameters
    ----------
    u : (m, d) in [0, 1]; NaN where a point does not have the parameter: that factor is left out
    mu, sigma : (n, d)

    Returns
    -------
    array (m, n)

    Examples
    --------
    >>> flat = log_bumps(np.array([[0.1], [0.9]]), np.array([[0.5]]), np.array([[1e3]]))
    >>> bool(abs(flat).max() < 1e-6)
    True
    """
    below, above = normal_cdf(np.stack([-mu, 1 - mu]) / sigma)
    level = np.log(sigma * (above - below)) + math.log(2 * math.pi) / 2
    a, known = 1 / (2 * sigma * sigma), u == u
    x = np.where(known, u, 0.0)  # (x - mu)^2 multiplied out: three small products, no cube
    return x @ (2 * a * mu).T - (x * x) @ a.T - known @ (a * mu * mu + level).T


def log_cells(mu: Array, sigma: Array, cells: int) -> Array:
    r"""The logarithm of the mass that each bump has in each of K equal cells of [0, 1], times K.

    .. math:: \log \frac{K\, \bigl[\Phi\bigl(\tfrac{k / K - \mu_i}{\sigma_i}\bigr)\bigr]_{k}^{k+1}}
              {\bigl[\Phi\bigl(\tfrac{v - \mu_i}{\sigma_i}\bigr)\bigr]_{v=0}^{1}}

    Parameters
    ----------
    mu, sigma : (n,) · cells : K, int >= 1, the values of a parameter on a grid

    Returns
    -------
    array (K, n): a density by the uniform one, as that of a continuous parameter

    Notes
    -----
    A bump that is narrower than a cell has all its mass there; its height would say nothing. Masses
    below 1e-15 count as that.

    Examples
    --------
    >>> np.exp(log_cells(np.array([0.5]), np.array([1e-3]), 2)).T
    array([[1., 1.]])
    """
    edges = normal_cdf((np.arange(cells + 1)[:, None] / cells - mu) / sigma)
    mass = np.maximum(edges[1:] - edges[:-1], 1e-15)
    return np.log(mass * cells) - np.log(edges[-1] - edges[0])


def log_choices(index: Array, choices: int, prior_weight: float = 1.0) -> Array:
    r"""The logarithm of the chance that each trial's bump gives to each choice.

    .. math:: p_i(c) = \frac{[c = c_i] + w_0 / n}{1 + K w_0 / n}

    Parameters
    ----------
    index : c_i, (n,) numbers of choices, the prior's among them; NaN: every choice alike
    choices : K · prior_weight : w₀

    Returns
    -------
    array (K, n)

    Examples
    --------
    >>> np.exp(log_choices(np.array([0.0, np.nan]), 2)).round(6)
    array([[0.75, 0.5 ],
           [0.25, 0.5 ]])
    """
    own = index == np.arange(choices)[:, None]
    share = prior_weight / len(index)
    return np.log((own + share) / (own.sum(0) + choices * share))


def log_mixture(log_kernels: Array, weights: Array) -> Array:
    r"""The logarithm of a mixture, of the logarithms of its parts, without underflow.

    .. math:: \log \sum_i w_i e^{a_{mi}}

    Parameters
    ----------
    log_kernels : a, (m, n) · weights : (n,), > 0

    Returns
    -------
    array (m,)

    Examples
    --------
    >>> log_mixture(np.array([[-1000.0, -1000.0]]), np.array([0.5, 0.5]))
    array([-1000.])
    """
    top = log_kernels.max(1, keepdims=True)
    return top[:, 0] + np.log(np.exp(log_kernels - top) @ weights)


def draw_bumps(mu: Array, sigma: Array, rng: np.random.Generator) -> Array:
    """A point from each bump (a row of mu and sigma), drawn again where it falls outside [0, 1).

    Examples
    --------
    >>> u = draw_bumps(np.zeros((1000, 1)), np.ones((1000, 1)), np.random.default_rng(0))
    >>> bool((u >= 0).all() and (u < 1).all())
    True
    """
    u = mu + sigma * rng.standard_normal(mu.shape)
    while (outside := (u < 0) | (u >= 1)).any():
        u[outside] = (mu + sigma * rng.standard_normal(mu.shape))[outside]
    return u
