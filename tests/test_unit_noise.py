"""Noise at the units of networks: dropout, grouped statistics, and networks of few images."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.moving_inputs import unit_digits
from dlcourse.problems.unit_noise import (
    GroupedBatchNorm,
    Silence,
    few_images,
    judged,
    learn_few,
    noisy_mlp,
    settle,
    try_few,
    variance_ratio,
)
from dlcourse.scratch.normalization import BatchNorm


def test_silence_keeps_the_mean_and_silences_the_share() -> None:
    layer, x = Silence(0.3, np.random.default_rng(0)), np.full((2, 500, 100), 2.0)
    y = layer.forward(x, True)
    assert abs((y == 0).mean() - 0.3) < 0.01
    assert abs(y.mean() - 2.0) < 0.02
    np.testing.assert_array_equal(layer.backward(np.ones_like(y)), y / 2.0)
    assert (y[0] != y[1]).any(), "every run draws its own"
    assert layer.forward(x) is x
    np.testing.assert_array_equal(layer.backward(x), x)


def test_groups_are_normalized_as_batches_of_their_own() -> None:
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(2, 2, 12, 5))
    layer = GroupedBatchNorm(5, 4, runs=2)
    layer.params["weight"][...], layer.params["bias"][...] = rng.normal(size=(2, 2, 5))
    y, dx = layer.forward(x, True), layer.backward(dy)
    weight, bias = 0.0, 0.0
    for part in (slice(0, 4), slice(4, 8), slice(8, 12)):
        alone = BatchNorm(5, runs=2)
        for name in ("weight", "bias"):
            alone.params[name][...] = layer.params[name]
        np.testing.assert_allclose(alone.forward(x[:, part], True), y[:, part])
        np.testing.assert_allclose(alone.backward(dy[:, part]), dx[:, part])
        weight, bias = weight + alone.grads["weight"], bias + alone.grads["bias"]
    np.testing.assert_allclose(layer.grads["weight"], weight)
    np.testing.assert_allclose(layer.grads["bias"], bias)
    whole = BatchNorm(5, runs=2)
    assert abs(whole.forward(x, True) - y).max() > 0.1


def test_a_group_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="group must be a divisor of the batch, 9"):
        GroupedBatchNorm(2, 4, runs=1).forward(np.zeros((1, 9, 2)), True)


def test_settled_values_are_those_of_all_images_with_or_without_dropout() -> None:
    x = few_images([0, 1], 40)[0]
    rngs = [np.random.default_rng(i) for i in range(2)]
    net = noisy_mlp(rngs, 2, group=40, p=0.5, sizes=(64, 6, 6, 10))
    settle(net, x)
    norms = [layer for layer in net.layers if isinstance(layer, BatchNorm)]
    quiet = norms[1].running_var.copy()
    np.testing.assert_allclose(net.forward(x, False).shape, (2, 40, 10))
    first = net.layers[0].forward(x)
    np.testing.assert_allclose(norms[0].running_mean, first.mean(axis=-2), rtol=1e-5)
    settle(net, x, training=True)
    assert (norms[1].running_var.mean(axis=-1) > 1.1 * quiet.mean(axis=-1)).all()


def test_seeds_have_images_of_their_own_and_always_the_same() -> None:
    x, y = few_images([3, 4], 30)
    again = few_images([4], 30)
    np.testing.assert_array_equal(x[1], again[0][0])
    np.testing.assert_array_equal(y[1], again[1][0])
    assert (x[0] != x[1]).any()


def test_few_images_are_learned_and_a_run_that_diverges_says_so() -> None:
    net, own = learn_few([0, 1], 0.3, steps=40, images=32, sizes=(64, 16, 10), group=8)
    loss, right = judged(net, own)
    assert (loss < 0.5).all()
    assert (right > 0.9).all()
    lost, own = learn_few([0, 1], 1e6, steps=10, images=32, sizes=(64, 16, 10))
    assert np.isnan(judged(lost, own)[0]).all()


def test_the_rate_is_chosen_by_validation_and_never_one_that_diverged() -> None:
    (one,) = try_few([0, 1], [1e6, 0.3, 1e-4], steps=20, images=32, sizes=(64, 16, 10))
    assert one.best == 1
    np.testing.assert_allclose(one.gap[1], one.test[1] - one.train[1])
    both = {"steps": 20, "images": 32, "group": 32, "p": 0.5}
    quiet, noisy = try_few([0, 1], [0.3], (False, True), **both)
    assert (quiet.test != noisy.test).all()


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_the_ratio_of_variances_is_what_dropout_does(p: float) -> None:
    rng = np.random.default_rng(2)
    x = np.maximum(rng.normal(size=(40_000, 20)), 0)
    layer, w = Silence(p, rng), rng.normal(size=(20, 30))
    trained, used = (layer.forward(x, mode) @ w for mode in (True, False))
    found = (used.var(axis=0) / trained.var(axis=0)).mean()
    assert abs(found / variance_ratio(x, p) - 1) < 0.02
    assert abs(found - (1 - p)) > 0.02, "ReLUs have a mean"


def test_validation_data_are_not_the_test_data() -> None:
    _, val, test = unit_digits()
    assert len(val[0]) != len(test[0])
