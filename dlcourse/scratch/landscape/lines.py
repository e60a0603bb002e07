"""Cuts through a landscape: between two points, and along directions that suit the weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from dlcourse import checks, geometry, inputs
from dlcourse.arrays import Array, Generators, draw_runs, run_generators
from dlcourse.scratch.layers import Layer

Function = Callable[[Array], Array]


def interpolate(
    loss: Function, theta_a: Array, theta_b: Array, alphas: npt.ArrayLike
) -> Array:  # fmt: skip
    r"""The loss on the straight line from one solution to another.

    .. math:: L_j = f\bigl((1 - \alpha_j)\, \theta_a + \alpha_j\, \theta_b\bigr)

    Parameters
    ----------
    loss : a function of θ, one number a run, as ``Objective``
    theta_a, theta_b : (d,) or (runs, d)
    alphas : (m,), 0 at θ_a, 1 at θ_b; beyond these the line goes on

    Returns
    -------
    (m,), or (runs, m)

    Notes
    -----
    A line is no path of training: that there is no hill on it does not say that training met none.
    Batch normalization in evaluation has statistics of neither point's: see ``Objective``.

    Examples
    --------
    >>> interpolate(lambda w: (w**2).sum(-1), np.array([-1.0]), np.array([1.0]), [0, 0.5, 1])
    array([1., 0., 1.])

    References
    ----------
    Goodfellow, Vinyals and Saxe (2015). Lesson: surface.
    """
    geometry.function("loss", loss)
    geometry.point("theta_a", theta_a, np.ndarray)
    geometry.alike("theta_b", theta_b, "theta_a", theta_a, np.ndarray)
    line = [((1 - a) * theta_a + a * theta_b).astype(theta_a.dtype)
            for a in geometry.places("alphas", alphas)]  # fmt: skip
    return np.stack([geometry.losses(loss(theta), theta) for theta in line], -1)


def loss_barrier(losses: Array, alphas: npt.ArrayLike, ends: str = "line") -> Array:
    r"""How high the hill between two solutions is: the loss above what its ends lead to expect.

    .. math:: \max_j \; L_j - \bigl((1 - \alpha_j)\, L_0 + \alpha_j\, L_m\bigr)

    Parameters
    ----------
    losses : (m,) or (runs, m), as ``interpolate`` gives them
    alphas : (m,), increasing from 0 to 1
    ends : "line", as above, or "mean": max L_j - (L_0 + L_m) / 2, Frankle's instability

    Returns
    -------
    A number >= 0, or one a run, in units of the loss; by "mean" also where the highest place is
    an end, whose height above the mean then counts

    Notes
    -----
    Between the α the hill is not seen; what is measured is a lower bound.

    Examples
    --------
    >>> float(loss_barrier(np.array([1.0, 2.0, 2.0]), [0, 0.5, 1]))
    0.5

    References
    ----------
    Entezari et al. (2022); "mean": Frankle et al. (2020). Lesson: surface.
    """
    inputs.values("losses", losses, np.ndarray, "float")
    a = geometry.places("alphas", alphas, ends=True)
    if losses.ndim not in (1, 2) or losses.shape[-1] != len(a):
        checks.fail("losses", f"shaped ({len(a)},) or (runs, {len(a)}), one an alpha", losses)
    checks.choice("ends", ends, ("line", "mean"))
    first, last = losses[..., :1], losses[..., -1:]
    expected = (1 - a) * first + a * last if ends == "line" else (first + last) / 2
    return np.asarray((losses - expected).max(-1))


def filter_normalized_direction(model: Any, rng: Generators) -> Array:
    r"""A random direction in which every unit is moved in proportion to its own weights.

    .. math:: d_{i,j} \leftarrow \frac{d_{i,j}}{\lVert d_{i,j} \rVert}\, \lVert \theta_{i,j} \rVert,
              \qquad d \sim N(0, I)

    with layer i and its row (the weights into a unit, or a filter) j.

    Parameters
    ----------
    model : with ``theta``, ``shapes`` and ``slices``, as ``MLP``
    rng : Generator, or one for each run

    Returns
    -------
    Shaped as ``model.theta``; 0 for all parameters of one axis: biases, gains and shifts of norms

    Notes
    -----
    Without it a plot compares nothing: a ReLU network with weights twice as large and outputs half
    as large is the same, but a step of fixed length in it is half the step. The gain of a norm
    over several axes counts as weights, here as in the paper's code.

    Examples
    --------
    >>> from dlcourse.scratch.models import MLP
    >>> model = MLP([2, 2], np.random.default_rng(0))
    >>> d = filter_normalized_direction(model, np.random.default_rng(1))
    >>> rows, own = d[:4].reshape(2, 2), model.params["0.weight"]
    >>> bool(np.allclose(np.linalg.norm(rows, axis=1), np.linalg.norm(own, axis=1))), d[4:]
    (True, array([0., 0.]))

    References
    ----------
    Li et al. (2018), section 4. Lesson: surface.
    """
    inputs.model("model", model, Layer)
    theta = model.theta
    generators = run_generators(rng, model.runs)
    drawn = draw_runs(lambda one: one.standard_normal(theta.shape[-1]), generators, model.runs)
    found = np.zeros_like(theta)
    for name, part in model.slices.items():
        if len(model.shapes[name]) > 1:
            rows = model.shapes[name][0]
            d, w = (a[..., part].reshape(*theta.shape[:-1], rows, -1) for a in (drawn, theta))
            length = np.linalg.norm(w, axis=-1) / np.linalg.norm(d, axis=-1)
            found[..., part] = (d * length[..., None]).reshape(theta[..., part].shape)
    return found


def loss_line(loss: Function, theta: Array, direction: Array, steps: npt.ArrayLike) -> Array:
    """The loss at θ + s d for every s in ``steps``.

    Parameters
    ----------
    loss : a function of θ, one number a run
    theta, direction : (d,) or (runs, d)
    steps : (m,), in units of the direction

    Returns
    -------
    (m,), or (runs, m)

    Examples
    --------
    >>> loss_line(lambda w: (w**2).sum(-1), np.zeros(2), np.array([3.0, 4.0]), [-1, 0, 2])
    array([ 25.,   0., 100.])
    """
    geometry.function("loss", loss)
    geometry.point("theta", theta, np.ndarray)
    geometry.alike("direction", direction, "theta", theta, np.ndarray)
    line = [(theta + s * direction).astype(theta.dtype) for s in geometry.places("steps", steps)]
    return np.stack([geometry.losses(loss(one), one) for one in line], -1)


def loss_plane(
    loss: Function, theta: Array, directions: tuple[Array, Array], steps_a: npt.ArrayLike,
    steps_b: npt.ArrayLike,
) -> Array:  # fmt: skip
    """The loss at θ + s a + t b, for all pairs of steps: the ground of a contour plot.

    Parameters
    ----------
    loss : a function of θ, one number a run
    theta : (d,) or (runs, d)
    directions : (a, b), each shaped as θ
    steps_a, steps_b : (m,) and (n,), the s and the t

    Returns
    -------
    (m, n), or (runs, m, n); the rows belong to ``steps_a``

    Notes
    -----
    Costs m n losses, and shows 2 of d dimensions: what is convex here may be a saddle in the rest,
    for random directions hide the few of negative curvature.

    Examples
    --------
    >>> across = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    >>> slope_and_bowl = lambda w: w[..., 0] + 10 * w[..., 1] ** 2
    >>> loss_plane(slope_and_bowl, np.zeros(2), across, [0, 1], [0, 1, 2])
    array([[ 0., 10., 40.],
           [ 1., 11., 41.]])

    References
    ----------
    Li et al. (2018), section 3. Lesson: surface.
    """
    geometry.point("theta", theta, np.ndarray)
    a, b = checks.pair("directions", directions)
    geometry.alike("directions[0]", a, "theta", theta, np.ndarray)
    rows = geometry.places("steps_a", steps_a)
    geometry.places("steps_b", steps_b)
    starts = [(theta + s * a).astype(theta.dtype) for s in rows]
    return np.stack([loss_line(loss, one, b, steps_b) for one in starts], -2)
