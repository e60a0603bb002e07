"""Twin of ``scratch.preprocessing.base``: the same doors, for tensors on any device."""

from __future__ import annotations

from typing import Any, Self

import torch

from dlcourse import checks, inputs

Tensor = torch.Tensor


class Preprocessor:
    """Memory around three methods that a subclass writes."""

    _lead: tuple[int, ...] | None = None

    def fit(self, x: Tensor) -> Self:
        """Statistics in float64, on the device of ``x``."""
        _checked(x, ("n", "d"), None)
        with torch.no_grad():
            learned = self.learn(x.double(), x.dtype)
        if not all(bool(value.isfinite().all()) for value in learned.values()):
            checks.fail("x", "of numbers whose statistics float64 can hold", x)
        self.__dict__.update(learned)
        self._lead, self._features = self.lead(), x.shape[-1]
        return self

    def transform(self, x: Tensor) -> Tensor:
        """A new tensor, in the precision of ``x``."""
        return self._apply("transform", self.map, x)

    def fit_transform(self, x: Tensor) -> Tensor:
        """``fit``, then ``transform``."""
        return self.fit(x).transform(x)

    def inverse_transform(self, z: Tensor) -> Tensor:
        """Back to the units of the training data."""
        return self._apply("inverse_transform", self.unmap, z)

    def _apply(self, name: str, how: Any, x: Tensor) -> Tensor:
        if self._lead is None:
            checks.fail(name, "called after fit", type(self).__name__, "", RuntimeError)
        _checked(x, ("n", self._features), self._lead or None)
        y = how(x.double()).to(x.dtype)
        if not y.isfinite().all():
            kind = str(x.dtype).removeprefix("torch.")
            checks.fail("x", f"of numbers whose {name} {kind} can hold", x)
        return y

    def lead(self) -> tuple[int, ...]:
        """The axes of runs of what has been learned."""
        return tuple(self.mean_.shape[:-1])  # type: ignore[attr-defined]

    def learn(self, x: Tensor, dtype: Any) -> dict[str, Any]:
        """Attributes by name."""
        raise TypeError(f"learn must be written by the subclass {type(self).__name__}.")

    def map(self, x: Tensor) -> Tensor:
        """What ``transform`` does."""
        raise TypeError(f"map must be written by the subclass {type(self).__name__}.")

    def unmap(self, z: Tensor) -> Tensor:
        """The inverse of ``map``."""
        raise TypeError(f"unmap must be written by the subclass {type(self).__name__}.")


def _checked(x: Tensor, shape: tuple[Any, Any], lead: tuple[int, ...] | None) -> None:
    inputs.batch(x, shape, lead, Tensor)
    inputs.precision("x", x)
    inputs.finite("x", x, "Fill in or drop what is missing.")
