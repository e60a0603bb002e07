"""Twin of ``scratch.layers.recurrent``: what ``torch.nn.RNN`` calls, for each run in turn."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

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

NONLINEARITIES = {"tanh": torch.rnn_tanh, "relu": torch.rnn_relu}
CORES = (3, 2, 2, 1, 2)


def rnn(
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor | None = None,
    h0: Tensor | None = None,
    nonlinearity: str = "tanh",
) -> tuple[Tensor, Cache]:
    """``torch.nn.RNN``."""
    operands = expanded(CORES, x, weight_ih, weight_hh, bias, h0)
    run, k = operands[0], weight_hh.shape[-1]  # autograd gives the gradient of zeros, too
    lead = run.shape[:-3]  # type: ignore[union-attr]
    if bias is None:
        operands[3] = weight_hh.new_zeros(*lead, k)
    if h0 is None:
        operands[4] = weight_hh.new_zeros(*lead, x.shape[-3], k)
    return record(partial(each_run, partial(_rnn, nonlinearity), CORES), *operands)


def rnn_backward(
    dy: Tensor, cache: Cache, input_grad: bool = True
) -> tuple[Any, Tensor, Tensor, Tensor, Tensor]:
    """Autograd."""
    dx, dweight_ih, dweight_hh, dbias, dh0 = pull_back(dy, cache)
    return dx if input_grad else None, dweight_ih, dweight_hh, dbias, dh0


def _rnn(
    nonlinearity: str, x: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias: Tensor, h0: Tensor
) -> Tensor:
    params = (weight_ih, weight_hh, bias, torch.zeros_like(bias))
    plan: Any = (True, 1, 0.0, False, False, True)  # biases, one layer, ..., batch first
    return NONLINEARITIES[nonlinearity](x, h0[None], params, *plan)[0]


class RNN(Layer):
    """``torch.nn.RNN``."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: str = "tanh",
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        d = checks.integer("input_size", input_size, 1)
        k = checks.integer("hidden_size", hidden_size, 1)
        self.nonlinearity = checks.choice("nonlinearity", nonlinearity, NONLINEARITIES)
        shapes = {"weight_ih": (k, d), "weight_hh": (k, k), "bias": (k,)}
        draws = {name: uniform(k**-0.5, *shape) for name, shape in shapes.items()}
        self.draw(draws, rng, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        *lead, k, d = params["weight_ih"].shape
        inputs.batch(x, ("n", "t", d), tuple(lead), Tensor)
        x, params = promoted(x, params)
        h0 = x.new_zeros(x.shape[-3], k)
        return each_run(partial(_rnn, self.nonlinearity), CORES, x, *params.values(), h0)
