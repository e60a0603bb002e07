"""Training, validation and samples of one, with a model that has running values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import ROOMS
from numpy.testing import assert_array_equal
from test_buffers import nested, numbers, rooms, used

from dlcourse.scratch.landscape import per_sample_gradients
from dlcourse.scratch.losses import MSE
from dlcourse.training import evaluate, fit, loop, steps
from dlcourse.training.loop import as_numpy
from dlcourse.training.observed import largest_curvature
from dlcourse.training.watched import FileOrder


def regression(n: int = 24) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(9).standard_normal((n, 3)) + 1
    return x, np.sin(x[:, :2])


def fitted(room: str = "scratch", runs: int | None = 5, **plan: Any) -> Any:
    one, model = ROOMS[room], nested(room, runs)
    data = tuple(map(one.number, regression()))
    plan = {"epochs": 3, "batch_size": 6, "rng": np.random.default_rng(0), **plan}
    sgd = one.optimizers.SGD(model.theta, lr=0.05)
    return model, fit(model, sgd, one.losses.MSE(), data, data, progress=False, **plan)


def test_blocks_of_runs_write_the_whole_models_state(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, history = fitted()
    monkeypatch.setattr(loop, "CACHE_BYTES", 1)
    assert len(loop._parts(nested(runs=5), regression()[0], 6)) == 5
    parts, again = fitted()
    for name, a in parts.state_dict().items():
        np.testing.assert_allclose(a, whole.state_dict()[name], rtol=1e-12)
        assert abs(np.diff(a, axis=0)).max() > 0.01 or "tracked" in name
    assert (parts.buffers["1.num_batches_tracked"] == 12).all()
    np.testing.assert_allclose(again["val_loss"], history["val_loss"], rtol=1e-12)
    twin, twins = fitted("reference")
    for name, a in numbers(twin.state_dict()).items():
        np.testing.assert_allclose(a, whole.state_dict()[name], rtol=1e-10)
    np.testing.assert_allclose(twins["val_loss"], history["val_loss"], rtol=1e-10)
    alone = nested(runs=5).rows(3)
    assert alone.runs is None


def test_validation_uses_the_running_values_and_leaves_them() -> None:
    model, _ = fitted()
    kept, (x, y) = numbers(model.state_dict()), regression()
    found = evaluate(model, MSE(), (x, y))["loss"]
    for name, a in model.state_dict().items():
        assert_array_equal(a, kept[name])
    halves = [evaluate(model, MSE(), (x[i::2], y[i::2]))["loss"] for i in range(2)]
    np.testing.assert_allclose(np.mean(halves, axis=0), found, rtol=1e-12)
    other = [MSE().forward(model.forward(x[i::2], True), y[i::2]) for i in range(2)]
    assert abs(np.mean(other, axis=0) - found).min() > 1e-4, "by its own statistics it would differ"


@rooms
def test_what_is_accumulated_is_seen_batch_by_batch(room: str) -> None:
    """As in PyTorch: one update of the weights, an update of the running values for each batch."""
    model, _ = fitted(room, None, accumulate=2, epochs=1, rng=FileOrder())
    x, theirs = regression()[0], used(nested(room), room, seed=99)
    theirs.load_state_dict(nested(room).state_dict())
    for start in (0, 6):  # the weights stand still for the first two
        theirs.forward(ROOMS[room].number(x[start : start + 6]), training=True)
    one = nested(room)
    sgd = ROOMS[room].optimizers.SGD(one.theta, lr=0.05)
    data = tuple(map(ROOMS[room].number, regression()))
    plan: Any = {"epochs": 1, "batch_size": 6, "accumulate": 2, "rng": FileOrder()}
    for step in steps(one, sgd, ROOMS[room].losses.MSE(), data, **plan):
        if step.t == 1:
            for name, a in numbers(one.buffers).items():
                np.testing.assert_allclose(a, as_numpy(theirs.buffers[name]), rtol=1e-12)
    assert int(model.buffers["1.num_batches_tracked"]) == 4


@rooms
def test_of_a_step_that_is_refused_nothing_remains(room: str) -> None:
    """Nor of the running values, which the forward pass has moved before the loss was known."""
    one, model = ROOMS[room], nested(room)
    sgd = one.optimizers.SGD(model.theta, lr=0.05)
    x, y = regression()
    y[6:] = np.nan
    plan: Any = {"epochs": 1, "batch_size": 6, "rng": FileOrder()}
    walk = steps(model, sgd, one.losses.MSE(), (one.number(x), one.number(y)), **plan)
    next(walk)
    kept = numbers(model.state_dict())
    with pytest.raises(FloatingPointError, match="loss must be finite"):
        next(walk)
    for name, a in numbers(model.state_dict()).items():
        assert_array_equal(a, kept[name], name)
    assert kept["1.num_batches_tracked"] == 1


@rooms
def test_a_run_that_is_lost_stands_still_and_spoils_no_other(room: str) -> None:
    rates = np.array([0.05, 1e200, 0.02])[:, None]
    one, found = ROOMS[room], []
    for which in (slice(None), slice(0, 1), slice(2, 3)):
        lr, first = rates[which], nested("scratch", 3).state_dict()
        model = nested(room, len(lr))
        model.load_state_dict({name: a[which] for name, a in first.items()})
        data = tuple(map(one.number, regression()))
        sgd = one.optimizers.SGD(model.theta, lr=lr)
        rng = [np.random.default_rng(4)] * len(lr)
        plan: Any = {"epochs": 2, "batch_size": 6, "rng": rng, "nonfinite": "freeze"}
        before, lost = {}, 0
        for step in steps(model, sgd, one.losses.MSE(), data, **plan):
            state = numbers(model.state_dict())
            if len(lr) == 3 and np.isnan(step.loss[1]):
                for name, a in state.items():
                    assert_array_equal(a[1], before[name][1], name)
                    assert np.isfinite(a[1]).all()
                lost += 1
            before = state
        assert lost > 3 or len(lr) == 1
        found.append(state)
    for i, alone in ((0, found[1]), (2, found[2])):
        for name, a in found[0].items():
            np.testing.assert_allclose(a[i], alone[name][0], rtol=1e-12)


def test_a_curvature_is_looked_at_and_nothing_is_moved() -> None:
    """The Hessian of a loss through the batch's own statistics; the running ones stand still."""
    model, data, loss = used(nested(runs=2)), regression(8), MSE()
    kept = numbers(model.state_dict())
    found = largest_curvature(model, MSE(), *data, rounds=60)
    for name, a in model.state_dict().items():
        assert_array_equal(a, kept[name], name)
    for run in range(2):
        alone = model.rows(run)
        hessian, theta = np.empty((alone.theta.size,) * 2), alone.theta.copy()
        for i, row in enumerate(1e-4 * np.eye(theta.size)):
            slopes = []
            for sign in (1, -1):
                alone.theta[...] = theta + sign * row
                loss.forward(alone.forward(data[0], True), data[1])
                alone.backward(loss.backward())
                slopes.append(alone.grad.copy())
            hessian[i] = (slopes[0] - slopes[1]) / 2e-4
        alone.theta[...] = theta
        values = np.linalg.eigvalsh((hessian + hessian.T) / 2)
        np.testing.assert_allclose(found[run], values[abs(values).argmax()], rtol=1e-2)


def test_a_model_that_mixes_its_samples_has_no_gradient_of_one() -> None:
    x, y = regression(4)
    with pytest.raises(ValueError, match="more than one value a channel in training"):
        per_sample_gradients(nested(), MSE(), x, y)
