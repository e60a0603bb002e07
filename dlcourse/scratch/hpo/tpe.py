"""Tree-structured Parzen estimator: where good trials lie and others do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo import parzen
from dlcourse.scratch.hpo.encoding import Encoding
from dlcourse.scratch.hpo.search import COMPLETE, PRUNED, Search
from dlcourse.scratch.hpo.space import Space, from_unit, to_unit

GRID = 32
"""A parameter with at most that many values is modelled value by value, any other by a density."""


class Parzen:
    """The density of some trials over a space: a mixture with one bump a trial, and the prior.

    Parameters
    ----------
    code : the space's encoding
    U : (n, parameters), the trials in the unit cube, oldest first, NaN where inactive
    """

    def __init__(self, code: Encoding, U: Array) -> None:
        self.code = code
        self.numeric = code.numeric
        mu = U[:, self.numeric]
        self.mu, self.sigma, self.weights = parzen.with_prior(mu, parzen.bandwidths(mu))
        self.index = np.full((len(U) + 1, len(self.numeric) - mu.shape[1]), np.nan)
        if self.index.size:
            self.index[:-1] = np.floor(U[:, ~self.numeric] * code.sizes[~self.numeric])

    def draw(self, m: int, rng: np.random.Generator) -> Array:
        """m points of the cube, snapped, NaN where inactive."""
        i = np.searchsorted(np.cumsum(self.weights[:-1]), rng.random(m), side="right")
        u = rng.random((m, len(self.numeric)))
        u[:, self.numeric] = parzen.draw_bumps(self.mu[i], self.sigma[i], rng)
        if self.index.size:
            choices = self.code.sizes[~self.numeric]
            share = choices / len(self.weights)
            anew = rng.random((m, len(choices))) < share / (1 + share)
            own = np.where(anew, np.nan, self.index[i])
            free = u[:, ~self.numeric]
            u[:, ~self.numeric] = np.where(np.isnan(own), free, (own + 0.5) / choices)
        u = self.code.snap(u)
        return np.where(self.code.active(u), u, np.nan) if self.code.parents else u

    def log_density(self, u: Array) -> Array:
        """At points (m, parameters) as ``draw`` gives them: (m,)."""
        return parzen.log_mixture(log_kernels(u, self), self.weights)


def log_kernels(u: Array, *densities: Parzen) -> Array:
    """Of each point the logarithm of each bump of all densities: (m, bumps), one pass for all."""
    code = densities[0].code
    mu, sigma = (np.concatenate([getattr(p, k) for p in densities]) for k in ("mu", "sigma"))
    smooth = code.numeric & (code.sizes > GRID)
    if smooth.all():
        return parzen.log_bumps(u, mu, sigma)
    inner = smooth[code.numeric]
    found = parzen.log_bumps(u[:, smooth], mu[:, inner], sigma[:, inner])
    for j in np.flatnonzero(~smooth):
        k, size = int(np.count_nonzero(code.numeric[:j] == code.numeric[j])), int(code.sizes[j])
        if code.numeric[j]:
            table = parzen.log_cells(mu[:, k], sigma[:, k], size)
        else:
            tables = [parzen.log_choices(p.index[:, k], size) for p in densities]
            table = np.concatenate(tables, axis=1)
        cell = u[:, j] * size
        known = cell == cell
        found += np.where(known[:, None], table[np.where(known, cell, 0).astype(int)], 0.0)
    return found


def log_ratio(u: Array, likely: Parzen, unlikely: Parzen) -> Array:
    """log l/g at points (m, parameters): (m,)."""
    bumps, n = log_kernels(u, likely, unlikely), len(likely.weights)
    above = parzen.log_mixture(bumps[:, :n], likely.weights)
    return above - parzen.log_mixture(bumps[:, n:], unlikely.weights)


class TPESearch(Search):
    r"""Split the trials into good and others, and try what is likely among the good ones alone.

    .. math:: x^\star = \arg\max_{x \sim l} \frac{l(x)}{g(x)}, \qquad
              l = p(x \mid y < y^\star), \quad g = p(x \mid y \ge y^\star), \qquad
              \operatorname{EI}(x) \propto \Bigl(\gamma + \frac{g(x)}{l(x)} (1 - \gamma)\Bigr)^{-1}

    Symbols
    -------
    γ the share of good trials, ``gamma(n)`` of n · y* the value that separates them

    Parameters
    ----------
    n_startup : int >= 1, random trials before the first model
    n_candidates : int >= 1, points drawn from l, of which that with the largest l/g is tried
    gamma : n -> how many of n trials are good, at least 1; the default is ``default_gamma``

    Notes
    -----
    It models p(x|y), a Gaussian process p(y|x). As Optuna 5 one bump has all parameters of a trial,
    not each parameter a mixture of its own. What differs: what a choice leaves inactive is part of
    the same mixture, by a wide bump, where Optuna draws it independently; parameters on a grid of
    more than 32 values are treated as continuous; a failed trial counts among the bad ones, where
    Optuna forgets it. As there, running ones do too. Cost: O(n n_candidates) a suggestion.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float
    >>> search = TPESearch({"x": Float(0, 1)}, np.random.default_rng(0))
    >>> for _ in range(40):
    ...     trial = search.ask()
    ...     search.tell(trial, (trial.params["x"] - 0.3) ** 2)
    >>> bool(abs(search.best.params["x"] - 0.3) < 0.01)
    True

    References
    ----------
    Bergstra et al. (2011), section 4; Watanabe (2023).
    """

    rng: np.random.Generator

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        n_startup: int = 10,
        n_candidates: int = 24,
        gamma: Callable[[int], int] | None = None,
    ) -> None:
        super().__init__(space, checks.generator("rng", rng))
        self.n_startup = checks.integer("n_startup", n_startup, 1)
        self.n_candidates = checks.integer("n_candidates", n_candidates, 1)
        if gamma is not None and not callable(gamma):
            checks.fail("gamma", "a function n -> how many are good", gamma, error=TypeError)
        self.gamma = gamma or parzen.default_gamma
        self.code = Encoding(self.parameters)
        self._rows = np.empty((64, len(self.parameters)))
        self._encoded = 0

    def suggest(self) -> dict[str, Any]:
        """A random point of the start; then, of some drawn from l, that with the largest l/g."""
        told = (COMPLETE, PRUNED)  # running and failed ones: infinitely bad
        y = np.array([t.value if t.state in told else np.inf for t in self.trials])
        n = int(np.isfinite(y).sum())
        if n < self.n_startup:
            anywhere = self.rng.random(len(self.parameters))
            return from_unit(self.parameters, anywhere)
        below = checks.integer("gamma(n)", self.gamma(n), 1)
        good, bad = parzen.split(y, min(below, n))
        U = self._cube()
        likely, unlikely = (Parzen(self.code, U[k]) for k in (good, bad))
        u = likely.draw(self.n_candidates, self.rng)
        ratio = log_ratio(u, likely, unlikely)
        return from_unit(self.parameters, u[np.argmax(ratio)])

    def _cube(self) -> Array:
        """All trials in the unit cube, each encoded once."""
        while len(self._rows) < len(self.trials):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        for trial in self.trials[self._encoded :]:
            self._rows[trial.number] = to_unit(self.parameters, trial.params)
        self._encoded = len(self.trials)
        return self._rows[: self._encoded]
