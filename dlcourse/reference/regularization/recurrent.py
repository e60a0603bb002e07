"""Twin of ``scratch.regularization.recurrent``: autograd through ``F.linear``, step by step."""

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
    Tensor,
    each_run,
    expanded,
    promoted,
    pull_back,
    record,
    uniform,
)
from dlcourse.reference.regularization.masks import (
    draw_dropout_mask,
    draw_sequence_mask,
    rates,
    share,
)
from dlcourse.reference.regularization.units import Dropping

NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu}
CORES = (3, 2, 2, 1, 3, 3)


def dropped_rnn(
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    mask_x: Tensor | None = None,
    mask_h: Tensor | None = None,
    p_x: Any = 0.0,
    p_h: Any = 0.0,
    nonlinearity: str = "tanh",
) -> tuple[Tensor, Cache]:
    """``F.linear`` of what is kept, place by place."""
    kept = _kept("x", mask_x, p_x, x), _kept("h", mask_h, p_h, x)
    operands = expanded(CORES, x, weight_ih, weight_hh, bias, *kept)
    return record(partial(each_run, partial(_walk, nonlinearity), CORES), *operands)


def dropped_rnn_backward(
    dy: Tensor, cache: Cache, input_grad: bool = True
) -> tuple[Any, Tensor, Tensor, Tensor]:
    """Autograd."""
    dx, dweight_ih, dweight_hh, dbias, *_ = pull_back(dy, cache)
    return dx if input_grad else None, dweight_ih, dweight_hh, dbias


def _kept(name: str, mask: Tensor | None, p: Any, x: Tensor) -> Tensor:
    if mask is not None:
        return share(mask, p, max(x.ndim, mask.ndim), x)
    if np.any(np.asarray(p)):
        checks.fail(f"mask_{name}", f"given where p_{name} is not 0", mask)
    return x.new_ones(1, 1, 1)


def _walk(
    nonlinearity: str,
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    kept_x: Tensor,
    kept_h: Tensor,
) -> Tensor:
    h, states = x.new_zeros(len(x), len(weight_hh)), []
    for i, place in enumerate((x * kept_x).unbind(1)):
        kept = kept_h[:, i % kept_h.shape[1]]
        drive = F.linear(place, weight_ih, bias) + F.linear(h * kept, weight_hh)
        h = NONLINEARITIES[nonlinearity](drive)
        states.append(h)
    return torch.stack(states, dim=1)


class DroppedRNN(Dropping):
    """``F.linear``, step by step."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        p_x: Any = 0.0,
        p_h: Any = 0.0,
        each_step: bool = False,
        nonlinearity: str = "tanh",
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        generators: Any = run_generators(rng, runs)
        super().__init__(0.0, rng=generators, runs=runs)
        self.p_x, self.p_h = rates("p_x", p_x, runs), rates("p_h", p_h, runs)
        d = checks.integer("input_size", input_size, 1)
        k = checks.integer("hidden_size", hidden_size, 1)
        self.each_step = each_step
        self.nonlinearity = checks.choice("nonlinearity", nonlinearity, NONLINEARITIES)
        shapes = {"weight_ih": (k, d), "weight_hh": (k, k), "bias": (k,)}
        draws = {name: uniform(k**-0.5, *shape) for name, shape in shapes.items()}
        self.draw(draws, generators, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        *lead, k, d = params["weight_ih"].shape
        inputs.batch(x, ("n", "t", d), tuple(lead), Tensor)
        x, params = promoted(x, params)
        kept = [x.new_ones(1, 1, 1)] * 2
        if training or self.sampling:
            n, t = x.shape[-3:-1]
            given = (d, self.p_x), (k, self.p_h)
            self.mask = tuple(self.each((n, t, size), p) for size, p in given)
            axes = 3 + len(lead)
            kept = [share(m, p, axes, x) for m, (_, p) in zip(self.mask, given, strict=True)]
        return each_run(partial(_walk, self.nonlinearity), CORES, x, *params.values(), *kept)

    def drawn(self, shape: tuple[int, ...], p: float, rng: np.random.Generator) -> Tensor:
        return (draw_dropout_mask if self.each_step else draw_sequence_mask)(shape, p, rng)
