"""Twins of ``scratch.landscape.density``: the exact spectral measure of the same probes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from dlcourse import checks, curved
from dlcourse.arrays import Generators, draw_runs, run_generators
from dlcourse.reference.landscape.curvature import Product, Tensor, hessian_from_products


class SpectralDensity(NamedTuple):
    """Twin of ``scratch.landscape.SpectralDensity``, with all d eigenvalues for nodes."""

    nodes: Any
    weights: Any

    def moment(self, power: int) -> Any:
        """``torch.pow``."""
        powers = self.nodes.pow(checks.integer("power", power, 0))
        return torch.linalg.vecdot(self.weights, powers).mean(-1)

    def at(self, grid: npt.ArrayLike, sigma: float | None = None) -> Any:
        """``torch.distributions.Normal``."""
        points = torch.as_tensor(checks.number("grid", grid), device=self.nodes.device)
        if points.ndim != 1:
            checks.fail("grid", "shaped (g,)", points)
        if sigma is None:
            span = float(self.nodes.max() - self.nodes.min())
            if span == 0:
                checks.fail("sigma", "given where all nodes are one", None, "Pass sigma=0.01.")
            sigma = (1e-5 * (span / 2) ** 2) ** 0.5
        sigma = checks.scalar("sigma", sigma, low_open=True)
        bumps = torch.distributions.Normal(self.nodes.unsqueeze(-2), sigma)
        densities = bumps.log_prob(points[:, None]).exp()
        return torch.einsum("...gm,...m->...g", densities, self.weights).mean(-2)


class TraceEstimate(NamedTuple):
    """Twin of ``scratch.landscape.TraceEstimate``."""

    value: Any
    standard_error: Any


def probes(rng: Generators, runs: int | None, dim: int, n: int) -> Tensor:
    """The signs that the other room draws, (n, d) or (n, runs, d)."""
    rngs = run_generators(rng, runs)
    drawn = [draw_runs(lambda g: 2.0 * g.integers(0, 2, dim) - 1, rngs, runs) for _ in range(n)]
    return torch.as_tensor(np.stack(drawn))


def spectral_density(
    hvp: Product,
    dim: int,
    rng: Generators,
    n_probes: int = 10,
    n_steps: int = 90,
    runs: int | None = None,
    device: torch.device | str = "cpu",
) -> SpectralDensity:
    """``torch.linalg.eigh``: what Lanczos tends to as ``n_steps`` grows to d."""
    curved.function("hvp", hvp)
    n, _ = checks.integer("n_probes", n_probes, 1), checks.integer("n_steps", n_steps, 1)
    signs = probes(rng, runs, checks.integer("dim", dim, 1), n).to(device)
    values, vectors = torch.linalg.eigh(hessian_from_products(hvp, dim, runs, device))
    seen = torch.einsum("...ij,n...i->...nj", vectors, signs) ** 2 / dim
    return SpectralDensity(values.unsqueeze(-2).expand_as(seen), seen)


def hessian_trace(
    hvp: Product,
    dim: int,
    rng: Generators,
    n_probes: int = 100,
    runs: int | None = None,
    device: torch.device | str = "cpu",
) -> TraceEstimate:
    """``torch.std_mean`` of the same probes in the whole matrix."""
    curved.function("hvp", hvp)
    n = checks.integer("n_probes", n_probes, 2)
    signs = probes(rng, runs, checks.integer("dim", dim, 1), n).to(device)
    whole = hessian_from_products(hvp, dim, runs, device)
    each = torch.einsum("n...i,...ij,n...j->n...", signs, whole, signs)
    std, mean = torch.std_mean(each, 0, correction=1)
    return TraceEstimate(mean, std / n**0.5)
