"""Bayesian optimization: a Gaussian process guesses, an acquisition function decides."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array
from dlcourse.scratch.hpo import acquisition as acquisitions
from dlcourse.scratch.hpo.encoding import Encoding
from dlcourse.scratch.hpo.gaussian_process import (
    GaussianProcess,
    fit_hyperparameters,
    with_logs,
)
from dlcourse.scratch.hpo.kernels import Matern52
from dlcourse.scratch.hpo.lbfgs import lbfgs
from dlcourse.scratch.hpo.quasi import BITS, DIMENSIONS, direction_numbers, sobol
from dlcourse.scratch.hpo.search import COMPLETE, FAILED, PRUNED, RUNNING, Search, Trial
from dlcourse.scratch.hpo.space import Space, from_unit, to_unit
from dlcourse.scratch.hpo.targets import fit_power, standardize, targets, winsorize

ACQUISITIONS = ("ei", "ucb", "log_ei", "thompson")
GLOBAL, LOCAL, CLIMBERS, CLIMB = 512, 128, 8, 15
LAST = float(np.nextafter(1.0, 0.0))


def spread(n: int, d: int, rng: np.random.Generator) -> Array:
    """n points of the Sobol' sequence in [0, 1)^d, shifted at random; random ones beyond 64."""
    if d > DIMENSIONS:
        return rng.random((n, d))
    index = np.arange(1, n)
    lowest = np.log2(index & -index).astype(int)  # what changes from one Gray code to the next
    steps = np.concatenate([np.zeros((1, d), int), direction_numbers()[:d].T[lowest]])
    return (np.bitwise_xor.accumulate(steps) ^ rng.integers(2**BITS, size=d)) / 2**BITS


def neighbours(center: Array, n: int, numeric: Array, rng: np.random.Generator) -> Array:
    """Points around others: of each some columns are moved, by little or by much, 0.1 to 0.003.

    Parameters
    ----------
    center : (k, d) in [0, 1) · n : how many
    numeric : (d,) bools; a column of choices is drawn anew, where it is moved

    Returns
    -------
    array (n, d) in [0, 1)
    """
    rows = center[rng.integers(len(center), size=n)]
    rows = np.where(np.isnan(rows), rng.random(rows.shape), rows)  # what the center has not
    width = 10.0 ** rng.uniform(-2.5, -0.7, (n, 1))
    d = center.shape[1]
    chosen = rng.random((n, d)) < max(0.5, 1 / d)
    chosen[np.arange(n), rng.integers(d, size=n)] = True
    anew = chosen & (rng.random((n, d)) < np.where(numeric, 0.1, 1.0))
    moved = rows + chosen * width * rng.standard_normal((n, d))
    return np.clip(np.where(anew, rng.random((n, d)), moved), 0.0, LAST)


def starts(score: Array) -> Array:
    """Where to climb from: the best candidate of each of some groups, so that all are far apart.

    The best candidates of all lie around the best trial, and climbing from them ends on one summit.
    A part of the Sobol' sequence is spread as evenly as the whole; what is left are neighbours.
    """
    groups = np.array_split(np.arange(len(score)), CLIMBERS)
    return np.array([group[np.argmax(score[group])] for group in groups])


