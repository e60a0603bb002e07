"""A small random forest over the unit cube: what trials say about where none was made."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dlcourse.arrays import Array


class Tree(NamedTuple):
    """A function that is constant on boxes: leaf l has ``value[l]`` on [low[l], high[l])."""

    low: Array  # (leaves, d)
    high: Array
    value: Array  # (leaves,)

    def predict(self, x: Array) -> Array:
        """Its values at points (n, d) of [0, 1)."""
        inside = (self.low <= x[:, None]) & (x[:, None] < self.high)
        return self.value[inside.all(axis=2).argmax(axis=1)]


def grow(x: Array, y: Array, least: int = 3) -> Tree:
    """Cut the cube in two where that takes most off the squared error, and the halves again.

    Parameters
    ----------
    x, y : points (n, d) of [0, 1) and their values (n,)
    least : int >= 1, the points that a leaf must hold

    Examples
    --------
    >>> tree = grow(np.array([[0.1], [0.3], [0.5], [0.7]]), np.array([1.0, 1, 5, 5]), least=2)
    >>> tree.low.ravel().tolist(), tree.high.ravel().tolist(), tree.value.tolist()
    ([0.0, 0.4], [0.4, 1.0], [1.0, 5.0])

    References
    ----------
    Breiman, Friedman, Olshen and Stone (1984), section 8.4.
    """
    d = x.shape[1]
    open_ = [(np.arange(len(y)), np.zeros(d), np.ones(d))]
    leaves = []
    while open_:
        rows, low, high = open_.pop()
        found = best_cut(x[rows], y[rows], least)
        if found is None:
            leaves.append((low, high, y[rows].mean()))
            continue
        j, cut = found
        below = x[rows, j] < cut
        middle = np.where(np.arange(d) == j, cut, high), np.where(np.arange(d) == j, cut, low)
        open_ += [(rows[~below], middle[1], high), (rows[below], low, middle[0])]
    return Tree(*map(np.array, zip(*leaves, strict=True)))


def best_cut(x: Array, y: Array, least: int) -> tuple[int, float] | None:
    r"""The column j and the place c of the best cut, or None.

    .. math:: \max_{j, c} \; \frac{(\sum_{x_j < c} y)^2}{n_<} + \frac{(\sum_{x_j \ge c} y)^2}{n_\ge}
    """
    n = len(y)
    if n < 2 * least or np.ptp(y) == 0:
        return None
    order = np.argsort(x, axis=0, kind="stable")
    at = np.take_along_axis(x, order, axis=0)
    y = y - y.mean()
    below = np.cumsum(y[order], axis=0)[least - 1 : n - least]
    count = np.arange(least, n - least + 1)[:, None]
    gain = below**2 / count + below**2 / (n - count)  # the sum above is minus the one below
    left, right = at[least - 1 : n - least], at[least : n - least + 1]
    gain[left == right] = -1  # between equal values there is no place
    k, j = np.unravel_index(gain.argmax(), gain.shape)
    if gain[k, j] <= 1e-12 * (y @ y):
        return None
    return int(j), float((left[k, j] + right[k, j]) / 2)


def forest(x: Array, y: Array, n_trees: int, rng: np.random.Generator) -> list[Tree]:
    """Trees, each grown on as many points drawn with replacement.

    References
    ----------
    Breiman (2001); Hutter, Hoos and Leyton-Brown (2014), section 4.2: all columns at every cut.
    """
    draws = rng.integers(len(y), size=(n_trees, len(y)))
    return [grow(x[rows], y[rows]) for rows in draws]


def variance_shares(tree: Tree) -> tuple[Array, float]:
    r"""What each column alone explains of a tree's variance over the cube, and that variance.

    .. math:: a_j(t) = \int f \, dx_{-j} = \sum_{l \,:\, t \in l_j} v_l \frac{|l|}{|l_j|}, \qquad
              V_j = \int_0^1 (a_j(t) - \bar f)^2 \, dt, \qquad V = \sum_l |l| (v_l - \bar f)^2

    Symbols
    -------
    l leaves · v ``value`` · \|l\| ``volume`` · \|l_j\| the width of leaf l along column j ·
    a_j ``marginal``, constant between the edges of the leaves

    Examples
    --------
    >>> low, high = np.array([[0.0, 0], [0.5, 0]]), np.array([[0.5, 1], [1, 1]])
    >>> halves = Tree(low, high, value=np.array([0.0, 2]))
    >>> variance_shares(halves)
    (array([1., 0.]), 1.0)

    References
    ----------
    Hutter, Hoos and Leyton-Brown (2014), algorithm 2 and equation 9.
    """
    width = tree.high - tree.low
    volume = width.prod(axis=1)
    mean = volume @ tree.value
    total = volume @ (tree.value - mean) ** 2
    found = []
    for j in range(width.shape[1]):
        edges = np.unique(np.concatenate([tree.low[:, j], tree.high[:, j]]))
        middle = (edges[1:] + edges[:-1])[:, None] / 2
        inside = (tree.low[:, j] < middle) & (middle < tree.high[:, j])
        marginal = inside @ (tree.value * volume / width[:, j])
        found.append(np.diff(edges) @ (marginal - mean) ** 2)
    return np.array(found) / (total or 1.0), float(total)
