"""Twin of ``scratch.layers.convolution``: ``F.conv2d``, for each run in turn."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import checks, inputs
from dlcourse.arrays import Generators
from dlcourse.reference.layers.base import (
    Cache,
    Layer,
    Tensor,
    each_run,
    expanded,
    promoted,
    pull_back,
    record,
    uniform,
)

CORES = (4, 4, 1)  # axes of x, weight and bias without those of the runs


def conv2d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, stride: int = 1, padding: int = 0
) -> tuple[Tensor, Cache]:
    """``F.conv2d``."""
    function = partial(F.conv2d, stride=stride, padding=padding)
    return record(partial(each_run, function, CORES), *expanded(CORES, x, weight, bias))


def conv2d_backward(
    dy: Tensor, cache: Cache, input_grad: bool = True
) -> tuple[Any, Tensor, Tensor]:
    """Autograd; without a bias its gradient is still the sum over samples and places."""
    y, (x, *params) = cache
    dx = pull_back(dy, (y, (x,)))[0] if input_grad else None
    dweight, *dbias = pull_back(dy, (y, params))
    return dx, dweight, dbias[0] if dbias else dy.sum((-4, -2, -1))


class Conv2d(Layer):
    """``F.conv2d``."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        c = checks.integer("in_channels", in_channels, 1)
        k = checks.integer("out_channels", out_channels, 1)
        self.size, self.stride, self.padding = inputs.window(kernel_size, stride, padding)
        bound = (c * self.size**2) ** -0.5
        draws = {"weight": uniform(bound, k, c, self.size, self.size)}
        if bias:
            draws["bias"] = uniform(bound, k)
        self.draw(draws, rng, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        *lead, _, c, _, _ = params["weight"].shape
        inputs.batch(x, ("n", c, "h", "w"), tuple(lead), Tensor)
        inputs.room_for(self.size, self.padding, x)
        function = partial(F.conv2d, stride=self.stride, padding=self.padding)
        x, params = promoted(x, params)
        return each_run(function, CORES, x, params["weight"], params.get("bias"))
