"""Local response normalization: exactness, order in memory, and company."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from cases.kinds import PairCase
from cases.normalization_weights import RESPONSES
from harness import relative
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import ROOMS
from numpy.testing import assert_allclose, assert_array_equal
from test_normalization_weights import ROOM, made

from dlcourse.scratch import normalization


def exact_lrn(x: np.ndarray, size: int, alpha: float, k: float) -> np.ndarray:
    """s of features (n, c) in fractions, rounded once."""
    s = np.empty(x.shape)
    for i, c in np.ndindex(x.shape):
        window = x[i, max(c - size // 2, 0) : c + (size - 1) // 2 + 1]
        total = sum(Fraction(float(v)) ** 2 for v in window)
        s[i, c] = float(Fraction(k) + Fraction(alpha) / size * total)
    return s


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 9, 30])
def test_a_loud_channel_leaves_no_noise_behind(size: int) -> None:
    """A running sum that takes away what leaves the window would be wrong by 1e-4 beside it."""
    x = np.random.default_rng(1).standard_normal((2, 24))
    x[:, 5] = 1e6
    y, _ = normalization.local_response_norm(x, size, alpha=1.0, k=1.0)
    assert_allclose(y, x / exact_lrn(x, size, 1.0, 1.0) ** 0.75, rtol=1e-14)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(RESPONSES), st.integers(0, 2**31), st.sampled_from([64, 300, 1 << 15]))
def test_order_in_memory_and_pieces_do_not_matter(case: PairCase, seed: int, block: int) -> None:
    rng = np.random.default_rng(seed)
    (x,) = case.inputs(rng)
    dy = rng.standard_normal(x.shape)
    y, cache = normalization.local_response_norm(x, **case.kwargs)
    dx = normalization.local_response_norm_backward(dy, cache)
    turned = x.transpose(order := rng.permutation(x.ndim)).copy().transpose(np.argsort(order))
    every = np.repeat(x, 2, axis=-1)[..., ::2]
    kept, normalization.response.BLOCK = normalization.response.BLOCK, block
    try:
        for same in (turned, every):
            assert_array_equal(same, x)
            other, cache = normalization.local_response_norm(same, **case.kwargs)
            assert_allclose(other, y, rtol=1e-14)
            found = normalization.local_response_norm_backward(dy, cache)
            assert_allclose(found, dx, rtol=1e-12, atol=1e-14)
    finally:
        normalization.response.BLOCK = kept


def test_a_convolution_before_it() -> None:
    """Its output lies in memory with the samples last, and dx goes back to it so."""
    x = np.random.default_rng(0).standard_normal((3, 2, 6, 6))
    models = [
        room.models.Sequential(
            made("conv", room), ROOM[name].LocalResponseNorm(3, alpha=0.5), room.layers.ReLU()
        )
        for name, room in ROOMS.items()
    ]
    ours, theirs = (m.forward(r.number(x)) for m, r in zip(models, ROOMS.values(), strict=True))
    assert relative(ours, theirs.numpy()) < 1e-13
    assert relative(models[0].backward(ours), models[1].backward(theirs).numpy()) < 1e-13
    assert relative(models[0].grad, models[1].grad.numpy()) < 1e-13
