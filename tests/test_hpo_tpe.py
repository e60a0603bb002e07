"""TPE: its densities beside quadrature and Optuna's, its rule beside the integral it stands for."""

from __future__ import annotations

import numpy as np
import pytest
from cases.hpo_models import TPE_ERRORS
from cases.kinds import ErrorCase
from numpy.testing import assert_allclose, assert_array_equal
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_gamma, default_weights
from scipy.integrate import quad
from scipy.stats import kstest, truncnorm

from dlcourse.scratch.hpo import Categorical, Float, Int, from_unit, parameters, parzen
from dlcourse.scratch.hpo import tpe as room
from dlcourse.scratch.hpo.encoding import Encoding

MIXED = {"x": Float(-1.0, 3.0), "lr": Float(1e-4, 1.0, log=True), "depth": Int(1, 6)}
MIXED |= {"act": Categorical(["relu", "tanh", "gelu"])}
NESTED = {
    "opt": Categorical({"sgd": {"momentum": Float(0, 1)}, "adam": {"beta": Float(0, 1)}}),
    "lr": Float(1e-4, 1.0, log=True),
}


def trials(n: int, space=MIXED, seed: int = 0) -> tuple[Encoding, np.ndarray]:
    code = Encoding(parameters(space))
    u = code.snap(np.random.default_rng(seed).random((n, len(code.parameters))))
    return code, np.where(code.active(u), u, np.nan)


def optunas(params: list[dict]) -> _ParzenEstimator:
    told = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)
    names = ["relu", "tanh", "gelu"]
    space = {
        "x": FloatDistribution(-1.0, 3.0),
        "lr": FloatDistribution(1e-4, 1.0, log=True),
        "depth": IntDistribution(1, 6),
        "act": CategoricalDistribution(names),
    }
    rows = {k: np.array([names.index(p[k]) if k == "act" else p[k] for p in params]) for k in space}
    return _ParzenEstimator(rows, space, told)


def check_optuna(density, n: int) -> None:
    """The log density of a mixed space, up to the measure of the scales it is a density on."""
    code, u = trials(n)
    at = trials(20, seed=1)[1]
    params, asked = ([from_unit(code.parameters, row) for row in rows] for rows in (u, at))
    names = ["relu", "tanh", "gelu"]
    rows = {k: np.array([names.index(p[k]) if k == "act" else p[k] for p in asked]) for k in MIXED}
    expected = optunas(params).log_pdf(rows)
    ours = density(code, u).log_density(at)
    # per unit of x, of log lr and per value of depth, where ours is per unit of the cube
    ours = ours - np.log(4) - np.log(np.log(1e4)) - np.log(6)
    assert_allclose(ours, expected, atol=1e-8)


@pytest.mark.parametrize("n", [1, 2, 6, 60])
def test_the_density_of_a_mixed_space_is_optunas(n: int) -> None:
    check_optuna(room.Parzen, n)


class Changed(room.Parzen):
    def __init__(self, code, u):
        super().__init__(code, u)
        self.change()


class NoPrior(Changed):
    def change(self):
        self.weights = np.append(self.weights[:-1], 1e-300) / self.weights[:-1].sum()


class Narrow(Changed):
    def change(self):
        self.sigma[:-1] /= 2


class Alike(Changed):
    def change(self):
        self.weights = np.full(len(self.weights), 1 / len(self.weights))


class Independent(room.Parzen):
    def log_density(self, u):
        smooth = range(2)
        found = 0.0
        for j in smooth:
            bumps = parzen.log_bumps(u[:, [j]], self.mu[:, [j]], self.sigma[:, [j]])
            found = found + parzen.log_mixture(bumps, self.weights)
        cells = parzen.log_cells(self.mu[:, 2], self.sigma[:, 2], 6)[(u[:, 2] * 6).astype(int)]
        acts = parzen.log_choices(self.index[:, 0], 3)[(u[:, 3] * 3).astype(int)]
        return found + sum(parzen.log_mixture(table, self.weights) for table in (cells, acts))


@pytest.mark.parametrize("wrong", [NoPrior, Narrow, Alike, Independent])
def test_a_wrong_density_is_noticed(wrong) -> None:
    with pytest.raises(AssertionError):
        check_optuna(wrong, 60)


