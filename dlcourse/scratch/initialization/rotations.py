"""Weights that keep every length: orthonormal rows or columns, none of them preferred."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dlcourse import checks
from dlcourse.arrays import Array, Generators
from dlcourse.scratch.initialization.draws import normal


def orthogonal(
    shape: Sequence[int],
    rng: Generators,
    gain: float = 1.0,
    runs: int | None = None,
    dtype: npt.DTypeLike = np.float64,
) -> Array:
    r"""A matrix with orthonormal rows or columns, whichever are fewer, times ``gain``.

    .. math:: W W^\top = g^2 I \text{ if } n_{out} \le n_{in}, \quad
              W^\top W = g^2 I \text{ otherwise}

    Parameters
    ----------
    shape : (out, in, *kernel), at least two axes; of a convolution the matrix is (out, in · kernel)
    gain : g > 0, every singular value of W
    rng, runs, dtype : as of ``normal``

    Notes
    -----
    Uniform over all such matrices: the Q of a Gaussian matrix, with R's diagonal made positive.
    Cost: one QR a run, O(max · min²).

    Examples
    --------
    >>> w = orthogonal((2, 3), np.random.default_rng(0), gain=2.0)
    >>> bool(np.allclose(w @ w.T, 4 * np.eye(2)))
    True

    References
    ----------
    Saxe, McClelland and Ganguli (2014), section 3; the signs: Mezzadri (2007).
    """
    shape = checks.sizes("shape", shape, 2)
    gain = checks.scalar("gain", gain, low_open=True)
    flat = shape[0], math.prod(shape[1:])
    q = orthonormal(normal(flat, rng, runs=runs))
    w = gain * q.reshape(*q.shape[:-2], *shape)
    return w.astype(checks.float_kind("dtype", dtype))


def orthonormal(a: Array) -> Array:
    """Q of a = QR with R's diagonal positive; of a wide matrix, that of its transpose.

    Without the signs Q would depend on how QR is computed: LAPACK's has mostly a negative
    diagonal in R, and so the first entry of Q is mostly of the other sign than that of ``a``.

    >>> orthonormal(np.array([[3.0, 0.0], [4.0, 1.0]]))
    array([[ 0.6, -0.8],
           [ 0.8,  0.6]])
    """
    wide = a.shape[-2] < a.shape[-1]
    q, r = np.linalg.qr(a.mT if wide else a)
    q = q * np.copysign(1.0, np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    return q.mT if wide else q
