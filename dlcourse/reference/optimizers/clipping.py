"""Twin of clipping: ``torch.nn.utils`` on parameters that carry the gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from dlcourse import checks
from dlcourse.reference.optimizers.base import _listed

Tensor = torch.Tensor


def clip_grad_norm(
    grads: Tensor | Sequence[Tensor], max_norm: float, runs: int | None = None
) -> tuple[Any, Any]:
    """``torch.nn.utils.clip_grad_norm_``, called once a run."""
    checks.scalar("max_norm", max_norm, low_open=True)
    tensors = _checked(grads, runs)
    if runs is None:
        clipped, norm = _clip(tensors, max_norm)
    else:
        each = [_clip([g[r] for g in tensors], max_norm) for r in range(runs)]
        norm = torch.stack([one[1] for one in each])
        clipped = [torch.stack(rows) for rows in zip(*(one[0] for one in each), strict=True)]
    return clipped[0] if isinstance(grads, Tensor) else clipped, norm


def _clip(grads: list[Tensor], max_norm: float) -> tuple[list[Tensor], Tensor]:
    carriers = [torch.zeros_like(g, requires_grad=True) for g in grads]
    for carrier, g in zip(carriers, grads, strict=True):
        carrier.grad = g.clone()
    norm = _norm(grads)
    torch.nn.utils.clip_grads_with_norm_(carriers, max_norm, norm)
    return [_gradient(carrier) for carrier in carriers], norm


def _norm(grads: list[Tensor]) -> Tensor:
    """``torch.nn.utils.get_total_norm``, which squares: of entries no larger than 1, in float64."""
    largest = torch.stack([g.abs().max().double() for g in grads if g.numel()] or [torch.ones(())])
    unit = 2.0 ** torch.frexp(largest.max()).exponent.double().clamp(-1000, 1000)
    return torch.nn.utils.get_total_norm([g.double() / unit for g in grads]) * unit


def clip_grad_value(grads: Tensor | Sequence[Tensor], clip_value: float) -> Any:
    """``torch.nn.utils.clip_grad_value_``."""
    checks.scalar("clip_value", clip_value, low_open=True)
    carriers = []
    for g in _checked(grads, None):
        carriers.append(torch.zeros_like(g, requires_grad=True))
        carriers[-1].grad = g.clone()
    torch.nn.utils.clip_grad_value_(carriers, clip_value)
    clipped = [_gradient(carrier) for carrier in carriers]
    return clipped[0] if isinstance(grads, Tensor) else clipped


def _gradient(carrier: Tensor) -> Tensor:
    assert carrier.grad is not None
    return carrier.grad


def _checked(grads: Tensor | Sequence[Tensor], runs: int | None) -> list[Tensor]:
    tensors = _listed("grads", grads)
    if runs is not None:
        checks.integer("runs", runs, 1)
    if not tensors:
        checks.fail("grads", "at least one tensor", grads)
    for i, g in enumerate(tensors):
        if not isinstance(g, Tensor) or g.dtype not in (torch.float64, torch.float32):
            checks.fail(f"grads[{i}]", "a tensor of float64 or float32", g, error=TypeError)
        if runs is not None and tuple(g.shape[:1]) != (runs,):
            checks.fail(f"grads[{i}]", f"of {runs} runs on its leading axis", g)
    return tensors
