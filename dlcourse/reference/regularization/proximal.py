"""Twin of ``scratch.regularization.proximal``: ``F.softshrink``, and minimizers case by case."""

from __future__ import annotations

import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse.reference.regularization.penalties import coefficient

Tensor = torch.Tensor


def soft_threshold(theta: Tensor, threshold: float | npt.ArrayLike) -> Tensor:
    """``F.softshrink`` where there is one threshold for all."""
    t = coefficient("threshold", threshold, theta)
    if t.ndim == 0:
        return F.softshrink(theta, t.item())
    return (theta - t).relu() - (-theta - t).relu()


def elastic_net_prox(
    theta: Tensor,
    step: float | npt.ArrayLike,
    coef: float | npt.ArrayLike,
    l1_ratio: float | npt.ArrayLike,
) -> Tensor:
    """The minimizer among those above zero, those below, and zero itself."""
    eta, c = coefficient("step", step, theta), coefficient("coef", coef, theta)
    ratio = coefficient("l1_ratio", l1_ratio, theta, 1.0)
    kink, bend = eta * c * ratio, 1 + eta * c * (1 - ratio)
    above, below = (theta - kink) / bend, (theta + kink) / bend
    rest = torch.where(below < 0, below, torch.zeros_like(theta))
    return torch.where(above > 0, above, rest).where(~theta.isnan(), theta)
