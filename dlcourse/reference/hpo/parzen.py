"""Twin of ``scratch.hpo.parzen``: mixtures of PyTorch's distributions, one point at a time."""

from __future__ import annotations

import torch
from torch.distributions import Categorical, Normal

from dlcourse.reference.hpo.kernels import Tensor


def bandwidths(mu: Tensor) -> Tensor:
    """Each point by itself: its neighbours are found among all others."""
    found = torch.full_like(mu, torch.nan)
    for j in range(mu.shape[1]):
        rows = torch.nonzero(~mu[:, j].isnan())[:, 0]
        ranked = rows[torch.argsort(mu[rows, j], stable=True)].tolist()
        low = 1 / min(100, len(ranked) + 2)
        for place, i in enumerate(ranked):
            beside = [ranked[k] for k in (place - 1, place + 1) if 0 <= k < len(ranked)]
            gaps = [float(abs(mu[i, j] - mu[k, j])) for k in beside]
            if not gaps:
                gaps = [float(mu[i, j]), 1 - float(mu[i, j])]
            found[i, j] = min(max(*gaps, low), 1.0)
    return found


def with_prior(
    mu: Tensor, sigma: Tensor, prior_weight: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    """``nan_to_num`` and ``cat``."""
    n, d = mu.shape
    centers = torch.cat([mu, mu.new_full((1, d), torch.nan)]).nan_to_num(0.5)
    widths = torch.cat([sigma, mu.new_full((1, d), torch.nan)]).nan_to_num(1.0)
    old = max(n - 25, 0)
    ramp = torch.linspace(1 / n, 1.0, old, dtype=mu.dtype) if old else mu.new_empty(0)
    weights = torch.cat([ramp, mu.new_ones(n - old), mu.new_tensor([prior_weight])])
    return centers, widths, weights / weights.sum()


def log_bumps(u: Tensor, mu: Tensor, sigma: Tensor) -> Tensor:
    """``Normal.log_prob`` less the log of what lies within."""
    bump = Normal(mu, sigma)
    inside = bump.cdf(torch.ones_like(mu)) - bump.cdf(torch.zeros_like(mu))
    unknown = u.isnan()[:, None]
    found = bump.log_prob(u.nan_to_num(0.5)[:, None]) - inside.log()
    return found.masked_fill(unknown, 0.0).sum(-1)


def log_cells(mu: Tensor, sigma: Tensor, cells: int) -> Tensor:
    """``Normal.cdf`` at both edges of each cell."""
    bump = Normal(mu, sigma)
    edges = torch.arange(cells + 1, dtype=mu.dtype)[:, None] / cells
    mass = (bump.cdf(edges[1:]) - bump.cdf(edges[:-1])).clamp(min=1e-15)
    one, zero = torch.ones_like(mu), torch.zeros_like(mu)
    return (mass * cells / (bump.cdf(one) - bump.cdf(zero))).log()


def log_choices(index: Tensor, choices: int, prior_weight: float = 1.0) -> Tensor:
    """``Categorical`` of counts."""
    probs = torch.full((len(index), choices), prior_weight / len(index), dtype=torch.float64)
    for row, choice in zip(probs, index.tolist(), strict=True):
        if choice == choice:
            row[int(choice)] += 1
    return Categorical(probs).logits.T


def log_mixture(log_kernels: Tensor, weights: Tensor) -> Tensor:
    """``torch.logsumexp``."""
    return torch.logsumexp(log_kernels + weights.log(), 1)
