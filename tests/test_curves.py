"""Training that is measured after some of its epochs."""

from __future__ import annotations

import numpy as np
import pytest
from test_sweep import run_sweep

from dlcourse.training import Trials

METRICS = ("val_loss", "val_accuracy", "test_loss")


def test_named_epochs_are_measured_and_the_last_one_always() -> None:
    """Equal to what is measured after every epoch, and no epoch is taken for its neighbour."""
    looks = []
    whole = run_sweep(lr=[0.1, 0.5], epochs=5, curves=True)
    some = run_sweep(
        lr=[0.1, 0.5],
        epochs=5,
        curves=[4, 2],
        measure=lambda e: looks.append(e.epoch + 1) or {"train_one": np.ones(e.model.runs)},
    )
    assert sorted(set(looks)) == [2, 4, 5]
    for name in METRICS:
        curve = whole.curve(name)
        curve[..., [0, 2]] = np.nan
        np.testing.assert_array_equal(some.curve(name), curve)
        np.testing.assert_array_equal(some[name], whole[name])
        for epoch in (2, 4, 5):
            np.testing.assert_array_equal(some.after(epoch)[name], whole.after(epoch)[name])
    np.testing.assert_array_equal(some.curve("train_loss"), whole.curve("train_loss"))


def test_what_was_not_measured_is_not_there() -> None:
    some = run_sweep(lr=[0.1, 0.5], epochs=4, curves=[2])
    assert set(some.after(3)) == {"train_loss", "grad_norm"}
    np.testing.assert_array_equal(some.after(3).after(2)["val_loss"], some.after(2)["val_loss"])
    with pytest.raises(KeyError, match="metric must be one of: train_loss, grad_norm; got 'val_l"):
        some.after(3)["val_loss"]


def test_trainings_of_several_lengths_are_measured_where_they_reach() -> None:
    some = run_sweep(lr=0.5, epochs=[2, 4], curves=[1, 3])
    whole = run_sweep(lr=0.5, epochs=[2, 4], curves=True)
    for name in METRICS:
        missing = np.isnan(some.curve(name)).all(axis=1)
        np.testing.assert_array_equal(missing, [[0, 0, 1, 1], [0, 0, 0, 0]])
        for epoch in (1, 2, 3, 4):
            np.testing.assert_array_equal(some.after(epoch)[name], whole.after(epoch)[name])


def test_a_metric_that_no_run_has_at_the_end_is_still_a_metric() -> None:
    curve = np.arange(6.0).reshape(1, 2, 3)
    lost = {"train_loss": curve, "val_loss": np.full_like(curve, np.nan)}
    trials = Trials({"lr": (0.1,), "seed": (0, 1)}, {k: c[..., -1] for k, c in lost.items()}, lost)
    assert set(trials.after(3)) == {"train_loss", "val_loss"}


def test_runs_that_all_diverge_have_been_measured() -> None:
    lost = run_sweep(lr=[1e200, 1e250], epochs=3, curves=[2])
    assert np.isnan(lost.after(2)["val_loss"]).all()


@pytest.mark.parametrize(
    ("curves", "message"),
    [
        ([0, 2], "curves must be >= 1; got 0"),
        ([2, 6], r"curves must be epochs of the 5 that are trained; got \[2, 6\]"),
        ([True], "curves must be an integer; got True"),
        ([1.0], "curves must be an integer; got 1.0"),
        ([], r"curves must be True, False or a list of epochs; got \[\]"),
        (3, "curves must be True, False or a list of epochs; got 3"),
        ("all", "curves must be True, False or a list of epochs; got 'all'"),
        (None, "curves must be True, False or a list of epochs; got None"),
    ],
)
def test_other_curves_are_refused(curves, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        run_sweep(lr=0.1, epochs=5, curves=curves)
