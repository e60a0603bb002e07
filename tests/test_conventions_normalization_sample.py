"""Conventions of norms of a sample: ours, and the other form, which differs."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.scratch.layers import Linear
from dlcourse.scratch.models import Residual
from dlcourse.scratch.normalization import (
    Gate,
    LayerNorm,
    RMSNorm,
    group_norm,
    layer_norm,
    layer_norm_rnn,
    rms_norm,
)


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_the_variance_of_features_divides_by_d():
    x = drawn(5, 16)
    ours = LayerNorm(16, eps=0.0).forward(x)
    assert_allclose(ours.std(-1), 1, rtol=1e-13)
    t = torch.tensor(x)
    other = ((t - t.mean(-1, keepdim=True)) / t.std(-1, keepdim=True)).numpy()
    assert_allclose(ours / other, np.sqrt(16 / 15), rtol=1e-12)
    assert np.sqrt(16 / 15) - 1 == pytest.approx(0.03, abs=0.003)


def test_epsilon_of_layer_norm_is_inside_the_root():
    assert LayerNorm(3).eps == torch.nn.LayerNorm(3).eps == 1e-5
    x = 1e-4 * drawn(5, 16)
    ours, _ = layer_norm(x, None, None)
    assert_allclose(ours, torch.nn.LayerNorm(16).double()(torch.tensor(x)).detach(), rtol=1e-12)
    centered = x - x.mean(-1, keepdims=True)
    assert_allclose(ours, centered / np.sqrt(x.var(-1, keepdims=True) + 1e-5), rtol=1e-12)
    outside = centered / (x.std(-1, keepdims=True) + 1e-6)
    assert abs(outside).mean() / abs(ours).mean() > 30


def test_epsilon_of_rms_norm_is_that_of_the_precision():
    assert RMSNorm(3).eps is torch.nn.RMSNorm(3).eps is None
    x = (1e-4 * drawn(5, 16)).astype(np.float32)
    ours, _ = rms_norm(x, None)
    assert_allclose(ours, torch.nn.RMSNorm(16)(torch.tensor(x)).detach(), rtol=1e-5)
    square = (x.astype(float) ** 2).mean(-1, keepdims=True)
    assert_allclose(ours, x / np.sqrt(square + 2.0**-23), rtol=1e-5)
    assert_allclose(ours, rms_norm(x, None, 2.0**-23)[0], rtol=1e-6)
    of_its_authors, of_language_models = x / (np.sqrt(square) + 1e-8), x / np.sqrt(square + 1e-5)
    assert abs(of_its_authors / ours).min() > 2 < abs(ours / of_language_models).min()
    exact, _ = rms_norm(x.astype(float), None)
    assert_allclose(exact, x / np.sqrt(square + 2.0**-52), rtol=1e-12)


def test_rms_norm_leaves_the_mean():
    x = drawn(5, 16) + 2
    ours, _ = rms_norm(x, None)
    assert_allclose(ours, torch.nn.functional.rms_norm(torch.tensor(x), (16,)), rtol=1e-12)
    assert ours.mean(-1).min() > 0.7
    assert list(RMSNorm(16).params) == ["weight"]
    centered, _ = rms_norm(x - x.mean(-1, keepdims=True), None)
    assert_allclose(centered, layer_norm(x, None, None, 2.0**-52)[0], rtol=1e-11)
    assert abs(centered - ours).mean() > 0.5


def test_layer_norm_is_of_a_token_and_not_of_its_sequence():
    x = drawn(2, 7, 16)
    later = x.copy()
    later[:, 6] += 3 * drawn(2, 16, seed=1)
    ours, moved = (layer_norm(a, None, None)[0] for a in (x, later))
    assert_array_equal(moved[:, :6], ours[:, :6])
    assert_allclose((ours**2).mean(-1), 1, rtol=1e-4)
    whole, moved = (layer_norm(a, None, None, axes=2)[0] for a in (x, later))
    assert abs(moved[:, :6] - whole[:, :6]).max() > 0.1
    one_group = torch.nn.functional.group_norm(torch.tensor(x), 1)
    assert_allclose(whole, one_group, rtol=1e-10, atol=1e-12)


def test_gamma_and_beta_are_one_an_element():
    x = drawn(2, 3, 4, 5)
    layer = LayerNorm((3, 4, 5))
    assert layer.shapes == {"weight": (3, 4, 5), "bias": (3, 4, 5)}
    theirs = torch.nn.LayerNorm((3, 4, 5))
    assert {k: tuple(p.shape) for k, p in theirs.state_dict().items()} == layer.shapes
    of_channels = drawn(2, 3, seed=1)
    by_channel, _ = group_norm(x, *of_channels, 1)
    spread = (np.broadcast_to(p[:, None, None], (3, 4, 5)) for p in of_channels)
    assert_allclose(by_channel, layer_norm(x, *spread, axes=3)[0], rtol=1e-12)
    layer.params["weight"][0, 1, 2] = 2.0
    changed = layer.forward(x) != LayerNorm((3, 4, 5)).forward(x)
    assert changed.sum() == 2, "one number in each image"


def test_a_recurrent_network_normalizes_the_sum_of_both_products():
    x, w, u = drawn(5, 1, 4), drawn(6, 4, seed=1), drawn(6, 6, seed=2)
    bias, gain, h = drawn(6, seed=3), drawn(6, seed=4), np.tanh(drawn(5, 6, seed=5))
    ours = layer_norm_rnn(x, w, u, bias, gain, h, eps=0.0)[0][:, 0]
    one, two = x[:, 0] @ w.T, h @ u.T
    norm = lambda a: (a - a.mean(-1, keepdims=True)) / a.std(-1, keepdims=True)  # noqa: E731
    assert_allclose(ours, np.tanh(gain * norm(one + two) + bias), rtol=1e-12)
    assert abs(ours - np.tanh(gain * (norm(one) + norm(two)) + bias)).max() > 0.1
    assert abs(ours - np.tanh(norm(gain * (one + two) + bias))).max() > 0.1
    larger = layer_norm_rnn(x, w, 3 * u, bias, gain, h, eps=0.0)[0][:, 0]
    assert abs(larger - ours).max() > 0.1, "and two norms would not see it"


def test_a_gate_starts_shut():
    assert Gate().params["alpha"].tolist() == [0.0]
    x, dy = drawn(2, 5, 4)
    for start, moves in ((0.0, False), (1e-4, True)):
        block = Residual(Linear(4, 4, rng=np.random.default_rng(1)), Gate(start))
        y = block.forward(x)
        assert (y != x).any() == moves
        block.backward(dy)
        assert block.grads["0.weight"].any() == moves
        assert block.grads["1.alpha"].any()
