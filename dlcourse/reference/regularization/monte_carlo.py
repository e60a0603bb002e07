"""Twin of ``scratch.regularization.monte_carlo``: ``torch.std_mean`` of all predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from dlcourse import checks, inputs
from dlcourse.reference.layers.base import Layer, Tensor
from dlcourse.reference.regularization.units import Dropping


def mc_dropout_predict(
    model: Layer,
    x: Tensor,
    samples: int,
    transform: Callable[[Any], Any] | str | None = "softmax",
) -> tuple[Tensor, Tensor]:
    """``torch.std_mean``."""
    inputs.model("model", model, Layer)
    checks.integer("samples", samples, 1)
    dropping = [leaf for leaf in model.leaves if isinstance(leaf, Dropping)]
    if not dropping:
        checks.fail("model", "one with layers that drop, as Dropout", type(model).__name__)
    given: Any = transform
    if isinstance(given, str):
        checks.choice("transform", given, ("softmax",))
        given = torch.nn.Softmax(-1)
    elif given is not None and not callable(given):
        kinds = "a function of the outputs, 'softmax' or None"
        checks.fail("transform", kinds, given, error=TypeError)
    for leaf in dropping:
        leaf.sampling = True
    try:
        outs = [model.forward(x, False) for _ in range(samples)]
    finally:
        for leaf in dropping:
            leaf.sampling = False
    outs = outs if given is None else [given(out) for out in outs]
    std, mean = torch.std_mean(torch.stack(outs), 0, correction=0)
    return mean, std
