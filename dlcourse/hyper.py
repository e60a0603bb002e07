"""Hyper-parameters of both rooms: what checks itself, plans of a rate, and a rate that waits."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from dlcourse import checks, regularized


class Hyper:
    """A number from 0 to ``high``, or an array ``(runs, 1)`` of them with one entry a run.

    It is checked whenever it is set, when the optimizer is built and between steps. An array is
    read as a copy: ``opt.lr *= 0.5`` is checked before it counts, and a saved state keeps its own.

    Parameters
    ----------
    high, high_open : the interval is [0, high], or [0, high)
    switch : zero means "off", and what is off or on when the optimizer is built stays so, run by
        run: a velocity begins with the first step
    """

    def __init__(
        self, high: float = np.inf, *, high_open: bool = False, switch: bool = False
    ) -> None:
        self.high, self.high_open, self.switch = high, high_open, switch

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        if optimizer is None:
            return self
        value = optimizer.__dict__[self.name]
        return value.copy() if isinstance(value, np.ndarray) else value

    def __set__(self, optimizer: Any, value: Any) -> None:
        checked, held = self.checked(optimizer, self.name, value), optimizer.__dict__
        if self.switch and self.name in held and np.any((checked > 0) != (held[self.name] > 0)):
            fix = "What is off, or on, stays so: build a new optimizer."
            checks.fail(self.name, "0 where it was 0, and only there", value, fix)
        held[self.name] = checked

    def checked(self, optimizer: Any, name: str, value: Any) -> Any:
        return optimizer._hyper(name, value, self.high, high_open=self.high_open)


class Rate(Hyper):
    """A learning rate, or a schedule of it: then each step checks its own."""

    def checked(self, optimizer: Any, name: str, value: Any) -> Any:
        return value if callable(value) else super().checked(optimizer, name, value)


class Pair(Hyper):
    """Two of them, as Adam's betas."""

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        if optimizer is None:
            return self
        pair = optimizer.__dict__[self.name]
        return tuple(v.copy() if isinstance(v, np.ndarray) else v for v in pair)

    def checked(self, optimizer: Any, name: str, value: Any) -> Any:
        pair = enumerate(checks.pair(name, value))
        return tuple(super(Pair, self).checked(optimizer, f"{name}[{i}]", v) for i, v in pair)


class Flag(Hyper):
    """True or False, from the day the optimizer is built."""

    def __set__(self, optimizer: Any, value: Any) -> None:
        if self.name in optimizer.__dict__:
            checks.fail(self.name, "set once", value, "Build a new optimizer.")
        optimizer.__dict__[self.name] = bool(value)


class Plan:
    """A frozen dataclass of numbers, or of arrays ``(runs, 1)``, that compares itself."""

    def keep(self, *rates: str, **least: int) -> None:
        """Check the fields named, rates >= 0 and integers of at least so much, and hold them.

        An array is held as a copy that nobody can write to.
        """
        found = {name: checks.column(name, getattr(self, name)) for name in rates}
        columns = {name: value for name, value in found.items() if isinstance(value, np.ndarray)}
        for name, column in columns.items():
            first = next(iter(columns))
            if column.shape != columns[first].shape:
                checks.fail(
                    name, f"a number or an array {columns[first].shape}, as {first}", column
                )
            column.setflags(write=False)
        found |= {
            name: checks.integer(name, getattr(self, name), low) for name, low in least.items()
        }
        self.__dict__.update(found)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(map(np.array_equal, self._fields(), other._fields()))

    def __hash__(self) -> int:
        held = (v.shape if isinstance(v, np.ndarray) else v for v in self._fields())
        return hash((type(self), *held))

    def _fields(self) -> list[Any]:
        return [getattr(self, field.name) for field in dataclasses.fields(self)]  # type: ignore[arg-type]


class Patient:
    """What both rooms' rates that wait for a loss share: the door, words, and the callback."""

    def __init__(
        self,
        lr: Any,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        min_lr: float = 0.0,
    ) -> None:
        self.lr = checks.column("lr", lr)
        self.factor, self.threshold = (
            float(checks.number(name, checks.scalar(name, value), 0, 1, high_open=True))
            for name, value in (("factor", factor), ("threshold", threshold))
        )
        self.patience = checks.integer("patience", patience, 0)
        self.min_lr = checks.scalar("min_lr", min_lr)
        if np.any(self.lr < self.min_lr):
            checks.fail("min_lr", "at most lr, for a plateau only lowers it", min_lr)
        self.best: Any = np.inf
        self.waited: Any = 0
        self.runs: Any = None if isinstance(self.lr, float) else self.lr.shape[:1]

    def looked_at(self, value: Any) -> Any:
        """A loss >= 0 or NaN, one a run if there are runs; the first one says how many."""
        value = regularized.monitored(value, self.runs)
        if (value < 0).any():
            fix = "The threshold is a share of the best loss; of an accuracy report 1 - accuracy."
            checks.fail("value", ">= 0", float(value.min()), fix)
        if self.runs is None:
            self.runs = value.shape
            if value.ndim:
                self.lr = np.full((*value.shape, 1), self.lr)
        return value

    def update(self, value: Any) -> Any:
        """The rate after one more loss: a number, or (runs, 1)."""
        raise TypeError(f"update must be written by the subclass {type(self).__name__}.")

    def callback(self, metric: str = "val_loss") -> Any:
        """What ``fit(callbacks=[...])`` takes: sets the optimizer's rate after each epoch.

        ``metric`` is a column of the history, a loss.
        """

        def watch(epoch: Any) -> None:
            checks.watched(metric, list(epoch.history))
            epoch.optimizer.lr = self.update(epoch.history[metric][-1])

        return watch

    def __repr__(self) -> str:
        lr, best, waited = (
            f"{np.ravel(a).item():g}" if np.size(a) == 1 else f"{np.ravel(a).tolist()}"
            for a in (self.lr, self.best, self.waited)
        )
        name = type(self).__name__
        return f"{name}(lr={lr}): best {best}, waited {waited}, patience {self.patience}"
