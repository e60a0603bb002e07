"""Twin of ``scratch.regularization.paths``: all weights at once, by accelerated proximal steps.

Ridge is least squares on data with more rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from dlcourse import checks, regularized

Tensor = torch.Tensor
STEPS = 200_000


def elastic_net_path(
    x: Tensor, y: Tensor, coefs: npt.ArrayLike, l1_ratio: float, tol: float = 1e-10
) -> Tensor:
    """FISTA, begun anew wherever it overshoots."""
    regularized.regression(x, y, Tensor)
    found, ratio, tol = regularized.path(coefs, l1_ratio, tol)
    if x.ndim > 2:
        each = zip(x, y, strict=True)
        return torch.stack([elastic_net_path(*one, found, ratio, tol) for one in each])
    kind, n = torch.promote_types(x.dtype, y.dtype), len(x)
    x, y = x.detach().double(), y.detach().double()
    covariance, along = torch.mm(x.T, x) / n, torch.mv(x.T, y) / n
    steepest = torch.linalg.matrix_norm(x, 2).square() / n
    w, path = torch.zeros_like(along), x.new_zeros(len(found), x.shape[1])
    for i in np.argsort(found)[::-1]:
        l1, l2 = float(found[i] * ratio), float(found[i] * (1 - ratio))
        hessian, step = covariance + l2 * torch.eye(len(along)).to(x), float(1 / (steepest + l2))
        path[i] = w = _fista(hessian, along, l1, step, w, tol * float(along.abs().max()))
    return path.to(kind)


def _fista(h: Tensor, along: Tensor, l1: float, step: float, w: Tensor, bound: float) -> Tensor:
    """Minimize ½ wᵀhw − along·w + l1 ‖w‖₁ until no condition of optimality is violated."""
    ahead, momentum = w, 1.0
    for t in range(STEPS):
        if t % 10 == 0:
            g = torch.addmv(along, h, w, beta=-1)
            wrong = torch.where(w != 0, (g + l1 * w.sign()).abs(), g.abs() - l1)
            if not (wrong > bound).any():
                return w
        new = F.softshrink(ahead - step * torch.addmv(along, h, ahead, beta=-1), step * l1)
        if (ahead - new) @ (new - w) > 0:
            ahead, momentum = w, 1.0
            continue
        grown = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead, w, momentum = new + (momentum - 1) / grown * (new - w), new, grown
    checks.fail("x", f"such that {STEPS} steps suffice", "more")


def ridge(x: Tensor, y: Tensor, coef: float | npt.ArrayLike) -> Tensor:
    """``torch.linalg.lstsq`` with the rows √(nλ) I, whose targets are 0, below those of x."""
    regularized.regression(x, y, Tensor)
    found = regularized.ridge_coef(coef)
    regularized.solvable(torch.linalg.svdvals(x).cpu().numpy(), tuple(x.shape), found)
    kind, wide, (n, d) = torch.promote_types(x.dtype, y.dtype), x.detach().double(), x.shape[-2:]
    solutions = []
    for lam in np.atleast_1d(found):
        more = torch.eye(d).to(wide).expand(*x.shape[:-2], d, d) * float(n * lam) ** 0.5
        right = torch.cat([y.detach().double(), wide.new_zeros(*x.shape[:-2], d)], -1)
        rows = torch.cat([wide, more], -2)
        solutions.append(torch.linalg.lstsq(rows, right[..., None]).solution[..., 0])
    w = torch.stack(solutions, -2).to(kind)
    return w if np.ndim(found) else w[..., 0, :]
