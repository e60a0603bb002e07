"""Twin of ``scratch.landscape.assignment``: cycles of exchanges, found by Bellman and Ford."""

from __future__ import annotations

from typing import NamedTuple

import torch

from dlcourse import geometry

Tensor = torch.Tensor


class Assignment(NamedTuple):
    """Twin of ``scratch.landscape.Assignment``."""

    columns: Tensor
    value: Tensor
    u: Tensor
    v: Tensor


def linear_assignment(cost: Tensor, maximize: bool = False) -> Assignment:
    """Any permutation, and then exchanges round a cycle as long as one is cheaper (Klein 1967)."""
    geometry.square(cost, Tensor)
    c = cost.detach().double() * (-1 if maximize else 1)
    solved = [_solve(one) for one in c.reshape(-1, *c.shape[-2:])]
    columns, u, v = (torch.stack(p).reshape(c.shape[:-1]) for p in zip(*solved, strict=True))
    value = cost.gather(-1, columns[..., None]).sum((-2, -1))
    return Assignment(columns, value, *((-u, -v) if maximize else (u, v)))


def _solve(cost: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    columns = torch.arange(len(cost), device=cost.device)
    while True:
        taken = cost[:, columns]  # row i with the column of row k
        cycle, distance = _negative_cycle(taken - taken.diagonal())
        if cycle is None:
            v = torch.empty_like(distance)
            v[columns] = taken.diagonal() + distance
            return columns, -distance, v
        columns[cycle] = columns[cycle.roll(-1)]


def _negative_cycle(weight: Tensor) -> tuple[Tensor | None, Tensor]:
    """Rows each of which takes over the column of the next, or None and the distances."""
    n = len(weight)
    tiny = 1e-13 * float(weight.abs().max())
    distance, before = weight.new_zeros(n), torch.full((n,), -1)
    for _ in range(n + 1):
        through, by = (distance[:, None] + weight).min(0)
        nearer = through < distance - tiny
        if not nearer.any():
            return None, distance
        distance, before = torch.where(nearer, through, distance), torch.where(nearer, by, before)
    k = int(torch.nonzero(nearer)[0])
    for _ in range(n):
        k = int(before[k])
    cycle = [k]
    while int(before[cycle[-1]]) != k:
        cycle.append(int(before[cycle[-1]]))
    return torch.tensor(cycle[::-1]), distance
