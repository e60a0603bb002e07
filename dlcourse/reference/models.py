"""Twin of ``scratch.models``: one leaf vector, differentiated by autograd through every layer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dlcourse import checks
from dlcourse.arrays import Generators, run_generators
from dlcourse.reference.layers import Layer, LeakyReLU, Linear, ReLU, Sigmoid, Tanh

Tensor = torch.Tensor

ACTIVATIONS: dict[str, type[Layer]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
}


class Sequential:
    """Twin of ``scratch.models.Sequential``; ``backward`` is autograd in ``theta``."""

    def __init__(self, *layers: Layer) -> None:
        self.layers = list(layers)
        held = {one.runs for one in layers if one.params}
        if len(held) > 1:
            checks.fail("layers", "alike in their number of runs", held)
        self.runs: int | None = held.pop() if held else None
        named = {f"{i}.{name}": p for i, one in enumerate(layers) for name, p in one.params.items()}
        skip = 0 if self.runs is None else 1
        self.shapes = {name: tuple(p.shape[skip:]) for name, p in named.items()}
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes.values()]).tolist()
        self.slices = {
            n: slice(a, b) for n, (a, b) in zip(named, pairwise([0, *ends]), strict=True)
        }
        flat = [p.flatten(start_dim=skip) for p in named.values()]
        self.theta = torch.cat(flat, dim=-1) if flat else torch.zeros(0)
        self.grad = torch.zeros_like(self.theta)
        self.cache: Any = None
        for i, layer in enumerate(self.layers):
            views = self.unflatten(self.theta)
            layer.params = {name: views[f"{i}.{name}"] for name in layer.params}

    def unflatten(self, theta: Tensor) -> dict[str, Tensor]:
        """Views of a vector by parameter name."""
        return {
            name: theta[..., self.slices[name]].unflatten(-1, shape)
            for name, shape in self.shapes.items()
        }

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """The output, recorded in ``theta`` and ``x``."""
        leaf, x = self.theta.detach().requires_grad_(), x.detach().clone().requires_grad_()
        params, y = self.unflatten(leaf), x
        for i, layer in enumerate(self.layers):
            y = layer.apply({name: params[f"{i}.{name}"] for name in layer.params}, y)
        self.cache = (y, leaf, x)
        return y.detach()

    def backward(self, dy: Tensor, input_grad: bool = True) -> Any:
        """Write ``grad`` and return dx; a runs axis that x lacks is summed over by autograd."""
        if self.cache is None:
            fix = "Nothing is known about its input yet."
            checks.fail("backward", "called after forward", type(self).__name__, fix, RuntimeError)
        y, leaf, x = self.cache
        if dy.shape != y.shape:
            checks.fail("dy", f"shaped {tuple(y.shape)} as y", tuple(dy.shape))
        grad, *dx = torch.autograd.grad(y, (leaf, x) if input_grad else (leaf,), dy)
        self.grad.copy_(grad)
        self.cache = None
        return dx[0] if input_grad else None

    def grad_norm(self) -> Tensor:
        """``torch.linalg.vector_norm``, one number a run."""
        return torch.linalg.vector_norm(self.grad, dim=-1)


class MLP(Sequential):
    """Twin of ``scratch.models.MLP``: the same draws, on ``device``."""

    def __init__(
        self,
        sizes: Sequence[int],
        rng: Generators,
        activation: str = "relu",
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        if np.ndim(sizes) != 1 or len(sizes) < 2:
            checks.fail("sizes", "at least two widths, inputs and outputs", sizes)
        checks.choice("activation", activation, ACTIVATIONS)
        if runs is not None:
            checks.integer("runs", runs, 1)
        each: Any = run_generators(rng, runs)
        layers: list[Layer] = []
        for d, k in pairwise(sizes):
            layers.append(Linear(d, k, rng=each, runs=runs, dtype=dtype, device=device))
            layers.append(ACTIVATIONS[activation]())
        super().__init__(*layers[:-1])
