"""What a row of the tables is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class OptimizerCase:
    """One constructor call, made in both rooms."""

    name: str
    why: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    runs: int | None = None
    compare_state: bool = True

    @property
    def id(self) -> str:
        # No address in it: the workers of xdist must call a case by one name.
        words = {k: getattr(v, "__name__", np.shape(v) or v) for k, v in self.kwargs.items()}
        settings = ",".join(f"{k}={word}" for k, word in words.items())
        return f"{self.name}({settings})" + (f" x{self.runs}" if self.runs else "")


@dataclass(frozen=True)
class PairCase:
    """A pure pair and inputs that make its gradient worth checking."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    ids: int = 0  # the first input then is of integers below it

    @property
    def id(self) -> str:
        return f"{self.name}{self.shapes}" + "".join(f" {k}={v}" for k, v in self.kwargs.items())

    def inputs(self, rng: np.random.Generator) -> list[np.ndarray]:
        inputs = [rng.standard_normal(shape) for shape in self.shapes]
        return [rng.integers(0, self.ids, self.shapes[0]), *inputs[1:]] if self.ids else inputs


@dataclass(frozen=True)
class ErrorCase:
    """A call that must fail: the kind, and the sentence."""

    id: str
    call: Callable[[], Any]
    error: type[Exception]
    message: str
