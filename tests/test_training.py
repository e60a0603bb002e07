"""The loop: a grid is its single runs, divergence is told or frozen, a history survives."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from dlcourse import data, training
from dlcourse.scratch.landscape import per_sample_gradients
from dlcourse.scratch.layers import dense
from dlcourse.scratch.losses import MSE, SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD, Adam
from dlcourse.training import History, loop
from dlcourse.training import progress as bars

LRS, BETAS, SEEDS = np.logspace(-2.5, 0, 6), [0.0, 0.5, 0.9, 0.99], range(5)
GRID = [(lr, beta, seed) for lr in LRS for beta in BETAS for seed in SEEDS]


def grid_of_120(epochs: int = 2) -> History:
    """Six rates times four momenta times five seeds: one model, one optimizer, one fit."""
    weights, batches = ([np.random.default_rng((seed, k)) for seed in SEEDS] for k in range(2))
    model = MLP([64, 16, 10], [weights[s] for *_, s in GRID], runs=len(GRID))
    lr, beta, _ = np.array(GRID).T[:, :, None]
    digits = data.load("digits")
    return training.fit(
        model,
        SGD(model.theta, lr=lr, momentum=beta),
        SoftmaxCrossEntropy(),
        digits.train,
        digits.validation,
        epochs=epochs,
        batch_size=32,
        rng=[batches[s] for *_, s in GRID],
        runs=120,
        progress=False,
        nonfinite="freeze",
    )


def single_run(lr: float, beta: float, seed: int, epochs: int = 2) -> History:
    digits = data.load("digits")
    model = MLP([64, 16, 10], np.random.default_rng((seed, 0)))
    optimizer = SGD(model.theta, lr=lr, momentum=beta)
    return training.fit(
        model,
        optimizer,
        SoftmaxCrossEntropy(),
        digits.train,
        digits.validation,
        epochs=epochs,
        batch_size=32,
        rng=np.random.default_rng((seed, 1)),
        progress=False,
        nonfinite="freeze",
    )


def assert_grid_equals_runs(grid: History, singles: list[History]) -> None:
    for name in grid:
        together = grid[name]
        apart = np.stack([one[name] for one in singles], axis=-1)
        np.testing.assert_allclose(together, apart, rtol=1e-10, atol=1e-10, err_msg=name)


def test_a_grid_of_120_networks_is_120_single_runs() -> None:
    singles = [single_run(*setting) for setting in GRID]
    assert_grid_equals_runs(grid_of_120(), singles)
    accuracy = grid_of_120()["val_accuracy"][-1]
    assert accuracy.max() > 0.85
    assert accuracy.min() < 0.5


def test_a_planted_mixing_of_runs_is_caught() -> None:
    grid = grid_of_120(epochs=1)
    singles = [single_run(*setting, epochs=1) for setting in (GRID[0], GRID[1])]
    wrong = History()
    wrong.append({name: grid[name][0, [1, 0]] for name in grid})
    with pytest.raises(AssertionError, match="Mismatched"):
        assert_grid_equals_runs(wrong, singles)


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


def regression(lr: float, runs: int | None = None, **kwargs: object) -> tuple[MLP, History]:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((32, 4))
    model = MLP([4, 1], np.random.default_rng(1), runs=runs)
    optimizer = SGD(model.theta, lr=lr if runs is None else np.array([[lr], [0.05]]))
    plan = {"epochs": 300, "batch_size": 32, "rng": np.random.default_rng(2), "progress": False}
    return model, training.fit(
        model, optimizer, MSE(), (x, x @ np.ones((4, 1))), (x, x @ np.ones((4, 1))), **plan | kwargs
    )  # type: ignore[arg-type]


def test_divergence_names_step_run_and_rate_and_stops_before_the_update() -> None:
    with (
        np.errstate(all="ignore"),
        pytest.raises(
            FloatingPointError, match=r"step \d+ in run 0, lr 50; got (inf|nan)"
        ) as raised,
    ):
        regression(50.0, runs=2)
    assert "smaller learning rate" in str(raised.value)


def diverge(lr: object, runs: int | None = None) -> str:
    """What is said of a run whose inputs are a thousand times too large."""
    model = MLP([3, 1], np.random.default_rng(0), runs=runs)
    optimizer = SGD(model.theta, lr=lr)  # type: ignore[arg-type]
    data = (np.full((4, 3), 1e3), np.zeros((4, 1)))
    plan = {"epochs": 99, "batch_size": 4, "rng": np.random.default_rng(2), "progress": False}
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError) as raised:
        training.fit(model, optimizer, MSE(), data, **plan)  # type: ignore[arg-type]
    return str(raised.value)


def test_divergence_names_the_rate_of_its_own_run_and_step() -> None:
    assert "in run 1, lr 70; got" in diverge(np.array([[0.01], [70.0], [60.0]]), runs=3)
    found = re.search(r"at step (\d+), lr (\d+);", diverge(lambda step: 500.0 + step))
    assert found
    assert int(found[2]) == 500 + int(found[1]) - 1


def test_a_frozen_run_reports_nan_and_the_other_goes_on() -> None:
    _, history = regression(50.0, runs=2, nonfinite="freeze")
    assert np.isnan(history["val_loss"][-1, 0])
    assert np.isnan(history["train_loss"][-1, 0])
    assert history["val_loss"][-1, 1] < 1e-6


def test_blocks_of_runs_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    def train() -> History:
        model, pair = toy(12, runs=5)
        return training.fit(
            model,
            Adam(model.theta, lr=0.1),
            SoftmaxCrossEntropy(),
            pair,
            pair,
            epochs=3,
            batch_size=5,
            rng=np.random.default_rng(4),
            progress=False,
        )

    whole = train()
    monkeypatch.setattr(loop, "CACHE_BYTES", 1)
    walked = train()
    for name in whole:
        np.testing.assert_allclose(walked[name], whole[name], rtol=1e-13)


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


def test_a_run_once_lost_stays_lost_and_stays_put() -> None:
    """One sample is not a number; the batches after it are sound, and change nothing more."""
    model, (x, y) = toy(10)
    bad = x.copy()
    bad[np.random.default_rng(1).permutation(10)[2]] = np.nan  # the third to be seen
    made, kept = [], []
    for step in training.steps(
        model,
        SGD(model.theta, lr=0.5),
        SoftmaxCrossEntropy(),
        (bad, y),
        epochs=2,
        batch_size=1,
        rng=np.random.default_rng(1),
        nonfinite="freeze",
    ):
        made.append(step)
        kept.append(model.theta.copy())
    lost = next(i for i, step in enumerate(made) if np.isnan(step.loss))
    assert lost == 2
    assert np.isfinite([step.loss for step in made[:lost]]).all()
    assert np.isnan([[step.loss, step.grad_norm] for step in made[lost:]]).all()
    for theta in kept[lost:]:
        np.testing.assert_array_equal(theta, kept[lost - 1])
    plan = {"epochs": 1, "batch_size": 1, "rng": np.random.default_rng(1), "progress": False}
    history = training.fit(
        model,
        SGD(model.theta),
        SoftmaxCrossEntropy(),
        (bad, y),
        (x, y),
        **plan,
        nonfinite="freeze",
    )
    assert all(np.isnan(history[name]).all() for name in history), "sound weights, lost run"


def test_a_history_comes_back_equal_and_whole(tmp_path: Path) -> None:
    history = grid_of_120(epochs=1)
    history.save(tmp_path / "h.npz")
    again = History.load(tmp_path / "h.npz")
    assert list(again) == list(history)
    assert again.wall_seconds == history.wall_seconds > 0
    for name in history:
        np.testing.assert_array_equal(again[name], history[name])
    assert [p.name for p in tmp_path.iterdir()] == ["h.npz"]


def test_a_history_counts_the_seconds_of_every_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count()
    monkeypatch.setattr("dlcourse.training.history.time.perf_counter", lambda: float(next(ticks)))
    history = History()
    with history.clock():
        next(ticks)
    with pytest.raises(OSError, match="torn"), history.clock():
        raise OSError("torn")
    assert history.wall_seconds == 3.0


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "h.npz"
    history = History()
    history.append({"loss": 1.0})
    history.save(path)
    before = path.read_bytes()

    def broken(file: object, **columns: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", broken)
    with pytest.raises(OSError, match="disk full"):
        history.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["h.npz"]


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_any_other_file_is_no_history(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(ValueError, match="path must be a history saved by dlcourse"):
        History.load(tmp_path / "x.npz")


def test_columns_stay_the_same_over_epochs() -> None:
    history = History()
    history.append({"a": 1.0})
    with pytest.raises(ValueError, match=r"row must be of the columns \['a'\]; got \['b'\]"):
        history.append({"b": 1.0})


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
