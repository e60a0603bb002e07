"""Parameters with a range: a scale, a grid, and the share of the chance below each value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlcourse import checks

LAST = math.nextafter(1.0, 0.0)  # the largest number below 1


@dataclass(frozen=True)
class Float:
    r"""A real parameter in [low, high].

    .. math:: x = l + u\,(h - l), \qquad \text{log: } x = l\,(h/l)^u, \qquad u \sim U[0, 1)

    Parameters
    ----------
    low, high : l <= h, finite
    log : equal chances for equal ratios, as a learning rate wants; needs low > 0
    step : > 0; only low, low + step, ..., high, each as likely; high - low is a multiple of it
    distribution : has ``ppf`` and ``cdf``, as ``scipy.stats.norm(0, 1)``; cut off at low and high

    Examples
    --------
    >>> round(Float(1e-4, 1e-2, log=True).quantile(0.5), 9)
    0.001
    >>> Float(0, 0.5, step=0.25).quantile(0.4), Float(0, 0.5, step=0.25).rank(0.25)
    (0.25, 0.5)

    References
    ----------
    Bergstra and Bengio (2012), section 2: the log scale. Devroye (1986), section II.2: the inverse.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    distribution: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        low, high = (checks.scalar(n, getattr(self, n), -math.inf) for n in ("low", "high"))
        _range(low, high, self.log, "> 0", low > 0)
        if math.isinf(high - low):
            checks.fail("high", "less than 1.8e308 above low", high)
        if self.step is not None:
            step = checks.scalar("step", self.step, low_open=True)
            _exclusive("step", step, log=self.log, distribution=self.distribution)
            steps = (high - low) / step
            rounding = 1e-9 * max(steps, 1) + 1e-15 * max(-low, high) / step
            _fits(low, high, step, abs(steps - round(steps)) <= rounding)
            object.__setattr__(self, "step", step)
        if self.distribution is not None:
            _exclusive("distribution", self.distribution, log=self.log)
            _distribution(self.distribution, low, high)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def size(self) -> float:
        """How many values there are."""
        if self.low == self.high:
            return 1
        return math.inf if self.step is None else round((self.high - self.low) / self.step) + 1

    def quantile(self, u: float) -> float:
        """The value below which a share u of the chance lies."""
        low, high = self.low, self.high
        if self.step is not None:
            k = min(int(u * self.size), self.size - 1)
            digits = 12 - math.floor(math.log10(self.step))
            return min(round(low + k * self.step, digits), high)  # 0.3, not 0.30000000000000004
        if self.distribution is not None:
            below, until = self.distribution.cdf(low), self.distribution.cdf(high)
            x = float(self.distribution.ppf(below + u * (until - below)))
        elif self.log:
            x = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
        else:
            x = low + u * (high - low)
        return min(max(x, low), high)  # the last digit may stick out

    def rank(self, value: float) -> float:
        """The share of the chance below a value; on a grid, the middle of its share."""
        low, high = self.low, self.high
        if low == high:
            return 0.5
        if self.step is not None:
            return (round((value - low) / self.step) + 0.5) / self.size
        if self.distribution is not None:
            below, until = self.distribution.cdf(low), self.distribution.cdf(high)
            return min(float((self.distribution.cdf(value) - below) / (until - below)), LAST)
        if self.log:
            value, low, high = math.log(value), math.log(low), math.log(high)
        return min((value - low) / (high - low), LAST)

    def contains(self, value: Any) -> bool:
        """Whether it is one of the values."""
        if isinstance(value, bool | np.bool_) or not isinstance(value, float | int | np.number):
            return False
        inside = self.low <= value <= self.high
        return bool(inside and (self.step is None or self._on_grid(float(value))))

    def _on_grid(self, value: float) -> bool:
        step = self.step or 1.0
        rounding = 1e-6 * step + 1e-15 * max(-self.low, self.high)
        return abs(value - self.low - round((value - self.low) / step) * step) <= rounding


@dataclass(frozen=True)
class Int:
    r"""A whole parameter in low, low + step, ..., high, each as likely.

    On a log scale a value k has the chance of the real numbers that round to it:
    :math:`P(k) \propto \ln\frac{k + 1/2}{k - 1/2}`.

    Examples
    --------
    >>> [Int(1, 3).quantile(u) for u in (0, 0.4, 0.9)]
    [1, 2, 3]
    >>> [Int(1, 16, log=True).quantile(u) for u in (0, 0.5, 0.99)]
    [1, 3, 16]
    >>> Int(16, 64, step=16).quantile(0.3), Int(16, 64, step=16).rank(32)
    (32, 0.375)
    """

    low: int
    high: int
    log: bool = False
    step: int = 1

    def __post_init__(self) -> None:
        low, high = checks.integer("low", self.low), checks.integer("high", self.high)
        step = checks.integer("step", self.step, 1)
        _range(low, high, self.log, ">= 1", low >= 1)
        if step != 1:
            _exclusive("step", step, log=self.log)
        _fits(low, high, step, (high - low) % step == 0)
        self.__dict__.update(low=low, high=high, step=step)

    @property
    def size(self) -> int:
        """How many values there are."""
        return (self.high - self.low) // self.step + 1

    def quantile(self, u: float) -> int:
        """The value below which a share u of the chance lies."""
        if self.log:
            below, until = math.log(self.low - 0.5), math.log(self.high + 0.5)
            k = math.floor(math.exp(below + u * (until - below)) + 0.5)
            return min(max(k, self.low), self.high)
        return self.low + self.step * min(int(u * self.size), self.size - 1)

    def rank(self, value: int) -> float:
        """The share of the chance below a value, and half of its own."""
        if self.log:
            below, until = math.log(self.low - 0.5), math.log(self.high + 0.5)
            return (math.log(value) - below) / (until - below)
        return ((value - self.low) // self.step + 0.5) / self.size

    def contains(self, value: Any) -> bool:
        """Whether it is one of the values."""
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            return False
        return bool(self.low <= value <= self.high and (value - self.low) % self.step == 0)


def _range(low: float, high: float, log: bool, positive: str, fits: bool) -> None:
    if low > high:
        checks.fail("low", f"<= high, {high:g}", low)
    if log and not fits:
        checks.fail("low", f"{positive} on a log scale", low, "Take log=False, or a larger low.")


def _fits(low: float, high: float, step: float, fits: bool) -> None:
    if not fits:
        constraint = f"a divisor of high - low, {high - low:g}"
        checks.fail(
            "step", constraint, step, f"high={low + (high - low) // step * step:g} has one."
        )


def _exclusive(name: str, value: Any, **others: Any) -> None:
    for other, given in others.items():
        if given:
            checks.fail(name, f"left out where {other} is given", value)


def _distribution(value: Any, low: float, high: float) -> None:
    if not (callable(getattr(value, "ppf", None)) and callable(getattr(value, "cdf", None))):
        kinds = "a distribution with ppf and cdf, as scipy.stats.norm(0, 1)"
        checks.fail("distribution", kinds, value, error=TypeError)
    if not value.cdf(high) - value.cdf(low) > 0 and low < high:
        checks.fail("distribution", f"one with a chance in [{low:g}, {high:g}]", value)
