"""A small space of cells: five edges of four operations, 1,024 networks for the 8×8 digits."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.hpo.nas.mixing import mixed_op, mixed_op_backward
from dlcourse.scratch.layers import Layer, Linear
from dlcourse.scratch.layers.activations import relu, relu_backward, tanh, tanh_backward
from dlcourse.scratch.layers.base import Cache, Draw
from dlcourse.scratch.layers.dense import linear, linear_backward
from dlcourse.scratch.models import Sequential

OPERATIONS = ("zero", "identity", "tanh", "relu")
"""What an edge may do: nothing, pass on, or a linear layer of its own with an activation."""
EDGES = ((0, 1), (0, 2), (1, 2), (1, 3), (2, 3))
"""From node to node; node 0 is the cell's input, node 3 its output, each the sum of its edges."""
DENSE = {2: (tanh, tanh_backward), 3: (relu, relu_backward)}


def all_cells() -> Array:
    """Every cell as a row of operations, one an edge, in the order of ``cell_index``.

    >>> cells = all_cells()
    >>> cells.shape, cells[0].tolist(), cells[6].tolist()
    ((1024, 5), [0, 0, 0, 0, 0], [0, 0, 0, 1, 2])
    """
    return np.array([*product(range(len(OPERATIONS)), repeat=len(EDGES))])


def cell_index(cells: npt.ArrayLike) -> Array:
    """The row of each cell in ``all_cells()``: its operations as digits, (..., 5) to (...).

    >>> int(cell_index([0, 0, 0, 1, 2]))
    6
    """
    rows = checked_cells("cells", cells)
    return rows @ len(OPERATIONS) ** np.arange(len(EDGES) - 1, -1, -1)


def cell_name(cell: npt.ArrayLike) -> str:
    """What a cell does, edge by edge.

    >>> cell_name([1, 0, 2, 0, 3])
    '0→1 identity · 0→2 zero · 1→2 tanh · 1→3 zero · 2→3 relu'
    """
    row = checked_cells("cell", cell)
    checks.shaped("cell", row, (len(EDGES),))
    said = zip(EDGES, row, strict=True)
    return " · ".join(f"{i}→{j} {OPERATIONS[o]}" for (i, j), o in said)


def checked_cells(name: str, value: Any) -> Array:
    """Integer operations (..., edges)."""
    cells = np.asarray(value)
    if cells.dtype.kind not in "iu":
        checks.fail(name, "of integers, one operation an edge", value, error=TypeError)
    if cells.ndim < 1 or cells.shape[-1] != len(EDGES):
        checks.fail(name, f"shaped (..., {len(EDGES)}), one operation an edge", cells)
    outside = cells[(cells < 0) | (cells >= len(OPERATIONS))]
    if outside.size:
        checks.fail(name, f"operations 0 .. {len(OPERATIONS) - 1}", outside[0].item())
    return cells.astype(np.int64)


