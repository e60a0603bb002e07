"""Norms of a sample to the last digit: large means, equal features, huge and tiny numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from harness import relative
from numpy.testing import assert_array_equal

from dlcourse.scratch.normalization import (
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)


def exact_layer_norm(x: np.ndarray, eps: float) -> np.ndarray:
    """x̂ of each row, by fractions up to the root."""
    out = []
    for row in x:
        values = [Fraction(float(v)) for v in row]
        mu = sum(values) / len(values)
        var = sum((v - mu) ** 2 for v in values) / len(values) + Fraction(eps)
        out.append([float(v - mu) / float(var) ** 0.5 for v in values])
    return np.array(out)


@pytest.mark.parametrize("eps", [1e-5, 0.0])
@pytest.mark.parametrize("shift", [1e6, -3e4, 1.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_large_mean_costs_no_digits(dtype, shift: float, eps: float) -> None:
    x = (shift + np.random.default_rng(9).standard_normal((4, 37))).astype(dtype)
    assert relative(layer_norm(x, None, None, eps)[0], exact_layer_norm(x, eps)) < (
        4 * np.finfo(dtype).eps
    )


@pytest.mark.parametrize("value", [0.1, -7.3e5, 1e30, 3e-7])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equal_features_become_exactly_beta(dtype, value: float) -> None:
    for d in (1, 2, 3, 10, 77, 1000):
        weight, bias = np.random.default_rng(d).standard_normal((2, d)).astype(dtype)
        y, cache = layer_norm(np.full((3, d), value, dtype), weight, bias)
        assert_array_equal(y, np.broadcast_to(bias, y.shape))
        assert not layer_norm(np.full((3, d), value, dtype), None, None)[0].any()
        assert np.isfinite(layer_norm_backward(y, cache)[0]).all()


@pytest.mark.parametrize("factor", [1e30, 1e-12])
def test_no_square_overflows_in_float32(factor: float) -> None:
    x = (factor * np.random.default_rng(10).standard_normal((4, 37))).astype(np.float32)
    x[1] = 1.0 + np.arange(37)  # a row that needs no care
    eps = 0.0 if factor > 1 else 1e-26
    assert relative(layer_norm(x, None, None, eps)[0], exact_layer_norm(x, eps)) < 1e-6
    wide = x.astype(float)
    right = wide / np.sqrt((wide**2).mean(-1, keepdims=True) + eps)
    assert relative(rms_norm(x, None, eps)[0], right) < 1e-6


def test_a_tiny_eps_in_float32_counts_still() -> None:
    x = (1e-6 * np.random.default_rng(11).standard_normal((4, 9))).astype(np.float32)
    y = layer_norm(x, None, None, 1e-12)[0]
    assert relative(y, exact_layer_norm(x, 1e-12)) < 1e-6
    assert 0.5 < y.std() < 0.9


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sample_is_alone_to_the_last_digit(dtype) -> None:
    """Whoever else is in the batch, and however it is cut into parts."""
    rng = np.random.default_rng(12)
    x, dy = rng.standard_normal((2, 37, 50)).astype(dtype)
    x[3] += 1e6  # of this row the mean is taken off twice
    x[5] *= 1e30 if dtype == np.float32 else 1e200
    weight, bias = rng.standard_normal((2, 50)).astype(dtype)
    for forward, backward, params in (
        (layer_norm, layer_norm_backward, (weight, bias)),
        (rms_norm, rms_norm_backward, (weight,)),
    ):
        y, cache = forward(x, *params)
        dx = backward(dy, cache)[0]
        for i in range(37):
            one, cache = forward(x[i : i + 1], *params)
            assert_array_equal(one[0], y[i])
            assert_array_equal(backward(dy[i : i + 1], cache)[0][0], dx[i])
