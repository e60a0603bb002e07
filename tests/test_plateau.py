"""Reduce on a plateau: equal to torch's loss by loss, run by run, and of use in both loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from dlcourse import training
from dlcourse.reference import losses as twin_losses
from dlcourse.reference import models as twin_models
from dlcourse.reference import optimizers as twin_optimizers
from dlcourse.reference.plateau import ReduceOnPlateau as Twin
from dlcourse.scratch import losses, models, optimizers
from dlcourse.scratch.plateau import ReduceOnPlateau

NAN = float("nan")
BOUND = 1e-12
SETTINGS: dict[str, dict[str, Any]] = {
    "the defaults": {},
    "no patience": {"patience": 0, "factor": 0.9},
    "a threshold that counts": {"patience": 2, "threshold": 0.05},
    "a floor": {"patience": 1, "factor": 0.5, "min_lr": 0.013},
    "a factor of zero": {"patience": 3, "factor": 0.0, "min_lr": 0.01},
    "no threshold": {"patience": 1, "threshold": 0.0},
}


def curve(seed: int, n: int = 120) -> np.ndarray:
    """Losses that fall, rise, stay exactly as they were, and are lost now and then."""
    rng = np.random.default_rng(seed)
    values = np.exp(-np.linspace(0, 3, n)) * (1 + 0.1 * rng.standard_normal(n)) + 0.05
    values[rng.random(n) < 0.1] = NAN
    again = rng.random(n) < 0.3
    values[1:][again[1:]] = values[:-1][again[1:]]
    return values


def rates(make: Any, values: Any, lr: Any = 0.3, **settings: Any) -> list[Any]:
    rate = make(lr, **settings)
    return [rate.update(value) for value in values]


def gap(one: Any, other: Any, **settings: Any) -> float:
    """The largest relative gap of two makers' rates over ten curves."""
    pairs = ((rates(make, curve(seed), **settings) for make in (one, other)) for seed in range(10))
    return max(float(np.max(np.abs(np.subtract(a, b)) / 0.3)) for a, b in pairs)


@pytest.mark.parametrize("name", SETTINGS)
def test_equal_to_torch_loss_by_loss(name: str) -> None:
    assert gap(ReduceOnPlateau, Twin, **SETTINGS[name]) <= BOUND
    ours, theirs = ReduceOnPlateau(0.3, **SETTINGS[name]), Twin(0.3, **SETTINGS[name])
    for value in curve(0):
        ours.update(value), theirs.update(value)
        assert (float(ours.best), int(ours.waited)) == (float(theirs.best), int(theirs.waited))
        assert repr(ours) == repr(theirs)


def test_patience_is_borne_with_and_the_next_is_one_too_many() -> None:
    for make in (ReduceOnPlateau, Twin):
        found = rates(make, [2.0] * 8, lr=1.0, factor=0.5, patience=3)
        assert found == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]
        assert rates(make, [2.0] * 3, lr=1.0, factor=0.5, patience=0) == [1, 0.5, 0.25]


def test_the_smallest_rate_is_reached_and_kept() -> None:
    for make in (ReduceOnPlateau, Twin):
        found = rates(make, [2.0] * 5, lr=1.0, factor=0.5, patience=0, min_lr=0.3)
        assert found == [1, 0.5, 0.3, 0.3, 0.3]
        assert rates(make, [2.0] * 2, lr=0.3, patience=0, min_lr=0.3) == [0.3, 0.3]


class Early(ReduceOnPlateau):
    """Patience off by one."""

    def update(self, value: Any) -> Any:
        self.patience -= 1
        try:
            return super().update(value)
        finally:
            self.patience += 1


class Restless(ReduceOnPlateau):
    """Does not begin to count anew."""

    def update(self, value: Any) -> Any:
        before = self.waited
        rate = super().update(value)
        if self.waited == 0 and self.best != value:
            self.waited = before + 1
        return rate


class Difference(ReduceOnPlateau):
    """The threshold as a difference."""

    def update(self, value: Any) -> Any:
        better = value < self.best - self.threshold
        return super().update(value if better or not value < self.best else self.best)


