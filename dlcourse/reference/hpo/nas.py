"""Twins of ``scratch.hpo.nas``: autograd through mixture, controller and the imagined step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch.func import functional_call

from dlcourse import checks

Tensor = torch.Tensor
Loss = Callable[[Tensor, Tensor], Tensor]


def mixed_op(alpha: Tensor, outs: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
    """``torch.softmax``, and a weighted sum; the cache is the graph."""
    if alpha.ndim < 1 or outs.ndim < 3 or alpha.shape != outs.shape[:-2]:
        checks.fail("alpha", f"shaped {tuple(outs.shape[:-2])}, one logit an operation", alpha)
    leaves = alpha.detach().requires_grad_(), outs.detach().requires_grad_()
    y = (torch.softmax(leaves[0], -1)[..., None, None] * leaves[1]).sum(-3)
    return y, (y, *leaves)


def mixed_op_backward(dy: Tensor, cache: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Autograd."""
    y, *leaves = cache
    return torch.autograd.grad(y, leaves, dy)


def reinforce_gradient(
    logits: Tensor, cells: Tensor, rewards: Tensor, baseline: Tensor | float = 0.0
) -> Tensor:
    """Autograd of the surrogate: the mean of advantage times log-probability."""
    leaf = logits.detach().requires_grad_()
    log_p = F.log_softmax(leaf, -1).expand(len(cells), *leaf.shape)
    drawn = log_p.gather(-1, cells[..., None])[..., 0].sum(-1)
    surrogate = ((rewards - baseline) * drawn).mean(0).sum()
    return torch.autograd.grad(surrogate, leaf)[0]


def expected_reward(logits: Tensor, rewards: Tensor) -> tuple[Tensor, Tensor]:
    """An outer product over the edges, and autograd."""
    leaf = logits.detach().requires_grad_()
    value = rewards.reshape([logits.shape[-1]] * len(logits))
    for p in torch.softmax(leaf, -1):  # every edge contracts one axis
        value = torch.tensordot(p, value, dims=([0], [0]))
    return value.detach(), torch.autograd.grad(value, leaf)[0]


class Cell(torch.nn.Module):
    """The mixture of all operations on every edge; weights as the scratch room orders them."""

    def __init__(self, edges: tuple[tuple[int, int], ...], width: int) -> None:
        super().__init__()
        self.edges = edges
        self.weight = torch.nn.Parameter(torch.zeros(len(edges), 2, width, width))
        self.bias = torch.nn.Parameter(torch.zeros(len(edges), 2, width))
        self.alpha = torch.nn.Parameter(torch.zeros(len(edges), 4))

    def forward(self, x: Tensor) -> Tensor:
        """The sum over the edges into each node."""
        nodes: dict[int, Tensor] = {0: x}
        for (i, j), w, b, alpha in zip(self.edges, self.weight, self.bias, self.alpha, strict=True):
            h, p = nodes[i], torch.softmax(alpha, -1)
            z = [F.linear(h, one, bias) for one, bias in zip(w, b, strict=True)]
            y = p[1] * h + p[2] * torch.tanh(z[0]) + p[3] * torch.relu(z[1])
            nodes[j] = nodes[j] + y if j in nodes else y
        return nodes[max(nodes)]


def darts_gradient(
    net: torch.nn.Module,
    loss: Loss,
    train: tuple[Tensor, Tensor],
    validation: tuple[Tensor, Tensor],
    xi: float = 0.0,
) -> Tensor:
    """``torch.func.functional_call`` and a graph of the gradient: exact, no difference quotient.

    ``net`` has one parameter whose name ends in ``alpha``; all others are weights.
    """
    named = dict(net.named_parameters())
    (name,) = [n for n in named if n.endswith("alpha")]
    weights: dict[str, Tensor] = {n: p for n, p in named.items() if n != name}

    def value(w: Mapping[str, Tensor], part: tuple[Tensor, Tensor]) -> Tensor:
        return loss(functional_call(net, {**w, name: named[name]}, (part[0],)), part[1])

    if xi:
        steps = torch.autograd.grad(
            value(weights, train), list(weights.values()), create_graph=True
        )
        moved = zip(weights.items(), steps, strict=True)
        weights = {n: p - xi * g for (n, p), g in moved}
    return torch.autograd.grad(value(weights, validation), named[name])[0]
