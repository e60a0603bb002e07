"""Twin of ``scratch.landscape.noise_scale``: two unknowns by ``torch.linalg.solve``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from dlcourse import checks, geometry, inputs
from dlcourse.arrays import Generators, run_generators
from dlcourse.reference.landscape.objective import Objective
from dlcourse.reference.layers import Layer

Tensor = torch.Tensor


class NoiseScale(NamedTuple):
    """Twin of ``scratch.landscape.NoiseScale``."""

    squared_norm: Tensor
    variance: Tensor
    scale: Tensor


def noise_scale(
    small: npt.ArrayLike, big: npt.ArrayLike, batch_sizes: tuple[int, int]
) -> NoiseScale:  # fmt: skip
    """``torch.linalg.solve`` of the two equations of expectation."""
    b, large = geometry.sizes(*checks.pair("batch_sizes", batch_sizes))
    few, many = (
        torch.as_tensor(checks.number(name, value, 0.0), dtype=torch.float64)
        for name, value in (("small", small), ("big", big))
    )
    equations = torch.tensor([[1, 1 / b], [1, 1 / large]], dtype=torch.float64)
    sides = torch.stack(torch.broadcast_tensors(few, many))
    squared, variance = torch.linalg.solve(equations, sides.reshape(2, -1))
    squared, variance = squared.reshape(sides.shape[1:]), variance.reshape(sides.shape[1:])
    return NoiseScale(squared, variance, variance / squared)


def noise_of_batches(
    model: Any, loss: Any, x: Tensor, y: Tensor, batch_sizes: tuple[int, int], rng: Generators,
    draws: int = 100,
) -> NoiseScale:  # fmt: skip
    """The same batches; gradients by autograd, through ``Objective``."""
    inputs.model("model", model, Layer)
    if len(x) != len(y) or not len(x):
        checks.fail("x, y", "as many targets as samples, at least one", (len(x), len(y)))
    sizes = geometry.sizes(*checks.pair("batch_sizes", batch_sizes))
    checks.integer("draws", draws, 1)
    generators, theta = run_generators(rng, model.runs), model.theta.detach()
    squares: tuple[list[Any], list[Any]] = ([], [])
    for _ in range(draws):
        for size, kept in zip(sizes, squares, strict=True):
            rows = np.stack([one.integers(0, len(x), size) for one in generators])
            batch = torch.as_tensor(rows if model.runs is not None else rows[0])
            g = Objective(model, loss, x[batch], y[batch], training=True).grad(theta)
            kept.append(g.square().sum(-1))
    small, big = (torch.stack(kept).mean(0).double().cpu().numpy() for kept in squares)
    return noise_scale(small, big, sizes)
