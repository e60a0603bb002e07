"""Penalties and proximal steps: gradients, minima, and which parameters they are of."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlcourse.gradcheck import check_vjp
from dlcourse.lesson import parity
from dlcourse.scratch import layers, models, normalization
from dlcourse.scratch import regularization as room

PENALTIES = {
    "l1_penalty": room.l1_penalty,
    "l2_penalty": room.l2_penalty,
    "elastic_net": lambda theta, coef: room.elastic_net(theta, coef, 0.3),
}
NAMES = ["Penalized", "Proximal", "Decayed", "coefficients", "elastic_net_prox", "soft_threshold"]


def theta(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def far_from_zero(*shape: int) -> np.ndarray:
    """Where the kink of L1 is out of a difference's reach."""
    w = theta(*shape)
    return w + 0.01 * np.sign(w)


@pytest.mark.parametrize("name", [*PENALTIES, *NAMES])
def test_both_rooms_are_equal(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parity(name, steps=10)
    assert "within 1e-10" in capsys.readouterr().out


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("coef", [0.7, np.array([0.5, 0.0, 2.0, 1.0]), np.array([[0.5], [2.0]])])
def test_gradients_are_those_of_the_values(name: str, coef) -> None:
    def back(dvalue, grad):
        return dvalue[..., None] * grad

    check_vjp(
        lambda w: PENALTIES[name](w, coef), back, [far_from_zero(2, 4)], np.random.default_rng(1)
    )


def test_values_of_runs_are_those_of_each_run_alone() -> None:
    w, coef = theta(3, 5), np.array([[0.1], [1.0], [0.0]])
    for penalty in PENALTIES.values():
        value, grad = penalty(w, coef)
        assert value.shape == (3,)
        for run in range(3):
            one, g = penalty(w[run], coef[run, 0])
            assert_allclose((value[run], *grad[run]), (one, *g), rtol=1e-15)


def test_the_elastic_net_has_both_as_its_ends() -> None:
    w = theta(5)
    for ratio, penalty in ((1.0, room.l1_penalty), (0.0, room.l2_penalty)):
        for a, b in zip(room.elastic_net(w, 0.3, ratio), penalty(w, 0.3), strict=True):
            assert_allclose(a, b, rtol=1e-15)


def test_the_subgradient_at_zero_is_zero() -> None:
    _, grad = room.l1_penalty(np.array([0.0, -0.0, 1e-300, -1e-300]), 2.0)
    assert_array_equal(grad, [0, 0, 2, -2])


@pytest.mark.parametrize("ratio", [1.0, 0.6, 0.0])
def test_the_proximal_step_minimizes_distance_and_penalty(ratio: float) -> None:
    w, step, coef = 2 * theta(50), 0.4, 1.7
    u = room.elastic_net_prox(w, step, coef, ratio)

    def objective(v: np.ndarray) -> np.ndarray:
        penalty = ratio * abs(v) + (1 - ratio) / 2 * v**2
        return (v - w) ** 2 / 2 + step * coef * penalty

    for move in (1e-3, -1e-3, 0.1, -0.1, 1.0, -1.0):
        assert (objective(u) < objective(u + move)).all()
    assert (objective(u) <= objective(np.zeros(50))).all()
    assert ((u == 0).any()) == (ratio > 0)


def test_the_threshold_gives_exact_and_positive_zeros() -> None:
    found = room.soft_threshold(np.array([-0.5, -1.0, -0.0, 0.3, 1.0, 3.0]), 1.0)
    assert_array_equal(found, [0, 0, 0, 0, 0, 2])
    assert not np.signbit(found).any()
    assert_array_equal(room.soft_threshold(theta(4), 0.0), theta(4))


def test_coefficients_are_of_weights_alone() -> None:
    rng = np.random.default_rng(0)
    model = models.Sequential(
        layers.Conv2d(1, 2, 3, rng=rng),
        layers.Flatten(),
        layers.Linear(8, 4, rng=rng),
        normalization.LayerNorm((2, 2)),
        models.Sequential(layers.Linear(4, 3, rng=rng), layers.ReLU(), normalization.BatchNorm(3)),
        layers.CausalSelfAttention(2, 1, rng=rng),
    )
    found = room.coefficients(model, 0.5, **{"4": 2.0, "4.0": 3.0, "0": 0.0})
    by_name = {name: set(found[part]) for name, part in model.slices.items()}
    weights = {"2.weight": 0.5, "4.0.weight": 3.0}
    weights |= {"5.in_proj_weight": 0.5, "5.out_proj.weight": 0.5}
    assert by_name == {name: {weights.get(name, 0.0)} for name in model.shapes}
    assert {len(model.shapes[n]) for n in ("3.weight", "0.weight")} == {2, 4}


def test_coefficients_may_differ_from_run_to_run() -> None:
    model = models.MLP([2, 3, 1], np.random.default_rng(0), runs=2, dtype=np.float32)
    found = room.coefficients(model, np.array([[0.1], [0.2]]), **{"2": 1.0})
    assert (found.shape, found.dtype) == (model.theta.shape, np.float32)
    assert_allclose(found[:, 0], [0.1, 0.2], rtol=1e-7)
    assert_array_equal(found[:, model.slices["2.weight"]], np.ones((2, 3)))
    assert not found[:, model.slices["0.bias"]].any()