class Cell(Layer):
    r"""A directed graph of four nodes; every edge applies one operation, or a mixture of all.

    .. math:: h_j = \sum_{i \to j} o_{ij}(h_i), \qquad o(h) \in
        \{0,\; h,\; \tanh(W h + b),\; \max(W h + b, 0)\}

    Set ``cells``, the operations (edges,) or (runs, edges), or ``alpha``, the logits of a mixture
    (edges, operations) or (runs, edges, operations); the one that is not None is used. Every dense
    operation of every edge has weights of its own, whether it is in use or not: so one set of
    weights serves all cells. ``backward`` leaves the gradient of the logits in ``dalpha``.

    Parameters
    ----------
    width : int >= 1, units of every node
    rng, runs : as of ``Linear``
    """

    def __init__(self, width: int, *, rng: Generators, runs: int | None = None) -> None:
        super().__init__()
        w = checks.integer("width", width, 1)
        bound, lead = w**-0.5, (len(EDGES), len(DENSE), w)
        draws: dict[str, Draw] = {
            "weight": lambda g: g.uniform(-bound, bound, (*lead, w)),
            "bias": lambda g: g.uniform(-bound, bound, lead),
        }
        self.draw(draws, rng, runs, np.float64)
        self.cells: Any = None
        self.alpha: Any = None
        self.dalpha: Any = None

    def place(self, edge: int, operation: int) -> tuple[Any, ...]:
        """Where the weights of a dense operation are, before the last axes."""
        return (..., edge, operation - min(DENSE))

    def pair(self, x: Array) -> tuple[Array, Cache]:
        inputs.values("x", x, np.ndarray, "float")
        if (self.cells is None) == (self.alpha is None):
            checks.fail("cells", "set, or alpha, and not both", (self.cells, self.alpha))
        nodes: list[Any] = [x, None, None, None]
        caches = []
        for e, (i, j) in enumerate(EDGES):
            y, cache = self.mixture(e, nodes[i]) if self.cells is None else self.one(e, nodes[i])
            nodes[j] = y if nodes[j] is None else nodes[j] + y
            caches.append(cache)
        return nodes[-1], caches

    def pair_backward(self, dy: Array, caches: Cache, input_grad: bool = True) -> Any:
        self.grads["weight"][...], self.grads["bias"][...] = 0, 0
        self.dalpha = None if self.alpha is None else np.zeros_like(self.alpha)
        back = self.one_backward if self.alpha is None else self.mixture_backward
        dnodes: list[Any] = [None, None, None, dy]
        for (i, j), e in reversed([*zip(EDGES, range(len(EDGES)), strict=True)]):
            dx = back(e, dnodes[j], caches[e])
            dnodes[i] = dx if dnodes[i] is None else dnodes[i] + dx
        return dnodes[0], self.grads["weight"], self.grads["bias"]

    def dense(self, e: int, o: int, h: Array, rows: Any) -> tuple[Array, Cache]:
        """One dense operation of an edge, for some of the runs."""
        weight, bias = (self.params[name] for name in ("weight", "bias"))
        at = self.place(e, o)
        z, kept = linear(
            h, weight[(*at, slice(None), slice(None))][rows], bias[(*at, slice(None))][rows]
        )
        y, shape = DENSE[o][0](z)
        return y, (kept, shape)

    def dense_backward(self, e: int, o: int, dy: Array, cache: Cache, rows: Any) -> Array:
        """Its gradients, and what it hands on."""
        kept, shape = cache
        dx, dweight, dbias = linear_backward(DENSE[o][1](dy, shape), kept)
        at = self.place(e, o)
        self.grads["weight"][(*at, slice(None), slice(None))][rows] = dweight
        self.grads["bias"][(*at, slice(None))][rows] = dbias
        return dx

    def groups(self, e: int) -> list[tuple[int, Any]]:
        """The operations on an edge, and the runs that have each."""
        chosen = self.cells[..., e]
        if np.ndim(chosen) == 0:
            return [(int(chosen), ...)]
        return [(int(o), np.flatnonzero(chosen == o)) for o in np.unique(chosen)]

    def one(self, e: int, h: Array) -> tuple[Array, Cache]:
        """An edge that does one thing, each run its own."""
        y, caches = np.zeros_like(h), []
        for o, rows in self.groups(e):
            cache = None
            if o in DENSE:
                y[rows], cache = self.dense(e, o, h[rows], rows)
            elif o:
                y[rows] = h[rows]
            caches.append((o, rows, cache))
        return y, caches

    def one_backward(self, e: int, dy: Array, caches: Cache) -> Array:
        """Back through it."""
        dx = np.zeros_like(dy)
        for o, rows, cache in caches:
            if o in DENSE:
                dx[rows] = self.dense_backward(e, o, dy[rows], cache, rows)
            elif o:
                dx[rows] = dy[rows]
        return dx

    def mixture(self, e: int, h: Array) -> tuple[Array, Cache]:
        """An edge that does everything, in the shares of its logits."""
        found = [self.dense(e, o, h, ...) for o in DENSE]
        outs = np.stack([np.zeros_like(h), h, *(y for y, _ in found)], axis=-3)
        y, cache = mixed_op(self.alpha[..., e, :], outs)
        return y, (cache, [kept for _, kept in found])

    def mixture_backward(self, e: int, dy: Array, caches: Cache) -> Array:
        """Back through it, leaving the gradient of the logits."""
        cache, kept = caches
        self.dalpha[..., e, :], douts = mixed_op_backward(dy, cache)
        dx = douts[..., 1, :, :]
        for o, one in zip(DENSE, kept, strict=True):
            dx = dx + self.dense_backward(e, o, douts[..., o, :, :], one, ...)
        return dx


def cell_network(
    width: int, rng: Generators, runs: int | None = None, features: int = 64, classes: int = 2
) -> Sequential:
    """A linear layer, a cell, a linear layer: without the cell's activations all of it is linear.

    >>> net = cell_network(8, np.random.default_rng(0))
    >>> net.layers[1].cells = np.array([1, 0, 1, 0, 1])  # the identity all the way
    >>> net.forward(np.zeros((3, 64))).shape
    (3, 2)
    """
    generators: Any = rng
    return Sequential(
        Linear(features, width, rng=generators, runs=runs),
        Cell(width, rng=generators, runs=runs),
        Linear(width, classes, rng=generators, runs=runs),
    )
