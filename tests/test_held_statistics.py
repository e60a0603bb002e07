"""The controls of the lesson on batch normalization: each changes the one thing it is named for."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.held_statistics import (
    BlindNorm,
    HeldNorm,
    scale_of,
    signals,
    size_of,
    skewness,
)
from dlcourse.problems.normalized import normed_mlp
from dlcourse.scratch.normalization import BatchNorm

RNG = np.random.default_rng(4)
FIRST, SECOND = (RNG.normal(size=(3, 12, 5)) * s + m for s, m in ((2.0, 1.0), (0.5, -3.0)))
DY = RNG.normal(size=FIRST.shape)


def made(kind):
    layer = kind(5, runs=3)
    layer.params["weight"][...] = RNG.uniform(0.5, 2, size=(3, 5))
    return layer


def alike(kind):
    """A batch normalization and one of the other kind with the same γ and β."""
    one, two = made(BatchNorm), made(kind)
    two.params["weight"][...] = one.params["weight"]
    return one, two


def test_held_is_batch_normalization_on_the_first_batch_and_not_on_the_second():
    usual, held = alike(HeldNorm)
    np.testing.assert_allclose(held.forward(FIRST, True), usual.forward(FIRST, True), atol=1e-12)
    expected = (
        (SECOND - FIRST.mean(1, keepdims=True))
        / np.sqrt(FIRST.var(1, keepdims=True) + 1e-5)
        * held.params["weight"][:, None]
    )
    np.testing.assert_allclose(held.forward(SECOND, True), expected, atol=1e-12)
    np.testing.assert_allclose(held.forward(SECOND, False), expected, atol=1e-12)
    assert abs(usual.forward(SECOND, True) - expected).max() > 0.5


def test_held_statistics_are_kept_by_the_parts_of_a_model():
    net = normed_mlp([5, 4, 2], [np.random.default_rng(i) for i in range(3)], HeldNorm, runs=3)
    net.rows(slice(0, 2)).forward(FIRST[:2], True)
    again = net.rows(slice(0, 2))
    before = net.buffers["1.running_mean"].copy()
    again.forward(SECOND[:2], True)
    np.testing.assert_array_equal(net.buffers["1.running_mean"], before)
    assert abs(before[:2]).min() > 0 and not before[2].any()


def test_blind_differs_from_batch_normalization_on_the_way_back_alone():
    usual, blind = alike(BlindNorm)
    np.testing.assert_array_equal(blind.forward(FIRST, True), usual.forward(FIRST, True))
    np.testing.assert_array_equal(blind.running_var, usual.running_var)
    right, wrong = usual.backward(DY), blind.backward(DY)
    for name in ("weight", "bias"):
        np.testing.assert_allclose(blind.grads[name], usual.grads[name], atol=1e-12)
    std = np.sqrt(FIRST.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(wrong, DY * blind.params["weight"][:, None] / std, atol=1e-12)
    assert abs(right.sum(axis=1)).max() < 1e-12 < 0.1 < abs(wrong.sum(axis=1)).max()
    np.testing.assert_array_equal(blind.forward(FIRST, False), usual.forward(FIRST, False))


def test_sizes_count_the_hidden_linear_layers_and_nothing_else():
    rngs = [np.random.default_rng(i) for i in range(2)]
    net = normed_mlp([3, 4, 4, 2], rngs, runs=2)
    p = net.params
    hidden = np.sqrt((p["0.weight"] ** 2).sum((1, 2)) + (p["3.weight"] ** 2).sum((1, 2)))
    np.testing.assert_allclose(size_of(net, "weight"), hidden)
    p["6.weight"][...], p["6.bias"][...], p["1.weight"][...] = 9.0, 9.0, -3.0
    np.testing.assert_allclose(size_of(net, "weight"), hidden)
    assert (size_of(net, "bias") < 9).all()
    np.testing.assert_allclose(scale_of(net), [2.0, 2.0])  # half are 1, half -3


def test_skewness_is_that_of_each_column_and_ignores_units():
    x = np.stack([RNG.exponential(size=4_000), RNG.normal(size=4_000)], axis=1)
    found = skewness(x)
    assert found[0] == pytest.approx(2, abs=0.4) and abs(found[1]) < 0.15
    np.testing.assert_allclose(skewness(-3 * x + 7), -found, atol=1e-10)
    assert skewness(np.ones((4, 1)))[0] == 0


def test_signals_are_the_layers_outputs_in_training():
    net = normed_mlp([5, 4, 2], [np.random.default_rng(i) for i in range(3)], runs=3)
    linear, normed, active, out = signals(net, FIRST)
    assert abs(normed.mean(axis=1)).max() < 1e-12 < abs(linear.mean(axis=1)).max()
    np.testing.assert_array_equal(active, np.maximum(normed, 0))
    np.testing.assert_array_equal(out, net.forward(FIRST, True))


def test_a_model_without_scales_has_scales_of_one():
    rngs = [np.random.default_rng(i) for i in range(2)]
    for settings in ({"norm": "none"}, {"affine": False}):
        np.testing.assert_array_equal(scale_of(normed_mlp([3, 4, 2], rngs, runs=2, **settings)), 1)
