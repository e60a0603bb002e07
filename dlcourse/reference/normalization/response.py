"""Twin of ``scratch.normalization.response``: ``F.local_response_norm``."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from dlcourse import checks, inputs
from dlcourse.reference.layers.base import Cache, Layer, Tensor, pull_back, record


def _normed(x: Tensor, size: int, alpha: float, beta: float, k: float) -> Tensor:
    """PyTorch has channels on the second axis: all before ours become its first."""
    if x.ndim > 3:
        return F.local_response_norm(x.flatten(0, -4), size, alpha, beta, k).reshape(x.shape)
    rows = x.reshape(-1, x.shape[-1], 1)
    return F.local_response_norm(rows, size, alpha, beta, k).reshape(x.shape)


def local_response_norm(
    x: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> tuple[Tensor, Cache]:
    """``F.local_response_norm``."""
    return record(lambda leaf: _normed(leaf, size, alpha, beta, k), x)


def local_response_norm_backward(dy: Tensor, cache: Cache) -> Tensor:
    """Autograd."""
    if dy.ndim > cache[0].ndim:  # runs that only dy has
        return torch.stack([local_response_norm_backward(one, cache) for one in dy])
    return pull_back(dy, cache)[0]


class LocalResponseNorm(Layer):
    """``F.local_response_norm`` as a layer."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = checks.integer("size", size, 1)
        self.alpha = checks.scalar("alpha", alpha)
        self.beta = checks.scalar("beta", beta)
        self.k = checks.scalar("k", k)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        axes = ("n", "c", "h", "w") if np.ndim(x) > 3 else ("n", "c")
        inputs.batch(x, axes, None, Tensor)
        return _normed(x, self.size, self.alpha, self.beta, self.k)
