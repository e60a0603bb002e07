"""The convolutional network of the lesson on axes: what each choice of axes makes of its images."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from dlcourse.problems.normed_images import (
    NORMS,
    InParts,
    Places,
    by_light,
    normed_cnn,
    rates_of,
    wrong,
)
from dlcourse.scratch.layers import Linear
from dlcourse.scratch.models import Sequential
from dlcourse.scratch.normalization import BatchNorm


def images(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((n, 1, 8, 8))


def network(norm: str, runs: int = 2) -> Sequential:
    rngs = [np.random.default_rng((3, i)) for i in range(runs)]
    return normed_cnn(rngs, runs, norm=norm, dtype=np.float64)


def test_all_norms_begin_with_the_same_weights() -> None:
    drawn = {}
    for norm in NORMS[1:]:
        params = network(norm).params
        drawn[norm] = [p for name, p in params.items() if p[0].ndim in (2, 4)]
    for weights in drawn.values():
        for one, other in zip(weights, drawn["batch"], strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("norm", NORMS)
def test_backward_is_the_slope_of_forward(norm: str) -> None:
    net, x = network(norm), images(5)[None].repeat(2, axis=0)
    pull = np.random.default_rng(5).normal(size=(2, 5, 10))
    way = np.random.default_rng(6).normal(size=net.theta.shape)

    def value(t: float) -> np.ndarray:
        net.theta += t * way
        out = (net.forward(x, True) * pull).sum((1, 2))
        net.theta -= t * way
        return out

    net.forward(x, True)
    net.backward(pull)
    slope = (net.grad * way).sum(1)
    assert (abs(slope) > 1e-3).all()
    np.testing.assert_allclose((value(1e-6) - value(-1e-6)) / 2e-6, slope, rtol=2e-4)


@pytest.mark.parametrize("norm", NORMS)
def test_the_light_matters_to_those_that_look_elsewhere(norm: str) -> None:
    net, x = network(norm), images(6)
    for _ in range(30):  # until the running statistics are those of these images
        net.forward(np.broadcast_to(x, (2, *x.shape)), True)
    day, dusk = (net.forward(np.broadcast_to(s * x, (2, *x.shape))) for s in (1.0, 0.2))
    assert (abs(day - dusk).max() > 0.05) == (norm in ("none", "batch", "place"))


def test_a_place_has_a_statistic_of_its_own() -> None:
    x = images(3)[None].repeat(2, axis=0)
    layer = Places(BatchNorm(64, affine=False, eps=0.0, runs=2))
    y = layer.forward(x, True)
    np.testing.assert_allclose(y.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=1), 1)
    shared = BatchNorm(1, affine=False, eps=0.0, runs=2).forward(x, True)
    assert abs(shared.var(axis=1) - 1).max() > 0.1


def test_in_parts_it_says_what_it_says_at_once() -> None:
    net, x = network("batch"), images(230)
    assert isinstance(net, InParts)
    net.forward(np.broadcast_to(x[:50], (2, *x[:50].shape)), True)
    shared = np.broadcast_to(x, (2, *x.shape))
    np.testing.assert_allclose(net.forward(shared), Sequential.forward(net, shared), atol=1e-12)


def test_wrong_counts_runs_and_those_it_was_asked_for() -> None:
    net, x = network("layer"), images(230)
    read = net.forward(np.broadcast_to(x, (2, *x.shape))).argmax(-1)
    np.testing.assert_array_equal(wrong(net, x, read[0]), [0, (read[0] != read[1]).mean()])
    label = np.where(np.arange(230) % 2, read[0], -1)
    every, second = wrong(net, x, label)[0], wrong(net, x, label, among=slice(None, None, 2))[0]
    assert (every, second) == (0.5, 1.0)


class Epoch:
    def __init__(self, model: Sequential) -> None:
        self.model = model


def test_by_light_takes_the_mode_only_where_it_matters() -> None:
    x, y = images(40), np.arange(40) % 10
    layer = by_light(Epoch(network("layer")), x, y)
    np.testing.assert_array_equal(layer["test_own_error"], layer["test_dim_error"])
    net = network("batch")
    net.forward(np.broadcast_to(x, (2, *x.shape)), True)
    found = by_light(Epoch(net), x, y)
    fresh = network("batch")
    np.testing.assert_array_equal(found["test_own_error"], wrong(fresh, 0.2 * x, y, training=True))
    assert set(found) == {f"test_{k}_error" for k in ("day", "dim", "own", "mixed")}


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="norm must be one of"):
        normed_cnn(np.random.default_rng(0), norm="weight")
    with pytest.raises(ValueError, match="x must be"):
        Places(Linear(4, 4, rng=np.random.default_rng(0))).forward(np.zeros((2, 4)))


@pytest.mark.parametrize(("bias", "sees"), [(False, False), (True, True)])
def test_a_bias_in_front_lets_the_light_through(bias: bool, sees: bool) -> None:
    net = normed_cnn(np.random.default_rng(3), norm="layer", bias=bias, dtype=np.float64)
    x = images(6)
    assert (abs(net.forward(x) - net.forward(0.2 * x)).max() > 0.05) == sees


def test_rates_are_found_whether_they_are_one_or_several() -> None:
    same = SimpleNamespace(axes={"lr": (0.1,)})
    several = SimpleNamespace(axes={"lr": {"a": (0.1,), "b": (0.3,), "c": (0.2,)}})
    assert rates_of(same, "a", "b") == {"a": [0.1], "b": [0.1]}
    assert rates_of(several, "b", "a") == {"b": [0.3], "a": [0.1]}
