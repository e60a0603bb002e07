"""Twin of ``scratch.schedules``: ``torch.optim.lr_scheduler`` stepped from the start."""

from __future__ import annotations

import dataclasses
import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch.optim import lr_scheduler

from dlcourse import checks, hyper
from dlcourse.arrays import Array

Rate = float | Array
LAST_STEP = 1_000_000
"""Torch's schedulers know a rate only by stepping there, about a tenth of a second per 10,000."""


class Schedule(hyper.Plan):
    """A torch scheduler on one idle parameter, read after each of its steps."""

    def __call__(self, step: Any) -> Any:
        """The rate after ``step`` steps, or an array of them."""
        t = checks.step(step)
        if self.alone:
            rates = np.stack([one.rates(t) for one in self.alone])
            return rates if t.ndim else rates[:, None]
        rates = self.rates(t)
        return float(rates) if t.ndim == 0 else rates

    @cached_property
    def alone(self) -> list[Any]:
        """For a grid, the schedule of each run: torch has no axis for them."""
        parts: dict[str, list[Any]] = {}
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                parts[name] = value.ravel().tolist()
            elif isinstance(value, Schedule) and value.alone:
                parts[name] = value.alone
        rows = zip(*parts.values(), strict=True)
        return [dataclasses.replace(self, **dict(zip(parts, row, strict=True))) for row in rows]  # type: ignore[type-var]

    def rates(self, t: Any) -> Any:
        """The rates of some steps: the scheduler walks on from the last that was asked for."""
        last = int(t.max(initial=0))
        if last > LAST_STEP:
            fix = "Torch's scheduler must step there; scratch.schedules has the formula."
            checks.fail("step", f"<= {LAST_STEP} in this room", last, fix)
        while len(self._seen) <= last:
            self._seen.append(next(self._walk))
        return np.frombuffer(self._seen)[t]

    @cached_property
    def _seen(self) -> array[float]:
        return array("d")

    @cached_property
    def _walk(self) -> Iterator[float]:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=self.first())
        scheduler = self.scheduler(optimizer)
        while True:
            yield optimizer.param_groups[0]["lr"]
            optimizer.step()
            scheduler.step()

    def __reduce__(self) -> Any:
        return type(self), tuple(self._fields())  # a copy walks anew

    def first(self) -> float:
        """The rate that the torch scheduler starts from."""
        return float(self.lr)  # type: ignore[attr-defined]

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        """The counterpart in ``torch.optim.lr_scheduler``."""
        raise TypeError(f"scheduler must be written by the subclass {type(self).__name__}.")


@dataclass(frozen=True, eq=False)
class Constant(Schedule):
    """``ConstantLR`` with factor 1."""

    lr: Rate

    def __post_init__(self) -> None:
        self.keep("lr")

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        return lr_scheduler.ConstantLR(optimizer, factor=1.0)


@dataclass(frozen=True, eq=False)
class StepDecay(Schedule):
    """``StepLR``."""

    lr: Rate
    step_size: int
    gamma: float = 0.1

    def __post_init__(self) -> None:
        self.keep("lr", "gamma", step_size=1)

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        return lr_scheduler.StepLR(optimizer, self.step_size, self.gamma)


@dataclass(frozen=True, eq=False)
class PiecewiseConstant(Schedule):
    """``LambdaLR`` over the product of the factors met; ``MultiStepLR`` knows only one factor."""

    lr: Rate
    milestones: Sequence[int]
    factors: Sequence[float]

    def __post_init__(self) -> None:
        self.keep("lr")
        milestones, factors = checks.pieces(self.milestones, self.factors)
        self.__dict__.update(milestones=milestones, factors=factors)

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        pairs = list(zip(self.milestones, self.factors, strict=True))
        met = lambda t: math.prod(f for m, f in pairs if m <= t)  # noqa: E731
        return lr_scheduler.LambdaLR(optimizer, met)


