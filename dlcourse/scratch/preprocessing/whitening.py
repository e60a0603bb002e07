"""All columns at once: no two correlated, and each of variance 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlcourse import checks, inputs
from dlcourse.arrays import Array
from dlcourse.scratch.preprocessing.base import Preprocessor
from dlcourse.scratch.preprocessing.scaling import column_mean


def principal_axes(x: Array) -> tuple[Array, Array]:
    r"""Eigenvalues and eigenvectors of the covariance, the largest first.

    .. math:: \frac1n (X - \mu)^\top (X - \mu) = U \Lambda U^\top

    Returns
    -------
    λ (..., d), and U (..., d, d), whose *columns* are the axes. Of u and -u, both eigenvectors, it
    is the one whose largest entry is positive (the first of them if several are as large).

    Examples
    --------
    >>> principal_axes(np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
    (array([4.5, 0.5]), array([[1., 0.],
           [0., 1.]]))
    """
    centered = x - column_mean(x)[..., None, :]
    covariance = centered.swapaxes(-1, -2) @ centered / x.shape[-2]
    eigenvalues, axes = np.linalg.eigh(covariance)  # the smallest first
    eigenvalues, axes = eigenvalues[..., ::-1], axes[..., ::-1]
    # A variance is never negative; one of 0 may be by a rounding error.
    return np.maximum(eigenvalues, 0.0), axes * _signs(axes)


def _signs(axes: Array) -> Array:
    """The sign of the largest entry of every column; of equals, the first."""
    size = np.abs(axes)
    large = size > (1 - 1e-6) * size.max(-2, keepdims=True)
    first = large.argmax(-2)[..., None, :]
    return np.sign(np.take_along_axis(axes, first, -2))


def pca_matrix(eigenvalues: Array, axes: Array, eps: Any = 1e-5) -> Array:
    r""":math:`W = (\Lambda + \epsilon I)^{-1/2}\, U^\top`: turn to the axes, then divide."""
    scale = np.sqrt(eigenvalues + eps)
    return axes.swapaxes(-1, -2) / scale[..., :, None]


def zca_matrix(eigenvalues: Array, axes: Array, eps: Any = 1e-5) -> Array:
    r""":math:`W = U\, (\Lambda + \epsilon I)^{-1/2}\, U^\top`: as PCA's, and turned back."""
    return axes @ pca_matrix(eigenvalues, axes, eps)


def whiten(x: Array, mean: Array, matrix: Array) -> Array:
    r""":math:`z = W (x - \mu)` for every row x."""
    return (x - mean[..., None, :]) @ matrix.swapaxes(-1, -2)


class PCAWhitening(Preprocessor):
    r"""Turn to the principal axes, and bring each to variance 1: no two columns are correlated.

    .. math:: C = \tfrac1n (X - \mu)^\top (X - \mu) = U \Lambda U^\top, \qquad
              z = (\Lambda + \epsilon I)^{-1/2}\, U^\top (x - \mu)

    Parameters
    ----------
    eps : ε >= 0, in the squared units of x, a number or an array (runs, 1)

    Attributes
    ----------
    mean_, eigenvalues_ : μ and λ, the largest first, (..., d)
    components_ : the axes, *rows* of (..., d, d), signs as of ``principal_axes``
    scale_, matrix_ : √(λ + ε), and the matrix that multiplies x - μ

    Notes
    -----
    C divides by n; ``sklearn.decomposition.PCA(whiten=True)`` by n - 1, without ε. Where C has not
    full rank (constant or repeated columns, n <= d), directions without variance stay finite by ε
    alone: they become 0 in the training data, but what new data have there is multiplied by 1/√ε.
    With ε = 0 that is refused. Within equal eigenvalues the axes are any; ZCA does not depend on
    them. Costs O(n d² + d³) time and O(d²) memory.

    Examples
    --------
    >>> x = np.array([[2.0, 1.0], [1.0, 2.0], [-2.0, -1.0], [-1.0, -2.0]])
    >>> PCAWhitening(eps=0.0).fit_transform(x).round(6)
    array([[ 1.,  1.],
           [ 1., -1.],
           [-1., -1.],
           [-1.,  1.]])

    References
    ----------
    Hotelling (1933); Kessy, Lewin and Strimmer (2018), table 1. Lesson: whitening.
    """

    mean_: Array
    eigenvalues_: Array
    components_: Array
    scale_: Array
    matrix_: Array

    def __init__(self, eps: Any = 1e-5) -> None:
        self.eps = checks.column("eps", eps)

    def learn(self, x: Array, dtype: Any) -> dict[str, Any]:
        inputs.one_a_run("eps", self.eps, x)
        try:
            eigenvalues, axes = principal_axes(x)
        except np.linalg.LinAlgError:  # a covariance that is not finite
            checks.fail("x", "of numbers whose statistics float64 can hold", x)
        if not np.all(self.eps):
            inputs.full_rank(eigenvalues, x.shape[-2], np.finfo(dtype).eps)
        return {
            "mean_": column_mean(x),
            "eigenvalues_": eigenvalues,
            "components_": axes.swapaxes(-1, -2),
            "scale_": np.sqrt(eigenvalues + self.eps),
            "matrix_": self.matrix(eigenvalues, axes),
        }

    def matrix(self, eigenvalues: Array, axes: Array) -> Array:
        """``pca_matrix`` with this ε."""
        return pca_matrix(eigenvalues, axes, self.eps)

    def lead(self) -> tuple[int, ...]:
        return self.scale_.shape[:-1]

    def map(self, x: Array) -> Array:
        return whiten(x, self.mean_, self.matrix_)

    def unmap(self, z: Array) -> Array:
        turned = z * self.scale_[..., None, :]
        return turned @ self.components_ + self.mean_[..., None, :]


class ZCAWhitening(PCAWhitening):
    r"""Of all whitenings the one that changes the data least: PCA's, turned back.

    .. math:: z = U (\Lambda + \epsilon I)^{-1/2}\, U^\top (x - \mu)

    Parameters and attributes are those of ``PCAWhitening``; ``matrix_`` is symmetric.

    Notes
    -----
    Column j of z is column j of x without what the others tell of it, so a whitened image is still
    an image. The matrix is the inverse root of C + εI: it depends on no sign or order of axes.

    Examples
    --------
    >>> x = np.array([[2.0, 1.0], [1.0, 2.0], [-2.0, -1.0], [-1.0, -2.0]])
    >>> np.square(ZCAWhitening(eps=0.0).fit_transform(x)).round(6)
    array([[2., 0.],
           [0., 2.],
           [2., 0.],
           [0., 2.]])

    References
    ----------
    Bell and Sejnowski (1997); Kessy, Lewin and Strimmer (2018). Lesson: whitening.
    """

    def matrix(self, eigenvalues: Array, axes: Array) -> Array:
        return zca_matrix(eigenvalues, axes, self.eps)

    def unmap(self, z: Array) -> Array:
        return super().unmap(z @ self.components_.swapaxes(-1, -2))
