"""Twin of ``scratch.normalization.recurrent``: autograd through ``F.layer_norm``, step by step."""

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
    ones,
    promoted,
    pull_back,
    record,
    uniform,
)

NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu}
CORES = (3, 2, 2, 1, 1, 2)


def layer_norm_rnn(
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    gain: Tensor,
    h0: Tensor | None = None,
    nonlinearity: str = "tanh",
    eps: float = 1e-5,
) -> tuple[Tensor, Cache]:
    """``F.layer_norm`` of ``F.linear``."""
    operands = expanded(CORES, x, weight_ih, weight_hh, bias, gain, h0)
    if h0 is None:  # autograd gives the gradient of zeros, too
        lead = operands[0].shape[:-3]  # type: ignore[union-attr]
        operands[5] = weight_hh.new_zeros(*lead, x.shape[-3], weight_hh.shape[-1])
    return record(partial(each_run, partial(_walk, nonlinearity, eps), CORES), *operands)


def layer_norm_rnn_backward(
    dy: Tensor, cache: Cache, input_grad: bool = True
) -> tuple[Any, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Autograd."""
    dx, dweight_ih, dweight_hh, dbias, dgain, dh0 = pull_back(dy, cache)
    return dx if input_grad else None, dweight_ih, dweight_hh, dbias, dgain, dh0


def _walk(
    nonlinearity: str,
    eps: float,
    x: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    gain: Tensor,
    h: Tensor,
) -> Tensor:
    both, states = torch.cat([weight_ih, weight_hh], dim=1), []
    for place in x.unbind(1):
        drive = F.linear(torch.cat([place, h], dim=1), both)
        h = NONLINEARITIES[nonlinearity](F.layer_norm(drive, gain.shape, gain, bias, eps))
        states.append(h)
    return torch.stack(states, dim=1)


class LayerNormRNN(Layer):
    """``F.layer_norm`` of ``F.linear``."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        nonlinearity: str = "tanh",
        eps: float = 1e-5,
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
        self.eps = checks.scalar("eps", eps)
        shapes = {"weight_ih": (k, d), "weight_hh": (k, k), "bias": (k,)}
        draws = {name: uniform(k**-0.5, *shape) for name, shape in shapes.items()}
        self.draw(draws | {"gain": ones(k)}, rng, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        *lead, k, d = params["weight_ih"].shape
        inputs.batch(x, ("n", "t", d), tuple(lead), Tensor)
        x, params = promoted(x, params)
        walk, h0 = partial(_walk, self.nonlinearity, self.eps), x.new_zeros(x.shape[-3], k)
        return each_run(walk, CORES, x, *params.values(), h0)
