"""Sharpness: closed forms of quadratics, L-BFGS-B on a network, and what rescaling changes."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from geometric import GEOMETRY, Quadratic, mlp, number, objective, rng, same

from dlcourse.scratch import landscape
from dlcourse.scratch.landscape import ascent

H, THETA = np.array([4.0, 1.0, 0.25]), np.array([1.0, -2.0, 0.0])


def rises(theta: np.ndarray, half: np.ndarray, h: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Of a separable quadratic: in each coordinate the farther end of the interval."""
    return (h * ((abs(theta - c) + half) ** 2 - (theta - c) ** 2)).sum(-1) / 2


@pytest.mark.parametrize("epsilon", [5e-4, 1e-2, 0.5])
@pytest.mark.parametrize("c", [0.0, 3.0, "minimum"])
def test_the_box_of_a_quadratic(epsilon: float, c) -> None:
    """A corner; also from the minimum itself, where there is no slope."""
    f = landscape.sharpness
    c = THETA if c == "minimum" else np.full(3, c)
    q = Quadratic("scratch", H, c)
    wanted = 100 * rises(THETA, epsilon * (abs(THETA) + 1), H, c) / (1 + q(THETA))
    assert f(q, THETA, epsilon, q.grad, rng()) == pytest.approx(wanted, rel=1e-12)


def test_every_run_has_its_own() -> None:
    f = landscape.sharpness
    theta = np.stack([THETA, 2 * THETA, 0 * THETA])
    q = Quadratic("scratch", np.stack([H, H**2, 9 * H]), 0.5)
    half = 0.1 * (abs(theta) + 1)
    wanted = 100 * rises(theta, half, q.h, np.full(3, 0.5)) / (1 + q(theta))
    np.testing.assert_allclose(f(q, theta, 0.1, q.grad, rng()), wanted, rtol=1e-12)


def test_one_direction() -> None:
    """A = (1, 1)/2: A⁺θ is the sum of θ, the box one interval on the diagonal."""
    f = landscape.sharpness
    q, theta, a = Quadratic("scratch", np.ones(2)), np.array([3.0, 1.0]), np.full((2, 1), 0.5)
    reach = 0.1 * (4 + 1) / 2
    end = ((theta + reach) ** 2).sum() / 2
    wanted = 100 * (end - 5) / (1 + 5)
    assert f(q, theta, 0.1, q.grad, rng(), directions=a) == pytest.approx(wanted, rel=1e-12)
    both = f(q, np.stack([theta, theta]), 0.1, q.grad, rng(), directions=a)
    np.testing.assert_allclose(both, wanted, rtol=1e-12)
    each = f(q, np.stack([theta, theta]), 0.1, q.grad, rng(), directions=np.stack([a, 2 * a]))
    np.testing.assert_allclose(each, [wanted, 100 * (((theta + 0.3) ** 2).sum() / 2 - 5) / 6])


def by_scipy(f, half: np.ndarray, starts: int = 2) -> float:
    theta = f.model.theta
    ends = list(zip(theta - half, theta + half, strict=True))
    found = []
    for i in range(starts):
        start = theta + (i > 0) * half * rng(i).uniform(-1, 1, theta.size)
        done = scipy.optimize.minimize(
            lambda t: -float(f(t)), start, jac=lambda t: -f.grad(t), method="L-BFGS-B",
            bounds=ends, options={"maxiter": 100},
        )  # fmt: skip
        found.append(-done.fun)
    return max(found)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("epsilon", [1e-3, 1e-2])
def test_as_high_as_l_bfgs_b(epsilon: float, activation: str) -> None:
    f = landscape.sharpness
    for seed in range(3):
        loss = objective(model=mlp(activation=activation, seed=seed))
        theta = loss.model.theta
        highest = by_scipy(loss, epsilon * (abs(theta) + 1))
        wanted = 100 * (highest - loss(theta)) / (1 + loss(theta))
        assert f(loss, theta, epsilon, loss.grad, rng()) == pytest.approx(wanted, rel=3e-3)


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("region", ["ball", "box"])
def test_the_worst_case_of_a_quadratic(region: str, adaptive: bool) -> None:
    """Around its minimum the ball's is ρ²/2 times the largest eigenvalue of diag(c) H diag(c)."""
    f = landscape.worst_case_sharpness
    rho, theta = 0.3, np.array([0.5, -3.0, 1.0])
    q, c = Quadratic("scratch", H, theta), abs(theta) if adaptive else np.ones(3)
    bent = H * c**2
    wanted = rho**2 / 2 * (bent.max() if region == "ball" else bent.sum())
    found = f(q, theta, rho, q.grad, rng(), adaptive=adaptive, region=region, steps=200)
    assert found == pytest.approx(wanted, rel=1e-9)


def test_the_worst_case_on_a_slope() -> None:
    """Of a linear loss: ρ times the dual norm of its slope."""
    f = landscape.worst_case_sharpness
    slope = np.array([3.0, -4.0])
    q = lambda t: t @ slope, np.ones(2), 0.5, lambda t: np.broadcast_to(slope, t.shape)
    assert f(*q, rng()) == pytest.approx(2.5, rel=1e-12)
    assert f(*q, rng(), region="box") == pytest.approx(3.5, rel=1e-12)


def test_the_average_of_a_quadratic() -> None:
    f = landscape.average_case_sharpness
    theta, rho = np.stack([THETA, 3 * THETA]), 0.2
    q = Quadratic("scratch", H, 0.0)
    for adaptive in (False, True):
        wanted = rho**2 / 2 * (H * (theta**2 if adaptive else 1) + 0 * theta).sum(-1)
        mean, error = f(q, theta, rho, rng(1), draws=2000, adaptive=adaptive)
        assert (abs(mean - wanted) < 4 * error).all()
        assert (error < 0.05 * wanted).all()


