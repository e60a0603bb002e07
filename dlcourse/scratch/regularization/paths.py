"""Linear regression under a penalty: for L2 in closed form, for the elastic net by coordinates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dlcourse import checks, regularized
from dlcourse.arrays import Array

SWEEPS = 5_000
"""So often coordinate descent goes through the coefficients before it gives up."""


def elastic_net_path(
    x: Array, y: Array, coefs: npt.ArrayLike, l1_ratio: float, tol: float = 1e-10
) -> Array:
    r"""The weights of a linear regression under an elastic net, for each of several coefficients.

    .. math:: \min_w\ \tfrac{1}{2n} \lVert y - xw \rVert^2 + \lambda \left(\rho \lVert w\rVert_1
              + \tfrac{1 - \rho}{2} \lVert w\rVert_2^2\right)

    Symbols
    -------
    λ ``coefs`` · ρ ``l1_ratio``

    Parameters
    ----------
    x : (..., n, d); y : (..., n); there is no intercept: subtract the means first
    coefs : (m,), >= 0, in any order
    l1_ratio : ρ in [0, 1]
    tol : a solution is one when no condition of optimality is violated by more than ``tol`` times
        the largest \|xᵀy\|/n

    Returns
    -------
    (..., m, d), in the order of ``coefs``

    Notes
    -----
    Coordinate descent: one weight at a time is set to its best value, the others held; after each
    round those that are not zero are solved for together, and where one would change its sign it is
    set to zero. From the largest coefficient down each solution is the start for the next. Equal to
    scikit-learn's ``enet_path``. λ from max \|xᵀy\|/(nρ) on gives zeros alone.

    Examples
    --------
    >>> x, y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([3.0, 1.0])
    >>> elastic_net_path(x, y, [0.0, 0.25, 1.0], l1_ratio=1.0)
    array([[3. , 1. ],
           [2.5, 0.5],
           [1. , 0. ]])

    References
    ----------
    Friedman, Hastie and Tibshirani (2010), eq. 5. Lesson: penalties.
    """
    regularized.regression(x, y, np.ndarray)
    found, ratio, tol = regularized.path(coefs, l1_ratio, tol)
    wide, n = x.astype(float), x.shape[-2]
    gram = wide.swapaxes(-1, -2) @ wide / n
    along = (y.astype(float)[..., None, :] @ wide)[..., 0, :] / n
    path, w = np.zeros((*x.shape[:-2], len(found), x.shape[-1])), np.zeros_like(along)
    for i in np.argsort(-found, kind="stable"):
        path[..., i, :] = w = descend(gram, along, found[i] * ratio, found[i] * (1 - ratio), w, tol)
    return path.astype(np.result_type(x, y))


def descend(gram: Array, along: Array, l1: float, l2: float, w: Array, tol: float) -> Array:
    """Coordinate descent from w, for xᵀx/n and xᵀy/n."""
    bound = tol * abs(along).max(-1, keepdims=True)
    curvature = np.diagonal(gram, axis1=-2, axis2=-1) + l2
    curvature = np.where(curvature > 0, curvature, np.inf)  # a column of zeros has weight 0
    for _ in range(SWEEPS):
        pull = along - (gram @ w[..., None])[..., 0] - l2 * w
        wrong = np.where(w != 0, abs(pull - l1 * np.sign(w)), abs(pull) - l1) > bound
        if not wrong.any():
            return w
        active = ((w != 0) | wrong).reshape(-1, w.shape[-1]).any(0)
        w = w.copy()
        for j in np.flatnonzero(active):
            scale = curvature[..., j]
            target = w[..., j] + pull[..., j] / scale
            best = target - np.clip(target, -l1 / scale, l1 / scale)
            step = best - w[..., j]
            w[..., j] = best
            pull -= gram[..., j, :] * step[..., None]
            pull[..., j] -= l2 * step
        zeros = -1
        while zeros < (zeros := int((w == 0).sum())):
            w = settled(gram, along, l1, l2, w)
    fix = "Scale the columns, raise coefs or tol, or drop columns that repeat others."
    checks.fail("x", f"such that {SWEEPS} sweeps suffice", f"{wrong.sum()} open", fix)


def settled(gram: Array, along: Array, l1: float, l2: float, w: Array) -> Array:
    """Towards the best weights with the signs of w, linear equations, until one reaches zero."""
    active = w != 0
    both = active[..., :, None] & active[..., None, :]
    diagonal = np.diagonal(gram, axis1=-2, axis2=-1)
    near = 1e-12 * diagonal.max(-1, keepdims=True) + 1e-300  # also where columns depend on others
    system = np.where(both, gram, 0.0)
    system += np.eye(w.shape[-1]) * np.where(active, l2 + near, 1.0)[..., None]
    right = np.where(active, along - l1 * np.sign(w) + near * w, 0.0)
    exact = np.linalg.solve(system, right[..., None])[..., 0]
    over = active & (np.sign(exact) != np.sign(w))
    part = np.divide(w, w - exact, out=np.ones_like(w), where=over)
    first = part.min(-1, keepdims=True)
    return np.where(over & (part == first), 0.0, w + first * (exact - w))


def ridge(x: Array, y: Array, coef: float | npt.ArrayLike) -> Array:
    r"""The weights of a linear regression under an L2 penalty, in closed form.

    .. math:: w = \left(\tfrac1n x^\top x + \lambda I\right)^{-1} \tfrac1n x^\top y
              = \arg\min_w\ \tfrac{1}{2n} \lVert y - xw \rVert^2 + \tfrac\lambda2 \lVert w\rVert^2

    Parameters
    ----------
    x : (..., n, d); y : (..., n); there is no intercept: subtract the means first
    coef : λ >= 0, a number, or (m,); > 0 where columns of x depend on each other

    Returns
    -------
    (..., d), or (..., m, d) for several coefficients

    Notes
    -----
    Along each right singular vector of x, with singular value s, least squares is shrunk by
    s²/(s² + nλ): by most where the data vary least. scikit-learn's ``Ridge`` has α = nλ.

    Examples
    --------
    >>> x, y = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([3.0, 4.0])
    >>> ridge(x, y, 0.5)  # singular values 1 and 2 of 2 samples: halved, and 4/5 of 2
    array([1.5, 1.6])

    References
    ----------
    Hoerl and Kennard (1970). Lesson: penalties.
    """
    regularized.regression(x, y, np.ndarray)
    found = regularized.ridge_coef(coef)
    u, s, vt = np.linalg.svd(x.astype(float), full_matrices=False)
    regularized.solvable(s, x.shape, found)
    along = (y.astype(float)[..., None, :] @ u)[..., 0, :]
    lam = np.atleast_1d(found)[:, None] * x.shape[-2]
    shrunk = (s * along)[..., None, :] / (np.square(s)[..., None, :] + lam)
    w = (shrunk @ vt).astype(np.result_type(x, y))
    return w if np.ndim(found) else w[..., 0, :]
