"""Numbers at the edge, nan, ∞ and what overflows: the same in both rooms, and no warning."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from networks import ROOMS

from dlcourse.scratch import layers

INF, NAN = math.inf, math.nan
WINDOWS = [(2, 2, 0), (2, 1, 0), (2, 2, 1), (3, 1, 1), (3, 3, 1), (3, 2, 1), (4, 1, 2), (1, 2, 0)]


def pooled(window: tuple[int, int, int], x: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Output and gradient of both rooms; the cotangent tells the windows apart."""
    found = []
    for room in ROOMS.values():
        layer = room.layers.MaxPool2d(*window)
        y = np.asarray(layer.forward(room.number(x)))
        dx = layer.backward(room.number(np.arange(1.0, y.size + 1).reshape(y.shape)))
        found.append((y, np.asarray(dx)))
    return found


@pytest.mark.parametrize("odd", [[NAN], [-INF], [NAN, -INF], [NAN, INF, -INF]], ids=repr)
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_the_largest_of_odd_numbers_and_its_gradient_are_torchs(window: Any, odd: list) -> None:
    rng = np.random.default_rng(0)
    for share in (0.1, 0.5, 0.9, 1.0):
        x = rng.integers(0, 3, (20, 2, 6, 5)).astype(float)
        where = rng.random(x.shape) < share
        x[where] = rng.choice(odd, where.sum())
        (y, dx), (ty, tdx) = pooled(window, x)
        np.testing.assert_array_equal(y, ty)
        np.testing.assert_array_equal(dx, tdx)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1), (2, 3)], ids=str)
def test_images_smaller_than_their_padded_window_are_pooled_as_torch_does(size: Any) -> None:
    for window in [(5, 1, 2), (5, 2, 2), (4, 3, 2), (3, 1, 1)]:
        x = np.random.default_rng(0).normal(size=(2, 3, *size))
        if min(size) + 2 * window[2] < window[0]:
            continue
        (y, dx), (ty, tdx) = pooled(window, x)
        np.testing.assert_array_equal(y, ty)
        np.testing.assert_array_equal(dx, tdx)


def test_a_nan_in_the_cropped_rest_of_an_image_is_in_no_window() -> None:
    x = np.zeros((1, 1, 3, 3))
    x[..., 2, 2] = NAN
    for y, dx in pooled((2, 2, 0), x):
        assert y.item() == 0 and dx.ravel().tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0]


def test_a_class_that_a_mask_has_ruled_out_costs_nothing() -> None:
    logits, labels = np.array([[0.5, -INF, 2.0], [1.0, 0.0, -INF]]), np.array([2, 0])
    found = []
    for room in ROOMS.values():
        loss = room.losses.SoftmaxCrossEntropy()
        value = loss.forward(room.number(logits), room.number(labels))
        found.append((np.asarray(value), np.asarray(loss.backward())))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14, atol=1e-16)


LARGEST = {"float32": float(np.finfo(np.float32).max), "float64": float(np.finfo(np.float64).max)}


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("kind", LARGEST)
def test_gelu_far_from_zero_is_x_or_zero(kind: str, approximate: str) -> None:
    """Up to ∞, and without a warning; PyTorch's own gradient is nan where x² overflows."""
    far = np.array([39.0, 40.0, 41.0, 1e4, 1e19, 1e20, LARGEST[kind] / 2, LARGEST[kind], INF], kind)
    layer = layers.GELU(approximate)
    for x, y, dx in ((far, far, 1.0), (-far, 0 * np.zeros_like(far), 0.0)):
        found = layer.forward(x)
        assert found.dtype == x.dtype
        np.testing.assert_array_equal(found, y)
        np.testing.assert_array_equal(layer.backward(np.ones_like(x)), np.full_like(x, dx))
    assert np.isnan(layer.forward(np.array([NAN], kind))).all()
    assert np.isnan(layer.backward(np.ones(1, kind))).all()


@pytest.mark.parametrize("approximate", ["none", "tanh"])
@pytest.mark.parametrize("kind", LARGEST)
def test_gelu_up_to_there_is_torchs(kind: str, approximate: str) -> None:
    x = np.concatenate([np.linspace(-45, 45, 901), [-1e4, -1e3, 1e3, 1e4]]).astype(kind)
    both = []
    for room in ROOMS.values():
        layer = room.layers.GELU(approximate)
        y = layer.forward(room.number(x))
        both.append([np.asarray(y), np.asarray(layer.backward(room.number(np.ones_like(x))))])
    for ours, theirs in zip(*both, strict=True):
        tolerance = 32 * float(np.finfo(kind).eps)  # x times the rounding of 1 + tanh
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", LARGEST)
def test_the_normal_distribution_ends_at_zero_and_one(kind: str) -> None:
    far = np.array([40.0, 1e20, LARGEST[kind], INF], kind)
    np.testing.assert_array_equal(layers.normal_cdf(far), np.ones(4))
    np.testing.assert_array_equal(layers.normal_cdf(-far), np.zeros(4))
    near = layers.normal_cdf(np.array([-38.0])).item()  # where PyTorch's is 0 already
    assert near == pytest.approx(math.erfc(38 / math.sqrt(2)) / 2, rel=1e-6) and near > 0


@pytest.mark.parametrize("name", ["ReLU", "LeakyReLU", "Tanh", "Sigmoid"])
@pytest.mark.parametrize("kind", LARGEST)
def test_activations_at_the_edge_are_torchs(kind: str, name: str) -> None:
    x = np.array([LARGEST[kind], -LARGEST[kind], INF, -INF, NAN, 1e-300, 0.0], kind)
    both = []
    for room in ROOMS.values():
        layer = getattr(room.layers, name)()
        y = layer.forward(room.number(x))
        dx = np.asarray(layer.backward(room.number(np.ones_like(x))))
        both.append([np.asarray(y), dx[~np.isnan(x)]])  # the slope at nan is anybody's
    for ours, theirs in zip(*both, strict=True):
        np.testing.assert_array_equal(ours, theirs)
