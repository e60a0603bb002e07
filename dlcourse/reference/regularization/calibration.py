"""Twin of ``scratch.regularization.calibration``: ``torch.bucketize``, autograd in a bisection."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from dlcourse import checks, regularized

Tensor = torch.Tensor


def softmax(logits: Tensor) -> Tensor:
    """``torch.softmax``."""
    regularized.parameters("logits", logits, Tensor)
    return torch.softmax(logits, -1)


def nll(logits: Tensor, labels: Tensor) -> Tensor:
    """``F.cross_entropy``, the mean of each run."""
    regularized.labelled("logits", logits, labels, Tensor)
    return _nll(logits, labels)


def _nll(logits: Tensor, labels: Tensor) -> Tensor:
    *lead, n, k = logits.shape
    rows = labels.expand(*lead, n).reshape(-1).long()
    return F.cross_entropy(logits.reshape(-1, k), rows, reduction="none").reshape(*lead, n).mean(-1)


def reliability(
    probabilities: Tensor, labels: Tensor, bins: int = 15
) -> tuple[Tensor, Tensor, Tensor]:
    """``torch.bucketize`` and sums by ``scatter_add``."""
    regularized.labelled("probabilities", probabilities, labels, Tensor)
    regularized.distribution("probabilities", probabilities, Tensor)
    checks.integer("bins", bins, 1)
    sure, guess = probabilities.max(-1)
    edges = (torch.arange(1, bins, dtype=torch.float64) / bins).to(probabilities)
    place, empty = torch.bucketize(sure, edges), torch.zeros(*sure.shape[:-1], bins).to(sure.device)
    kinds = torch.ones_like(sure), sure, guess == labels
    count, said, right = (empty.double().scatter_add(-1, place, a.double()) for a in kinds)
    return (said / count).to(sure), (right / count).to(sure), count.long()


def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 15) -> Tensor:
    """``nansum`` over the bins."""
    confidence, accuracy, count = reliability(probabilities, labels, bins)
    share = count.to(confidence) / count.sum(-1, keepdim=True)
    return (share * (accuracy - confidence).abs()).nansum(-1)


def fit_temperature(logits: Tensor, labels: Tensor) -> Tensor:
    """Regula falsi (Illinois), run by run, on autograd's derivative in log T."""
    regularized.labelled("logits", logits, labels, Tensor)
    if logits.ndim > 2:
        shared = labels.expand(logits.shape[:-1])
        each = [fit_temperature(*one) for one in zip(logits, shared, strict=True)]
        return torch.stack(each)
    z = logits.detach().double()
    ahead = z - z.gather(-1, labels.long()[:, None])
    regularized.improvable(ahead.mean(), ahead.amax(-1).mean())

    def slope(u: float) -> float:
        leaf = torch.tensor(u, dtype=z.dtype, device=z.device, requires_grad=True)
        return float(torch.autograd.grad(_nll(z * torch.exp(-leaf), labels), leaf)[0])

    return z.new_tensor(_root(slope, float(z.std().log()))).exp().to(logits.dtype)


def _root(rising: Callable[[float], float], u: float) -> float:
    """Where a function is zero that is negative before, positive behind."""
    low = high = u
    while rising(low) > 0:
        low, high = low - 1, low
    while rising(high) < 0:
        low, high = high, high + 1
    f_low, f_high, side = rising(low), rising(high), 0
    for _ in range(200):
        last, u = u, high - f_high * (high - low) / (f_high - f_low) if f_high > f_low else high
        f = rising(u)
        if f == 0 or abs(u - last) <= 1e-15:
            break
        if f > 0:
            high, f_high, f_low, side = u, f, f_low / 2 if side == 1 else f_low, 1
        else:
            low, f_low, f_high, side = u, f, f_high / 2 if side == -1 else f_high, -1
    return u
