"""Models: layers in a row, their parameters in one vector."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise, starmap
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers import GELU, Layer, LeakyReLU, Linear, ReLU, Sigmoid, Tanh
from dlcourse.scratch.layers.base import Init, unflatten

ACTIVATIONS: dict[str, type[Layer]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
    "gelu": GELU,
}


class Sequential(Layer):
    """Layers in a row, with every parameter in one vector; itself a layer, so that rows nest.

    Parameters
    ----------
    *layers : Layer; their parameters are moved: from now on they are views of ``theta``

    Attributes
    ----------
    theta, grad : arrays (d,), or (runs, d) when the layers have a runs axis
    slices : {"0.weight": slice, ...}, the place of each parameter in the last axis of ``theta``
    shapes : {"0.weight": (k, d), ...}, its shape without the runs axis
    runs : number of runs, or None
    buffers : {"1.running_mean": (c,), ...}, the state of layers that have one

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> model = Sequential(Linear(2, 3, rng=rng), ReLU())
    >>> model.theta.shape, model.slices
    ((9,), {'0.weight': slice(0, 6, None), '0.bias': slice(6, 9, None)})
    """

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
        lead = () if self.runs is None else (self.runs,)
        flat = [p.reshape(*lead, -1) for one in layers for p in one.params.values()]
        theta = np.concatenate(flat, axis=-1) if flat else np.zeros((*lead, 0))
        self.bind(theta, np.zeros_like(theta))
        self.first = next((i for i, layer in enumerate(layers) if layer.shapes), 0)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """{"0.weight": (k, d), ...}: the parameters by place, without the runs axis."""
        return {
            f"{i}.{name}": shape
            for i, one in enumerate(self.layers)
            for name, shape in one.shapes.items()
        }

    @property
    def slices(self) -> dict[str, slice]:
        """{"0.weight": slice, ...}: the place of each parameter in the last axis of ``theta``."""
        ends = accumulate(map(math.prod, self.shapes.values()), initial=0)
        return dict(zip(self.shapes, starmap(slice, pairwise(ends)), strict=True))

    @property
    def leaves(self) -> list[Layer]:
        """All layers that are made of no others."""
        return [leaf for one in self.layers for leaf in one.leaves]

    @property
    def holds_runs(self) -> bool:
        """Whether any layer holds something for each run."""
        return any(one.holds_runs for one in self.layers)

    @property
    def buffers(self) -> dict[str, Array]:  # type: ignore[override]
        """{"1.running_mean": array, ...}: the state by place; changed in place, never replaced."""
        places = enumerate(self.layers)
        return {f"{i}.{name}": a for i, one in places for name, a in one.buffers.items()}

    def bind(self, theta: Array, grad: Array, buffers: Mapping[str, Array] | None = None) -> None:
        """From now on this is the model of these vectors, its layers hold views of them.

        Where the runs are others than before, ``buffers`` has the state that goes with them.
        """
        self.theta, self.grad, end = theta, grad, 0
        self.runs = len(theta) if theta.ndim > 1 else None
        for i, layer in enumerate(self.layers):
            part = slice(end, end := end + sum(map(math.prod, layer.shapes.values())))
            state = buffers and {name: buffers[f"{i}.{name}"] for name in layer.buffers}
            layer.bind(theta[..., part], grad[..., part], state)

    @property
    def params(self) -> dict[str, Array]:  # type: ignore[override]
        """Views of ``theta`` by name."""
        return self.unflatten(self.theta)

    @property
    def grads(self) -> dict[str, Array]:  # type: ignore[override]
        """Views of ``grad`` by name."""
        return self.unflatten(self.grad)

    def unflatten(self, theta: Array) -> dict[str, Array]:
        """Views of a vector ``(..., d)`` by parameter name, in the parameters' shapes."""
        return unflatten(theta, self.shapes)

    def __copy__(self) -> Sequential:
        """A model of the same vectors whose layers have caches of their own."""
        other = object.__new__(type(self))
        other.__dict__ |= self.__dict__ | {"layers": [copy.copy(one) for one in self.layers]}
        return other

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Copies in depth and pickles hold an array of their own for each view of ``theta``."""
        self.__dict__ |= state
        self.bind(self.theta, self.grad)

    def forward(self, x: Array, training: bool = False) -> Array:
        """The output for ``x`` (n, d), shared by all runs, or (runs, n, d)."""
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, dy: Array, input_grad: bool = True) -> Any:
        """Write ``grad`` for the latest ``forward`` and return dx.

        Without ``input_grad``, which training does not need, the way ends at the first parameters
        and None is returned: one matrix product less, the dearest where inputs are wide.
        """
        for i, layer in reversed([*enumerate(self.layers)]):
            needed = input_grad or i > self.first
            dy = layer.backward(dy, needed)
            if not needed or dy is None:  # nothing before an embedding has a gradient
                return None
        return dy

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers, {"0.weight": array, ...}, layer by layer."""
        places = enumerate(self.layers)
        return {f"{i}.{name}": a for i, one in places for name, a in one.state_dict().items()}

    def take(self, runs: slice | int) -> None:
        for one in self.layers:
            one.take(runs)

    def spread(self, runs: int) -> None:
        for one in self.layers:
            one.spread(runs)

    def rows(self, runs: slice | int) -> Sequential:
        """The model of some of the runs, or of one: it shares their memory, buffers and generators
        too, and has caches of its own.
        """
        checks.some_runs(runs, self.runs)
        part = copy.copy(self)
        part.take(runs)
        state = {name: a[runs, ...] for name, a in self.buffers.items()}
        part.bind(self.theta[runs], self.grad[runs], state)
        return part

    def repeat(self, runs: int) -> Sequential:
        """That many copies of this model side by side, with memory of their own."""
        checks.integer("runs", runs, 1)
        if self.runs is not None:
            checks.fail("model", "without runs to be repeated", self.runs, "Take one: rows(0).")
        theta, *state = (
            np.repeat(a[None], runs, axis=0) for a in (self.theta, *self.buffers.values())
        )
        copies = copy.copy(self)
        copies.spread(runs)
        copies.bind(theta, np.zeros_like(theta), dict(zip(self.buffers, state, strict=True)))
        return copies

    def grad_norm(self) -> Array:
        """The Euclidean norm of the gradient, one number a run."""
        with np.errstate(over="ignore"):  # inf says enough
            return np.sqrt(np.vecdot(self.grad, self.grad))


