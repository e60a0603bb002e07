"""Twin of ``scratch.landscape.matching``: what a permutation gains is a derivative."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from dlcourse import checks, geometry, inputs
from dlcourse.arrays import Generators, run_generators
from dlcourse.reference.landscape.assignment import linear_assignment
from dlcourse.reference.landscape.units import APART, WEIGHTED, permute_units, turned
from dlcourse.reference.layers import Conv2d

Tensor = torch.Tensor


class Match(NamedTuple):
    """Twin of ``scratch.landscape.Match``."""

    permutations: list[Tensor]
    product: Tensor
    sweeps: Tensor
    converged: Tensor


def match_units(model_a: Any, model_b: Any, rng: Generators, max_sweeps: int = 100) -> Match:
    """``torch.autograd.grad`` of θ_a · θ_b(P) in each P, in the same order of layers."""
    hidden = geometry.hidden_layers(model_a, WEIGHTED, APART)
    geometry.same_row(model_a, model_b)
    checks.integer("max_sweeps", max_sweeps, 1)
    generators = run_generators(rng, model_a.runs)
    a, b = (torch.atleast_2d(model.theta.detach()) for model in (model_a, model_b))
    each = zip(a, b, generators, strict=True)
    found = [_match(model_a, *one, hidden, max_sweeps) for one in each]
    return _gathered(found, model_a, model_b)


def _match(
    model: Any, a: Tensor, b: Tensor, rng: np.random.Generator, hidden: Any, most: int
) -> Any:  # fmt: skip
    found = [torch.arange(layer.units, device=a.device) for layer in hidden]
    for sweep in range(1, most + 1):
        changed = False
        for i in rng.permutation(len(hidden)):
            matrices = [F.one_hot(p, len(p)).to(a.dtype).requires_grad_() for p in found]
            now = turned(model, b, hidden, [(m, m) for m in matrices])
            (gain,) = torch.autograd.grad(now @ a, matrices[i])
            best = linear_assignment(gain, maximize=True)
            old = gain.gather(-1, found[i][:, None]).sum()
            if best.value - old > 1e-12 * gain.abs().sum():
                found[i], changed = best.columns, True
        if not changed:
            return found, sweep, True
    return found, most, False


def match_activations(model_a: Any, model_b: Any, x: Tensor) -> Match:
    """``torch.cdist`` of the activations, its squares minimized."""
    hidden = geometry.hidden_layers(model_a, WEIGHTED, APART)
    geometry.same_row(model_a, model_b)
    inputs.values("x", x, Tensor)
    outs = [_activations(model, x, hidden) for model in (model_a, model_b)]
    found = [
        linear_assignment((one[..., :, None, :] - other[..., None, :, :]).square().sum(-1)).columns
        for one, other in zip(*outs, strict=True)
    ]
    runs = model_a.runs
    each = [[p[i] for p in found] for i in range(runs)] if runs else [found]
    return _gathered([(one, 1, True) for one in each], model_a, model_b)


def _activations(model: Any, x: Tensor, hidden: Any) -> list[Tensor]:
    lead, found = (0 if model.runs is None else 1), []
    after = {int(layer.outgoing.partition(".")[0]): layer.units for layer in hidden}
    for i, layer in enumerate(model.layers):
        if i in after:
            at = lead + 1 if isinstance(layer, Conv2d) else -1
            each = x.movedim(at, lead)  # (units * places, n, ...)
            each = each.unflatten(lead, (after[i], -1))
            found.append(each.flatten(lead + 1))
        x = layer.apply(layer.params, x)
    return found


def _gathered(found: Any, model_a: Any, model_b: Any) -> Match:
    perms, *reports = zip(*found, strict=True)
    whole = [torch.stack(one) for one in zip(*perms, strict=True)]
    sweeps, converged = map(torch.tensor, reports)
    if model_a.runs is None:
        whole, sweeps, converged = [one[0] for one in whole], sweeps[0], converged[0]
    permuted = permute_units(model_b, model_b.theta, whole)
    return Match(whole, torch.linalg.vecdot(model_a.theta, permuted), sweeps, converged)
