"""Several batches make one update, clipped by run, without the gradient of the inputs."""

from __future__ import annotations

import numpy as np
import pytest

from dlcourse import training
from dlcourse.scratch.landscape import per_sample_gradients
from dlcourse.scratch.layers import dense
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import loop


def toy(n: int = 10, runs: int | None = None) -> tuple[MLP, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return MLP([3, 4, 2], rng, runs=runs), (rng.standard_normal((n, 3)), rng.integers(0, 2, n))


def trained(batch_size: int, accumulate: int, **kwargs: object) -> np.ndarray:
    model, train = toy(22, runs=3)
    plan = {"epochs": 3, "batch_size": batch_size, "rng": np.random.default_rng(5)}
    fit = training.fit(
        model,
        SGD(model.theta, lr=0.3, momentum=0.9),
        SoftmaxCrossEntropy(),
        train,
        accumulate=accumulate,
        progress=False,
        **plan | kwargs,
    )
    assert fit["train_loss"].shape == (3, 3)
    return model.theta


@pytest.mark.parametrize(("small", "accumulate"), [(4, 2), (3, 4), (5, 3), (1, 8)])
def test_accumulated_batches_are_one_large_batch(small: int, accumulate: int) -> None:
    """22 samples: the last update is short, and its batches have unequal sizes."""
    np.testing.assert_allclose(
        trained(small, accumulate), trained(small * accumulate, 1), rtol=1e-10, atol=1e-14
    )


def test_batches_averaged_without_their_sizes_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = trained(8, 1)

    def unweighted(part, loss, data, batches):
        (x, y), total = data, 0.0
        for batch in batches:
            value = loss.forward(part.forward(x[batch], True), y[batch])
            part.backward(loss.backward())
            total = total + part.grad / len(batches)
        part.grad[...] = total
        return value

    monkeypatch.setattr(loop, "_gradient", unweighted)
    assert np.abs(trained(4, 2) - right).max() > 1e-4


def test_max_norm_clips_each_run_alone() -> None:
    model, (x, y) = toy(8, runs=3)
    model.theta[1] *= 50  # one wild run must not shorten the steps of the others
    loss = SoftmaxCrossEntropy()
    loss.forward(model.forward(x), y)
    model.backward(loss.backward())
    grad, before = model.grad.copy(), model.theta.copy()
    norm = np.linalg.norm(grad, axis=-1)
    limit = float(np.sort(norm)[1:].mean())
    plan = {"epochs": 1, "batch_size": 8, "rng": np.random.default_rng(0), "max_norm": limit}
    (step,) = training.steps(model, SGD(model.theta, lr=1.0), loss, (x, y), **plan)
    moved = np.linalg.norm(before - model.theta, axis=-1)
    np.testing.assert_allclose(step.grad_norm, norm, rtol=1e-10)
    np.testing.assert_allclose(moved, np.minimum(norm, limit), rtol=1e-5)
    assert (norm > limit).any()
    assert (norm < limit).any()


def test_training_and_single_gradients_do_without_the_gradient_of_the_inputs(monkeypatch) -> None:
    wanted, whole = [], dense.linear_backward

    def spying(dy, cache, input_grad=True, out=None):
        wanted.append(input_grad)
        return whole(dy, cache, input_grad, out)

    monkeypatch.setattr(dense, "linear_backward", spying)
    model, (x, y) = toy(8)
    depth, loss = sum(bool(layer.params) for layer in model.layers), SoftmaxCrossEntropy()
    plan = {"epochs": 1, "batch_size": 8, "rng": np.random.default_rng(0)}
    list(training.steps(model, SGD(model.theta, lr=0.1), loss, (x, y), **plan))
    per_sample_gradients(model, loss, x, y)
    assert depth > 1 and wanted == ([True] * (depth - 1) + [False]) * 2
