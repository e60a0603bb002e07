"""Twin of ``scratch.preprocessing.whitening``: singular values of the data, no covariance."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional as F

from dlcourse import checks, inputs
from dlcourse.reference.preprocessing.base import Preprocessor
from dlcourse.reference.preprocessing.scaling import column_mean

Tensor = torch.Tensor


def principal_axes(x: Tensor) -> tuple[Tensor, Tensor]:
    """``torch.linalg.svd`` of the centered data, after ``torch.linalg.qr`` has made them square."""
    centered = x - column_mean(x).unsqueeze(-2)
    _, triangle = torch.linalg.qr(centered, mode="r")
    _, singular, rows = torch.linalg.svd(triangle)
    n, d = x.shape[-2:]
    eigenvalues = F.pad(singular, (0, d - singular.shape[-1])).square() / n
    return eigenvalues, torch.copysign(torch.ones_like(rows), _deciding(rows)).mul(rows).mT


def _deciding(rows: Tensor) -> Tensor:
    """Of every axis, a row, the first entry that is as large as the largest, within a millionth."""
    size = rows.abs()
    ahead = (size > (1 - 1e-6) * size.amax(-1, keepdim=True)).cumsum(-1)
    first = (ahead > 0).to(rows.dtype).diff(dim=-1, prepend=torch.zeros_like(rows[..., :1]))
    return (first * rows).sum(-1, keepdim=True)


def pca_matrix(eigenvalues: Tensor, axes: Tensor, eps: Any = 1e-5) -> Tensor:
    """``torch.rsqrt`` on a diagonal, times the axes."""
    return torch.diag_embed((eigenvalues + eps).rsqrt()) @ axes.mT


def zca_matrix(eigenvalues: Tensor, axes: Tensor, eps: Any = 1e-5) -> Tensor:
    """One ``torch.einsum``."""
    return torch.einsum("...ik,...k,...jk->...ij", axes, (eigenvalues + eps).rsqrt(), axes)


def whiten(x: Tensor, mean: Tensor, matrix: Tensor) -> Tensor:
    """``torch.matmul``, samples as columns."""
    return (matrix @ (x.mT - mean.unsqueeze(-1))).mT


class PCAWhitening(Preprocessor):
    """``pca_matrix`` with memory."""

    mean_: Tensor
    eigenvalues_: Tensor
    components_: Tensor
    scale_: Tensor
    matrix_: Tensor

    def __init__(self, eps: Any = 1e-5) -> None:
        self.eps = checks.column("eps", eps)

    def learn(self, x: Tensor, dtype: Any) -> dict[str, Any]:
        inputs.one_a_run("eps", self.eps, x)
        try:
            eigenvalues, axes = principal_axes(x)
        except torch.linalg.LinAlgError:  # centered data that are not finite
            checks.fail("x", "of numbers whose statistics float64 can hold", x)
        eps = torch.as_tensor(self.eps, dtype=x.dtype, device=x.device)
        if not eps.all():
            inputs.full_rank(eigenvalues, x.shape[-2], torch.finfo(dtype).eps)
        return {
            "mean_": column_mean(x),
            "eigenvalues_": eigenvalues,
            "components_": axes.mT,
            "scale_": (eigenvalues + eps).sqrt(),
            "matrix_": self.matrix(eigenvalues, axes),
        }

    def matrix(self, eigenvalues: Tensor, axes: Tensor) -> Tensor:
        """``pca_matrix`` with this ε."""
        eps = torch.as_tensor(self.eps, dtype=axes.dtype, device=axes.device)
        return pca_matrix(eigenvalues, axes, eps)

    def lead(self) -> tuple[int, ...]:
        return tuple(self.scale_.shape[:-1])

    def map(self, x: Tensor) -> Tensor:
        return whiten(x, self.mean_, self.matrix_)

    def unmap(self, z: Tensor) -> Tensor:
        """``torch.linalg.solve``: the map undone, not its inverse written down."""
        return torch.linalg.solve(self.matrix_, z.mT).mT + self.mean_.unsqueeze(-2)


class ZCAWhitening(PCAWhitening):
    """``zca_matrix`` with memory."""

    def matrix(self, eigenvalues: Tensor, axes: Tensor) -> Tensor:
        """``zca_matrix`` with this ε."""
        eps = torch.as_tensor(self.eps, dtype=axes.dtype, device=axes.device)
        return zca_matrix(eigenvalues, axes, eps)
