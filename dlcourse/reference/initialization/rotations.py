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
    """a (aᵀa)'s Cholesky factor⁻¹: the same Q, for R with a positive diagonal is unique."""
    tall = a.mT if a.shape[-2] < a.shape[-1] else a
    r = torch.linalg.cholesky(tall.mT @ tall, upper=True)
    q = torch.linalg.solve_triangular(r, tall, upper=True, left=False)
    return q.mT if tall is not a else q
