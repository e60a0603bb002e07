"""Doors, memory and precision: what all of preprocessing shares."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from dlcourse import checks, inputs
from dlcourse.arrays import Array


class Preprocessor:
    """What all share: doors, memory and precision. A subclass writes ``learn`` and two maps."""

    _lead: tuple[int, ...] | None = None  # the axes of runs, once there are data

    def fit(self, x: Array) -> Self:
        """Learn from training data (..., n, d), and from nothing else; what was known is lost."""
        _checked(x, ("n", "d"), None)
        with np.errstate(over="ignore", invalid="ignore"):
            learned = self.learn(x.astype(float, copy=False), x.dtype)
        if not all(np.isfinite(value).all() for value in learned.values()):
            checks.fail("x", "of numbers whose statistics float64 can hold", x)
        self.__dict__.update(learned)
        self._lead, self._features = self.lead(), x.shape[-1]
        return self

    def transform(self, x: Array) -> Array:
        """New data (..., n, d) as the training data would be; a new array of the same precision."""
        return self._apply("transform", self.map, x)

    def fit_transform(self, x: Array) -> Array:
        """``fit``, then ``transform``: for training data only."""
        return self.fit(x).transform(x)

    def inverse_transform(self, z: Array) -> Array:
        """Back to the units of the training data."""
        return self._apply("inverse_transform", self.unmap, z)

    def _apply(self, name: str, how: Any, x: Array) -> Array:
        if self._lead is None:
            checks.fail(name, "called after fit", type(self).__name__, "", RuntimeError)
        _checked(x, ("n", self._features), self._lead or None)
        with np.errstate(over="ignore", invalid="ignore"):
            y = how(x.astype(float, copy=False)).astype(x.dtype, copy=False)
        if not np.isfinite(y).all():
            checks.fail("x", f"of numbers whose {name} {x.dtype} can hold", x)
        return y

    def lead(self) -> tuple[int, ...]:
        """The axes of runs of what has been learned."""
        return self.mean_.shape[:-1]  # type: ignore[attr-defined]

    def learn(self, x: Array, dtype: Any) -> dict[str, Any]:
        """Attributes by name, of float64 training data that came in as ``dtype``."""
        raise TypeError(f"learn must be written by the subclass {type(self).__name__}.")

    def map(self, x: Array) -> Array:
        """What ``transform`` does to float64 data."""
        raise TypeError(f"map must be written by the subclass {type(self).__name__}.")

    def unmap(self, z: Array) -> Array:
        """The inverse of ``map``."""
        raise TypeError(f"unmap must be written by the subclass {type(self).__name__}.")


def _checked(x: Array, shape: tuple[Any, Any], lead: tuple[int, ...] | None) -> None:
    inputs.batch(x, shape, lead, np.ndarray)
    inputs.precision("x", x)
    inputs.finite("x", x, "Fill in or drop what is missing.")
