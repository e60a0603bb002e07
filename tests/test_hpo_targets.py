"""What a surrogate is told of the values: the power against SciPy, outliers, and wrong powers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.stats import multivariate_normal, spearmanr, yeojohnson, yeojohnson_llf

from dlcourse.scratch.hpo import targets
from dlcourse.scratch.hpo.kernels import Matern52


def test_the_power_is_scipys() -> None:
    rng = np.random.default_rng(0)
    for y in (rng.standard_normal(40), rng.exponential(size=40), -rng.exponential(size=40)):
        scaled = targets.standardize(y)
        for power in (-1.3, 0.0, 0.7, 1.0, 2.0):
            assert_allclose(targets.yeo_johnson(scaled, power), yeojohnson(scaled, power))
        best = minimize_scalar(lambda p, s=scaled: -yeojohnson_llf(p, s), bounds=(-2, 2)).x
        assert abs(targets.fit_power(scaled) - best) < 0.06


def check_power_of_a_surrogate(fit) -> None:
    """By SciPy's density: a function of the GP, bent, is bent back, whatever its own spread is."""
    rng = np.random.default_rng(3)
    x = np.sort(rng.random(40))[:, None]
    cov = Matern52([0.3])(x) + 1e-4 * np.eye(40)
    y = targets.standardize(np.exp(2.5 * rng.multivariate_normal(np.zeros(40), cov)))

    def likelihood(power):
        psi = yeojohnson(y, power)
        psi = psi - psi.mean()
        scale = psi @ np.linalg.solve(cov, psi) / len(y)
        jacobian = (power - 1) * (np.sign(y) * np.log1p(abs(y))).sum()
        return multivariate_normal.logpdf(psi, np.zeros(40), scale * cov) + jacobian

    best = minimize_scalar(lambda p: -likelihood(p), bounds=(-2, 2)).x
    assert abs(fit(y, np.linalg.inv(np.linalg.cholesky(cov))) - best) < 0.06


def test_the_power_is_the_surrogates() -> None:
    check_power_of_a_surrogate(targets.fit_power)
    with pytest.raises(AssertionError):
        check_power_of_a_surrogate(lambda y, whiten: targets.fit_power(y))
    with pytest.raises(AssertionError):
        check_power_of_a_surrogate(lambda y, whiten: targets.fit_power(y, whiten.T))


def test_targets_keep_the_order_and_forget_how_bad_bad_is() -> None:
    rng = np.random.default_rng(1)
    y = rng.exponential(size=30)
    mild, wild = np.append(y, 1e3), np.append(y, 1e300)
    told = targets.targets(mild)
    assert_allclose(told, targets.targets(wild))
    assert spearmanr(told, mild).statistic > 0.999
    assert np.argmin(told) == np.argmin(mild)
    assert_allclose([told.mean(), told.std()], [0, 1], atol=1e-12)
    assert told.max() < 5
    plain = targets.standardize(mild)
    assert np.ptp(plain[:30]) < 0.1 < np.ptp(told[:30])  # what standardizing alone would leave
    for equal in (np.full(5, 3.0), np.full(5, 1e300), np.zeros(1)):
        assert_array_equal(targets.targets(equal), np.zeros(len(equal)))
