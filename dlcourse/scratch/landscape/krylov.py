"""The Lanczos process: what a symmetric matrix does to a vector, again and again, as a small one.

Arrays in here have the runs axis always; ``hvp`` is asked with it or without, as the caller has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dlcourse import curved
from dlcourse.arrays import Array, draw_runs

Product = Callable[[Array], Array]


def asked(function: Product, name: str, single: bool) -> Product:
    """The function with a runs axis of one, if it is of a single vector, and its answer checked."""

    def call(v: Array) -> Array:
        given = v[0] if single else v
        found = function(given)
        curved.answer(name, found, given, np.ndarray)
        return found[None] if single else found

    return call


def length(v: Array) -> Array:
    """The Euclidean norm of the last axis."""
    return np.sqrt(np.vecdot(v, v))


def without(basis: Array, v: Array) -> Array:
    """What is left of ``v`` (runs, d) beside the rows of ``basis`` (runs, m, d), all of length 1.

    Taken out twice: what rounding leaves of them the first time is gone after the second.
    """
    for _ in range(2):
        v = v - ((basis @ v[..., None]).swapaxes(-1, -2) @ basis)[..., 0, :]
    return v


class Lanczos:
    r"""An orthonormal basis in which the matrix has three diagonals, one row a product.

    .. math:: H q_j = \beta_{j-1} q_{j-1} + \alpha_j q_j + \beta_j q_{j+1}

    Parameters
    ----------
    hvp : function of (runs, d), the product with a symmetric matrix of each run
    start : (runs, d), what q₁ is the direction of; where it is 0 the basis is of zeros
    most : the number of products there is room for, at most d
    rngs : None, or a generator for each run

    Attributes
    ----------
    basis, alpha, beta : (runs, most + 1, d), (runs, most) and (runs, most), the first ``m`` filled

    Notes
    -----
    Every new vector is made orthogonal to all before it: without, rounding brings eigenvectors
    back that have been found, and their eigenvalues are counted again. Where the vectors so far
    span an invariant space, β is 0 and nothing follows: then the basis goes on with a random
    direction out of it, if there are ``rngs``, else with zeros.

    References
    ----------
    Golub and Van Loan (2013), algorithm 10.1.1, and section 10.3 for orthogonalizing.
    """

    def __init__(
        self,
        hvp: Product,
        start: Array,
        most: int,
        rngs: Sequence[np.random.Generator] | None = None,
    ) -> None:
        runs, d = start.shape
        self.hvp, self.rngs, self.most, self.m = hvp, rngs, most, 0
        self.basis = np.zeros((runs, most + 1, d))
        self.alpha, self.beta = np.zeros((runs, most)), np.zeros((runs, most))
        self.basis[:, 0] = self.unit(start, length(start))

    @staticmethod
    def unit(v: Array, size: Array) -> Array:
        """The direction of ``v``; zeros where there is none."""
        return v / np.where(size, size, 1)[:, None]

    def step(self) -> None:
        """One product, and the next vector of the basis."""
        m = self.m
        w = self.hvp(self.basis[:, m])
        self.alpha[:, m] = np.vecdot(self.basis[:, m], w)
        w = without(self.basis[:, : m + 1], w)
        size, scale = length(w), np.maximum(abs(self.alpha), self.beta).max(-1)
        gone = size <= 10 * np.finfo(float).eps * np.sqrt(w.shape[-1]) * scale
        size = np.where(gone, 0.0, size)
        self.beta[:, m] = size
        following = self.unit(np.where(gone[:, None], 0.0, w), size)
        if gone.any() and self.rngs is not None and m + 1 < self.most:
            for run in np.flatnonzero(gone).tolist():
                following[run] = self.fresh(run, self.rngs[run])
        self.basis[:, m + 1] = following
        self.m = m + 1

    def fresh(self, run: int, rng: np.random.Generator) -> Array:
        """A random direction that the basis does not know."""
        v = rng.standard_normal((1, self.basis.shape[-1]))
        v = without(self.basis[run : run + 1, : self.m + 1], v)
        return self.unit(v, length(v))[0]

    def matrix(self, m: int) -> Array:
        """T (runs, m, m): the matrix of the first ``m`` vectors."""
        t = np.zeros((len(self.alpha), m, m))
        i = np.arange(m)
        t[:, i, i] = self.alpha[:, :m]
        t[:, i[:-1], i[1:]] = t[:, i[1:], i[:-1]] = self.beta[:, : m - 1]
        return t


def random_start(rngs: Sequence[np.random.Generator], runs: int | None, dim: int) -> Array:
    """A normal direction for each run, (runs, d)."""
    return draw_runs(lambda g: g.standard_normal(dim), rngs, runs).reshape(-1, dim)


def random_signs(rngs: Sequence[np.random.Generator], runs: int | None, dim: int) -> Array:
    """A probe for each run, (runs, d): every entry 1 or -1, as a coin falls."""
    return draw_runs(lambda g: 2.0 * g.integers(0, 2, dim) - 1, rngs, runs).reshape(-1, dim)
