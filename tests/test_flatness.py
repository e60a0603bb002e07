"""The largest curvature, against the whole Hessian; the same function made sharper."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlcourse.problems.flatness import gradient_at, learn_in_batches, rescaled, sharpness
from dlcourse.scratch.losses import MSE
from dlcourse.scratch.models import MLP

RNG = np.random.default_rng(2)
X, T = RNG.normal(size=(2, 30, 5)), RNG.normal(size=(2, 30, 3))


def small_net() -> MLP:
    return MLP([5, 4, 3], [np.random.default_rng(i) for i in (0, 1)], runs=2)


def hessian(net: MLP, run: int) -> np.ndarray:
    columns = []
    for i in range(net.theta.shape[1]):
        step = np.zeros_like(net.theta)
        step[:, i] = 1e-5
        ahead, behind = (gradient_at(net, MSE(), net.theta + s * step, X, T) for s in (1, -1))
        columns.append((ahead - behind)[run] / 2e-5)
    return np.array(columns)


def test_it_is_the_largest_eigenvalue_of_each_run() -> None:
    net = small_net()
    found = sharpness(net, MSE(), X, T, np.random.default_rng(0), steps=300, reach=1e-5)
    for run in range(2):
        values = np.linalg.eigvalsh(hessian(net, run))
        assert found[run] == pytest.approx(values[abs(values).argmax()], rel=1e-3)
    assert abs(found[0] - found[1]) > 0.01


def test_the_net_stays_where_it_is() -> None:
    net = small_net()
    before = net.theta.copy()
    away = gradient_at(net, MSE(), before + 0.1, X, T)
    np.testing.assert_array_equal(net.theta, before)
    assert abs(away - gradient_at(net, MSE(), before, X, T)).max() > 1e-3


def test_a_rescaled_net_computes_what_it_did_and_is_sharper() -> None:
    net = small_net()
    before, calm = net.forward(X), sharpness(net, MSE(), X, T, np.random.default_rng(0), 200)
    rescaled(net, 10.0)
    np.testing.assert_allclose(net.forward(X), before, atol=1e-12)
    sharp = sharpness(net, MSE(), X, T, np.random.default_rng(0), 200, reach=1e-4)
    assert (sharp > 2 * calm).all()


def test_batches_differ_in_their_noise_only() -> None:
    rngs = lambda: [np.random.default_rng(i) for i in (3, 4)]  # noqa: E731
    how: Any = {"lr": 0.5, "n": 40, "updates": 20, "width": 8}
    small, whole, pulled = (
        learn_in_batches(rngs(), 2, **how, **more)
        for more in ({"batch_size": 4}, {"batch_size": 40}, {"batch_size": 40, "stretch": 30.0})
    )
    assert (small["train_loss"] != whole["train_loss"]).all()
    np.testing.assert_allclose(pulled["test_loss"], whole["test_loss"], rtol=1e-3)
    assert (pulled["train_sharpness"] > 1.5 * whole["train_sharpness"]).all()
