"""Twin of ``scratch.regularization.labels``: ``label_smoothing`` of ``F.cross_entropy``."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import inputs, regularized
from dlcourse.reference.losses import SoftmaxCrossEntropy

Tensor = torch.Tensor


def smooth_labels(onehot: Tensor, alpha: float | npt.ArrayLike) -> Tensor:
    """``torch.lerp`` towards the uniform distribution."""
    regularized.distribution("onehot", onehot, Tensor)
    share = regularized.spread("alpha", alpha, tuple(onehot.shape), 1.0)
    onehot = onehot if onehot.is_floating_point() else onehot.double()
    uniform = torch.full_like(onehot, 1 / onehot.shape[-1])
    return torch.lerp(
        onehot, uniform, torch.as_tensor(share, dtype=onehot.dtype, device=onehot.device)
    )


class SmoothedCrossEntropy(SoftmaxCrossEntropy):
    """``F.cross_entropy(..., label_smoothing=alpha)``; ``value`` is the differentiable function."""

    def __init__(self, alpha: float) -> None:
        super().__init__()
        self.alpha = regularized.share("alpha", alpha)
        self.value = partial(_smoothed, alpha=self.alpha)

    def forward(self, y: Tensor, target: Any) -> Tensor:
        inputs.batch(y, ("n", "k"), None, Tensor, name="y")
        target = inputs.target(partial(torch.as_tensor, device=y.device), target)
        inputs.classes(y, target)
        soft = target.is_floating_point()
        if soft:
            regularized.distribution("target", target, Tensor)
        else:
            inputs.indices("labels", target.long(), y.shape[-1])
        lead = torch.broadcast_shapes(y.shape[:-2], target.shape[: -2 if soft else -1])
        leaf = y.detach().expand(*lead, *y.shape[-2:]).clone().requires_grad_()
        found = self.value(leaf, target)
        self.cache = found, leaf
        return found.detach()


def _smoothed(y: Tensor, target: Tensor, alpha: float) -> Tensor:
    *lead, n, k = y.shape
    if target.is_floating_point():
        rows = target.to(y.dtype).expand(*lead, n, k).reshape(-1, k)
    else:
        rows = target.expand(*lead, n).reshape(-1).long()
    losses = F.cross_entropy(y.reshape(-1, k), rows, reduction="none", label_smoothing=alpha)
    return losses.reshape(*lead, n).mean(-1)
