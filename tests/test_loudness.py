"""Vectors that differ in their length alone, and the networks that hear it or do not."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.loudness import listener, soft_and_loud


def test_only_the_length_differs() -> None:
    x, y = soft_and_loud(np.random.default_rng(0), 4000)
    assert 0.45 < y.mean() < 0.55
    assert abs(x[y == 1].mean(0)).max() < 0.3 and abs(x[y == 0].mean(0)).max() < 0.1
    np.testing.assert_allclose(x[y == 1].std() / x[y == 0].std(), 3, rtol=0.03)
    plain, label = soft_and_loud(np.random.default_rng(0), 4000, times=1.0)
    np.testing.assert_array_equal(label, y)
    np.testing.assert_allclose(np.where(y[:, None] == 1, 3 * plain, plain), x, rtol=1e-6)


@pytest.mark.parametrize(
    ("norm", "bias", "hears"),
    [
        ("layer", False, False),
        ("rms", False, False),
        ("layer", True, True),
        ("rms", True, True),
        ("batch", False, True),
        ("none", False, True),
    ],
)
def test_who_can_hear_a_factor(norm: str, bias: bool, hears: bool) -> None:
    rngs = [np.random.default_rng((1, i)) for i in range(2)]
    net = listener(rngs, 2, norm=norm, bias=bias, dtype=np.float64)
    x = np.random.default_rng(2).normal(size=(2, 9, 16))
    soft, loud = net.forward(x), net.forward(3 * x)
    assert (abs(loud - soft).max() > 0.01) == hears


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="norm must be one of"):
        listener(np.random.default_rng(0), norm="group")
