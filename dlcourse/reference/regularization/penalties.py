"""Twin of ``scratch.regularization.penalties``: losses of PyTorch, and autograd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import regularized

Tensor = torch.Tensor


def coefficient(name: str, value: Any, theta: Tensor, high: float = np.inf) -> Tensor:
    """A tensor beside theta."""
    regularized.parameters("theta", theta, Tensor)
    found = regularized.spread(name, value, tuple(theta.shape), high)
    return torch.as_tensor(found, dtype=theta.dtype, device=theta.device)


def _with_gradient(value: Callable[[Tensor], Tensor], theta: Tensor) -> tuple[Tensor, Tensor]:
    leaf = theta.detach().clone().requires_grad_()
    found = value(leaf).sum(-1)
    return found.detach(), torch.autograd.grad(found.sum(), leaf)[0]


def _to_zero(distance: Callable[..., Tensor], theta: Tensor) -> Tensor:
    return distance(theta, torch.zeros_like(theta), reduction="none")


def l1_penalty(theta: Tensor, coef: float | npt.ArrayLike) -> tuple[Tensor, Tensor]:
    """``F.l1_loss`` from zero, weighted."""
    c = coefficient("coef", coef, theta)
    return _with_gradient(lambda w: c * _to_zero(F.l1_loss, w), theta)


def l2_penalty(theta: Tensor, coef: float | npt.ArrayLike) -> tuple[Tensor, Tensor]:
    """Half of ``F.mse_loss`` from zero, weighted."""
    c = coefficient("coef", coef, theta)
    return _with_gradient(lambda w: c / 2 * _to_zero(F.mse_loss, w), theta)


def elastic_net(
    theta: Tensor, coef: float | npt.ArrayLike, l1_ratio: float | npt.ArrayLike
) -> tuple[Tensor, Tensor]:
    """``torch.lerp`` between the two."""
    c, ratio = coefficient("coef", coef, theta), coefficient("l1_ratio", l1_ratio, theta, 1.0)

    def value(w: Tensor) -> Tensor:
        return c * torch.lerp(_to_zero(F.mse_loss, w) / 2, _to_zero(F.l1_loss, w), ratio)

    return _with_gradient(value, theta)


def coefficients(
    model: Any, coef: float | npt.ArrayLike, **layers: float | npt.ArrayLike
) -> Tensor:
    """``torch.cat`` of one piece a parameter."""
    found = regularized.by_layer(model, coef, layers)
    like = model.theta
    columns = any(isinstance(value, np.ndarray) for value in found.values())
    runs = (model.runs,) if columns and model.runs is not None else ()
    pieces = [
        torch.as_tensor(found[name], dtype=like.dtype, device=like.device).expand(
            *runs, int(np.prod(shape))
        )
        for name, shape in model.shapes.items()
    ]
    return torch.cat(pieces, -1)
