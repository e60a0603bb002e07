"""Twin of ``scratch.regularization.calibration``: ``torch.bucketize``, autograd in a bisection."""

from __future__ import annotations

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
    place, empty = torch.bucketize(sure, edges), sure.new_zeros(*sure.shape[:-1], bins)
    count = empty.scatter_add(-1, place, torch.ones_like(sure))
    said = empty.scatter_add(-1, place, sure)
    right = empty.double().scatter_add(-1, place, (guess == labels).double())
    return said / count, right / count.double(), count.long()


def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 15) -> Tensor:
    """``nansum`` over the bins."""
    confidence, accuracy, count = reliability(probabilities, labels, bins)
    return (count / count.sum(-1, keepdim=True) * (accuracy - confidence).abs()).nansum(-1)


def fit_temperature(logits: Tensor, labels: Tensor) -> Tensor:
    """Bisection, run by run, on the sign of autograd's derivative in log T."""
    regularized.labelled("logits", logits, labels, Tensor)
    if logits.ndim > 2:
        shared = labels.expand(logits.shape[:-1])
        each = [fit_temperature(*one) for one in zip(logits, shared, strict=True)]
        return torch.stack(each)
    z = logits.detach().double()
    ahead = z - z.gather(-1, labels.long()[:, None])
    regularized.improvable(ahead.mean(), ahead.amax(-1).mean())
    slope = torch.func.grad(lambda u: _nll(z * torch.exp(-u), labels))
    low, high = (z.new_tensor(end) + z.std().log() for end in (-40.0, 40.0))
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return ((low + high) / 2).exp().to(logits.dtype)
