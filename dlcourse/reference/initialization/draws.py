"""Twin of ``scratch.initialization.draws``: ``torch.nn.init``, in place, run by run."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import init

from dlcourse import checks, inputs
from dlcourse.arrays import Generators, draw_runs, run_generators
from dlcourse.reference.initialization.scales import kaiming

Tensor = torch.Tensor
Shape = Sequence[int]
Float = npt.DTypeLike
Device = torch.device | str


def drawn(
    fill: Callable[..., Any],
    shape: Shape,
    rng: Generators,
    runs: int | None,
    dtype: Float,
    device: Device,
) -> Tensor:
    """Empty tensors, filled in place one a run."""
    kind = getattr(torch, checks.float_kind("dtype", dtype).name)
    seeds = draw_runs(lambda one: one.integers(2**63, size=()), run_generators(rng, runs), runs)
    shape, filled = checks.sizes("shape", shape), []
    for seed in np.ravel(seeds).tolist():
        filled.append(torch.empty(shape, dtype=kind, device=device))
        fill(filled[-1], generator=torch.Generator(device).manual_seed(seed))
    return filled[0] if runs is None else torch.stack(filled)


def normal(
    shape: Shape,
    rng: Generators,
    mean: float = 0.0,
    std: float = 1.0,
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.normal_``."""
    mean, std = checks.scalar("mean", mean, -math.inf), checks.scalar("std", std)
    return drawn(partial(init.normal_, mean=mean, std=std), shape, rng, runs, dtype, device)


def uniform(
    shape: Shape,
    rng: Generators,
    a: float = 0.0,
    b: float = 1.0,
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.uniform_``."""
    a, b = inputs.bounds(a, b)
    return drawn(partial(init.uniform_, a=a, b=b), shape, rng, runs, dtype, device)


def truncated_normal(
    shape: Shape,
    rng: Generators,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.trunc_normal_``, on all of [a, b] that is likelier than e⁻⁴⁰ of the best."""
    mean = checks.scalar("mean", mean, -math.inf)
    std = checks.scalar("std", std, low_open=True)
    a, b = inputs.bounds(a, b)
    inputs.near(mean, std, a, b)
    reach = math.hypot(min(max(mean, a), b) - mean, math.sqrt(80) * std)
    law: Any = {"mean": mean, "std": std, "a": max(a, mean - reach), "b": min(b, mean + reach)}
    with warnings.catch_warnings():  # far from the mean it is right too, if slow
        warnings.simplefilter("ignore", UserWarning)
        return drawn(partial(init.trunc_normal_, **law), shape, rng, runs, dtype, device)


def xavier_normal(
    shape: Shape,
    rng: Generators,
    gain: float = 1.0,
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.xavier_normal_``."""
    shape = checks.sizes("shape", shape, 2)
    gain = checks.scalar("gain", gain, low_open=True)
    return drawn(partial(init.xavier_normal_, gain=gain), shape, rng, runs, dtype, device)


def xavier_uniform(
    shape: Shape,
    rng: Generators,
    gain: float = 1.0,
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.xavier_uniform_``."""
    shape = checks.sizes("shape", shape, 2)
    gain = checks.scalar("gain", gain, low_open=True)
    return drawn(partial(init.xavier_uniform_, gain=gain), shape, rng, runs, dtype, device)


def kaiming_normal(
    shape: Shape,
    rng: Generators,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.kaiming_normal_``."""
    shape = checks.sizes("shape", shape, 2)
    law = kaiming(a, mode, nonlinearity)
    return drawn(partial(init.kaiming_normal_, **law), shape, rng, runs, dtype, device)


def kaiming_uniform(
    shape: Shape,
    rng: Generators,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    runs: int | None = None,
    dtype: Float = np.float64,
    device: Device = "cpu",
) -> Tensor:
    """``torch.nn.init.kaiming_uniform_``."""
    shape = checks.sizes("shape", shape, 2)
    law = kaiming(a, mode, nonlinearity)
    return drawn(partial(init.kaiming_uniform_, **law), shape, rng, runs, dtype, device)
