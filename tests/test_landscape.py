"""Per-sample gradients and their noise: equal to torch.func, and true to the theory of batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dlcourse.reference import landscape as twin
from dlcourse.reference import losses as twin_losses
from dlcourse.reference import models as twin_models
from dlcourse.scratch import landscape, losses, models
from dlcourse.scratch.landscape import noise as noise_module


def problem(room: str = "scratch"):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((24, 5)), rng.integers(0, 3, 24)
    if room == "scratch":
        return (
            models.MLP([5, 4, 3], np.random.default_rng(0), "tanh"),
            losses.SoftmaxCrossEntropy(),
            x,
            y,
        )
    model = twin_models.MLP([5, 4, 3], np.random.default_rng(0), "tanh")
    return model, twin_losses.SoftmaxCrossEntropy(), torch.tensor(x), torch.tensor(y)


def test_per_sample_gradients_equal_torch_and_average_to_the_gradient() -> None:
    model, loss, x, y = problem()
    ours = landscape.per_sample_gradients(model, loss, x, y)
    theirs = twin.per_sample_gradients(*problem("reference"))
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)
    loss.forward(model.forward(x), y)
    model.backward(loss.backward())
    np.testing.assert_allclose(ours.mean(0), model.grad, atol=1e-14)


def test_blocks_of_samples_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = landscape.per_sample_gradients(*problem())
    monkeypatch.setattr(noise_module, "BLOCK", 1)
    np.testing.assert_allclose(landscape.per_sample_gradients(*problem()), whole, atol=1e-15)


def test_noise_equals_torch() -> None:
    ours, theirs = landscape.gradient_noise(*problem()), twin.gradient_noise(*problem("reference"))
    np.testing.assert_allclose(ours.mean, theirs.mean.numpy(), atol=1e-13)
    assert ours.variance == pytest.approx(theirs.variance, rel=1e-12)
    assert ours.scale == pytest.approx(theirs.scale, rel=1e-12)


def batch_variance(gradients: np.ndarray, size: int, draws: int = 40_000) -> float:
    rng = np.random.default_rng(2)
    batches = gradients[rng.integers(0, len(gradients), (draws, size))].mean(1)
    return float(np.square(batches - gradients.mean(0)).sum(-1).mean())


@pytest.mark.parametrize("size", [1, 4, 16])
def test_variance_of_a_batch_drawn_with_replacement_is_a_bth(size: int) -> None:
    model, loss, x, y = problem()
    gradients = landscape.per_sample_gradients(model, loss, x, y)
    n = len(x)
    population = landscape.gradient_noise(model, loss, x, y).variance * (n - 1) / n
    assert batch_variance(gradients, size) == pytest.approx(population / size, rel=0.03)
    with pytest.raises(AssertionError):  # planted: the biased divisor and the root law are noticed
        assert batch_variance(gradients, size) == pytest.approx(population / (size + 1), rel=0.03)


def test_identical_samples_have_no_noise() -> None:
    model, loss, x, y = problem()
    noise = landscape.gradient_noise(model, loss, np.repeat(x[:1], 6, 0), np.repeat(y[:1], 6))
    assert noise.variance < 1e-28
    assert noise.scale < 1e-25


def test_bad_input() -> None:
    _, loss, x, y = problem()
    many = models.MLP([5, 3], np.random.default_rng(0), runs=2)
    with pytest.raises(ValueError, match="model must be without a runs axis; got '2 runs'"):
        landscape.gradient_noise(many, loss, x, y)
    one = models.MLP([5, 3], np.random.default_rng(0))
    with pytest.raises(ValueError, match="x must be at least two samples; got 1"):
        landscape.gradient_noise(one, loss, x[:1], y[:1])
    with pytest.raises(ValueError, match="as many targets as samples"):
        landscape.gradient_noise(one, loss, x, y[:3])
