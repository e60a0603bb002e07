"""Paths of the elastic net and ridge, beside scikit-learn and what is known of their solutions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge, enet_path

from dlcourse.lesson import parity
from dlcourse.scratch.regularization import elastic_net_path, ridge, soft_threshold


def problem(n: int = 40, d: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Correlated columns of unlike scales, of which a few matter."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) * np.geomspace(0.3, 3, d)
    return x, x[:, :3] @ [1.0, -2.0, 0.5] + rng.standard_normal(n)


def diabetes() -> tuple[np.ndarray, np.ndarray]:
    x, y = load_diabetes(return_X_y=True)
    return (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()


def largest(x: np.ndarray, y: np.ndarray) -> float:
    return float(abs(x.T @ y).max()) / len(y)


@pytest.mark.parametrize("name", ["elastic_net_path", "ridge"])
def test_both_rooms_are_equal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=10)
    assert "within 1e-10" in capsys.readouterr().out


@pytest.mark.parametrize("ratio", [1.0, 0.7, 0.1])
@pytest.mark.parametrize(
    "data", [problem(), problem(6, 10, seed=1), diabetes()], ids=["tall", "wide", "diabetes"]
)
def test_paths_are_those_of_scikit_learn(data, ratio: float) -> None:
    x, y = data
    coefs = largest(x, y) / ratio * np.geomspace(1.1, 1e-2, 12)
    _, theirs, _ = enet_path(x, y, alphas=coefs, l1_ratio=ratio, tol=1e-14, max_iter=1_000_000)
    ours = elastic_net_path(x, y, coefs, ratio)
    assert_allclose(ours, theirs.T, atol=1e-6)
    assert not ours[0].any()
    assert ours[1].any()


def test_the_order_of_the_coefficients_does_not_matter() -> None:
    x, y = problem()
    coefs = largest(x, y) * np.array([0.1, 0.9, 0.01, 0.3])
    mixed, sorted_ = (elastic_net_path(x, y, c, 0.8, 1e-13) for c in (coefs, np.sort(coefs)))
    assert_allclose(mixed[np.argsort(coefs)], sorted_, atol=1e-11)


def test_conditions_of_optimality() -> None:
    x, y = problem()
    coef, ratio = 0.2 * largest(x, y), 0.6
    (w,) = elastic_net_path(x, y, [coef], ratio)
    pull = x.T @ (y - x @ w) / len(y) - coef * (1 - ratio) * w
    active = w != 0
    assert_allclose(pull[active], coef * ratio * np.sign(w[active]), rtol=1e-8)
    assert (abs(pull[~active]) < coef * ratio).all()
    assert 0 < active.sum() < 8


def test_with_orthonormal_columns_the_lasso_is_a_threshold_and_ridge_a_factor() -> None:
    rng = np.random.default_rng(2)
    q, _ = np.linalg.qr(rng.standard_normal((30, 5)))
    x, y = q * np.sqrt(30), rng.standard_normal(30)
    plain, coef = x.T @ y / 30, 0.1
    assert_allclose(elastic_net_path(x, y, [coef], 1.0)[0], soft_threshold(plain, coef), atol=1e-12)
    assert_allclose(ridge(x, y, coef), plain / (1 + coef), rtol=1e-12)


def test_a_column_that_is_there_twice() -> None:
    """Ridge and the elastic net share it out evenly; the lasso is free to choose."""
    x, y = problem(d=3)
    twice = np.c_[x, x[:, :1]]
    net = elastic_net_path(twice, y, [0.05], 0.5)[0]
    assert_allclose(net[0], net[3], rtol=1e-8)
    even = ridge(twice, y, 0.1)
    assert_allclose(even[0], even[3], rtol=1e-10)
    once, both = (elastic_net_path(a, y, [0.05], 1.0)[0] for a in (x, twice))
    assert_allclose(both[0] + both[3], once[0], rtol=1e-7)
    assert_allclose(twice @ both, x @ once, rtol=1e-6)


@pytest.mark.parametrize("data", [problem(), problem(5, 9, seed=4)], ids=["tall", "wide"])
def test_ridge_is_that_of_scikit_learn(data) -> None:
    x, y = data
    found = ridge(x, y, [0.01, 1.0, 100.0])
    for w, coef in zip(found, (0.01, 1.0, 100.0), strict=True):
        theirs = Ridge(coef * len(y), fit_intercept=False, solver="svd").fit(x, y).coef_
        assert_allclose(w, theirs, rtol=1e-9, atol=1e-12)
        gradient = x.T @ (x @ w - y) / len(y) + coef * w
        assert abs(gradient).max() < 1e-10 * largest(x, y)


def test_the_path_without_l1_is_ridge_and_without_penalty_least_squares() -> None:
    x, y = problem()
    both = [0.5, 0.02]
    assert_allclose(elastic_net_path(x, y, both, 0.0), ridge(x, y, both), rtol=1e-7)
    least = np.linalg.lstsq(x, y, rcond=None)[0]
    assert_allclose(ridge(x, y, 0.0), least, rtol=1e-9)
    assert_allclose(elastic_net_path(x, y, [0.0], 0.5)[0], least, rtol=1e-6)


def test_runs_are_solved_side_by_side() -> None:
    pairs = [problem(seed=s) for s in range(3)]
    x, y = (np.stack(part) for part in zip(*pairs, strict=True))
    coefs = [0.3, 0.01]
    path, flat = elastic_net_path(x, y, coefs, 0.9, 1e-13), ridge(x, y, coefs)
    assert path.shape == flat.shape == (3, 2, 8)
    for run, (a, b) in enumerate(pairs):
        assert_allclose(path[run], elastic_net_path(a, b, coefs, 0.9, 1e-13), atol=1e-11)
        assert_allclose(flat[run], ridge(a, b, coefs), rtol=1e-10)
    assert ridge(x, y, 0.3).shape == (3, 8)


def test_columns_of_zeros_and_targets_of_zeros() -> None:
    x, y = problem()
    x[:, 2] = 0.0
    assert not elastic_net_path(x, y, [0.1, 0.0], 1.0)[:, 2].any()
    assert_array_equal(elastic_net_path(x, 0 * y, [0.1, 0.0], 0.5), np.zeros((2, 8)))


def test_float32_stays_float32_and_is_solved_in_float64() -> None:
    x, y = (a.astype(np.float32) for a in problem())
    wide = x.astype(float), y.astype(float)
    for solve in (lambda a, b: elastic_net_path(a, b, [0.1], 0.5), lambda a, b: ridge(a, b, 0.1)):
        found = solve(x, y)
        assert found.dtype == np.float32
        assert_array_equal(found, solve(*wide).astype(np.float32))


def polynomials() -> tuple[np.ndarray, np.ndarray]:
    """Powers up to 12, whose second moments have a condition number of 2e8."""
    t = np.linspace(-1, 1, 20)
    x = np.vander(t, 13)[:, :-1]
    y = np.sin(3 * t) + 0.3 * np.random.default_rng(0).standard_normal(20)
    return (x - x.mean(0)) / x.std(0), y - y.mean()


@pytest.mark.parametrize("ratio", [1.0, 0.5])
@pytest.mark.parametrize("data", [polynomials(), problem(6, 12, seed=6)], ids=["powers", "wide"])
def test_columns_that_depend_on_each_other_and_hardly_any_penalty(data, ratio: float) -> None:
    x, y = data
    coefs = largest(x, y) * np.geomspace(1, 1e-6, 13)
    for w, coef in zip(elastic_net_path(x, y, coefs, ratio), coefs, strict=True):
        pull = x.T @ (y - x @ w) / len(y) - coef * (1 - ratio) * w
        wrong = np.where(w == 0, abs(pull) - coef * ratio, abs(pull - coef * ratio * np.sign(w)))
        assert (wrong < 1e-9 * largest(x, y)).all()
