"""Twin of ``scratch.initialization.rotations``: ``torch.nn.init``, and Cholesky for QR."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch.nn import init

from dlcourse import checks
from dlcourse.arrays import Generators
from dlcourse.reference.initialization.draws import Device, Float, Shape, Tensor, drawn


def orthogonal(
    shape: Shape,
    rng: Generators,
    gain: float = 1.0,
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.orthogonal_``."""
    shape = checks.sizes("shape", shape, 2)
    gain = checks.scalar("gain", gain, low_open=True)
    return drawn(partial(init.orthogonal_, gain=gain), shape, rng, runs, dtype, device)


def orthonormal(a: Tensor) -> Tensor:
    """The same Q by Cholesky, aᵀa = RᵀR, Q = a R⁻¹: with a positive diagonal R is the only one.

    Twice: what the square costs the first Q in digits is repaired by its own.
    """
    tall = a.mT if a.shape[-2] < a.shape[-1] else a
    q = tall
    for _ in range(2):
        r = torch.linalg.cholesky(q.mT @ q, upper=True)
        q = torch.linalg.solve_triangular(r, q, upper=True, left=False)
    return q if tall is a else q.mT
