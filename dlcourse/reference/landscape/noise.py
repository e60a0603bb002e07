"""Twin of ``scratch.landscape.noise``: ``torch.func.vmap`` over ``torch.func.grad``."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch.func import grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from dlcourse import checks

Tensor = torch.Tensor


class GradientNoise(NamedTuple):
    """Twin of ``scratch.landscape.GradientNoise``."""

    mean: Tensor
    variance: float
    scale: float


def per_sample_gradients(model: Any, loss: Any, x: Tensor, y: Tensor) -> Tensor:
    """``torch.func.vmap(torch.func.grad(...))`` over the samples."""
    if model.runs is not None:
        checks.fail("model", "without a runs axis", f"{model.runs} runs")
    if len(x) != len(y) or not len(x):
        checks.fail("x, y", "as many targets as samples, at least one", (len(x), len(y)))

    with torch.no_grad():  # vmap lets nobody look at values: what is wrong with them is said here
        out = model.apply(model.params, x)
    loss.forward(out, y)

    def one(theta: Tensor, sample: Tensor, target: Tensor) -> Tensor:
        out = model.apply(model.unflatten(theta), sample[None])
        return loss.value(out, target[None])

    with sdpa_kernel(SDPBackend.MATH):  # the one attention that vmap knows
        return vmap(grad(one), in_dims=(None, 0, 0))(model.theta.detach(), x, y)


def gradient_noise(model: Any, loss: Any, x: Tensor, y: Tensor) -> GradientNoise:
    """Mean, and ``torch.var`` summed over the coordinates."""
    if len(x) < 2:
        checks.fail("x", "at least two samples", len(x))
    gradients = per_sample_gradients(model, loss, x, y)
    mean = gradients.mean(0)
    variance = float(gradients.var(0, correction=1).sum())
    return GradientNoise(mean, variance, variance / float(torch.linalg.vector_norm(mean)) ** 2)
