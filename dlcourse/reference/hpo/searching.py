"""Twins of searches that learn nothing, and of a forest's variance shares, on PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine

BITS = 30


def grid(space: Mapping[str, Any], points: int = 5) -> Tensor:
    """All combinations for Floats without steps, ``torch.cartesian_prod``: (trials, parameters)."""
    axes = []
    for domain in space.values():
        ends = torch.tensor([domain.low, domain.high], dtype=torch.float64)
        low, high = (ends.log() if domain.log else ends).tolist()
        axis = torch.linspace(low, high, points, dtype=torch.float64)
        axes.append(axis.exp() if domain.log else axis)
    return torch.cartesian_prod(*axes).reshape(-1, len(axes))


def from_unit(space: Mapping[str, Any], u: Any) -> Tensor:
    """``icdf`` of ``torch.distributions`` at each column, for Floats without steps."""
    columns = []
    for domain, share in zip(space.values(), torch.as_tensor(u).unbind(-1), strict=True):
        ends = torch.tensor([domain.low, domain.high], dtype=torch.float64)
        ends = ends.log() if domain.log else ends
        value = torch.distributions.Uniform(ends[0], ends[1], validate_args=False).icdf(share)
        columns.append(value.exp() if domain.log else value)
    return torch.stack(columns, -1)


def sobol(index: int, d: int, shift: Any = None) -> Tensor:
    """``torch.quasirandom.SobolEngine``, unscrambled; the shift as an exclusive or of integers."""
    engine = SobolEngine(d, scramble=False)
    if index:
        engine.fast_forward(index)
    point = engine.draw(1, dtype=torch.float64)[0]
    if shift is None:
        return point
    whole = (point * 2**BITS).round().to(torch.int64)
    return (whole ^ torch.as_tensor(shift, dtype=torch.int64)).to(torch.float64) / 2**BITS


def halton(index: int, d: int, permutations: Any = None) -> Tensor:
    """All digits of the index in a base by one division, weighted by powers of the base."""
    found = torch.arange(2, 20 * d + 20)
    divides = (found[:, None] % found[None, :] == 0) & (found[None, :] < found[:, None])
    point = []
    for j, base in enumerate(found[~divides.any(-1)][:d].tolist()):
        places = 40 if permutations is None else len(permutations[j])
        powers = torch.tensor([float(base) ** k for k in range(places)], dtype=torch.float64)
        digits = (torch.floor(index / powers) % base).long()
        if permutations is not None:
            chosen = torch.as_tensor(permutations[j]).gather(1, digits[:, None])
            digits = chosen[:, 0]
        point.append((digits / (powers * base)).sum())
    return torch.stack(point)


def variance_shares(tree: Any) -> tuple[Tensor, Tensor]:
    """What each axis explains alone, from the value of the tree in every cell of all edges."""
    both = torch.cat([torch.as_tensor(tree.low), torch.as_tensor(tree.high)])
    edges = [column.unique() for column in both.unbind(-1)]
    middles = [(e[1:] + e[:-1]) / 2 for e in edges]
    widths = [e.diff() for e in edges]
    cells = torch.cartesian_prod(*middles).reshape(-1, len(middles))
    values = torch.as_tensor(tree.predict(cells.numpy())).reshape([len(m) for m in middles])
    weight = torch.ones((), dtype=torch.float64)
    for width in widths:
        weight = weight[..., None] * width
    mean = (weight * values).sum()
    total = (weight * (values - mean) ** 2).sum()
    shares = []
    for axis in range(len(middles)):
        others = [a for a in range(len(middles)) if a != axis]
        part = (weight * values).sum(others) / weight.sum(others) if others else values
        shares.append((widths[axis] * (part - mean) ** 2).sum() / total)
    return torch.stack(shares), total
