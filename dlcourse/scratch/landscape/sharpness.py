"""Sharpness: how much the loss rises nearby, in the worst case and on average."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dlcourse import checks, geometry
from dlcourse.arrays import Array, Generators, draw_runs, run_generators
from dlcourse.scratch.landscape.ascent import Function, Maximum, ascend


class Average(NamedTuple):
    """What random steps do: the ``mean`` rise, and its standard ``error`` (one number a run)."""

    mean: Array
    error: Array


def box_sharpness(value: Array, highest: Array) -> Array:
    r"""The rise in percent of the loss plus one, :math:`100\,(\max f - f) / (1 + f)`."""
    return 100 * (highest - value) / (1 + value)


def half_widths(
    theta: Array, epsilon: float, directions: Array | None = None
) -> Array:  # fmt: skip
    r"""Half the sides of Keskar's box, :math:`\epsilon (|(A^+ \theta)_i| + 1)`, (..., p)."""
    if directions is None:
        return epsilon * (abs(theta) + 1)
    inside = (np.linalg.pinv(directions) @ theta[..., None])[..., 0]
    return epsilon * (abs(inside) + 1)


def drawn_starts(
    rng: Generators, starts: int, shape: tuple[int, ...], region: str, dtype: np.dtype
) -> list[Array]:
    """The middle of the region, and ``starts - 1`` places drawn uniformly inside of it."""
    lead, p = shape[:-1], shape[-1]
    generators = run_generators(rng, lead[0] if lead else None)

    def draw(one: np.random.Generator) -> Array:
        if region == "box":
            return one.uniform(-1, 1, (starts - 1, p))
        far = one.standard_normal((starts - 1, p))
        far /= np.linalg.norm(far, axis=-1, keepdims=True)
        return far * one.random((starts - 1, 1)) ** (1 / p)

    drawn = draw_runs(draw, generators, lead[0] if lead else None)
    return [np.zeros(shape, dtype), *np.moveaxis(drawn, -2, 0).astype(dtype)]


def highest_near(
    loss: Function, loss_grad: Function, theta: Array, scale: Array, directions: Array | None,
    region: str, rng: Generators, starts: int, steps: int,
) -> Maximum:  # fmt: skip
    """The highest of ``starts`` ascents over θ + A (scale · u), u in the region."""

    def at(u: Array) -> Array:
        z = scale * u
        return theta + (z if directions is None else (directions @ z[..., None])[..., 0])

    def value(u: Array) -> Array:
        return np.asarray(geometry.losses(loss(at(u)), theta))

    def grad(u: Array) -> Array:
        g = geometry.gradients(loss_grad(at(u)), theta)
        if directions is not None:
            g = (np.swapaxes(directions, -1, -2) @ g[..., None])[..., 0]
        return np.asarray(scale * g)

    first, *more = drawn_starts(rng, starts, scale.shape, region, theta.dtype)
    best = ascend(value, grad, first, region, steps)
    for u in more:
        best = higher(ascend(value, grad, u, region, steps), best)
    return best


def higher(one: Maximum, other: Maximum) -> Maximum:
    """Of two ends of an ascent the higher one, for each run."""
    better = one.value > other.value
    place = np.where(better[..., None], one.place, other.place)
    return Maximum(
        np.where(better, one.value, other.value), place, np.where(better, one.gap, other.gap)
    )


def _door(
    loss: Function, loss_grad: Function, theta: Array, starts: int, steps: int
) -> tuple[int, int]:
    geometry.function("loss", loss)
    geometry.function("loss_grad", loss_grad)
    geometry.point("theta", theta, np.ndarray)
    return checks.integer("starts", starts, 1), checks.integer("steps", steps, 1)


def sharpness(
    loss: Function, theta: Array, epsilon: float, loss_grad: Function, rng: Generators,
    directions: Array | None = None, starts: int = 2, steps: int = 20,
) -> Array:  # fmt: skip
    r"""How high the loss gets in a small box around a minimum, in percent of 1 + loss.

    .. math:: \phi = 100\, \frac{\max_{z \in C} f(\theta + A z) - f(\theta)}{1 + f(\theta)}, \qquad
              C = \{z : |z_i| \le \epsilon\,(|(A^+ \theta)_i| + 1)\}

    Symbols
    -------
    ε ``epsilon`` · A ``directions`` · f ``loss``

    Parameters
    ----------
    loss, loss_grad : functions of θ, as ``Objective`` and its ``grad``: a number and a slope a run
    theta : (d,) or (runs, d)
    epsilon : > 0; the paper takes 1e-3 and 5e-4
    rng : Generator, or one for each run: draws the starts after the first, which is θ
    directions : A, (d, p) or (runs, d, p), p directions drawn by you; None: all, A = 1
    starts, steps : int >= 1, ascents, and steps of each; see ``ascend``

    Returns
    -------
    φ in percent, a number or one a run

    Notes
    -----
    The maximum is searched for, so that φ is a lower bound; at a point where the gradient is 0 the
    first ascent does not move, and ``starts`` must be 2. The loss should be >= 0. The paper runs
    10 iterations of L-BFGS-B. The box grows with the weights, but not in proportion: rescaling a
    ReLU network changes φ (Dinh et al. 2017); ``worst_case_sharpness(adaptive=True)`` stays.

    Examples
    --------
    f = θ²: from 1 a box of half width 0.1 (1 + 1) reaches 1.2, and (1.44 - 1) / (1 + 1) is 22 %.

    >>> square, slope = lambda w: (w**2).sum(-1), lambda w: 2 * w
    >>> float(sharpness(square, np.array([1.0]), 0.1, slope, np.random.default_rng(0)).round(9))
    22.0

    References
    ----------
    Keskar et al. (2017), Metric 2.1, eq. 3 and 4. Lesson: sharp-and-flat.
    """
    starts, steps = _door(loss, loss_grad, theta, starts, steps)
    epsilon = checks.scalar("epsilon", epsilon, low_open=True)
    if directions is not None:
        geometry.directions(directions, theta, np.ndarray)
    scale = half_widths(theta, epsilon, directions).astype(theta.dtype)
    found = highest_near(loss, loss_grad, theta, scale, directions, "box", rng, starts, steps)
    here = np.asarray(geometry.losses(loss(theta), theta))
    return box_sharpness(here, np.maximum(found.value, here))