class GPSearch(Search):
    r"""Model the objective by a Gaussian process, and try what promises most, again and again.

    .. math:: x_{n+1} = \arg\max_x a\bigl(\mu_n(x), \sigma_n(x)\bigr), \qquad
              f \mid x_1, y_1, \dots, x_n, y_n \sim \mathcal{GP}(\mu_n, \sigma_n)

    Parameters
    ----------
    acquisition : "ei", "log_ei" (the same maximum, but in reach of a climber), "ucb", "thompson"
    n_startup : int >= 1, trials of a scrambled Sobol' sequence before the first model
    kappa : of "ucb" alone
    limit : int >= 2; of more trials than that, the best third and the latest are modelled

    Attributes
    ----------
    theta : logs of length scales, variance and noise as last fitted; the next fit starts there
    power : λ by which the values were bent last, as the surrogate of before thought likely

    Notes
    -----
    Values are told to the model without outliers, bent towards a normal sample, standardized
    (``targets``). A running trial counts with the value that is expected of it, so that workers do
    not all try the same; a failed one with the worst value seen: its neighbourhood is avoided. What
    was tried before is not tried again, unless nothing else is left. A suggestion costs O(n³) in
    the modelled trials. Where values are all but noise, or no configuration that may be asked for
    lies near another, it need not be better than ``RandomSearch``.

    Examples
    --------
    >>> from dlcourse.scratch.hpo import Float
    >>> search = GPSearch({"x": Float(0, 1)}, np.random.default_rng(0), n_startup=4)
    >>> for _ in range(12):
    ...     trial = search.ask()
    ...     search.tell(trial, (trial.params["x"] - 0.3) ** 2)
    >>> bool(abs(search.best.params["x"] - 0.3) < 0.01)
    True

    References
    ----------
    Jones, Schonlau and Welch (1998), section 4; Snoek, Larochelle and Adams (2012), algorithm of
    section 3. Pending trials: Ginsbourger, Le Riche and Carraro (2010), kriging believer.
    """

    rng: np.random.Generator

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        acquisition: str = "log_ei",
        n_startup: int = 10,
        kappa: float = 2.0,
        limit: int = 300,
    ) -> None:
        super().__init__(space, checks.generator("rng", rng))
        self.acquisition = checks.choice("acquisition", acquisition, ACQUISITIONS)
        self.n_startup = checks.integer("n_startup", n_startup, 1)
        self.kappa = checks.scalar("kappa", kappa)
        self.limit = checks.integer("limit", limit, 2)
        self.code = Encoding(self.parameters)
        self.shift = rng.integers(2**BITS, size=len(self.parameters))
        self.theta: Any = None
        self.power = 1.0
        self._rows: list[Array] = []

    def suggest(self) -> dict[str, Any]:
        """The next point of the start; then the one that the acquisition function likes best."""
        done = [t for t in self.trials if t.state in (COMPLETE, PRUNED)]
        if len(self.trials) < self.n_startup or len(done) < 2:
            return from_unit(self.parameters, self._start(len(self.trials)))
        done = done if len(done) <= self.limit else self._some(done)
        gp, best = self._model(done)
        order = np.argsort(np.array([t.value for t in done]))[:3]
        cube = self._candidates(self._cube([done[i] for i in order]))
        score = self._score(gp, cube, best)
        if self.acquisition != "thompson":
            climbed = self._climb(gp, cube[starts(score)], best)
            cube = np.concatenate([climbed, cube])
            score = np.concatenate([self._score(gp, climbed, best), score])
        return from_unit(self.parameters, self._new(cube, score))

    def state_dict(self) -> dict[str, Any]:
        """Where the generator, the start and the fit stand."""
        theta = None if self.theta is None else self.theta.tolist()
        return super().state_dict() | {"shift": self.shift.tolist(), "theta": theta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        super().load_state_dict(state)
        self.shift = np.array(state["shift"])
        self.theta = None if state["theta"] is None else np.array(state["theta"])

    def _start(self, index: int) -> Array:
        d = len(self.parameters)
        return sobol(index, d, self.shift) if d <= DIMENSIONS else self.rng.random(d)

    def _cube(self, trials: list[Trial]) -> Array:
        """The snapped points of some trials, each encoded once."""
        for trial in self.trials[len(self._rows) :]:
            self._rows.append(to_unit(self.parameters, trial.params))
        return np.array([self._rows[t.number] for t in trials])

    def _some(self, done: list[Trial]) -> list[Trial]:
        best = sorted(done, key=lambda t: (t.value, t.number))[: self.limit // 3]
        kept = {t.number for t in best}
        latest = [t for t in done if t.number not in kept][len(best) - self.limit :]
        return best + latest

    def _model(self, done: list[Trial]) -> tuple[GaussianProcess, float]:
        """The surrogate, and the value to beat: the least it expects where it was told one."""
        X = self.code.features(self._cube(done))
        first = self.theta is None
        if first:
            self.theta = np.log([*np.full(X.shape[1], 0.5), 1.0, 1e-3])
        kernel, noise = with_logs(Matern52([1.0]), self.theta)
        whiten = GaussianProcess(kernel, noise).fit(X, np.zeros(len(X))).inverse
        values = np.array([t.value for t in done])
        self.power = fit_power(standardize(winsorize(values)), whiten)
        y = targets(values, self.power)
        kernel, noise = fit_hyperparameters(kernel, noise, X, y, steps=40 if first else 10)
        self.theta = np.log([*kernel.length_scale, kernel.variance, noise])
        gp = GaussianProcess(kernel, noise).fit(X, y)
        best = float(gp.predict(X)[0].min())
        others = [t for t in self.trials if t.state in (RUNNING, FAILED)]
        if others:
            Z = self.code.features(self._cube(others))
            failed = np.array([t.state == FAILED for t in others])
            believed = np.where(failed, y.max(), gp.predict(Z)[0])
            gp = gp.fit(np.concatenate([X, Z]), np.append(y, believed))
        return gp, best

    def _candidates(self, best: Array) -> Array:
        many = 1 if self.acquisition != "thompson" else 4  # a joint draw costs O(m³)
        cube = [
            spread(GLOBAL // many, best.shape[1], self.rng),
            neighbours(best, LOCAL // many, self.code.numeric, self.rng),
        ]
        return self.code.snap(np.concatenate(cube))

    def _score(self, gp: GaussianProcess, cube: Array, best: float) -> Array:
        X = self.code.features(cube)
        if self.acquisition == "thompson":
            return -acquisitions.thompson_sample(*gp.joint(X), self.rng)
        mean, std = gp.predict(X)
        if self.acquisition == "ucb":
            return acquisitions.upper_confidence_bound(mean, std, self.kappa)
        name = "expected_improvement"
        name = name if self.acquisition == "ei" else f"log_{name}"
        return getattr(acquisitions, name)(mean, np.maximum(std, 1e-9), best)

    def _climb(self, gp: GaussianProcess, cube: Array, best: float) -> Array:
        """From some candidates uphill, along the columns that can be moved."""
        X, movable = self.code.features(cube), self.code.movable(cube)
        if not movable.any():
            return cube

        unit = gp.kernel.lengths(X.shape[1])  # in which all columns are equally steep

        def downhill(x: Array) -> tuple[Array, Array]:
            mean, std, dmean, dstd = gp.slopes(x * unit)
            if self.acquisition == "ucb":
                return mean - self.kappa * std, (dmean - self.kappa * dstd) * unit
            value, a, b = acquisitions.log_expected_improvement_slopes(
                mean, np.maximum(std, 1e-9), best
            )
            return -value, -(a[:, None] * dmean + b[:, None] * dstd) * unit

        low, high = np.where(movable, 0.0, X), np.where(movable, 1.0, X)
        found, _ = lbfgs(downhill, X / unit, low / unit, high / unit, steps=CLIMB, tol=1e-3)
        return self.code.moved(cube, np.clip(found * unit, low, high))

    def _new(self, cube: Array, score: Array) -> Array:
        """The best candidate that was not tried before, or the best one."""
        order = np.argsort(-score, kind="stable")
        told, asked = (self.code.features(u).round(9) for u in (self._cube(self.trials), cube))
        tried = {row.tobytes() for row in told}
        new = (i for i in order if asked[i].tobytes() not in tried)
        return cube[next(new, order[0])]
