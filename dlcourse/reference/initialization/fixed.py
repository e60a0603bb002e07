"""Twin of ``scratch.initialization.fixed``: ``torch.nn.init``."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn import init

from dlcourse import checks
from dlcourse.arrays import Generators, run_generators
from dlcourse.reference.initialization.draws import Device, Float, Shape, Tensor


def filled(
    fill: Callable[[Tensor], Any],
    shape: Shape,
    rng: Generators | None,
    runs: int | None,
    dtype: Float,
    device: Device,
) -> Tensor:
    """One tensor, filled in place, and the same again for every run."""
    unused = np.random.default_rng(0) if rng is None else rng
    run_generators(unused, runs)
    kind = getattr(torch, checks.float_kind("dtype", dtype).name)
    w = torch.empty(tuple(shape), dtype=kind, device=device)
    fill(w)
    return w if runs is None else w.repeat(runs, *[1] * w.ndim)


def constant(
    shape: Shape,
    val: float,
    rng: Generators | None = None,
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.constant_``."""
    shape = checks.sizes("shape", shape)
    fill = partial(init.constant_, val=checks.scalar("val", val, -math.inf))
    return filled(fill, shape, rng, runs, dtype, device)


def zeros(
    shape: Shape,
    rng: Generators | None = None,
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.zeros_``."""
    return filled(init.zeros_, checks.sizes("shape", shape), rng, runs, dtype, device)


def identity(
    shape: Shape,
    rng: Generators | None = None,
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.eye_``; of convolutions ``dirac_``."""
    shape = checks.sizes("shape", shape, 2)
    if len(shape) > 5:
        checks.fail("shape", "of at most 5 axes, as (out, in, *kernel)", shape)
    fill = init.eye_ if len(shape) == 2 else init.dirac_
    return filled(fill, shape, rng, runs, dtype, device)
