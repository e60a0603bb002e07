"""Critical points: what kind one is, and how to find one, be it a minimum or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dlcourse import checks, curved
from dlcourse.arrays import Array
from dlcourse.scratch.landscape.curvature import LossGrad, hessian_vector_product
from dlcourse.scratch.landscape.krylov import Lanczos, asked, length

ARMIJO = 1e-4
"""Share of the promised decrease that a step has to keep."""
RANK = 1e-10
"""Singular values of the small matrix below this share of the largest count as 0."""


class Inertia(NamedTuple):
    """How many directions curve down, not at all, and up: three numbers, or three of each run.

    ``negative`` is the index of a critical point: 0 of a minimum, d of a maximum.
    """

    negative: Any
    zero: Any
    positive: Any


class CriticalPoint(NamedTuple):
    """Where ``find_critical_point`` ended; with the runs axis in front if theta has one.

    ``theta``, ``grad_norm`` there, whether that is within tol, ``converged``, ``steps`` made, and
    ``grad_curvature``: ‖Hg‖ / ‖g‖ there. Where a search that has not converged ends with a small
    one, it is stuck: the gradient is not 0, but H does not change it.
    """

    theta: Any
    grad_norm: Any
    converged: Any
    steps: Any
    grad_curvature: Any


def inertia(eigenvalues: Array, tol: float = 1e-8) -> Inertia:
    r"""Count the directions along which a critical point goes down, stays level, goes up.

    .. math:: \lambda_i \text{ counts as } 0 \iff |\lambda_i| \le \tau \max_j |\lambda_j|

    Parameters
    ----------
    eigenvalues : (d,) or (runs, d), all of them, in any order
    tol : τ >= 0

    Examples
    --------
    >>> inertia(np.array([4.0, 0.5, 1e-12, -2.0]))
    Inertia(negative=1, zero=1, positive=2)

    References
    ----------
    Sylvester (1852), the law of inertia. Lesson: saddles.
    """
    curved.vector("eigenvalues", eigenvalues, np.ndarray)
    bar = checks.scalar("tol", tol) * abs(eigenvalues).max(-1, keepdims=True)
    counts = (eigenvalues < -bar, abs(eigenvalues) <= bar, eigenvalues > bar)
    found = (one.sum(-1) for one in counts)
    return Inertia(*(int(one) if eigenvalues.ndim == 1 else one for one in found))


def kind(negative: int, zero: int, positive: int) -> str:
    """The name that goes with three counts."""
    if negative and positive:
        return "saddle"
    if zero:
        return "degenerate"
    return "minimum" if positive else "maximum"


def classify_eigenvalues(eigenvalues: Array, tol: float = 1e-8) -> Any:
    """``classify_critical_point`` of one whose eigenvalues (d,), or (runs, d), are known: all d.

    Of the largest few alone nothing follows but a saddle.

    Examples
    --------
    >>> classify_eigenvalues(np.array([[1.0, 2.0], [1.0, 0.0], [1.0, -2.0], [-1.0, -2.0]]))
    ['minimum', 'degenerate', 'saddle', 'maximum']
    """
    counts = inertia(eigenvalues, tol)
    if eigenvalues.ndim == 1:
        return kind(*counts)
    return [kind(*one) for one in zip(*(a.tolist() for a in counts), strict=True)]


def classify_critical_point(hessian: Array, tol: float = 1e-8) -> Any:
    r"""What kind of point it is where the gradient is zero, by the curvatures there.

    .. math:: \lambda_i > 0\ \forall i: \text{minimum}, \quad \lambda_i < 0\ \forall i:
              \text{maximum}, \quad \lambda_i < 0 < \lambda_j: \text{saddle}, \quad
              \text{else degenerate}

    Parameters
    ----------
    hessian : (d, d) or (runs, d, d); its symmetric part counts
    tol : τ >= 0: an eigenvalue is 0 if it is at most τ times the largest in size

    Returns
    -------
    "minimum", "maximum", "saddle" or "degenerate", or a list of them, one a run

    Notes
    -----
    Both signs make a saddle, whatever other directions do. One sign and flat directions, or a
    Hessian of 0, leave it open: x² + y⁴ has a minimum and x² - y⁴ has none, with the same H. A
    network with a ReLU is never without flat directions, as its units can be rescaled.

    Examples
    --------
    x² - y² goes up and down; with 3xy more it still does.

    >>> classify_critical_point(np.array([[2.0, 3.0], [3.0, -2.0]]))
    'saddle'
    >>> classify_critical_point(np.array([[2.0, 0.0], [0.0, 0.0]]))
    'degenerate'

    References
    ----------
    Nocedal and Wright (2006), theorems 2.3 and 2.4. Lesson: saddles.
    """
    curved.square("hessian", hessian, np.ndarray)
    return classify_eigenvalues(np.linalg.eigvalsh((hessian + hessian.swapaxes(-1, -2)) / 2), tol)


def minimum_residual(
    product: Callable[[Array], Array],
    g: Array,
    n: int,
) -> tuple[Array, Array]:
    r"""The step p in the space of n products that leaves least of the gradient; and Hp.

    .. math:: p = Q y, \qquad y = \arg\min_y \bigl\| \|g\|\, e_1 + \bar T y \bigr\|
    """
    krylov, goes_on = Lanczos(product, g, n), True
    while krylov.m < n and goes_on:
        krylov.step()
        goes_on = bool(krylov.beta[:, krylov.m - 1].any())
    m = krylov.m
    bar = np.zeros((len(g), m + 1, m))
    bar[:, :m], bar[:, m, m - 1] = krylov.matrix(m), krylov.beta[:, m - 1]
    y = -np.linalg.pinv(bar, RANK)[..., 0] * length(g)[:, None]
    p = (y[:, None] @ krylov.basis[:, :m])[:, 0]
    hp = (bar @ y[..., None]).swapaxes(-1, -2) @ krylov.basis[:, : m + 1]
    return p, hp[:, 0]


def line_search(
    gradient: LossGrad, theta: Array, g: Array, p: Array, hp: Array
) -> tuple[Array, Array, Array]:
    """θ + a p, its gradient, and which runs found an a = 1, ½, ¼, … that shortens the gradient.

    ‖g(θ + a p)‖² must fall by at least a small share of what ‖g‖² + 2a gᵀHp promises.
    """
    a, slope, squares = np.ones((len(g), 1)), np.vecdot(g, hp), np.vecdot(g, g)
    for _ in range(50):
        trial = theta + a * p
        with np.errstate(over="ignore", invalid="ignore"):
            new = gradient(trial)
            good = np.vecdot(new, new) <= squares + 2 * ARMIJO * a[:, 0] * slope
        if good.all():
            break
        a = np.where(good[:, None], a, a / 2)
    good = good[:, None]
    return np.where(good, trial, theta), np.where(good, new, g), good[:, 0]


def find_critical_point(
    loss_grad: LossGrad,
    hvp: Callable[[Array, Array], Array] | None,
    theta: Array,
    tol: float = 1e-8,
    max_iter: int = 100,
    inner_steps: int = 100,
) -> CriticalPoint:
    r"""Walk to where the gradient is zero, uphill too: to a saddle as gladly as to a minimum.

    .. math:: p = \arg\min_p \|H p + g\|, \qquad \theta \leftarrow \theta + a\,p, \qquad
              \|g(\theta + a p)\|^2 \le \|g\|^2 + 2 \rho\, a\, g^\top H p

    Symbols
    -------
    g ``loss_grad(theta)`` · H v ``hvp(theta, v)`` · ρ ``ARMIJO``, 1e-4

    Parameters
    ----------
    loss_grad : function of theta, shaped as theta
    hvp : function of theta and v, shaped as theta; None: differences of ``loss_grad``
    theta : the start, (d,) or (runs, d); it stays as it is
    tol : >= 0, the length of the gradient at which a run has arrived
    max_iter : int >= 0, steps at most; inner_steps : int >= 1, products for one step, at most d

    Returns
    -------
    CriticalPoint: the last point also of a search that failed, with ``converged`` False and
    ``grad_norm`` above tol; nothing is raised

    Notes
    -----
    Weak: it needs a start near a critical point, as after some descent. Gradient descent never
    meets a saddle, this does: it shortens the gradient and does not look at the loss. So from
    afar it often ends where ‖g‖ has a minimum other than 0: there g is in the kernel of H,
    ``grad_curvature`` is near 0, and the point is not critical, whatever its spectrum looks like.
    A loss that falls for ever has a gradient within tol far out, and no critical point: there
    ``converged`` is True. Directions that H does not bend are left alone.

    Examples
    --------
    L = x² - y² - 2x: a saddle at (1, 0), one step away from anywhere.

    >>> found = find_critical_point(
    ...     lambda t: np.array([2 * t[0] - 2, -2 * t[1]]),
    ...     lambda t, v: np.array([2.0, -2.0]) * v, np.array([4.0, 3.0]))
    >>> abs(found.theta.round(6)), bool(found.converged), int(found.steps)
    (array([1., 0.]), True, 1)

    The gradient (θ + 100) (θ² + 1) is 0 at -100 alone, and a search from 30 ends where it is least
    nearby:

    >>> slope = lambda t: (t + 100) * (t**2 + 1)
    >>> found = find_critical_point(slope, None, np.array([[-120.0], [30.0]]))
    >>> found.converged, found.grad_norm.round(1)
    (array([ True, False]), array([  0., 100.]))

    References
    ----------
    Roosta, Liu, Xu and Mahoney (2018); Frye, Simon, Wadia et al. (2021).
    Lesson: saddles.
    """
    n = _door(loss_grad, hvp, theta, tol, max_iter, inner_steps)
    single = theta.ndim == 1
    t = np.array(theta[None] if single else theta)
    g, steps = asked(loss_grad, "loss_grad", single)(t), np.zeros(len(t), int)
    going = length(g) > tol
    for _ in range(max_iter):
        if not going.any():
            break
        product = asked(_product_at(loss_grad, hvp, t[0] if single else t), "hvp", single)
        p, hp = minimum_residual(product, np.where(going[:, None], g, 0.0), n)
        t, g, good = line_search(_with_runs(loss_grad, single), t, g, p, hp)
        steps, going = steps + (going & good), going & good & (length(g) > tol)
    size = length(g)
    product = asked(_product_at(loss_grad, hvp, t[0] if single else t), "hvp", single)
    bend = length(product(g / np.where(size, size, 1)[:, None]))
    found = t, size, size <= tol, steps, bend
    return CriticalPoint(*(a[0] if single else a for a in found))


def _door(
    loss_grad: LossGrad, hvp: Any, theta: Array, tol: float, max_iter: int, inner_steps: int
) -> int:
    """Everything that ``find_critical_point`` takes; the products for one step, at most d."""
    curved.function("loss_grad", loss_grad)
    if hvp is not None:
        curved.function("hvp", hvp)
    curved.vector("theta", theta, np.ndarray)
    checks.scalar("tol", tol)
    checks.integer("max_iter", max_iter, 0)
    return min(checks.integer("inner_steps", inner_steps, 1), theta.shape[-1])


def _with_runs(loss_grad: LossGrad, single: bool) -> LossGrad:
    """The gradient with a runs axis always; one that is no number only refuses a trial."""
    return lambda t: loss_grad(t[0])[None] if single else loss_grad(t)


def _product_at(loss_grad: LossGrad, hvp: Any, theta: Array) -> LossGrad:
    """v to Hv at that point, of the function given or by differences."""

    def product(v: Array) -> Array:
        if hvp is None:
            return hessian_vector_product(loss_grad, theta, v.astype(theta.dtype))
        return np.asarray(hvp(theta, v))

    return product
