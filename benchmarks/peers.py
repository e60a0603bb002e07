"""The same training steps written in PyTorch, as its users write them: what ``step`` races against.

Each function takes our model's vector, so that both sides start from the same weights, and returns
two functions: one that reads the weights as our vector, one that makes a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

Side = tuple[Callable[[], np.ndarray], Callable[[], object]]


def perceptron(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers with a ReLU between them."""
    layers: list[nn.Module] = []
    for d, k in pairwise(sizes):
        layers += [nn.Linear(d, k), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def convolutional() -> nn.Sequential:
    """Two convolutions, each pooled before the ReLU, which then has a quarter of the work."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.MaxPool2d(2), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.MaxPool2d(2), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(32 * 7 * 7, 10)),
    )


def alone(
    model: nn.Module,
    theta: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    fused: bool = False,
    device: str = "cpu",
) -> Side:
    """One network and Adam over its parameters, PyTorch's default one or the fused one."""
    inputs, labels = torch.from_numpy(x).to(device), torch.from_numpy(y).to(device)
    model.to(device, inputs.dtype)
    with torch.no_grad():
        start = torch.from_numpy(theta).split([p.numel() for p in model.parameters()])
        for p, part in zip(model.parameters(), start, strict=True):
            p.copy_(part.view_as(p))
    optimizer = torch.optim.Adam(model.parameters(), fused=fused)

    def step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model(inputs), labels).backward()
        optimizer.step()

    return lambda: nn.utils.parameters_to_vector(model.parameters()).detach().cpu().numpy(), step


def in_turn(sizes: Sequence[int], theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> Side:
    """One network a run, each with an optimizer of its own, one after the other."""
    sides = [alone(perceptron(sizes), *run) for run in zip(theta, x, y, strict=True)]

    def step() -> None:
        for _, one in sides:
            one()

    return lambda: np.stack([weights() for weights, _ in sides]), step


def stacked(sizes: Sequence[int], theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> Side:
    """All runs in one network of batched matrix products."""
    inputs, labels, runs = torch.from_numpy(x), torch.from_numpy(y).flatten(), len(theta)
    shapes = [shape for d, k in pairwise(sizes) for shape in ((k, d), (1, k))]
    parts = torch.from_numpy(theta).split([a * b for a, b in shapes], dim=1)
    params = [
        part.reshape(runs, *shape).clone().requires_grad_()
        for part, shape in zip(parts, shapes, strict=True)
    ]
    layers = list(zip(params[::2], params[1::2], strict=True))
    optimizer = torch.optim.Adam(params)

    def step() -> None:
        optimizer.zero_grad()
        h = inputs
        for weight, bias in layers[:-1]:
            h = torch.baddbmm(bias, h, weight.mT).relu()
        logits = torch.baddbmm(layers[-1][1], h, layers[-1][0].mT)
        (F.cross_entropy(logits.flatten(0, 1), labels) * runs).backward()
        optimizer.step()

    return lambda: torch.cat([p.flatten(1) for p in params], 1).detach().numpy(), step
