"""Twin of ``scratch.landscape.objective``: a differentiable function of ``theta``."""

from __future__ import annotations

from typing import Any

import torch

from dlcourse import checks, geometry, inputs
from dlcourse.reference.layers import Layer

Tensor = torch.Tensor


class Objective:
    """``loss.value`` of ``model.apply``; ``grad`` is ``torch.autograd.grad``."""

    def __init__(self, model: Any, loss: Any, x: Tensor, y: Tensor, training: bool = False) -> None:
        inputs.model("model", model, Layer)
        if not all(hasattr(loss, verb) for verb in ("forward", "backward")):
            checks.fail("loss", "a loss, as MSE()", loss, error=TypeError)
        self.model, self.loss, self.x, self.y, self.training = model, loss, x, y, training

    def __call__(self, theta: Tensor) -> Tensor:
        """Several points of a model without runs one after the other."""
        geometry.vector_of(self.model, "theta", theta, Tensor)
        if self.model.runs is not None:
            if theta.shape != self.model.theta.shape:
                wanted = f"shaped {tuple(self.model.theta.shape)}, one row a run of the model"
                checks.fail("theta", wanted, theta)
            return self._value(theta)
        if theta.ndim == 1:
            return self._value(theta)
        return torch.stack([self._value(one) for one in theta])

    def grad(self, theta: Tensor) -> Tensor:
        """``torch.autograd.grad`` of the sum over the runs, which do not mix."""
        leaf = theta.detach().clone().requires_grad_()
        return torch.autograd.grad(self(leaf).sum(), leaf)[0]

    def _value(self, theta: Tensor) -> Tensor:
        kept = {name: a.clone() for name, a in self.model.buffers.items()}
        out = self.model.apply(self.model.unflatten(theta), self.x, self.training)
        for name, a in self.model.buffers.items():
            a.copy_(kept[name])
        return self.loss.value(out, self.y)
