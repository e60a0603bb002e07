"""Twin of ``scratch.losses``: ``torch.nn.functional`` forward, autograd backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F

from dlcourse import checks, inputs

Tensor = torch.Tensor
Cache = Any


def mse(y: Tensor, target: Tensor) -> tuple[Tensor, Cache]:
    """``F.mse_loss``, averaged over the last two axes."""
    return _record(_mse, y, target, target.shape[:-2])


def _mse(y: Tensor, target: Tensor) -> Tensor:
    target = target.to(y.dtype).expand_as(y)
    return F.mse_loss(y, target, reduction="none").mean((-2, -1))


def _record(
    value: Callable[..., Tensor], y: Tensor, target: Tensor, runs: Sequence[int]
) -> tuple[Tensor, Cache]:
    """The loss of a leaf that has the runs of y and these of the target."""
    lead = torch.broadcast_shapes(y.shape[:-2], runs)
    leaf = y.detach().expand(*lead, *y.shape[-2:]).clone().requires_grad_()
    found = value(leaf, target)
    return found.detach(), (found, leaf)


def mse_backward(dvalue: Tensor | float, cache: Cache) -> Tensor:
    """Autograd."""
    return _pull_back(dvalue, cache)


def softmax_cross_entropy(logits: Tensor, target: Tensor) -> tuple[Tensor, Cache]:
    """``F.cross_entropy``, one mean a run; class indices or probabilities."""
    soft = target.is_floating_point()
    if not soft:  # F.cross_entropy would leave out the samples of class -100
        inputs.indices("labels", target.long(), logits.shape[-1])
    return _record(_cross_entropy, logits, target, target.shape[: -2 if soft else -1])


def _cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    *lead, n, k = logits.shape
    if target.is_floating_point():
        rows = target.to(logits.dtype).expand(*lead, n, k).reshape(-1, k)
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


def _on_device_of(y: Tensor, target: Any) -> Tensor:
    """A tensor beside the predictions, of whatever torch makes one of."""
    return cast(Tensor, inputs.target(partial(torch.as_tensor, device=y.device), target))


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
        inputs.batch(y, ("n", "k"), None, Tensor, name="y")
        inputs.outputs(y, target := _on_device_of(y, target))
        value, self.cache = mse(y, target)
        return value


class SoftmaxCrossEntropy(Loss):
    """``F.cross_entropy``; ``value`` is the differentiable function."""

    value = staticmethod(_cross_entropy)

    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        inputs.batch(y, ("n", "k"), None, Tensor, name="y")
        inputs.classes(y, target := _on_device_of(y, target))
        value, self.cache = softmax_cross_entropy(y, target)
        return value


class SequenceCrossEntropy(SoftmaxCrossEntropy):
    """``F.cross_entropy`` over the places of all sequences."""

    @staticmethod
    def value(y: Tensor, target: Tensor) -> Tensor:
        return _cross_entropy(y.flatten(-3, -2), target.flatten(-2))

    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        inputs.batch(y, ("n", "t", "k"), None, Tensor, name="y")
        inputs.classes(y, target := _on_device_of(y, target), sequences=True)
        value = super().forward(y.flatten(-3, -2), target.flatten(-2))
        self.places = y.shape[-3:-1]  # not before the labels have been accepted
        return value

    def backward(self) -> Tensor:
        return super().backward().unflatten(-2, self.places)
