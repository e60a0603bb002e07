"""Twins of ``scratch.landscape.exact``: autograd twice, through any layer it knows."""

from __future__ import annotations

from typing import Any

import torch
from torch.func import grad, vjp

from dlcourse import curved, inputs
from dlcourse.reference.landscape.curvature import Tensor, loss_of
from dlcourse.reference.models import Sequential


class ExactHessian:
    """``torch.func.vjp`` over ``torch.func.grad``: reverse over reverse."""

    def __init__(self, model: Any, loss: Any, x: Tensor, y: Tensor) -> None:
        inputs.model("model", model, Sequential)
        self.theta = model.theta.detach().clone()
        self.pull = vjp(grad(loss_of(model, loss, x, y)), self.theta)[1]
        self.dim, self.runs = self.theta.shape[-1], model.runs

    def __call__(self, v: Tensor) -> Tensor:
        """H v at the parameters of then."""
        curved.direction(v, self.theta, Tensor)
        product: Tensor = self.pull(v)[0]
        return product


def exact_hvp(model: Any, loss: Any, x: Tensor, y: Tensor, v: Tensor) -> Tensor:
    """``torch.autograd.functional.vhp``: reverse over reverse."""
    inputs.model("model", model, Sequential)
    curved.direction(v, model.theta, Tensor)
    _, product = torch.autograd.functional.vhp(
        loss_of(model, loss, x, y), model.theta.detach().clone(), v
    )
    found: Tensor = product
    return found
