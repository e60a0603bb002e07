"""Deep networks on five digits, with and without a way around every two layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.problems.deep import Whole
from dlcourse.scratch.initialization import kaiming_normal
from dlcourse.scratch.landscape import Objective
from dlcourse.scratch.layers import Layer, Linear, ReLU
from dlcourse.scratch.models import Residual, Sequential
from dlcourse.scratch.optimizers import Adam


def blocks_network(
    rng: Generators, runs: int | None = None, *, blocks: int = 12, skip: bool = True,
    quiet: bool = True, after: bool = False, width: int = 16,
) -> Sequential:  # fmt: skip
    """A ReLU network 64-width-…-5 with two layers a block, x + f(x) where ``skip``, else f(x).

    All weights as He and others draw them. ``quiet``: the last ones of each branch are divided by
    the root of the number of blocks, so that all branches together add as much as one would.
    ``after``: a ReLU stands behind each sum, too, as it does behind each f(x) without ``skip``.

    Examples
    --------
    >>> net = blocks_network(np.random.default_rng(0), blocks=3)
    >>> len(net.layers), net.theta.size
    (6, 2757)
    """
    checks.integer("blocks", blocks, 1)
    plan: Any = {"rng": run_generators(rng, runs) if runs else rng, "runs": runs}
    plan |= {"dtype": np.float32, "init": kaiming_normal}
    layers: list[Layer] = [Linear(64, width, **plan), ReLU()]
    for _ in range(blocks):
        pair = [Linear(width, width, **plan), ReLU(), Linear(width, width, **plan)]
        if quiet:
            pair[-1].params["weight"][...] /= np.float32(blocks**0.5)
        layers += [Residual(*pair)] if skip else pair
        layers += [] if skip and not after else [ReLU()]
    return Whole(*layers, Linear(width, 5, **plan))


def adam(theta: Array, lr: Any) -> Adam:
    """Adam at a rate, a number or a column (runs, 1)."""
    return Adam(theta, lr=np.asarray(lr, theta.dtype))


def direction_kept(f: Objective, theta: Array, share: float) -> Array:
    r"""The cosine of the gradients before and after a step down of ``share`` of the length of θ.

    .. math:: \cos\angle\bigl(g(\theta),\, g(\theta - s\,\tfrac{\lVert\theta\rVert}
        {\lVert g\rVert}\, g)\bigr)

    1: the slope is what it was. 0: it says nothing about the way on. One number a run.
    """
    g = f.grad(theta)
    step = share * _length(theta) / _length(g) * g
    after = f.grad((theta - step).astype(theta.dtype))
    return np.vecdot(g, after) / (_length(g) * _length(after))[..., 0]


def first_over_last(f: Objective, theta: Array) -> Array:
    """How large the gradient of the first block's first matrix is beside that of the last's."""
    g, model = f.grad(theta), f.model
    parts = [place for name, place in model.slices.items() if name.endswith("weight")]
    first, last = (np.linalg.norm(g[..., parts[i]], axis=-1) for i in (1, -3))
    return np.asarray(first / last)


def _length(a: Array) -> Array:
    return np.linalg.norm(a, axis=-1, keepdims=True)
