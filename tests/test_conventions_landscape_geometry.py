"""Conventions of the geometry of a loss: ours, and the other form, which differs."""

from __future__ import annotations

import numpy as np
import pytest
from geometric import Quadratic, mlp, objective, rng
from networks import ROOMS

from dlcourse.scratch import landscape

H, THETA = np.array([4.0, 1.0, 0.25]), np.array([1.0, -2.0, 0.5])
ALPHAS = np.linspace(0, 1, 5)


def test_sharpness_is_in_percent_of_one_plus_the_loss():
    q = Quadratic("scratch", H)
    ours = landscape.sharpness(q, THETA, 0.01, q.grad, rng())
    rise = landscape.worst_case_sharpness(
        lambda u: q(u * (abs(THETA) + 1)), THETA / (abs(THETA) + 1), 0.01,
        lambda u: (abs(THETA) + 1) * q.grad(u * (abs(THETA) + 1)), rng(), region="box",
    )  # fmt: skip
    assert ours == pytest.approx(100 * rise / (1 + q(THETA)), rel=1e-10)
    assert ours != pytest.approx(rise / q(THETA), rel=0.1)


def test_the_box_is_wider_by_one_for_every_weight():
    """So that a weight of 0 moves; with |θ| alone, the adaptive box, it does not."""
    q, zero = Quadratic("scratch", H), np.zeros(3)
    ours = landscape.sharpness(q, zero, 0.1, q.grad, rng())
    assert ours == pytest.approx(100 * (H * 0.01).sum() / 2)
    other = landscape.worst_case_sharpness(q, zero, 0.1, q.grad, rng(), True, "box")
    assert other == 0


def test_adaptive_units_are_the_weights_without_eta():
    loss = objective()
    theta, rho = loss.model.theta, 0.05
    factors = [np.full(n, 20.0) for n in (6, 5)]
    other = landscape.rescale_units(loss.model, theta, factors)

    def kwon(t, eta):
        c = abs(t) + eta
        near = lambda u: loss(c * u), t / c, rho, lambda u: c * loss.grad(c * u)
        return landscape.worst_case_sharpness(*near, rng())

    plan = {"rng": rng(), "adaptive": True}
    ours = [landscape.worst_case_sharpness(loss, t, rho, loss.grad, **plan) for t in (theta, other)]
    assert ours[1] == pytest.approx(ours[0], rel=1e-9)
    assert ours[0] == pytest.approx(kwon(theta, 0.0), rel=1e-9)
    assert kwon(other, 0.01) != pytest.approx(kwon(theta, 0.01), rel=1e-3)


def test_rho_of_the_average_is_of_one_coordinate():
    q, theta = Quadratic("scratch", np.ones(100)), np.zeros(100)
    ours = landscape.average_case_sharpness(q, theta, 0.1, rng(), draws=500)
    assert ours.mean == pytest.approx(0.1**2 / 2 * 100, rel=0.05)
    worst = landscape.worst_case_sharpness(q, theta, 0.1, q.grad, rng())
    assert worst == pytest.approx(0.1**2 / 2, rel=1e-9)


def test_a_barrier_is_above_the_line():
    losses = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    assert landscape.loss_barrier(losses, ALPHAS) == 0
    assert landscape.loss_barrier(losses, ALPHAS, ends="mean") == 2


def test_biases_and_gains_do_not_move_in_a_picture():
    model = mlp()
    d = model.unflatten(landscape.filter_normalized_direction(model, rng()))
    assert [name for name, a in d.items() if not a.any()] == ["0.bias", "2.bias", "4.bias"]
    w = model.params["0.weight"]
    np.testing.assert_allclose(np.linalg.norm(d["0.weight"], axis=1), np.linalg.norm(w, axis=1))
    of_the_layer = np.linalg.norm(d["0.weight"]), np.linalg.norm(w)
    assert of_the_layer[0] == pytest.approx(of_the_layer[1])  # a weaker demand, which holds too


def test_a_permutation_says_where_a_unit_comes_from():
    model, p = mlp(sizes=(4, 3, 2)), np.array([1, 2, 0])
    new = model.unflatten(landscape.permute_units(model, model.theta, [p]))["0.bias"]
    old = model.params["0.bias"]
    np.testing.assert_array_equal(new, old[p])
    where_it_goes = np.empty(3)
    where_it_goes[p] = old
    assert (new != where_it_goes).any()


def test_activations_are_not_centered():
    """Loud units decide; a correlation would take every unit for as loud."""
    a, b = (mlp(sizes=(1, 2, 1)) for _ in range(2))
    a.theta[...] = [1, 0.1, 0, 0, 1, 1, 0]
    b.theta[...] = [1, -0.1, 9, 0, 1, 1, 0]  # x + 9, and 0.1 max(-x, 0)
    x = np.array([[1.0], [2.0], [-1.0], [-3.0]])
    found = landscape.match_activations(a, b, x).permutations[0]
    assert found.tolist() == [0, 1]
    z = [np.maximum(x * w + c, 0).T for w, c in (([1, 0.1], [0, 0]), ([1, -0.1], [9, 0]))]
    far = [sum(np.square(z[0][i] - z[1][p[i]]).sum() for i in range(2)) for p in ([0, 1], [1, 0])]
    assert far[0] < far[1]


def test_batches_are_drawn_with_replacement():
    """From them tr Σ is that of the population, n - 1 over n of the unbiased estimate."""
    model, loss = mlp(), ROOMS["scratch"].losses.SoftmaxCrossEntropy()
    x, y = rng().standard_normal((3, 4)), np.array([0, 1, 2])
    whole = landscape.gradient_noise(model, loss, x, y).variance
    found = landscape.noise_of_batches(model, loss, x, y, (1, 3), rng(), draws=4000).variance
    assert found == pytest.approx(whole * 2 / 3, rel=0.1)
    assert found != pytest.approx(whole, rel=0.2)
