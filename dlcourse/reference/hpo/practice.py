"""Twins of the six steps and of smoothing: ``torch`` where it has the thing, else as a product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def initial_loss(classes: int) -> float:
    """``F.cross_entropy`` of equal logits."""
    logits = torch.zeros(1, classes, dtype=torch.float64)
    return float(F.cross_entropy(logits, torch.zeros(1, dtype=torch.long)))


def rates_between(low: float, high: float, n: int) -> Tensor:
    """``torch.logspace`` between the logarithms."""
    ends = torch.tensor([low, high], dtype=torch.float64).log10()
    return torch.logspace(ends[0].item(), ends[1].item(), n, dtype=torch.float64)


def fastest_rate(rates: Sequence[float], losses: Any) -> float | None:
    """Runs in the order of their last losses; the first that is finite and has fallen."""
    curves = torch.as_tensor(losses, dtype=torch.float64)
    for i in torch.argsort(curves[:, -1].nan_to_num(torch.inf), stable=True).tolist():
        if bool(curves[i].isfinite().all()) and bool(curves[i, -1] < curves[i, 0]):
            return float(rates[i])
    return None


def diagnose(train: float, validation: float, enough: float = 0.8, gap: float = 0.1) -> str:
    """The verdict at the place that two comparisons name."""
    table = (("good", "overfitting"), ("underfitting", "underfitting"))
    return table[train < enough][train - validation > gap]


def moving_average(values: Any, window: int) -> Tensor:
    """``F.avg_pool1d`` of the padded curve, divided by what it counted of ones."""
    curve = torch.as_tensor(values, dtype=torch.float64)
    rows = curve.reshape(-1, 1, curve.shape[-1])
    pool = [F.avg_pool1d(F.pad(part, (window - 1, 0)), window, 1)
            for part in (rows, torch.ones_like(rows))]  # fmt: skip
    return (pool[0] / pool[1]).reshape(curve.shape)


def exponential_average(values: Any, beta: float) -> Tensor:
    """All weights β^(t-k) as one triangular matrix, its rows scaled to sum to 1."""
    curve = torch.as_tensor(values, dtype=torch.float64)
    t = torch.arange(curve.shape[-1])
    powers = torch.as_tensor(float(beta), dtype=torch.float64) ** (t[:, None] - t).clip(0)
    weights = torch.tril(powers)
    return curve @ (weights / weights.sum(-1, keepdim=True)).T
