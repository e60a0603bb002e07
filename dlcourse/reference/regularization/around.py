"""Twins of the optimizers around an optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dlcourse import regularized
from dlcourse.reference.regularization.proximal import elastic_net_prox

Tensor = torch.Tensor
Coefficient = float | npt.ArrayLike


class Around:
    """Twin of ``scratch.regularization.around.Around``."""

    def __init__(self, optimizer: Any) -> None:
        regularized.optimizer(optimizer)
        self.optimizer = optimizer

    @property
    def params(self) -> list[Tensor]:
        """The parameters of the optimizer inside."""
        return self.optimizer.params

    @property
    def lr(self) -> Any:
        """Its rate, or its schedule."""
        return self.optimizer.lr

    @lr.setter
    def lr(self, value: Any) -> None:
        self.optimizer.lr = value

    @property
    def t(self) -> int:
        """The number of steps made."""
        return self.optimizer.t

    def state_dict(self) -> dict[str, Any]:
        """That of the optimizer inside."""
        return self.optimizer.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Hand it to the optimizer inside."""
        self.optimizer.load_state_dict(state_dict)

    def step(self, grads: Tensor | Sequence[Tensor]) -> None:
        """Move every parameter."""
        raise TypeError(f"step must be written by the subclass {type(self).__name__}.")

    def rates(self) -> list[Tensor]:
        """The rate of the next step beside each parameter."""
        rate = torch.as_tensor(np.asarray(self.lr(self.t) if callable(self.lr) else self.lr))
        return [
            rate.to(p) if rate.ndim == 0 else rate.to(p).reshape(-1, *[1] * (p.ndim - 1))
            for p in self.params
        ]

    def spread(self, name: str, value: Any, high: float = np.inf) -> Any:
        """A number, or an array that broadcasts to every parameter."""
        for p in self.params:
            found = regularized.spread(name, value, tuple(p.shape), high)
        return torch.as_tensor(found).to(p) if isinstance(found, np.ndarray) else found


class Penalized(Around):
    """The optimizer inside, told another gradient."""

    def __init__(self, optimizer: Any, penalty: Callable[[Tensor], tuple[Any, Tensor]]) -> None:
        super().__init__(optimizer)
        regularized.function("penalty", penalty)
        self.penalty = penalty
        self.value: Any = None

    def step(self, grads: Tensor | Sequence[Tensor]) -> None:
        given = [grads] if isinstance(grads, Tensor) else list(grads)
        regularized.alike("grads", given, self.params)
        found = [regularized.penalty_found(self.penalty(p), p) for p in self.params]
        self.optimizer.step([torch.add(g, more) for g, (_, more) in zip(given, found, strict=True)])
        self.value = sum(value for value, _ in found)


class Proximal(Around):
    """The optimizer inside, then the minimizer of distance and penalty."""

    coef, l1_ratio = regularized.Spread(), regularized.Spread(1.0)

    def __init__(self, optimizer: Any, coef: Coefficient, l1_ratio: Coefficient = 1.0) -> None:
        super().__init__(optimizer)
        self.coef, self.l1_ratio = coef, l1_ratio

    def step(self, grads: Tensor | Sequence[Tensor]) -> None:
        rates = self.rates()
        self.optimizer.step(grads)
        with torch.no_grad():
            for p, rate in zip(self.params, rates, strict=True):
                p.copy_(elastic_net_prox(p, rate, self.coef, self.l1_ratio))


class Decayed(Around):
    """How far the optimizer inside went, from weights that ``torch.mul`` has shrunk."""

    coef = regularized.Spread()

    def __init__(self, optimizer: Any, coef: Coefficient) -> None:
        super().__init__(optimizer)
        self.coef = coef

    def step(self, grads: Tensor | Sequence[Tensor]) -> None:
        rates, before = self.rates(), [p.detach().clone() for p in self.params]
        self.optimizer.step(grads)
        with torch.no_grad():
            for p, old, rate in zip(self.params, before, rates, strict=True):
                p.copy_(torch.mul(old, 1 - rate * self.coef) + (p - old))
