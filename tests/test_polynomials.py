"""Polynomials: orthogonal features with a price, the curve that fits, and how far it is off."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.polynomials import (
    GRID,
    NOISE,
    TRUTHS,
    draw_points,
    fitted,
    learn_polynomial,
    powers,
)


def test_features_are_orthonormal_but_for_their_price() -> None:
    x, weights = np.polynomial.legendre.leggauss(40)
    plain = powers(x, 9, price=0.0)
    np.testing.assert_allclose(plain.T @ (weights[:, None] / 2 * plain), np.eye(10), atol=1e-12)
    dear = powers(x, 9, price=2.0)
    np.testing.assert_allclose(dear * np.arange(1, 11) ** 2, plain, atol=1e-12)


@pytest.mark.parametrize("degree", [1, 2, 9])
@pytest.mark.parametrize("price", [0.0, 2.0])
def test_a_unique_fit_is_least_squares_whatever_the_price(degree: int, price: float) -> None:
    x, y = draw_points(np.random.default_rng(1), 12)
    wanted = np.polynomial.Polynomial.fit(x, y, degree)(GRID)
    np.testing.assert_allclose(fitted(x, y, degree, price), wanted, atol=1e-8)


def test_the_price_decides_where_many_fit() -> None:
    x, y = draw_points(np.random.default_rng(1), 10)
    curves = [fitted(x, y, 60, price) for price in (0.0, 2.0)]
    for curve in curves:
        np.testing.assert_allclose(np.interp(x[[0, -1]], GRID, curve), y[[0, -1]], atol=1e-8)
    assert abs(curves[0] - curves[1]).max() > 0.3


def test_points_are_the_truth_with_noise() -> None:
    x, y = draw_points(np.random.default_rng(2), 5000, "sine")
    off = y - TRUTHS["sine"](x)
    assert abs(off.mean()) < 0.02 and abs(off.std() - NOISE) < 0.01
    with pytest.raises(ValueError, match="truth must be one of"):
        draw_points(np.random.default_rng(2), 5, "cosine")


def test_what_is_measured_is_off_the_points_and_off_the_truth() -> None:
    rngs = [np.random.default_rng(i) for i in (4, 5)]
    found = learn_polynomial(rngs, 2, degree=2, n=15)
    for run, seed in enumerate((4, 5)):
        x, y = draw_points(np.random.default_rng(seed), 15)
        fit = np.polynomial.Polynomial.fit(x, y, 2)
        assert found["train_miss"][run] == pytest.approx(np.sqrt(np.mean((fit(x) - y) ** 2)))
        off = fit(GRID) - TRUTHS["parabola"](GRID)
        assert found["test_miss"][run] == pytest.approx(np.sqrt(np.mean(off**2)))
