"""Twin of ``scratch.regularization.connections``: ``F.linear`` for each run in turn."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import checks, inputs
from dlcourse.arrays import Generators, run_generators
from dlcourse.reference.layers.base import (
    Cache,
    Init,
    Tensor,
    each_run,
    expanded,
    initial,
    promoted,
    pull_back,
    record,
    uniform,
    zeros,
)
from dlcourse.reference.regularization.masks import share
from dlcourse.reference.regularization.units import Dropping

CORES = (2, 2, 1, 2)


def _connected(x: Tensor, weight: Tensor, bias: Tensor | None, kept: Tensor) -> Tensor:
    return F.linear(x, weight * kept, bias)


def drop_connect(
    x: Tensor, weight: Tensor, bias: Tensor | None, mask: Tensor, p: Any
) -> tuple[Tensor, Cache]:
    """``F.linear``."""
    kept = share(mask, p, max(weight.ndim, mask.ndim), weight)
    operands = expanded(CORES, x, weight, bias, kept)
    return record(partial(each_run, _connected, CORES), *operands)


def drop_connect_backward(
    dy: Tensor, cache: Cache, input_grad: bool = True
) -> tuple[Any, Tensor, Tensor]:
    """Autograd; without a bias its gradient is still Σₙ dy."""
    dx, dweight, *dbias, _ = pull_back(dy, cache)
    return dx if input_grad else None, dweight, dbias[0] if dbias else dy.sum(-2)


class DropConnect(Dropping):
    """``F.linear`` of part of the weights."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        p: Any,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        init: Init | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        generators: Any = run_generators(rng, runs)
        super().__init__(p, rng=generators, runs=runs)
        d = checks.integer("in_features", in_features, 1)
        k = checks.integer("out_features", out_features, 1)
        draws = {"weight": uniform(d**-0.5, k, d), "bias": uniform(d**-0.5, k)}
        if init is not None:
            draws = {"weight": initial(init, (k, d)), "bias": zeros(k)}
        self.draw(draws, generators, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        *lead, k, d = params["weight"].shape
        inputs.batch(x, ("n", d), tuple(lead), Tensor)
        x, params = promoted(x, params)
        weight, bias = params["weight"], params["bias"]
        kept = torch.ones_like(weight)
        if training or self.sampling:
            self.mask = self.each((k, d), self.p)
            kept = share(self.mask, self.p, weight.ndim, weight)
        return each_run(_connected, CORES, x, weight, bias, kept)
