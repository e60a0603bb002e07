"""Curvature: how a gradient turns on the way along a direction, and the matrix of all directions.

Everything here is told of a loss by its gradient alone, a function ``loss_grad(theta)`` whose
answer is shaped as theta, (d,) or (runs, d).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from dlcourse import checks, curved
from dlcourse.arrays import Array

LossGrad = Callable[[Array], Array]
Product = Callable[[Array], Array]
"""v to Hv, both (d,) or (runs, d)."""


def loss_gradient(model: Any, loss: Any, x: Array, y: Array, training: bool = False) -> LossGrad:
    r"""The gradient of a model's loss as a function of its parameters, for these data.

    .. math:: \theta \mapsto \nabla_\theta L(\theta; x, y)

    Parameters
    ----------
    model : Sequential; itself, its ``theta``, ``grad`` and ``buffers`` stay as they are
    loss : a loss object of this room, a mean over the batch
    x, y : the batch, as model and loss take them
    training : the mode of the layers; one that draws, as dropout, would make a loss of chance

    Returns
    -------
    function of theta (d,) or (runs, d), whatever the runs of the model, that gives as many numbers

    Examples
    --------
    L = (2 · 3 - 4)² at w = 2, without a bias: dL/dw = 2 (6 - 4) 3.

    >>> from dlcourse.scratch import layers, losses, models
    >>> line = models.Sequential(layers.Linear(1, 1, bias=False, rng=np.random.default_rng(0)))
    >>> grad = loss_gradient(line, losses.MSE(), np.array([[3.0]]), np.array([[4.0]]))
    >>> grad(np.array([2.0])), grad(np.array([[2.0], [1.0]]))
    (array([12.]), array([[12.],
           [-6.]]))
    """

    def gradient(theta: Array) -> Array:
        curved.point(theta, model, np.ndarray)
        at, criterion = copy.copy(model), copy.copy(loss)
        at.bind(theta, np.zeros_like(theta))
        if training:  # batch statistics leave their traces, which nobody has asked for
            for leaf in at.leaves:
                leaf.buffers = {name: a.copy() for name, a in leaf.buffers.items()}
        criterion.forward(at.forward(x, training), y)
        at.backward(criterion.backward(), input_grad=False)
        return np.asarray(at.grad)

    return gradient


def central_difference(loss_grad: LossGrad, theta: Array, v: Array, h: Array) -> Array:
    """(∇L(θ + h v) - ∇L(θ - h v)) / 2h, with h (..., 1)."""
    ahead, behind = loss_grad(theta + h * v), loss_grad(theta - h * v)
    curved.answer("loss_grad", ahead, theta, np.ndarray)
    curved.answer("loss_grad", behind, theta, np.ndarray)
    return (ahead - behind) / (2 * h)


def hessian_vector_product(loss_grad: LossGrad, theta: Array, v: Array, reach: Any = None) -> Array:
    r"""How the gradient changes along ``v``: two gradients tell it, and no matrix is needed.

    .. math:: H v \approx \frac{\nabla L(\theta + h v) - \nabla L(\theta - h v)}{2 h}, \qquad
              h = \rho\, \frac{1 + \|\theta\|}{\|v\|}

    Symbols
    -------
    ρ ``reach`` · θ ``theta`` · v ``v``

    Parameters
    ----------
    loss_grad : function of theta, shaped as theta
    theta, v : floats, (d,) or (runs, d) alike
    reach : ρ > 0, a number or a column (runs, 1); None: the cube root of the precision of theta,
        6.1e-6 in float64 and 4.9e-3 in float32

    Notes
    -----
    The point moves by ρ (1 + ‖θ‖), however long v is. The error is one of truncation, O(ρ²), and
    one of rounding, O(ε / ρ); the cube root balances them and leaves about ε^⅔, 4e-11. Where the
    loss has a kink within reach, as between two pieces of a ReLU network, the difference counts
    it as curvature; ``exact_hvp`` does not see it.

    Examples
    --------
    L = x³ / 3 · y has the Hessian [[2xy, x²], [x², 0]]:

    >>> grad = lambda t: np.array([t[0] ** 2 * t[1], t[0] ** 3 / 3])
    >>> hessian_vector_product(grad, np.array([3.0, 1.0]), np.array([1.0, 2.0])).round(6)
    array([24.,  9.])

    References
    ----------
    Pearlmutter (1994), the difference of gradients it sets out from, here on both sides.
    """
    curved.function("loss_grad", loss_grad)
    curved.vector("theta", theta, np.ndarray)
    curved.direction(v, theta, np.ndarray)
    reach = np.cbrt(np.finfo(theta.dtype).eps) if reach is None else checks.column("reach", reach)
    if np.any(reach == 0):
        checks.fail("reach", "> 0", 0.0)
    size = np.linalg.norm(v, axis=-1, keepdims=True)
    h = reach * (1 + np.linalg.norm(theta, axis=-1, keepdims=True)) / np.where(size, size, 1)
    return central_difference(loss_grad, theta, v, h.astype(theta.dtype))


def hessian_from_products(
    hvp: Product,
    dim: int,
    runs: int | None = None,
) -> Array:
    """The whole Hessian (d, d), or (runs, d, d), column by column: H e₁, H e₂, …, made symmetric.

    Parameters
    ----------
    hvp : function of v (d,), or (runs, d) with ``runs``, as an ``ExactHessian``
    dim : d, at most 4000
    runs : None, or how many runs the vectors have

    Examples
    --------
    >>> hessian_from_products(lambda v: v[::-1] * 2.0, 2)
    array([[0., 2.],
           [2., 0.]])
    """
    curved.function("hvp", hvp)
    dim = curved.writable(dim)
    lead = () if runs is None else (checks.integer("runs", runs, 1),)
    columns = []
    for i in range(dim):
        unit = np.zeros((*lead, dim))
        unit[..., i] = 1.0
        columns.append(hvp(unit))
        curved.answer("hvp", columns[-1], unit, np.ndarray)
    whole = np.stack(columns, -1)
    return (whole + whole.swapaxes(-1, -2)) / 2


def hessian(loss_grad: LossGrad, theta: Array, reach: Any = None) -> Array:
    r"""All second derivatives at a point, for small models: d differences of gradients.

    .. math:: H_{ij} = \frac{\partial^2 L}{\partial \theta_i\, \partial \theta_j}, \qquad
              H \leftarrow \tfrac12 (H + H^\top)

    Parameters
    ----------
    loss_grad, theta, reach : as in ``hessian_vector_product``; d at most 4000

    Returns
    -------
    array (d, d), or (runs, d, d)

    Notes
    -----
    2d gradients. A difference has rounding errors of its own in each column, so that the matrix is
    symmetric only to about 1e-10; averaging it with its transpose halves the variance, and
    lets ``eigvalsh`` see all of it. ``hessian_from_products`` of an ``ExactHessian`` has none.

    Examples
    --------
    >>> grad = lambda t: np.array([t[0] ** 2 * t[1], t[0] ** 3 / 3])
    >>> hessian(grad, np.array([3.0, 1.0])).round(6)
    array([[6., 9.],
           [9., 0.]])
    """
    curved.function("loss_grad", loss_grad)
    curved.vector("theta", theta, np.ndarray)
    curved.writable(theta.shape[-1])

    def product(v: Array) -> Array:
        return hessian_vector_product(loss_grad, theta, v.astype(theta.dtype), reach)

    return hessian_from_products(product, theta.shape[-1], *theta.shape[:-1])
