"""Acquisition functions: beside quadrature, chance and 50 digits; and wrong ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cases.hpo_models import ACQUISITION_ERRORS
from cases.kinds import ErrorCase
from numpy.testing import assert_allclose
from scipy import special
from scipy.integrate import quad
from scipy.stats import norm

from dlcourse.scratch.hpo import acquisition as room

POINTS = [(0.0, 1.0, 0.0), (1.0, 0.5, 0.3), (-2.0, 3.0, -1.5), (0.2, 0.1, 1.0), (3.0, 1.0, 0.0)]
EI = room.expected_improvement


def check_quadrature(ei) -> None:
    """The integral of the improvement over the normal."""
    for mean, std, best in POINTS:

        def gain(f, mean=mean, std=std, best=best):
            return (best - f) * norm.pdf(f, mean, std)

        expected, _ = quad(gain, best - 40 * std, best, epsabs=1e-13, points=[mean], limit=200)
        assert_allclose(ei(mean, std, best), expected, atol=1e-10)


def check_chance(ei) -> None:
    """The mean of drawn improvements, within four standard errors."""
    rng = np.random.default_rng(0)
    for mean, std, best in POINTS:
        gains = np.maximum(best - rng.normal(mean, std, 200_000), 0)
        assert abs(ei(mean, std, best) - gains.mean()) < 4 * gains.std() / math.sqrt(len(gains))


def swapped(mean, std, best):
    z = (best - mean) / std
    return std * (z * norm.pdf(z) + norm.cdf(z))


WRONG = {
    "the variance instead of the deviation": lambda m, s, b: EI(m, s**2, b),
    "pdf and cdf swapped": swapped,
    "a maximum instead of a minimum": lambda m, s, b: EI(-np.asarray(m), s, -np.asarray(b)),
    "only the chance of improving": lambda m, s, b: norm.cdf((b - m) / s),
    "the improvement of the mean": lambda m, s, b: np.maximum(b - m, 0.0),
}


@pytest.mark.parametrize("check", [check_quadrature, check_chance])
def test_ei_is_the_expectation_of_the_improvement(check) -> None:
    check(EI)
    for wrong in WRONG.values():
        with pytest.raises(AssertionError):
            check(wrong)


def check_log(log_ei) -> None:
    """Where EI is a float its logarithm; beyond, the asymptotic series of Mills' ratio."""
    z = np.linspace(-8, 8, 401)
    h = z * special.ndtr(z) + norm.pdf(z)
    near = z > -3
    assert_allclose(log_ei(-z, 1.0, 0.0)[near], np.log(h[near]), atol=1e-12)
    a = -z[~near]
    tail = norm.logpdf(a) + np.log1p(-a * math.sqrt(math.pi / 2) * special.erfcx(a / 2**0.5))
    assert_allclose(log_ei(a, 1.0, 0.0), tail, rtol=1e-10)
    far = np.array([50.0, 1e3, 1e6, 1e70])
    found = log_ei(far, 1.0, 0.0)
    series = norm.logpdf(far) - 2 * np.log(far) + np.log1p(-3 / far**2 + 15 / far**4)
    assert np.isfinite(found).all()
    assert_allclose(found, series, rtol=1e-9)


def naive(mean, std, best):
    with np.errstate(divide="ignore"):
        return np.log(EI(mean, std, best))


def test_log_ei_is_finite_where_ei_underflows() -> None:
    check_log(room.log_expected_improvement)
    assert EI(40.0, 1.0, 0.0) == 0
    with pytest.raises(AssertionError):
        check_log(naive)
    with pytest.raises(AssertionError):
        check_log(lambda m, s, b: room.log_expected_improvement(-np.asarray(m), s, b))


def test_log_ei_to_fifty_digits() -> None:
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(80):
        for z in (-5.001, -4.999, -3.0, -17.3, -250.0, -1e4, 0.0, 6.0):
            h = mpmath.mpf(z) * mpmath.ncdf(z) + mpmath.npdf(z)
            found = room.log_expected_improvement(-z, 1.0, 0.0)
            assert_allclose(found, float(mpmath.log(h)), rtol=1e-13, atol=1e-13)


