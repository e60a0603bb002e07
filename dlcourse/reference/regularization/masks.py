"""Twin of ``scratch.regularization.masks``: NumPy's numbers, compared and scaled by PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from dlcourse import checks
from dlcourse.reference.layers.base import Tensor


def draw_dropout_mask(shape: Sequence[int], p: float, rng: np.random.Generator) -> Tensor:
    """``torch.ge`` of uniform numbers."""
    return torch.ge(_uniform(checks.sizes("shape", shape), rng), _rate(p))


def draw_spatial_mask(shape: Sequence[int], p: float, rng: np.random.Generator) -> Tensor:
    """As ``F.dropout2d`` draws: an entry a channel."""
    n_c = checks.sizes("shape", shape, 4)[:-2]
    return torch.ge(_uniform(n_c, rng), _rate(p))[..., None, None]


def draw_sequence_mask(shape: Sequence[int], p: float, rng: np.random.Generator) -> Tensor:
    """An entry a sequence and feature."""
    *lead, _, d = checks.sizes("shape", shape, 3)
    return torch.ge(_uniform((*lead, d), rng), _rate(p)).unsqueeze(-2)


def draw_gaussian_noise(shape: Sequence[int], p: float, rng: np.random.Generator) -> Tensor:
    """NumPy's normal numbers."""
    odds = _rate(p) / (1 - _rate(p))
    shape = checks.sizes("shape", shape)
    return torch.as_tensor(checks.generator("rng", rng).normal(1.0, np.sqrt(odds), shape))


def rates(name: str, p: Any, runs: int | None) -> Any:
    """A probability of dropping, or an array (runs,), which may come as a column (runs, 1)."""
    p = checks.number(name, p, 0, 1, high_open=True)
    if isinstance(p, np.ndarray):
        if runs is None or p.shape not in ((runs,), (runs, 1)):
            each = "" if runs is None else f" or an array ({runs},), one entry a run"
            checks.fail(name, f"a number{each}", p)
        return p.ravel()
    return p


def share(mask: Tensor, p: Any, ndim: int, like: Tensor) -> Tensor:
    """What a kept entry is multiplied by, 0 for the others; shaped as the mask."""
    p = checks.number("p", p, 0, 1, high_open=True)
    p = torch.as_tensor(p, dtype=torch.float64)
    scale = (1 - p).reciprocal()
    if p.ndim:
        scale = scale.reshape(-1, *[1] * (ndim - 1))
    return torch.where(mask.to(like.device), scale.to(like), 0)


def _rate(p: Any) -> float:
    p = checks.number("p", p, 0, 1, high_open=True)
    if not isinstance(p, float):
        checks.fail("p", "a number", p, "Draw for one run after the other.")
    return p


def _uniform(shape: Sequence[int], rng: np.random.Generator) -> Tensor:
    rng = checks.generator("rng", rng)
    return torch.as_tensor(rng.random(tuple(shape), dtype=np.float32))
