"""Twins of ``scratch.landscape.curvature``: ``torch.func``, of a gradient that autograd can pass.

A ``loss_grad`` here is differentiable, as ``loss_gradient`` or ``torch.func.grad`` give it; then
nothing is a difference, and ``reach`` is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.func import grad, vjp
from torch.nn.attention import SDPBackend, sdpa_kernel

from dlcourse import checks, curved

Tensor = torch.Tensor
LossGrad = Callable[[Tensor], Tensor]
Product = Callable[[Tensor], Tensor]


def loss_of(
    model: Any, loss: Any, x: Tensor, y: Tensor, training: bool = False
) -> Callable[[Tensor], Tensor]:
    """The sum over the runs of their losses, as a function of theta."""

    def value(theta: Tensor) -> Tensor:
        with sdpa_kernel(SDPBackend.MATH):  # the one attention that has second derivatives
            out = model.apply(model.unflatten(theta), x, training)
            found: Tensor = loss.value(out, torch.as_tensor(y)).sum()
            return found

    return value


def loss_gradient(model: Any, loss: Any, x: Tensor, y: Tensor, training: bool = False) -> LossGrad:
    """``torch.func.grad``."""
    return grad(loss_of(model, loss, x, y, training))


def hessian_vector_product(
    loss_grad: LossGrad, theta: Tensor, v: Tensor, reach: Any = None
) -> Tensor:
    """``torch.func.vjp`` of the gradient, as the Hessian is symmetric; ``jvp`` warns."""
    curved.function("loss_grad", loss_grad)
    curved.vector("theta", theta, Tensor)
    curved.direction(v, theta, Tensor)
    product: Tensor = vjp(loss_grad, theta)[1](v)[0]
    return product


def hessian_from_products(
    hvp: Product, dim: int, runs: int | None = None, device: torch.device | str = "cpu"
) -> Tensor:
    """``torch.eye``, row by row."""
    curved.function("hvp", hvp)
    eye = torch.eye(curved.writable(dim), dtype=torch.float64, device=device)
    if runs is not None:
        eye = eye[:, None].expand(dim, checks.integer("runs", runs, 1), dim)
    whole = torch.stack([hvp(row.clone()) for row in eye], -1)
    return (whole + whole.mT) / 2


def hessian(loss_grad: LossGrad, theta: Tensor, reach: Any = None) -> Tensor:
    """``torch.autograd.functional.jacobian``, of whose runs only each one's own block is kept."""
    curved.function("loss_grad", loss_grad)
    curved.vector("theta", theta, Tensor)
    curved.writable(theta.shape[-1])
    whole: Any = torch.autograd.functional.jacobian(loss_grad, theta)
    if theta.ndim == 2:  # (runs, d, runs, d)
        whole = torch.diagonal(whole, dim1=0, dim2=2).movedim(-1, 0)
    found: Tensor = (whole + whole.mT) / 2
    return found
