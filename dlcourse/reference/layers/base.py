"""Twin of ``scratch.layers.base``: autograd is the backward pass of every layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from dlcourse import checks

Tensor = torch.Tensor
Cache = Any


def record(function: Callable[..., Tensor], *operands: Tensor | None) -> tuple[Tensor, Cache]:
    """Call ``function`` on leaves cut from the operands; the cache is autograd's graph."""
    leaves = [None if a is None else a.detach().clone().requires_grad_() for a in operands]
    y = function(*leaves)
    return y.detach(), (y, [leaf for leaf in leaves if leaf is not None])


def pull_back(dy: Tensor, cache: Cache) -> tuple[Tensor, ...]:
    """``torch.autograd.grad`` of the recorded output."""
    y, leaves = cache
    return torch.autograd.grad(y, leaves, dy, retain_graph=True)


class Layer:
    """Twin of ``scratch.layers.Layer``: ``apply`` is PyTorch's function of parameters and input."""

    def __init__(self) -> None:
        self.params: dict[str, Tensor] = {}
        self.grads: dict[str, Tensor] = {}
        self.runs: int | None = None
        self.cache: Cache = None

    def apply(self, params: dict[str, Tensor], x: Tensor) -> Tensor:
        """The output, differentiable in parameters and input."""
        raise TypeError(f"apply must be written by the subclass {type(self).__name__}.")

    def forward(self, x: Tensor, training: bool = False) -> Tensor:
        """y, recorded by autograd."""
        names = list(self.params)
        y, self.cache = record(
            lambda leaf, *rest: self.apply(dict(zip(names, rest, strict=True)), leaf),
            x,
            *self.params.values(),
        )
        return y

    def backward(self, dy: Tensor, input_grad: bool = True) -> Any:
        """dx by autograd; ``grads`` is filled. Without ``input_grad`` nobody will read dx."""
        if self.cache is None:
            fix = "Nothing is known about its input yet."
            checks.fail("backward", "called after forward", type(self).__name__, fix, RuntimeError)
        dx, *grads = pull_back(dy, self.cache)
        self.grads = dict(zip(self.params, grads, strict=True))
        return dx