class Residual(Sequential):
    """Layers in a row, and a way around them: y = x + f(x), dx = dy + f'(x)ᵀ dy.

    Examples
    --------
    >>> block = Residual(ReLU())
    >>> block.forward(np.array([[1.0, -2.0]])), block.backward(np.array([[1.0, 1.0]]))
    (array([[ 2., -2.]]), array([[2., 1.]]))

    References
    ----------
    He, Zhang, Ren and Sun (2016), eq. 1.
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        y = super().forward(x, training)
        if y.shape[-x.ndim :] != x.shape:
            checks.fail("block", f"of outputs shaped as its inputs, {x.shape}", y.shape)
        return x + y

    def backward(self, dy: Array, input_grad: bool = True) -> Any:
        dx = super().backward(dy, input_grad)
        return dx if dx is None else (dx + dy).astype(dx.dtype, copy=False)


class MLP(Sequential):
    """A multilayer perceptron: linear layers with an activation between them.

    Parameters
    ----------
    sizes : two or more widths, inputs first, outputs last
    rng : Generator, or a sequence of them, one a run (the same object: the same weights)
    activation : "relu", "leaky_relu", "tanh", "sigmoid" or "gelu"
    runs : None for one network, or how many to hold side by side
    dtype : float64 or float32
    init : how weights are drawn, ``init((out, in), rng=rng)``, as ``kaiming_normal``; biases are
        then 0. None: as PyTorch draws them, see ``Linear``

    Examples
    --------
    >>> MLP([64, 32, 10], np.random.default_rng(0), runs=5).theta.shape
    (5, 2410)
    """

    def __init__(
        self,
        sizes: Sequence[int],
        rng: Generators,
        activation: str = "relu",
        runs: int | None = None,
        dtype: npt.DTypeLike = np.float64,
        init: Init | None = None,
    ) -> None:
        given: Any = sizes
        if not (isinstance(given, Sequence) or np.ndim(given) == 1) or len(given) < 2:
            checks.fail("sizes", "at least two widths, inputs and outputs", sizes)
        for i, width in enumerate(sizes):
            checks.integer(f"sizes[{i}]", width, 1)
        checks.choice("activation", activation, ACTIVATIONS)
        generators: Any = run_generators(rng, runs)
        layers: list[Layer] = []
        for d, k in pairwise(sizes):
            linear = Linear(d, k, rng=generators, runs=runs, dtype=dtype, init=init)
            layers += [linear, ACTIVATIONS[activation]()]
        super().__init__(*layers[:-1])
