"""Twin of ``scratch.landscape.lines``: ``torch.lerp`` and ``torch.nn.functional.normalize``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import checks, geometry, inputs
from dlcourse.arrays import Generators, draw_runs, run_generators
from dlcourse.reference.layers import Layer

Tensor = torch.Tensor
Function = Callable[[Tensor], Tensor]


def interpolate(
    loss: Function, theta_a: Tensor, theta_b: Tensor, alphas: npt.ArrayLike
) -> Tensor:  # fmt: skip
    """``torch.lerp``."""
    geometry.function("loss", loss)
    geometry.point("theta_a", theta_a, Tensor)
    geometry.alike("theta_b", theta_b, "theta_a", theta_a, Tensor)
    line = [torch.lerp(theta_a, theta_b, a) for a in geometry.places("alphas", alphas).tolist()]
    return torch.stack([geometry.losses(loss(theta), theta) for theta in line], -1)


def loss_barrier(losses: Tensor, alphas: npt.ArrayLike, ends: str = "line") -> Tensor:
    """``torch.lerp`` between the ends, and ``amax``."""
    inputs.values("losses", losses, Tensor, "float")
    found = geometry.places("alphas", alphas, ends=True)
    if losses.ndim not in (1, 2) or losses.shape[-1] != len(found):
        wanted = f"shaped ({len(found)},) or (runs, {len(found)}), one an alpha"
        checks.fail("losses", wanted, losses)
    checks.choice("ends", ends, ("line", "mean"))
    weight = torch.as_tensor(found, dtype=losses.dtype, device=losses.device)
    weight = weight if ends == "line" else torch.full_like(weight, 0.5)
    return (losses - torch.lerp(losses[..., :1], losses[..., -1:], weight)).amax(-1)


def filter_normalized_direction(model: Any, rng: Generators) -> Tensor:
    """``F.normalize`` of every row, times its ``torch.linalg.vector_norm``."""
    inputs.model("model", model, Layer)
    theta, runs = model.theta.detach(), model.runs
    generators = run_generators(rng, runs)
    drawn = draw_runs(lambda one: one.normal(size=theta.shape[-1]), generators, runs)
    d = model.unflatten(torch.as_tensor(drawn, device=theta.device).to(theta.dtype))
    parts, lead = [], theta.ndim - 1
    for name, w in model.unflatten(theta).items():
        part = torch.zeros_like(w)
        if w.ndim - lead > 1:
            rows = w.flatten(lead + 1)
            length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
            part = (F.normalize(d[name].flatten(lead + 1), dim=-1) * length).reshape(w.shape)
        parts.append(part.flatten(lead))
    return torch.cat(parts, -1)


def loss_line(loss: Function, theta: Tensor, direction: Tensor, steps: npt.ArrayLike) -> Tensor:
    """``torch.add`` with ``alpha``."""
    geometry.function("loss", loss)
    geometry.point("theta", theta, Tensor)
    geometry.alike("direction", direction, "theta", theta, Tensor)
    line = [torch.add(theta, direction, alpha=s) for s in geometry.places("steps", steps).tolist()]
    return torch.stack([geometry.losses(loss(one), one) for one in line], -1)


def loss_plane(
    loss: Function, theta: Tensor, directions: tuple[Tensor, Tensor], steps_a: npt.ArrayLike,
    steps_b: npt.ArrayLike,
) -> Tensor:  # fmt: skip
    """``torch.cartesian_prod`` of the steps."""
    geometry.function("loss", loss)
    geometry.point("theta", theta, Tensor)
    for i, one in enumerate(checks.pair("directions", directions)):
        geometry.alike(f"directions[{i}]", one, "theta", theta, Tensor)
    rows, columns = geometry.places("steps_a", steps_a), geometry.places("steps_b", steps_b)
    steps = [torch.as_tensor(s, dtype=theta.dtype, device=theta.device) for s in (rows, columns)]
    both = torch.stack(list(directions))
    places = [theta + torch.tensordot(pair, both, 1) for pair in torch.cartesian_prod(*steps)]
    flat = torch.stack([geometry.losses(loss(one), one) for one in places], -1)
    return flat.unflatten(-1, (len(rows), len(columns)))
