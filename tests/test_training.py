"""The loop: every sample once an epoch, losses from before the update, callbacks and a bar."""

from __future__ import annotations

import io

import numpy as np
import pytest

from dlcourse import training
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD
from dlcourse.training import progress as bars


def toy(n: int = 10, runs: int | None = None) -> tuple[MLP, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    return MLP([3, 4, 2], rng, runs=runs), (rng.standard_normal((n, 3)), rng.integers(0, 2, n))


def test_steps_counts_samples_and_uses_the_short_last_batch() -> None:
    model, train = toy(10)
    made = list(
        training.steps(
            model,
            SGD(model.theta),
            SoftmaxCrossEntropy(),
            train,
            epochs=2,
            batch_size=4,
            rng=np.random.default_rng(1),
        )
    )
    assert [s.t for s in made] == [1, 2, 3, 4, 5, 6]
    assert [s.epoch for s in made] == [0, 0, 0, 1, 1, 1]
    assert [s.samples for s in made] == [4, 4, 2, 4, 4, 2]
    assert all(np.shape(s.loss) == np.shape(s.grad_norm) == () for s in made)


def test_every_sample_is_seen_once_an_epoch_in_a_new_order() -> None:
    model, (x, y) = toy(10)
    seen: list[np.ndarray] = []
    forward = model.forward
    model.forward = lambda batch, training=False: seen.append(batch) or forward(batch, training)  # type: ignore[method-assign, func-returns-value]
    plan = {"epochs": 2, "batch_size": 4, "rng": np.random.default_rng(1)}
    list(training.steps(model, SGD(model.theta), SoftmaxCrossEntropy(), (x, y), **plan))
    first, second = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    np.testing.assert_array_equal(np.sort(first, 0), np.sort(x, 0))
    assert (first != second).any()


def test_the_loss_reported_is_the_one_before_the_update() -> None:
    model, train = toy(8)
    loss = SoftmaxCrossEntropy()
    expected = loss.forward(model.forward(train[0]), train[1])
    step = next(
        training.steps(
            model,
            SGD(model.theta, lr=0.5),
            loss,
            train,
            epochs=1,
            batch_size=8,
            rng=np.random.default_rng(0),
        )
    )
    assert step.loss == pytest.approx(expected, rel=1e-12)
    assert loss.forward(model.forward(train[0]), train[1]) < expected


def test_callbacks_see_every_epoch_and_may_end_the_training() -> None:
    model, train = toy()
    seen: list[int] = []

    def stop_after_two(state: training.Epoch) -> bool:
        seen.append(state.epoch)
        assert state.history["train_loss"].shape == (state.epoch + 1,)
        assert state.t == 2 * (state.epoch + 1)
        return state.epoch == 1

    plan = {"epochs": 9, "batch_size": 5, "rng": np.random.default_rng(0), "progress": False}
    history = training.fit(
        model,
        SGD(model.theta),
        SoftmaxCrossEntropy(),
        train,
        callbacks=[stop_after_two, lambda state: None],
        **plan,
    )
    assert seen == [0, 1]
    assert history["train_loss"].shape == (2,)
    assert "val_loss" not in history


def test_a_bar_shows_the_steps_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = io.StringIO()
    at_once = {"file": drawn, "delay": 0.0, "mininterval": 0.0}
    real = bars.tqdm
    monkeypatch.setattr(bars, "tqdm", lambda **settings: real(**settings | at_once))
    model, train = toy(10)
    plan = {"epochs": 3, "batch_size": 4}

    def fit(progress: bool) -> str:
        drawn.seek(0)
        drawn.truncate()
        rng = np.random.default_rng(0)
        sgd, loss = SGD(model.theta), SoftmaxCrossEntropy()
        training.fit(model, sgd, loss, train, **plan, rng=rng, progress=progress)
        return drawn.getvalue()

    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    shown = fit(True)
    assert "9/9" in shown, "three steps an epoch: the short last batch is one too"
    assert shown.endswith("\r")
    assert shown.split("\r")[-2].strip() == "", "the bar wipes itself out"
    assert fit(False) == ""
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert fit(True) == ""
    monkeypatch.delenv("TQDM_DISABLE")
    monkeypatch.setattr(bars, "tqdm", None)  # not installed
    assert fit(True) == ""


def test_an_epoch_is_the_mean_over_its_samples() -> None:
    """Not over its batches: the last, shorter one counts less."""
    (model, train), (again, _) = toy(10), toy(10)
    plan = {"epochs": 1, "batch_size": 4}
    made = list(
        training.steps(
            model,
            SGD(model.theta, lr=0.5),
            SoftmaxCrossEntropy(),
            train,
            rng=np.random.default_rng(1),
            **plan,
        )
    )
    history = training.fit(
        again,
        SGD(again.theta, lr=0.5),
        SoftmaxCrossEntropy(),
        train,
        rng=np.random.default_rng(1),
        progress=False,
        **plan,
    )
    for name, column in (("loss", "train_loss"), ("grad_norm", "grad_norm")):
        values = np.array([getattr(step, name) for step in made])
        assert history[column][0] == pytest.approx(values @ [0.4, 0.4, 0.2], rel=1e-12)
        assert history[column][0] != pytest.approx(values.mean(), rel=1e-3)


def test_layers_are_told_whether_they_train() -> None:
    model, train = toy(10)
    told: list[bool] = []
    forward = model.forward
    model.forward = lambda x, training=False: told.append(training) or forward(x, training)  # type: ignore[method-assign, func-returns-value]
    plan = {"epochs": 1, "batch_size": 5, "rng": np.random.default_rng(0), "progress": False}
    training.fit(model, SGD(model.theta), SoftmaxCrossEntropy(), train, train, **plan)
    assert told == [True, True, False]
