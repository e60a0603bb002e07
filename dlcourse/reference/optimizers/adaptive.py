"""Twins of Adagrad, RMSprop and Adadelta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from dlcourse import hyper
from dlcourse.reference.optimizers.base import Hyper, Optimizer, Rate

Tensor = torch.Tensor


class Adagrad(Optimizer):
    """``torch.optim.Adagrad``."""

    torch_class: ClassVar[Any] = torch.optim.Adagrad
    torch_names: ClassVar[dict[str, str]] = {"s": "sum"}
    state_names = ("s",)
    eps = hyper.Hyper()

    def __init__(
        self, params: Tensor | Sequence[Tensor], lr: Rate = 1e-2, eps: Hyper = 1e-10
    ) -> None:
        super().__init__(params, lr)
        self.eps = eps

    def torch_hyper(self) -> dict[str, Any]:
        return {"eps": self.eps}


class RMSprop(Optimizer):
    """``torch.optim.RMSprop``."""

    torch_class: ClassVar[Any] = torch.optim.RMSprop
    torch_names: ClassVar[dict[str, str]] = {
        "v": "square_avg",
        "b": "momentum_buffer",
        "g_bar": "grad_avg",
    }

    alpha = hyper.Hyper(1.0, high_open=True)
    eps = hyper.Hyper()
    momentum = hyper.Hyper(1.0, switch=True)
    centered = hyper.Flag()

    def __init__(
        self,
        params: Tensor | Sequence[Tensor],
        lr: Rate = 1e-2,
        alpha: Hyper = 0.99,
        eps: Hyper = 1e-8,
        momentum: Hyper = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(params, lr)
        self.alpha, self.eps = alpha, eps
        self.momentum, self.centered = momentum, centered
        self.state_names = ("v", *("b",) * bool(np.any(self.momentum)), *("g_bar",) * centered)

    def torch_hyper(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("alpha", "eps", "momentum", "centered")}


class Adadelta(Optimizer):
    """``torch.optim.Adadelta``."""

    torch_class: ClassVar[Any] = torch.optim.Adadelta
    torch_names: ClassVar[dict[str, str]] = {"v": "square_avg", "u": "acc_delta"}
    state_names = ("v", "u")
    rho = hyper.Hyper(1.0, high_open=True)
    eps = hyper.Hyper()

    def __init__(
        self,
        params: Tensor | Sequence[Tensor],
        lr: Rate = 1.0,
        rho: Hyper = 0.9,
        eps: Hyper = 1e-6,
    ) -> None:
        super().__init__(params, lr)
        self.rho, self.eps = rho, eps

    def torch_hyper(self) -> dict[str, Any]:
        return {"rho": self.rho, "eps": self.eps}
