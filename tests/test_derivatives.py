"""Derivatives of a layer: of a linear one its matrix, of all of them differences."""

from __future__ import annotations

import numpy as np

from dlcourse.problems.derivatives import derivatives
from dlcourse.scratch.layers import Linear, MaxPool2d
from dlcourse.scratch.normalization import LocalResponseNorm


def test_of_a_linear_layer_they_are_its_weights() -> None:
    layer, x = Linear(3, 2, rng=np.random.default_rng(0)), np.ones((4, 3))
    found = derivatives(layer, x)
    assert found.shape == (4, 2, 4, 3)
    for i in range(4):
        np.testing.assert_allclose(found[i, :, i], layer.params["weight"])
        assert not found[i, :, (i + 1) % 4].any()


def test_they_are_differences() -> None:
    rng = np.random.default_rng(1)
    for layer in (LocalResponseNorm(3, alpha=2.0), MaxPool2d(2)):
        x = rng.standard_normal((2, 3, 2, 2))
        found, h = derivatives(layer, x), 1e-6
        step = np.zeros_like(x)
        step[1, 2, 0, 1] = h
        rise = (layer.forward(x + step) - layer.forward(x - step)) / (2 * h)
        np.testing.assert_allclose(found[..., 1, 2, 0, 1], rise, atol=1e-8)
        assert found.any()
