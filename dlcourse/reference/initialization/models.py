"""Twin of ``scratch.initialization.models``: ``Tensor.copy_``."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from dlcourse import inputs
from dlcourse.arrays import Generators, draw_runs, run_generators
from dlcourse.reference.layers.base import Init, Layer, initial, zeros


def initialize(model: Layer, init: Init, rng: Generators) -> None:
    """Twin of ``scratch.initialization.initialize``; an ``init`` of either room."""
    inputs.model("model", model, Layer)
    generators = run_generators(rng, model.runs)
    new = {}
    for name, shape in model.shapes.items():
        draw = initial(init, shape) if len(shape) > 1 else zeros(*shape)
        new[name] = draw_runs(draw, generators, model.runs)
    for name, w in new.items():
        model.params[name].copy_(torch.as_tensor(w))


def transfer(model: Layer, donor: Layer, names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Twin of ``scratch.initialization.transfer``: ``Tensor.copy_``."""
    inputs.model("model", model, Layer)
    inputs.model("donor", donor, Layer)
    taken = inputs.transferred(model, donor, names)
    for name in taken:
        w = donor.params[name]
        model.params[name].copy_(w[0] if donor.runs == 1 else w)
    return taken
