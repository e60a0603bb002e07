"""Twins of Adam and AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from dlcourse import hyper
from dlcourse.reference.optimizers.base import Hyper, Optimizer, Rate

Tensor = torch.Tensor


class Adam(Optimizer):
    """``torch.optim.Adam``."""

    torch_class: ClassVar[Any] = torch.optim.Adam
    torch_names: ClassVar[dict[str, str]] = {
        "m": "exp_avg",
        "v": "exp_avg_sq",
        "v_max": "max_exp_avg_sq",
    }

    betas = hyper.Pair(1.0, high_open=True)
    eps = hyper.Hyper()
    weight_decay = hyper.Hyper()
    amsgrad = hyper.Flag()

    def __init__(
        self,
        params: Tensor | Sequence[Tensor],
        lr: Rate = 1e-3,
        betas: tuple[Hyper, Hyper] = (0.9, 0.999),
        eps: Hyper = 1e-8,
        weight_decay: Hyper = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr)
        self.betas, self.eps = betas, eps
        self.weight_decay, self.amsgrad = weight_decay, amsgrad
        self.state_names = ("m", "v", "v_max") if amsgrad else ("m", "v")

    def torch_hyper(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("betas", "eps", "weight_decay", "amsgrad")}


class AdamW(Adam):
    """``torch.optim.AdamW``."""

    torch_class: ClassVar[Any] = torch.optim.AdamW

    def __init__(
        self,
        params: Tensor | Sequence[Tensor],
        lr: Rate = 1e-3,
        betas: tuple[Hyper, Hyper] = (0.9, 0.999),
        eps: Hyper = 1e-8,
        weight_decay: Hyper = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)
