"""What all layers share: memory around a pure pair ``f`` / ``f_backward``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, inputs
from dlcourse.arrays import Array, Generators, draw_runs, run_generators

Cache = Any
Draw = Callable[[np.random.Generator], Array]
Init = Callable[..., Array]
"""``f(shape, rng=rng)``, as all of ``scratch.initialization``."""


def uniform(bound: float, *shape: int) -> Draw:
    """A draw from ±bound."""
    return lambda rng: rng.uniform(-bound, bound, shape)


def normal(*shape: int) -> Draw:
    """A draw from the standard normal distribution."""
    return lambda rng: rng.standard_normal(shape)


def zeros(*shape: int) -> Draw:
    """No draw: the generator stays where it is."""
    return lambda rng: np.zeros(shape)


def ones(*shape: int) -> Draw:
    """No draw either."""
    return lambda rng: np.ones(shape)


def initial(init: Init, shape: tuple[int, ...]) -> Draw:
    """A draw of ``init(shape, rng=rng)``, whose answer is held to that shape."""
    inputs.initializer(init, shape)

    def draw(rng: np.random.Generator) -> Array:
        w = init(shape, rng=rng)
        inputs.initialized(w, shape)
        return w

    return draw


def unflatten(vector: Array, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Views of a vector ``(..., d)``, one after the other, in these shapes."""
    views, end = {}, 0
    for name, shape in shapes.items():
        part = slice(end, end := end + math.prod(shape))
        views[name] = vector[..., part].reshape(*vector.shape[:-1], *shape)
    return views


def zeros_for(x: Array, dy: Array, y_ndim: int, written: bool = False) -> Array:
    """Zeros for dx, in the order in memory of x, with the runs that only ``dy`` has.

    Where every entry will be ``written`` it is no zeros but whatever the memory holds.
    """
    make = np.empty_like if written else np.zeros_like
    return make(x, dy.dtype, shape=(*dy.shape[: dy.ndim - y_ndim], *x.shape))


class Layer:
    """Memory around a pair: parameters, their gradients, and what ``backward`` needs.

    ``forward(x, training)`` keeps a cache; ``backward(dy)`` writes ``grads`` and returns dx. A
    model re-homes ``params`` and ``grads`` as views of its one vector. ``buffers`` are what a layer
    remembers without learning it, as running statistics: changed in place, saved with the rest.
    """

    params: dict[str, Array]
    grads: dict[str, Array]
    buffers: dict[str, Array]

    def __init__(self) -> None:
        self.params = {}
        self.grads = {}
        self.buffers = {}
        self.runs: int | None = None
        self.cache: Cache = None
        self.shape: tuple[int, ...] = ()
        self.dtypes: tuple[Any, Any] = (None, None)

    def draw(
        self,
        draws: Mapping[str, Draw],
        rng: Generators,
        runs: int | None,
        dtype: npt.DTypeLike,
    ) -> None:
        """Fill ``params`` by name: one draw, or one a run."""
        self.runs, generators = runs, run_generators(rng, runs)
        for name, one in draws.items():
            drawn = draw_runs(one, generators, runs)
            self.params[name] = drawn.astype(checks.float_kind("dtype", dtype))
            self.grads[name] = np.zeros_like(self.params[name])

    def fill(self, draws: Mapping[str, Draw], runs: int | None, dtype: npt.DTypeLike) -> None:
        """``draw`` of what needs no chance: all runs start alike."""
        nobody = np.random.default_rng(0)
        each = nobody if runs is None else [nobody] * checks.integer("runs", runs, 1)
        self.draw(draws, each, runs, dtype)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter, without the runs axis."""
        lead = 0 if self.runs is None else 1
        return {name: p.shape[lead:] for name, p in self.params.items()}

    @property
    def leaves(self) -> list[Layer]:
        """The layers in here that are made of no others: itself."""
        return [self]

    @property
    def holds_runs(self) -> bool:
        """Whether anything in here is kept for each run: parameters, state, generators."""
        return bool(self.shapes or self.buffers)

    def take(self, runs: slice | int) -> None:
        """Go on with these runs alone; ``bind`` then hands over their parameters and buffers, so
        that there is nothing to do for a layer that holds no more.
        """

    def spread(self, runs: int) -> None:
        """``take`` for that many runs, all of them alike, where there was one."""

    def bind(self, theta: Array, grad: Array, buffers: Mapping[str, Array] | None = None) -> None:
        """From now on ``params`` and ``grads`` are views of these vectors, (d,) or (runs, d).

        Where the runs are others than before, ``buffers`` has the state that goes with them.
        """
        shapes, runs = self.shapes, len(theta) if theta.ndim > 1 else None
        self.params, self.grads = unflatten(theta, shapes), unflatten(grad, shapes)
        if buffers is not None:
            self.buffers = {name: buffers[name] for name in self.buffers}
        elif self.buffers and runs != self.runs:
            fix = "Use rows(runs) or repeat(runs), which take the buffers along."
            checks.fail("buffers", "given where the runs change", None, fix)
        self.runs = runs

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters and buffers by name."""
        return {name: a.copy() for name, a in (*self.params.items(), *self.buffers.items())}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Copy in what ``state_dict`` gave, PyTorch's or ours; nothing at all if one does not fit.

        Raises
        ------
        TypeError if it is no mapping of numbers, ValueError for a name that is missing, a name too
        many, and an array of another shape.
        """
        mine = {**self.params, **self.buffers}
        for name, a in checks.state(state, mine, np.asarray).items():
            mine[name][...] = a

    def forward(self, x: Array, training: bool = False) -> Array:
        """y; ``training`` matters only to layers that behave differently in the two modes."""
        y, self.cache = self.pair(x)
        self.shape, self.dtypes = y.shape, (x.dtype, y.dtype)
        return y

    def backward(self, dy: Array, input_grad: bool = True) -> Any:
        """dx for the latest ``forward``; RuntimeError if there was none.

        Without ``input_grad`` nobody will read dx: where it is dear the layer returns None instead.
        """
        cache, (kind, y_kind) = self.kept(), self.dtypes
        if dy.__class__ is not np.ndarray or dy.dtype is not y_kind:  # a call for each would cost
            inputs.values("dy", dy, np.ndarray, y_kind)
        if dy.shape[max(dy.ndim - len(self.shape), 0) :] != self.shape:
            checks.fail("dy", f"shaped {self.shape} as y", dy.shape)
        if not self.params:
            return self.pair_backward(dy, cache)
        dx, *grads = self.pair_backward(dy, cache, input_grad)
        for kept, grad in zip(self.grads.values(), grads, strict=False):  # a bias may be absent
            if grad is not kept:  # written in place
                kept[...] = grad
        return dx if dx is None or dx.dtype is kind else dx.astype(kind)

    def pair(self, x: Array) -> tuple[Array, Cache]:
        """The pure function of this layer, with its parameters filled in."""
        raise TypeError(f"pair must be written by the subclass {type(self).__name__}.")

    def pair_backward(self, *args: Any, **kwargs: Any) -> Any:
        """The pure backward function of (dy, cache), with parameters also of ``input_grad``."""
        raise TypeError(f"pair_backward must be written by the subclass {type(self).__name__}.")

    def kept(self) -> Cache:
        """What the latest ``forward`` kept."""
        if self.cache is None:
            fix = "Nothing is known about its input yet."
            checks.fail("backward", "called after forward", type(self).__name__, fix, RuntimeError)
        return self.cache
