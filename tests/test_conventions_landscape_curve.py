"""Conventions of curvature: ours, and the other form, which differs."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose
from scipy.sparse.linalg import eigsh

from dlcourse.scratch import landscape as room
from dlcourse.scratch import layers, losses, models
from dlcourse.scratch.optimizers import SGD


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_difference_has_two_sides_and_a_step_of_its_own():
    asked = []

    def gradient(theta: np.ndarray) -> np.ndarray:
        asked.append(theta.copy())
        return theta**3

    theta, v = np.array([3.0, 4.0]), np.array([0.0, 2.0])
    for size in (1e-6, 1.0, 1e6):
        asked.clear()
        product = room.hessian_vector_product(gradient, theta, size * v, reach=1e-3)
        steps = [one - theta for one in asked]
        assert_allclose(steps, [[0, 6e-3], [0, -6e-3]], atol=1e-12)  # 1e-3 (1 + 5)
        assert_allclose(product / size, [0, 96 + 2 * 6e-3**2], rtol=1e-9)  # 3 θ² v, and h² v³
    h = 6e-3
    one_sided = (gradient(theta + np.array([0, h])) - gradient(theta)) / h * 2
    assert abs(one_sided[1] - 96) > 100 * abs(product[1] / 1e6 - 96)


def test_the_hessian_is_that_of_the_mean():
    line = models.Sequential(layers.Linear(1, 2, bias=False, rng=rng()))
    x, y = np.array([[1.0], [2.0], [3.0]]), np.zeros((3, 2))
    whole = room.hessian_from_products(room.ExactHessian(line, losses.MSE(), x, y), 2)
    assert_allclose(whole, 2 / (3 * 2) * 14 * np.eye(2), rtol=1e-14)
    of_half_the_sum = 14 * np.eye(2)
    assert_allclose(whole * 3 * 2 / 2, of_half_the_sum, rtol=1e-14)


def test_a_kink_has_no_curvature():
    net = models.Sequential(layers.Linear(1, 1, bias=False, rng=rng()), layers.ReLU())
    net.theta[...] = 0.0  # its unit stands at 0, where the loss (max(w, 0) - 1)² has its kink
    one = np.ones((1, 1))
    exact = room.exact_hvp(net, losses.MSE(), one, one, np.ones(1))
    gradient = room.loss_gradient(net, losses.MSE(), one, one)
    jump = room.hessian_vector_product(gradient, net.theta, np.ones(1), reach=1e-3)
    assert exact == 0
    assert_allclose(jump, (2 * (1e-3 - 1) - 0) / 2e-3, rtol=1e-12)


def test_largest_is_in_value():
    values = np.array([3.0, 1.0, 0.5, -7.0])
    found = [
        room.top_eigenvalues(lambda v: values * v, 4, 1, rng(), which).values[0]
        for which in ("largest", "smallest")
    ]
    assert_allclose(found, [3, -7], rtol=1e-12)
    assert_allclose(eigsh(np.diag(values), 1, return_eigenvectors=False), [-7], rtol=1e-10)


def test_zero_is_relative():
    small = np.array([1e-9, 2e-9])
    assert room.classify_eigenvalues(small) == "minimum"
    assert room.inertia(small).zero == 0 and room.inertia(np.array([1.0, 1e-9])).zero == 1
    assert (abs(small) <= 1e-8).all()  # an absolute bound would find nothing but zeros


def test_flat_directions_leave_it_open_unless_both_signs_are_there():
    assert room.classify_critical_point(np.diag([2.0, 0.0])) == "degenerate"
    assert room.classify_critical_point(np.diag([2.0, 0.0, -1.0])) == "saddle"
    # for its kind is open: these two have the same Hessian at 0, one a minimum there, one none
    up, down = (lambda x, y, s=s: x**2 + s * y**4 for s in (1, -1))
    assert up(0.0, 0.1) > 0 > down(0.0, 0.1)


def test_a_density_has_the_integral_one():
    values, grid = np.array([50.0, *np.zeros(99)]), np.linspace(-5, 60, 6501)
    density = room.spectral_density(lambda v: values * v, 100, rng(), 3, 5).at(grid, 0.5)
    assert_allclose(np.trapezoid(density, grid), 1, rtol=1e-9)
    beyond = grid > 25
    assert_allclose(np.trapezoid(density[beyond], grid[beyond]), 1 / 100, rtol=1e-6)


def test_probes_are_signs():
    values, seen = np.linspace(1, 5, 8), []

    def hvp(v: np.ndarray) -> np.ndarray:
        seen.append(v.copy())
        return values * v

    estimate = room.hessian_trace(hvp, 8, rng(), 5)
    assert_allclose(abs(np.array(seen)), 1)
    assert_allclose([estimate.value, estimate.standard_error], [24, 0], atol=1e-12)
    normal = np.vecdot(z := rng().standard_normal((5, 8)), values * z)
    assert normal.std() > 1
    seen.clear()
    room.spectral_density(hvp, 8, rng(), 1, 1)
    assert_allclose(abs(np.array(seen)), 8**-0.5)  # at length 1


def test_a_search_climbs_to_a_saddle():
    def gradient(t: np.ndarray) -> np.ndarray:  # of x² - y² + y⁴
        return np.stack([2 * t[..., 0], -2 * t[..., 1] + 4 * t[..., 1] ** 3], -1)

    def loss(t: np.ndarray) -> float:
        return t[0] ** 2 - t[1] ** 2 + t[1] ** 4

    start = np.array([0.0, 0.2])
    found = room.find_critical_point(gradient, None, start)
    assert_allclose(found.theta, 0, atol=1e-8)
    assert loss(found.theta) > loss(start)
    descent = SGD(theta := start.copy(), lr=0.1)
    for _ in range(200):
        descent.step(gradient(theta))
    assert_allclose(theta, [0, 0.5**0.5], atol=1e-6)
