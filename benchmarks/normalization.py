"""Normalizing layers, forward and backward, beside PyTorch on the CPU.

    python -m benchmarks.normalization

Training mode, float32. Both sides start from the same weights and are compared, in float64, before
they are timed. Exits with 1 when an aim is missed or the two sides differ.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmarks import timing
from dlcourse.scratch import normalization
from dlcourse.scratch.layers import Layer


@dataclass(frozen=True)
class Contest:
    """A layer of ours and a module of PyTorch's, on inputs of this shape."""

    name: str
    shape: tuple[int, ...]
    ours: Callable[[Any], Layer]  # of a precision
    theirs: Callable[[], torch.nn.Module]
    at_most: float


def without_parameters(make: Callable[[], Layer]) -> Callable[[Any], Layer]:
    """A layer that has no precision of its own."""
    return lambda dtype: make()


CONTESTS = (
    Contest(
        "BatchNorm 64 × 32 × 28 × 28",
        (64, 32, 28, 28),
        lambda dtype: normalization.BatchNorm(32, dtype=dtype),
        lambda: torch.nn.BatchNorm2d(32),
        1.0,
    ),
    Contest(
        "BatchNorm 512 × 1024",
        (512, 1024),
        lambda dtype: normalization.BatchNorm(1024, dtype=dtype),
        lambda: torch.nn.BatchNorm1d(1024),
        1.5,
    ),
    Contest(
        "GroupNorm 64 × 32 × 28 × 28",
        (64, 32, 28, 28),
        lambda dtype: normalization.GroupNorm(8, 32, dtype=dtype),
        lambda: torch.nn.GroupNorm(8, 32),
        1.6,
    ),
    Contest(
        "LayerNorm 4096 × 512",
        (4096, 512),
        lambda dtype: normalization.LayerNorm(512, dtype=dtype),
        lambda: torch.nn.LayerNorm(512),
        1.9,
    ),
    Contest(
        "LRN 64 × 32 × 28 × 28",
        (64, 32, 28, 28),
        without_parameters(lambda: normalization.LocalResponseNorm(5)),
        lambda: torch.nn.LocalResponseNorm(5),
        0.10,
    ),
)


def drawn(contest: Contest, dtype: Any) -> list[np.ndarray]:
    """Inputs, what comes back, and values for γ and β that are not 1 and 0."""
    rng = np.random.default_rng(0)
    shapes = [contest.shape] * 2 + [p.shape for p in contest.ours(dtype).params.values()]
    return [(rng.standard_normal(shape) + 0.5).astype(dtype) for shape in shapes]


def ours(contest: Contest, dtype: Any) -> Callable[[], list[Any]]:
    """Outputs, gradients and state after one pass there and back."""
    x, dy, *values = drawn(contest, dtype)
    layer = contest.ours(dtype)
    for p, value in zip(layer.params.values(), values, strict=True):
        p[...] = value

    def job() -> list[Any]:
        y = layer.forward(x, training=True)
        return [y, layer.backward(dy), *layer.grads.values(), *layer.buffers.values()]

    return job


def theirs(contest: Contest, dtype: Any) -> Callable[[], list[Any]]:
    """The same of PyTorch."""
    x, dy, *values = (torch.from_numpy(a) for a in drawn(contest, dtype))
    module = contest.theirs().to(x.dtype)
    params = [*module.parameters()]
    for p, value in zip(params, values, strict=True):
        p.data.copy_(value)
    x.requires_grad_()

    def job() -> list[Any]:
        y = module(x)
        return [y, *torch.autograd.grad(y, (x, *params), dy), *module.buffers()]

    return job


def difference(contest: Contest) -> float:
    """The largest difference of any of these numbers in float64, relative to their size."""
    pairs = zip(ours(contest, np.float64)(), theirs(contest, np.float64)(), strict=True)
    both = [(np.asarray(a), b.detach().numpy()) for a, b in pairs]
    return max(float(abs(a - b).max() / abs(b).max()) for a, b in both)


def main() -> int:
    """Print the table; 1 if an aim is missed or the two sides do not compute the same."""
    torch.set_num_threads(1)
    print(timing.where())
    print(f"PyTorch {torch.__version__}; CPU time there and back; below 1 ours is faster\n")
    print(f"{'':29}{'ours':>9}   {'÷ PyTorch':23}at most       parity")
    failed = 0
    for contest in CONTESTS:
        differ = difference(contest)
        taken = timing.measure(
            {"ours": ours(contest, np.float32), "theirs": theirs(contest, np.float32)}
        )
        ratio, wrong = timing.ratio(taken, "ours", "theirs"), not differ < 1e-10
        missed = ratio.median > contest.at_most
        failed += missed or wrong
        aim = f"{contest.at_most:.2f}  {'MISSED' if missed else 'ok'}"
        told = "no valid comparison: " * wrong + f"apart by {differ:.0e}"
        line = f"{contest.name:29}{timing.microseconds(taken, 'ours'):6.0f} µs"
        print(f"{line}   {ratio!s:23}{aim:14}{told}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
