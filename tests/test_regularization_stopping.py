"""Early stopping: which epoch is kept, when a run ends, and that all of its state comes back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from dlcourse import data, training
from dlcourse.lesson import parity
from dlcourse.reference import losses as twin_losses
from dlcourse.reference import models as twin_models
from dlcourse.reference import optimizers as twin_optimizers
from dlcourse.reference import regularization as twins
from dlcourse.scratch import layers, models, normalization, optimizers
from dlcourse.scratch import regularization as room
from dlcourse.scratch.losses import SoftmaxCrossEntropy
from dlcourse.scratch.regularization import EarlyStopping, early_stop

NAN, INF = np.nan, np.inf
CURVES = {
    "a plateau": ([5, 4, 3, 3, 3, 3, 3], 2, 0.0, (4, 2)),
    "never": ([5, 4, 3, 2], 2, 0.0, (3, 3)),
    "a slow decline that never comes back": ([5, 6, 5.5, 5.4, 5.3, 5.2, 5.1], 3, 0.0, (3, 0)),
    "the best epoch after the end": ([3, 4, 4, 1], 2, 0.0, (2, 0)),
    "just in time": ([3, 4, 2, 4, 4], 2, 0.0, (4, 2)),
    "NaN between": ([5, NAN, 4, NAN, NAN, 1], 2, 0.0, (4, 2)),
    "NaN first": ([NAN, 3, 4, 4], 2, 0.0, (3, 1)),
    "NaN alone": ([NAN, NAN, NAN, NAN], 3, 0.0, (2, 0)),
    "infinite at first": ([INF, INF, 5, 4], 2, 0.0, (3, 3)),
    "infinite for long": ([INF, INF, INF, 4], 2, 0.0, (2, 0)),
    "improvements too small to count": ([5, 4.95, 4.92, 4.91, 4.8], 3, 0.1, (3, 0)),
    "improvements that count together": ([5, 4.95, 4.85, 4.8, 4.7], 3, 0.1, (4, 4)),
    "by exactly min_delta": ([4.0, 3.5, 3.0], 1, 0.5, (1, 0)),
    "negative values": ([-1, -2, -1.5, -1.6], 2, 0.0, (3, 1)),
    "the first epoch alone": ([7], 5, 0.0, (0, 0)),
}


@pytest.mark.parametrize("stop", [early_stop, twins.early_stop], ids=["scratch", "twin"])
@pytest.mark.parametrize("name", CURVES)
def test_where_a_curve_ends(name: str, stop) -> None:
    losses, patience, min_delta, expected = CURVES[name]
    assert tuple(map(int, stop(losses, patience, min_delta))) == expected


@pytest.mark.parametrize("name", ["EarlyStopping", "early_stop"])
def test_both_rooms_are_equal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=20)
    assert "within 1e-10" in capsys.readouterr().out


def by_definition(losses: np.ndarray, patience: int, min_delta: float) -> tuple[int, int]:
    """The first epoch that lies ``patience`` behind the last record before it."""
    records, best = [0], losses[0] if losses[0] == losses[0] else INF
    for t in range(1, len(losses)):
        if losses[t] < best - min_delta:
            records.append(t)
            best = losses[t]
    started = -1 if np.isnan(losses[0]) else 0
    ends = [started if r == 0 else r for r in records]
    for this, following in zip(ends, [*ends[1:], 10**9], strict=True):
        if this + patience < min(following, len(losses)):
            return this + patience, max(this, 0)
    return len(losses) - 1, records[-1]


values = st.one_of(st.integers(-3, 6).map(float), st.just(NAN), st.just(INF))


@given(
    st.integers(1, 4).flatmap(
        lambda runs: st.lists(
            st.lists(values, min_size=runs, max_size=runs), min_size=1, max_size=14
        )
    ),
    st.integers(1, 5),
    st.sampled_from([0.0, 0.5, 1.0]),
)
@settings(max_examples=150, deadline=None)
def test_every_run_stops_by_itself(rows, patience: int, min_delta: float) -> None:
    losses = np.array(rows)
    stop, best = early_stop(losses, patience, min_delta)
    assert stop.shape == best.shape == losses.shape[1:]
    for run, curve in enumerate(losses.T):
        expected = by_definition(curve, patience, min_delta)
        assert (stop[run], best[run]) == expected
        assert tuple(map(int, early_stop(curve, patience, min_delta))) == expected


def test_a_run_that_has_stopped_is_frozen() -> None:
    stopping = EarlyStopping(patience=2)
    curves = np.array([[3.0, 4, 4, 0, 0], [5.0, 4, 3, 2, 1], [NAN, NAN, 1, 1, 1]]).T
    answers = []
    for t, value in enumerate(curves):
        answers.append(
            stopping.update(value, np.full((3, 2), float(t)), {"m": np.full((3, 1), -t)})
        )
        if t == 2:
            assert_array_equal(stopping.stopped, [True, False, True])
    assert answers == [False] * 5
    assert_array_equal(stopping.best_epoch, [0, 4, 0])
    assert_array_equal(stopping.stop_epoch, [2, 4, 1])
    assert_array_equal(stopping.best_theta, [[0, 0], [4, 4], [0, 0]])
    assert_array_equal(stopping.best_buffers["m"], [[0], [-4], [0]])
    assert_array_equal(stopping.best_value, [3, 1, INF])


def test_what_is_kept_is_a_copy() -> None:
    theta, mean = np.ones(3), np.ones(2)
    stopping = EarlyStopping(1)
    stopping.update(1.0, theta, {"mean": mean})
    theta += 1
    mean += 1
    assert_array_equal(stopping.best_theta, np.ones(3))
    assert_array_equal(stopping.best_buffers["mean"], np.ones(2))


def digits(samples: int) -> tuple[tuple, tuple]:
    every = data.load("digits")
    noisy = np.random.default_rng(5).integers(0, 10, samples)
    y = np.where(np.random.default_rng(6).random(samples) < 0.4, noisy, every.train[1][:samples])
    return (every.train[0][:samples], y), every.validation


def network(runs: int | None, norm: bool = True) -> models.Sequential:
    rngs = [np.random.default_rng(s) for s in range(runs)] if runs else np.random.default_rng(0)
    parts = [layers.Linear(64, 16, rng=rngs, runs=runs)]
    parts += [normalization.BatchNorm(16, momentum=0.5, runs=runs)] if norm else []
    return models.Sequential(*parts, layers.ReLU(), layers.Linear(16, 10, rng=rngs, runs=runs))


def trained(model, stopping, metric: str = "val_loss", epochs: int = 40):
    """At rates so unlike that the runs over-fit one after the other; labels are wrong in part."""
    lr = np.array([[0.02], [0.005], [0.1]])[: model.runs] if model.runs else 0.02
    train, val = digits(150)
    history = training.fit(
        model, optimizers.Adam(model.theta, lr=lr), SoftmaxCrossEntropy(), train, val,
        epochs=epochs, batch_size=50, rng=np.random.default_rng(1), progress=False,
        callbacks=[stopping.callback(metric)],
    )  # fmt: skip
    return history, training.evaluate(model, SoftmaxCrossEntropy(), val)


@pytest.mark.parametrize("runs", [None, 3])
def test_fit_ends_and_the_best_network_comes_back_with_its_buffers(runs: int | None) -> None:
    stopping = EarlyStopping(patience=4)
    history, after = trained(model := network(runs), stopping)
    losses = history["val_loss"]
    stop, best = early_stop(losses, 4)
    assert_array_equal(stopping.stop_epoch, stop)
    assert_array_equal(stopping.best_epoch, best)
    assert stopping.stopped.all()
    assert len(losses) == np.max(stop) + 1 < 40
    if runs:
        assert len(set(stop.tolist())) == 3, "the runs must stop at different epochs"
    wanted = losses[best] if runs is None else losses[best, np.arange(runs)]
    assert (after["loss"] > wanted).all()
    running = {name: a.copy() for name, a in model.buffers.items()}
    stopping.restore(model)
    again = training.evaluate(model, SoftmaxCrossEntropy(), digits(150)[1])
    assert_array_equal(again["loss"], wanted)
    for name, a in running.items():  # weights alone would not have done
        model.buffers[name][...] = a
    half = training.evaluate(model, SoftmaxCrossEntropy(), digits(150)[1])
    assert (abs(half["loss"] - wanted) > 1e-4).all()


def test_an_accuracy_is_turned_round() -> None:
    stopping = EarlyStopping(patience=3)
    history, _ = trained(network(3), stopping, "val_accuracy")
    _, best = early_stop(-history["val_accuracy"], 3)
    assert_array_equal(stopping.best_epoch, best)
    assert_array_equal(-stopping.best_value, history["val_accuracy"][best, np.arange(3)])
    assert (best > 0).any()


def test_a_run_that_diverges_stops_and_keeps_its_best() -> None:
    stopping, model = EarlyStopping(patience=2), network(2, norm=False)
    train, val = digits(150)

    def rate(t: int) -> np.ndarray:
        return np.array([[0.05], [0.05 if t < 6 else 1e200]])

    history = training.fit(
        model, optimizers.SGD(model.theta, lr=rate),
        SoftmaxCrossEntropy(), train, val, epochs=8, batch_size=50, rng=np.random.default_rng(1),
        progress=False, nonfinite="freeze", callbacks=[stopping.callback()],
    )  # fmt: skip
    assert np.isnan(history["val_loss"][-1]).tolist() == [False, True]
    assert stopping.stopped.tolist() == [False, True]
    assert stopping.best_epoch[1] == 1
    stopping.restore(model)
    assert np.isfinite(model.theta).all()


def test_both_rooms_stop_alike_in_fit() -> None:
    train, val = digits(150)
    found = []
    for side in ("scratch", "reference"):
        rngs = [np.random.default_rng(s) for s in range(2)]
        lr = np.array([[0.03], [0.01]])
        if side == "scratch":
            model: object = models.MLP([64, 16, 10], rngs, runs=2)
            optimizer, loss = optimizers.Adam(model.theta, lr=lr), SoftmaxCrossEntropy()
            sets, stopping = (train, val), room.EarlyStopping(3, 0.01)
        else:
            model = twin_models.MLP([64, 16, 10], rngs, runs=2)
            optimizer = twin_optimizers.Adam(model.theta, lr=lr)
            loss, stopping = twin_losses.SoftmaxCrossEntropy(), twins.EarlyStopping(3, 0.01)
            sets = tuple(tuple(map(torch.tensor, pair)) for pair in (train, val))
        history = training.fit(
            model, optimizer, loss, *sets, epochs=30, batch_size=50, rng=np.random.default_rng(1),
            progress=False, callbacks=[stopping.callback()],
        )  # fmt: skip
        stopping.restore(model)
        best = np.asarray(stopping.best_epoch)
        found.append((best, np.asarray(stopping.stop_epoch), training.as_numpy(model.theta)))
        assert len(history["val_loss"]) < 30
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)