def worst_case_sharpness(
    loss: Function, theta: Array, rho: float, loss_grad: Function, rng: Generators,
    adaptive: bool = False, region: str = "ball", starts: int = 2, steps: int = 20,
) -> Array:  # fmt: skip
    r"""The largest rise of the loss within distance ρ, in plain or in relative units.

    .. math:: \max_{\lVert c^{-1} \odot \delta \rVert_p \le \rho} f(\theta + \delta) - f(\theta),
              \qquad c = 1 \text{ or, adaptive, } |\theta|

    Parameters
    ----------
    loss, loss_grad, theta, rng, starts, steps : as of ``sharpness``
    rho : ρ > 0
    adaptive : measure each coordinate of δ in units of that of θ
    region : "ball" for p = 2, "box" for p = ∞

    Returns
    -------
    A number >= 0, or one a run, in units of the loss; a lower bound, since it is searched for

    Notes
    -----
    Adaptive it does not change when a ReLU network's units are rescaled (``rescale_units``), for
    δ is then rescaled alike. A weight that is exactly 0 does not move. Kwon et al. add η to |θ|,
    which ends the invariance; so does a norm of a whole filter in the place of |θ|.

    Examples
    --------
    f = θ² at 3: up to 3.5, where it is 12.25; in units of 3, up to 4.5 and 20.25.

    >>> square, slope = lambda w: (w**2).sum(-1), lambda w: 2 * w
    >>> near = square, np.array([3.0]), 0.5, slope, np.random.default_rng(0)
    >>> float(worst_case_sharpness(*near)), float(worst_case_sharpness(*near, adaptive=True))
    (3.25, 11.25)

    References
    ----------
    Foret et al. (2021), section 2; adaptive: Kwon et al. (2021), Definition 2; both as in
    Andriushchenko et al. (2023). Lesson: sharp-and-flat.
    """
    starts, steps = _door(loss, loss_grad, theta, starts, steps)
    rho = checks.scalar("rho", rho, low_open=True)
    checks.choice("region", region, ("ball", "box"))
    scale = (rho * (abs(theta) if adaptive else np.ones_like(theta))).astype(theta.dtype)
    found = highest_near(loss, loss_grad, theta, scale, None, region, rng, starts, steps)
    here = np.asarray(geometry.losses(loss(theta), theta))
    return np.maximum(found.value - here, 0)


def average_case_sharpness(
    loss: Function, theta: Array, rho: float, rng: Generators, draws: int = 100,
    adaptive: bool = False,
) -> Average:  # fmt: skip
    r"""The rise of the loss at random places around θ, on average.

    .. math:: \mathbb{E}\, f(\theta + \delta) - f(\theta), \qquad
              \delta_i \sim N(0, \rho^2 c_i^2), \quad c = 1 \text{ or, adaptive, } |\theta|

    Parameters
    ----------
    loss : a function of θ, one number a run
    theta : (d,) or (runs, d)
    rho : ρ > 0
    rng : Generator, or one for each run
    draws : int >= 2, pairs δ and -δ: the slope at θ cancels in each
    adaptive : as of ``worst_case_sharpness``, with the same invariance

    Returns
    -------
    Average: mean and standard error, a number or one a run, in units of the loss

    Notes
    -----
    To second order it is ρ²/2 · tr(H diag(c²)), ρ² d times half the mean curvature: the expected
    length of δ is ρ √d, so that ρ is not the radius of ``worst_case_sharpness``.

    Examples
    --------
    The mean of (θ + δ)² - θ² is ρ², 0.25.

    >>> found = average_case_sharpness(
    ...     lambda w: (w**2).sum(-1), np.array([3.0]), 0.5, np.random.default_rng(0), draws=4000)
    >>> bool(abs(found.mean - 0.25) < 4 * found.error), bool(found.error < 0.01)
    (True, True)

    References
    ----------
    Andriushchenko et al. (2023), S_avg. Lesson: sharp-and-flat.
    """
    geometry.function("loss", loss)
    geometry.point("theta", theta, np.ndarray)
    rho, draws = checks.scalar("rho", rho, low_open=True), checks.integer("draws", draws, 2)
    runs = len(theta) if theta.ndim > 1 else None
    generators, d = run_generators(rng, runs), theta.shape[-1]
    scale = rho * (abs(theta) if adaptive else np.ones_like(theta))
    here = np.asarray(geometry.losses(loss(theta), theta))
    rises = []
    for _ in range(draws):
        delta = scale * draw_runs(lambda one: one.standard_normal((d,)), generators, runs)
        pair = [geometry.losses(loss((theta + z).astype(theta.dtype)), theta)
                for z in (delta, -delta)]  # fmt: skip
        rises.append((pair[0] + pair[1]) / 2 - here)
    return Average(np.mean(rises, 0), np.std(rises, 0, ddof=1) / draws**0.5)
