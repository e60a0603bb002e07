"""The largest and the smallest curvatures, with their directions, from products alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks, curved
from dlcourse.arrays import Array, Generators, run_generators
from dlcourse.scratch.landscape.krylov import Lanczos, Product, asked, length, random_start

EVERY = 5
"""Products between two looks at whether the eigenvalues have settled."""


class Eigenpairs(NamedTuple):
    """What ``top_eigenvalues`` finds, with the runs axis in front if there is one.

    ``values`` (k,) and ``vectors`` (k, d), each of length 1, ``residuals`` (k,): the length of
    Hu - λu, one product each; ``converged`` (k,): whether it is within tol; ``steps``: products
    made, those for the residuals not counted. With ``which="both"`` there are 2k.
    """

    values: Any
    vectors: Any
    residuals: Any
    steps: Any
    converged: Any


def places(k: int, which: str) -> Array:
    """Which of ascending eigenvalues are asked for, and in which order."""
    largest, smallest = -1 - np.arange(k), np.arange(k)
    return {
        "largest": largest,
        "smallest": smallest,
        "both": np.concatenate([largest, smallest[::-1]]),
    }[which]


def settled(krylov: Lanczos, k: int, which: str, tol: float) -> Array:
    """Whether all that are asked for have a residual within tol, by the estimate β |s_m|."""
    values, s = np.linalg.eigh(krylov.matrix(krylov.m))
    rest = krylov.beta[:, krylov.m - 1]
    estimates = rest[:, None] * abs(s[:, -1, places(k, which)])
    within = (estimates <= tol * abs(values).max(-1)[:, None]).all(-1)
    return np.asarray(within & (rest > 0))  # a space that is left has settled for itself alone


def top_eigenvalues(
    hvp: Product,
    dim: int,
    k: int,
    rng: Generators,
    which: str = "largest",
    runs: int | None = None,
    max_steps: int | None = None,
    tol: float = 1e-8,
) -> Eigenpairs:
    r"""The k largest or smallest eigenvalues of a Hessian that is known by its products alone.

    .. math:: Q^\top H Q = T, \quad T s = \lambda s \quad\Rightarrow\quad
              u = Q s, \quad \|H u - \lambda u\| = \beta_m |s_m|

    Parameters
    ----------
    hvp : function of v, (d,) or with ``runs`` (runs, d), as an ``ExactHessian``
    dim : d, as its ``dim``; k : int in 1 .. d, of each end at most d / 2
    rng : of the first direction: a Generator, of which each of several runs gets a child; or a
        list of Generators, one for each run
    which : "largest" in value, the first is the largest; "smallest", the first is the smallest,
        perhaps below 0; or "both": k of the one, then k of the other, all in falling order
    runs : None, one Hessian; or how many at once, as ``ExactHessian(…).runs`` of a model with runs
    max_steps : products at most; None: 20 k or 200, and never more than d
    tol : >= 0, of the residual, as a share of the largest |λ| seen; 0: make all steps

    Notes
    -----
    The error of an eigenvalue is at most its residual, and about its square over the distance to
    the next one. The ends of the spectrum come first, the more so where they stand apart; in a
    crowd, as that of the many eigenvalues near 0, they do not.

    What it cannot see: of an eigenvalue that is there twice every direction has one single copy,
    until the space is exhausted. Copies are certain only with ``tol=0`` and ``max_steps=dim``,
    where new directions are drawn as often as needed. A run stops by itself, and its numbers do
    not depend on those of the others.

    Examples
    --------
    >>> curvatures = np.array([5.0, 1.0, -2.0])
    >>> found = top_eigenvalues(lambda v: curvatures * v, 3, 1, np.random.default_rng(0), "both")
    >>> found.values.round(6), int(found.steps), found.converged
    (array([ 5., -2.]), 3, array([ True,  True]))

    Of a model's loss; that of a linear layer has the Hessian 2 xᵀx / n, here diagonal, 1 and 4:

    >>> from dlcourse.scratch import layers, losses, models
    >>> from dlcourse.scratch.landscape import ExactHessian
    >>> rng = np.random.default_rng(0)
    >>> model = models.Sequential(layers.Linear(2, 1, bias=False, rng=rng))
    >>> H = ExactHessian(model, losses.MSE(), np.diag([1.0, 2.0]), np.zeros((2, 1)))
    >>> top_eigenvalues(H, H.dim, 1, rng).values.round(6)
    array([4.])

    References
    ----------
    Lanczos (1950); Golub and Van Loan (2013), section 10.1. Lesson: valleys.
    """
    dim, k = curved.ends(dim, k, which)
    curved.function("hvp", hvp)
    rngs, wanted = run_generators(rng, runs), 2 * k if which == "both" else k
    most = curved.some_steps(max_steps, wanted, dim)
    tol = checks.scalar("tol", tol)
    product = asked(hvp, "hvp", runs is None)
    krylov = Lanczos(product, random_start(rngs, runs, dim), most, rngs)
    steps = np.zeros(len(rngs), int)  # 0: going on
    while not steps.all():
        krylov.step()
        m = krylov.m
        if m == most or (m >= wanted and m % EVERY == 0):
            done = (m == most) | settled(krylov, k, which, tol)
            steps[(steps == 0) & done] = m
    found = [pairs(krylov, run, int(steps[run]), k, which) for run in range(len(rngs))]
    values, vectors, scales = (np.stack(part) for part in zip(*found, strict=True))
    turned = np.stack([product(vectors[:, i]) for i in range(wanted)], 1)
    residuals = length(turned - values[..., None] * vectors)
    bar = max(tol, 100 * np.finfo(float).eps) * scales
    answer = values, vectors, residuals, steps, residuals <= bar[:, None]
    return Eigenpairs(*(a[0] if runs is None else a for a in answer))


def pairs(krylov: Lanczos, run: int, m: int, k: int, which: str) -> tuple[Array, Array, Array]:
    """Values, vectors and the largest size of one run, after its own ``m`` products."""
    values, s = np.linalg.eigh(krylov.matrix(m)[run])
    take = places(k, which)
    return values[take], s[:, take].T @ krylov.basis[run, :m], abs(values).max()
