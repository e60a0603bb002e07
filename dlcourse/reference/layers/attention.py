"""Twin of ``scratch.layers.attention``: PyTorch's own, for each run in turn."""

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

CORES = (3, 2, 1, 2, 1)


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, is_causal: bool = False
) -> tuple[Tensor, Cache]:
    """``F.scaled_dot_product_attention``."""
    function = partial(F.scaled_dot_product_attention, is_causal=is_causal)
    return record(function, *expanded((2, 2, 2), query, key, value))


def scaled_dot_product_attention_backward(
    dy: Tensor, cache: Cache
) -> tuple[Tensor, Tensor, Tensor]:
    """Autograd."""
    dquery, dkey, dvalue = pull_back(dy, cache)
    return dquery, dkey, dvalue


def causal_self_attention(
    x: Tensor,
    in_weight: Tensor,
    in_bias: Tensor,
    out_weight: Tensor,
    out_bias: Tensor,
    num_heads: int = 1,
) -> tuple[Tensor, Cache]:
    """``F.multi_head_attention_forward``, what ``torch.nn.MultiheadAttention`` calls."""
    operands = expanded(CORES, x, in_weight, in_bias, out_weight, out_bias)
    return record(partial(each_run, partial(_attend, num_heads), CORES), *operands)


def causal_self_attention_backward(
    dy: Tensor, cache: Cache, input_grad: bool = True
) -> tuple[Any, Tensor, Tensor, Tensor, Tensor]:
    """Autograd."""
    dx, din_weight, din_bias, dout_weight, dout_bias = pull_back(dy, cache)
    return dx if input_grad else None, din_weight, din_bias, dout_weight, dout_bias


def _attend(
    num_heads: int,
    x: Tensor,
    in_weight: Tensor,
    in_bias: Tensor,
    out_weight: Tensor,
    out_bias: Tensor,
) -> Tensor:
    t, x = x.shape[-2], x.transpose(0, 1)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(t, x.device, x.dtype)
    y, _ = F.multi_head_attention_forward(
        x,
        x,
        x,
        x.shape[-1],
        num_heads,
        in_weight,
        in_bias,
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=out_weight,
        out_proj_bias=out_bias,
        need_weights=False,
        attn_mask=mask,
        is_causal=True,
    )
    return y.transpose(0, 1)


class CausalSelfAttention(Layer):
    """``F.multi_head_attention_forward``."""

    def __init__(
        self,
        embed_dim: int,
        num_heads: int = 1,
        *,
        rng: Generators,
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        super().__init__()
        d = checks.integer("embed_dim", embed_dim, 1)
        self.num_heads = checks.integer("num_heads", num_heads, 1)
        if d % num_heads:
            checks.fail("embed_dim", f"a multiple of num_heads, {num_heads}", d)
        draws = {
            "in_proj_weight": uniform((6 / (4 * d)) ** 0.5, 3 * d, d),
            "in_proj_bias": uniform(0.0, 3 * d),
            "out_proj.weight": uniform(d**-0.5, d, d),
            "out_proj.bias": uniform(0.0, d),
        }
        self.draw(draws, rng, runs, dtype, device)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        *lead, _, d = params["in_proj_weight"].shape
        inputs.batch(x, ("n", "t", d), tuple(lead), Tensor)
        x, params = promoted(x, params)
        return each_run(partial(_attend, self.num_heads), CORES, x, *params.values())