@dataclass(frozen=True, eq=False)
class Exponential(Schedule):
    """``ExponentialLR``."""

    lr: Rate
    gamma: float

    def __post_init__(self) -> None:
        self.keep("lr", "gamma")

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        return lr_scheduler.ExponentialLR(optimizer, self.gamma)


@dataclass(frozen=True, eq=False)
class NaturalExponential(Schedule):
    """``ExponentialLR`` with gamma exp(-β)."""

    lr: Rate
    beta: float

    def __post_init__(self) -> None:
        self.keep("lr", "beta")

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        return lr_scheduler.ExponentialLR(optimizer, math.exp(-self.beta))


@dataclass(frozen=True, eq=False)
class InverseTime(Schedule):
    """``LambdaLR``; torch has no scheduler of this form."""

    lr: Rate
    beta: float

    def __post_init__(self) -> None:
        self.keep("lr", "beta")

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        return lr_scheduler.LambdaLR(optimizer, lambda t: 1 / (1 + self.beta * t))


@dataclass(frozen=True, eq=False)
class Cosine(Schedule):
    """``CosineAnnealingLR``, held at its end instead of rising again."""

    lr: Rate
    total_steps: int
    eta_min: float = 0.0

    def __post_init__(self) -> None:
        self.keep("lr", "eta_min", total_steps=1)

    def rates(self, t: Any) -> Any:
        return super().rates(np.minimum(t, self.total_steps))

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        return lr_scheduler.CosineAnnealingLR(optimizer, self.total_steps, self.eta_min)


@dataclass(frozen=True, eq=False)
class Cyclic(Schedule):
    """``CyclicLR`` in mode "triangular"."""

    base_lr: Rate
    max_lr: Rate
    step_size: int

    def __post_init__(self) -> None:
        self.keep("base_lr", "max_lr", step_size=1)
        if np.any(self.max_lr < self.base_lr):
            checks.fail("max_lr", f"at least base_lr, {self.base_lr!r}", self.max_lr)

    def first(self) -> float:
        return float(self.base_lr)

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        rates: Any = {"base_lr": self.base_lr, "max_lr": self.max_lr}
        return lr_scheduler.CyclicLR(
            optimizer, **rates, step_size_up=self.step_size, cycle_momentum=False
        )


@dataclass(frozen=True, eq=False)
class WarmRestarts(Schedule):
    """``CosineAnnealingWarmRestarts``."""

    lr: Rate
    t_0: int
    t_mult: int = 1
    eta_min: float = 0.0

    def __post_init__(self) -> None:
        self.keep("lr", "eta_min", t_0=1, t_mult=1)

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        return lr_scheduler.CosineAnnealingWarmRestarts(
            optimizer, self.t_0, self.t_mult, self.eta_min
        )


@dataclass(frozen=True, eq=False)
class Warmup(Schedule):
    """``LinearLR`` from 1 / steps to 1 in steps - 1 steps, then the other schedule."""

    steps: int
    then: Callable[[Any], Any]

    def __post_init__(self) -> None:
        self.keep(steps=0)
        if not callable(self.then):
            checks.fail("then", "a schedule", self.then, "Constant(lr) is one.", TypeError)

    def first(self) -> float:
        return float(self.then(0))

    def rates(self, t: Any) -> Any:
        rest = self.then(np.maximum(t - self.steps, 0))
        if self.steps == 0:
            return rest
        return np.where(t < self.steps, super().rates(np.minimum(t, self.steps - 1)), rest)

    def scheduler(self, optimizer: torch.optim.Optimizer) -> Any:
        if self.steps == 1:
            return lr_scheduler.ConstantLR(optimizer, factor=1.0)
        ramp: Any = {
            "start_factor": 1 / self.steps,
            "end_factor": 1.0,
            "total_iters": self.steps - 1,
        }
        return lr_scheduler.LinearLR(optimizer, **ramp)
