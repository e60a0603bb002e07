"""Batch and group norm to the last digit: far from zero, constant, tiny, huge, very many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.scratch import normalization
from dlcourse.scratch.normalization import BatchNorm, core

LAYOUTS = {"features": (64, 3), "images": (4, 3, 5, 7), "runs": (2, 40, 3)}
layouts = pytest.mark.parametrize("layout", LAYOUTS)
kinds = pytest.mark.parametrize("kind", [np.float32, np.float64])


def exact(x: np.ndarray, eps: float) -> np.ndarray:
    """The same in 64 binary digits, from the data as they are: near zero none of them is wasted."""
    axes = core.batch_axes(x)
    x = x.astype(np.longdouble) - np.longdouble(x.flat[0])
    d = x - x.mean(axes, keepdims=True)
    return d / np.sqrt((d * d).mean(axes, keepdims=True) + np.longdouble(eps))


def exact_backward(dy: np.ndarray, x: np.ndarray, eps: float) -> np.ndarray:
    y, axes = exact(x, eps), core.batch_axes(x)
    x, dy = x.astype(np.longdouble), dy.astype(np.longdouble)
    std = np.sqrt(x.var(axes, keepdims=True) + np.longdouble(eps))
    along = (dy * y).mean(axes, keepdims=True)
    return (dy - dy.mean(axes, keepdims=True) - y * along) / std


def off(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference in last digits of numbers of size 1."""
    assert a.dtype in (np.float32, np.float64)
    return float(abs(a - b).max() / np.finfo(a.dtype).eps / max(1, abs(b).max()))


