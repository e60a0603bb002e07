"""Models: layers in a row, their parameters in one vector."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.layers import Layer, LeakyReLU, Linear, ReLU, Sigmoid, Tanh

ACTIVATIONS: dict[str, type[Layer]] = {
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "tanh": Tanh,
    "sigmoid": Sigmoid,
}


class Sequential:
    """Layers in a row, with every parameter in one vector.

    Parameters
    ----------
    *layers : Layer; their parameters are moved: from now on they are views of ``theta``

    Attributes
    ----------
    theta, grad : arrays (d,), or (runs, d) when the layers have a runs axis
    slices : {"0.weight": slice, ...}, the place of each parameter in the last axis of ``theta``
    shapes : {"0.weight": (k, d), ...}, its shape without the runs axis
    runs : number of runs, or None

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> model = Sequential(Linear(2, 3, rng=rng), ReLU())
    >>> model.theta.shape, model.slices
    ((9,), {'0.weight': slice(0, 6, None), '0.bias': slice(6, 9, None)})
    """

    def __init__(self, *layers: Layer) -> None:
        self.layers = list(layers)
        named = {f"{i}.{name}": p for i, one in enumerate(layers) for name, p in one.params.items()}
        held = {one.runs for one in layers if one.params}
        if len(held) > 1:
            checks.fail("layers", "alike in their number of runs", held)
        self.runs: int | None = held.pop() if held else None
        lead = () if self.runs is None else (self.runs,)
        self.shapes = {name: p.shape[len(lead) :] for name, p in named.items()}
        self.slices: dict[str, slice] = {}
        end = 0
        for name, shape in self.shapes.items():
            self.slices[name] = slice(end, end := end + int(np.prod(shape)))
        flat = [p.reshape(*lead, -1) for p in named.values()]
        self.theta = np.concatenate(flat, axis=-1) if flat else np.zeros(0)
        self.grad = np.zeros_like(self.theta)
        self._home()

    def _home(self) -> None:
        """Make every layer's parameters and gradients views of the two vectors."""
        theta, grad = self.unflatten(self.theta), self.unflatten(self.grad)
        for i, layer in enumerate(self.layers):
            layer.params = {name: theta[f"{i}.{name}"] for name in layer.params}
            layer.grads = {name: grad[f"{i}.{name}"] for name in layer.grads}

    def unflatten(self, theta: Array) -> dict[str, Array]:
        """Views of a vector ``(..., d)`` by parameter name, in the parameters' shapes."""
        return {
            name: theta[..., self.slices[name]].reshape(*theta.shape[:-1], *shape)
            for name, shape in self.shapes.items()
        }

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
        first = next((i for i, layer in enumerate(self.layers) if layer.params), 0)
        for i, layer in reversed([*enumerate(self.layers)]):
            needed = input_grad or i > first
            dy = layer.backward(dy, needed)
            if not needed:
                return None
        return dy

    def rows(self, runs: slice) -> Sequential:
        """The model of some of the runs: it shares their memory and has caches of its own."""
        part = copy.copy(self)
        part.layers = [copy.copy(layer) for layer in self.layers]
        part.theta, part.grad = self.theta[runs], self.grad[runs]
        part.runs = part.theta.shape[0]
        part._home()
        return part

    def repeat(self, runs: int) -> Sequential:
        """That many copies of this model side by side, with memory of their own."""
        copies = copy.copy(self)
        copies.layers = [copy.copy(layer) for layer in self.layers]
        copies.theta = np.repeat(self.theta[None], checks.integer("runs", runs, 1), axis=0)
        copies.grad, copies.runs = np.zeros_like(copies.theta), runs
        copies._home()
        return copies

    def grad_norm(self) -> Array:
        """The Euclidean norm of the gradient, one number a run."""
        with np.errstate(over="ignore"):  # inf says enough
            return np.sqrt(np.vecdot(self.grad, self.grad))


class MLP(Sequential):
    """A multilayer perceptron: linear layers with an activation between them.

    Parameters
    ----------
    sizes : two or more widths, inputs first, outputs last
    rng : Generator, or a sequence of them, one a run (the same object: the same weights)
    activation : "relu", "leaky_relu", "tanh" or "sigmoid"
    runs : None for one network, or how many to hold side by side
    dtype : float64 or float32

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
    ) -> None:
        if np.ndim(sizes) != 1 or len(sizes) < 2:
            checks.fail("sizes", "at least two widths, inputs and outputs", sizes)
        checks.choice("activation", activation, ACTIVATIONS)
        if runs is not None:
            checks.integer("runs", runs, 1)
        generators: Any = run_generators(rng, runs)
        layers: list[Layer] = []
        for d, k in pairwise(sizes):
            layers += [
                Linear(d, k, rng=generators, runs=runs, dtype=dtype),
                ACTIVATIONS[activation](),
            ]
        super().__init__(*layers[:-1])