def test_gamma_and_weights_are_optunas() -> None:
    for n in (1, 2, 9, 10, 11, 24, 25, 26, 27, 60, 249, 300):
        assert parzen.default_gamma(n) == default_gamma(n)
        assert_allclose(parzen.default_weights(n), default_weights(n))


def check_integral(log_bumps) -> None:
    _, u = trials(8, {"x": Float(0, 1)})
    mu, sigma, weights = parzen.with_prior(u, parzen.bandwidths(u))

    def density(x):
        return float(np.exp(parzen.log_mixture(log_bumps(np.array([[x]]), mu, sigma), weights))[0])

    total, _ = quad(density, 0, 1, points=sorted(u[:, 0]), limit=200)
    assert_allclose(total, 1, atol=1e-9)
    m, s = mu[:, 0], sigma[:, 0]
    assert_allclose(density(0.3), weights @ truncnorm.pdf(0.3, -m / s, (1 - m) / s, m, s), 1e-12)


def test_the_density_integrates_to_one() -> None:
    check_integral(parzen.log_bumps)

    def untruncated(u, mu, sigma):
        z = (u[:, None] - mu) / sigma
        return (-(z**2) / 2 - np.log(sigma * np.sqrt(2 * np.pi))).sum(-1)

    with pytest.raises(AssertionError):
        check_integral(untruncated)
    mu, sigma = np.array([0.1, 0.5]), np.array([0.05, 1.0])
    assert_allclose(np.exp(parzen.log_cells(mu, sigma, 7)).mean(0), 1)
    assert_allclose(np.exp(parzen.log_choices(np.array([2.0, np.nan, 0.0]), 4)).sum(0), 1)


def check_draws(draw) -> None:
    code, u = trials(30, {"x": Float(0, 1)})
    density = room.Parzen(code, u)
    drawn = draw(density, 4000, np.random.default_rng(0))[:, 0]
    grid = np.linspace(0, 1, 2001)
    p = np.exp(density.log_density((grid[1:, None] + grid[:-1, None]) / 2))
    cdf = np.concatenate([[0], np.cumsum(p) / p.sum()])
    assert kstest(drawn, lambda x: np.interp(x, grid, cdf)).pvalue > 1e-3


def test_draws_follow_the_density() -> None:
    check_draws(room.Parzen.draw)

    def clipped(density, m, rng):
        i = rng.choice(len(density.weights), m, p=density.weights)
        u = density.mu[i] + density.sigma[i] * rng.standard_normal((m, 1))
        return np.clip(u, 0, 1 - 1e-9)

    with pytest.raises(AssertionError):
        check_draws(clipped)


def test_draws_of_choices_and_cells_follow_the_density() -> None:
    code, u = trials(12)
    density = room.Parzen(code, u)
    drawn = density.draw(20_000, np.random.default_rng(0))
    for j, k in ((2, 6), (3, 3)):
        share = np.bincount((drawn[:, j] * k).astype(int), minlength=k) / len(drawn)
        kernel = np.exp(parzen.log_cells(density.mu[:, 2], density.sigma[:, 2], 6)) / 6
        if j == 3:
            kernel = np.exp(parzen.log_choices(density.index[:, 0], 3))
        assert_allclose(share, kernel @ density.weights, atol=0.015)


def test_an_inactive_parameter_is_neither_drawn_nor_counted() -> None:
    code, u = trials(40, NESTED)
    density = room.Parzen(code, u)
    drawn = density.draw(200, np.random.default_rng(0))
    sgd = drawn[:, 0] < 0.5
    assert 0 < sgd.sum() < 200
    assert_array_equal(np.isnan(drawn[:, 1]), ~sgd)
    assert_array_equal(np.isnan(drawn[:, 2]), sgd)
    assert np.isfinite(density.log_density(drawn)).all()
    alone = room.Parzen(code, np.full((0, 4), np.nan)).log_density(drawn)
    assert_allclose(np.exp(alone[sgd] - np.log(0.5)).mean(), 1, atol=0.2)  # the prior: nearly flat


