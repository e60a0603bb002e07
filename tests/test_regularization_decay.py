"""Optimizers around an optimizer: penalties, proximal steps and decay, beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness import relative
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import ElasticNet, Lasso

from dlcourse import data, training
from dlcourse.scratch import layers, models, optimizers
from dlcourse.scratch import regularization as room
from dlcourse.scratch.losses import MSE, SoftmaxCrossEntropy


def theta(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def trained(make, steps: int = 60, **kwargs) -> tuple[np.ndarray, np.ndarray]:
    """Weights after steps along random gradients, by ``make`` and in PyTorch."""
    w, g = theta(4), theta(steps, 4, seed=1) * 10.0 ** theta(steps, 1, seed=2)
    ours, theirs = w.copy(), torch.tensor(w, requires_grad=True)
    optimizer, (kind, settings) = make(ours), kwargs["torch"]
    twin = kind([theirs], **settings)
    for row in g:
        optimizer.step(row)
        theirs.grad = torch.tensor(row)
        twin.step()
    return ours, theirs.detach().numpy()


def l2(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return room.l2_penalty(w, 0.3)


SAME = {
    "weight_decay of SGD": (
        lambda w: room.Penalized(optimizers.SGD(w, 0.1, 0.9), l2),
        (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3}),
    ),
    "weight_decay of Adam": (
        lambda w: room.Penalized(optimizers.Adam(w, 0.1), l2),
        (torch.optim.Adam, {"lr": 0.1, "weight_decay": 0.3}),
    ),
    "AdamW": (
        lambda w: room.Decayed(optimizers.Adam(w, 0.1), 0.3),
        (torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.3}),
    ),
    "our AdamW around nothing": (
        lambda w: optimizers.AdamW(w, 0.1, weight_decay=0.3),
        (torch.optim.AdamW, {"lr": 0.1, "weight_decay": 0.3}),
    ),
    "decay around plain SGD": (
        lambda w: room.Decayed(optimizers.SGD(w, 0.1), 0.3),
        (torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.3}),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_decay_and_penalty_are_pytorchs(name: str) -> None:
    make, twin = SAME[name]
    assert relative(*trained(make, torch=twin)) < 1e-12


def test_decay_is_another_thing_than_a_penalty_for_adam() -> None:
    make, _ = SAME["AdamW"]
    assert relative(*trained(make, torch=SAME["weight_decay of Adam"][1])) > 0.01


@pytest.mark.parametrize("kind", ["Penalized", "Proximal", "Decayed"])
def test_each_run_of_a_grid_is_that_run_alone(kind: str) -> None:
    """Rates, coefficients and schedules that differ from run to run."""
    w, g = theta(3, 5), theta(30, 3, 5, seed=1)
    rates, coefs = np.array([[0.01], [0.1], [0.3]]), np.array([[0.0], [0.5], [2.0]])

    def around(params, lr, coef):
        inside = optimizers.Adam(params, lr=lambda t: lr / (1 + t))
        if kind == "Penalized":
            return room.Penalized(inside, lambda v: room.elastic_net(v, coef, 0.5))
        return getattr(room, kind)(inside, coef)

    all_at_once = around(together := w.copy(), rates, coefs)
    for row in g:
        all_at_once.step(row)
    for run in range(3):
        optimizer = around(alone := w[run].copy(), float(rates[run, 0]), float(coefs[run, 0]))
        for row in g[:, run]:
            optimizer.step(row)
        assert relative(together[run], alone) < 1e-14
    assert relative(together[0], together[1]) > 0.1


def test_several_parameters_have_a_rate_a_run() -> None:
    for kind in (room.Proximal, room.Decayed):
        w, b = theta(2, 3, 4), theta(2, 3, seed=1)
        params, lr = [w.copy(), b.copy()], np.array([[0.1], [0.4]])
        kind(optimizers.SGD(params, lr=lr), 0.5).step([0 * w, 0 * b])
        for run, rate in enumerate((0.1, 0.4)):
            for p, start in zip(params, (w, b), strict=True):
                if kind is room.Decayed:
                    expected = start[run] * (1 - rate * 0.5)
                else:
                    expected = room.soft_threshold(start[run], rate * 0.5)
                assert_allclose(p[run], expected, rtol=1e-14)


def test_an_optimizer_around_another_keeps_its_books() -> None:
    inside = optimizers.Adam(theta(4), lr=0.1)
    outside = room.Decayed(room.Proximal(inside, 0.01), 0.1)
    assert outside.params is inside.params
    outside.step(theta(4, seed=1))
    assert (outside.t, inside.t) == (1, 1)
    outside.lr = 0.5
    assert inside.lr == outside.lr == 0.5
    saved = outside.state_dict()
    other = room.Decayed(optimizers.Adam(inside.params[0].copy(), lr=0.1), 0.1)
    other.load_state_dict(saved)
    assert (other.t, other.lr) == (1, 0.5)
    assert_array_equal(other.optimizer.state[0]["m"], inside.state[0]["m"])


def test_coefficients_may_be_set_between_steps_and_are_checked() -> None:
    decayed = room.Decayed(optimizers.SGD(w := np.ones(4), lr=0.5), 0.0)
    decayed.step(np.zeros(4))
    decayed.coef = 0.2
    decayed.step(np.zeros(4))
    assert_allclose(w, 0.9)
    with pytest.raises(ValueError, match=r"coef must be finite and >= 0; got -3"):
        decayed.coef = -3.0
    proximal = room.Proximal(optimizers.SGD(np.ones(4), lr=0.5), 0.1)
    with pytest.raises(ValueError, match=r"l1_ratio must be in \[0, 1\]; got 1\.5"):
        proximal.l1_ratio = 1.5
    assert (decayed.coef, proximal.l1_ratio) == (0.2, 1.0)
    given = np.ones(4)
    decayed.coef = given
    given *= 7
    assert_array_equal(decayed.coef, np.ones(4))


def test_a_refused_step_changes_nothing() -> None:
    for kind in (room.Proximal, room.Decayed):
        optimizer = kind(optimizers.SGD(w := theta(4), lr=0.1), 0.3)
        with pytest.raises(ValueError, match=r"grads\[0\] must be finite at step 1; got nan"):
            optimizer.step(np.array([0.0, np.nan, 0.0, 0.0]))
        assert_array_equal(w, theta(4))
        assert optimizer.t == 0


def regression() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((40, 8))
    return x, x @ [2.0, -1.0, 0.5, 0, 0, 0, 0, 0] + rng.standard_normal(40)


@pytest.mark.parametrize(
    ("ratio", "oracle"),
    [(1.0, Lasso(0.2, fit_intercept=False, tol=1e-14)),
     (0.5, ElasticNet(0.2, l1_ratio=0.5, fit_intercept=False, tol=1e-14))],
)  # fmt: skip
def test_proximal_descent_ends_where_scikit_learn_does(ratio: float, oracle) -> None:
    x, y = regression()
    optimizer = room.Proximal(optimizers.SGD(w := np.zeros(8), lr=0.3), 0.2, ratio)
    for _ in range(400):
        optimizer.step(x.T @ (x @ w - y) / len(y))
    expected = oracle.fit(x, y).coef_
    assert_allclose(w, expected, atol=1e-6)
    assert_array_equal(w == 0, expected == 0)
    assert 0 < (w == 0).sum() < 8


def test_the_penaltys_gradient_alone_does_not_end_at_zero() -> None:
    x, y = regression()
    optimizer = room.Penalized(
        optimizers.SGD(w := np.zeros(8), 0.3), lambda v: room.l1_penalty(v, 0.2)
    )
    for _ in range(400):
        optimizer.step(x.T @ (x @ w - y) / len(y))
    assert (w != 0).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_fit_and_sweep_take_them(dtype) -> None:
    digits = data.load("digits")
    train = digits.train[0][:200].astype(dtype), digits.train[1][:200]

    def build(rng, runs, coef):
        model = models.MLP([64, 8, 10], rng, runs=runs, dtype=dtype)
        inside = optimizers.SGD(model.theta, lr=0.3)
        return model, room.Proximal(inside, room.coefficients(model, coef))

    trials = training.sweep(
        build, SoftmaxCrossEntropy(), train, train, epochs=3, batch_size=50, seeds=2,
        coef=[0.0, 0.03], progress=False,
        measure=lambda epoch: {"train_zeros": (epoch.model.theta == 0).mean(-1)},
    )  # fmt: skip
    assert (trials["train_zeros"][0] == 0).all()
    assert (trials["train_zeros"][1] > 0.5).all()


def test_a_penalty_in_fit_is_pulled_at_and_not_reported() -> None:
    x, y = regression()
    for coef in (0.0, 100.0):
        model = models.Sequential(layers.Linear(8, 1, rng=np.random.default_rng(0), bias=False))
        model.theta[...] = 1.0
        optimizer = room.Penalized(
            optimizers.SGD(model.theta, lr=1e-3), lambda w, c=coef: room.l2_penalty(w, c)
        )
        history = training.fit(
            model, optimizer, MSE(), (x, y[:, None]), epochs=1, batch_size=40,
            rng=np.random.default_rng(0), progress=False,
        )  # fmt: skip
        assert_allclose(history["train_loss"], np.mean((x.sum(1) - y) ** 2), rtol=1e-12)
        expected = 1 - 1e-3 * (2 * x.T @ (x.sum(1) - y) / 40 + coef)
        assert_allclose(model.theta, expected, rtol=1e-12)
        assert optimizer.value == coef * 8 / 2
