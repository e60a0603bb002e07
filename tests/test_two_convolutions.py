"""The small convolutional network: where each normalization stands, and steps that are counted."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse.problems.two_convolutions import ALEXNET, NORMS, steps_to, two_convolutions

IMAGES = np.random.default_rng(0).uniform(0, 1, (5, 1, 8, 8)).astype(np.float32)


def test_all_start_from_the_same_weights() -> None:
    nets = {norm: two_convolutions(np.random.default_rng(1), norm=norm) for norm in NORMS}
    weights = [p for p in nets["none"].params.values() if p.ndim > 1]
    for net in nets.values():
        others = [p for p in net.params.values() if p.ndim > 1]
        for a, b in zip(weights, others, strict=True):
            np.testing.assert_array_equal(a, b)
        assert net.forward(IMAGES).dtype == np.float32


def test_where_the_normalizations_stand() -> None:
    nets = {norm: two_convolutions(np.random.default_rng(1), norm=norm) for norm in NORMS}
    names = {norm: [type(one).__name__ for one in net.layers] for norm, net in nets.items()}
    assert names["lrn"][:6] == ["Conv2d", "ReLU", "LocalResponseNorm"] * 2
    assert names["batch"][:6] == ["Conv2d", "BatchNorm", "ReLU"] * 2
    assert names["none"][:4] == ["Conv2d", "ReLU"] * 2
    with pytest.raises(ValueError, match="norm must be one of"):
        two_convolutions(np.random.default_rng(1), norm="layer")


def test_alexnets_constants_are_the_papers() -> None:
    """α = 1e-4 times the plain sum of five squares."""
    net = two_convolutions(np.random.default_rng(1), norm="lrn")
    x = np.full((1, 8, 2, 2), 10.0, np.float32)
    inside = net.layers[2].forward(x)[0, 3, 0, 0]
    np.testing.assert_allclose(inside, 10 / (2 + 1e-4 * 5 * 100) ** 0.75, rtol=1e-6)
    assert ALEXNET["alpha"] == 5 * 1e-4


def test_steps_are_counted_from_the_first_epoch_that_is_there() -> None:
    curve = np.array([[0.2, 0.96, 0.1], [0.1, 0.2, 0.95], [0.1, np.nan, 0.94]])
    assert steps_to(curve, 0.95, steps=10).tolist() == [20, 30, 40]