def test_bandwidths_are_those_of_each_column_alone() -> None:
    mu = np.random.default_rng(0).random((9, 2))
    mu[[1, 4], 1] = np.nan
    found = parzen.bandwidths(mu)
    assert_allclose(found[:, 0], parzen.bandwidths(mu[:, :1])[:, 0])
    known = ~np.isnan(mu[:, 1])
    assert_allclose(found[known, 1], parzen.bandwidths(mu[known, 1:])[:, 0])
    assert np.isnan(found[~known, 1]).all()
    assert_allclose(parzen.bandwidths(np.array([[0.3]])), 0.7)  # alone: to the farther end
    assert_allclose(parzen.bandwidths(np.full((3, 1), 0.4)), 0.2)  # on one spot: 1 / (3 + 2)


def check_rule(rule) -> None:
    r"""EI under the model is γ l ∫(y* − y) p(y) dy / (γ l + (1 − γ) g), with any p(y)."""
    rng, gamma, threshold = np.random.default_rng(0), 0.2, 1.3

    def below(y):  # a density of y, whose share below the threshold is gamma
        return gamma * np.exp(-(threshold - y))

    l, g = rng.gamma(2, size=(2, 50))  # noqa: E741
    ei = []
    for a, b in zip(l, g, strict=True):

        def improvement(y, a=a, b=b):
            return (threshold - y) * a * below(y) / (gamma * a + (1 - gamma) * b)

        ei.append(quad(improvement, -50, threshold)[0])
    assert_allclose(ei, 1 / (gamma + (1 - gamma) * g / l) * gamma, rtol=1e-6)
    assert_array_equal(np.argsort(rule(np.log(l), np.log(g))), np.argsort(ei))


def test_the_best_by_expected_improvement_is_the_best_by_the_ratio() -> None:
    check_rule(lambda l, g: l - g)  # noqa: E741
    for wrong in (lambda l, g: g - l, lambda l, g: l, lambda l, g: l + g):  # noqa: E741
        with pytest.raises(AssertionError):
            check_rule(wrong)


def searched(search, n: int = 40) -> float:
    for _ in range(n):
        trial = search.ask()
        p = trial.params
        search.tell(trial, (p["x"] - 0.3) ** 2 + (p["y"] - 0.6) ** 2)
    return search.best.value


BOX = {"x": Float(0, 1), "y": Float(0, 1)}


class Inverted(room.TPESearch):
    def suggest(self):
        for trial in self.trials:
            trial.value = None if trial.value is None else -trial.value
        try:
            return super().suggest()
        finally:
            for trial in self.trials:
                trial.value = None if trial.value is None else -trial.value


def test_it_beats_chance_and_its_opposite_does_not() -> None:
    from dlcourse.scratch.hpo import RandomSearch

    def mean(kind):
        return np.mean([searched(kind(BOX, np.random.default_rng(s))) for s in range(12)])

    chance = mean(RandomSearch)
    assert mean(room.TPESearch) < chance / 2
    assert mean(Inverted) > chance / 2


def test_running_and_failed_trials_count_among_the_bad() -> None:
    search = room.TPESearch({"x": Float(0, 1)}, np.random.default_rng(0), n_startup=4)
    for _ in range(12):
        trial = search.ask()
        search.tell(trial, abs(trial.params["x"] - 0.5))
    pending = [search.ask().params["x"] for _ in range(8)]
    assert len({round(x, 3) for x in pending}) == 8
    failed = search.ask()
    search.tell(failed, float("nan"))
    assert failed.state == "failed"
    assert np.isfinite(search.ask().params["x"])
    assert search.best.state == "complete"


def test_all_that_fails_leaves_random_search() -> None:
    search = room.TPESearch(MIXED, np.random.default_rng(0), n_startup=2)
    for _ in range(20):
        search.tell(search.ask(), error=ValueError("no"))
    assert {t.state for t in search.trials} == {"failed"}


def test_the_same_seed_gives_the_same_trials_and_a_state_goes_on() -> None:
    def run(n, search):
        for _ in range(n):
            trial = search.ask()
            search.tell(trial, trial.params["lr"])
        return [t.params for t in search.trials]

    one, two = (room.TPESearch(NESTED, np.random.default_rng(5)) for _ in range(2))
    whole = run(25, one)
    run(15, two)
    resumed = room.TPESearch(NESTED, np.random.default_rng(99))
    resumed.trials = list(two.trials)
    resumed.load_state_dict(two.state_dict())
    assert run(10, resumed) == whole


@pytest.mark.parametrize("case", TPE_ERRORS, ids=lambda case: case.id)
def test_errors(case: ErrorCase) -> None:
    with pytest.raises(case.error, match=case.message):
        case.call()
