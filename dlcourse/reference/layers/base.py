"""Twin of ``scratch.layers.base``: autograd is the backward pass of every layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dlcourse import checks, inputs
from dlcourse.arrays import Generators, draw_runs, run_generators

Tensor = torch.Tensor
Cache = Any
Draw = Callable[[np.random.Generator], npt.NDArray[Any]]
Init = Callable[..., Any]
"""``f(shape, rng=rng)``, of either room."""


def uniform(bound: float, *shape: int) -> Draw:
    """A draw from ±bound."""
    return lambda rng: bound * (2 * rng.random(shape) - 1)


def normal(*shape: int) -> Draw:
    """A draw from the standard normal distribution."""
    return lambda rng: rng.normal(size=shape)


def zeros(*shape: int) -> Draw:
    """No draw: the generator stays where it is."""
    return lambda rng: np.zeros(shape)


def ones(*shape: int) -> Draw:
    """No draw either."""
    return lambda rng: np.ones(shape)


def initial(init: Init, shape: tuple[int, ...]) -> Draw:
    """A draw of ``init(shape, rng=rng)``, whose answer is held to that shape."""
    inputs.initializer(init, shape)

    def draw(rng: np.random.Generator) -> npt.NDArray[Any]:
        w = init(shape, rng=rng)
        w = w.detach().cpu().numpy() if isinstance(w, Tensor) else w
        inputs.initialized(w, shape)
        return w

    return draw


def unflatten(vector: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """``torch.split``: views of a vector, one after the other, in these shapes."""
    parts = vector.split([int(np.prod(shape)) for shape in shapes.values()], dim=-1)
    return {n: p.unflatten(-1, s) for (n, s), p in zip(shapes.items(), parts, strict=True)}


def record(function: Callable[..., Tensor], *operands: Tensor | None) -> tuple[Tensor, Cache]:
    """Call ``function`` on leaves cut from the operands; the cache is autograd's graph."""
    leaves = [_leaf(a) for a in operands]
    y = function(*leaves)
    return y.detach(), (y, [leaf for leaf in leaves if leaf is not None])


def _leaf(a: Tensor | None) -> Tensor | None:
    if not isinstance(a, Tensor) or not a.is_floating_point():
        return a
    return a.detach().clone().requires_grad_()


def pull_back(dy: Tensor, cache: Cache) -> tuple[Tensor, ...]:
    """``torch.autograd.grad`` of the recorded output."""
    y, leaves = cache
    return torch.autograd.grad(y, leaves, dy, retain_graph=True)


