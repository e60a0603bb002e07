"""Twin of gradient descent, heavy ball and Nesterov."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch

from dlcourse import checks, hyper
from dlcourse.reference.optimizers.base import Hyper, Optimizer, Rate

Tensor = torch.Tensor


class SGD(Optimizer):
    """``torch.optim.SGD``."""

    torch_class: ClassVar[Any] = torch.optim.SGD
    torch_names: ClassVar[dict[str, str]] = {"v": "momentum_buffer"}

    momentum = hyper.Hyper(1.0, switch=True)
    dampening = hyper.Hyper(1.0, switch=True)
    weight_decay = hyper.Hyper()
    nesterov = hyper.Flag()

    def __init__(
        self,
        params: Tensor | Sequence[Tensor],
        lr: Rate = 1e-3,
        momentum: Hyper = 0.0,
        dampening: Hyper = 0.0,
        weight_decay: Hyper = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(params, lr)
        self.momentum, self.dampening = momentum, dampening
        self.weight_decay, self.nesterov = weight_decay, nesterov
        if nesterov and not (np.all(self.momentum > 0) and not np.any(self.dampening)):
            given = {"momentum": momentum, "dampening": dampening}
            checks.fail("nesterov", "used with momentum > 0 and dampening 0", given)
        self.state_names = ("v",) if np.any(self.momentum) else ()

    def torch_hyper(self) -> dict[str, Any]:
        names = ("momentum", "dampening", "weight_decay", "nesterov")
        return {name: getattr(self, name) for name in names}
