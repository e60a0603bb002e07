"""Twin of ``scratch.hpo.acquisition``: normals and special functions of PyTorch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch.distributions import Normal

from dlcourse.reference.hpo.kernels import Tensor, tensor


def _three(mean: Any, std: Any, best: Any) -> tuple[Tensor, Tensor, Tensor]:
    named = {"mean": mean, "std": std, "best": best}
    mean, std, best = torch.broadcast_tensors(*(tensor(n, v) for n, v in named.items()))
    return mean, std, best


def expected_improvement(mean: Any, std: Any, best: Any) -> Any:
    """(f* − μ) times ``Normal.cdf``, and σ² times its density."""
    mean, std, best = _three(mean, std, best)
    of = Normal(mean, torch.where(std > 0, std, 1.0))
    found = (best - mean) * of.cdf(best) + std.square() * of.log_prob(best).exp()
    return torch.where(std > 0, found, (best - mean).clamp(min=0))


def log_expected_improvement(mean: Any, std: Any, best: Any) -> Any:
    """``torch.special.erfcx`` below −1, and three terms of a series below −1,000."""
    mean, std, best = _three(mean, std, best)
    z = (best - mean) / torch.where(std > 0, std, 1.0)
    log_pdf = -z.square() / 2 - math.log(2 * math.pi) / 2
    near = z.clamp(min=-1.0)
    log_near = (near * torch.special.ndtr(near) + Normal(0.0, 1.0).log_prob(near).exp()).log()
    mid = z.clamp(min=-1e3, max=-1.0)
    mills = math.sqrt(math.pi / 2) * torch.special.erfcx(-mid / math.sqrt(2))
    far = z.clamp(max=-1e3).square().reciprocal()
    log_far = far.log() + torch.log1p(-3 * far + 15 * far.square())
    log_tail = log_pdf + torch.where(z < -1e3, log_far, torch.log1p(mid * mills))
    found = std.log() + torch.where(z > -1, log_near, log_tail)
    return torch.where(std > 0, found, (best - mean).clamp(min=0).log())


def log_expected_improvement_slopes(
    mean: Tensor, std: Tensor, best: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Autograd."""
    leaves = [tensor("mean", mean).clone(), tensor("std", std).clone()]
    mu, sigma = (leaf.requires_grad_() for leaf in leaves)
    value = log_expected_improvement(mu, sigma, best)
    by_mean, by_std = torch.autograd.grad(value.sum(), (mu, sigma))
    return value.detach(), by_mean, by_std


def upper_confidence_bound(mean: Any, std: Any, kappa: float = 2.0) -> Any:
    """``Tensor.mul`` and ``sub``."""
    return tensor("std", std).mul(kappa).sub(tensor("mean", mean))


def thompson_sample(mean: Any, covariance: Any, rng: np.random.Generator) -> Tensor:
    """The symmetric root by ``torch.linalg.svd``, of the same draw."""
    mean, covariance = tensor("mean", mean), tensor("covariance", covariance)
    u, s, vh = torch.linalg.svd(covariance)
    positive = (u * vh.T).sum(0) > 0  # of a symmetric matrix: the sign of its eigenvalue
    root = (u * (s * positive).sqrt()) @ u.T
    return mean + root @ torch.as_tensor(rng.standard_normal(mean.numel()), dtype=mean.dtype)
