"""Counting operations: by hand where that is easy, and of nothing but what is computed."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.operations import operations
from dlcourse.scratch.normalization import weight_norm, weight_norm_backward

V, W = np.arange(1.0, 13).reshape(4, 3), np.arange(3.0, 18).reshape(3, 5)


@pytest.mark.parametrize(
    ("function", "made"),
    [
        (lambda v: v + 1, 12),
        (lambda v: v[0] * v, 12),
        (lambda v: np.sqrt(v[:, 0]), 4),
        (lambda v: v.sum(axis=1), 12),
        (lambda v: v @ W, 2 * 4 * 5 * 3),
        (lambda v: W.T @ v.T, 2 * 4 * 5 * 3),
        (lambda v: np.vecdot(v, v), 2 * 12),
        (lambda v: (v * 2 + 1).reshape(-1).T, 24),
        (lambda v: v.reshape(2, 6).T[1:], 0),
    ],
)
def test_what_is_computed_is_counted(function: object, made: int) -> None:
    assert operations(function, V) == made  # type: ignore[arg-type]


def test_a_function_does_what_it_did() -> None:
    found = []
    operations(lambda v: found.append(weight_norm(v, np.ones(4))[0]), V)
    np.testing.assert_array_equal(found[0], weight_norm(V, np.ones(4))[0])


def test_weight_norm_makes_about_nine_for_each_weight() -> None:
    def there_and_back(v: np.ndarray, g: np.ndarray, dw: np.ndarray) -> None:
        weight_norm_backward(dw, weight_norm(v, g)[1])

    rng = np.random.default_rng(0)
    v, g, dw = (rng.normal(size=size) for size in ((64, 64), (64,), (64, 64)))
    assert 9 <= operations(there_and_back, v, g, dw) / v.size <= 9.2
