"""Learning-rate schedules: pure functions of the step, which print and compare themselves.

A schedule is called with the number of steps already made, an integer >= 0 or an array of them, and
answers with the rate of the next step: ``schedule(0)`` is the rate of the first. ``lr`` may also be
an array ``(runs, 1)``: then so is the answer, and a grid of peak rates trains at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlcourse import checks, hyper
from dlcourse.arrays import Array

Rate = float | Array


class Schedule(hyper.Plan):
    """What every schedule shares: the check of the step, and numbers in, numbers out."""

    def __call__(self, step: Any) -> Any:
        """The rate after ``step`` steps: a float, or an array for an array of steps or rates."""
        t = checks.step(step)
        rate = self.rate(t)  # small and unsigned kinds would wrap around
        return float(rate) if np.ndim(rate) == 0 else np.asarray(rate)

    def rate(self, t: Any) -> Any:
        """The formula, for integer arrays: the only method a schedule writes."""
        raise TypeError(f"rate must be written by the subclass {type(self).__name__}.")


@dataclass(frozen=True, eq=False)
class Constant(Schedule):
    r""":math:`\eta_t = \eta_0`, with η₀ ``lr``."""

    lr: Rate

    def __post_init__(self) -> None:
        self.keep("lr")

    def rate(self, t: Any) -> Any:
        return self.lr * np.ones(t.shape)


@dataclass(frozen=True, eq=False)
class StepDecay(Schedule):
    r""":math:`\eta_t = \eta_0\, \gamma^{\lfloor t / T \rfloor}`, T ``step_size``: a staircase.

    As ``torch.optim.lr_scheduler.StepLR``: the first drop is at t = T.

    >>> StepDecay(1.0, step_size=2, gamma=0.5)(np.arange(5))
    array([1.  , 1.  , 0.5 , 0.5 , 0.25])
    """

    lr: Rate
    step_size: int
    gamma: float = 0.1

    def __post_init__(self) -> None:
        self.keep("lr", "gamma", step_size=1)

    def rate(self, t: Any) -> Any:
        return self.lr * np.power(self.gamma, t // self.step_size, dtype=float)


@dataclass(frozen=True, eq=False)
class PiecewiseConstant(Schedule):
    r""":math:`\eta_t = \eta_0 \prod_{i:\, T_i \le t} \beta_i`, T ``milestones``, β ``factors``.

    Each factor multiplies the rate in force, not the first one.

    >>> PiecewiseConstant(1.0, milestones=(2, 3), factors=(0.5, 0.1))(np.arange(5))
    array([1.  , 1.  , 0.5 , 0.05, 0.05])
    """

    lr: Rate
    milestones: Sequence[int]
    factors: Sequence[float]

    def __post_init__(self) -> None:
        self.keep("lr")
        milestones, factors = checks.pieces(self.milestones, self.factors)
        self.__dict__.update(milestones=milestones, factors=factors)

    def rate(self, t: Any) -> Any:
        products = np.cumprod([1.0, *self.factors])
        return self.lr * products[np.searchsorted(self.milestones, t, side="right")]


@dataclass(frozen=True, eq=False)
class Exponential(Schedule):
    r""":math:`\eta_t = \eta_0\, \gamma^t`. As ``ExponentialLR``."""

    lr: Rate
    gamma: float

    def __post_init__(self) -> None:
        self.keep("lr", "gamma")

    def rate(self, t: Any) -> Any:
        return self.lr * np.power(self.gamma, t, dtype=float)


@dataclass(frozen=True, eq=False)
class NaturalExponential(Schedule):
    r""":math:`\eta_t = \eta_0\, e^{-\beta t}`: ``Exponential`` with γ = exp(-β)."""

    lr: Rate
    beta: float

    def __post_init__(self) -> None:
        self.keep("lr", "beta")

    def rate(self, t: Any) -> Any:
        return self.lr * np.exp(-self.beta * t)


@dataclass(frozen=True, eq=False)
class InverseTime(Schedule):
    r""":math:`\eta_t = \eta_0 / (1 + \beta t)`: so slow that the steps sum to infinity."""

    lr: Rate
    beta: float

    def __post_init__(self) -> None:
        self.keep("lr", "beta")

    def rate(self, t: Any) -> Any:
        return self.lr / (1 + self.beta * t)


@dataclass(frozen=True, eq=False)
class Cosine(Schedule):
    r""":math:`\eta_t = \eta_{min} + \frac12 (\eta_0 - \eta_{min})(1 + \cos(\pi t / T))`, then flat.

    T ``total_steps``. As ``CosineAnnealingLR`` up to t = T; there the torch scheduler rises again.

    >>> Cosine(1.0, total_steps=4)(np.array([0, 2, 4, 9])).round(12)
    array([1. , 0.5, 0. , 0. ])
    """

    lr: Rate
    total_steps: int
    eta_min: float = 0.0

    def __post_init__(self) -> None:
        self.keep("lr", "eta_min", total_steps=1)

    def rate(self, t: Any) -> Any:
        progress = np.minimum(t, self.total_steps) / self.total_steps
        return _cosine(self.lr, self.eta_min, progress)


@dataclass(frozen=True, eq=False)
class Cyclic(Schedule):
    r"""A triangle from ``base_lr`` to ``max_lr`` and back in 2 T steps, T ``step_size``, for ever.

    .. math:: \eta_t = \eta_{base} + (\eta_{max} - \eta_{base})(1 - |t/T - 2m + 1|), \quad
              m = \lfloor 1 + t / 2T \rfloor

    As ``CyclicLR`` with mode "triangular" (Smith 2017).

    >>> Cyclic(0.0, 1.0, step_size=2)(np.arange(6))
    array([0. , 0.5, 1. , 0.5, 0. , 0.5])
    """

    base_lr: Rate
    max_lr: Rate
    step_size: int

    def __post_init__(self) -> None:
        self.keep("base_lr", "max_lr", step_size=1)
        if np.any(self.max_lr < self.base_lr):
            checks.fail("max_lr", f"at least base_lr, {self.base_lr!r}", self.max_lr)

    def rate(self, t: Any) -> Any:
        height = 1 - np.abs((t % (2 * self.step_size)) / self.step_size - 1)
        return self.base_lr + (np.asarray(self.max_lr) - self.base_lr) * height


@dataclass(frozen=True, eq=False)
class WarmRestarts(Schedule):
    r"""``Cosine`` again and again: cycle i lasts :math:`T_i = T_0 m^i` steps (SGDR).

    T₀ ``t_0``, m ``t_mult``. As ``CosineAnnealingWarmRestarts``: the step that ends a cycle is the
    first of the next, so ``eta_min`` itself is never reached (Loshchilov, Hutter 2017).

    >>> WarmRestarts(1.0, t_0=2, t_mult=2)(np.array([0, 1, 2, 4, 6])).round(12)
    array([1. , 0.5, 1. , 0.5, 1. ])
    """

    lr: Rate
    t_0: int
    t_mult: int = 1
    eta_min: float = 0.0

    def __post_init__(self) -> None:
        self.keep("lr", "eta_min", t_0=1, t_mult=1)

    def rate(self, t: Any) -> Any:
        if self.t_mult == 1:
            return _cosine(self.lr, self.eta_min, t % self.t_0 / self.t_0)
        starts, length = [0], self.t_0  # whole numbers: a logarithm errs at exact powers
        while starts[-1] <= np.max(t, initial=0):
            starts.append(starts[-1] + length)
            length *= self.t_mult
        cycle = np.searchsorted(starts, t, side="right") - 1
        begins = np.array(starts)
        return _cosine(self.lr, self.eta_min, (t - begins[cycle]) / np.diff(begins)[cycle])


@dataclass(frozen=True, eq=False)
class Warmup(Schedule):
    r"""A ramp of ``steps`` steps up to the first rate of ``then``, which follows from its step 0.

    .. math:: \eta_t = \eta_0 (t + 1) / T_w \ (t < T_w), \quad
              \eta_t = \mathrm{then}(t - T_w) \ (t \ge T_w)

    The first step is not zero and the last of the ramp is the whole rate; ``steps`` may be 0.

    >>> Warmup(4, Constant(1.0))(np.arange(6))
    array([0.25, 0.5 , 0.75, 1.  , 1.  , 1.  ])
    """

    steps: int
    then: Callable[[Any], Any]

    def __post_init__(self) -> None:
        self.keep(steps=0)
        if not callable(self.then):
            checks.fail("then", "a schedule", self.then, "Constant(lr) is one.", TypeError)

    def rate(self, t: Any) -> Any:
        ramp = (t + 1) / max(self.steps, 1) * self.then(0)
        rest = self.then(np.maximum(t - self.steps, 0))
        return np.where(t < self.steps, ramp, rest)


def _cosine(top: Any, bottom: float, progress: Any) -> Any:
    height = np.asarray(top) - bottom
    return bottom + 0.5 * height * (1 + np.cos(np.pi * progress))