class Sinking(ReduceOnPlateau):
    """No floor."""

    def update(self, value: Any) -> Any:
        self.min_lr = 0.0
        return super().update(value)


PLANTED = [
    (Early, "a threshold that counts"),
    (Early, "the defaults"),
    (Restless, "a threshold that counts"),
    (Difference, "a threshold that counts"),
    (Sinking, "a floor"),
]


@pytest.mark.parametrize(("wrong", "name"), PLANTED)
def test_a_planted_error_is_caught(wrong: type, name: str) -> None:
    assert gap(wrong, Twin, **SETTINGS[name]) > 1e-3


@pytest.mark.parametrize("make", [ReduceOnPlateau, Twin])
@pytest.mark.parametrize("lr", [0.3, np.array([[0.3], [0.1], [0.2]])], ids=["one", "each"])
def test_every_run_waits_for_its_own_loss(make: Any, lr: Any) -> None:
    settings = {"patience": 1, "factor": 0.5, "min_lr": 0.02}
    table = np.stack([curve(seed) for seed in range(3)], axis=1)
    together = np.array(rates(make, table, lr, **settings))
    assert together.shape == (len(table), 3, 1)
    for run in range(3):
        own = lr if isinstance(lr, float) else float(lr[run, 0])
        assert_array_equal(together[:, run, 0], rates(make, table[:, run], own, **settings))
    assert len({tuple(together[:, run, 0]) for run in range(3)}) == 3


@pytest.mark.parametrize("make", [ReduceOnPlateau, Twin])
def test_what_it_hands_out_is_a_copy(make: Any) -> None:
    given = np.array([[0.3], [0.1]])
    rate = make(given, patience=0, factor=0.5)
    rate.update(np.ones(2))[...] = 7.0
    given[...] = 9.0
    assert rate.update(np.ones(2)).tolist() == [[0.15], [0.05]]
    assert "lr=[0.15, 0.05]" in repr(rate) and "waited [0, 0]" in repr(rate)


@pytest.mark.parametrize("make", [ReduceOnPlateau, Twin])
def test_a_refused_loss_changes_nothing(make: Any) -> None:
    rate = make(0.3, patience=1)
    rate.update(2.0)
    before = repr(rate)
    for wrong in (np.ones(2), -1.0, "low"):
        with pytest.raises((ValueError, TypeError), match="value must be"):
            rate.update(wrong)
    assert repr(rate) == before
    with pytest.raises(ValueError, match=r"value must be shaped \(\) as before"):
        rate.update(np.ones(2))


@pytest.mark.parametrize("runs", [None, 2])
def test_as_a_callback_it_sets_the_rate_in_both_rooms(runs: int | None) -> None:
    x = np.random.default_rng(0).normal(size=(40, 3))
    y = x @ np.array([[1.0], [-2.0], [0.5]])
    found = []
    tensors = torch.from_numpy(x), torch.from_numpy(y)
    for room, side, make, data in (
        ((models, losses), optimizers, ReduceOnPlateau, (x, y)),
        ((twin_models, twin_losses), twin_optimizers, Twin, tensors),
    ):
        seeds = np.random.default_rng(1)
        rngs = seeds if runs is None else [np.random.default_rng(s) for s in range(runs)]
        model = room[0].MLP([3, 1], rngs, runs=runs)
        optimizer = side.SGD(model.theta, lr=0.2)
        rate, seen = make(0.2, factor=0.5, patience=1, threshold=0.9), []
        training.fit(
            model, optimizer, room[1].MSE(), data, data, epochs=20, batch_size=40,
            rng=np.random.default_rng(2), progress=False,
            callbacks=[rate.callback(), lambda epoch, seen=seen: seen.append(epoch.optimizer.lr)],
        )  # fmt: skip
        found.append(np.array(seen, dtype=float).reshape(20, -1))
        assert found[-1].min() < 0.2
        assert_array_equal(np.ravel(optimizer.lr), np.ravel(rate.lr))
    np.testing.assert_allclose(*found, rtol=1e-12)
