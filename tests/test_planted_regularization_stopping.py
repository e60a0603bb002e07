"""Wrong early stopping, and a loss that smooths twice, which the checks must catch."""

from __future__ import annotations

import numpy as np
import pytest
import test_regularization_stopping as stopping_tests

from dlcourse.lesson import parity
from dlcourse.scratch import regularization as room


class SmoothedTwice(room.SmoothedCrossEntropy):
    def forward(self, y, target):
        soft = target if target.ndim > y.ndim - 1 else np.eye(y.shape[-1])[target]
        return super().forward(y, room.smooth_labels(soft, self.alpha))


class OneStopForAll(room.EarlyStopping):
    """The mean over the runs decides."""

    def update(self, value, theta, buffers=None):
        return super().update(np.full_like(value, np.nanmean(value)), theta, buffers)


class EqualIsBetter(room.EarlyStopping):
    def update(self, value, theta, buffers=None):
        value = np.asarray(value) - 1e-9 * (self.epoch + 1)
        return super().update(value, theta, buffers)


class ComparedWithTheLast(room.EarlyStopping):
    def update(self, value, theta, buffers=None):
        if self.epoch >= 0:
            self.best_value = np.where(self.stopped, self.best_value, self.last)
        self.last = np.asarray(value, float)
        return super().update(value, theta, buffers)


class NotANumberIsBetter(room.EarlyStopping):
    def update(self, value, theta, buffers=None):
        return super().update(np.where(np.isnan(value), -9.0 - self.epoch, value), theta, buffers)


class OneTooMany(room.EarlyStopping):
    def __init__(self, patience, min_delta=0.0):
        super().__init__(patience + 1, min_delta)


class NeverFrozen(room.EarlyStopping):
    def update(self, value, theta, buffers=None):
        self.waited, self.stopped = 0 * self.waited, self.stopped & False
        return super().update(value, theta, buffers)


class NoMargin(room.EarlyStopping):
    def __init__(self, patience, min_delta=0.0):
        super().__init__(patience)


class BuffersOfTheLast(room.EarlyStopping):
    def update(self, value, theta, buffers=None):
        done = super().update(value, theta, buffers)
        self.best_buffers = {name: a.copy() for name, a in (buffers or {}).items()}
        return done


class WeightsOfTheLast(room.EarlyStopping):
    def update(self, value, theta, buffers=None):
        done = super().update(value, theta, buffers)
        self.best_theta = theta.copy()
        return done


CLASSES = {
    "SmoothedCrossEntropy": [SmoothedTwice],
    "EarlyStopping": [
        OneStopForAll, ComparedWithTheLast, NotANumberIsBetter, OneTooMany, NeverFrozen, NoMargin,
        BuffersOfTheLast, WeightsOfTheLast,
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wrong"), [(name, one) for name, all_ in CLASSES.items() for one in all_]
)
def test_a_wrong_class_is_caught(name: str, wrong: type, monkeypatch) -> None:
    wrong.__name__ = name
    monkeypatch.setattr(room, name, wrong)
    with pytest.raises(AssertionError, match=rf"{name}\(\): seed \d, .*: they differ by"):
        parity(name, steps=5)


def test_a_plateau_that_counts_is_caught() -> None:
    def stop(losses, patience, min_delta):
        stopping = EqualIsBetter(patience, min_delta)
        for value in losses:
            if stopping.update(value, np.zeros(1)):
                break
        return stopping.stop_epoch, stopping.best_epoch

    with pytest.raises(AssertionError):
        stopping_tests.test_where_a_curve_ends("a plateau", stop)
    stopping_tests.test_where_a_curve_ends("a slow decline that never comes back", stop)


def test_weights_without_their_running_values_are_caught(monkeypatch) -> None:
    class WeightsAlone(room.EarlyStopping):
        def restore(self, model):
            model.theta[...] = self.best_theta

    monkeypatch.setattr(stopping_tests, "EarlyStopping", WeightsAlone)
    with pytest.raises(AssertionError):
        stopping_tests.test_fit_ends_and_the_best_network_comes_back_with_its_buffers(3)


def test_views_that_are_kept_are_caught(monkeypatch) -> None:
    class Views(room.EarlyStopping):
        def update(self, value, theta, buffers=None):
            self.best_theta, self.best_buffers, self.best_value = theta, buffers, np.array(value)
            return False

    monkeypatch.setattr(stopping_tests, "EarlyStopping", Views)
    with pytest.raises(AssertionError):
        stopping_tests.test_what_is_kept_is_a_copy()
