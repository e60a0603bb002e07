"""Twin of ``scratch.models``: one leaf vector, differentiated by autograd through every layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dlcourse import checks, inputs
from dlcourse.arrays import Generators, run_generators
from dlcourse.reference.layers import GELU, Layer, LeakyReLU, Linear, ReLU, Sigmoid, Tanh
from dlcourse.reference.layers.base import Init, record, unflatten

Tensor = torch.Tensor

ACTIVATIONS: dict[str, type[Layer]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "gelu": GELU,
}


class Sequential(Layer):
    """Twin of ``scratch.models.Sequential``; ``backward`` is autograd in ``theta``."""

    def __init__(self, *layers: Layer) -> None:
        self.layers = list(layers)
        for one in layers:
            if not isinstance(one, Layer):
                checks.fail("layers", "layers, as ReLU()", one, error=TypeError)
        if len({id(leaf) for leaf in self.leaves}) < len(self.leaves):
            fix = "Each remembers its own input: make two."
            checks.fail("layers", "different objects", "one of them twice", fix)
        held = {one.runs for one in layers if one.holds_runs}
        if len(held) > 1:
            checks.fail("layers", "alike in their number of runs", held)
        self.runs = held.pop() if held else None
        skip = 0 if self.runs is None else 1
        flat = [p.flatten(start_dim=skip) for one in layers for p in one.params.values()]
        lead = () if self.runs is None else (self.runs,)
        theta = torch.cat(flat, dim=-1) if flat else torch.zeros(*lead, 0)
        self.bind(theta, torch.zeros_like(theta))
        self.cache: Any = None

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The parameters by place, without the runs axis."""
        places = enumerate(self.layers)
        return {f"{i}.{n}": shape for i, one in places for n, shape in one.shapes.items()}

    @property
    def slices(self) -> dict[str, slice]:
        """The place of each parameter in the last axis of ``theta``."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes.values()]).tolist()
        return {n: slice(a, b) for n, (a, b) in zip(self.shapes, pairwise([0, *ends]), strict=True)}

    @property
    def leaves(self) -> list[Layer]:
        """All layers that are made of no others."""
        return [leaf for one in self.layers for leaf in one.leaves]

    @property
    def holds_runs(self) -> bool:
        """Whether any layer holds something for each run."""
        return any(one.holds_runs for one in self.layers)

    @property
    def buffers(self) -> dict[str, Tensor]:  # type: ignore[override]
        """The state by place."""
        places = enumerate(self.layers)
        return {f"{i}.{name}": a for i, one in places for name, a in one.buffers.items()}

    def bind(
        self, theta: Tensor, grad: Tensor, buffers: Mapping[str, Tensor] | None = None
    ) -> None:
        """From now on this is the model of these vectors, its layers hold views of them."""
        self.theta, self.grad = theta, grad
        self.runs = len(theta) if theta.ndim > 1 else None
        sizes = [sum(int(np.prod(s)) for s in one.shapes.values()) for one in self.layers]
        parts = zip(theta.split(sizes, -1), grad.split(sizes, -1), strict=True)
        for i, (one, part) in enumerate(zip(self.layers, parts, strict=True)):
            state = buffers and {name: buffers[f"{i}.{name}"] for name in one.buffers}
            one.bind(*part, state)

    @property
    def params(self) -> dict[str, Tensor]:  # type: ignore[override]
        """Views of ``theta`` by name."""
        return self.unflatten(self.theta)

    @property
    def grads(self) -> dict[str, Tensor]:  # type: ignore[override]
        """Views of ``grad`` by name."""
        return self.unflatten(self.grad)

    def unflatten(self, theta: Tensor) -> dict[str, Tensor]:
        """Views of a vector by parameter name."""
        return unflatten(theta, self.shapes)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """In pickles each view of ``theta`` has become a tensor of its own."""
        self.__dict__ |= state
        self.bind(self.theta, self.grad)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        """Layer after layer, each with the parameters of its place."""
        for i, one in enumerate(self.layers):
            x = one.apply({name: params[f"{i}.{name}"] for name in one.shapes}, x, training)
        return x

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """The output, recorded in ``theta`` and ``x``."""
        y, self.cache = record(
            lambda theta, x: self.apply(self.unflatten(theta), x, training), self.theta, x
        )
        return y

    def backward(self, dy: Tensor, input_grad: bool = True) -> Any:
        """Write ``grad`` and return dx; a runs axis that x lacks is summed over by autograd."""
        if self.cache is None:
            fix = "Nothing is known about its input yet."
            checks.fail("backward", "called after forward", type(self).__name__, fix, RuntimeError)
        y, (leaf, x) = self.cache
        inputs.values("dy", dy, Tensor, y.dtype)
        if dy.shape != y.shape:
            checks.fail("dy", f"shaped {tuple(y.shape)} as y", tuple(dy.shape))
        wanted = (leaf, x) if input_grad and x.requires_grad else (leaf,)
        grad, *dx = torch.autograd.grad(y, wanted, dy, materialize_grads=True)
        self.grad.copy_(grad)
        self.cache = None
        return dx[0] if dx else None

    def state_dict(self) -> dict[str, Tensor]:
        """Copies of all parameters and buffers, layer by layer."""
        places = enumerate(self.layers)
        return {f"{i}.{name}": a for i, one in places for name, a in one.state_dict().items()}

    def grad_norm(self) -> Tensor:
        """``torch.linalg.vector_norm``, one number a run."""
        return torch.linalg.vector_norm(self.grad, dim=-1)


class Residual(Sequential):
    """Twin of ``scratch.models.Residual``."""

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        y = super().apply(params, x, training)
        if y.shape[-x.ndim :] != x.shape:
            shapes = tuple(x.shape), tuple(y.shape)
            checks.fail("block", f"of outputs shaped as its inputs, {shapes[0]}", shapes[1])
        return x + y


class MLP(Sequential):
    """Twin of ``scratch.models.MLP``: the same draws, on ``device``; ``init`` of either room."""

    def __init__(
        self,
        sizes: Sequence[int],
        rng: Generators,
        activation: str = "relu",
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        device: torch.device | str = "cpu",
        init: Init | None = None,
    ) -> None:
        given: Any = sizes
        if not (isinstance(given, Sequence) or np.ndim(given) == 1) or len(given) < 2:
            checks.fail("sizes", "at least two widths, inputs and outputs", sizes)
        for i, width in enumerate(sizes):
            checks.integer(f"sizes[{i}]", width, 1)
        checks.choice("activation", activation, ACTIVATIONS)
        each: Any = run_generators(rng, runs)
        layers: list[Layer] = []
        for d, k in pairwise(sizes):
            plan: Any = {"runs": runs, "dtype": dtype, "device": device, "init": init}
            layers += [Linear(d, k, rng=each, **plan), ACTIVATIONS[activation]()]
        super().__init__(*layers[:-1])
