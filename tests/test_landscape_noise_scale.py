"""The noise scale from batches of two sizes: exact in expectation, and true to all samples."""

from __future__ import annotations

import numpy as np
import pytest
from geometric import GEOMETRY, data, mlp, rng, same
from networks import ROOMS

from dlcourse.scratch import landscape


@pytest.mark.parametrize("sizes", [(1, 2), (4, 64)])
def test_expected_lengths_give_back_both(sizes) -> None:
    f = landscape.noise_scale
    squared, variance = np.array([4.0, 0.5]), np.array([3.0, 20.0])
    small, big = (squared + variance / b for b in sizes)
    found = f(small, big, sizes)
    np.testing.assert_allclose(found.squared_norm, squared, rtol=1e-12)
    np.testing.assert_allclose(found.variance, variance, rtol=1e-12)
    np.testing.assert_allclose(found.scale, variance / squared, rtol=1e-12)


def test_batches_tell_what_all_samples_tell() -> None:
    """In units of their own spread over repetitions."""
    f = landscape.noise_of_batches
    model, loss = mlp(), ROOMS["scratch"].losses.SoftmaxCrossEntropy()
    x, y = (a[:4] for a in data())
    whole, n = landscape.gradient_noise(model, loss, x, y), len(x)
    found = [f(model, loss, x, y, (1, 3), rng(s), draws=60) for s in range(60)]
    for name, wanted in (
        ("variance", whole.variance * (n - 1) / n),
        ("squared_norm", whole.mean @ whole.mean),
    ):
        each = np.array([getattr(one, name) for one in found])
        error = each.std(ddof=1) / len(each) ** 0.5
        assert abs(each.mean() - wanted) < 3.5 * error
        assert error < 0.06 * wanted


def test_runs_and_the_model() -> None:
    f = landscape.noise_of_batches
    many, loss = mlp(runs=3), ROOMS["scratch"].losses.SoftmaxCrossEntropy()
    theta, grad = many.theta.copy(), many.grad.copy()
    together = f(many, loss, *data(), (2, 6), [rng(i) for i in range(3)], 5)
    np.testing.assert_array_equal(many.theta, theta)
    np.testing.assert_array_equal(many.grad, grad)
    for i in range(3):
        alone = f(many.rows(i), loss, *data(), (2, 6), rng(i), 5)
        np.testing.assert_allclose(together.variance[i], alone.variance, rtol=1e-10)
        np.testing.assert_allclose(together.scale[i], alone.scale, rtol=1e-8)


@pytest.mark.parametrize("runs", [None, 2])
def test_twin(runs: int | None) -> None:
    def found(room: str):
        loss = ROOMS[room].losses.SoftmaxCrossEntropy()
        return GEOMETRY[room].noise_of_batches(
            mlp(room, runs), loss, *data(room), (2, 5), rng(1), 10
        )

    same(found("scratch"), found("reference"))