@layouts
@kinds
@pytest.mark.parametrize("place", [0.0, 1.0, 1e3, 1e6])
def test_a_mean_of_a_million_costs_no_digit(place: float, kind: Any, layout: str) -> None:
    """What rounding has left of the noise is normalized as if its mean were 0."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(LAYOUTS[layout]) + place).astype(kind)
    assert np.std(x) > 0.5
    y, cache = normalization.batch_norm(x, None, None)
    assert off(y, exact(x, 1e-5)) < 8
    dy = rng.standard_normal(x.shape).astype(kind)
    dx = normalization.batch_norm_backward(dy, cache)[0]
    assert off(dx, exact_backward(dy, x, 1e-5)) < 8
    own, inv_std, *_, (mean, _) = cache
    assert own.dtype == inv_std.dtype == kind, "the passes over the data are of their precision"
    apart = x.astype(np.longdouble) - np.longdouble(x.flat[0])
    right = apart.mean(core.batch_axes(x)) + np.longdouble(x.flat[0])
    most = max(8 * np.finfo(kind).eps, np.spacing(place))
    assert abs(mean - right).max() < most, "what was rounded off the mean is counted"


def test_the_textbook_variance_would_lose_them_all() -> None:
    x = np.random.default_rng(1).standard_normal((64, 3)) + 1e6
    var = (x * x).mean(0) - x.mean(0) ** 2
    y = (x - x.mean(0)) / np.sqrt(abs(var) + 1e-5)
    assert off(y, exact(x, 1e-5)) > 1e8


@layouts
@kinds
@pytest.mark.parametrize("value", [0.1, -7.3, 1e6 + 1 / 3, 1e-12, 0.0, 3e9])
def test_what_is_constant_becomes_exactly_beta(value: float, kind: Any, layout: str) -> None:
    """Not a rounding error divided by the root of ε, and with it no gradient of γ."""
    shape, bias = LAYOUTS[layout], np.array([0.5, -2.0, 3.0], kind)
    x = np.full(shape, value, kind)
    for eps in (1e-5, 1e-12):
        y, cache = normalization.batch_norm(x, bias + 1, bias, eps)
        beta = bias.reshape(3, *[1] * (len(shape) - 2)) if layout == "images" else bias
        assert_array_equal(y, np.broadcast_to(beta, shape))
        dy = np.random.default_rng(2).standard_normal(shape).astype(kind)
        dx, dweight, _ = normalization.batch_norm_backward(dy, cache)
        assert not dweight.any()
        assert np.isfinite(dx).all()
        if layout != "runs":
            assert not normalization.group_norm(x, None, None, 1, eps)[0].any()


@layouts
def test_an_epsilon_of_1e_minus_12_counts_in_float32(layout: str) -> None:
    rng = np.random.default_rng(3)
    x = (1e-6 * rng.standard_normal(LAYOUTS[layout])).astype(np.float32)
    y, _ = normalization.batch_norm(x, None, None, 1e-12)
    assert off(y, exact(x, 1e-12)) < 8
    assert off(y, exact(x, 0.0)) > 1e6
    g, _ = normalization.group_norm(x, None, None, 3, 1e-12)
    assert np.isfinite(g).all() and g.dtype == np.float32


@layouts
@pytest.mark.parametrize(("kind", "size"), [(np.float32, 1e30), (np.float64, 1e200)])
def test_squares_that_overflow_do_not(kind: Any, size: float, layout: str) -> None:
    """Only the variance itself may be no number of this precision, and then says so."""
    small = np.random.default_rng(4).standard_normal(LAYOUTS[layout])
    x = (size * small).astype(kind)
    y, cache = normalization.batch_norm(x, None, None)
    assert off(y, exact(x, 1e-5)) < 16
    dy = np.random.default_rng(5).standard_normal(x.shape).astype(kind)
    dx = normalization.batch_norm_backward(dy, cache)[0]
    right = normalization.batch_norm_backward(dy, normalization.batch_norm(small, None, None)[1])[0]
    assert_allclose(size * dx.astype(float), right, rtol=1e-3, atol=1e-4)
    *_, (_, var) = cache
    assert np.isinf(var).all() == (kind is np.float64)
    assert_allclose(normalization.group_norm(x, None, None, 3)[0].std(), 1, rtol=0.1) if (
        layout == "images"
    ) else None


@pytest.mark.parametrize(
    "shape", [(200_000, 2), (20_000, 2, 2, 2), (3, 2, 300, 300), (300, 2, 17, 19)]
)
@pytest.mark.parametrize("values", ["equal squares", "noise"])
def test_many_numbers_of_float32_lose_no_digits(shape: tuple, values: str) -> None:
    """Squares that are all alike are the worst there is: each sum is rounded the same way."""
    rng, axes = np.random.default_rng(6), (0, *range(2, len(shape)))
    x = rng.standard_normal(shape) + 3
    if values == "equal squares":
        x = 3 + 0.7 * np.sign(x - 3)
    x = x.astype(np.float32)
    layer = BatchNorm(2, momentum=1.0, dtype=np.float32)
    layer.forward(x, training=True)
    wide = x.astype(np.longdouble)
    n = x.size // 2
    right = wide.var(axes) * n / (n - 1)
    assert abs(layer.running_mean - wide.mean(axes)).max() < 2e-7
    assert abs(layer.running_var / right - 1).max() < 3e-6
    naive = np.cumsum(np.square(wide - wide.mean(axes, keepdims=True)).astype(np.float32)[:, 0])
    if values == "equal squares":  # one after the other, as a loop would
        assert abs(naive[-1] / naive.size / wide.var(axes)[0] - 1) > 1e-4


@pytest.mark.parametrize("shape", [(5, 1), (2, 5, 1), (3, 1, 2, 2), (2, 1, 1, 1)])
def test_one_channel(shape: tuple) -> None:
    x = np.random.default_rng(7).standard_normal(shape)
    y, _ = normalization.batch_norm(x, None, None, 0.0)
    assert_allclose(y.mean(core.batch_axes(x)), 0, atol=1e-15)
    assert_allclose((y**2).mean(core.batch_axes(x)), 1, rtol=1e-13)
    assert y.shape == x.shape
    g, cache = normalization.group_norm(x, np.ones(1), None, 1)
    assert g.shape == x.shape == normalization.group_norm_backward(g, cache)[0].shape
    if x.shape[2:] in ((), (1,), (1, 1)):
        assert not g.any(), "a single value is its own mean"


def test_a_float32_layer_keeps_float32_and_its_count_whole() -> None:
    layer = BatchNorm(3, dtype=np.float32, runs=2)
    x = np.random.default_rng(8).standard_normal((2, 5, 3)).astype(np.float32)
    for training in (True, False):
        y = layer.forward(x, training)
        assert y.dtype == layer.backward(y).dtype == np.float32
    found = {name: a.dtype for name, a in layer.state_dict().items()}
    assert found.pop("num_batches_tracked") == np.int64
    assert set(found.values()) == {np.dtype(np.float32)}


@pytest.mark.parametrize("affine", [True, False])
def test_two_precisions_give_the_wider_one(affine: bool) -> None:
    x = np.random.default_rng(9).standard_normal((5, 3))
    for kind in (BatchNorm, lambda c, **m: normalization.GroupNorm(1, c, **m)):
        for mine, given in ((np.float64, np.float32), (np.float32, np.float64)):
            layer = kind(3, affine=affine, dtype=mine)
            for training in (True, False):
                y = layer.forward(x.astype(given), training)
                wider = given if not (layer.params or layer.buffers) else np.float64
                assert y.dtype == wider
                assert layer.backward(y).dtype == given
