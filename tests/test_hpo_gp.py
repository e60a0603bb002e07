"""Kernels and Gaussian processes: beside scikit-learn's and SciPy's, and where it gets tight."""

from __future__ import annotations

import time

import numpy as np
import pytest
from cases.hpo_models import GP_ERRORS
from cases.kinds import ErrorCase
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF as SklearnRBF
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from dlcourse.scratch.hpo import gaussian_process as room
from dlcourse.scratch.hpo.kernels import RBF, Matern52, matern52, rbf, squared_distance
from dlcourse.scratch.hpo.lbfgs import lbfgs

LENGTHS, VARIANCE, NOISE = [0.3, 0.5, 0.9, 2.0], 1.7, 1e-2
THEIRS = {Matern52: lambda lengths: Matern(lengths, nu=2.5), RBF: SklearnRBF}


def data(n: int = 40, d: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.random((n, d))
    return x, np.sin(5 * x[:, 0]) + (x[:, 1:] ** 2).sum(1) + 0.1 * rng.standard_normal(n)


def theirs(kind=Matern52, lengths=LENGTHS, n: int = 40) -> GaussianProcessRegressor:
    kernel = ConstantKernel(VARIANCE) * THEIRS[kind](lengths) + WhiteKernel(NOISE)
    d = len(lengths) if isinstance(lengths, list) else 4
    return GaussianProcessRegressor(kernel, alpha=0.0, optimizer=None).fit(*data(n, d))


def check_posterior(make, kind=Matern52) -> None:
    """Mean and std of the function: scikit-learn with the noise as its alpha."""
    x, y = data()
    at = np.concatenate([np.random.default_rng(1).random((50, 4)), x[:3], x[:1] + 100])
    kernel = ConstantKernel(VARIANCE) * THEIRS[kind](LENGTHS)
    other = GaussianProcessRegressor(kernel, alpha=NOISE, optimizer=None).fit(x, y)
    found = make(kind(LENGTHS, VARIANCE), NOISE).fit(x, y).predict(at)
    for ours, reference in zip(found, other.predict(at, return_std=True), strict=True):
        assert_allclose(ours, reference, atol=1e-8)


@pytest.mark.parametrize("kind", [Matern52, RBF])
def test_the_posterior_is_scikit_learns(kind) -> None:
    check_posterior(room.GaussianProcess, kind)


class Variance(room.GaussianProcess):
    def predict(self, at):
        mean, std = super().predict(at)
        return mean, std**2


class Noiseless(room.GaussianProcess):
    def __init__(self, kernel, noise):
        super().__init__(kernel, 1e-12)


class NoisyPrediction(room.GaussianProcess):
    def predict(self, at):
        mean, std = super().predict(at)
        return mean, np.sqrt(std**2 + self.noise)


class NoiseAsDeviation(room.GaussianProcess):
    def __init__(self, kernel, noise):
        super().__init__(kernel, noise**2)


class ForgottenPrior(room.GaussianProcess):
    def predict(self, at):
        mean, std = super().predict(at)
        return mean, np.sqrt(np.maximum(1.0 - (self.kernel.variance - std**2), 0))


@pytest.mark.parametrize(
    "wrong", [Variance, Noiseless, NoisyPrediction, NoiseAsDeviation, ForgottenPrior]
)
def test_a_wrong_posterior_is_noticed(wrong) -> None:
    with pytest.raises(AssertionError):
        check_posterior(wrong)


def test_the_joint_posterior_is_scikit_learns() -> None:
    x, y = data()
    at = np.random.default_rng(1).random((20, 4))
    kernel = ConstantKernel(VARIANCE) * Matern(LENGTHS, nu=2.5)
    other = GaussianProcessRegressor(kernel, alpha=NOISE, optimizer=None).fit(x, y)
    gp = room.GaussianProcess(Matern52(LENGTHS, VARIANCE), NOISE).fit(x, y)
    for ours, reference in zip(gp.joint(at), other.predict(at, return_cov=True), strict=True):
        assert_allclose(ours, reference, atol=1e-8)


def check_evidence(evidence, kind=Matern52, lengths=LENGTHS) -> None:
    """The value, and the gradient in scikit-learn's order: variance, lengths, noise."""
    other = theirs(kind, lengths)
    value, grad = other.log_marginal_likelihood(other.kernel_.theta, eval_gradient=True)
    ours, pull = evidence(kind(lengths, VARIANCE), NOISE, *data())
    assert_allclose(ours, value, rtol=1e-10)
    assert_allclose([pull[-2], *pull[:-2], pull[-1]], grad, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("kind", [Matern52, RBF])
@pytest.mark.parametrize("lengths", [LENGTHS, 0.4])
def test_the_evidence_and_its_gradient_are_scikit_learns(kind, lengths) -> None:
    check_evidence(room.log_marginal_likelihood, kind, lengths)


def altered(change):
    def evidence(*told):
        value, grad = room.log_marginal_likelihood(*told)
        return change(value, grad.copy(), len(told[3]))

    return evidence


WRONG_EVIDENCE = {
    "the constant forgotten": lambda v, g, n: (v + n / 2 * np.log(2 * np.pi), g),
    "the trace without its half": lambda v, g, n: (v, 2 * g),
    "by the length scale, not its log": lambda v, g, n: (v, g / [*LENGTHS, 1, 1]),
    "by the deviation of the noise": lambda v, g, n: (v, g * [1, 1, 1, 1, 1, 2]),
}


@pytest.mark.parametrize("name", WRONG_EVIDENCE)
def test_a_wrong_evidence_is_noticed(name: str) -> None:
    with pytest.raises(AssertionError):
        check_evidence(altered(WRONG_EVIDENCE[name]))


def check_slope(profile) -> None:
    r2 = np.array([1e-3, 0.1, 1.0, 7.0])
    ahead, behind = (profile(r2 * (1 + s * 1e-6))[0] for s in (1, -1))
    assert_allclose(profile(r2)[1], (ahead - behind) / (2e-6 * r2), rtol=1e-6)


@pytest.mark.parametrize("profile", [matern52, rbf])
def test_the_slope_of_a_profile_is_its_difference(profile) -> None:
    check_slope(profile)
    with pytest.raises(AssertionError):
        check_slope(lambda r2: (profile(r2)[0], profile(r2)[1] * 2 * np.sqrt(r2)))  # by r


def test_distances_are_scipys_and_do_not_cancel_far_from_zero() -> None:
    x = np.random.default_rng(0).random((30, 3))
    z = np.concatenate([x[:10] + 1e-5, x[10:]])
    lengths = np.array([0.1, 1.0, 5.0])
    expected = cdist(x / lengths, z / lengths, "sqeuclidean")
    assert_allclose(squared_distance(x, z, lengths), expected, atol=1e-12)
    assert_allclose(squared_distance(x + 1e6, z + 1e6, lengths), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", [Matern52, RBF])
def test_the_slopes_of_a_prediction_are_its_differences(kind) -> None:
    gp = room.GaussianProcess(kind(LENGTHS, VARIANCE), NOISE).fit(*data())
    at = np.random.default_rng(2).random((5, 4))
    mean, std, dmean, dstd = gp.slopes(at)
    assert_allclose((mean, std), gp.predict(at), rtol=1e-9)
    for j in range(4):
        move = 1e-6 * np.eye(4)[j]
        ahead, behind = gp.predict(at + move), gp.predict(at - move)
        assert_allclose(dmean[:, j], (ahead[0] - behind[0]) / 2e-6, rtol=1e-5, atol=1e-6)
        assert_allclose(dstd[:, j], (ahead[1] - behind[1]) / 2e-6, rtol=1e-5, atol=1e-6)


def minus_posterior(theta, x, y, prior):
    value, grad = room.log_marginal_likelihood(*room.with_logs(Matern52(LENGTHS), theta), x, y)
    more, pull = (0.0, 0.0) if prior is None else prior.log_density(theta)
    return -value - more, -(grad + pull)


def logs(kernel, noise):
    return np.log([*kernel.length_scale, kernel.variance, noise])


@pytest.mark.parametrize("prior", [None, room.Prior(), room.Prior((-1.0, 0.3), (0.5, 0.2))])
def test_the_fit_is_scipys_optimum(prior) -> None:
    x, y = data()
    start = np.log([*LENGTHS, VARIANCE, NOISE])
    told = {
        "jac": True,
        "method": "L-BFGS-B",
        "bounds": [(-14, 14)] * 5 + [(-20, 14)],
        "tol": 1e-12,
    }
    other = minimize(minus_posterior, start, (x, y, prior), **told)
    found = room.fit_hyperparameters(Matern52(LENGTHS, VARIANCE), NOISE, x, y, prior)
    assert minus_posterior(logs(*found), x, y, prior)[0] < other.fun + 1e-5
    assert minus_posterior(start, x, y, prior)[0] > other.fun + 1  # there was something to find


def test_the_prior_is_a_normal_of_the_logs() -> None:
    prior, theta = room.Prior((-1.0, 0.5), (0.2, 2.0), (-3.0, 0.7)), np.array([0.3, -2, 1, -4])
    means, deviations = [-1, -1, 0.2, -3], [0.5, 0.5, 2, 0.7]
    expected = norm(means, deviations).logpdf(theta) - norm(means, deviations).logpdf(means)
    value, grad = prior.log_density(theta)
    assert_allclose(value, expected.sum())
    for j in range(4):
        move = 1e-6 * np.eye(4)[j]
        ahead, behind = prior.log_density(theta + move)[0], prior.log_density(theta - move)[0]
        assert_allclose(grad[j], (ahead - behind) / 2e-6, rtol=1e-6)


def test_a_prior_keeps_few_points_from_infinite_length_scales() -> None:
    x, y = np.array([[0.2], [0.8]]), np.array([-1.0, 1.0])
    free, _ = room.fit_hyperparameters(RBF([0.5]), 0.1, x, np.zeros(2), prior=None)
    held, _ = room.fit_hyperparameters(RBF([0.5]), 0.1, x, y)
    assert free.variance < 1e-3  # the likelihood of constant values has its maximum at no variance
    assert 0.05 < held.length_scale[0] < 5
    assert 0.1 < held.variance < 10


def rosenbrock(x):
    a, b = x[:, 0], x[:, 1]
    value = 100 * (b - a**2) ** 2 + (1 - a) ** 2
    return value, np.stack([-400 * a * (b - a**2) - 2 * (1 - a), 200 * (b - a**2)], 1)


@pytest.mark.parametrize("box", [(-2.0, 2.0), (-2.0, 0.5)])
def test_lbfgs_finds_scipys_minimum_from_every_start(box) -> None:
    starts = np.random.default_rng(0).uniform(*box, (8, 2))
    x, value = lbfgs(rosenbrock, starts, *np.array(box), steps=200, tol=1e-9)

    def one(p):
        value, grad = rosenbrock(p[None])
        return value[0], grad[0]

    other = minimize(one, starts[0], jac=True, method="L-BFGS-B", bounds=[box] * 2, tol=1e-14)
    assert_allclose(x, np.broadcast_to(other.x, x.shape), atol=1e-4)
    assert_allclose(value, other.fun, atol=1e-8)
    assert (rosenbrock(starts)[0] > value + 1e-3).all()


def test_lbfgs_survives_values_that_are_not_finite() -> None:
    def steep(x):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(x > 0, x - np.log(x), np.nan)[:, 0], np.where(x > 0, 1 - 1 / x, np.nan)

    x, value = lbfgs(steep, np.array([[5.0], [0.01]]), -10.0, 10.0)
    assert_allclose(x, 1.0, atol=1e-4)
    assert_allclose(value, 1.0, atol=1e-8)


def test_points_that_coincide_are_averaged_and_the_jitter_is_told() -> None:
    x = np.array([[0.5], [0.5], [0.5], [0.9]])
    gp = room.GaussianProcess(Matern52(0.3), 0.0).fit(x, np.array([1.0, 2.0, 3.0, 0.0]))
    mean, std = gp.predict(x)
    assert_allclose(mean, [2, 2, 2, 0], atol=1e-2)
    assert np.isfinite(std).all()
    assert 0 < gp.jitter < 1e-4
    assert room.GaussianProcess(Matern52(0.3), 1e-3).fit(x, np.ones(4)).jitter == 0


def test_a_single_point_and_equal_values() -> None:
    mean, std = room.GaussianProcess(Matern52(), 0.0).fit([[0.5]], [3.0]).predict([[0.5], [1e3]])
    assert_allclose(mean, [3, 0], atol=1e-9)
    assert_allclose(std, [0, 1], atol=1e-6)
    x = np.random.default_rng(0).random((20, 2))
    kernel, noise = room.fit_hyperparameters(Matern52([0.5, 0.5]), 1e-3, x, np.zeros(20))
    assert np.isfinite([*kernel.length_scale, kernel.variance, noise]).all()
    mean, _ = room.GaussianProcess(kernel, noise).fit(x, np.zeros(20)).predict(x)
    assert_allclose(mean, 0, atol=1e-12)


def test_a_thousand_observations() -> None:
    x, y = data(1000, 6)
    began = time.process_time()
    gp = room.GaussianProcess(Matern52(0.5), 0.01).fit(x, y)
    mean, std = gp.predict(x)
    assert time.process_time() - began < 5
    assert np.sqrt(np.mean((mean - y) ** 2)) < 0.2
    assert (std > 0).all()


@pytest.mark.parametrize("case", GP_ERRORS, ids=lambda case: case.id)
def test_errors(case: ErrorCase) -> None:
    with pytest.raises(case.error, match=case.message):
        case.call()
