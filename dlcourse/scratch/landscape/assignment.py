"""Who does what: each row gets a column of its own, so that the sum of the costs is smallest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dlcourse import geometry
from dlcourse.arrays import Array


class Assignment(NamedTuple):
    """``columns`` (n,), the column of each row; ``value``, the sum of what they cost; and prices.

    ``u`` (n,) and ``v`` (n,) prove that nothing is cheaper: u_i + v_j <= cost_ij everywhere, and
    their sum is ``value``. (With ``maximize``: >=.) All with a runs axis where the cost has one.
    """

    columns: Array
    value: Array
    u: Array
    v: Array


def linear_assignment(cost: Array, maximize: bool = False) -> Assignment:
    r"""The permutation with the smallest (or largest) sum of costs.

    .. math:: \min_\pi \sum_i c_{i, \pi(i)}
              = \max_{u, v} \sum_i u_i + \sum_j v_j \;\text{ with }\; u_i + v_j \le c_{ij}

    Parameters
    ----------
    cost : c, (n, n) or (runs, n, n), finite numbers of any sign
    maximize : the largest sum instead

    Notes
    -----
    Row after row is added along the shortest path over the columns (as Dijkstra's, in costs less
    prices, which are >= 0): O(n³) at worst. Of several best permutations it gives one.

    Examples
    --------
    Both rows want column 0; the one that would lose more gets it.

    >>> found = linear_assignment(np.array([[1.0, 2.0], [1.0, 9.0]]))
    >>> found.columns, float(found.value)
    (array([1, 0]), 3.0)

    References
    ----------
    Kuhn (1955); Jonker and Volgenant (1987), without their first phases; as in Crouse (2016).
    """
    geometry.square(cost, np.ndarray)
    c = np.asarray(cost, float) * (-1 if maximize else 1)
    solved = [_solve(one) for one in c.reshape(-1, *c.shape[-2:])]
    columns, u, v = (np.stack(parts).reshape(c.shape[:-1]) for parts in zip(*solved, strict=True))
    value = np.take_along_axis(np.asarray(cost), columns[..., None], -1).sum((-2, -1))
    return Assignment(columns, value, *((-u, -v) if maximize else (u, v)))


def _solve(cost: Array) -> tuple[Array, Array, Array]:
    n = len(cost)
    u, v = np.zeros(n), np.zeros(n)
    row_of, column_of = np.full(n, -1), np.full(n, -1)
    for row in range(n):
        path, j = _shortest(cost, row, u, v, row_of, column_of)
        while True:  # every row on the path moves on to the column found from it
            i = path[j]
            row_of[j] = i
            column_of[i], j = j, column_of[i]
            if i == row:
                break
    return column_of, u, v


def _shortest(
    cost: Array, row: int, u: Array, v: Array, row_of: Array, column_of: Array
) -> tuple[Array, int]:
    """From a row to the nearest free column; changes the prices u and v so that the path is free.

    ``path[j]`` is the row from which column j was reached.
    """
    n = len(cost)
    path, dist = np.full(n, -1), np.full(n, np.inf)
    done, rows, i, length = np.zeros(n, bool), [], row, 0.0
    while True:
        rows.append(i)
        through = length + (cost[i] - u[i] - v)
        closer = ~done & (through < dist)
        dist[closer], path[closer] = through[closer], i
        open_ = np.where(done, np.inf, dist)
        length = open_.min()
        ties = np.flatnonzero(open_ == length)
        free = ties[row_of[ties] < 0]
        j = int(free[0] if len(free) else ties[0])
        if len(free):
            break
        done[j], i = True, row_of[j]
    u[row] += length
    seen = np.array(rows[1:], int)
    u[seen] += length - dist[column_of[seen]]
    v[done] -= length - dist[done]
    return path, j
