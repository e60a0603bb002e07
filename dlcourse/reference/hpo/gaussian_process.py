"""Twin of ``scratch.hpo.gaussian_process``: a multivariate normal of PyTorch, and autograd."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.distributions import MultivariateNormal, Normal

from dlcourse.reference.hpo.kernels import Kernel, Tensor, tensor


def _logs(kernel: Kernel, noise: Any) -> Tensor:
    numbers = [tensor("hyper-parameter", v) for v in (kernel.length_scale, kernel.variance, noise)]
    return torch.cat([v.reshape(-1) for v in numbers]).log()


def _with_logs(kernel: Kernel, theta: Tensor) -> tuple[Kernel, Tensor]:
    found = theta.exp()
    alone = tensor("length_scale", kernel.length_scale).ndim == 0
    return type(kernel)(found[0] if alone else found[:-2], found[-2]), found[-1]


def _evidence(kernel: Kernel, noise: Any, X: Tensor, y: Tensor) -> Tensor:
    covariance = kernel(X) + noise * torch.eye(len(y), dtype=y.dtype)
    return MultivariateNormal(torch.zeros_like(y), covariance).log_prob(y)


def log_marginal_likelihood(
    kernel: Kernel, noise: float, X: Tensor, y: Tensor
) -> tuple[float, Tensor]:
    """``MultivariateNormal.log_prob``, and autograd by the logarithms."""
    X, y = tensor("X", X), tensor("y", y)
    theta = _logs(kernel, noise).requires_grad_()
    value = _evidence(*_with_logs(kernel, theta), X, y)
    return value.item(), torch.autograd.grad(value, theta)[0]


@dataclass(frozen=True)
class Prior:
    """``torch.distributions.Normal`` of each logarithm."""

    length_scale: tuple[float, float] = (-0.5, 0.6)
    variance: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (-6.0, 2.5)

    def log_density(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """The sum of log densities less those at the means, and autograd."""
        leaf = theta.detach().clone().requires_grad_()
        value = self.of(leaf)
        return value.detach(), torch.autograd.grad(value, leaf)[0]

    def of(self, theta: Tensor) -> Tensor:
        """In the graph."""
        pairs = [self.length_scale] * (len(theta) - 2) + [self.variance, self.noise]
        normal = Normal(*torch.tensor(pairs, dtype=theta.dtype).T)
        return (normal.log_prob(theta) - normal.log_prob(normal.mean)).sum()


def fit_hyperparameters(
    kernel: Kernel,
    noise: float,
    X: Any,
    y: Any,
    prior: Prior | None = Prior(),
    steps: int = 100,
) -> tuple[Kernel, float]:
    """``torch.optim.LBFGS``."""
    X, y = tensor("X", X), tensor("y", y)
    theta = _logs(kernel, noise).requires_grad_()
    told: Any = {"max_iter": steps, "tolerance_grad": 1e-8, "tolerance_change": 1e-12}
    optimizer = torch.optim.LBFGS([theta], line_search_fn="strong_wolfe", **told)

    def closure() -> float:
        optimizer.zero_grad()
        loss = -_evidence(*_with_logs(kernel, theta), X, y)
        loss = loss if prior is None else loss - prior.of(theta)
        loss.backward()
        return loss.item()

    optimizer.step(closure)
    found, noise_ = _with_logs(kernel, theta.detach())
    return found, noise_.item()


class GaussianProcess:
    """The conditional of a joint normal, by ``torch.linalg.solve`` and without a factor."""

    def __init__(self, kernel: Kernel, noise: float) -> None:
        self.kernel, self.noise = kernel, noise

    def fit(self, X: Any, y: Any) -> GaussianProcess:
        """Keep what was observed."""
        self.X, self.y = tensor("X", X), tensor("y", y)
        self.C = self.kernel(self.X) + self.noise * torch.eye(len(self.y), dtype=self.y.dtype)
        return self

    def predict(self, Xs: Any) -> tuple[Tensor, Tensor]:
        """The diagonal of ``joint``."""
        mean, covariance = self.joint(Xs)
        return mean, covariance.diagonal().clamp(min=0).sqrt()

    def joint(self, Xs: Any) -> tuple[Tensor, Tensor]:
        """``torch.linalg.solve``."""
        Xs = tensor("Xs", Xs)
        k = self.kernel(Xs, self.X)
        weights = torch.linalg.solve(self.C, k.T)
        return weights.T @ self.y, self.kernel(Xs) - k @ weights

    def slopes(self, Xs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Autograd through ``predict``."""
        leaf = tensor("Xs", Xs).detach().clone().requires_grad_()
        mean, std = self.predict(leaf)
        (dmean,) = torch.autograd.grad(mean.sum(), leaf, retain_graph=True)
        (dstd,) = torch.autograd.grad(std.sum(), leaf)
        return mean.detach(), std.detach(), dmean, dstd
