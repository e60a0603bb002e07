"""Twin of ``scratch.landscape.sharpness``: ``torch.optim.LBFGS``, its coordinates borderless."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from dlcourse import checks, geometry
from dlcourse.arrays import Generators, draw_runs, run_generators

Tensor = torch.Tensor
Function = Callable[[Tensor], Tensor]


class Average(NamedTuple):
    """Twin of ``scratch.landscape.Average``."""

    mean: Tensor
    error: Tensor


def _inside(w: Tensor, region: str) -> Tensor:
    """A place of the box or the ball for every w: sines of the entries, or of the length."""
    if region == "box":
        return torch.sin(w)
    length = torch.linalg.vector_norm(w, dim=-1, keepdim=True)
    return w * torch.sinc(length / torch.pi)


def _starts(rng: Generators, starts: int, scale: Tensor, region: str) -> list[Tensor]:
    """The same draws as in the other room, in these coordinates."""
    *lead, p = scale.shape
    runs = lead[0] if lead else None

    def draw(one: np.random.Generator) -> Any:
        if region == "box":
            return np.arcsin(one.uniform(-1, 1, (starts - 1, p)))
        far = one.standard_normal((starts - 1, p))
        far /= np.sqrt(np.square(far).sum(-1, keepdims=True))
        return far * np.arcsin(one.random((starts - 1, 1)) ** (1 / p))

    drawn = torch.as_tensor(draw_runs(draw, run_generators(rng, runs), runs)).to(scale)
    return [torch.zeros_like(scale), *drawn.unbind(-2)]


def _highest(
    loss: Function, loss_grad: Function, theta: Tensor, scale: Tensor, directions: Tensor | None,
    region: str, rng: Generators, starts: int, steps: int,
) -> Tensor:  # fmt: skip
    """The largest loss on the way of any ascent, one a run."""
    best = torch.full(theta.shape[:-1], -torch.inf, dtype=theta.dtype, device=theta.device)
    rows = [...] if theta.ndim == 1 else [slice(i, i + 1) for i in range(len(theta))]

    def place(w: Tensor) -> Tensor:
        z = scale * _inside(w, region)
        return theta + (
            z if directions is None else torch.einsum("...dp,...p->...d", directions, z)
        )

    for start in _starts(rng, starts, scale, region):
        for row in rows:  # a line search of its own for every run
            w = start.clone().requires_grad_()
            search = torch.optim.LBFGS([w], max_iter=2 * steps, line_search_fn="strong_wolfe")

            def closure(w: Tensor = w, row: Any = row) -> float:
                at = place(w)
                value = geometry.losses(loss(at.detach()), theta).detach()
                best.copy_(torch.maximum(best, value))
                slope = geometry.gradients(loss_grad(at.detach()), theta)
                only = torch.zeros_like(slope)
                only[row] = slope[row]
                (w.grad,) = torch.autograd.grad(at, w, -only)
                return float(-value[row].sum())

            search.step(closure)
    return best


def _door(
    loss: Function, loss_grad: Function, theta: Tensor, starts: int, steps: int
) -> tuple[int, int]:
    geometry.function("loss", loss)
    geometry.function("loss_grad", loss_grad)
    geometry.point("theta", theta, Tensor)
    return checks.integer("starts", starts, 1), checks.integer("steps", steps, 1)


def sharpness(
    loss: Function, theta: Tensor, epsilon: float, loss_grad: Function, rng: Generators,
    directions: Tensor | None = None, starts: int = 2, steps: int = 20,
) -> Tensor:  # fmt: skip
    """``torch.linalg.lstsq`` for A⁺θ, and ``torch.optim.LBFGS``."""
    starts, steps = _door(loss, loss_grad, theta, starts, steps)
    epsilon = checks.scalar("epsilon", epsilon, low_open=True)
    inside = theta
    if directions is not None:
        geometry.directions(directions, theta, Tensor)
        wide = directions.expand(*theta.shape[:-1], *directions.shape[-2:])
        inside = torch.linalg.lstsq(wide, theta[..., None], driver="gelsd").solution[..., 0]
    scale = epsilon * (inside.abs() + 1)
    found = _highest(loss, loss_grad, theta, scale, directions, "box", rng, starts, steps)
    here = geometry.losses(loss(theta), theta)
    return 100 * torch.relu(found - here) / (1 + here)


def worst_case_sharpness(
    loss: Function, theta: Tensor, rho: float, loss_grad: Function, rng: Generators,
    adaptive: bool = False, region: str = "ball", starts: int = 2, steps: int = 20,
) -> Tensor:  # fmt: skip
    """``torch.optim.LBFGS``."""
    starts, steps = _door(loss, loss_grad, theta, starts, steps)
    rho = checks.scalar("rho", rho, low_open=True)
    checks.choice("region", region, ("ball", "box"))
    scale = rho * (theta.abs() if adaptive else torch.ones_like(theta))
    found = _highest(loss, loss_grad, theta, scale, None, region, rng, starts, steps)
    return torch.relu(found - geometry.losses(loss(theta), theta))


def average_case_sharpness(
    loss: Function, theta: Tensor, rho: float, rng: Generators, draws: int = 100,
    adaptive: bool = False,
) -> Average:  # fmt: skip
    """``torch.std_mean`` over the pairs."""
    geometry.function("loss", loss)
    geometry.point("theta", theta, Tensor)
    rho, draws = checks.scalar("rho", rho, low_open=True), checks.integer("draws", draws, 2)
    runs, d = (len(theta) if theta.ndim > 1 else None), theta.shape[-1]
    generators = run_generators(rng, runs)
    noise = [draw_runs(lambda one: one.normal(size=d), generators, runs) for _ in range(draws)]
    delta = rho * torch.as_tensor(np.stack(noise), device=theta.device).to(theta.dtype)
    delta = delta * theta.abs() if adaptive else delta
    sides = [[geometry.losses(loss(theta + s * z), theta) for z in delta] for s in (1, -1)]
    both = torch.stack([torch.stack(side) for side in sides]).mean(0)
    std, mean = torch.std_mean(both - loss(theta), 0, correction=1)
    return Average(mean, std / draws**0.5)