def promoted(x: Tensor, params: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """All in the wider of the two precisions, as NumPy has them; gradients keep their own."""
    kind = torch.promote_types(x.dtype, next(iter(params.values())).dtype)
    return x.to(kind), {name: p.to(kind) for name, p in params.items()}


def expanded(cores: Sequence[int], *operands: Tensor | None) -> list[Tensor | None]:
    """The operands with all the runs that any of them has; ``cores`` counts their other axes."""
    pairs = [*zip(operands, cores, strict=True)]
    lead = np.broadcast_shapes(*(a.shape[: a.ndim - c] for a, c in pairs if a is not None))
    return [None if a is None else a.expand((*lead, *a.shape[a.ndim - c :])) for a, c in pairs]


def each_run(
    function: Callable[..., Tensor], cores: Sequence[int], *operands: Tensor | None
) -> Tensor:
    """``torch.stack`` of a function that knows no runs, over the runs."""
    operands = tuple(expanded(cores, *operands))
    first = next((a, c) for a, c in zip(operands, cores, strict=True) if a is not None)
    lead = first[0].shape[: first[0].ndim - first[1]]
    if not lead:
        return function(*operands)
    flat = [None if a is None else a.flatten(0, len(lead) - 1) for a in operands]
    runs = range(lead.numel())
    y = torch.stack([function(*(None if a is None else a[i] for a in flat)) for i in runs])
    return y.unflatten(0, lead)


class Layer:
    """Twin of ``scratch.layers.Layer``: ``apply`` is PyTorch's function of parameters and input."""

    params: dict[str, Tensor]
    grads: dict[str, Tensor]
    buffers: dict[str, Tensor]

    def __init__(self) -> None:
        self.params = {}
        self.grads = {}
        self.buffers = {}
        self.runs: int | None = None
        self.cache: Cache = None

    def draw(
        self,
        draws: Mapping[str, Draw],
        rng: Generators,
        runs: int | None,
        dtype: npt.DTypeLike,
        device: torch.device | str = "cpu",
    ) -> None:
        """Drawn in NumPy: both rooms start from the same numbers."""
        self.runs, generators = runs, run_generators(rng, runs)
        for name, one in draws.items():
            drawn = draw_runs(one, generators, runs).astype(checks.float_kind("dtype", dtype))
            self.params[name] = torch.as_tensor(drawn, device=device)
            self.grads[name] = torch.zeros_like(self.params[name])

    def fill(
        self,
        draws: Mapping[str, Draw],
        runs: int | None,
        dtype: npt.DTypeLike,
        device: torch.device | str = "cpu",
    ) -> None:
        """``draw`` of what needs no chance: all runs start alike."""
        nobody = np.random.default_rng(0)
        each = nobody if runs is None else [nobody] * checks.integer("runs", runs, 1)
        self.draw(draws, each, runs, dtype, device)

    def __getstate__(self) -> dict[str, Any]:
        """Copies in depth and pickles remember no input: no graph of autograd can be copied."""
        return self.__dict__ | {"cache": None}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter, without the runs axis."""
        lead = 0 if self.runs is None else 1
        return {name: tuple(p.shape[lead:]) for name, p in self.params.items()}

    @property
    def leaves(self) -> list[Layer]:
        """The layers in here that are made of no others: itself."""
        return [self]

    @property
    def holds_runs(self) -> bool:
        """Whether anything in here is kept for each run."""
        return bool(self.shapes or self.buffers)

    def bind(
        self, theta: Tensor, grad: Tensor, buffers: Mapping[str, Tensor] | None = None
    ) -> None:
        """From now on ``params`` and ``grads`` are views of these vectors."""
        shapes, runs = self.shapes, len(theta) if theta.ndim > 1 else None
        self.params, self.grads = unflatten(theta, shapes), unflatten(grad, shapes)
        if buffers is not None:
            self.buffers = {name: buffers[name] for name in self.buffers}
        elif self.buffers and runs != self.runs:
            checks.fail("buffers", "given where the runs change", None)
        self.runs = runs

    def state_dict(self) -> dict[str, Tensor]:
        """Copies of all parameters and buffers by name."""
        held = (*self.params.items(), *self.buffers.items())
        return {name: a.detach().clone() for name, a in held}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Copy in what ``state_dict`` gave, of any room; nothing at all if one does not fit."""
        mine = {**self.params, **self.buffers}
        for name, a in checks.state(state, mine, torch.as_tensor).items():
            mine[name].copy_(a)

    def apply(self, params: dict[str, Tensor], x: Tensor, training: bool = False) -> Tensor:
        """The output, differentiable in parameters and input; ``training`` is the mode."""
        raise TypeError(f"apply must be written by the subclass {type(self).__name__}.")

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """y, recorded by autograd."""
        names = list(self.params)
        y, self.cache = record(
            lambda leaf, *rest: self.apply(dict(zip(names, rest, strict=True)), leaf, training),
            x,
            *self.params.values(),
        )
        return y

    def backward(self, dy: Tensor, input_grad: bool = True) -> Any:
        """dx by autograd; ``grads`` is filled. Without ``input_grad`` nobody will read dx."""
        if self.cache is None:
            fix = "Nothing is known about its input yet."
            checks.fail("backward", "called after forward", type(self).__name__, fix, RuntimeError)
        y, leaves = self.cache
        inputs.values("dy", dy, Tensor, y.dtype)
        if dy.shape != y.shape:
            checks.fail("dy", f"shaped {tuple(y.shape)} as y", tuple(dy.shape))
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        found = list(pull_back(dy, (y, wanted))) if wanted else []
        dx = found.pop(0) if leaves[0].requires_grad else None
        for kept, grad in zip(self.grads.values(), found, strict=True):
            kept.copy_(grad)
        return dx