def test_log_ei_still_ranks_where_all_else_is_zero() -> None:
    mean = np.array([45.0, 41.0, 43.0, 60.0])
    assert (EI(mean, 1.0, 0.0) == 0).all()
    assert np.argmax(room.log_expected_improvement(mean, 1.0, 0.0)) == 1


def check_slopes(slopes) -> None:
    mean, std = np.array([0.0, 2.0, 30.0, -3.0]), np.array([1.0, 0.3, 0.7, 2.0])
    value, by_mean, by_std = slopes(mean, std, 0.5)
    assert_allclose(value, room.log_expected_improvement(mean, std, 0.5), rtol=1e-14)
    for grad, move in ((by_mean, (1e-6, 0.0)), (by_std, (0.0, 1e-6))):
        ahead = room.log_expected_improvement(mean + move[0], std + move[1], 0.5)
        behind = room.log_expected_improvement(mean - move[0], std - move[1], 0.5)
        assert_allclose(grad, (ahead - behind) / 2e-6, rtol=1e-6)


def test_the_slopes_of_log_ei_are_its_differences() -> None:
    right = room.log_expected_improvement_slopes
    check_slopes(right)
    for change in (lambda v, a, b: (v, -a, b), lambda v, a, b: (v, b, a)):
        with pytest.raises(AssertionError):
            check_slopes(lambda *told, change=change: change(*right(*told)))


def check_bound(bound) -> None:
    """Of two equal means the less sure is preferred, of two equally sure the smaller."""
    assert np.argmax(bound(np.array([1.0, 1.0]), np.array([0.1, 0.5]))) == 1
    assert np.argmax(bound(np.array([2.0, 1.0]), np.array([0.5, 0.5]))) == 1
    f = np.random.default_rng(0).normal(2.0, 0.5, 100_000)
    assert abs((f < -bound(2.0, 0.5)).mean() - norm.cdf(-2)) < 2e-3


def test_the_bound_is_an_optimists_value_of_something_to_minimize() -> None:
    right = room.upper_confidence_bound
    check_bound(right)
    for wrong in (
        lambda m, s: m + 2 * s,
        lambda m, s: m - 2 * s,
        lambda m, s: -m - 2 * s,
        lambda m, s: right(m, s**2),
    ):
        with pytest.raises(AssertionError):
            check_bound(wrong)


def check_draws(sample) -> None:
    rng, root = np.random.default_rng(0), np.array([[1.0, 0.0], [0.8, 0.3]])
    mean, cov = np.array([1.0, -2.0]), root @ root.T
    draws = np.array([sample(mean, cov, rng) for _ in range(4000)])
    assert_allclose(draws.mean(0), mean, atol=4 * 1.0 / 4000**0.5)
    assert_allclose(np.cov(draws.T), cov, atol=0.08)


def test_thompson_draws_have_the_posteriors_mean_and_covariance() -> None:
    check_draws(room.thompson_sample)

    def alone(mean, cov, rng):
        return mean + np.sqrt(np.diag(cov)) * rng.standard_normal(len(mean))

    def squared(mean, cov, rng):
        return mean + cov @ rng.standard_normal(len(mean))

    for wrong in (alone, squared):
        with pytest.raises(AssertionError):
            check_draws(wrong)


def test_certainty_and_shapes() -> None:
    assert_allclose(EI([0.0, 2.0], 0.0, 1.0), [1, 0])
    assert_allclose(room.log_expected_improvement([0.0, 2.0], 0.0, 1.0), [0, -np.inf])
    assert EI(np.zeros((3, 1)), np.ones(4), 0.0).shape == (3, 4)
    assert np.ndim(EI(0.0, 1.0, 0.0)) == 0


@pytest.mark.parametrize("case", ACQUISITION_ERRORS, ids=lambda case: case.id)
def test_errors(case: ErrorCase) -> None:
    with pytest.raises(case.error, match=case.message):
        case.call()
