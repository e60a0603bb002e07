"""Twins of halving, Hyperband and ASHA: closed forms in fractions, ``torch.sort`` over all curves.

A twin sees every curve to its end, and says who would have been where; nothing is trained.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from fractions import Fraction
from itertools import count as counted
from itertools import takewhile

import torch

Tensor = torch.Tensor
Table = list[tuple[int, int]]


def rungs(
    n_configs: int, min_resource: int, reduction_factor: int, max_resource: int | None = None
) -> Table:
    """Each rung by itself: ⌊n η⁻ⁱ⌋ in fractions."""
    share = Fraction(1, reduction_factor)

    def row(i: int) -> tuple[int, int]:
        return math.floor(n_configs * share**i), min_resource * reduction_factor**i

    most = math.inf if max_resource is None else max_resource
    return list(takewhile(lambda one: one[0] >= 1 and one[1] <= most, map(row, counted())))


def brackets(max_resource: int, reduction_factor: int = 3) -> list[Table]:
    """Algorithm 1 line by line: B = (s_max + 1) R, and n and r of every bracket from it."""
    most, eta = Fraction(max_resource), Fraction(reduction_factor)
    s_max = next(s for s in counted() if eta ** (s + 1) > most)
    budget = (s_max + 1) * most
    table = []
    for s in reversed(range(s_max + 1)):
        n, r = math.ceil(budget / most * eta**s / (s + 1)), most * eta**-s
        table.append([(math.floor(n * eta**-i), math.floor(r * eta**i)) for i in range(s + 1)])
    return table


def survivors(values: Tensor, n: int) -> list[int]:
    """``torch.sort``, stable, of what is finite."""
    order = torch.sort(torch.where(values.isfinite(), values, math.inf), stable=True).indices
    return order[values[order].isfinite()][:n].tolist()


def successive_halving(curves: Tensor, table: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Who is trained in each rung: curves (configs, resources), the value at r in column r - 1."""
    alive = torch.arange(len(curves))
    played: list[list[int]] = []
    for n, _ in table:
        if played:
            before = table[len(played) - 1][1]
            alive = alive[sorted(survivors(curves[alive, before - 1], n))]
        played.append(alive.tolist())
    return played


def promote(values: Tensor, reduction_factor: int, promoted: Collection[int] = ()) -> int | None:
    """The first of the best share that is not among the promoted."""
    best = survivors(values, len(values) // reduction_factor)
    return next((i for i in best if i not in set(promoted)), None)
