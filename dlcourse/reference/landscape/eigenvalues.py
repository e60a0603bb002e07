"""Twin of ``scratch.landscape.eigenvalues``: the whole matrix, and ``torch.linalg.eigh``."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from dlcourse import checks, curved
from dlcourse.arrays import Generators, run_generators
from dlcourse.reference.landscape.curvature import Product, hessian_from_products


class Eigenpairs(NamedTuple):
    """Twin of ``scratch.landscape.Eigenpairs``."""

    values: Any
    vectors: Any
    residuals: Any
    steps: Any
    converged: Any


def top_eigenvalues(
    hvp: Product,
    dim: int,
    k: int,
    rng: Generators,
    which: str = "largest",
    runs: int | None = None,
    max_steps: int | None = None,
    tol: float = 1e-8,
    device: torch.device | str = "cpu",
) -> Eigenpairs:
    """``torch.linalg.eigh`` of all d columns: it sees copies, and needs no chance and no steps."""
    dim, k = curved.ends(dim, k, which)
    curved.function("hvp", hvp)
    run_generators(rng, runs)
    curved.some_steps(max_steps, 2 * k if which == "both" else k, dim)
    tol = checks.scalar("tol", tol)
    whole = hessian_from_products(hvp, dim, runs, device)
    values, vectors = torch.linalg.eigh(whole)
    ends = {"largest": values.argsort(-1, descending=True)[..., :k]}
    ends["smallest"] = values.argsort(-1)[..., :k]
    ends["both"] = torch.cat([ends["largest"], ends["smallest"].flip(-1)], -1)
    values = values.gather(-1, ends[which])
    picked = ends[which].unsqueeze(-2).expand(*vectors.shape[:-1], -1)
    vectors = vectors.gather(-1, picked)
    away = whole @ vectors - vectors * values.unsqueeze(-2)
    residuals = torch.linalg.vector_norm(away, dim=-2)
    bar = max(tol, 1e-13) * torch.linalg.matrix_norm(whole, ord=2).unsqueeze(-1)
    steps = torch.full(values.shape[:-1], dim)
    return Eigenpairs(values, vectors.mT, residuals, steps, residuals <= bar)
