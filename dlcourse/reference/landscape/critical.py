"""Twins of ``scratch.landscape.critical``: the whole Hessian, ``torch.linalg`` of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from dlcourse import checks, curved
from dlcourse.reference.landscape.curvature import (
    LossGrad,
    Tensor,
    hessian,
    hessian_from_products,
)


class Inertia(NamedTuple):
    """Twin of ``scratch.landscape.Inertia``."""

    negative: Any
    zero: Any
    positive: Any


class CriticalPoint(NamedTuple):
    """Twin of ``scratch.landscape.CriticalPoint``."""

    theta: Any
    grad_norm: Any
    converged: Any
    steps: Any
    grad_curvature: Any


def inertia(eigenvalues: Tensor, tol: float = 1e-8) -> Inertia:
    """``torch.sign``, counted."""
    curved.vector("eigenvalues", eigenvalues, Tensor)
    largest = torch.linalg.vector_norm(eigenvalues, float("inf"), -1, keepdim=True)
    level = eigenvalues.abs() <= checks.scalar("tol", tol) * largest
    signs = torch.where(level, 0.0, eigenvalues).sign()
    counts = (torch.eq(signs, wanted).sum(-1) for wanted in (-1, 0, 1))
    return Inertia(*(int(n) if eigenvalues.ndim == 1 else n for n in counts))


def classify_eigenvalues(eigenvalues: Tensor, tol: float = 1e-8) -> Any:
    """By the extreme eigenvalues alone, as a minimum is where even the smallest is above 0."""
    curved.vector("eigenvalues", eigenvalues, Tensor)
    bar = checks.scalar("tol", tol) * eigenvalues.abs().amax(-1)
    low, high = torch.aminmax(eigenvalues, dim=-1)

    def name(low: float, high: float, bar: float) -> str:
        if low < -bar and high > bar:
            return "saddle"
        if low > bar:
            return "minimum"
        return "maximum" if high < -bar else "degenerate"

    rows = zip(*(a.reshape(-1).tolist() for a in (low, high, bar)), strict=True)
    names = [name(*row) for row in rows]
    return names[0] if eigenvalues.ndim == 1 else names


def classify_critical_point(hessian: Tensor, tol: float = 1e-8) -> Any:
    """``torch.linalg.eigvalsh``."""
    curved.square("hessian", hessian, Tensor)
    return classify_eigenvalues(torch.linalg.eigvalsh((hessian + hessian.mT) / 2), tol)


def find_critical_point(
    loss_grad: LossGrad,
    hvp: Callable[[Tensor, Tensor], Tensor] | None,
    theta: Tensor,
    tol: float = 1e-8,
    max_iter: int = 100,
    inner_steps: int = 100,
) -> CriticalPoint:
    """Whole Newton steps by ``torch.linalg.pinv``, one run after the other."""
    curved.function("loss_grad", loss_grad)
    if hvp is not None:
        curved.function("hvp", hvp)
    curved.vector("theta", theta, Tensor)
    checks.scalar("tol", tol)
    checks.integer("max_iter", max_iter, 0)
    checks.integer("inner_steps", inner_steps, 1)
    if theta.ndim == 1:
        return CriticalPoint(*_one(loss_grad, hvp, theta, tol, max_iter, None, 0))
    each = [_one(loss_grad, hvp, theta, tol, max_iter, len(theta), i) for i in range(len(theta))]
    return CriticalPoint(*(torch.stack(part) for part in zip(*each, strict=True)))


def _one(
    loss_grad: LossGrad, hvp: Any, theta: Tensor, tol: float, most: int, runs: int | None, i: int
) -> tuple[Tensor, ...]:
    """One run, the others standing where they began."""

    def all_runs(t: Tensor) -> Tensor:
        return t if runs is None else torch.cat([theta[:i], t[None], theta[i + 1 :]])

    def own(a: Tensor) -> Tensor:
        return a if runs is None else a[i]

    def gradient(t: Tensor) -> Tensor:
        return own(loss_grad(all_runs(t))).detach()

    def curvature(t: Tensor) -> Tensor:
        if hvp is None:
            return own(hessian(loss_grad, all_runs(t)))
        return own(hessian_from_products(lambda v: hvp(all_runs(t), v), t.shape[-1], runs))

    t, steps = own(theta).detach().clone(), 0
    g = gradient(t)
    while steps < most and g.norm() > tol:
        whole = curvature(t)
        p = -torch.linalg.pinv(whole, rtol=1e-10, hermitian=True) @ g
        slope, a = g @ (whole @ p), 1.0
        while a > 2.0**-50:
            new = gradient(t + a * p)
            if new @ new <= g @ g + 2e-4 * a * slope:
                break
            a /= 2
        else:
            break
        t, g, steps = t + a * p, new, steps + 1
    bend = (curvature(t) @ torch.nn.functional.normalize(g, dim=0)).norm()
    return t, g.norm(), g.norm() <= tol, torch.tensor(steps), bend