def test_the_error_of_the_average_is_its_spread() -> None:
    f = landscape.average_case_sharpness
    q = Quadratic("scratch", H, 0.0)
    found = [f(q, THETA, 0.2, rng(s), draws=20) for s in range(100)]
    spread = np.std([one.mean for one in found])
    assert np.mean([one.error for one in found]) == pytest.approx(spread, rel=0.2)


def rescaled(model) -> np.ndarray:
    factors = [5 * np.exp(rng(i).normal(size=n)) for i, n in enumerate((6, 5))]
    return landscape.rescale_units(model, model.theta, factors)


@pytest.mark.parametrize("region", ["ball", "box"])
def test_adaptive_worst_case_keeps_through_rescaling(region: str) -> None:
    f = landscape.worst_case_sharpness
    loss = objective()
    theta = loss.model.theta
    other = rescaled(loss.model)
    plan = {"rng": rng(), "starts": 1, "region": region}
    found = [f(loss, t, 0.05, loss.grad, adaptive=True, **plan) for t in (theta, other)]
    assert found[1] == pytest.approx(found[0], rel=1e-9)
    plain = [f(loss, t, 0.05, loss.grad, **plan) for t in (theta, other)]
    assert plain[1] > 1.5 * plain[0]


def test_adaptive_average_keeps_through_rescaling() -> None:
    """With the same draws, to rounding: they are in units of |θ|, and signs stay."""
    f = landscape.average_case_sharpness
    loss = objective()
    theta, other = loss.model.theta, rescaled(loss.model)
    found = [f(loss, t, 0.05, rng(2), draws=20, adaptive=True).mean for t in (theta, other)]
    assert found[1] == pytest.approx(found[0], rel=1e-8)
    plain = [f(loss, t, 0.05, rng(2), draws=20).mean for t in (theta, other)]
    assert plain[1] != pytest.approx(plain[0], rel=0.5)


def test_keskars_box_does_not_keep() -> None:
    f = landscape.sharpness
    loss = objective()
    found = [f(loss, t, 1e-3, loss.grad, rng()) for t in (loss.model.theta, rescaled(loss.model))]
    assert found[1] > 1.2 * found[0]


@pytest.mark.parametrize("region", ["ball", "box"])
def test_the_ascent_stays_inside_and_never_falls(region: str) -> None:
    """Of a loss with many hills, at every number of steps."""
    f = ascent.ascend

    def value(u):
        return np.sin(5 * u).sum(-1) + (u**2 * np.arange(4.0)).sum(-1)

    def grad(u):
        return 5 * np.cos(5 * u) + 2 * u * np.arange(4.0)

    start = rng(3).uniform(-0.5, 0.5, (20, 4))
    before = value(start)
    for steps in range(1, 12):
        end = f(value, grad, start, region, steps)
        size = abs(end.place).max(-1) if region == "box" else np.linalg.norm(end.place, axis=-1)
        assert (size <= 1 + 1e-12).all()
        assert (end.value >= before - 1e-12).all()
        np.testing.assert_allclose(end.value, value(end.place), rtol=1e-12)
        before = end.value
    assert (f(value, grad, start, region, 200).gap < 1e-3).all()


def test_from_a_minimum_the_first_start_does_not_move() -> None:
    f = landscape.sharpness
    q = Quadratic("scratch", H, THETA)
    found = [f(q, THETA, 0.1, q.grad, rng(), starts=n) for n in (1, 2, 5)]
    assert found[0] == 0 < found[1] <= found[2]


@pytest.mark.parametrize("runs", [None, 2])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_twins(activation: str, runs: int | None) -> None:
    """Another way of maximizing: alike where the box is small, as the paper's."""

    def found(room: str):
        loss, kind = objective(room, mlp(room, runs, activation)), GEOMETRY[room]
        theta, a = loss.model.theta, number(room, rng(9).standard_normal((83, 5)))
        near = loss, theta, 1e-3, loss.grad
        return [
            kind.sharpness(*near, rng(1), starts=1, steps=10),
            kind.sharpness(*near, rng(1), directions=a, steps=5),
            kind.worst_case_sharpness(*near, rng(1), starts=1, steps=5),
            kind.worst_case_sharpness(*near, rng(1), starts=1, steps=5, adaptive=True),
        ]  # fmt: skip

    for one, other in zip(found("scratch"), found("reference"), strict=True):
        np.testing.assert_allclose(one, other, rtol=5e-3)

    def average(room: str):
        loss = objective(room, mlp(room, runs, activation))
        f = GEOMETRY[room].average_case_sharpness
        return [f(loss, loss.model.theta, 0.1, rng(1), 10, adaptive=a) for a in (False, True)]

    for one, other in zip(average("scratch"), average("reference"), strict=True):
        same(one, other)


def test_runs_are_those_of_single_ones() -> None:
    """Each with its own generator: nothing is mixed, whoever is beside it."""
    f = landscape.worst_case_sharpness
    many = mlp(runs=3)
    loss = objective(model=many)
    together = f(loss, many.theta, 0.3, loss.grad, [rng(i) for i in range(3)])
    for i in range(3):
        one = objective(model=many.rows(i))
        alone = f(one, many.theta[i], 0.3, one.grad, rng(i))
        assert together[i] == pytest.approx(alone, rel=1e-9)
