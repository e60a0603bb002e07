"""Twin of ``scratch.losses``: ``torch.nn.functional`` forward, autograd backward."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from dlcourse import checks

Tensor = torch.Tensor
Cache = Any


def mse(y: Tensor, target: Tensor) -> tuple[Tensor, Cache]:
    """``F.mse_loss``, averaged over the last two axes."""
    leaf = y.detach().clone().requires_grad_()
    value = _mse(leaf, target)
    return value.detach(), (value, leaf)


def _mse(y: Tensor, target: Tensor) -> Tensor:
    target = target.expand_as(y) if target.ndim < y.ndim else target
    return F.mse_loss(y, target, reduction="none").mean((-2, -1))


def mse_backward(dvalue: Tensor | float, cache: Cache) -> Tensor:
    """Autograd."""
    return _pull_back(dvalue, cache)


def softmax_cross_entropy(logits: Tensor, target: Tensor) -> tuple[Tensor, Cache]:
    """``F.cross_entropy``, one mean a run; class indices or probabilities."""
    leaf = logits.detach().clone().requires_grad_()
    value = _cross_entropy(leaf, target)
    return value.detach(), (value, leaf)


def _cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    *lead, n, k = logits.shape
    if target.dtype.is_floating_point:
        rows = target.expand(*lead, n, k).reshape(-1, k)
    else:
        rows = target.expand(*lead, n).reshape(-1).long()
    losses = F.cross_entropy(logits.reshape(-1, k), rows, reduction="none")
    return losses.reshape(*lead, n).mean(-1)


def softmax_cross_entropy_backward(dvalue: Tensor | float, cache: Cache) -> Tensor:
    """Autograd."""
    return _pull_back(dvalue, cache)


def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Share of samples whose largest logit is at the label, one number a run."""
    return (logits.argmax(-1) == labels).double().mean(-1)


def _pull_back(dvalue: Tensor | float, cache: Cache) -> Tensor:
    value, leaf = cache
    dvalue = torch.as_tensor(dvalue, dtype=value.dtype, device=value.device).expand_as(value)
    return torch.autograd.grad(value, leaf, dvalue, retain_graph=True)[0]


class Loss:
    """Twin of ``scratch.losses.Loss``."""

    def __init__(self) -> None:
        self.cache: Cache = None

    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        """The loss of each run."""
        raise TypeError(f"forward must be written by the subclass {type(self).__name__}.")

    def backward(self) -> Tensor:
        """Autograd, with the cotangent 1 for each run."""
        if self.cache is None:
            checks.fail("backward", "called after forward", type(self).__name__, "", RuntimeError)
        return _pull_back(1.0, self.cache)


class MSE(Loss):
    """``F.mse_loss``; ``value`` is the differentiable function."""

    value = staticmethod(_mse)

    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        if y.ndim < 2 or target.shape[-2:] != y.shape[-2:]:
            checks.fail("target", f"shaped (..., {tuple(y.shape[-2:])}) as y", tuple(target.shape))
        value, self.cache = mse(y, target)
        return value


class SoftmaxCrossEntropy(Loss):
    """``F.cross_entropy``; ``value`` is the differentiable function."""

    value = staticmethod(_cross_entropy)

    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        soft = target.dtype.is_floating_point
        fits = target.shape[-2:] == y.shape[-2:] if soft else target.shape[-1:] == y.shape[-2:-1]
        if y.ndim < 2 or not fits:
            n, k = (0, 0, *y.shape)[-2:]
            kinds = f"integer labels (..., {n}) or soft targets (..., {n}, {k})"
            checks.fail("target", kinds, target)
        value, self.cache = softmax_cross_entropy(y, target)
        return value


class SequenceCrossEntropy(SoftmaxCrossEntropy):
    """``F.cross_entropy`` over the places of all sequences."""

    @staticmethod
    def value(y: Tensor, target: Tensor) -> Tensor:
        return _cross_entropy(y.flatten(-3, -2), target.flatten(-2))

    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        n, t = y.shape[-3:-1] if y.ndim > 2 else (1, y.shape[0])
        if y.ndim < 3 or target.dtype.is_floating_point or target.shape[-2:] != (n, t):
            checks.fail("target", f"integer labels (..., {n}, {t}), one a place", target)
        leaf = y.detach().clone().requires_grad_()
        value = self.value(leaf, target)
        self.cache = value, leaf
        return value.detach()
