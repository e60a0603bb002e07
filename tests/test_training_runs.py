"""Runs train side by side as alone; one that diverges is named, or frozen, and the others go on."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dlcourse import data, training
from dlcourse.scratch.losses import MSE, SoftmaxCrossEntropy
from dlcourse.scratch.models import MLP
from dlcourse.scratch.optimizers import SGD, Adam
from dlcourse.training import History, loop

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
