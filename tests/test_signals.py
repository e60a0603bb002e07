"""Signals in deep networks: what is measured is what autograd computes, what is predicted comes."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch

from dlcourse.problems import bands, signals
from dlcourse.scratch.initialization import kaiming_normal, normal, xavier_normal
from dlcourse.scratch.layers import LeakyReLU, ReLU, Sigmoid, Tanh

TORCH = {
    "relu": (ReLU(), torch.relu),
    "tanh": (Tanh(), torch.tanh),
    "sigmoid": (Sigmoid(), torch.sigmoid),
    "centered": (signals.CenteredSigmoid(), lambda z: torch.sigmoid(z) - 0.5),
    "leaky": (LeakyReLU(0.2), partial(torch.nn.functional.leaky_relu, negative_slope=0.2)),
}


@pytest.mark.parametrize("name", TORCH)
def test_the_way_there_and_back_is_that_of_autograd(name):
    ours, theirs = TORCH[name]
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape) for shape in ((5, 3), (4, 5), (6, 4))]
    x, dy = rng.normal(size=3), rng.normal(size=6)
    forward, backward, activations = signals.there_and_back(weights, x, dy, ours)
    a, pre, seen = torch.tensor(x), [], []
    for w in weights:
        pre.append((torch.tensor(w) @ a).requires_grad_())
        pre[-1].retain_grad()
        a = theirs(pre[-1])
        seen.append(a)
    a.backward(torch.tensor(dy))
    squares = [float((one.detach() ** 2).mean()) for one in seen]
    np.testing.assert_allclose(forward, squares, rtol=1e-12)
    np.testing.assert_allclose(backward, [float((z.grad**2).mean()) for z in pre], rtol=1e-12)
    for mine, one in zip(activations, seen, strict=True):
        np.testing.assert_allclose(mine, one.detach().numpy(), rtol=1e-12)


def test_means_over_the_normal_distribution():
    for q in (0.01, 1.0, 7.0):
        assert signals.gaussian_mean(lambda z: z**6, q) == pytest.approx(15 * q**3, rel=1e-12)
        assert signals.gaussian_mean(np.abs, q) == pytest.approx(math.sqrt(2 * q / math.pi))
        leaky = signals.second_moment(LeakyReLU(0.3), q)
        assert leaky == pytest.approx((1 + 0.3**2) / 2 * q, rel=1e-12)
        assert signals.squared_slope(LeakyReLU(0.3), q) == pytest.approx((1 + 0.3**2) / 2)
    several = signals.second_moment(Tanh(), np.array([0.5, 2.0]))
    np.testing.assert_allclose(several, [signals.second_moment(Tanh(), q) for q in (0.5, 2.0)])


def test_the_smooth_ones_against_a_rule_of_another_kind():
    x, w = np.polynomial.hermite_e.hermegauss(120)
    w = w / w.sum()
    for act, f in ((Tanh(), np.tanh), (Sigmoid(), lambda z: 1 / (1 + np.exp(-z)))):
        assert signals.second_moment(act, 1.5) == pytest.approx(w @ f(1.5**0.5 * x) ** 2, rel=1e-9)


def test_a_relu_layer_is_its_chi_square_factor():
    """2/n Σ max(ξ, 0)²: drift and variance of its logarithm, drawn a hundred thousand times."""
    n = 40
    ahead, pull, noise, back, sway, echo, both = bands.step(ReLU(), 2**0.5, n, 0.3)
    drawn = np.random.default_rng(1).standard_normal((100_000, n))
    factor = 2 * np.mean(np.maximum(drawn, 0) ** 2, axis=1)
    assert factor.var() == pytest.approx(5 / n, rel=0.02)
    assert np.log(factor).var() == pytest.approx(noise, rel=0.02)
    assert np.log(factor).mean() == pytest.approx(ahead - 0.3, rel=0.02)
    assert noise == pytest.approx(5 / n + 18.5 / n**2) == pytest.approx(echo)
    assert pull == pytest.approx(1) and abs(sway) < 1e-9
    assert back == pytest.approx(ahead - 0.3) and both == pytest.approx(1 / n)
    first_order = -5 / (2 * n)
    assert abs(np.log(factor).mean() / first_order - 1) > 0.03, "the next order would not be seen"


def test_below_and_at_the_edge_of_tanh():
    fading = bands.predict(Tanh(), 0.9, 10**9, 200)[0].middle
    assert np.diff(fading)[-1] == pytest.approx(2 * math.log(0.9), abs=1e-6)
    edge = bands.predict(Tanh(), 1.0, 10**9, 800)[0].middle
    assert np.exp(edge[-1]) * 2 * 800 == pytest.approx(1, rel=0.02)
    assert np.ptp(bands.predict(Tanh(), 5 / 3, 10**9, 200)[0].middle[50:]) < 1e-9


SETTINGS = {
    "relu": (ReLU(), 2**0.5),
    "leaky": (LeakyReLU(0.2), (2 / 1.04) ** 0.5),
    "tanh at the edge": (Tanh(), 1.0),
    "chaotic tanh": (Tanh(), 5 / 3),
    "sigmoid": (Sigmoid(), 2.0),
}


@pytest.fixture(scope="module", params=SETTINGS)
def drawn(request):
    act, gain = SETTINGS[request.param]
    rngs = np.random.default_rng(5).spawn(250)
    ways = signals.measure(act, partial(xavier_normal, gain=gain), [50] * 31, rngs)
    return act, gain, ways


def errors(ways, predicted):
    """Mean and standard deviation of the logarithms in units of those predicted, at both ends."""
    for way, band, end in zip(ways, predicted, (-1, 0), strict=True):
        units = (np.log(way[:, end]) - band.middle[end]) / band.spread[end]
        yield units.mean(), units.std()


def test_networks_are_where_they_are_predicted(drawn):
    act, gain, ways = drawn
    for mean, std in errors(ways, bands.predict(act, gain, 50, 30)):
        assert abs(mean) < 0.3 and 0.85 < std < 1.15


def test_a_wrong_gain_or_width_is_noticed(drawn):
    act, gain, ways = drawn
    wrong = [*errors(ways, bands.predict(act, 1.1 * gain, 50, 30))]
    assert max(abs(mean) for mean, _ in wrong) > 0.6
    assert all(std > 1.2 for _, std in errors(ways, bands.predict(act, gain, 100, 30)))


def test_edges_hold_what_they_say():
    band = bands.Band(np.array([0.0, 2.0]), np.array([1.0, 0.5]))
    values = np.exp(band.middle + band.spread * np.random.default_rng(2).normal(size=(40_000, 2)))
    for share in (0.5, 0.8, 0.99):
        assert band.holds(values, share).mean() == pytest.approx(share, abs=0.01)
    with pytest.raises(ValueError, match=r"share must be in \[0, 1\); got 1"):
        band.edges(1.0)


def test_each_network_is_that_of_its_generator():
    both = signals.measure(ReLU(), kaiming_normal, [20, 30, 10], np.random.default_rng(3).spawn(2))
    alone = np.random.default_rng(3).spawn(2)[1:]
    for one, two in zip(signals.measure(ReLU(), kaiming_normal, [20, 30, 10], alone), both,
                        strict=True):  # fmt: skip
        np.testing.assert_array_equal(one[0], two[1])
        assert one.shape == (1, 2)


def test_saturation_is_a_small_slope():
    rngs = lambda: np.random.default_rng(4).spawn(30)  # noqa: E731
    sizes = [100, 400]
    wide = signals.saturated(Tanh(), partial(normal, std=1.0), sizes, rngs())
    # |z| > arcosh(√10), z ~ N(0, 100)
    far = math.erfc(math.acosh(math.sqrt(10)) / 10 / math.sqrt(2))
    assert wide.mean() == pytest.approx(far, abs=0.02)
    assert not signals.saturated(Tanh(), partial(normal, std=0.01), sizes, rngs()).any()
