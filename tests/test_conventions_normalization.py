"""Conventions of batch, group and instance norm: ours, and the other form, which differs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.scratch.layers import Linear
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import (
    BatchNorm,
    InstanceNorm,
    batch_norm,
    batch_statistics,
    group_norm,
)
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import steps
from dlcourse.training.watched import FileOrder


def batch(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape) * 2 + 1


def test_momentum_is_the_weight_of_the_new_batch():
    x, layer = batch(8, 3), BatchNorm(3, momentum=0.1)
    layer.forward(x, training=True)
    mean = x.mean(0)
    assert_allclose(layer.running_mean, 0.9 * 0 + 0.1 * mean, rtol=1e-14)
    other_way_round = 0.1 * 0 + 0.9 * mean
    assert abs(layer.running_mean / other_way_round - 1).min() > 0.8


def test_it_normalizes_by_the_biased_variance_and_remembers_the_unbiased_one():
    x, layer = batch(5, 3), BatchNorm(3, eps=0.0, momentum=1.0)
    y = layer.forward(x, training=True)
    assert_allclose(y.var(0), 1, rtol=1e-12)
    assert_allclose(layer.running_var, x.var(0, ddof=1), rtol=1e-14)
    assert_allclose(layer.forward(x).var(0), 4 / 5, rtol=1e-12)
    theirs = torch.nn.BatchNorm1d(3, momentum=1.0).double()
    theirs(torch.tensor(x))
    assert_allclose(layer.running_var, theirs.running_var, rtol=1e-14)
    assert abs(x.var(0) / layer.running_var - 1).min() > 0.1


def test_epsilon_of_batch_norm_is_added_to_the_variance_inside_the_root():
    x = batch(8, 3)
    y, _ = batch_norm(x, None, None, eps=0.3)
    d = x - x.mean(0)
    assert_allclose(y, d / np.sqrt(x.var(0) + 0.3), rtol=1e-12)
    assert abs(y * (x.std(0) + 0.3) / d - 1).min() > 0.02


def test_without_a_momentum_all_batches_count_alike():
    layer, parts = BatchNorm(3, momentum=None), [batch(8, 3, seed=s) + s for s in range(4)]
    for part in parts:
        layer.forward(part, training=True)
    assert_allclose(layer.running_mean, np.mean([p.mean(0) for p in parts], axis=0), rtol=1e-13)
    found = np.mean([p.var(0, ddof=1) for p in parts], axis=0)
    assert_allclose(layer.running_var, found, rtol=1e-13)
    fading = BatchNorm(3, momentum=0.1)
    for part in parts:
        fading.forward(part, training=True)
    assert abs(fading.running_mean / layer.running_mean - 1).min() > 0.1


def test_a_single_value_of_a_channel_is_refused_in_training():
    for x in (batch(1, 3), batch(1, 3, 1, 1)):
        with pytest.raises(ValueError, match="more than one value a channel in training"):
            BatchNorm(3).forward(x, training=True)
        assert BatchNorm(3).forward(x).shape == x.shape
    assert BatchNorm(3).forward(batch(1, 3, 2, 1), training=True).any()
    y, _ = batch_norm(batch(1, 3), None, np.full(3, 7.0))  # the bare function: nothing is left
    assert_array_equal(y, np.full((1, 3), 7.0))


def test_images_have_one_mean_and_one_variance_a_channel():
    x = batch(4, 3, 5, 2)
    mean, var = batch_statistics(x)
    assert_allclose(mean, x.mean((0, 2, 3)), rtol=1e-13)
    assert_allclose(var, x.var((0, 2, 3)), rtol=1e-13)
    assert x.mean(0).shape == (3, 5, 2), "statistics of each pixel: features of a flat image"
    flat, _ = batch_norm(x.reshape(4, -1), None, None)
    assert abs(flat.reshape(x.shape) - batch_norm(x, None, None)[0]).max() > 0.3


def test_three_axes_are_runs_of_features():
    x = batch(2, 6, 3)
    mean, _ = batch_statistics(x)
    assert_allclose(mean, [x[0].mean(0), x[1].mean(0)], rtol=1e-13)
    theirs = torch.nn.BatchNorm1d(6).double()  # (n, c, l): channels second, as for images
    theirs(torch.tensor(x))
    assert theirs.running_mean.shape == (6,)
    with pytest.raises(ValueError, match=r"x must be shaped \(n, 3\)"):
        BatchNorm(3).forward(x, training=True)


def test_running_values_are_state_and_no_parameters():
    model = Sequential(Linear(3, 2, rng=np.random.default_rng(0)), BatchNorm(2))
    assert model.theta.size == 8 + 4
    assert set(model.buffers) == set(model.state_dict()) - set(model.params)
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    assert list(model.state_dict()) == list(theirs.state_dict())
    x = batch(8, 3)
    model.forward(x, training=True)
    only_theta = Sequential(Linear(3, 2, rng=np.random.default_rng(1)), BatchNorm(2))
    only_theta.theta[...] = model.theta
    assert abs(only_theta.forward(x) - model.forward(x)).max() > 0.01
    only_theta.load_state_dict(model.state_dict())
    assert_array_equal(only_theta.forward(x), model.forward(x))


def test_accumulated_batches_are_normalized_one_by_one():
    x, y = batch(16, 3), batch(16, 2, seed=1)
    found = []
    for size, accumulate in ((8, 2), (16, 1)):
        model = Sequential(Linear(3, 2, rng=np.random.default_rng(0)), BatchNorm(2))
        plan = {"epochs": 1, "batch_size": size, "accumulate": accumulate, "rng": FileOrder()}
        (step,) = steps(model, SGD(model.theta, lr=0.1), MSE(), (x, y), **plan)
        found.append((step.loss, int(model.buffers["1.num_batches_tracked"]), step.samples))
    (small, twice, n), (whole, once, m) = found
    assert (twice, once, n, m) == (2, 1, 16, 16)
    assert abs(small - whole) > 1e-3, "without batch norm these would be equal"


def test_neighbouring_channels_are_a_group():
    x = batch(5, 6)
    y, _ = group_norm(x, None, None, 2, eps=0.0)
    for part in (y[:, :3], y[:, 3:]):
        assert_allclose(part.mean(1), 0, atol=1e-12)
        assert_allclose(part.var(1), 1, rtol=1e-12)
    assert abs(y[:, ::2].mean(1)).max() > 0.1, "every other channel"


def test_instance_norm_has_no_parameters_and_no_running_values_unless_asked():
    layer, x = InstanceNorm(3), batch(4, 3, 2, 2)
    assert layer.params == layer.buffers == {}
    assert_array_equal(layer.forward(x, training=True), layer.forward(x))
    assert set(InstanceNorm(3, affine=True).params) == {"weight", "bias"}
    tracking = torch.nn.InstanceNorm2d(3, track_running_stats=True).double()
    tracking(torch.tensor(x))
    assert abs(layer.forward(x) - tracking.eval()(torch.tensor(x)).numpy()).max() > 0.3
