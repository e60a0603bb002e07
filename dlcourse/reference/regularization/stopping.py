"""Twin of ``scratch.regularization.stopping``: a loop over runs, each with a record of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dlcourse import checks, regularized

Tensor = torch.Tensor


@dataclass
class _Run:
    """One run: what it remembers between two epochs."""

    best: float = math.inf
    at: int = 0
    bad: int = 0
    ended: int | None = None

    def sees(self, value: float, epoch: int, patience: int, min_delta: float) -> bool:
        """Whether this epoch is the best so far; a run that has ended sees nothing."""
        if self.ended is not None:
            return False
        better = not math.isnan(value) if epoch == 0 else value < self.best - min_delta
        if better:
            self.best, self.at, self.bad = value, epoch, 0
        else:
            self.bad += 1
            self.ended = epoch if self.bad == patience else None
        return better


class EarlyStopping:
    """A ``_Run`` for each run."""

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        self.patience = checks.integer("patience", patience, 1)
        self.min_delta = checks.scalar("min_delta", min_delta)
        self.epoch = -1
        self.best_theta: Any = None
        self.best_buffers: dict[str, Tensor] = {}
        self.runs: list[_Run] = [_Run()]
        self.shape: tuple[int, ...] = ()

    def update(
        self,
        value: Any,
        theta: Tensor,
        buffers: Mapping[str, Tensor] | None = None,
    ) -> bool:
        """Each run sees its own value."""
        first = self.epoch < 0
        values = regularized.monitored(value, None if first else self.shape)
        regularized.kept(theta, buffers, values.shape, None if first else self.held())
        self.epoch += 1
        if first:
            self.shape, self.runs = values.shape, [_Run() for _ in range(values.size)]
            self.best_theta = theta.detach().clone()
            self.best_buffers = {name: a.detach().clone() for name, a in (buffers or {}).items()}
        for i, (run, one) in enumerate(zip(self.runs, values.ravel().tolist(), strict=True)):
            if run.sees(one, self.epoch, self.patience, self.min_delta):
                where: Any = i if self.shape else ...
                self.best_theta[where] = theta.detach()[where]
                for name, a in (buffers or {}).items():
                    self.best_buffers[name][where] = a.detach()[where]
        return all(run.ended is not None for run in self.runs)

    @property
    def best_value(self) -> Tensor:
        """Of the latest improvement."""
        return self._of([run.best for run in self.runs], torch.float64)

    @property
    def best_epoch(self) -> Tensor:
        """When that was."""
        return self._of([run.at for run in self.runs], torch.int64)

    @property
    def stopped(self) -> Tensor:
        """Which runs have stopped."""
        return self._of([run.ended is not None for run in self.runs], torch.bool)

    @property
    def stop_epoch(self) -> Tensor:
        """When they did; the latest epoch of the others."""
        latest = max(self.epoch, 0)
        ends = [latest if run.ended is None else run.ended for run in self.runs]
        return self._of(ends, torch.int64)

    def _of(self, values: list[Any], kind: torch.dtype) -> Tensor:
        return torch.tensor(values, dtype=kind).reshape(self.shape)

    def held(self) -> dict[str, Any]:
        """All that is kept of the best epoch, by name."""
        return {"theta": self.best_theta, **self.best_buffers}

    def restore(self, model: Any) -> None:
        """``copy_`` what is held."""
        regularized.restorable(self.held(), model)
        with torch.no_grad():
            for name, a in {"theta": model.theta, **model.buffers}.items():
                a.copy_(self.held()[name])

    def callback(self, metric: str = "val_loss") -> Callable[[Any], bool]:
        """A function of an ``Epoch`` of ``fit``."""
        turned = metric.endswith("accuracy")

        def watch(epoch: Any) -> bool:
            checks.watched(metric, list(epoch.history))
            value = np.asarray(epoch.history[metric][-1])
            buffers = epoch.model.buffers or None
            return self.update(-value if turned else value, epoch.model.theta, buffers)

        return watch


def early_stop(
    losses: npt.ArrayLike, patience: int, min_delta: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Run by run down its whole curve."""
    checks.integer("patience", patience, 1)
    checks.scalar("min_delta", min_delta)
    curves = regularized.curve(losses)
    ends, bests = [], []
    for one in curves.reshape(len(curves), -1).T.tolist():
        run = _Run()
        for epoch, value in enumerate(one):
            run.sees(value, epoch, patience, min_delta)
        ends.append(len(one) - 1 if run.ended is None else run.ended)
        bests.append(run.at)
    shape = curves.shape[1:]
    return torch.tensor(ends).reshape(shape), torch.tensor(bests).reshape(shape)
