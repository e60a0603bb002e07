"""Each convention of initialization: ours is as PyTorch's, and the other form differs."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy import stats

from dlcourse.scratch.initialization import (
    calculate_gain,
    fan_in_and_fan_out,
    kaiming_normal,
    kaiming_std,
    kaiming_uniform,
    orthogonal,
    truncated_normal,
    xavier_std,
)
from dlcourse.scratch.layers import Linear

EXACT = {"rtol": 1e-12, "atol": 1e-14}


def rng(seed=0):
    return np.random.default_rng(seed)


def test_fans_are_read_from_out_by_in():
    layer = Linear(784, 100, rng=rng(), init=kaiming_normal)
    w = layer.params["weight"]
    assert fan_in_and_fan_out(w.shape) == (784, 100)
    assert fan_in_and_fan_out((32, 16, 3, 3)) == (144, 288)
    assert w.std() == pytest.approx(math.sqrt(2 / 784), rel=0.02)
    read_as_in_by_out = kaiming_std(w.shape[::-1])
    assert_allclose(read_as_in_by_out / kaiming_std(w.shape), 2.8, **EXACT)
    kernel_last = (3, 3, 16, 32)  # as Keras has it: the same numbers are another weight
    assert fan_in_and_fan_out(kernel_last) != (144, 288)


def test_kaiming_normal_is_not_truncated():
    sigma = math.sqrt(2 / 200)
    ours = kaiming_normal((500, 200), rng())
    theirs = torch.nn.init.kaiming_normal_(torch.empty(500, 200), generator=torch.Generator())
    cut = stats.truncnorm(-2, 2)
    keras = cut.rvs((500, 200), random_state=1) * sigma / cut.std()
    assert ours.std() == pytest.approx(sigma, rel=0.01)
    assert keras.std() == pytest.approx(sigma, rel=0.01)
    for w in (ours, theirs.numpy()):
        assert abs(w).max() > 4 * sigma
        assert (abs(w) > 2 * sigma).mean() == pytest.approx(1 / 22, abs=0.005)
    assert abs(keras).max() < 2.28 * sigma


def test_the_default_of_a_linear_layer_is_not_hes():
    ours = Linear(300, 200, rng=rng())
    theirs = torch.nn.Linear(300, 200)
    named = kaiming_uniform((200, 300), rng(), a=math.sqrt(5))
    for w in (ours.params["weight"], theirs.weight.detach().numpy(), named):
        assert 0.99 / math.sqrt(300) < abs(w).max() <= 1.0000001 / math.sqrt(300)
        assert w.var() == pytest.approx(1 / 900, rel=0.03)
    for b in (ours.params["bias"], theirs.bias.detach().numpy()):
        assert 0.9 / math.sqrt(300) < abs(b).max() <= 1.0000001 / math.sqrt(300)
    he = Linear(300, 200, rng=rng(), init=kaiming_uniform)
    assert he.params["weight"].var() == pytest.approx(6 / 900, rel=0.03)
    assert (he.params["bias"] == 0).all()


def test_the_gain_of_tanh_is_five_thirds():
    table = {"linear": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}
    for name, gain in table.items():
        assert_allclose(calculate_gain(name), gain, **EXACT)
        assert_allclose(torch.nn.init.calculate_gain(name), gain, **EXACT)
    shape = (100, 300)
    wide, plain = xavier_std(shape, calculate_gain("tanh")), xavier_std(shape)
    assert_allclose((wide / plain) ** 2, 25 / 9, **EXACT)
    assert calculate_gain("sigmoid") == 1 != 4


def test_a_slope_without_a_leaky_relu_is_refused():
    assert torch.nn.init.calculate_gain("relu", 0.1) == calculate_gain("relu")
    with pytest.raises(ValueError, match="param must be None"):
        calculate_gain("relu", 0.1)
    with pytest.raises(ValueError, match="a must be 0"):
        kaiming_normal((3, 2), rng(), a=0.1, nonlinearity="relu")
    meant = kaiming_std((3, 2), a=0.5)
    assert kaiming_std((3, 2), nonlinearity="relu") / meant == pytest.approx(math.sqrt(1.25))


def test_the_bounds_of_a_truncated_normal_are_absolute():
    def theirs(**law):
        w = torch.empty(300, 200, dtype=torch.float64)
        return torch.nn.init.trunc_normal_(w, generator=torch.Generator(), **law).numpy()

    for w in (truncated_normal((300, 200), rng(), std=0.02), theirs(std=0.02)):
        assert abs(w).max() > 4 * 0.02
        assert w.std() == pytest.approx(0.02, rel=0.01)
    relative = stats.truncnorm(-2, 2, scale=0.02).rvs((300, 200), random_state=1)
    assert abs(relative).max() <= 2 * 0.02
    law = {"mean": 1.0, "std": 1.0, "a": 0.5, "b": 2.5}
    for w in (truncated_normal((300, 200), rng(), **law), theirs(**law)):
        assert 0.5 <= w.min() < 0.51 and 2.49 < w.max() <= 2.5


def test_a_truncated_normal_has_less_than_its_std():
    left = stats.truncnorm(-2, 2).std()
    assert left == pytest.approx(0.880, abs=5e-4)
    assert 1 - left**2 == pytest.approx(0.23, abs=5e-3)
    w = truncated_normal((300, 200), rng())
    assert w.std() == pytest.approx(left, rel=0.01)
    wider = truncated_normal((300, 200), rng(), std=1 / left, a=-2 / left, b=2 / left)
    assert wider.std() == pytest.approx(1.0, rel=0.01)


def test_an_orthogonal_matrix_has_the_signs_of_a_positive_r():
    w, a = orthogonal((4, 4), rng(), runs=1000), rng().normal(size=(1000, 4, 4))
    positive = (w[:, 0, 0] > 0).mean()
    assert 0.4 < positive < 0.6
    assert (np.linalg.qr(a)[0][:, 0, 0] > 0).mean() == 0.0
    assert (np.linalg.svd(a)[0][:, 0, 0] > 0).mean() < 0.35
    r = orthogonal((4, 4), rng(3)).T @ rng(3).normal(size=(4, 4))  # of the matrix it came from
    assert np.abs(np.tril(r, -1)).max() < 1e-12 and (np.diagonal(r) > 0).all()
    seeded, theirs = torch.Generator().manual_seed(0), torch.empty(1000, 4, 4)
    for one in theirs:
        torch.nn.init.orthogonal_(one, generator=seeded)
    assert 0.4 < (theirs[:, 0, 0] > 0).double().mean() < 0.6
